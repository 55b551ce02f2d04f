"""Nearest neighbours of scikit-learn as artifacts: classes, averages, centroids, graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import Birch
from sklearn.decomposition import PCA
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, KNeighborsTransformer, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(80, 3)) * [1, 10, 0.1] + [0, 5, 0], columns=list("abc"))
NUMBER = (X["a"] + X["b"] / 10).to_numpy()
LABELS = np.array(["low", "mid", "high"])[np.digitize(NUMBER, [0, 1])]
GRID = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [0.0, 0.0, 1.0, 1.0]})


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (KNeighborsClassifier(4), LABELS),
        (KNeighborsClassifier(3, weights="distance", p=1), NUMBER > 0),
        (KNeighborsRegressor(5, weights="distance"), np.column_stack([NUMBER, NUMBER * 1e5])),
        (make_pipeline(PCA(2), KNeighborsClassifier(1)), LABELS),
        (NearestCentroid(metric="manhattan", shrink_threshold=0.1), LABELS == "low"),
        (Birch(threshold=1.0, n_clusters=3), None),
    ],
    ids=["classes", "weights", "targets", "after a projection", "medians", "birch"],
)
def test_a_model_of_neighbours(model: Any, target: Any, tmp_path: Path) -> None:
    pipeline = make_pipeline(StandardScaler(), model).fit(X, target)
    assert skc.compile(pipeline, X, tmp_path / "artifact", rows=80).is_equal
    rows = X + 0.01
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        served = transformer.transform(rows)
    expected = np.asarray(pipeline.predict(rows)).reshape(len(X), -1)
    if expected.dtype.kind == "f":
        assert agree(served["prediction"], expected, False).all()
    else:
        np.testing.assert_array_equal(served["prediction"], expected)
    if "probability" in served:
        assert agree(served["probability"], pipeline.predict_proba(rows), False).all()


def test_equal_votes_choose_the_first_class_and_equal_distances_are_refused(tmp_path: Path) -> None:
    model = KNeighborsClassifier(2).fit(GRID, ["b", "a", "a", "b"])
    assert skc.compile(model, GRID, tmp_path / "artifact", rows=50).is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        served = transformer.transform([{"a": 0.25, "b": 0.0}])
        assert (served["prediction"].item(), served["probability"].tolist()) == ("a", [[0.5, 0.5]])
        with pytest.raises(skc_runtime.RecordError, match="tie"):
            transformer.transform([{"a": 1.25, "b": 0.0}])


@pytest.mark.parametrize(
    ("estimator", "target", "message"),
    [
        (KNeighborsClassifier(metric="cosine"), LABELS, "metric"),
        (KNeighborsClassifier(metric=lambda a, b: abs(a - b).sum()), LABELS, "metric"),
        (KNeighborsRegressor(weights=lambda d: d + 1), NUMBER, "weights"),
        (KNeighborsClassifier(), np.column_stack([LABELS, LABELS]), "several targets"),
        (KNeighborsTransformer(n_neighbors=len(X)), None, "only 80 points"),
        (NearestCentroid(priors="empirical"), LABELS, "priors"),
    ],
    ids=["metric", "function", "weights", "targets", "points", "priors"],
)
def test_what_does_not_compile_is_refused(estimator: Any, target: Any, message: str) -> None:
    with pytest.raises(SkcError, match=message) as refused:
        read_estimator(estimator.fit(X, target), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]


def test_a_sparse_matrix_of_points_is_refused() -> None:
    from scipy.sparse import csr_matrix

    with pytest.raises(SkcError, match="sparse"):
        read_estimator(KNeighborsRegressor().fit(csr_matrix(X.to_numpy()), NUMBER), X.to_numpy())
