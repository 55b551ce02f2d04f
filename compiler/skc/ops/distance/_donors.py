"""Distances between rows and training rows of which either may have nulls, and their errors in scikit-learn.

scikit-learn puts 0 for a null, computes x·x + y·y - 2 x·y, and then subtracts the squares of the columns in which
either is null: so all squares count for the error, twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import take_columns
from skc.emit.opset import const, op
from skc.ops.distance._metrics import noise_factor
from skc.ops.distance._search import TINY, Search
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var


def largest_stretch(features: int) -> float:
    """4 K: a squared distance is at most K times the sum of (x - p)^2, which is at most 2 x^2 + 2 p^2."""
    return 4.0 * features


@dataclass(frozen=True)
class Donors:
    """Training rows [M, K], with 0 for a null, and where they have none (1.0, else 0.0)."""

    points: Array
    present: Array
    slack: float

    @property
    def features(self) -> int:
        return int(self.points.shape[1])

    @property
    def factor(self) -> float:
        """The relative error of a sum of squares."""
        return 2 * noise_factor(self.features)

    @cached_property
    def largest_whole(self) -> float:
        """See `Search`."""
        return Search(self.points, "euclidean", "brute", self.slack).largest_whole

    @cached_property
    def squares(self) -> Array:
        """[M]: the square of the length of each row."""
        return np.asarray(np.add.accumulate(self.points * self.points, axis=1)[:, -1])


def nan_distances(donors: Donors, x: Array) -> tuple[Array, Array]:
    """[N, M], twice: distances, infinite where the rows share no column, and their errors, which are then 0."""
    missing, points = np.isnan(x), np.where(donors.present > 0, donors.points, np.nan)
    total = np.zeros((len(x), len(points)))
    for k in range(donors.features):
        square = (x[:, k : k + 1] - points[:, k]) ** 2
        total = total + np.where(np.isnan(square), 0.0, square)
    count = (~missing).astype(float) @ donors.present.T
    some, count = count > 0, np.maximum(count, 1)
    distance = np.where(some, np.sqrt(total / count * donors.features), np.inf)
    filled = np.where(missing, 0.0, x)
    squares = np.add.accumulate(filled * filled, axis=1)[:, -1:] + donors.squares
    noise = squares / count * (donors.factor * donors.features)
    root = np.sqrt(noise)
    error = np.minimum(root, 2 * noise / (distance + root + TINY))
    if donors.largest_whole:
        is_whole = ((np.floor(filled) == filled) & (np.abs(filled) <= donors.largest_whole)).all(axis=1, keepdims=True)
        error = np.where(is_whole, 0.0, error)
    if donors.slack:
        error = error + donors.slack * donors.features * np.maximum(1, np.abs(filled)).sum(axis=1, keepdims=True)
    return distance, np.where(some, error, 0.0)


def lower_nan_distances(donors: Donors, x: Var) -> tuple[Var, Var]:
    """The same in the graph."""
    missing = op.isnan(x)
    total = _lower_squares(donors, x)
    known = op.cast(op.not_(missing), to=np.float64)
    count = op.matmul(known, const(donors.present.T))
    none = op.equal(count, const(0.0))
    count = op.where(none, const(1.0), count)
    width = const([[float(donors.features)]])
    distance = op.where(none, const(np.inf), op.sqrt(op.mul(op.div(total, count), width)))
    filled, ones = op.where(missing, const(0.0), x), const(np.ones((donors.features, 1)))
    squares = op.add(op.matmul(op.mul(filled, filled), ones), const(donors.squares[None]))
    noise = op.mul(op.div(squares, count), const([[donors.factor * donors.features]]))
    root = op.sqrt(noise)
    divisor = op.add(op.add(distance, root), const([[TINY]]))
    error = op.min([root, op.div(op.mul(noise, const([[2.0]])), divisor)])
    if donors.largest_whole:
        inside = op.less_or_equal(op.abs(filled), const(donors.largest_whole))
        is_whole = op.cast(op.and_(op.equal(op.floor(filled), filled), inside), to=np.float64)
        whole = op.greater(op.reduce_min(is_whole, const([1]), keepdims=1), const(0.0))
        error = op.where(whole, const(0.0), error)
    if donors.slack:
        sizes = op.matmul(op.max([op.abs(filled), const([[1.0]])]), ones)
        error = op.add(error, op.mul(sizes, const([[donors.slack * donors.features]])))
    return distance, op.where(none, const(0.0), error)


def _lower_squares(donors: Donors, x: Var) -> Var:
    """[N, M]: the sum of squared differences, of columns in which neither is null."""
    total = None
    points = np.where(donors.present > 0, donors.points, np.nan)
    for k, feature in enumerate(points.T):
        difference = op.sub(x if donors.features == 1 else take_columns(x, k, k + 1), const(feature[None]))
        square = op.mul(difference, difference)
        term = op.where(op.isnan(square), const(0.0), square)
        total = term if total is None else op.add(total, term)
    assert total is not None  # a row has a column
    return total
