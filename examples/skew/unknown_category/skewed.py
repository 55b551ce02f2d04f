"""A category that training never had is dropped in serving, and looks like the first one.

`get_dummies(drop_first=True)` encodes "basic" as zeros. `reindex` makes the columns fit, and "trial" the same zeros.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"plan": ["basic", "pro", "team", "pro", "basic"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

features = pd.get_dummies(training["plan"], drop_first=True, dtype=int)


def serve(request: dict[str, str]) -> list[int]:
    dummies = pd.get_dummies(pd.Series([request["plan"]]), dtype=int)
    return dummies.reindex(columns=features.columns, fill_value=0).iloc[0].tolist()


meaning = {tuple(row): plan for row, plan in zip(features.to_numpy().tolist(), training["plan"], strict=True)}
print("training: trial was never seen")
print(f"serving:  trial is encoded as {meaning[tuple(serve({'plan': 'trial'}))]}")
