"""Ids beyond 2^53 are rounded in training, because one of them is missing.

A null makes pandas read the column as float64, which holds every integer only up to 2^53. The service gets the id as
it is, so the same user falls into another bucket.
"""

from __future__ import annotations

import pandas as pd
from sklearn.utils import murmurhash3_32

with open("training.csv", "w") as file:
    file.write("user,clicks\n9007199254740993,4\n9007199254740995,1\n,2\n")

training = pd.read_csv("training.csv")


def bucket(user: int) -> int:
    return murmurhash3_32(user.to_bytes(8, "little"), positive=True) % 1000


features = [bucket(int(user)) for user in training["user"].dropna()]


def serve(request: dict[str, int]) -> int:
    return bucket(request["user"])


print(f"training: {features[0]}")
print(f"serving:  {serve({'user': 9007199254740993})}")
