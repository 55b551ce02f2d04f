"""The model is trained on one region and serves all of them.

The features are computed correctly; the rows are others. Incomes in the second region are in another currency.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

rng = np.random.default_rng(1)
training = pd.DataFrame({"income": rng.lognormal(10.6, 0.5, 600).round()})  # Germany
training.to_csv("training.csv", index=False)  # for pipeline.yaml
live = pd.DataFrame({"income": np.r_[rng.lognormal(10.6, 0.5, 200), rng.lognormal(12.9, 0.5, 200)].round()})
live.to_csv("live.csv", index=False)  # Germany and Sweden

mean, scale = training["income"].mean(), training["income"].std(ddof=0)


def serve(requests: pd.DataFrame) -> pd.Series:
    return (requests["income"] - mean) / scale


print(f"training: median {serve(training).median():.2f}")
print(f"serving:  median {serve(live).median():.2f}")
