"""What went wrong before the last steps: a unit, rounding or a constant, in an input or the value of an earlier step.

How: if the recomputed feature is a·f(v) + b of a column v in all rows, with f one of a few functions that steps are
made of, then a served feature says what v the service had. The other hypotheses are tried on that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from skc.skew.causes.column import Column, Compared
from skc.skew.causes.evidence import Guess, close, near
from skc.skew.causes.precision import decimals
from skc.skew.causes.scale import unit
from skc_runtime.kinds import Array

LEAST_ROWS = 6  # that show that a feature is made of a column


@dataclass(frozen=True)
class _Function:
    """With its inverse, and the derivative of that."""

    forward: Callable[[Array], Array]
    inverse: Callable[[Array], Array]
    slope: Callable[[Array], Array]


_FUNCTIONS = (
    _Function(lambda v: v, lambda x: x, np.ones_like),
    _Function(np.log1p, np.expm1, np.exp),
    _Function(np.log, np.exp, np.exp),
    _Function(np.sqrt, np.square, lambda x: 2 * np.abs(x)),
)


@dataclass(frozen=True)
class Before:
    """A column that a feature is made of, and the columns of it as the service must have had it, and as it was."""

    column: Column
    function: _Function
    a: float
    b: float
    size: float  # of the greatest recomputed value
    known: Array  # bool [N]: the rows that have a value to be made of

    def case(self, case: Compared) -> Compared:
        """The comparison of that column."""
        assert case.numbers is not None
        served, recomputed = (self._inverse(values) for values in case.numbers)
        x = (case.numbers[0] - self.b) / self.a
        with np.errstate(over="ignore", invalid="ignore"):
            error = 2 * case.precision * (np.abs(case.numbers[0]) + abs(self.b) + self.size) / abs(self.a)
            allowed = error * self.function.slope(x)
        return replace(case, own=(served, recomputed, np.where(np.isfinite(allowed), allowed, 0.0)))

    def _inverse(self, values: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.asarray(self.function.inverse((values - self.b) / self.a))


def before(case: Compared) -> Iterator[Guess]:
    """A unit or fewer decimals of a column that the feature is made of."""
    if case.numbers is None:
        return
    for place in places(case):
        inner = place.case(case)
        same = ~place.known & near(case, case.numbers[1])  # nothing to change, as where it is imputed
        for hypothesis in (unit, decimals):
            for guess in hypothesis(inner):
                text = f"{guess.text} (in {place.column.role} `{place.column.name}`)"
                parameters = {**guess.parameters, "in": place.column.name}
                yield replace(guess, text=text, parameters=parameters, holds=guess.holds | same)


def places(case: Compared) -> Iterator[Before]:
    """The columns that a feature is made of: inputs first, then steps; none that has the values of one before."""
    if case.numbers is None or case.own is not None:
        return
    seen: list[Array] = []
    for role in ("input", "step"):
        for column in case.context.columns:
            numbers = column.numbers
            if column.role != role or numbers is None or column.kind == "bool":
                continue
            if any(np.array_equal(numbers, other, equal_nan=True) for other in seen):
                continue
            place = _place(case, column, numbers)
            if place is not None:
                seen.append(numbers)
                yield place


def _place(case: Compared, column: Column, numbers: Array) -> Before | None:
    assert case.numbers is not None
    recomputed = case.numbers[1]
    usable = np.flatnonzero(np.isfinite(numbers) & np.isfinite(recomputed))
    v, y = numbers[usable], recomputed[usable]
    if len(np.unique(v)) < LEAST_ROWS or len(np.unique(y)) < LEAST_ROWS:
        return None
    for function in _FUNCTIONS:
        with np.errstate(invalid="ignore", divide="ignore"):
            x = function.forward(numbers)
        known = np.isfinite(x) & np.isfinite(recomputed)  # the logarithm of -1 is none: it stands for a null
        x, y, v = x[known], recomputed[known], numbers[known]
        if len(np.unique(x)) < LEAST_ROWS or 2 * len(x) < len(usable):
            continue
        size = float(np.abs(y).max())
        low, high = int(np.argmin(x)), int(np.argmax(x))
        a = float((y[high] - y[low]) / (x[high] - x[low]))
        b = float(y[low] - a * x[low])
        if a and close(case, y, a * x + b, abs(b) + size).all():
            return None if close(case, y, v).all() else Before(column, function, a, b, size, known)
    return None
