"""Categories are numbered in the order of whatever table is at hand.

`astype("category").cat.codes` numbers the categories of its own table, so one request alone always has the code 0.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"plan": ["free", "team", "pro", "free", "enterprise", "pro"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = training["plan"].astype("category").cat.codes


def serve(request: dict[str, str]) -> int:
    table = pd.DataFrame([request])
    return int(table["plan"].astype("category").cat.codes[0])


print(f"training: {features[1]}")
print(f"serving:  {serve({'plan': 'team'})}")
