"""`spend` covers 30 days in training and 7 days in serving.

The name is the same in both; the window is in a SQL file here and in the configuration of a stream there.
"""

from __future__ import annotations

import pandas as pd

purchases = pd.DataFrame(
    {
        "at": pd.to_datetime(["2025-05-03 08:00", "2025-05-20 19:30", "2025-05-28 07:00", "2025-06-03 12:00"]),
        "amount": [120.0, 35.0, 60.0, 500.0],
    }
)


def spend(now: pd.Timestamp, days: int) -> float:
    is_recent = (purchases["at"] > now - pd.Timedelta(days=days)) & (purchases["at"] <= now)
    return float(purchases.loc[is_recent, "amount"].sum())


training = pd.DataFrame({"spend": [spend(day, days=30) for day in pd.date_range("2025-05-28", "2025-06-02")]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

now = pd.Timestamp("2025-06-01 00:00")
print(f"training: {spend(now, days=30)}")
print(f"serving:  {spend(now, days=7)}")
