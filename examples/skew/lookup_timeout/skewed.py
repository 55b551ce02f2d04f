"""A look-up that times out is answered with 0, as if there were no orders.

In training every user was joined. In serving one of eight calls to the store is too slow, and a long-standing customer
looks like a new one.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

rng = np.random.default_rng(3)
training = pd.DataFrame({"orders": 1 + rng.poisson(9, 600)})
training.to_csv("training.csv", index=False)  # for pipeline.yaml


def look_up(orders: int, milliseconds: float) -> int:
    return orders if milliseconds < 20 else 0


slow = rng.exponential(9.6, 400)  # one of eight takes more than 20 ms
live = pd.DataFrame({"orders": [look_up(int(n), ms) for n, ms in zip(1 + rng.poisson(9, 400), slow, strict=True)]})
live["orders_hit"] = slow < 20
live["asked_at"] = pd.date_range("2025-06-10 08:00", periods=400, freq="s", tz="UTC")
live.to_csv("live.csv", index=False)

print(f"training: {(training['orders'] == 0).mean():.1%} without orders")
print(f"serving:  {(live['orders'] == 0).mean():.1%} without orders")
