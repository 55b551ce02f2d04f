"""A cache answers 15 % of the requests with what was true two hours ago.

Training reads the event table, where every value is the latest. The cache has no time to live for entries that are
read often, so the busiest users get the oldest values. The distribution hardly moves.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

rng = np.random.default_rng(4)
clicks_per_hour = rng.poisson(6, 2000)
training = pd.DataFrame({"clicks_today": clicks_per_hour * rng.integers(3, 16, 2000)})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

is_stale = rng.random(2000) < 0.15
served = np.where(is_stale, training["clicks_today"] - 2 * clicks_per_hour, training["clicks_today"])
asked_at = pd.date_range("2025-06-01 12:00", periods=2000, freq="s", tz="UTC")
read_at = asked_at - pd.to_timedelta(np.where(is_stale, 7200, 1), unit="s")
live = pd.DataFrame({"clicks_today": served, "asked_at": asked_at, "clicks_today_at": read_at})
live.to_csv("live.csv", index=False)

print(f"training: {0:.0%} of the values are old")
print(f"serving:  {(served != training['clicks_today']).mean():.0%} of the values are old")
