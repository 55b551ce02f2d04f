"""How scikit-learn searches for the nearest points, and how far rounding errors may change which points it finds.

Why: the k-th and the next nearest point may be so close to equally far that which of the two is found depends on the
order of additions, or on the order in which a tree is searched. Such a row is refused, unless the points that may be
exchanged have the same target. How close is too close depends on the algorithm:

* a tree adds the squares of differences, with a relative error, but skips branches by bounds whose error is relative
  to the extent of the points;
* brute force computes x·x + y·y - 2 x·y, which cancels (see `noise_factor`), except for metrics other than Euclidean;
* whole numbers below a bound are exact in both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from skc.emit.opset import const, op
from skc.ops.distance._metrics import EPS, Metric, distances, lower_distances, noise_factor
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

PointMetric = Literal["euclidean", "manhattan", "chebyshev", "cosine"]
Algorithm = Literal["kd_tree", "ball_tree", "brute"]
TERMS: dict[PointMetric, Metric] = {
    "euclidean": "sqeuclidean",
    "manhattan": "manhattan",
    "chebyshev": "chebyshev",
    "cosine": "product",
}
TINY = 1e-300  # added to a divisor that may be 0


@dataclass(frozen=True)
class Search:
    """Points [M, K], and how they are searched. `slack`: the relative error of the values of a row."""

    points: Array
    metric: PointMetric
    algorithm: Algorithm
    slack: float = 0.0

    @property
    def features(self) -> int:
        return int(self.points.shape[1])

    @property
    def is_product(self) -> bool:
        """Distances are computed from products of rows and points."""
        return self.metric == "euclidean" and self.algorithm == "brute"

    @property
    def sees_zero(self) -> bool:
        """A row at a point has the distance 0 there, in scikit-learn as well."""
        return not self.is_product and self.slack == 0

    @cached_property
    def largest_whole(self) -> float:
        """Whole numbers up to this are searched without rounding errors; 0 if the points are not such numbers.

        The squared distances are then below 2^50, and their roots differ where they do.
        """
        bound = np.floor(np.sqrt(2.0**48 / self.features))
        is_whole = (self.points == np.floor(self.points)) & (np.abs(self.points) <= bound)
        return float(bound) if is_whole.all() and self.slack == 0 and self.algorithm != "ball_tree" else 0.0

    @cached_property
    def extent(self) -> float:
        """The longest side of the box around the points, by which a tree skips branches; 0 without a tree."""
        return 0.0 if self.algorithm == "brute" else float(np.ptp(self.points, axis=0).max())


def point_distances(search: Search, x: Array) -> Array:
    """[N, M]: the distance of each row from each point."""
    terms = distances(TERMS[search.metric], x, search.points)
    if search.metric == "cosine":  # of rows and points of the length 1, or 0
        return np.asarray(np.clip(1 - terms, 0, 2))
    return np.sqrt(terms) if search.metric == "euclidean" else terms


def lower_point_distances(search: Search, x: Var) -> Var:
    """The same in the graph."""
    terms = lower_distances(TERMS[search.metric], x, search.points)
    if search.metric == "cosine":
        return op.min([op.max([op.sub(const([[1.0]]), terms), const([[0.0]])]), const([[2.0]])])
    return op.sqrt(terms) if search.metric == "euclidean" else terms


def search_error(search: Search, x: Array, distance: Array) -> Array:
    """[N, ·]: how far a distance that decides in scikit-learn may be from the right one, which is given.

    With an error n of its square, a distance d is moved by at most sqrt(n), and by at most 2 n / (d + sqrt(n)).
    """
    if search.is_product:
        length = np.sqrt(np.add.accumulate(x * x, axis=1)[:, -1:])
        farthest = length + distance  # from the origin, of a point at that distance
        noise = (length * length + farthest * farthest) * noise_factor(search.features)
        root = np.sqrt(noise)
        error = np.minimum(root, 2 * noise / (distance + root + TINY))
    else:
        error = (distance + search.extent) * _relative_error(search.features)
    if search.largest_whole:
        is_whole = ((np.floor(x) == x) & (np.abs(x) <= search.largest_whole)).all(axis=1, keepdims=True)
        error = np.where(is_whole, 0.0, error)
    if search.slack:
        error = error + search.slack * np.maximum(1, np.abs(x)).sum(axis=1, keepdims=True)
    return np.asarray(error)


def _relative_error(features: int) -> float:
    """Of a distance that is a sum over the columns, or its root."""
    return 2 * (features + 2) * EPS


def far_limit(gap: float, features: int) -> float:
    """The distance at which two points that differ by `gap` are exactly at the limit of a tie: twice the error."""
    return gap / (2 * _relative_error(features))


def lower_search_error(search: Search, x: Var, distance: Var) -> Var:
    """The same in the graph."""
    ones = const(np.ones((search.features, 1)))
    if search.is_product:
        length = op.sqrt(op.matmul(op.mul(x, x), ones))
        farthest = op.add(length, distance)
        squares = op.add(op.mul(length, length), op.mul(farthest, farthest))
        noise = op.mul(squares, const(noise_factor(search.features)))
        root = op.sqrt(noise)
        divisor = op.add(op.add(distance, root), const([[TINY]]))
        error = op.min([root, op.div(op.mul(noise, const(2.0)), divisor)])
    else:
        sides = op.add(distance, const([[search.extent]])) if search.extent else distance
        error = op.mul(sides, const(_relative_error(search.features)))
    if search.largest_whole:
        inside = op.less_or_equal(op.abs(x), const(search.largest_whole))
        is_whole = op.and_(op.equal(op.floor(x), x), inside)
        known = op.reduce_min(op.cast(is_whole, to=np.float64), const([1]), keepdims=1)
        error = op.where(op.greater(known, const(0.0)), const(0.0), error)
    if search.slack:
        moved = op.matmul(op.max([op.abs(x), const([[1.0]])]), ones)
        error = op.add(error, op.mul(moved, const(search.slack)))
    return error


def is_tie(distance: Array, last: Array, following: Array, error: Array, groups: Array) -> Array:
    """bool [N, 1]: rows of which it is uncertain which points are nearest, and not the same whichever they are.

    `last` and `following` [N, 1] are the distances of the last point that is chosen and of the next one, which is
    infinite where there is none; `error` [N, 1] is that of the last. Points of the same group may be exchanged.
    """
    width = 2 * error
    sure = following > last + width
    is_near = (distance >= last - width) & (distance <= last + width)
    highest = np.where(is_near, groups, -np.inf).max(axis=1, keepdims=True)
    lowest = np.where(is_near, groups, np.inf).min(axis=1, keepdims=True)
    return np.asarray(~(sure | (highest == lowest)))


def lower_is_tie(distance: Var, last: Var, following: Var, error: Var, groups: Array) -> Var:
    """The same in the graph."""
    width = op.add(error, error)
    high = op.add(last, width)
    sure = op.greater(following, high)
    if len(np.unique(groups)) == len(groups):  # no two may be exchanged
        return op.not_(sure)
    is_near = op.and_(op.greater_or_equal(distance, op.sub(last, width)), op.less_or_equal(distance, high))
    number = const(groups[None].astype(np.float64))
    highest = op.reduce_max(op.where(is_near, number, const(-np.inf)), const([1]), keepdims=1)
    lowest = op.reduce_min(op.where(is_near, number, const(np.inf)), const([1]), keepdims=1)
    return op.not_(op.or_(sure, op.equal(highest, lowest)))


def first(distance: Array, k: int) -> tuple[Array, Array, Array]:
    """The k least distances of each row [N, k], ascending; where they are; and the next one [N, 1], or infinity."""
    places = np.argsort(distance, axis=1, kind="stable")
    ordered = np.take_along_axis(distance, places, axis=1)
    beyond = ordered[:, k : k + 1] if distance.shape[1] > k else np.full((1, 1), np.inf)
    return ordered[:, :k], places[:, :k], beyond


def lower_first(distance: Var, k: int, count: int) -> tuple[Var, Var, Var]:
    """The same in the graph, of `count` points."""
    if count == k:
        ordered, places = op.top_k(distance, const([k]), axis=1, largest=0)
        return ordered, places, const([[np.inf]])
    ordered, places = op.top_k(distance, const([k + 1]), axis=1, largest=0)
    ends = (const([0]), const([k]), const([1]))
    return op.slice(ordered, *ends), op.slice(places, *ends), op.slice(ordered, const([k]), const([k + 1]), const([1]))
