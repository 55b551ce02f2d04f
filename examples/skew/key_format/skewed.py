"""The batch job writes under `user|timestamp`, the service reads `user`.

Every look-up misses, and a miss is a new user: a valid row with a valid default.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"user": ["u1", "u2"], "at": ["2025-06-01", "2025-06-01"], "orders": [14, 3]})
training[["orders"]].to_csv("training.csv", index=False)  # for pipeline.yaml

store = {f"{row.user}|{row.at}": row.orders for row in training.itertuples()}


def serve(request: dict[str, str]) -> int:
    return store.get(request["user"], 0)


print(f"training: {training['orders'][0]}")
print(f"serving:  {serve({'user': 'u1'})}")
