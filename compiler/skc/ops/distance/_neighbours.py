"""The classes of scikit-learn that look for the k nearest of the rows that they were fitted on, or of some centres."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import NoState, refuse
from skc.ops.distance._metrics import points_of
from skc.ops.distance._search import Algorithm, PointMetric
from skc.ops.linear._noise import error_bound
from skc.ops.linear._scores import RELATIVE
from skc.ops.linear._steps import choose, class_names
from skc.translation import Claim, Columns, Model
from skc.values.types import Block
from skc_runtime.kinds import Array

METRICS: Mapping[str, PointMetric] = {
    "euclidean": "euclidean",
    "l2": "euclidean",
    "manhattan": "manhattan",
    "l1": "manhattan",
    "cityblock": "manhattan",
    "chebyshev": "chebyshev",
    "infinity": "chebyshev",
    "cosine": "cosine",
}
ALGORITHMS: Mapping[str, Algorithm] = {"kd_tree": "kd_tree", "ball_tree": "ball_tree", "brute": "brute"}
EQUAL = 1e-8  # priors that differ by less are equal to scikit-learn as well


def nearest_points(x: Columns, points: Any, targets: Any = (), classes: Any = (), **params: Any) -> Columns:
    """The op `nearest` on checked columns; `targets` are [M, T]. With a `radius`, the op `within_radius`."""
    from skc.ops.distance import nearest, within_radius  # the file of an op imports the claims on it

    points, x = np.asarray(points, dtype=np.float64), x.floats(null="error")
    slack = 0.0 if all(t.exact for t in x.types) else RELATIVE
    if params["metric"] == "cosine":
        points, x = _of_unit_length(points, x)
        slack = max(slack, error_bound(points.shape[1]))
    op = within_radius if "radius" in params else nearest
    state = op.State(points_of(points), points_of(targets), tuple(classes))
    return x.apply(op.OP, op.Params(slack=slack, **params), state, is_finite=True)


def _of_unit_length(points: Array, x: Columns) -> tuple[Array, Columns]:
    from skc.ops.linear import normalize

    how = normalize.Params()
    units = normalize.apply(how, NoState(), Block("float64", points)).values
    return units, x.apply(normalize.OP, how, is_finite=True).floats(null="error")


def _search_of(estimator: Any) -> tuple[Any, dict[str, Any]]:
    """The points that a fitted estimator searches, and how."""
    metric = estimator.effective_metric_
    if not isinstance(metric, str) or metric not in METRICS:
        hint = "use one of euclidean, manhattan, chebyshev (minkowski with p = 1, 2 or inf) and cosine"
        raise refuse("SKC151", f"`metric={metric!r}` of nearest neighbours does not compile", hint=hint)
    points = estimator._fit_X
    if hasattr(points, "toarray"):
        hint = "fit it on dense rows: `X.toarray()`"
        raise refuse("SKC151", "neighbours that were fitted on a sparse matrix do not compile", hint=hint)
    return points, {"metric": METRICS[metric], "algorithm": ALGORITHMS[estimator._fit_method]}


def _weights_of(model: Any) -> str:
    weights = model.weights or "uniform"
    if callable(weights):
        hint = "use `weights='uniform'` or `weights='distance'`"
        raise refuse("SKC151", "weights of neighbours by a function do not compile", hint=hint)
    return str(weights)


def _points_of(model: Any) -> dict[str, Any]:
    """How many points count: the parameters of the op that say so."""
    if model.n_neighbors is not None:
        return {"k": model.n_neighbors}
    if not np.isfinite(model.radius):
        hint = "use a radius that is finite"
        raise refuse("SKC151", f"neighbours within the radius {model.radius} do not compile", hint=hint)
    return {"radius": float(model.radius)}


def _classify(model: Any, x: Columns) -> Model:
    if model.outputs_2d_:
        hint = "train one model for each target"
        raise refuse("SKC151", "a classifier of several targets at once does not compile", hint=hint)
    points, how = _search_of(model)
    weights, classes = _weights_of(model), class_names(model.classes_)
    is_equal = weights == "uniform"
    how |= {**_points_of(model), **_of_no_point(model), "result": "share", "weights": weights, "noise": not is_equal}
    shares = nearest_points(x, points, np.asarray(model._y)[:, None], classes, **how)
    prediction = choose(shares, model.classes_, "none" if is_equal else "columns")
    return Model(prediction, shares.pick(range(len(classes))), classes=classes)


def _of_no_point(classifier: Any) -> dict[str, Any]:
    """The class of a row without a point within the radius."""
    label = getattr(classifier, "outlier_label", None)
    if label is None:
        return {}
    if classifier._fit_method == "brute" and (classifier.weights or "uniform") == "uniform":
        hint = "use `algorithm='kd_tree'`"
        raise refuse("SKC151", "the probabilities of an `outlier_label` with brute force do not compile", hint=hint)
    places = np.flatnonzero(classifier.classes_ == classifier.outlier_label_[0])
    if len(places) != 1:
        hint = "use `outlier_label='most_frequent'`, or a label that a training row has"
        raise refuse("SKC151", f"`outlier_label={label!r}`, which is not a class, does not compile", hint=hint)
    return {"empty": int(places[0])}


def _regress(model: Any, x: Columns) -> Model:
    points, how = _search_of(model)
    targets = np.asarray(model._y, dtype=np.float64).reshape(len(model._y), -1)
    how |= {**_points_of(model), "result": "mean", "weights": _weights_of(model)}
    if "radius" in how:  # a mean of no targets: of integers, scikit-learn makes a number of NaN
        how["empty"] = "null" if np.asarray(model._y).dtype.kind == "f" else "error"
    return Model(nearest_points(x, points, targets, **how))


def _graph(transformer: Any, x: Columns) -> Columns:
    points, how = _search_of(transformer)
    k = transformer.n_neighbors + (transformer.mode == "distance")  # one more, for the row itself
    if k > len(points):
        hint = f"use `n_neighbors` of at most {len(points) - (transformer.mode == 'distance')}"
        raise refuse("SKC151", f"there are only {len(points)} points, and {k} are asked for", hint=hint)
    return nearest_points(x, points, k=k, result=transformer.mode, **how)


def _radius_graph(transformer: Any, x: Columns) -> Columns:
    points, how = _search_of(transformer)
    return nearest_points(x, points, result=transformer.mode, **_points_of(transformer), **how)


def nearest_class(x: Columns, centres: Any, labels: Any, classes: Any, metric: PointMetric) -> Columns:
    """The class of the nearest centre, by its place among the classes, as `pairwise_distances_argmin` finds it."""
    targets = np.asarray(labels, dtype=np.float64)[:, None]
    how: dict[str, Any] = {"k": 1, "result": "share", "metric": metric, "algorithm": "brute"}
    return choose(nearest_points(x, centres, targets, class_names(classes), **how), classes, "none")


def _nearest_centroid(model: Any, x: Columns) -> Model:
    if model.metric not in ("euclidean", "manhattan"):
        hint = "use `metric='euclidean'` or `metric='manhattan'`"
        raise refuse("SKC151", f"`metric={model.metric!r}` of NearestCentroid does not compile", hint=hint)
    count = len(model.classes_)
    if np.abs(getattr(model, "class_prior_", 1 / count) * np.full(count, count) - 1).max() > EQUAL:
        hint = "use `priors='uniform'`, or LinearDiscriminantAnalysis"
        raise refuse("SKC151", "NearestCentroid with unequal priors does not compile", hint=hint)
    return Model(nearest_class(x, model.centroids_, np.arange(count), model.classes_, model.metric))


_WITHIN = ("radius", "algorithm", "metric", "p", "metric_params")
_SEARCH = ("n_neighbors", "algorithm", "metric", "p", "metric_params")
_SPEED = ("leaf_size", "n_jobs")
SKLEARN: Mapping[str, Claim] = {
    "sklearn.neighbors.KNeighborsClassifier": Claim(None, (*_SEARCH, "weights"), _SPEED, _classify),
    "sklearn.neighbors.KNeighborsRegressor": Claim(None, (*_SEARCH, "weights"), _SPEED, _regress),
    "sklearn.neighbors.KNeighborsTransformer": Claim(_graph, (*_SEARCH, "mode"), _SPEED),
    "sklearn.neighbors.NearestCentroid": Claim(None, ("metric", "priors"), ("shrink_threshold",), _nearest_centroid),
}
RADIUS: Mapping[str, Claim] = {
    "sklearn.neighbors.RadiusNeighborsClassifier": Claim(
        None, (*_WITHIN, "weights", "outlier_label"), _SPEED, _classify
    ),
    "sklearn.neighbors.RadiusNeighborsRegressor": Claim(None, (*_WITHIN, "weights"), _SPEED, _regress),
    "sklearn.neighbors.RadiusNeighborsTransformer": Claim(_radius_graph, (*_WITHIN, "mode"), _SPEED),
}
