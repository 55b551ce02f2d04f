"""The Gregorian calendar and time zones inside the graph, in int64: a few additions, divisions and small
tables.

Why days are counted from 1 January of year -399 (proleptic): 400 years before year 1, so that local times
just outside the years 1 to 9999 are not negative either (Div truncates). It is also a Monday, and the first day
of a 400-year cycle. Why tables: month, quarter and length of a month are one `Gather` on the day of the year
instead of five divisions.
"""

from __future__ import annotations

from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.opset import const, op
from skc.time.zones import BUCKET_US, CYCLE_US, Steps, Zone, load_zone, step_table, wall_clock
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

FIRST_YEAR = -399
EPOCH_DAY = 865_259  # 1970-01-01, counted from 1 January of FIRST_YEAR
CYCLE_DAYS = 146_097
_LENGTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
_LENGTHS_LEAP = _LENGTHS + (np.arange(12) == 1)
_IS_LEAP = np.array([isleap(year) for year in range(1, 401)])  # years of a cycle: 1 is FIRST_YEAR
_YEAR_START = np.concatenate([[0], np.cumsum(365 + _IS_LEAP)])
_MONTH_OF_DAY = np.concatenate([np.repeat(np.arange(1, 13), n) for n in (_LENGTHS, _LENGTHS_LEAP)])
_DAY_OF_DAY = np.concatenate([np.arange(1, n + 1) for k in (_LENGTHS, _LENGTHS_LEAP) for n in k])
_LENGTH_OF_DAY = np.concatenate([np.repeat(k, k) for k in (_LENGTHS, _LENGTHS_LEAP)])


@dataclass(frozen=True)
class YearDay:
    """A day as year and day of the year, from 0. `cycle` counts 400 years, `year` is the year within it, from
    0.
    """

    cycle: Var
    year: Var
    day: Var


def constant(value: int) -> Var:
    """An int64 scalar."""
    return const(value, np.int64)


def take(table: Array | Sequence[int], index: Var) -> Var:
    """table[index], int64; the index must be in range."""
    return op.gather(const(table, np.int64), index)


def year_day(days: Var) -> YearDay:
    """Split days since 1 January of FIRST_YEAR.

    400 day / 146097, rounded down, is the year or the one before; the table of first days decides which.
    """
    cycle = op.div(days, constant(CYCLE_DAYS))
    day = op.mod(days, constant(CYCLE_DAYS))
    guess = op.div(op.mul(day, constant(400)), constant(CYCLE_DAYS))
    is_next = op.greater_or_equal(day, take(_YEAR_START[1:], guess))
    year = op.add(guess, op.cast(is_next, to=np.int64))
    return YearDay(cycle, year, op.sub(day, take(_YEAR_START, year)))


def year_number(x: YearDay) -> Var:
    """The calendar year."""
    return op.add(op.mul(x.cycle, constant(400)), op.add(x.year, constant(FIRST_YEAR)))


def month_of(x: YearDay) -> Var:
    """1 to 12."""
    return take(_MONTH_OF_DAY, _day_row(x))


def quarter_of(x: YearDay) -> Var:
    """1 to 4."""
    return take((_MONTH_OF_DAY + 2) // 3, _day_row(x))


def day_of_month(x: YearDay) -> Var:
    """1 to 31."""
    return take(_DAY_OF_DAY, _day_row(x))


def month_length(x: YearDay) -> Var:
    """28 to 31."""
    return take(_LENGTH_OF_DAY, _day_row(x))


def starts(x: YearDay, months: int) -> Var:
    """bool: the first day of a period of so many months, 1, 3 or 12."""
    is_start = (_DAY_OF_DAY == 1) & ((_MONTH_OF_DAY - 1) % months == 0)
    return op.equal(take(is_start.astype(np.int64), _day_row(x)), constant(1))


def ends(x: YearDay, months: int) -> Var:
    """bool: the last day of a period of so many months, 1, 3 or 12."""
    is_end = (_DAY_OF_DAY == _LENGTH_OF_DAY) & (_MONTH_OF_DAY % months == 0)
    return op.equal(take(is_end.astype(np.int64), _day_row(x)), constant(1))


def month_number(x: YearDay) -> Var:
    """The months since January of FIRST_YEAR, plus one."""
    year = op.add(op.mul(x.cycle, constant(400)), x.year)
    return op.add(op.mul(year, constant(12)), month_of(x))


def _day_row(x: YearDay) -> Var:
    """The row of a day of the year in a table that lists a common year, then a leap year."""
    return op.add(x.day, take(365 * _IS_LEAP, x.year))


@dataclass(frozen=True)
class Year:
    """The start of a year in days since 1 January of FIRST_YEAR, and its number within its cycle, from 0."""

    start: Var
    in_cycle: Var


def year_start(year: Var) -> Year:
    """The start of a calendar year, which is FIRST_YEAR or later."""
    shifted = op.sub(year, constant(FIRST_YEAR))
    in_cycle = op.mod(shifted, constant(400))
    cycle = op.div(shifted, constant(400))
    return Year(op.add(op.mul(cycle, constant(CYCLE_DAYS)), take(_YEAR_START, in_cycle)), in_cycle)


def month_start(year: Year, month: Var) -> tuple[Var, Var]:
    """The day before the first of a month (1 to 12), and the number of days the month has."""
    row = op.add(take(12 * _IS_LEAP, year.in_cycle), month)
    before = [int(np.sum(lengths[:m])) - 1 for lengths in (_LENGTHS, _LENGTHS_LEAP) for m in range(12)]
    lengths = [*_LENGTHS.tolist(), *_LENGTHS_LEAP.tolist()]
    return op.add(year.start, take([0, *before], row)), take([0, *lengths], row)


def year_length(year: Year) -> Var:
    """365 or 366."""
    return take(365 + _IS_LEAP, year.in_cycle)


@dataclass(frozen=True)
class _Position:
    """The piece of the table that contains a time, and by how many 400-year cycles (in microseconds) the time is
    later than the table.
    """

    piece: Var
    drop: Var | None


def _find(zone: Zone, steps: Steps, t: Var) -> _Position:
    """Locate t among the breaks of the table.

    Where and Less replace Max and Min, which ONNX Runtime gets wrong on int64. Div truncates, so a time less than
    a cycle before `cycle_from` has no cycle to drop, and no table begins that early.
    """
    base = constant(steps.base)
    t = op.where(op.less(t, base), base, t)
    drop = None
    if zone.cycle_from is None:
        top = constant(steps.base + (len(steps.first) - 1) * BUCKET_US)
        t = op.where(op.less(t, top), t, top)
    else:
        cycles = op.div(op.sub(t, constant(zone.cycle_from)), constant(CYCLE_US))
        drop = op.mul(cycles, constant(CYCLE_US))
        t = op.sub(t, drop)
    piece = take(steps.first, op.div(op.sub(t, base), constant(BUCKET_US)))
    breaks = const(steps.breaks, np.int64)
    for _ in range(steps.probes):
        is_past = op.greater_or_equal(t, op.gather(breaks, piece))
        piece = op.add(piece, op.cast(is_past, to=np.int64))
    return _Position(piece, drop)


def local_time(zone_name: str, t: Var, shift: int) -> Var:
    """The wall clock of a zone at an instant, plus `shift`, in microseconds."""
    zone = load_zone(zone_name)
    if zone.is_fixed:
        return op.add(t, constant(zone.offsets[0] + shift))
    position = _find(zone, step_table(zone.changes), t)
    return op.add(t, take([offset + shift for offset in zone.offsets], position.piece))


@dataclass(frozen=True)
class Instants:
    """The instants that wall clock times denote, and where the clock shows that time twice or never (None: nowhere)."""

    instant: Var
    is_ambiguous: Var | None = None
    is_nonexistent: Var | None = None


def instants(zone_name: str, wall: Var, *, latest: bool) -> Instants:
    """Read local microseconds in a zone.

    A time that the clock shows twice is the earlier of the two instants, or the later one with `latest`; a time that
    it skips is the instant of the jump.
    """
    zone = load_zone(zone_name)
    if zone.is_fixed:
        offset = zone.offsets[0]
        return Instants(op.sub(wall, constant(offset)) if offset else wall)
    clock = wall_clock(zone)
    position = _find(zone, step_table(clock.breaks), wall)
    pieces = list(zip(clock.before, clock.after, strict=True))
    kind = take([(a > b) - (a < b) for a, b in pieces], position.piece)
    jump = take(clock.change, position.piece)
    jump = jump if position.drop is None else op.add(jump, position.drop)
    read = op.sub(wall, take([b if latest and a > b else a for a, b in pieces], position.piece))
    is_nonexistent = op.less(kind, constant(0))
    return Instants(op.where(is_nonexistent, jump, read), op.greater(kind, constant(0)), is_nonexistent)
