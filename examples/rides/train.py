"""Train a model on the features of the artifact, computed by the same graph that will serve them.

The model is as small as possible, so that a service in any language can read it with a JSON parser: a logistic
regression with a weight for each column of `x`, and an embedding of width one for each id.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import skc_runtime

HERE = Path(__file__).parent
SPLIT = "2025-11-10"  # the pipeline was fitted on the rows before this


def main() -> None:
    with (HERE / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with skc_runtime.load(HERE / "artifact") as transformer:
        features = transformer.transform([record(row) for row in rows])
    label = np.array([int(row["tipped"]) for row in rows])
    before = np.array([row["pickup"] < SPLIT for row in rows])
    embedded = [one_hot(ids) for ids in features["ids"].T]
    design = np.concatenate([features["x"], *embedded], axis=1)
    model = LogisticRegression(max_iter=2000)
    model.fit(design[before], label[before])
    score = roc_auc_score(label[~before], model.predict_proba(design[~before])[:, 1])
    ends = np.cumsum([features["x"].shape[1], *(e.shape[1] for e in embedded)])
    x, *ids = np.split(model.coef_[0], ends[:-1])
    weights = {"intercept": model.intercept_[0], "x": x.tolist(), "ids": [w.tolist() for w in ids]}
    (HERE / "model.json").write_text(json.dumps(weights) + "\n")
    print(f"trained on {before.sum():,} rides of three weeks, AUC on {(~before).sum():,} of the fourth: {score:.3f}")


def record(row: dict[str, str]) -> dict[str, object]:
    """One line of the file as a request: the types of the pipeline's inputs, empty numbers as null."""
    return {
        "pickup": row["pickup"],
        "zone": row["zone"],
        "driver": row["driver"],
        "passengers": int(row["passengers"]) if row["passengers"] else None,
        "distance_km": float(row["distance_km"]),
        "fare": float(row["fare"]) if row["fare"] else None,
        "payment": row["payment"],
        "night": row["night"] == "true",
    }


def one_hot(ids: np.ndarray) -> np.ndarray:
    """[N] ids as zeros and ones [N, highest id + 1]."""
    return np.eye(ids.max() + 1)[ids]


if __name__ == "__main__":
    main()
