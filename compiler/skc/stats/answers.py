"""The summary of a column that is known before any statistic is requested, and the arithmetic of quantiles."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skc.stats.requests import Stat
from skc.stats.value_counts import Counted

Answers = dict[Stat, Any]


@dataclass(frozen=True)
class Summary:
    """The number of rows and values of a column, and its bounds: None for strings, and if there is no value.

    `has_nul`: a string contains a NUL. `counts` has all distinct values with their counts, if the summary had to count
    them.
    """

    rows: int
    count: int
    low: Any = None
    high: Any = None
    has_nul: bool = False
    counts: Counted | None = None

    @property
    def nulls(self) -> int:
        return self.rows - self.count

    @property
    def infinite(self) -> bool:
        """Whether the values include an infinity."""
        return any(isinstance(v, float) and math.isinf(v) for v in (self.low, self.high))


def neighbours(q: float, count: int) -> tuple[int, int]:
    """The 0-based indices, in sorted order, of the two values that enclose a quantile."""
    low = math.floor((count - 1) * q)
    return low, min(low + 1, count - 1)


def interpolated(q: float, count: int, ordered: Mapping[int, float]) -> float:
    """Hyndman & Fan's type 7, between the neighbours of h = (n − 1)·q, in the same operations as `numpy.quantile`."""
    low, high = neighbours(q, count)
    a, b, t = ordered[low], ordered[high], (count - 1) * q - low
    return a + t * (b - a) if t < 0.5 else b - (1 - t) * (b - a)
