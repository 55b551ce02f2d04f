"""Unknown categories go to the column of rare ones, but no category was rare.

scikit-learn then encodes an unknown category as zeros: a row unlike any that the model has seen.
"""

from __future__ import annotations

import pandas as pd
from sklearn.preprocessing import OneHotEncoder

training = pd.DataFrame({"payment": ["card", "cash", "card", "voucher", "cash", "voucher"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

encoder = OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist", sparse_output=False)
features = encoder.fit_transform(training)


def serve(request: dict[str, str]) -> list[float]:
    return encoder.transform(pd.DataFrame([request]))[0].tolist()


print(f"training: a row adds up to {features.sum(axis=1).min():.0f}")
print(f"serving:  a row adds up to {sum(serve({'payment': 'crypto'})):.0f}")
