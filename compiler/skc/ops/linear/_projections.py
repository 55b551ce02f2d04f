"""The projections of scikit-learn that are one product with a matrix, each in the order of its own `transform`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.internal import expr
from skc.ops.linear._steps import dense, mapped
from skc.translation import Claim, Columns


def _projection(parts: Callable[[Any], Mapping[str, Any]]) -> Callable[[Any, Columns], Columns]:
    def read(estimator: Any, x: Columns) -> Columns:
        return mapped(x, **parts(estimator))

    return read


def _pca(pca: Any) -> Mapping[str, Any]:
    parts = {"weights": pca.components_.T, "intercept": -(pca.mean_.reshape(1, -1) @ pca.components_.T)}
    if not pca.whiten:
        return parts
    scale, least = np.sqrt(pca.explained_variance_), np.finfo(np.float64).eps
    if (scale < least).any():
        raise refuse(
            "SKC151",
            "a component has no variance, so that its whitened values are rounding errors",
            hint="keep fewer components: `n_components=0.999`",
        )
    return {**parts, "divisor": scale}


def _components(estimator: Any) -> Mapping[str, Any]:
    return {"weights": dense(estimator.components_).T}


def _factor_analysis(estimator: Any, x: Columns) -> Columns:
    """Two products, as in its own `transform`: one with the product of both would not overflow where it does."""
    scaled = estimator.components_ / estimator.noise_variance_
    covariance = np.linalg.inv(np.eye(len(estimator.components_)) + scaled @ estimator.components_.T)
    return mapped(mapped(x, scaled.T, offset=estimator.mean_), covariance)


def _fast_ica(estimator: Any) -> Mapping[str, Any]:
    return {**_components(estimator), **({"offset": estimator.mean_} if estimator.whiten else {})}


def _sparse_pca(estimator: Any) -> Mapping[str, Any]:
    """Ridge regression on the components: the solution of a fixed system, linear in x."""
    components = estimator.components_
    gram = components @ components.T + estimator.ridge_alpha * np.eye(len(components))
    return {"weights": np.linalg.solve(gram, components).T, "offset": estimator.mean_}


def _pls(estimator: Any) -> Mapping[str, Any]:
    return {"weights": estimator.x_rotations_, "offset": estimator._x_mean, "scale": estimator._x_std}


def _pls_svd(estimator: Any) -> Mapping[str, Any]:
    return {"weights": estimator.x_weights_, "offset": estimator._x_mean, "scale": estimator._x_std}


def _discriminant(estimator: Any) -> Mapping[str, Any]:
    if estimator.solver == "lsqr":
        hint = "fit it with `solver='svd'`"
        raise refuse("SKC151", "`solver='lsqr'` of LinearDiscriminantAnalysis has no `transform`", hint=hint)
    parts = {"weights": estimator.scalings_[:, : estimator._max_components]}
    return {**parts, "offset": estimator.xbar_} if estimator.solver == "svd" else parts


def _agglomeration(estimator: Any, x: Columns) -> Columns:
    """The columns of each cluster as one."""
    if estimator.pooling_func is np.mean:
        members = np.eye(estimator.n_clusters_)[estimator.labels_]
        return mapped(x, members, divisor=members.sum(axis=0))
    if estimator.pooling_func not in EXTREMES:
        message = "only the mean, the maximum and the minimum of the columns of a cluster compile as `pooling_func`"
        raise refuse("SKC151", message, hint="use `pooling_func=np.mean`, `np.max` or `np.min`")
    function, checked = EXTREMES[estimator.pooling_func], x.floats(null="error")
    clusters = [np.flatnonzero(estimator.labels_ == label).tolist() for label in np.unique(estimator.labels_)]
    return x.pick(()).beside(*(_extreme(checked.pick(cluster), function) for cluster in clusters))


EXTREMES: Mapping[Any, str] = {np.max: "max", np.amax: "max", np.min: "min", np.amin: "min"}
MOST_OPERANDS = 100  # an expression has at most 4,000 characters


def _extreme(x: Columns, function: str) -> Columns:
    """The greatest or least of some columns."""
    width = len(x.types)
    if width == 1:
        return x
    if width > MOST_OPERANDS:
        parts = [range(first, min(first + MOST_OPERANDS, width)) for first in range(0, width, MOST_OPERANDS)]
        return _extreme(x.pick(()).beside(*(_extreme(x.pick(part), function) for part in parts)), function)
    names = tuple(f"x{k}" for k in range(width))
    params = expr.Params(expression=f"{function}({', '.join(names)})", names=names)
    return x.apply(expr.OP, params, is_finite=True)


pls, discriminant = _projection(_pls), _projection(_discriminant)  # of classes that predict as well


def _claim(parts: Callable[[Any], Mapping[str, Any]], parameters: str, ignored: str) -> Claim:
    return _claims(_projection(parts), parameters, ignored)


def _claims(read: Callable[[Any, Columns], Columns], parameters: str, ignored: str) -> Claim:
    return Claim(read, tuple(parameters.split()), tuple(ignored.split()))


_SVD = "n_components iterated_power n_oversamples power_iteration_normalizer random_state svd_solver tol copy"
_SPARSE = "n_components alpha method max_iter n_jobs random_state tol verbose"
SKLEARN: Mapping[str, Claim] = {
    "sklearn.decomposition.PCA": _claim(_pca, "whiten", _SVD),
    "sklearn.decomposition.IncrementalPCA": _claim(_pca, "whiten", "n_components batch_size copy"),
    "sklearn.decomposition.TruncatedSVD": _claim(
        _components, "", "n_components algorithm n_iter n_oversamples power_iteration_normalizer random_state tol"
    ),
    "sklearn.decomposition.FactorAnalysis": _claims(
        _factor_analysis,
        "",
        "n_components copy iterated_power max_iter noise_variance_init random_state rotation svd_method tol",
    ),
    "sklearn.decomposition.FastICA": _claim(
        _fast_ica, "whiten", "n_components algorithm fun fun_args max_iter random_state tol w_init whiten_solver"
    ),
    "sklearn.decomposition.SparsePCA": _claim(_sparse_pca, "ridge_alpha", f"{_SPARSE} U_init V_init"),
    "sklearn.decomposition.MiniBatchSparsePCA": _claim(
        _sparse_pca, "ridge_alpha", f"{_SPARSE} batch_size callback max_no_improvement shuffle n_iter"
    ),
    "sklearn.cross_decomposition.PLSSVD": _claim(_pls_svd, "", "n_components copy scale"),
    "sklearn.neighbors.NeighborhoodComponentsAnalysis": _claim(
        _components, "", "n_components init warm_start max_iter tol callback verbose random_state"
    ),
    "sklearn.random_projection.GaussianRandomProjection": _claim(
        _components, "", "n_components eps compute_inverse_components random_state"
    ),
    "sklearn.random_projection.SparseRandomProjection": _claim(
        _components, "", "n_components density eps dense_output compute_inverse_components random_state"
    ),
    "sklearn.cluster.FeatureAgglomeration": _claims(
        _agglomeration,
        "pooling_func",
        "n_clusters metric memory connectivity compute_full_tree linkage distance_threshold compute_distances",
    ),
}
