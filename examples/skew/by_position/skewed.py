"""Features are passed by position, and the two sides order them differently.

The training table was reordered when a column was added. Both lists have three numbers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

training = pd.DataFrame({"income": [52_000.0, 31_000.0], "age": [41.0, 25.0], "score": [0.7, 0.4]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml
training = training[["age", "income", "score"]]

weights = np.array([0.02, 1e-5, 1.5])  # of the columns of `training`
predictions = training.to_numpy() @ weights


def serve(request: list[float]) -> float:  # [income, age, score], as the interface says
    return float(np.array(request) @ weights)


print(f"training: {predictions[0]:.2f}")
print(f"serving:  {serve([52_000.0, 41.0, 0.7]):.2f}")
