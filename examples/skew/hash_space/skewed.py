"""Ids are hashed into 1,000 buckets in training and 1,024 in serving.

The embedding has 1,024 rows, so no index is out of range; each user gets the vector of another.
"""

from __future__ import annotations

import pandas as pd
from sklearn.utils import murmurhash3_32

training = pd.DataFrame({"user": ["u-1001", "u-2002", "u-3003", "u-4004"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = [murmurhash3_32(user, positive=True) % 1000 for user in training["user"]]


def serve(request: dict[str, str]) -> int:
    return murmurhash3_32(request["user"], positive=True) % 1024


print(f"training: {features[0]}")
print(f"serving:  {serve({'user': 'u-1001'})}")
