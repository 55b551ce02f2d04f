"""The scores of classes with the bounds of their errors, and by how much the best is better than the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from skc.emit.blocks import take_columns
from skc.emit.opset import const, op
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Noise = Literal["columns", "relative", "none"]
RELATIVE = 1e-10


def score_width(noise: Noise, width: int) -> int:
    """How many of so many columns are scores."""
    return width // 2 if noise == "columns" else width


def noise_of(noise: Noise, values: Array, width: int) -> Array:
    """[N, width]: a bound of the error of each of the first `width` columns."""
    if noise == "columns":
        return values[:, width:]
    scores = values[:, :width]
    return np.asarray(RELATIVE * np.maximum(1.0, np.abs(scores))) if noise == "relative" else np.zeros_like(scores)


def lower_noise_of(noise: Noise, values: Var, width: int) -> Var:
    """The same in the graph, where there is one."""
    if noise == "columns":
        return take_columns(values, width, 2 * width)
    return op.mul(op.max([op.abs(values), const([[1.0]])]), const(RELATIVE))


def best_by(scores: Array, noise: Array, place: Array) -> tuple[Array, Array]:
    """By how much the score at `place` [N, 1] is higher than each, and the error of that difference."""
    best, error = np.take_along_axis(scores, place, axis=1), np.take_along_axis(noise, place, axis=1)
    return best - scores, error + noise


def lower_best_by(scores: Var, noise: Var, place: Var) -> tuple[Var, Var]:
    """The same in the graph."""
    best, error = op.gather_elements(scores, place, axis=1), op.gather_elements(noise, place, axis=1)
    return op.sub(best, scores), op.add(error, noise)


def lower_refused(is_sure: Var, place: Var, width: int) -> Var:
    """bool [N, 1]: rows in which a class other than the one at `place` is not sure."""
    own = op.equal(place, const([list(range(width))]))
    sure = op.cast(op.or_(own, is_sure), to=np.float64)
    return op.equal(op.reduce_min(sure, const([1]), keepdims=1), const(0.0))


def refused(is_sure: Array, place: Array) -> Array:
    """The same in NumPy."""
    return np.asarray(~(is_sure | (place == np.arange(is_sure.shape[1]))).all(axis=1, keepdims=True))
