"""The batch job writes under `user|timestamp`, the service reads `user`.

Every look-up misses, and a miss is a new user: a valid row with a valid default.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

rng = np.random.default_rng(5)
users = pd.DataFrame({"user": [f"u{i}" for i in range(300)], "at": "2025-06-01", "orders": rng.poisson(4, 300)})
users[["user", "orders"]].to_csv("training.csv", index=False)  # for pipeline.yaml

store = {f"{row.user}|{row.at}": row.orders for row in users.itertuples()}


def serve(request: dict[str, str]) -> int:
    return store.get(request["user"], 0)


pd.DataFrame({"user": list(store), "orders": list(store.values())}).to_csv("online.csv", index=False)
live = pd.DataFrame({"orders": [serve({"user": user}) for user in users["user"]]})
live.to_csv("live.csv", index=False)

print(f"training: {users['orders'][0]}")
print(f"serving:  {live['orders'][0]}")
