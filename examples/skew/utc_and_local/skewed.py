"""The hour is that of UTC in training and of the city in serving.

The warehouse stores UTC. The service reads the time of the trip, with its offset, and takes the hour that it shows.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd

training = pd.DataFrame({"pickup": ["2025-07-04T02:15:00Z", "2025-07-04T13:40:00Z", "2025-12-31T23:05:00Z"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = pd.to_datetime(training["pickup"]).dt.hour


def serve(request: dict[str, str]) -> int:
    return datetime.fromisoformat(request["pickup"]).hour


print(f"training: {features[0]}")
print(f"serving:  {serve({'pickup': '2025-07-03T22:15:00-04:00'})}")
