"""Projections of scikit-learn as one artifact: equal to scikit-learn's own `transform`, a row alone as in a batch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import FeatureAgglomeration
from sklearn.cross_decomposition import PLSSVD
from sklearn.decomposition import (
    PCA,
    FactorAnalysis,
    FastICA,
    IncrementalPCA,
    MiniBatchSparsePCA,
    SparsePCA,
    TruncatedSVD,
)
from sklearn.neighbors import NeighborhoodComponentsAnalysis
from sklearn.pipeline import FeatureUnion
from sklearn.random_projection import GaussianRandomProjection, SparseRandomProjection
from sklearn_front_end.rows import assert_equal

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc.ops.linear import _projections
from skc_runtime.agreement import agree

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(300, 5)) * [1, 10, 0.1, 1e3, 2] + [0, 5, 0, 1e4, 1], columns=list("abcde"))
Y = X["a"] + X["b"] / 10 + R.normal(size=300)
UNSUPERVISED = (
    PCA(3),
    PCA(0.9, whiten=True),
    IncrementalPCA(2),
    TruncatedSVD(2, random_state=1),
    FactorAnalysis(2),
    FastICA(2, random_state=1),
    FastICA(whiten=False, random_state=1, max_iter=5, tol=1e9),
    SparsePCA(2, random_state=1),
    MiniBatchSparsePCA(2, batch_size=50, random_state=1),
    GaussianRandomProjection(3, random_state=1),
    SparseRandomProjection(3, random_state=1),
    FeatureAgglomeration(2),
)
SUPERVISED = (PLSSVD(1), PLSSVD(1, scale=False), NeighborhoodComponentsAnalysis(2, max_iter=5, random_state=1))


@pytest.mark.filterwarnings("ignore:FastICA did not converge")
def test_projections_equal_scikit_learn(tmp_path: Path) -> None:
    steps = [(f"step{k}", step.fit(X)) for k, step in enumerate(UNSUPERVISED)]
    labels = {True: (Y.mean() < Y).astype(int), False: Y}
    for step in SUPERVISED:
        steps.append((f"step{len(steps)}", step.fit(X, labels[isinstance(step, NeighborhoodComponentsAnalysis)])))
    union = FeatureUnion(steps)
    compiled = skc.compile(read_estimator(union, X).pipeline, X, tmp_path / "artifact", rows=300)
    assert compiled.report is not None
    assert compiled.report.is_equal
    want = np.hstack([step.transform(X) for _, step in steps])
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        got = transformer.transform(X)["x"]
        alone = transformer.transform(X.iloc[7:8])["x"]
    assert agree(got, want, False).all()
    assert (got[7:8] == alone).all()


@pytest.mark.parametrize("pooling", [np.max, np.min])
def test_extremes_of_clusters(pooling: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one column, of some, and of more than an expression names."""
    monkeypatch.setattr(_projections, "MOST_OPERANDS", 2)
    rows = np.random.default_rng(1).normal(size=(30, 4))
    hostile = np.array([[-0.0, 0.0, -0.0, 0.0], [1e308, -1e308, 1.0, 2.0], [0.0, 0.0, np.nan, 0.0], [np.inf, 0, 0, 0]])
    agglomeration = FeatureAgglomeration(2, pooling_func=pooling, linkage="single").fit(rows)
    assert sorted(np.bincount(agglomeration.labels_)) == [1, 3]
    assert_equal(agglomeration, rows, tmp_path, hostile)


def test_what_has_no_answer_is_refused() -> None:
    """A component of rounding errors, whitened; a pooling function that is a program."""
    twice = np.hstack([X[["a"]].to_numpy()] * 2)
    for estimator in (PCA(2, whiten=True), FeatureAgglomeration(1, pooling_func=np.median)):
        with pytest.raises(SkcError) as refused:
            read_estimator(estimator.fit(twice), twice)
        assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
