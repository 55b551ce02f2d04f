"""The service fits the scaler again, on the request.

`fit_transform` was copied from the notebook together with the rest. Every batch of one becomes 0.
"""

from __future__ import annotations

import pandas as pd
from sklearn.preprocessing import StandardScaler

training = pd.DataFrame({"income": [31_000.0, 58_000.0, 97_000.0, 44_000.0, 52_000.0]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = StandardScaler().fit_transform(training)


def serve(requests: list[dict[str, float]]) -> list[float]:
    return StandardScaler().fit_transform(pd.DataFrame(requests))[:, 0].tolist()


print(f"training: {features[2, 0]:.3f}")
print(f"serving:  {serve([{'income': 97_000.0}])[0]:.3f}")
