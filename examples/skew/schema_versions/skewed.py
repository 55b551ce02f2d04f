"""The service still has version 1 of the preprocessing, the model was trained with version 2.

Version 2 reads the distance in kilometres. The shapes are the same, so the model takes what version 1 makes.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"distance": [1.2, 5.0, 12.4, 3.3]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml
KM_PER_MILE = 1.609344


def version_1(distance: float) -> float:  # distance in miles
    return distance * KM_PER_MILE / 10


def version_2(distance: float) -> float:  # distance in km
    return distance / 10


features = training["distance"].map(version_2)
serve = version_1  # the image of last month

print(f"training: {features[1]:.3f}")
print(f"serving:  {serve(5.0):.3f}")
