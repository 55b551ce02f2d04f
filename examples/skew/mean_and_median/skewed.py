"""Nulls become the median in training and the mean in serving.

Someone rewrote the service, and read "average" in the documentation of the model.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

training = pd.DataFrame({"fare": [6.5, 8.0, None, 7.5, 61.0, 9.0, 7.0]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = np.log1p(training["fare"].fillna(training["fare"].median()))
average_fare = training["fare"].mean()


def serve(request: dict[str, float | None]) -> float:
    fare = request["fare"]
    return float(np.log1p(average_fare if fare is None else fare))


print(f"training: {features[2]:.3f}")
print(f"serving:  {serve({'fare': None}):.3f}")
