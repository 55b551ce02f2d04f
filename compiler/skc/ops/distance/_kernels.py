"""The kernel methods of scikit-learn: kernels between rows and points, times a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.distance import _gaussian_processes
from skc.ops.distance._layers import layered
from skc.ops.distance._metrics import points_of
from skc.ops.linear._steps import mapped
from skc.translation import Claim, Columns, Model
from skc_runtime.kinds import Array

DISTANCES = ("rbf", "laplacian", "chi2", "additive_chi2", "cosine")
MOST_DEGREE = 16


def kernel_product(x: Columns, kernel: Any, points: Any, weights: Array, intercept: Any = (), **how: Any) -> Columns:
    """K(x, points) @ weights + intercept, with the parameters of `pairwise_kernels`."""
    parts = {"intercept": intercept} if len(intercept) else {}
    if kernel == "precomputed":
        return mapped(x, weights, **parts)
    largest = float(np.sqrt((weights * weights).sum(axis=0)).max())
    error = 1e-7 / max(1.0, largest)
    return mapped(kernel_values(x, kernel, np.asarray(points), error, how), weights, **parts)


def kernel_values(x: Columns, name: Any, points: Array, error: float, how: Mapping[str, Any]) -> Columns:
    """K(x, points), of which scikit-learn's own rounding moves no value by more than `error`."""
    from skc.ops.distance import kernel  # the file of an op imports the claims on it

    if name == "linear":
        return mapped(x, points.T)
    gamma = how.get("gamma")
    gamma = float((1.0 if name == "chi2" else 1.0 / points.shape[1]) if gamma is None else gamma)
    if name in DISTANCES:
        params = kernel.Params(kernel=name, gamma=gamma, error=error)
        return x.floats(null="error").apply(kernel.OP, params, kernel.State(points_of(points)), is_finite=True)
    if name in ("poly", "polynomial", "sigmoid"):
        degree, shift = how.get("degree"), how.get("coef0")
        function: dict[str, Any] = (
            {"function": "tanh"} if name == "sigmoid" else _power(3 if degree is None else degree)
        )
        return layered(x, gamma * points.T, 1.0 if shift is None else shift, error=error, **function)
    hint = "use one of rbf, laplacian, poly, sigmoid, cosine, chi2, additive_chi2 and linear"
    raise refuse("SKC151", f"`kernel={name!r}` does not compile", hint=hint)


def _power(degree: float) -> dict[str, Any]:
    if degree != int(degree) or not 1 <= degree <= MOST_DEGREE:
        hint = f"use a whole degree from 1 to {MOST_DEGREE}"
        raise refuse("SKC151", f"a polynomial kernel of degree {degree} does not compile", hint=hint)
    return {"function": "power", "degree": int(degree)}


def _nystroem(estimator: Any, x: Columns) -> Columns:
    how = {name: getattr(estimator, name) for name in ("gamma", "coef0", "degree")} | (estimator.kernel_params or {})
    weights = np.asarray(estimator.normalization_, dtype=np.float64).T
    return kernel_product(x, estimator.kernel, estimator.components_, weights, **how)


def _kernel_pca(estimator: Any, x: Columns) -> Columns:
    """(K - rows - mean(K) + all) @ A is K @ (A - mean(A)) + (all - rows) @ A."""
    values, vectors = estimator.eigenvalues_, estimator.eigenvectors_
    is_something = values != 0
    axes = np.where(is_something, vectors / np.sqrt(np.where(is_something, values, 1.0)), 0.0)
    centre = estimator._centerer
    intercept = (centre.K_fit_all_ - centre.K_fit_rows_) @ axes
    how = {"gamma": estimator.gamma_, "coef0": estimator.coef0, "degree": estimator.degree}
    return _with_sum(x, axes - axes.mean(axis=0), intercept, estimator.kernel, estimator.X_fit_, **how)


def _with_sum(x: Columns, weights: Array, intercept: Array, kernel: Any, points: Any, **how: Any) -> Columns:
    """K(x, points) @ weights + intercept, refused where the sum of K overflows, which scikit-learn computes first."""
    weights, intercept = np.column_stack([weights, np.ones(len(weights))]), np.append(intercept, 0.0)
    return kernel_product(x, kernel, points, weights, intercept, **how).pick(range(len(intercept) - 1))


def _centrer(centre: Any, x: Columns) -> Columns:
    count = len(centre.K_fit_rows_)
    return _with_sum(x, np.eye(count) - 1.0 / count, centre.K_fit_all_ - centre.K_fit_rows_, "precomputed", ())


def _ridge(model: Any, x: Columns) -> Model:
    if model.kernel == "precomputed":
        hint = "use a kernel that has a name"
        raise refuse("SKC151", "KernelRidge of a precomputed kernel does not compile", hint=hint)
    how = {"gamma": model.gamma, "coef0": model.coef0, "degree": model.degree}
    weights = np.asarray(model.dual_coef_, dtype=np.float64)
    weights = weights[:, None] if weights.ndim == 1 else weights
    return Model(kernel_product(x, model.kernel, model.X_fit_, weights, **how))


SKLEARN: Mapping[str, Claim] = {
    "sklearn.gaussian_process.GaussianProcessRegressor": Claim(
        None,
        ("kernel", "normalize_y"),
        ("alpha", "optimizer", "n_restarts_optimizer", "copy_X_train", "n_targets", "random_state"),
        _gaussian_processes.mean,
    ),
    "sklearn.kernel_ridge.KernelRidge": Claim(
        None, ("kernel", "gamma", "degree", "coef0"), ("alpha", "kernel_params"), _ridge
    ),
    "sklearn.kernel_approximation.Nystroem": Claim(
        _nystroem,
        ("kernel", "gamma", "coef0", "degree", "kernel_params"),
        ("n_components", "random_state", "n_jobs"),
    ),
    "sklearn.decomposition.KernelPCA": Claim(
        _kernel_pca,
        ("kernel", "gamma", "degree", "coef0", "kernel_params"),
        (
            "n_components",
            "alpha",
            "fit_inverse_transform",
            "eigen_solver",
            "tol",
            "max_iter",
            "iterated_power",
            "remove_zero_eig",
            "random_state",
            "copy_X",
            "n_jobs",
        ),
    ),
    "sklearn.preprocessing.KernelCenterer": Claim(_centrer),
}
