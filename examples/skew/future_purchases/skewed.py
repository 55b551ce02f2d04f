"""The lifetime value of a training row includes purchases after its label.

The join is on the user alone. In serving the future has not happened yet.
"""

from __future__ import annotations

import pandas as pd

purchases = pd.DataFrame(
    {
        "at": pd.to_datetime(["2025-05-03 08:00", "2025-05-20 19:30", "2025-05-28 07:00", "2025-06-03 12:00"]),
        "amount": [120.0, 35.0, 60.0, 500.0],
    }
)
purchases["user"] = ["u1", "u2", "u1", "u1"]

labelled = pd.Timestamp("2025-05-25")
lifetime_value = purchases.groupby("user")["amount"].sum()
lifetime_value.rename("lifetime_value").to_csv("training.csv", index=False)  # for pipeline.yaml


def serve(user: str, now: pd.Timestamp) -> float:
    is_known = (purchases["user"] == user) & (purchases["at"] <= now)
    return float(purchases.loc[is_known, "amount"].sum())


print(f"training: {lifetime_value['u1']}")
print(f"serving:  {serve('u1', labelled)}")
