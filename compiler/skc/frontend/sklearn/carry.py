"""Decisions on a value that is not exact, carried back to the exact value that it was computed from.

Why: two implementations of a logarithm differ in the last bit, and trees put their thresholds on training values, so
rows lie on them: after `log1p` 0.3 % of rows get another prediction, after a power transform 7 %. But such a step
treats each column alone and is monotone. So `f(x) <= t` is `x <= r` with r the greatest float64 for which f gives at
most t, which is found by bisection over the float64 with the reference of the steps. The graph compares x with r.

Why values on either side of r are tried: a function that is not monotone there cannot be looked through. It is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from skc.diagnostics import SkcError, fail
from skc.op import AnyOp
from skc.translation import Carry
from skc.values.types import Block
from skc_runtime.kinds import Array

STEPS = 64  # halve all float64
GRID = 4097
NEAR = (-1024, -64, -8, -3, -2, -1, 0, 1, 2, 3, 4, 9, 65, 1025)  # neighbours of an edge that are tried
LARGEST = 1.7976931348623157e308
Function = Callable[[Array], Array]  # NaN where a step refuses the value


@dataclass(frozen=True)
class Link:
    """A step that makes one column of one other: output column `index` of `op`."""

    op: AnyOp
    params: Any
    state: Any
    index: int

    def __call__(self, x: Array) -> Array:
        """float64 [N]: null and what a guard refuses are NaN."""
        with np.errstate(all="ignore"):
            block = self.op.apply(self.params, self.state, Block("float64", x[:, None]))
        values = block.values[:, self.index].astype(np.float64)
        for guard in block.guards:
            values = np.where(guard.mask.any(axis=1), np.nan, values)
        return values


def link(
    op: AnyOp, params: Any, state: Any, columns: Sequence[Any], groups: Sequence[Sequence[str]], k: int
) -> tuple[Link, int] | None:
    """The step as a function of the one input column that its output column k depends on; None if of several."""
    if op.is_columnwise(params):
        owners = [j for j, group in enumerate(groups) for _ in group]
        j = owners[k]
        alone = replace(state, **{f.name: (getattr(state, f.name)[j],) for f in fields(state)})
        return Link(op, params, alone, k - owners.index(j)), j
    return (Link(op, params, state, k), 0) if len(columns) == 1 else None


def composed(links: Sequence[Link]) -> Function:
    """The steps one after the other."""

    def function(x: Array) -> Array:
        for step in links:
            x = step(x)
        return x

    return function


def carried(function: Function, edges: Array, nullable: bool, name: str) -> Carry:
    """What comparisons with the edges become. Raises SKC121 where the function is not monotone near them."""
    low, high = _domain(function, name)
    ends = function(_floats(np.array([low, high])))
    falls = bool(ends[0] > ends[1])

    def is_left(x: Array, edge: Array) -> Array:
        return function(x) > edge if falls else function(x) <= edge

    below, above = np.full(len(edges), low - 1), np.full(len(edges), high)  # the answer is one of these or between
    for _ in range(STEPS):
        middle = (below | above) - ((below ^ above) >> 1)  # their mean, rounded up, which does not overflow
        is_open, passes = below < above, is_left(_floats(middle), edges)
        below, above = np.where(is_open & passes, middle, below), np.where(is_open & ~passes, middle - 1, above)
    carried_to = np.where(below < low, -np.inf, _floats(np.maximum(below, low)))
    carried_to = np.where(below == high, np.inf, np.where(carried_to == 0, 0.0, carried_to))
    _check(is_left, edges, below, carried_to, (low, high), name)
    null = float(function(np.array([np.nan]))[0])
    if nullable and not math.isnan(null) and (low, high) != (_ordinals(-LARGEST), _ordinals(LARGEST)):
        raise _refusal(name)  # a null has a value, and some values become null
    by_edge = dict(zip(edges.tolist(), carried_to.tolist(), strict=True))
    return Carry(by_edge, falls, null if nullable and not math.isnan(null) else None)


def _domain(function: Function, name: str) -> tuple[int, int]:
    """The ordinals of the least and the greatest number that has a result; those between must have one."""
    grid = np.unique(np.linspace(_ordinals(-LARGEST), _ordinals(LARGEST), GRID).astype(np.int64))
    grid[0], grid[-1] = _ordinals(-LARGEST), _ordinals(LARGEST)
    values = function(_floats(grid))
    served = np.flatnonzero(~np.isnan(values))
    if not len(served) or len(served) != served[-1] - served[0] + 1:
        raise _refusal(name)
    with np.errstate(invalid="ignore"):  # of one infinity and the next
        steps = np.diff(values[served])
    if (steps < 0).any() and (steps > 0).any():
        raise _refusal(name)
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


def _check(
    is_left: Callable[[Array, Array], Array], edges: Array, at: Array, edge_at: Array, ends: tuple[int, int], name: str
) -> None:
    for distance in NEAR:
        x = _floats(np.clip(at + distance, *ends))
        if (is_left(x, edges) != (x <= edge_at)).any():
            raise _refusal(name)


def _refusal(name: str) -> SkcError:
    return fail(
        "SKC121",
        f"a tree decides on `{name}`: its last bits differ between machines, and it does not rise or fall throughout",
        hint="fit the model on the column as it is: a tree needs no scaling",
    )


def _floats(ordinals: Array) -> Array:
    """The float64 of each ordinal: they are counted from 0.0, which is 0; -0.0 is -1."""
    bits = np.where(ordinals >= 0, ordinals, (-ordinals - 1) | np.int64(-(2**63)))
    return np.asarray(bits.astype(np.int64).view(np.float64))


def _ordinals(value: float) -> int:
    bits = int(np.float64(abs(value)).view(np.int64))
    return bits if value > 0 else -bits - 1
