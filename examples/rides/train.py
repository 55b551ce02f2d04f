"""Train a model on the features of the artifact: the same graph that will serve them."""

from __future__ import annotations

import csv
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

import skc_runtime

HERE = Path(__file__).parent
SPLIT = "2025-11-10"  # the pipeline was fitted on what lies before


def main() -> None:
    with (HERE / "data.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    with skc_runtime.load(HERE / "artifact") as transformer:
        features = design_matrix(transformer.transform([record(row) for row in rows]))
    label = np.array([int(row["tipped"]) for row in rows])
    before = np.array([row["pickup"] < SPLIT for row in rows])
    model = HistGradientBoostingClassifier(max_iter=60, max_depth=3, random_state=0)
    model.fit(features[before], label[before])
    score = roc_auc_score(label[~before], model.predict_proba(features[~before])[:, 1])
    joblib.dump(model, HERE / "model.joblib")
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


def design_matrix(features: dict[str, np.ndarray]) -> np.ndarray:
    """The model's one input: float features and ids side by side, for one record [K] or many [N, K]."""
    return np.concatenate([features["x"], features["ids"].astype(np.float32)], axis=-1)


if __name__ == "__main__":
    main()
