"""The client renames a key, and the service takes its default.

`request.get(key, default)` makes every misspelled or renamed key a valid request.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"passengers": [1, 4, 2, 3]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = training["passengers"] / training["passengers"].max()
most = int(training["passengers"].max())


def serve(request: dict[str, int]) -> float:
    return request.get("passengers", 1) / most


print(f"training: {features[1]:.2f}")
print(f"serving:  {serve({'passenger_count': 4}):.2f}")
