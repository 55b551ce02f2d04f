"""The lifetime value of a training row includes purchases after its label.

The join is on the user alone. In serving the future has not happened yet.
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


def lifetime_value(before: pd.Timestamp | None = None) -> pd.Series:
    amounts = purchases["amount"] if before is None else purchases["amount"].where(purchases["at"] <= before, 0.0)
    return amounts.groupby(purchases["user"]).sum().rename("lifetime_value")


def last_purchase(joined: pd.DataFrame) -> pd.Series:
    return joined.groupby("user")["at"].max().rename("last_purchase_at")


labelled = pd.Timestamp("2025-05-05")
training, live = lifetime_value(), lifetime_value(before=labelled)
rows = training.to_frame().join(last_purchase(purchases)).assign(labelled_at=labelled)
rows.to_csv("training.csv", index=False)  # for pipeline.yaml
live.to_csv("live.csv", index=False)

print(f"training: {training[0]:.2f}")
print(f"serving:  {live[0]:.2f}")
