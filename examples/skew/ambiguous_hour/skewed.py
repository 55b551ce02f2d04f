"""An hour that the clock shows twice is the first in training and the second in serving.

When daylight saving time ends, 02:30 occurs twice. The two libraries choose differently, and neither says so.
"""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pandas as pd

training = pd.DataFrame({"alarm": ["2025-10-25 23:10:00", "2025-10-26 02:30:00", "2025-10-26 09:00:00"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

local = pd.to_datetime(training["alarm"]).dt.tz_localize("Europe/Berlin", ambiguous=[False] * 3)
features = local.dt.tz_convert("UTC").dt.hour


def serve(request: dict[str, str]) -> int:
    local = datetime.fromisoformat(request["alarm"]).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return local.astimezone(ZoneInfo("UTC")).hour


print(f"training: {features[1]}")
print(f"serving:  {serve({'alarm': '2025-10-26 02:30:00'})}")
