"""Cases of transformers that project, compare with learned points, select columns or contain a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from parity.case import Case, each, product
from sklearn import (
    cluster,
    cross_decomposition,
    decomposition,
    ensemble,
    feature_selection,
    kernel_approximation,
    linear_model,
    manifold,
    neighbors,
    random_projection,
)
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.image import PatchExtractor
from sklearn.isotonic import IsotonicRegression
from sklearn.neural_network import BernoulliRBM
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

BOTH = (True, False)
SEED = {"random_state": 0}
DICTIONARY = np.array([[1.0, 0, 0, 0], [0, 0.6, 0.8, 0], [0.5, 0.5, 0.5, 0.5]])


def cases() -> Iterator[Case]:
    """All of them."""
    yield from projections()
    yield from dictionaries()
    yield from supervised_projections()
    yield from kernels()
    yield from neighbours()
    yield from selectors()
    yield from models()


def projections() -> Iterator[Case]:
    d = decomposition
    yield from each(
        d.PCA,
        ["unit", "float64"],
        {},
        {"n_components": 2},
        {"n_components": 0.95},
        {"n_components": 2, "whiten": True},
        fixed=SEED,
    )
    yield from each(
        d.PCA, ["int64", "array"], {"n_components": 2}, {"n_components": 1, "svd_solver": "randomized"}, fixed=SEED
    )
    yield from each(d.IncrementalPCA, ["unit", "int64"], *product(n_components=[2], whiten=BOTH))
    yield from each(d.TruncatedSVD, ["unit", "float64", "int64"], {}, {"algorithm": "arpack"}, fixed=SEED)
    yield from each(
        d.FastICA, "unit", {}, {"n_components": 2}, {"whiten": False}, {"whiten": "arbitrary-variance"}, fixed=SEED
    )
    yield from each(
        d.FactorAnalysis, "unit", {}, {"rotation": "varimax"}, {"svd_method": "lapack"}, fixed={"n_components": 2}
    )
    yield from each(d.SparsePCA, "unit", fixed={"n_components": 2, **SEED})
    yield from each(d.MiniBatchSparsePCA, "unit", fixed={"n_components": 2, **SEED})
    yield from each(
        d.KernelPCA,
        "unit",
        *product(kernel=["linear", "rbf", "poly", "sigmoid", "cosine"]),
        fixed={"n_components": 3, **SEED},
    )
    yield from each(d.KernelPCA, "kernel", {"kernel": "precomputed"}, fixed={"n_components": 2})
    yield from each(random_projection.GaussianRandomProjection, ["unit", "float64"], fixed={"n_components": 2, **SEED})
    yield from each(
        random_projection.SparseRandomProjection,
        ["unit", "int64"],
        *product(dense_output=BOTH),
        fixed={"n_components": 2, **SEED},
    )
    yield from each(cluster.FeatureAgglomeration, ["unit", "int64"])
    yield from each(
        cluster.FeatureAgglomeration, "unit", {"pooling_func": np.max}, {"n_clusters": 3, "linkage": "average"}
    )


def dictionaries() -> Iterator[Case]:
    d = decomposition
    yield from each(d.NMF, "positive", fixed={"n_components": 2, **SEED})
    yield from each(d.MiniBatchNMF, "positive", fixed={"n_components": 2, **SEED})
    yield from each(d.LatentDirichletAllocation, "counts", fixed={"n_components": 3, **SEED})
    sparse = (
        {"transform_algorithm": "threshold", "transform_alpha": 0.2},
        {"transform_algorithm": "omp", "transform_n_nonzero_coefs": 1},
        {"transform_algorithm": "omp", "transform_n_nonzero_coefs": 2},
        {"transform_algorithm": "lasso_lars", "transform_alpha": 0.1},
        {"transform_algorithm": "lasso_cd", "transform_alpha": 0.1},
    )
    yield from each(d.SparseCoder, "unit", *sparse, fixed={"dictionary": DICTIONARY})
    yield from each(
        d.SparseCoder,
        "unit",
        {**sparse[0], "split_sign": True},
        {**sparse[0], "positive_code": True},
        fixed={"dictionary": DICTIONARY},
    )
    learning = {"n_components": 3, "max_iter": 20, **SEED}
    yield from each(d.DictionaryLearning, "unit", *sparse[:2], {}, fixed=learning)
    yield from each(d.MiniBatchDictionaryLearning, "unit", *sparse[:2], {}, fixed=learning)


def supervised_projections() -> Iterator[Case]:
    c = cross_decomposition
    yield from each(LinearDiscriminantAnalysis, "unit", *product(solver=["svd", "eigen"]), target="classes")
    yield from each(LinearDiscriminantAnalysis, "float64", {}, {"n_components": 1}, target="classes")
    yield from each(LinearDiscriminantAnalysis, "int64", target="binary")
    yield from each(
        neighbors.NeighborhoodComponentsAnalysis,
        ["unit", "int64"],
        {"n_components": 2},
        fixed={"max_iter": 5, **SEED},
        target="classes",
    )
    for cls in (c.CCA, c.PLSCanonical, c.PLSRegression, c.PLSSVD):
        yield from each(cls, "unit", *product(scale=BOTH), fixed={"n_components": 1}, target="number")
    yield from each(c.PLSRegression, ["float64", "int64"], target="number")


def kernels() -> Iterator[Case]:
    k = kernel_approximation
    yield from each(
        k.Nystroem,
        "unit",
        *product(kernel=["rbf", "poly", "sigmoid", "linear", "cosine", "laplacian"]),
        fixed={"n_components": 10, **SEED},
    )
    # scikit-learn 1.9.1 refuses a data frame of pandas 3 here: "buffer source array is read-only"
    yield from each(
        k.Nystroem,
        "positive array",
        {"kernel": "chi2"},
        {"kernel": "additive_chi2"},
        fixed={"n_components": 10, **SEED},
    )
    yield from each(k.Nystroem, "positive", {"kernel": "rbf", "gamma": 0.1}, fixed={"n_components": 10, **SEED})
    yield from each(k.RBFSampler, ["unit", "int64"], {}, {"gamma": "scale"}, fixed={"n_components": 10, **SEED})
    yield from each(k.SkewedChi2Sampler, "positive", {}, {"skewedness": 0.5}, fixed={"n_components": 10, **SEED})
    yield from each(
        k.AdditiveChi2Sampler,
        "positive",
        {},
        {"sample_steps": 1},
        {"sample_steps": 3},
        {"sample_steps": 2, "sample_interval": 0.5},
    )
    yield from each(k.PolynomialCountSketch, "unit", {}, {"degree": 3, "coef0": 1}, fixed={"n_components": 12, **SEED})
    yield from each(BernoulliRBM, "unit", fixed={"n_components": 4, "n_iter": 2, **SEED})


def neighbours() -> Iterator[Case]:
    c, n = cluster, neighbors
    yield from each(c.KMeans, ["unit", "float64", "int64"], fixed={"n_clusters": 4, "n_init": 1, **SEED})
    yield from each(c.MiniBatchKMeans, "unit", fixed={"n_clusters": 4, "n_init": 1, **SEED})
    yield from each(c.BisectingKMeans, "unit", fixed={"n_clusters": 4, **SEED})
    yield from each(c.Birch, "unit", {}, {"threshold": 1.0, "n_clusters": None})
    yield from each(n.KNeighborsTransformer, "unit", *product(mode=["distance", "connectivity"]))
    yield from each(
        n.KNeighborsTransformer,
        "unit",
        {"metric": "manhattan"},
        {"n_neighbors": 2, "algorithm": "brute"},
        {"metric": "cosine"},
    )
    yield from each(n.KNeighborsTransformer, "int64")
    yield from each(n.RadiusNeighborsTransformer, "unit", *product(mode=["distance", "connectivity"]))
    yield from each(
        n.RadiusNeighborsTransformer,
        "unit",
        {"metric": "manhattan", "radius": 1.5},
        {"algorithm": "brute"},
        {"metric": "cosine", "radius": 0.1},
    )
    yield from each(n.RadiusNeighborsTransformer, "int64", {"radius": 5000.0, "mode": "connectivity"})
    yield from each(manifold.Isomap, "unit")
    yield from each(manifold.LocallyLinearEmbedding, "unit", fixed=SEED)
    yield from each(manifold.TSNE, "unit", fixed={"max_iter": 250, **SEED})


def selectors() -> Iterator[Case]:
    s = feature_selection
    yield from each(s.VarianceThreshold, ["unit", "missing", "int64"])
    yield from each(s.SelectKBest, ["unit", "int64", "array"], {"k": 2}, target="classes")
    yield from each(s.SelectKBest, "positive", {"k": 2, "score_func": s.chi2}, target="classes")
    yield from each(s.SelectPercentile, "unit", {"percentile": 50}, target="classes")
    for cls in (s.SelectFpr, s.SelectFdr, s.SelectFwe):
        yield from each(cls, "unit", {"alpha": 0.1}, target="binary")
    yield from each(s.GenericUnivariateSelect, "unit", {"mode": "k_best", "param": 2}, target="classes")
    linear: Any = linear_model.LinearRegression()
    yield from each(s.RFE, ["unit", "int64"], {"n_features_to_select": 2}, fixed={"estimator": linear}, target="number")
    yield from each(s.RFECV, "unit", {"cv": 3}, fixed={"estimator": linear}, target="number")
    yield from each(
        s.SelectFromModel,
        ["unit", "float64"],
        {"estimator": linear_model.Lasso(0.1)},
        {"estimator": linear, "max_features": 2},
        target="number",
    )
    yield from each(
        s.SequentialFeatureSelector,
        "unit",
        {"n_features_to_select": 2},
        fixed={"estimator": linear, "cv": 2},
        target="number",
    )


def models() -> Iterator[Case]:
    e, logistic = ensemble, linear_model.LogisticRegression()
    tree = DecisionTreeClassifier(max_depth=4, random_state=0)
    both: Any = [("line", logistic), ("tree", tree)]
    yield from each(
        e.VotingClassifier,
        ["unit", "int64"],
        *product(voting=["hard", "soft"]),
        fixed={"estimators": both},
        target="classes",
    )
    yield from each(
        e.VotingClassifier,
        "unit",
        {"voting": "soft", "weights": [1, 2]},
        {"voting": "soft", "flatten_transform": False},
        fixed={"estimators": both},
        target="classes",
    )
    yield from each(
        e.StackingClassifier, "unit", *product(passthrough=BOTH), fixed={"estimators": both, "cv": 2}, target="classes"
    )
    yield from each(e.StackingClassifier, "unit", fixed={"estimators": both, "cv": 2}, target="binary")
    numbers: Any = [("line", linear_model.Ridge()), ("tree", DecisionTreeRegressor(max_depth=4, random_state=0))]
    yield from each(e.VotingRegressor, ["unit", "int64"], fixed={"estimators": numbers}, target="number")
    yield from each(
        e.StackingRegressor, "unit", *product(passthrough=BOTH), fixed={"estimators": numbers, "cv": 2}, target="number"
    )
    yield from each(
        e.RandomTreesEmbedding, ["unit", "float64", "int64"], fixed={"n_estimators": 5, "max_depth": 3, **SEED}
    )
    yield from each(IsotonicRegression, "column", *product(out_of_bounds=["nan", "clip", "raise"]), target="number")
    yield from each(
        IsotonicRegression,
        "column",
        {"increasing": False, "out_of_bounds": "clip"},
        {"y_min": 1.0, "out_of_bounds": "clip"},
        target="number",
    )
    yield from each(PatchExtractor, "unit", {"patch_size": (2, 2)})
