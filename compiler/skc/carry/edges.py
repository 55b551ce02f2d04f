"""Edges of a function of one number, carried back to its argument.

`f(x) <= t` is `x <= r` for a function that rises, with r the greatest float64 for which f gives at most t, found by
bisection over all float64. A function that falls is one of -x that rises: negating is exact.

Why values on either side of r are tried: rounding may make a function that rises fall by a last bit, and then it cannot
be looked through. It is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skc.diagnostics import SkcError, fail
from skc_runtime.kinds import Array

STEPS = 65  # halve all float64, infinities included
GRID = 4097
NEAR = (-1024, -64, -8, -3, -2, -1, 0, 1, 2, 3, 4, 9, 65, 1025)  # neighbours of an edge that are tried
LARGEST = 1.7976931348623157e308
Function = Callable[[Array], Array]  # of float64 [N], never NaN: NaN where a step refuses the value or makes it null


@dataclass(frozen=True)
class Edges:
    """`f(x) <= t` is `z <= at[i]` for the i-th t, where z is -x if `negated`, else x; float64 [E], ascending like t.

    It holds where f has a value.
    """

    at: Array
    negated: bool


class NotMonotoneError(Exception):
    """The function does not rise or fall throughout, or has no value somewhere in between."""


class AllAboveError(Exception):
    """The function is above an edge for every number, even for the least one, which nothing is below."""

    def __init__(self, edge: float) -> None:
        super().__init__(edge)
        self.edge = edge


def carried(function: Function, edges: Array) -> Edges:
    """The edges of the argument for ascending edges of a function. Raises NotMonotoneError and AllAboveError."""
    low, high = _domain(function)
    first, last = function(_floats(np.array([low, high])))
    negated = bool(first > last)
    if negated:
        low, high = -high - 1, -low - 1  # the ordinals of -x

    def is_left(x: Array) -> Array:
        return function(-x if negated else x) <= edges

    below, above = np.full(len(edges), low - 1), np.full(len(edges), high)  # the answer is one of these or between
    for _ in range(STEPS):
        middle = (below | above) - ((below ^ above) >> 1)  # their mean, rounded up, which does not overflow
        is_open, passes = below < above, is_left(_floats(np.maximum(middle, low)))
        below, above = np.where(is_open & passes, middle, below), np.where(is_open & ~passes, middle - 1, above)
    if low == _ordinal(-math.inf) and (below < low).any():
        raise AllAboveError(float(edges[below < low][-1]))
    at = _floats(below)
    at = np.where(at == 0, 0.0, at)
    for distance in NEAR:
        x = _floats(np.clip(below + distance, low, high))
        if (is_left(x) != (x <= at)).any():
            raise NotMonotoneError
    return Edges(at, negated)


def between(edges: Array, at: Array, value: float) -> float | None:
    """An argument that compares with `at` as the value does with `edges`, both ascending. None if there is none."""
    passed = int(np.searchsorted(edges, value, side="left"))
    argument = math.nextafter(at[passed - 1], math.inf) if passed else -math.inf
    is_above = passed == 0 or argument > at[passed - 1]
    return argument if is_above and (passed == len(at) or argument <= at[passed]) else None


def _domain(function: Function) -> tuple[int, int]:
    """The ordinals of the least and the greatest number that has a result; those between must have one."""
    ends = [-math.inf, -LARGEST, LARGEST, math.inf]
    inner = np.linspace(_ordinal(-LARGEST), _ordinal(LARGEST), GRID)[1:-1].astype(np.int64)
    grid = np.unique(np.concatenate([inner, [_ordinal(end) for end in ends]]))
    values = function(_floats(grid))
    served = np.flatnonzero(~np.isnan(values))
    if not len(served) or len(served) != served[-1] - served[0] + 1:
        raise NotMonotoneError
    with np.errstate(invalid="ignore"):  # of one infinity and the next
        steps = np.diff(values[served])
    if (steps < 0).any() and (steps > 0).any():
        raise NotMonotoneError
    low, high = int(grid[served[0]]), int(grid[served[-1]])
    if served[0] > 0:
        low = _end(function, low, int(grid[served[0] - 1]))
    if served[-1] < len(grid) - 1:
        high = _end(function, high, int(grid[served[-1] + 1]))
    return low, high


def _end(function: Function, served: int, refused: int) -> int:
    """The last ordinal with a result on the way to one without."""
    while abs(refused - served) > 1:
        middle = (served + refused) // 2
        is_served = not np.isnan(function(_floats(np.array([middle])))[0])
        served, refused = (middle, refused) if is_served else (served, middle)
    return served


def refusal(op: str, name: str, hint: str | None) -> SkcError:
    """That a step decides on a column that is neither exact nor monotone in an exact one."""
    return fail(
        "SKC121",
        f"`{op}` decides on `{name}`, whose last bits differ between machines (it follows a log, exp or sine), and "
        "which does not rise or fall throughout with one exact column",
        hint=hint or f"put `{op}` before the step that is not exact, or remove one of the two",
    )


def all_above(op: str, name: str, edge: float) -> SkcError:
    """That an edge has no value below it."""
    return fail(
        "SKC121",
        f"`{op}` compares `{name}` with an edge near {edge!r}, and no number gives a value below it",
        hint=f"remove the edge: every value of `{name}` is above it",
    )


def _floats(ordinals: Array) -> Array:
    """The float64 of each ordinal: they are counted from 0.0, which is 0; -0.0 is -1."""
    bits = np.where(ordinals >= 0, ordinals, (-ordinals - 1) | np.int64(-(2**63)))
    return np.asarray(bits.astype(np.int64).view(np.float64))


def _ordinal(value: float) -> int:
    bits = int(np.float64(abs(value)).view(np.int64))
    return bits if value > 0 else -bits - 1
