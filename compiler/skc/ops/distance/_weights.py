"""The weights of the nearest points in an average, one over their distances, and what rounding errors do to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from skc.emit.opset import const, op
from skc.ops.distance._metrics import EPS, Row
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Weights = Literal["uniform", "distance"]


@dataclass(frozen=True)
class Weighted:
    """Weights [N, k] and their sum [N, 1], and how far errors move an average.

    It is moved by at most `moves` @ |values - average| [N, k], where there are moves, and by `error` [N, 1] times the
    difference of the largest and the least value.
    """

    weights: Array
    total: Array
    error: Array
    moves: Array | None = None


@dataclass(frozen=True)
class LoweredWeights:
    """The same in the graph."""

    weights: Var
    total: Var
    error: Var
    moves: Var | None = None


def output_columns(
    result: str, points: Sequence[Row], targets: Sequence[Row], classes: tuple[str, ...], *, noise: bool
) -> tuple[str, ...]:
    """The names of what points near to a row say of it: one for each point, or for each class or target."""
    if result in ("connectivity", "distance"):
        return tuple(f"point{k}" for k in range(len(points)))
    columns = classes or tuple(f"y{k}" for k in range(len(targets[0])))
    return (*columns, *(f"noise{k}" for k in range(len(columns)))) if noise else columns


def inverse_weights(features: int, distance: Array, error: Array | None, groups: Array) -> Weighted:
    """One over the distance [N, k]; where that is infinite those points have the weight 1, and the others 0.

    `error` [N, k] is that of the distances; None if it is relative, so that a row at a point is at the distance 0.
    Where two points at the row itself differ in their `groups` [N, k], errors of their distances decide between them.

    An error e of the distance d of a point with the share s and the value v moves the average a by less than
    2 s |v - a| e / d: with e < d / 2 by the slope of s, and otherwise, where it is the only such point, because the
    others together have the share 1 - s.
    """
    with np.errstate(all="ignore"):
        inverse = 1 / distance
        at = np.isinf(inverse)
        is_at = at.any(axis=1, keepdims=True)
        weights = np.where(is_at, at, inverse)
        total = np.add.accumulate(weights, axis=1)[:, -1:]
        if error is None:
            return Weighted(weights, total, np.where(is_at, 0.0, 2 * (features + 4) * EPS))
        moves = np.where(is_at, 0.0, 2 * weights / total * error * inverse)
        own = np.where(at, error, 0.0).max(axis=1, keepdims=True)
        others = np.where(at, 0.0, inverse).sum(axis=1, keepdims=True) * own
    highest = np.where(at, groups, -np.inf).max(axis=1, keepdims=True)
    lowest = np.where(at, groups, np.inf).min(axis=1, keepdims=True)
    others = np.where((highest != lowest) & (own > 0), np.inf, others)
    return Weighted(weights, total, np.where(is_at, others, 0.0), moves)


def lower_inverse_weights(features: int, distance: Var, error: Var | None, groups: Var, k: int) -> LoweredWeights:
    """The same in the graph."""
    ones = const(np.ones((k, 1)))
    inverse = op.div(const([[1.0]]), distance)
    at = op.isinf(inverse)
    at_number = op.cast(at, to=np.float64)
    is_at = op.greater(op.reduce_max(at_number, const([1]), keepdims=1), const(0.0))
    weights = op.where(is_at, at_number, inverse)
    total = op.matmul(weights, ones)
    if error is None:
        relative = op.where(is_at, const([[0.0]]), const([[2 * (features + 4) * EPS]]))
        return LoweredWeights(weights, total, relative)
    moves = op.mul(op.mul(op.mul(op.div(weights, total), error), inverse), const([[2.0]]))
    moves = op.where(is_at, const(0.0), moves)
    own = op.reduce_max(op.where(at, error, const(0.0)), const([1]), keepdims=1)
    others = op.mul(op.matmul(op.where(at, const(0.0), inverse), ones), own)
    highest = op.reduce_max(op.where(at, groups, const(-np.inf)), const([1]), keepdims=1)
    lowest = op.reduce_min(op.where(at, groups, const(np.inf)), const([1]), keepdims=1)
    same = op.or_(op.equal(highest, lowest), op.less_or_equal(own, const(0.0)))
    others = op.where(same, others, const(np.inf))
    return LoweredWeights(weights, total, op.where(is_at, others, const([[0.0]])), moves)
