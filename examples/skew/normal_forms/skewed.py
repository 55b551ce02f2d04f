"""A name in two Unicode forms is two categories.

The table has é as one character. The keyboard of a Mac sends e and an accent; both look the same in every log.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"city": ["Orl\u00e9ans", "Nantes", "Lyon"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml
known = sorted(training["city"])


def serve(request: dict[str, str]) -> int:
    return known.index(request["city"]) if request["city"] in known else -1


print(f"training: {known.index(training['city'][0])}")
print(f"serving:  {serve({'city': 'Orle' + chr(0x301) + 'ans'})}")
