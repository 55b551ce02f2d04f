"""A number arrives as text, and the service guards against it with a default.

The form sends "52000"; `isinstance` is false for it, so the default is used, and nobody sees an error.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"income": [31_000.0, 58_000.0, 52_000.0, 44_000.0]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

mean, scale = training["income"].mean(), training["income"].std(ddof=0)
features = (training["income"] - mean) / scale


def serve(request: dict[str, object]) -> float:
    income = request.get("income")
    if not isinstance(income, (int, float)):
        income = mean
    return (income - mean) / scale


print(f"training: {features[2]:.3f}")
print(f"serving:  {serve({'income': '52000'}):.3f}")
