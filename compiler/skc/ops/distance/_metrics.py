"""Distances between rows and points, feature by feature; and where scikit-learn's own are rounding noise.

Why feature by feature, and not -2 x·y + x·x + y·y as in scikit-learn: the squares of differences have no leading
digits that cancel, so every processor gives the same bits. scikit-learn's formula loses them where the distance is
small in comparison with the rows; such a row is refused, because scikit-learn's own answer is a rounding error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skc.emit.blocks import take_columns
from skc.emit.opset import const, op
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Metric = Literal["sqeuclidean", "manhattan", "chebyshev", "chi2", "product"]  # the last is not a distance
Row = tuple[float, ...]
EPS = 2.0**-52


def points_of(array: Any) -> tuple[Row, ...]:
    """The rows of an array, as a state keeps them."""
    return tuple(map(tuple, np.asarray(array, dtype=np.float64).tolist()))


def noise_factor(features: int) -> float:
    """The relative error of x·x + y·y - 2 x·y, of x·x + y·y: about twice the largest that was measured."""
    return (2 + features / 8) * EPS


def distances(metric: Metric, x: Array, points: Array) -> Array:
    """[N, M]: the distance of each row from each point, its terms added from left to right."""
    total = _terms(metric, x[:, :1], points[:, 0])
    for k in range(1, points.shape[1]):
        term = _terms(metric, x[:, k : k + 1], points[:, k])
        total = np.maximum(total, term) if metric == "chebyshev" else total + term
    return total


def _terms(metric: Metric, column: Array, feature: Array) -> Array:
    """[N, M]: what one feature, [N, 1] of the rows and [M] of the points, adds to the distances."""
    if metric == "product":
        return np.asarray(column * feature)
    difference = column - feature
    if metric in ("manhattan", "chebyshev"):
        return np.asarray(np.abs(difference))
    if metric == "sqeuclidean":
        return np.asarray(difference * difference)
    total = column + feature
    return np.where(total == 0, 0.0, difference * difference / np.where(total == 0, 1.0, total))


def lower_distances(metric: Metric, x: Var, points: Array) -> Var:
    """The same in the graph, with memory for N·M values."""
    total = None
    for k, feature in enumerate(points.T):
        column = x if points.shape[1] == 1 else take_columns(x, k, k + 1)
        term = _lower_term(metric, column, const(feature[None]))
        if total is not None:
            term = op.max([total, term]) if metric == "chebyshev" else op.add(total, term)
        total = term
    assert total is not None  # a point has a feature
    return total


def _lower_term(metric: Metric, column: Var, feature: Var) -> Var:
    if metric == "product":
        return op.mul(column, feature)
    difference = op.sub(column, feature)
    if metric in ("manhattan", "chebyshev"):
        return op.abs(difference)
    square = op.mul(difference, difference)
    if metric == "sqeuclidean":
        return square
    total = op.add(column, feature)
    is_nothing = op.equal(total, const(0.0))
    return op.where(is_nothing, const(0.0), op.div(square, op.where(is_nothing, const(1.0), total)))


def noise(x: Array, points: Array) -> Array:
    """[N, M]: a bound of the error of scikit-learn's squared Euclidean distances."""
    xx = np.add.accumulate(x * x, axis=1)[:, -1:]
    yy = np.add.accumulate(points * points, axis=1)[:, -1]
    return np.asarray((xx + yy) * noise_factor(points.shape[1]))


def lower_noise(x: Var, points: Array) -> Var:
    """The same in the graph."""
    features = points.shape[1]
    xx = op.matmul(op.mul(x, x), const(np.ones((features, 1))))
    yy = [sum((y * y for y in point[1:]), point[0] * point[0]) for point in points.tolist()]
    return op.mul(op.add(xx, const([yy])), const([[noise_factor(features)]]))


def any_column(mask: Array) -> Array:
    """bool [N, 1]: rows of a mask in which a column is set."""
    return np.asarray(mask.any(axis=1, keepdims=True))


def lower_not_all(known: Var, width: int) -> Var:
    """bool [N, 1]: rows in which not every column is set."""
    if width == 1:
        return op.not_(known)
    return op.equal(op.reduce_min(op.cast(known, to=np.float64), const([1]), keepdims=1), const(0.0))


def lower_not_any(mask: Var, width: int) -> Var:
    """bool [N, 1]: rows in which no column is set."""
    if width == 1:
        return op.not_(mask)
    return op.equal(op.reduce_max(op.cast(mask, to=np.float64), const([1]), keepdims=1), const(0.0))
