"""Every statistic of `skc.stats.requests`, computed the slow and obvious way with exact fractions.

The engine is compared with this; tests of ops are fitted by it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from operator import mul
from typing import Any

from skc.diagnostics import fail
from skc.stats.requests import (
    ByTarget,
    ColumnStats,
    Count,
    Covariance,
    Grouped,
    Joint,
    Levels,
    Max,
    Mean,
    Min,
    Moments,
    NullCount,
    Quantiles,
    Stat,
    ValueCounts,
    Variance,
)
from skc.values.types import Scalar


def block_stats(
    columns: Sequence[Sequence[Scalar]], requests: Sequence[Stat], target: Sequence[Scalar] | None = None
) -> list[ColumnStats]:
    """The answers for every column of a block, those about several columns, or the target, too."""
    alone = [request for request in requests if not isinstance(request, Covariance | ByTarget)]
    found = [dict(column_stats(values, alone)) for values in columns]
    for request in requests:
        if isinstance(request, ByTarget):
            assert target is not None
            for k, values in enumerate(columns):
                if k != request.fold:
                    found[k][request] = grouped(values, columns[request.fold], target, request)
        if isinstance(request, Covariance):
            places = range(len(columns)) if request.columns is None else request.columns
            for k, joint in zip(places, _joints([columns[k] for k in places]), strict=True):
                found[k][request] = joint
    return list(found)


def grouped(values: Sequence[Scalar], folds: Sequence[Scalar], target: Sequence[Any], request: ByTarget) -> Grouped:
    """By the definition, with fractions; `scale` is the least that makes all sums whole."""
    as_classes = isinstance(target[0], str | bool) if request.as_classes is None else request.as_classes
    classes: tuple[Any, ...] = tuple(sorted({*target})) if as_classes else ()
    numbers = [tuple(int(t == c) for c in classes) if classes else (Fraction(float(t)),) for t in target]
    scale = max((Fraction(n).denominator.bit_length() - 1 for row in numbers for n in row), default=0)
    rows: dict[Any, list[tuple[Any, ...]]] = {}
    for value, fold, row in zip(values, folds, numbers, strict=True):
        is_null = value is None or value != value
        rows.setdefault((None if is_null else value, fold), []).append(tuple(n * 2**scale for n in row))
    moments = {
        place: tuple(Moments(len(of), int(sum(of)), int(sum(n * n for n in of))) for of in zip(*members, strict=True))
        for place, members in rows.items()
    }
    return Grouped(classes, moments, scale)


def _joints(columns: Sequence[Sequence[Any]]) -> list[Joint | None]:
    complete = [row for row in zip(*columns, strict=True) if all(v is not None and v == v for v in row)]
    if not complete:
        return [None] * len(columns)
    present = list(zip(*complete, strict=True))
    means = [_mean([Fraction(v) for v in values]) for values in present]
    away = [[Fraction(float(v) - mean) for v in values] for values, mean in zip(present, means, strict=True)]
    rows = [tuple(float(sum(map(mul, one, other)) / len(complete)) for other in away) for one in away]
    return [Joint(len(complete), mean, row) for mean, row in zip(means, rows, strict=True)]


def column_stats(values: Sequence[Scalar], requests: Sequence[Stat]) -> ColumnStats:
    """The answers for one column; None and NaN are null."""
    present = [0.0 if v == 0 and isinstance(v, float) else v for v in values if v is not None and v == v]
    return {request: _answer(request, present, len(values)) for request in requests}


def _answer(request: Stat, present: list[Any], rows: int) -> Any:
    match request:
        case Count():
            return len(present)
        case NullCount():
            return rows - len(present)
        case Levels():  # nothing but what is seen is known of the values themselves
            return None
        case ValueCounts(min_count, limit):
            counted = [(v, n) for v, n in Counter(present).items() if n >= min_count]
            counted.sort(key=lambda item: (-item[1], _order(item[0])))
            return tuple(counted[:limit])
    if any(isinstance(v, float) and math.isinf(v) for v in present):
        raise fail("SKC211", "a column holds an infinite value")
    if not present:
        return None
    match request:
        case Min():
            return min(present)
        case Max():
            return max(present)
        case Mean():
            return _mean(present)
        case Variance():
            mean = _mean(present)
            return float(sum(map(Fraction, _squares(present, mean))) / len(present))
        case Quantiles(q):
            return tuple(_quantile(sorted(present), one) for one in q)
    raise AssertionError(request)


def _order(value: Any) -> Any:
    return value.encode() if isinstance(value, str) else value


def _mean(present: list[Any]) -> float:
    return float(sum(Fraction(v) for v in present) / len(present))


def _squares(present: list[Any], mean: float) -> list[float]:
    """Each (x - mean)^2 by one multiplication: `** 2` goes through pow, which is not always correctly rounded."""
    away = [float(v) - mean for v in present]
    return [d * d for d in away]


def _quantile(ordered: list[Any], q: float) -> float:
    h = (len(ordered) - 1) * q
    low = math.floor(h)
    high = min(low + 1, len(ordered) - 1)
    a, b, t = float(ordered[low]), float(ordered[high]), h - low
    return a + t * (b - a) if t < 0.5 else b - (1 - t) * (b - a)
