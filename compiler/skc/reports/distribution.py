"""A distribution as a small picture: bars of a histogram over the bulk of the values, or of the categories.

The bars are drawn from the hundred quantiles of a profile: within a bin, values are taken to be spread evenly. Where a
column has few distinct values, its bins are these values, and every bar stands at one. The values below 1 % and above
99 % are in the first and the last bar, so that a single outlier does not squeeze all others into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from skc.profile.document import Categories, ColumnProfile, Numbers
from skc.values.types import Scalar
from skc.verification.shown import count, shown
from skc_runtime.kinds import DAY_US, KINDS, DType

BARS = 32
MOST_CATEGORIES = 6
FEW = 64  # distinct values, of which each is a bin


@dataclass(frozen=True)
class Bar:
    """`height` in per cent of the highest bar, or of all rows for a category; `label` says what it counts."""

    label: str
    height: float
    rows: int


@dataclass(frozen=True)
class Picture:
    """`bars` of a histogram from `low` to `high`, or of categories; `facts` in words."""

    is_histogram: bool
    bars: tuple[Bar, ...]
    low: str
    high: str
    facts: tuple[str, ...]


def picture(column: ColumnProfile, rows: int) -> Picture:
    """The picture of a column of a profile over that many rows."""
    present = rows - column.nulls
    facts = [count(column.distinct, "distinct value")]
    if column.numbers is None:
        bars = () if column.categories is None else _categories(column.categories, present)
        return Picture(False, bars, "", "", tuple(facts))
    numbers = column.numbers
    facts += _facts(numbers, column.dtype)
    heights = _spread(numbers, column.distinct)
    most = max(heights)
    low, high = float(numbers.edges[0]), float(numbers.edges[-1])
    width = (high - low) / len(heights)
    bars = tuple(
        Bar(
            f"{_text(low + k * width, column.dtype)} to {_text(low + (k + 1) * width, column.dtype)}: "
            f"about {round(height):,} rows",
            100 * height / most,
            round(height),
        )
        for k, height in enumerate(heights)
    )
    return Picture(
        True, bars, _text(numbers.edges[0], column.dtype), _text(numbers.edges[-1], column.dtype), tuple(facts)
    )


def _categories(categories: Categories, present: int) -> tuple[Bar, ...]:
    """The most frequent ones, and all others together."""
    first = categories.counts[:MOST_CATEGORIES]
    bars = [Bar(shown(value), 100 * n / present, n) for value, n in first]
    rest = present - sum(n for _, n in first)
    values = len(categories.counts) - len(first) + categories.other_values
    if rest:
        label = count(values, "other") if first else count(values, "value")
        bars.append(Bar(label, 100 * rest / present, rest))
    return tuple(bars)


def _spread(numbers: Numbers, distinct: int) -> list[float]:
    """How many values fall between the first and the last edge, in bars of the same width."""
    edges = [float(edge) for edge in numbers.edges]
    low, span = edges[0], edges[-1] - edges[0]
    if not span > 0 or span == float("inf"):
        return [float(sum(numbers.counts))]
    heights = [0.0] * BARS

    def place(value: float) -> float:
        return min(max((value - low) / span * BARS, 0.0), float(BARS))

    heights[0] += numbers.counts[0]
    heights[-1] += numbers.counts[-1]
    for (start, end), n in zip(pairwise(edges), numbers.counts[1:-1], strict=True):
        if distinct <= FEW:  # a value lies on the upper edge of its bin
            heights[min(int(place(end)), BARS - 1)] += n
            continue
        first, last = place(start), place(end)
        for k in range(int(first), min(int(last) + 1, BARS)):
            overlap = min(last, k + 1) - max(first, k)
            heights[k] += n * overlap / (last - first) if last > first else n
    return heights


def _facts(numbers: Numbers, dtype: DType) -> list[str]:
    facts = []
    if numbers.low is not None:
        facts.append(f"from {_text(numbers.low, dtype)} to {_text(numbers.high, dtype)}")
    facts.append(f"median {_text(numbers.edges[_middle(numbers.counts)], dtype)}")
    if numbers.mean is not None and not (KINDS[dtype].is_time or KINDS[dtype].is_clock):
        facts.append(f"mean {numbers.mean:.6g}, deviation {numbers.deviation:.6g}")
    if numbers.zeros:
        facts.append(count(numbers.zeros, "zero"))
    if any(numbers.infinite):
        facts.append(f"{numbers.infinite[0]:,} × −∞, {numbers.infinite[1]:,} × ∞")
    return facts


def _middle(counts: Sequence[int]) -> int:
    """The edge that half of the values are not above."""
    total, half = 0, sum(counts) / 2
    for k, n in enumerate(counts[:-1]):
        total += n
        if total >= half:
            return k
    return len(counts) - 2


def _text(value: Scalar | float, dtype: DType) -> str:
    """A value as people write it: a time or a date in ISO 8601, anything else with six digits."""
    tick = 1 if KINDS[dtype].is_clock else KINDS[dtype].tick_us
    if tick is None or value is None:
        return f"{value:,.6g}" if isinstance(value, float) else shown(value)
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=round(float(value)) * tick)
    if KINDS[dtype].is_clock:
        return moment.strftime("%H:%M:%S")
    return date.isoformat(moment) if tick == DAY_US else moment.strftime("%Y-%m-%d %H:%M")
