"""An age is computed from the clock of the machine.

In training "today" was the day of the export. In serving it moves on, and every year the ages are a year further from
those that the model has seen.
"""

from __future__ import annotations

from datetime import date

import pandas as pd

EXPORTED = date(2023, 3, 1)
training = pd.DataFrame(
    {"birth": ["1990-06-15", "1971-01-30", "2001-11-02"], "signed_up": ["2023-01-20", "2022-05-02", "2023-02-11"]}
)
training.to_csv("training.csv", index=False)  # for pipeline.yaml


def age(birth: str, today: date) -> int:
    born = date.fromisoformat(birth)
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


features = [age(birth, EXPORTED) for birth in training["birth"]]


def serve(request: dict[str, str], today: date) -> int:  # the service passes date.today()
    return age(request["birth"], today)


print(f"training: {features[0]}")
print(f"serving:  {serve({'birth': '1990-06-15'}, today=date(2026, 9, 1))}")
