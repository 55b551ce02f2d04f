"""Times that are off by hours or days, and hours of a day in another time zone."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from skc.skew.causes.column import Compared
from skc.skew.causes.evidence import MOST_BITS, Guess
from skc_runtime.kinds import DAY_US, KINDS

HOUR_US = DAY_US // 24


def earlier(case: Compared) -> Iterator[Guess]:
    """A time, date or time of day that is off by the same in every row."""
    kind = KINDS[case.recomputed.kind]
    tick = kind.tick_us or (1 if kind.is_clock else None)
    if tick is None or case.served.values.dtype != np.int64:
        return
    present = ~case.served.missing & ~case.recomputed.missing
    if not present[case.differs].all():
        return
    off = (case.served.values - case.recomputed.values) * tick
    off = (off + DAY_US // 2) % DAY_US - DAY_US // 2 if kind.is_clock else off
    by = int(off[case.differs][0])
    holds = np.asarray((off == by) & present) | (case.served.missing & case.recomputed.missing)
    text = f"the time {duration(by)}"
    yield Guess("time", text + _zone(by), holds, MOST_BITS, 1, {"microseconds": by})


def other_hour(case: Compared) -> Iterator[Guess]:
    """An hour of the day, 0 to 23, that is off by the same in every row, or by one more in summer."""
    if case.numbers is None or not case.is_whole:
        return
    served, recomputed = case.numbers
    if not all(_are_hours(values) for values in (served, recomputed)):
        return
    off = np.round(served - recomputed) % 24
    for by in sorted({int(value) for value in off[case.differs]}):
        signed = by - 24 if by > 12 else by
        text = f"the hour of a time {duration(signed * HOUR_US)}{_zone(signed * HOUR_US)}"
        yield Guess("time", text, off == by, math.log2(24), 1, {"microseconds": signed * HOUR_US})


def _are_hours(values: np.ndarray) -> bool:
    return bool(np.all(np.isfinite(values)) and np.all((values >= 0) & (values <= 23)) and len(np.unique(values)) > 2)


def duration(microseconds: int) -> str:
    """`5 h later`."""
    amount, way = abs(microseconds), "later" if microseconds > 0 else "earlier"
    for size, name in ((DAY_US, "d"), (HOUR_US, "h"), (HOUR_US // 60, "min"), (1_000_000, "s")):
        if amount % size == 0 and amount:
            return f"{amount // size} {name} {way}"
    return f"{amount} µs {way}"


def _zone(microseconds: int) -> str:
    quarters = microseconds % (HOUR_US // 4) == 0 and abs(microseconds) <= 14 * HOUR_US
    return ": another time zone" if quarters else ""
