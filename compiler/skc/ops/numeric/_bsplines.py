"""B-splines in the graph: the tables that a value needs, by the interval that it lies in, and the recursion over them.

In an interval that starts at knot l, only splines l - d to l of degree d are not 0. De Boor's recursion gives them from
the knots t_l-d+1 to t_l+d: from h, those of degree j - 1, with w_n = h_n / (t_l+n+1 - t_l+n+1-j), come those of degree
j as h_n = w_n-1 (x - t_l+n-j) + w_n (t_l+n+1 - x). (Carl de Boor, "A Practical Guide to Splines", 1978, chapter X.) The
operations and their order are SciPy's, so the bits are too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import count_edges
from skc.emit.opset import const, op
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var


@dataclass(frozen=True)
class Interval:
    """Of the values of an interval: the knot at which it starts, and the splines that may not be 0 there.

    `end` is 0 below the range and 1 above it, where the value and the slope at that end are continued.
    """

    start: int
    splines: range
    end: int | None = None


@dataclass(frozen=True)
class Curves:
    """The splines of one column. Interval i is that of the values that are not less than i of the `edges`.

    `width` is the number of splines; more of them, at the end, are those at the start. The first `kept` are computed.
    """

    knots: tuple[float, ...]
    degree: int
    width: int
    kept: int
    edges: tuple[float, ...]
    intervals: tuple[Interval, ...]

    @cached_property
    def windows(self) -> Array:
        """float64 [intervals, 2 degree]: the knots of the recursion."""
        around = range(1 - self.degree, self.degree + 1)
        return np.array([[self.knots[i.start + n] for n in around] for i in self.intervals])

    @cached_property
    def hits(self) -> Array:
        """bool [intervals, degree + 1, kept]: which values of the recursion belong to which spline."""
        belongs = np.zeros((len(self.intervals), self.degree + 1, self.kept), dtype=bool)
        for row, interval in enumerate(self.intervals):
            for n in range(self.degree + 1):
                spline = interval.start - self.degree + n
                if spline in interval.splines and spline % self.width < self.kept:
                    belongs[row, n, spline % self.width] = True
        return belongs

    def continued(self, slopes: Sequence[Sequence[float]]) -> Array:
        """float64 [intervals, kept]: beyond the range the slopes at its ends, given for every spline; 0 within it."""
        slopes_at = np.zeros((len(self.intervals), self.kept))
        for row, interval in enumerate(self.intervals):
            for spline in interval.splines if interval.end is not None else ():
                if spline < self.kept:
                    slopes_at[row, spline] = slopes[interval.end or 0][spline]
        return slopes_at


def unbounded(knots: tuple[float, ...], degree: int, width: int, kept: int) -> Curves:
    """Splines that go on as they are before the first and after the last knot of the range."""
    count = len(knots) - degree - 1
    intervals = (Interval(start, range(count)) for start in range(degree, count))
    return Curves(knots, degree, width, kept, knots[degree + 1 : count], tuple(intervals))


def at_zero(curves: Curves) -> Curves:
    """The splines of a column whose knots are all equal, which count every value as 0."""
    return replace(curves, edges=tuple(-math.inf if edge <= 0 else math.nan for edge in curves.edges))


def bounded(knots: tuple[float, ...], degree: int, kept: int, outside: int, tails: int) -> Curves:
    """Splines that are continued beyond a range by a constant or a line: `tails` of them at either end, others by 0.

    `outside` knots lie beyond the range at either end.
    """
    count = len(knots) - degree - 1
    inside = knots[outside : len(knots) - outside]
    starts = [degree + sum(knot <= x for knot in knots[degree + 1 : count]) for x in inside]
    low, high = Interval(starts[0], range(tails), 0), Interval(starts[-1], range(count - tails, count), 1)
    intervals = (low, *(Interval(start, range(count)) for start in starts), high)
    return Curves(knots, degree, count, kept, (*inside, math.nextafter(inside[-1], math.inf)), intervals)


class Tables:
    """The tables of several columns, each followed by a row of zeros, which is that of null."""

    def __init__(self, curves: Sequence[Curves]) -> None:
        self.curves, self.degree = curves, curves[0].degree
        self.rows = max(len(one.intervals) for one in curves) + 1

    def place(self, x: Var) -> Var:
        """int64 [N, K]: the row of each value."""
        edges = np.full((len(self.curves), self.rows), np.nan)
        for k, one in enumerate(self.curves):
            edges[k, : len(one.edges)] = one.edges
        place = op.where(op.isnan(x), const(self.rows - 1), count_edges(x, edges[:, : self.rows - 2], right=False))
        first = np.arange(len(self.curves), dtype=np.int64)[None] * self.rows
        return op.add(place, const(first)) if len(self.curves) > 1 else place

    def look_up(self, arrays: Sequence[Array], place: Var) -> Var:
        """The rows of the arrays of all columns: [N, K, ...]."""
        shape = arrays[0].shape[1:]
        padded = [np.concatenate([a, np.zeros((self.rows - len(a), *shape), a.dtype)]) for a in arrays]
        return op.gather(const(np.concatenate(padded)), place, axis=0)

    def splines(self, x: Var, place: Var) -> Var:
        """float64 [N, K, kept]: the splines at x."""
        if self.degree == 0:
            return self.look_up([one.hits[:, 0].astype(np.float64) for one in self.curves], place)
        values = op.concat([self._recursion(x, place), self._zero(place)], axis=2)
        parts = []
        for layer in range(max(int(one.hits.sum(axis=1).max()) for one in self.curves)):
            index = [_hit(one.hits, layer) for one in self.curves]
            null = [np.concatenate([a, np.full((self.rows - len(a), a.shape[1]), self.degree + 1)]) for a in index]
            parts.append(op.gather_elements(values, self.look_up(null, place), axis=2))
        return parts[0] if len(parts) == 1 else op.add(parts[0], parts[1])

    def _zero(self, place: Var) -> Var:
        """0.0 in [N, K, 1]; Expand would lose the static width."""
        return self.look_up([np.zeros((1, 1))] * len(self.curves), place)

    def _recursion(self, x: Var, place: Var) -> Var:
        """float64 [N, K, degree + 1]: the splines that are not 0 in the interval."""
        wide, degree = op.unsqueeze(x, const([2])), self.degree
        window = self.look_up([one.windows for one in self.curves], place)
        above_left = op.sub(wide, _slice(window, 0, degree))
        below_right = op.sub(_slice(window, degree, 2 * degree), wide)
        zero = self._zero(place)
        values = None
        for j in range(1, degree + 1):
            gaps = [one.windows[:, degree : degree + j] - one.windows[:, degree - j : degree] for one in self.curves]
            if values is None:  # 1 / gap, or 0
                weight = self.look_up([np.divide(1.0, g, out=np.zeros_like(g), where=g != 0) for g in gaps], place)
            else:
                weight = op.div(values, self.look_up([np.where(g == 0, math.inf, g) for g in gaps], place))
            left = op.mul(weight, _slice(above_left, degree - j, degree) if j < degree else above_left)
            right = op.mul(weight, _slice(below_right, 0, j) if j < degree else below_right)
            values = op.add(op.concat([right, zero], axis=2), op.concat([zero, left], axis=2))
        assert values is not None
        return values


def _slice(x: Var, start: int, stop: int) -> Var:
    return op.slice(x, const([start]), const([stop]), const([2]))


def _hit(hits: Array, layer: int) -> Array:
    """int64 [intervals, kept]: for each spline the number of the value that is its `layer`-th; one more for none."""
    degree = hits.shape[1] - 1
    nth = hits & (np.cumsum(hits, axis=1) == layer + 1)
    return np.asarray(np.where(nth.any(axis=1), nth.argmax(axis=1), degree + 1))
