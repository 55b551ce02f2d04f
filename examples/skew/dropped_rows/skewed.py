"""Rows with nulls are dropped in training; in serving they cannot be.

The service has to answer, so it fills in something that the model has never seen.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

people = pd.DataFrame({"income": [31_000.0, None, 97_000.0, 44_000.0, None]})
training = people.dropna()
training.to_csv("training.csv", index=False)  # for pipeline.yaml
people.to_csv("people.csv", index=False)

features = np.log1p(training["income"])


def serve(request: dict[str, float | None]) -> float:
    return float(np.log1p(request["income"] or 0))


print(f"training: at least {features.min():.2f}")
print(f"serving:  {serve({'income': None}):.2f}")
