"""Prices are dollars in training and cents in serving.

A payment provider was replaced, and the new one counts in the smallest unit. No type has changed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

rng = np.random.default_rng(2)
training = pd.DataFrame({"price": rng.gamma(2.0, 9.0, 600).round(2)})
training.to_csv("training.csv", index=False)  # for pipeline.yaml
live = pd.DataFrame({"price": (100 * rng.gamma(2.0, 9.0, 300)).round()})
live.to_csv("live.csv", index=False)


def serve(requests: pd.DataFrame) -> pd.Series:
    return np.log1p(requests["price"])


print(f"training: median {serve(training).median():.2f}")
print(f"serving:  median {serve(live).median():.2f}")
