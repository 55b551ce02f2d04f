"""The standard deviation of pandas divides by n - 1, that of NumPy by n.

Both are called `std`. With few rows the difference is large; with many it moves only what lies near a threshold.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

training = pd.DataFrame({"latency_ms": [12.0, 15.0, 11.0, 48.0]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

latency = training["latency_ms"]
features = (latency - latency.mean()) / latency.std()

known = np.array(training["latency_ms"])  # what the service reads at its start


def serve(request: dict[str, float]) -> float:
    return float((request["latency_ms"] - known.mean()) / known.std())


print(f"training: {features[3]:.3f}")
print(f"serving:  {serve({'latency_ms': 48.0}):.3f}")
