"""Training joins the balance of the day, serving reads a snapshot of seven days ago.

The nightly export of the store has failed since Monday; nothing that reads it notices.
"""

from __future__ import annotations

import pandas as pd

days = pd.date_range("2025-06-01", periods=10)
balances = pd.DataFrame({"day": days, "balance": [120.0, 80.0, 75.0, 900.0, 870.0, 860.0, 810.0, 790.0, 40.0, 15.0]})
balances[["balance"]].to_csv("training.csv", index=False)  # for pipeline.yaml

features = balances.set_index("day")["balance"]


def serve(day: str) -> float:
    snapshot = pd.Timestamp(day) - pd.Timedelta(days=7)
    return float(features[snapshot])


asked_at = pd.date_range("2025-06-10 08:00", periods=200, freq="min", tz="UTC")
live = pd.DataFrame({"balance": serve("2025-06-10"), "asked_at": asked_at, "balance_at": "2025-06-03T00:00:00Z"})
live.to_csv("live.csv", index=False)

print(f"training: {features['2025-06-10']}")
print(f"serving:  {serve('2025-06-10')}")
