"""A ratio with a zero below is infinite in training, and the largest number there is in serving.

`fillna(0)` does not touch infinities. `np.nan_to_num` does, and makes 1.8e308 of them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

training = pd.DataFrame({"clicks": [3.0, 0.0, 5.0, 2.0], "views": [40.0, 25.0, 0.0, 31.0]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = (training["clicks"] / training["views"]).fillna(0)


def serve(request: dict[str, float]) -> float:
    with np.errstate(divide="ignore"):
        ratio = np.float64(request["clicks"]) / request["views"]
    return float(np.nan_to_num(ratio))


print(f"training: {features[2]}")
print(f"serving:  {serve({'clicks': 5.0, 'views': 0.0}):.2g}")
