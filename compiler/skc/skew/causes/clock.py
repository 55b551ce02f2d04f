"""Times that are off by hours or days, and features of a time in another time zone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from skc.rows.sampling import spread
from skc.skew.causes.column import Column, Compared
from skc.skew.causes.evidence import MOST_BITS, Guess, bits_of_choice, bits_of_values, close, near
from skc.time.zones import load_zone
from skc_runtime.kinds import DAY_US, KINDS, Array

HOUR_US = DAY_US // 24
SCREENED = 40  # rows that a part of a time is tried on first
TRIED_BITS = 8.0  # of so many shifts and zones, one is met by chance
# One of each rule that many people live by; the same offsets have another name elsewhere.
ZONES = (
    *("UTC", "America/New_York", "Europe/London", "Europe/Berlin", "America/Chicago", "America/Los_Angeles"),
    *("Asia/Kolkata", "Asia/Shanghai", "Asia/Tokyo", "America/Denver", "America/Phoenix", "America/Sao_Paulo"),
    *("Europe/Athens", "Europe/Istanbul", "Europe/Moscow", "Africa/Cairo", "Africa/Lagos", "Africa/Johannesburg"),
    *("Africa/Nairobi", "Asia/Dubai", "Asia/Karachi", "Asia/Kathmandu", "Asia/Dhaka", "Asia/Bangkok", "Asia/Seoul"),
    *("Australia/Sydney", "Australia/Brisbane", "Australia/Adelaide", "Australia/Perth", "Pacific/Auckland"),
    *("America/Halifax", "America/St_Johns", "America/Mexico_City", "America/Bogota", "America/Santiago"),
    *("America/Argentina/Buenos_Aires", "America/Anchorage", "Pacific/Honolulu"),
)
_QUARTERS = [quarter for k in range(1, 57) for quarter in (k, -k)]
SHIFTS = (
    *(k * HOUR_US for k in range(-14, 15) if k),
    *(k * DAY_US for k in (-1, 1, -7, 7)),
    *(k * HOUR_US // 4 for k in _QUARTERS if k % 4),
)


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
    """An hour of the day, 0 to 23, that is off by the same in every row; where other columns are known, only if one of
    them is a time, of which it can be the hour.
    """
    if case.numbers is None or not case.is_whole:
        return
    others = case.context.columns
    if others and not any(KINDS[column.kind].is_time or KINDS[column.kind].is_clock for column in others):
        return
    served, recomputed = case.numbers
    if not all(_are_hours(values) for values in (served, recomputed)):
        return
    off = np.round(served - recomputed) % 24
    for by in sorted({int(value) for value in off[case.differs]}):
        signed = by - 24 if by > 12 else by
        text = f"the hour of a time {duration(signed * HOUR_US)}{_zone(signed * HOUR_US)}"
        yield Guess("time", text, off == by, math.log2(24), 1, {"microseconds": signed * HOUR_US})


def _are_hours(values: Array) -> bool:
    return bool(np.all(np.isfinite(values)) and np.all((values >= 0) & (values <= 23)) and len(np.unique(values)) > 2)


def other_time(case: Compared) -> Iterator[Guess]:
    """A feature of a time of the same rows, such as the sine of its hour, for the time some hours on, or in a zone.

    First the part of the time that the recomputed feature is has to be found.
    """
    if case.numbers is None:
        return
    seen: set[bytes] = set()
    for column in case.context.columns:
        if not KINDS[column.kind].is_instant or column.values.tobytes() in seen:
            continue
        seen.add(column.values.tobytes())
        feature = _made_of(case, column)
        if feature is None:
            continue
        for by in sorted(SHIFTS, key=lambda s: (s % HOUR_US != 0, abs(s), s)):
            text = f"the time {duration(by)}{_zone(by)}"
            yield from _guess(
                case, column, feature.values(column.values + by, feature.zone), text, {"microseconds": by}
            )
        for zone in ZONES:
            if zone != feature.zone:
                text = f"the time in the zone {zone} in place of {feature.zone}"
                yield from _guess(case, column, feature.values(column.values, zone), text, {"zone": zone})


def _guess(
    case: Compared, column: Column, values: Array, text: str, parameters: Mapping[str, object]
) -> Iterator[Guess]:
    assert case.numbers is not None
    served, recomputed = case.numbers
    predicted = np.where(column.missing, recomputed, values)
    holds = near(case, predicted, 1.0)
    if not holds[case.differs].all():
        return
    bits = bits_of_values(np.round(predicted[case.differs], 6))
    known = bits_of_choice(len(served), int(case.differs.sum())) - TRIED_BITS
    tells = ~close(case, predicted, recomputed, 1.0)
    where = {"column": column.name, **parameters}
    yield Guess("time", text, holds, max(bits, 0.0), 1, where, tells, known_bits=known)


@dataclass(frozen=True)
class _Made:
    """A feature as a·f(part of the local time) + b."""

    zone: str
    part: Callable[[Array], Array]
    a: float
    b: float

    def values(self, instants: Array, zone: str) -> Array:
        return self.a * self.part(instants + _offsets(zone, instants)) + self.b


def _made_of(case: Compared, column: Column) -> _Made | None:
    """The part of a time that a feature is; None if it is none of those known."""
    assert case.numbers is not None
    recomputed = case.numbers[1]
    usable = np.flatnonzero(np.isfinite(recomputed) & ~column.missing)
    if len(usable) < 2 or len(np.unique(recomputed[usable])) < 2:
        return None
    few = usable[spread(len(usable), SCREENED)]
    tried: set[bytes] = set()
    for zone in ZONES:
        offsets = _offsets(zone, column.values[usable])
        if offsets.tobytes() in tried:
            continue
        tried.add(offsets.tobytes())
        for part in PARTS:
            feature = _fitted(case, zone, part, column.values, few)
            if feature is not None and _fits(case, feature, column.values, usable):
                return _fitted(case, zone, part, column.values, usable)
    return None


def _fitted(case: Compared, zone: str, part: Callable[[Array], Array], instants: Array, rows: Array) -> _Made | None:
    """The line through the two rows that are farthest apart, if all of them lie on it."""
    assert case.numbers is not None
    y = case.numbers[1][rows]
    x = part(instants[rows] + _offsets(zone, instants[rows]))
    low, high = int(np.argmin(x)), int(np.argmax(x))
    if x[low] == x[high]:
        return None
    a = float((y[high] - y[low]) / (x[high] - x[low]))
    if a == 0:
        return None
    feature = _Made(zone, part, a, float(y[low] - a * x[low]))
    return feature if _fits(case, feature, instants, rows) else None


def _fits(case: Compared, feature: _Made, instants: Array, rows: Array) -> bool:
    assert case.numbers is not None
    size = abs(feature.b) + abs(feature.a)
    return bool(close(case, case.numbers[1][rows], feature.values(instants[rows], feature.zone), size).all())


def _offsets(zone: str, instants: Array) -> Array:
    """int64 [N]: how far the clocks of a zone are ahead of UTC, in microseconds."""
    known = load_zone(zone)
    places = np.searchsorted(np.array(known.changes, np.int64), instants, "right")
    return np.asarray(np.array(known.offsets, np.int64)[places])


def _days(local: Array) -> Array:
    return np.asarray(local // DAY_US)


def _hour(local: Array) -> Array:
    return np.asarray(local // HOUR_US % 24)


def _weekday(local: Array) -> Array:
    return np.asarray((_days(local) + 3) % 7)  # 1970-01-01 was a Thursday; 0 is Monday


def _of_calendar(unit: str, base: str, local: Array) -> Array:
    """The count of a unit within another, such as months within the year."""
    times = local.astype("datetime64[us]")
    return np.asarray((times.astype(f"datetime64[{unit}]") - times.astype(f"datetime64[{base}]")).astype(np.int64))


def _year(local: Array) -> Array:
    return np.asarray(local.astype("datetime64[us]").astype("datetime64[Y]").astype(np.int64))


def _from_1(part: Callable[[Array], Array]) -> Callable[[Array], Array]:
    return lambda local: part(local) + 1


def _turn(of: Callable[[Array], Array], part: Callable[[Array], Array], period: float, local: Array) -> Array:
    return np.asarray(of(2 * np.pi * part(local) / period))


def _parts() -> Sequence[Callable[[Array], Array]]:
    """Parts of a local time; those with a period also by sine and cosine."""
    day, month, day_of_year = (partial(_of_calendar, *u) for u in (("D", "M"), ("M", "Y"), ("D", "Y")))
    periodic: Sequence[tuple[Callable[[Array], Array], tuple[float, ...]]] = (
        (_hour, (24,)),
        (lambda local: local % DAY_US / HOUR_US, (24,)),
        (lambda local: local // (HOUR_US // 60) % 60, (60,)),
        (lambda local: local // (HOUR_US // 60) % 1440, (1440,)),
        (_weekday, (7,)),
        (lambda local: (_weekday(local) + 1) % 7, ()),
        (day, (31,)),
        (month, (12,)),
        (day_of_year, (365, 366, 365.25)),
    )
    plain = [
        *(part for part, _ in periodic),
        lambda local: (_weekday(local) >= 5).astype(np.int64),
        lambda local: _of_calendar("M", "Y", local) // 3,
        _year,
        _days,
    ]
    turned = [*periodic, *((_from_1(part), periods) for part, periods in periodic[6:])]
    turns = [partial(_turn, of, part, period) for part, ps in turned for period in ps for of in (np.sin, np.cos)]
    return [*plain, *turns]


PARTS = _parts()


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
