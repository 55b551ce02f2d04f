"""Times are read as milliseconds in training and as microseconds in serving.

Both are whole numbers, so no type is wrong; the hour is.
"""

from __future__ import annotations

import pandas as pd

at = pd.to_datetime(pd.Series(["2025-07-04T02:15:00", "2025-07-04T13:40:00", "2025-12-31T23:05:00"]))
training = pd.DataFrame({"clicked_at": at.astype("datetime64[ms]").astype("int64")})
training.to_parquet("training.parquet")  # for pipeline.yaml
training.to_csv("training.csv", index=False)  # the same as text

features = pd.to_datetime(training["clicked_at"], unit="ms").dt.hour


def serve(request: dict[str, int]) -> int:
    return pd.Timestamp(request["clicked_at"], unit="us").hour


print(f"training: {features[1]}")
print(f"serving:  {serve({'clicked_at': 1751636400000})}")
