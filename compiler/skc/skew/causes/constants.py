"""One value in place of all: 0, null, what a step imputes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from skc.skew.causes.before import places
from skc.skew.causes.column import Column, Compared
from skc.skew.causes.evidence import MOST_BITS, Guess, bits_of_numbers, close, shown
from skc_runtime.kinds import Array


def constant(case: Compared) -> Iterator[Guess]:
    """The same value in all rows that differ.

    First with a condition, if the rows are exactly those where a column is null: that is evidence by itself.
    """
    served = case.served
    first = int(np.flatnonzero(case.differs)[0])
    holds = _equal(served, first)
    value = None if served.missing[first] else served.values[first].item() if case.numbers else served.values[first]
    written = _written(value)
    named, parameters = _named(case, written, value) + _before(case, first), {"value": _json(value)}
    bits = _bits(case, holds, first)
    for column in (*case.context.columns, case.recomputed):
        if value is None and column is case.recomputed:
            continue
        place = "" if column is case.recomputed else f" (where {column.role} `{column.name}` is null)"
        for where in (column.missing, column.absent):
            if where.any() and not where.all() and where[case.differs].all() and holds[where].all():
                text = f"{'nothing' if value is None else named} in place of nulls{place}"
                of_nulls = {**parameters, "null": column.name}
                known = int(case.differs.sum()) * -math.log2(where.mean())  # that all of them are null
                yield Guess("constant", text, holds, bits, 1, of_nulls, partial=True, known_bits=known)
    yield Guess("constant", f"{named} in place of the value", holds, bits, 1, parameters, partial=True)


def sign_of_zero(case: Compared) -> Iterator[Guess]:
    """0.0 for -0.0, or the reverse."""
    if case.numbers is None:
        return
    served, recomputed = case.numbers
    zeros = (served == 0) & (recomputed == 0)
    # no number is near: a row of it is as good as one of a continuous column
    if zeros[case.differs].all():
        yield Guess("sign_of_zero", "zeros with another sign", zeros, MOST_BITS, partial=True)


def _equal(column: Column, row: int) -> Array:
    if column.missing[row]:
        return column.missing
    return np.asarray(~column.missing & (column.values == column.values[row]))


def _bits(case: Compared, holds: Array, first: int) -> float:
    """Noise that swaps two values gives the one that is rare; noise of many values gives one by its share."""
    recomputed, served = _pool(case.recomputed), _pool(case.served)
    share = float((recomputed == served[first]).mean())
    distinct = len(np.unique(recomputed))
    if _are_flags(case) or (distinct == 2 and share):
        swapped = -math.log2(1 - share) if share < 1 else 0.0
        return max(1.0, swapped) if holds.all() else swapped
    if not share:
        return bits_of_numbers(case) if case.is_whole else _bits_of_distance(case)
    return min(MOST_BITS, -math.log2(max(share, 1 / (distinct - 1))))


def _bits_of_distance(case: Compared) -> float:
    """The last bit of one number can be off by chance in every row, and in the same way; more cannot."""
    if case.numbers is None:
        return MOST_BITS
    served, recomputed = (values[case.differs] for values in case.numbers)
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        steps = np.abs(served - recomputed) / (case.precision * np.abs(recomputed))
    steps = steps[~np.isnan(steps)]
    return min(MOST_BITS, math.log2(1 + float(np.median(steps)))) if len(steps) else MOST_BITS


def _are_flags(case: Compared) -> bool:
    """Whether every number is 0 or 1, so that a wrong one can only be the other."""
    if case.numbers is None:
        return False
    return all(bool(np.isin(values[~np.isnan(values)], (0, 1)).all()) for values in case.numbers)


def _pool(column: Column) -> Array:
    """The values as comparable texts; null is its own."""
    return np.where(column.missing, "\0null", column.values.astype(str))


def _named(case: Compared, written: str, value: Any) -> str:
    for fill in case.context.fills:
        if value is not None and not isinstance(value, str) and not isinstance(fill.value, str):
            if close(case, np.array(float(fill.value)), np.array(float(value))):
                return f"{written}, the value of {fill.step},"
        elif value is not None and fill.value == value:
            return f"{written}, the value of {fill.step},"
    return written


def _before(case: Compared, row: int) -> str:
    """What the constant is in the column that the feature is made of, if a short number: ` (0 in input `fare`)`."""
    for place in places(case):
        inner = place.case(case)
        assert inner.numbers is not None
        assert inner.own is not None
        value, allowed = float(inner.numbers[0][row]), float(inner.own[2][row])
        for short in (0.0, float(f"{value:.3g}")):
            if abs(value - short) <= allowed:
                return f" ({shown(short)} in {place.column.role} `{place.column.name}`)"
    return ""


def _written(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, float):
        return shown(value)
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _json(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
