"""pandas reads the country code NA as a missing value; a request says "NA".

`read_csv` takes "NA", "None", "null" and a dozen other texts for nulls. Nobody asked it to.
"""

from __future__ import annotations

import csv

import pandas as pd

countries = ["DE", "NA", "FR", "NA", "DE", "ZA"]
with open("training.csv", "w", newline="") as file:
    csv.writer(file).writerows([["country"], *([country] for country in countries)])

training = pd.read_csv("training.csv")
known = sorted(training["country"].dropna().unique())
features = training["country"].map(known.index, na_action="ignore").fillna(-1).astype(int)


def serve(request: dict[str, str]) -> int:
    return known.index(request["country"]) if request["country"] in known else len(known)  # a new country


print(f"training: {features[1]}")
print(f"serving:  {serve({'country': 'NA'})}")
