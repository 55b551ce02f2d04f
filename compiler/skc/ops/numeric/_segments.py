"""Piecewise linear functions in the graph, one for each column, through points in ascending order.

Between two points (x_0, y_0) and (x_1, y_1) the function is (y_1 - y_0) / (x_1 - x_0) (x - x_0) + y_0, in the order
of operations of `numpy.interp`, so the bits are its bits. Points with the same x make a jump.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import count_edges
from skc.emit.opset import const, op
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Points = Sequence[float]


class Segments:
    """The functions of several columns. Segment i holds the values that are not less than i of the points.

    Before the first point and after the last the slope is 0, but a value that is infinite there gives NaN. `clipped`:
    no value comes before the first point, so segment 0 does not exist.
    """

    def __init__(self, xs: Sequence[Points], ys: Sequence[Points], *, clipped: bool = False) -> None:
        self.xs = [np.asarray(x, dtype=np.float64) for x in xs]
        self.ys = [np.asarray(y, dtype=np.float64) for y in ys]
        self.start = int(clipped)
        self.rows = max(len(x) for x in xs) + 1 - self.start

    def place(self, x: Var) -> Var:
        """int64 [N, K]: the row of the tables for each value."""
        edges = np.full((len(self.xs), self.rows - 1), np.nan)
        for k, points in enumerate(self.xs):
            edges[k, : len(points) - self.start] = points[self.start :]
        place = count_edges(x, edges, right=False)
        first = np.arange(len(self.xs), dtype=np.int64)[None] * self.rows
        return op.add(place, const(first)) if len(self.xs) > 1 else place

    def rising(self, x: Var, place: Var) -> Var:
        """The function at x; where points are equal, its value behind them."""
        left, start = self._look_up(self._lefts, place), self._look_up(self._starts, place)
        return op.add(op.mul(self._look_up(self._slopes, place), op.sub(x, left)), start)

    def middle(self, x: Var, place: Var) -> Var:
        """The mean of the function and of that from right to left: where points are equal, the middle of the jump."""
        left, start, slope = (self._look_up(a, place) for a in (self._lefts, self._starts, self._slopes))
        rising = op.add(op.mul(slope, op.sub(x, left)), start)
        before = op.where(op.equal(x, left), self._look_up(self._before, place), place)
        right, end = self._look_up(self._rights, before), self._look_up(self._ends, before)
        falling = op.sub(op.mul(slope, op.sub(right, x)), end)
        return op.mul(op.sub(rising, falling), const([[0.5]]))

    @cached_property
    def _lefts(self) -> list[Array]:
        return [np.append(x[:1], x) for x in self.xs]

    @cached_property
    def _starts(self) -> list[Array]:
        return [np.append(y[:1], y) for y in self.ys]

    @cached_property
    def _rights(self) -> list[Array]:
        return [np.append(x, x[-1:]) for x in self.xs]

    @cached_property
    def _ends(self) -> list[Array]:
        return [np.append(y, y[-1:]) for y in self.ys]

    @cached_property
    def _slopes(self) -> list[Array]:
        """0 between equal points, where nothing lies."""
        slopes = []
        for x, y in zip(self.xs, self.ys, strict=True):
            gaps = np.diff(x)
            inner = np.divide(np.diff(y), gaps, out=np.zeros_like(gaps), where=gaps != 0)
            slopes.append(np.concatenate([[0.0], inner, [0.0]]))
        return slopes

    @cached_property
    def _before(self) -> list[Array]:
        """For a value that equals its left point: the row of the values just below it."""
        return [np.append([0], np.searchsorted(x, x, side="left")) + k * self.rows for k, x in enumerate(self.xs)]

    def _look_up(self, arrays: Sequence[Array], place: Var) -> Var:
        used = [a[self.start :] for a in arrays]
        padded = [np.concatenate([a, np.zeros(self.rows - len(a), a.dtype)]) for a in used]
        return op.gather(const(np.concatenate(padded)), place, axis=0)
