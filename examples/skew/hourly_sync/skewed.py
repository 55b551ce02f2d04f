"""The online store is synchronised every hour, the offline store is written at once.

A user who pays and asks again within the hour is, for the model, one who has not paid.
"""

from __future__ import annotations

import pandas as pd

events = pd.DataFrame(
    {"at": pd.to_datetime(["2025-06-01 09:10", "2025-06-01 10:20", "2025-06-01 10:50"]), "paid": [20.0, 300.0, 45.0]}
)


def total_before(at: pd.Timestamp) -> float:
    return float(events.loc[events["at"] <= at, "paid"].sum())


def serve(at: pd.Timestamp) -> float:
    return total_before(at.floor("h"))  # the last synchronisation


training = pd.DataFrame({"user": "u1", "at": events["at"], "paid": [total_before(at) for at in events["at"]]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

asked = pd.Timestamp("2025-06-01 10:55")
pd.DataFrame({"user": ["u1"], "at": [asked], "paid": [serve(asked)]}).to_csv("online.csv", index=False)
print(f"training: {total_before(asked)}")
print(f"serving:  {serve(asked)}")
