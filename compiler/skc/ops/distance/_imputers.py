"""scikit-learn's `KNNImputer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.distance._donors import largest_stretch
from skc.ops.distance._metrics import points_of
from skc.ops.linear._scores import RELATIVE
from skc.ops.numeric import missing_indicator
from skc.ops.numeric._missing import with_nulls
from skc.translation import Claim, Columns


def _from_sklearn(imputer: Any, x: Columns) -> Columns:
    """Columns that had no value in fitting count in the distances, and are dropped."""
    from skc.ops.distance import knn_impute  # the file of an op imports the claims on it

    _check(imputer)
    raw = with_nulls(imputer.missing_values, x)
    missing = np.asarray(imputer._mask_fit_X, dtype=bool)
    points = np.where(missing, 0.0, np.asarray(imputer._fit_X, dtype=np.float64))
    kept = np.flatnonzero(~missing.all(axis=0))
    may_miss = [k in kept and t.nullable for k, t in enumerate(raw.types)]
    means = np.ma.array(points, mask=missing).mean(axis=0).filled(0.0)  # as scikit-learn computes them
    state = knn_impute.State(points_of(points), points_of(~missing), tuple(means.tolist()), tuple(may_miss))
    slack = 0.0 if all(t.exact for t in raw.types) else RELATIVE
    params = knn_impute.Params(k=imputer.n_neighbors, weights=imputer.weights, slack=slack)
    imputed = raw.apply(knn_impute.OP, params, state, is_finite=True).pick(kept.tolist())
    if imputer.indicator_ is None or not len(imputer.indicator_.features_):
        return imputed
    return imputed.beside(missing_indicator.shown(raw, imputer.indicator_.features_.tolist()))


def _check(imputer: Any) -> None:
    if callable(imputer.weights):
        hint = "use `weights='uniform'` or `weights='distance'`"
        raise refuse("SKC151", "weights of neighbours by a function do not compile", hint=hint)
    if imputer.metric != "nan_euclidean":
        hint = "use `metric='nan_euclidean'`, the default"
        raise refuse("SKC151", "a KNNImputer with a metric of its own does not compile", hint=hint)
    if imputer.keep_empty_features and np.asarray(imputer._mask_fit_X).all(axis=0).any():
        hint = "leave `keep_empty_features` out"
        raise refuse("SKC151", "a KNNImputer that keeps columns without a value does not compile", hint=hint)
    with np.errstate(over="ignore"):
        squares = np.square(np.where(imputer._mask_fit_X, 0.0, imputer._fit_X)).sum(axis=1)
        squares *= largest_stretch(imputer.n_features_in_)
    if not np.isfinite(squares).all():
        hint = "scale the columns before the imputer"
        raise refuse("SKC151", "the square of a row that a KNNImputer was fitted on is infinite", hint=hint)


SKLEARN: Mapping[str, Claim] = {
    "sklearn.impute.KNNImputer": Claim(
        _from_sklearn,
        ("missing_values", "n_neighbors", "weights", "metric", "add_indicator", "keep_empty_features"),
        ("copy",),
    )
}
