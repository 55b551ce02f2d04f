"""Cents are rounded in training and cut off in serving.

`round(x, 2)` against `floor(100 * x) / 100`, as it is often written where a language has no `round` to places.
"""

from __future__ import annotations

import math

import pandas as pd

training = pd.DataFrame({"price": [1.234, 0.29, 4.35, 19.999]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = training["price"].round(2)


def serve(request: dict[str, float]) -> float:
    return math.floor(100 * request["price"]) / 100


print(f"training: {features[1]}")
print(f"serving:  {serve({'price': 0.29})}")
