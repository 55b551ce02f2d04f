"""Train a model on categories that are encoded by the target, without showing it the target of its own rows.

Each training row is encoded with its fold, so by the rows of the other four; a ride of the last week is encoded as a
request is, without a fold and by all training rows. One artifact does both. The second model is trained in the way that
leaks: on the means of all training rows, which contain the target of each. Its own rides make it look far better than
it is on those of the last week.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

import skc
import skc_runtime

HERE = Path(__file__).parent
SPLIT = "2025-11-10"
FOLDS = 5
Row = dict[str, str]


def main() -> None:
    with (HERE.parent / "rides" / "data.csv").open(encoding="utf-8", newline="") as file:
        rides = list(csv.DictReader(file))
    training = [ride for ride in rides if ride["pickup"] < SPLIT]
    later = [ride for ride in rides if ride["pickup"] >= SPLIT]
    folds = [k % FOLDS for k in range(len(training))]
    write(training, folds)
    skc.compile(HERE / "pipeline.yaml", out=HERE / "artifact", force=True)
    with skc_runtime.load(HERE / "artifact") as transformer:
        requests = [request(ride) for ride in later]
        crossed = [{**request(ride), "fold": fold} for ride, fold in zip(training, folds, strict=True)]
        leaking = [request(ride) for ride in training]
        served, *trained = (transformer.transform(records)["x"] for records in (requests, crossed, leaking))
    for name, x in zip(("with folds", "without folds"), trained, strict=True):
        model = LogisticRegression(C=1e6).fit(x, tipped(training))
        own, other = (auc(model, features, rows) for features, rows in ((x, training), (served, later)))
        print(f"{name}: AUC {own:.3f} on its own rides, {other:.3f} on those of the last week")


def write(training: list[Row], folds: list[int]) -> None:
    """The training rows, with the fold of each."""
    with (HERE / "rides.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*training[0], "fold"])
        writer.writerows([*ride.values(), fold] for ride, fold in zip(training, folds, strict=True))


def request(ride: Row) -> dict[str, object]:
    """What a service is asked: neither the fold nor the target."""
    return {name: ride[name] for name in ("driver", "zone", "payment")}


def tipped(rides: list[Row]) -> np.ndarray:
    return np.array([int(ride["tipped"]) for ride in rides])


def auc(model: LogisticRegression, x: np.ndarray, rides: list[Row]) -> float:
    return float(roc_auc_score(tipped(rides), model.predict_proba(x)[:, 1]))


if __name__ == "__main__":
    main()
