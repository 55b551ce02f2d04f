"""Clusters of scikit-learn as artifacts: the distances from their centres, and the nearest of these."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import AffinityPropagation, Birch, BisectingKMeans, KMeans, MeanShift, MiniBatchKMeans
from sklearn.decomposition import KernelPCA
from sklearn.kernel_approximation import Nystroem, RBFSampler, SkewedChi2Sampler
from sklearn.neural_network import BernoulliRBM
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(300, 3)) * [1, 10, 0.1] + R.integers(0, 3, (300, 1)) * [3, 0, 1], columns=list("abc"))
SEED = {"random_state": 0, "n_init": 1}


def test_distances_from_the_centres_of_clusters(tmp_path: Path) -> None:
    parts = [("k", KMeans(3, **SEED)), ("m", MiniBatchKMeans(3, **SEED)), ("b", BisectingKMeans(3, **SEED))]
    union = FeatureUnion([*parts, ("birch", Birch(threshold=2.0))]).fit(X)
    compiled = skc.compile(union, X, tmp_path / "artifact", rows=300)
    assert compiled.is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert transformer.manifest.outputs[0].columns[:2] == ("k__kmeans0", "k__kmeans1")


def test_the_cluster_of_a_row(tmp_path: Path) -> None:
    model = make_pipeline(StandardScaler(), KMeans(4, **SEED)).fit(X)
    assert skc.compile(model, X, tmp_path / "artifact", rows=300).is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        served = transformer.transform(X)
    np.testing.assert_array_equal(served["prediction"].ravel(), model.predict(X))


def test_a_row_between_two_centres_is_refused(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": [-1.0, -1.0, 1.0, 1.0]})
    assert skc.compile(KMeans(2, **SEED).fit(rows), rows, tmp_path / "artifact", rows=100).is_equal
    refused = pytest.raises(skc_runtime.RecordError, match="tie")
    with skc_runtime.load(tmp_path / "artifact") as transformer, refused:
        transformer.transform([{"a": 0.0}])


def test_one_cluster_is_not_predicted() -> None:
    with pytest.raises(SkcError, match="constant") as refused:
        read_estimator(KMeans(1, **SEED).fit(X), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]


@pytest.mark.parametrize("model", [MeanShift(bandwidth=6), AffinityPropagation(damping=0.9, random_state=0)])
def test_the_nearest_of_other_centres(model: Any, tmp_path: Path) -> None:
    skc.compile(read_estimator(model.fit(X), X).pipeline, X, tmp_path / "artifact", verify=False)
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert (transformer.transform(X)["prediction"].ravel() == model.predict(X)).all()
        assert len({*model.predict(X)}) > 1


def test_no_centre_predicts_nothing() -> None:
    model = AffinityPropagation(max_iter=2, random_state=0)
    with pytest.warns(match="converge"):
        model.fit(X)
    model.cluster_centers_ = model.cluster_centers_[:0]
    with pytest.raises(SkcError, match="no centres"):
        read_estimator(model, X)


def test_kernels_and_random_features(tmp_path: Path) -> None:
    parts = [
        ("rbf", Nystroem(n_components=9, random_state=0)),
        ("poly", Nystroem("poly", degree=2, gamma=0.1, coef0=0.5, n_components=9, random_state=0)),
        ("pca", KernelPCA(2, kernel="sigmoid", gamma=0.01)),
        ("sampler", RBFSampler(n_components=3, random_state=0)),
        ("skewed", SkewedChi2Sampler(skewedness=60.0, n_components=3, random_state=0)),
        ("machine", BernoulliRBM(3, n_iter=1, random_state=0)),
    ]
    assert skc.compile(FeatureUnion(parts).fit(X), X, tmp_path / "artifact", rows=300).is_equal


@pytest.mark.parametrize(
    "estimator",
    [Nystroem("poly", degree=2.5, n_components=9), Nystroem(lambda a, b: float(a @ b), n_components=9)],
    ids=["degree", "callable"],
)
def test_a_kernel_that_does_not_compile_is_refused(estimator: Nystroem) -> None:
    with pytest.raises(SkcError) as refused:
        read_estimator(estimator.fit(X.abs()), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
