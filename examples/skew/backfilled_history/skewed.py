"""History was corrected after the fact; the service had only the first value.

Chargebacks arrive weeks later and are written into the old rows. A model that is trained on the corrected table learns
from numbers that no request can have.
"""

from __future__ import annotations

import pandas as pd

orders = pd.DataFrame({"order": [1, 2, 3, 4], "amount": [40.0, 250.0, 35.0, 60.0]})
served = orders["amount"].copy()  # what each request had on its day
days = [f"2025-05-0{day}" for day in orders["order"]]
orders.rename(columns={"order": "id"}).assign(asked_at=days).to_csv("requests.csv", index=False)

orders.loc[orders["order"] == 2, "amount"] = 0.0  # charged back three weeks later
orders.to_csv("training.csv", index=False)  # for pipeline.yaml

print(f"training: {orders['amount'][1]}")
print(f"serving:  {served[1]}")
