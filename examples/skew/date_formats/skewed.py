"""A date is read day first in training and month first in serving.

The notebook says `dayfirst=True`. The service parses with dateutil, which reads the month first where it can.
"""

from __future__ import annotations

import pandas as pd
from dateutil.parser import parse

training = pd.DataFrame({"ordered": ["25/12/2024", "03/04/2025", "17/06/2025"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = pd.to_datetime(training["ordered"], dayfirst=True).dt.month


def serve(request: dict[str, str]) -> int:
    return parse(request["ordered"]).month


print(f"training: {features[1]}")
print(f"serving:  {serve({'ordered': '03/04/2025'})}")
