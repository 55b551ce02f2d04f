"""What is known of a column before any statistic is asked for, and the arithmetic that makes an answer of it."""

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
    """How many rows and values a column has, and its bounds; None for strings and where there is no value.

    `has_nul` says that a string contains a NUL. `counts` are those of all its values, where the summary had to count
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
        """There is an infinity among the values."""
        return any(isinstance(v, float) and math.isinf(v) for v in (self.low, self.high))


def neighbours(q: float, count: int) -> tuple[int, int]:
    """The 0-based places, in sorted order, of the two values between which a quantile lies."""
    low = math.floor((count - 1) * q)
    return low, min(low + 1, count - 1)


def interpolated(q: float, count: int, ordered: Mapping[int, float]) -> float:
    """Hyndman & Fan's type 7, between the neighbours of h = (n − 1)·q, in the operations of `numpy.quantile`."""
    low, high = neighbours(q, count)
    a, b, t = ordered[low], ordered[high], (count - 1) * q - low
    return a + t * (b - a) if t < 0.5 else b - (1 - t) * (b - a)
