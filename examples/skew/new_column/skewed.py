"""A nullable column was added last week, and the history is empty.

The training table has it only as nulls, filled with 0. Every request has a value, multiplied by a weight that was
never trained.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"visits": [3.0, 8.0, 1.0, 4.0], "loyalty_points": [None] * 4})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = training["loyalty_points"].astype(float).fillna(0)


def serve(request: dict[str, float]) -> float:
    return request["loyalty_points"]


print(f"training: {features.min():g} to {features.max():g}")
print(f"serving:  {serve({'visits': 3.0, 'loyalty_points': 1250.0}):g}")
