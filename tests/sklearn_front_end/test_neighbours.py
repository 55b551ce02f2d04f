"""Nearest neighbours of scikit-learn as artifacts: classes, averages, centroids, graphs."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import Birch
from sklearn.decomposition import PCA
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
    NearestCentroid,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
    RadiusNeighborsTransformer,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn_front_end.rows import assert_equal

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(80, 3)) * [1, 10, 0.1] + [0, 5, 0], columns=list("abc"))
NUMBER = (X["a"] + X["b"] / 10).to_numpy()
LABELS = np.array(["low", "mid", "high"])[np.digitize(NUMBER, [0, 1])]
HAS_PRIORS = "priors" in NearestCentroid().get_params()  # since scikit-learn 1.6
GRID = pd.DataFrame({"a": [0.0, 1.0, 2.0, 3.0], "b": [0.0, 0.0, 1.0, 1.0]})


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (KNeighborsClassifier(4), LABELS),
        (KNeighborsClassifier(3, weights="distance", p=1), NUMBER > 0),
        (KNeighborsRegressor(5, weights="distance"), np.column_stack([NUMBER, NUMBER * 1e5])),
        (make_pipeline(PCA(2), KNeighborsClassifier(1)), LABELS),
        (KNeighborsClassifier(3, metric="cosine", weights="distance"), LABELS),
        (RadiusNeighborsClassifier(0.9), LABELS),
        (RadiusNeighborsClassifier(0.5, weights="distance", outlier_label="most_frequent"), LABELS),
        (RadiusNeighborsClassifier(0.8, p=1, algorithm="brute"), NUMBER > 0),
        (RadiusNeighborsRegressor(0.7, weights="distance"), np.column_stack([NUMBER, NUMBER * 1e5])),
        (RadiusNeighborsRegressor(0.9, algorithm="ball_tree"), np.round(NUMBER * 10).astype(int)),
        (RadiusNeighborsRegressor(0.02, metric="cosine", weights="distance"), NUMBER),
        (NearestCentroid(metric="manhattan", shrink_threshold=0.1), LABELS == "low"),
        (Birch(threshold=1.0, n_clusters=3), None),
    ],
    ids=[
        *("classes", "weights", "targets", "after a projection", "angles", "radius", "outliers", "brute"),
        *("radius, targets", "whole numbers", "radius of angles", "medians", "birch"),
    ],
)
def test_a_model_of_neighbours(model: Any, target: Any, tmp_path: Path) -> None:
    pipeline = make_pipeline(StandardScaler(), model).fit(X, target)
    assert skc.compile(pipeline, X, tmp_path / "artifact", rows=80).is_equal
    rows = X + 0.01
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        served = transformer.transform(rows)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of rows that no point is near to
        expected = np.asarray(pipeline.predict(rows)).reshape(len(rows), -1)
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
        (KNeighborsClassifier(metric="canberra"), LABELS, "metric"),
        (RadiusNeighborsRegressor(np.inf), NUMBER, "the radius inf"),
        (RadiusNeighborsClassifier(outlier_label="none"), LABELS, "is not a class"),
        (RadiusNeighborsClassifier(outlier_label="low", algorithm="brute"), LABELS, "brute force"),
        (KNeighborsClassifier(metric=lambda a, b: abs(a - b).sum()), LABELS, "metric"),
        (KNeighborsRegressor(weights=lambda d: d + 1), NUMBER, "weights"),
        (KNeighborsClassifier(), np.column_stack([LABELS, LABELS]), "several targets"),
        (KNeighborsTransformer(n_neighbors=len(X)), None, "only 80 points"),
        (
            NearestCentroid(priors="empirical") if HAS_PRIORS else KNeighborsClassifier(metric="canberra"),
            LABELS,
            "not compile",
        ),
    ],
    ids=["metric", "infinite", "stranger", "brute", "function", "weights", "targets", "points", "priors"],
)
def test_what_does_not_compile_is_refused(estimator: Any, target: Any, message: str) -> None:
    with pytest.raises(SkcError, match=message) as refused:
        read_estimator(estimator.fit(X, target), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]


def test_a_sparse_matrix_of_points_is_refused() -> None:
    from scipy.sparse import csr_matrix

    with pytest.raises(SkcError, match="sparse"):
        read_estimator(KNeighborsRegressor().fit(csr_matrix(X.to_numpy()), NUMBER), X.to_numpy())


@pytest.mark.parametrize("mode", ["distance", "connectivity"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_a_graph_of_neighbours_within_a_radius(mode: str, metric: str, tmp_path: Path) -> None:
    rows = X * [1, 0.1, 10]
    graph = RadiusNeighborsTransformer(radius=0.5, mode=mode, metric=metric, algorithm="auto").fit(rows)
    assert_equal(graph, rows, tmp_path, rows + 0.01, exact=mode == "connectivity")


def test_a_row_that_no_point_is_near_to(tmp_path: Path) -> None:
    """Where scikit-learn raises, it is refused; where it gives NaN, it is null."""
    for name, model in (("c", RadiusNeighborsClassifier(1.0)), ("r", RadiusNeighborsRegressor(1.0))):
        fitted = model.fit(GRID, ["b", "a", "a", "b"] if name == "c" else [1.5, 2.0, 3.0, 4.0])
        assert skc.compile(fitted, GRID, tmp_path / name, rows=50).is_equal
        with skc_runtime.load(tmp_path / name) as transformer:
            if name == "c":
                with pytest.raises(skc_runtime.RecordError, match="invalid-value"):
                    transformer.transform([{"a": 9.0, "b": 0.0}])
            else:
                assert np.isnan(transformer.transform([{"a": 9.0, "b": 0.0}])["prediction"])
            on_the_edge = transformer.transform([{"a": -1.0, "b": 0.0}])["prediction"].item()
            assert on_the_edge == ("b" if name == "c" else 1.5)
