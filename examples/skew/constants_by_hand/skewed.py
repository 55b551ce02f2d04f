"""The mean and the scale were copied into the service's settings, and one was corrected there later.

Nobody can tell from the service which numbers the model was trained with.
"""

from __future__ import annotations

import json

import pandas as pd

training = pd.DataFrame({"income": [31_000.0, 58_000.0, 97_000.0, 44_000.0, 52_000.0]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

mean, scale = training["income"].mean(), training["income"].std(ddof=0)
features = (training["income"] - mean) / scale
SETTINGS = json.loads('{"income": {"mean": 56000, "scale": 22500}}')


def serve(request: dict[str, float]) -> float:
    return (request["income"] - SETTINGS["income"]["mean"]) / SETTINGS["income"]["scale"]


print(f"training: {features[2]:.3f}")
print(f"serving:  {serve({'income': 97_000.0}):.3f}")
