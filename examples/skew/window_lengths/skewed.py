"""`spend` covers 30 days in training and 7 days in serving.

The name is the same in both; the window is in a SQL file here and in the configuration of a stream there.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

rng = np.random.default_rng(6)
purchases = pd.DataFrame(
    {
        "user": rng.integers(300, size=2400),
        "at": pd.Timestamp("2025-04-01") + pd.to_timedelta(rng.integers(90 * 24, size=2400), unit="h"),
        "amount": rng.gamma(2.0, 20.0, 2400).round(2),
    }
)


def spend(now: pd.Timestamp, days: int) -> pd.Series:
    is_recent = (purchases["at"] > now - pd.Timedelta(days=days)) & (purchases["at"] <= now)
    amounts = purchases["amount"].where(is_recent, 0.0)
    return amounts.groupby(purchases["user"]).sum().rename("spend")


now = pd.Timestamp("2025-06-20")
training, live = spend(now, days=30), spend(now, days=7)
training.to_csv("training.csv")  # for pipeline.yaml
live.to_csv("live.csv", index=False)
live.rename_axis("id").reset_index().assign(asked_at=now).to_csv("requests.csv", index=False)

print(f"training: {training[0]:.2f}")
print(f"serving:  {live[0]:.2f}")
