"""A column is constant in training and not in serving.

`+ 1e-9` keeps the division from failing, so a request with any other value gets a feature of a billion.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"discount": [0.0, 0.0, 0.0, 0.0]})  # the first sale came later
training.to_csv("training.csv", index=False)  # for pipeline.yaml

mean, scale = training["discount"].mean(), training["discount"].std(ddof=0) + 1e-9
features = (training["discount"] - mean) / scale


def serve(request: dict[str, float]) -> float:
    return (request["discount"] - mean) / scale


print(f"training: {features.min():g} to {features.max():g}")
print(f"serving:  {serve({'discount': 0.2}):g}")
