"""The table holds float32, the request float64, and a threshold lies between the two.

0.7 in float32 is 0.699999988; as float64 it is not below 0.7.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"score": [0.2, 0.7, 0.9, 0.4]}, dtype="float32")
training.to_parquet("training.parquet")  # for pipeline.yaml

features = training["score"].astype("float64") < 0.7


def serve(request: dict[str, float]) -> bool:
    return request["score"] < 0.7


print(f"training: {features[1]}")
print(f"serving:  {serve({'score': 0.7})}")
