"""Seven days are calendar days in training and 168 hours in serving.

`date(at) > date(now) - 7` in the warehouse counts the whole first day; the stream counts from this time of the day.
"""

from __future__ import annotations

import pandas as pd

purchases = pd.DataFrame(
    {
        "at": pd.to_datetime(["2025-05-03 08:00", "2025-05-20 19:30", "2025-05-28 07:00", "2025-06-03 12:00"]),
        "amount": [120.0, 35.0, 60.0, 500.0],
    }
)


def by_days(now: pd.Timestamp) -> float:
    first = now.normalize() - pd.Timedelta(days=7)
    return float(purchases.loc[(purchases["at"] >= first) & (purchases["at"] <= now), "amount"].sum())


def by_hours(now: pd.Timestamp) -> float:
    first = now - pd.Timedelta(hours=168)
    return float(purchases.loc[(purchases["at"] > first) & (purchases["at"] <= now), "amount"].sum())


days = pd.Series(pd.date_range("2025-05-30 09:00", "2025-06-05 09:00"))
training = pd.DataFrame({"day": days.dt.strftime("%Y-%m-%d"), "spend": days.map(by_days)})
training.to_csv("training.csv", index=False)  # for pipeline.yaml
served = pd.DataFrame({"id": training["day"], "spend": days.map(by_hours), "asked_at": days})
served.to_csv("requests.csv", index=False)

now = pd.Timestamp("2025-06-04 09:00")
print(f"training: {by_days(now)}")
print(f"serving:  {by_hours(now)}")
