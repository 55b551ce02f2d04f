"""The same three numbers are added in another order, and a threshold lies between the two sums.

Addition of floats is not associative: 0.1 + (0.2 + 0.3) is 0.6, (0.1 + 0.2) + 0.3 is 0.6000000000000001.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"monday": [0.1, 0.1, 0.5], "tuesday": [0.2, 0.1, 0.1], "wednesday": [0.3, 0.1, 0.2]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = training["monday"] + training["tuesday"] + training["wednesday"] <= 0.6


def serve(request: dict[str, float]) -> bool:
    total = 0.0
    for day in ("wednesday", "tuesday", "monday"):  # the latest first, as the store returns them
        total += request[day]
    return total <= 0.6


print(f"training: {features[0]}")
print(f"serving:  {serve({'monday': 0.1, 'tuesday': 0.2, 'wednesday': 0.3})}")
