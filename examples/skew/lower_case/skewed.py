"""Text is lowered by Unicode in training and by ASCII in serving.

Python lowers every letter. The service uses `tolower` of C, or a database with the collation C: only A to Z.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"city": ["ÅRHUS", "Odense", "ÅRHUS", "Aalborg"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = training["city"].str.lower()
known = sorted(set(features))


def serve(request: dict[str, str]) -> int:
    lowered = request["city"].encode().lower().decode()  # bytes have only the letters of ASCII
    return known.index(lowered) if lowered in known else -1


print(f"training: {known.index(features[0])}")
print(f"serving:  {serve({'city': 'ÅRHUS'})}")
