"""Nulls become the mean in training and 0 in serving.

The notebook uses an imputer. The service was written by another team, and there a missing key is 0.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"income": [31_000.0, 58_000.0, None, 44_000.0, 97_000.0, 52_000.0]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

income = training["income"].fillna(training["income"].mean())
mean, scale = income.mean(), income.std(ddof=0)
features = (income - mean) / scale


def serve(request: dict[str, float]) -> float:
    return (request.get("income", 0.0) - mean) / scale


print(f"training: {features[2]:.3f}")
print(f"serving:  {serve({}):.3f}")
