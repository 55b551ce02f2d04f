"""A request has a key twice; one parser takes the last, the other the first.

The gateway appends its own "country" and validates the last one; the parser of the service keeps the first.
"""

from __future__ import annotations

import json

import pandas as pd

training = pd.DataFrame({"country": ["DE", "US", "FR"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml
known = sorted(training["country"])

BODY = '{"country": "US", "country": "DE"}'
logged = json.loads(BODY)  # what the gateway logs, and the next model is trained on


def serve(body: str) -> int:
    pairs = json.loads(body, object_pairs_hook=list)
    first = dict(reversed(pairs))  # as parsers do that stop at the first match
    return known.index(first["country"])


print(f"training: {known.index(logged['country'])}")
print(f"serving:  {serve(BODY)}")
