"""The weights of the nearest points in an average, one over their distances, and what rounding errors do to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from skc.emit.opset import const, op
from skc.ops.distance._metrics import EPS
from skc.ops.distance._search import Search, lower_search_error, search_error
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Weights = Literal["uniform", "distance"]


@dataclass(frozen=True)
class Weighted:
    """Weights [N, k], their sum [N, 1], and how far they may move an average of numbers from 0 to 1 [N, 1]."""

    weights: Array
    total: Array
    error: Array


@dataclass(frozen=True)
class LoweredWeights:
    """The same in the graph."""

    weights: Var
    total: Var
    error: Var


def inverse_weights(search: Search, x: Array, distance: Array, groups: Array) -> Weighted:
    """One over the distance [N, k]; where that is infinite those points have the weight 1, and the others 0.

    `groups` [N, k]: where two points at the row itself differ in it, an error of their distances decides between them.

    The share s of a point whose distance d may be off by e changes by less than 2 s (1 - s) e / d: with e < d / 2 by
    the slope of s, and otherwise, where it is the only one, because the others together have less than 1 - s.
    """
    with np.errstate(all="ignore"):
        inverse = 1 / distance
        at = np.isinf(inverse)
        is_at = at.any(axis=1, keepdims=True)
        weights = np.where(is_at, at, inverse)
        total = np.add.accumulate(weights, axis=1)[:, -1:]
        if search.sees_zero:
            relative = 2 * (search.features + 4) * EPS
            return Weighted(weights, total, np.where(is_at, 0.0, relative))
        error = search_error(search, x, distance)
        share = weights / total
        between = 2 * (share * (1 - share) * error * inverse).sum(axis=1, keepdims=True)
        own = search_error(search, x, np.zeros((1, 1)))
        others = np.where(at, 0.0, inverse).sum(axis=1, keepdims=True) * own
    highest = np.where(at, groups, -np.inf).max(axis=1, keepdims=True)
    lowest = np.where(at, groups, np.inf).min(axis=1, keepdims=True)
    others = np.where((highest != lowest) & (own > 0), np.inf, others)
    return Weighted(weights, total, np.where(is_at, others, between))


def lower_inverse_weights(search: Search, x: Var, distance: Var, groups: Var, k: int) -> LoweredWeights:
    """The same in the graph."""
    ones = const(np.ones((k, 1)))
    inverse = op.div(const([[1.0]]), distance)
    at = op.isinf(inverse)
    at_number = op.cast(at, to=np.float64)
    is_at = op.greater(op.reduce_max(at_number, const([1]), keepdims=1), const(0.0))
    weights = op.where(is_at, at_number, inverse)
    total = op.matmul(weights, ones)
    if search.sees_zero:
        relative = op.where(is_at, const([[0.0]]), const([[2 * (search.features + 4) * EPS]]))
        return LoweredWeights(weights, total, relative)
    error = lower_search_error(search, x, distance)
    share = op.div(weights, total)
    apart = op.mul(share, op.sub(const([[1.0]]), share))
    between = op.matmul(op.mul(op.mul(apart, error), inverse), const(np.full((k, 1), 2.0)))
    own = lower_search_error(search, x, const([[0.0]]))
    others = op.mul(op.matmul(op.where(at, const(0.0), inverse), ones), own)
    highest = op.reduce_max(op.where(at, groups, const(-np.inf)), const([1]), keepdims=1)
    lowest = op.reduce_min(op.where(at, groups, const(np.inf)), const([1]), keepdims=1)
    same = op.or_(op.equal(highest, lowest), op.less_or_equal(own, const(0.0)))
    others = op.where(same, others, const(np.inf))
    return LoweredWeights(weights, total, op.where(is_at, others, between))
