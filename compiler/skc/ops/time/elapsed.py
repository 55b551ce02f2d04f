"""The time between two timestamps or dates: end - start, in a chosen unit, or in completed months or years.

Why: age at an event, time since the last order, delay relative to a plan. There is no clock: "now" is an input like
any other. A person's age is in completed years: it rises on the birthday, not after 365.25 days.

Example: `wait: {from: [ordered, shipped], apply: [{elapsed: {unit: hours}}]}`

Parameters
----------
unit : microseconds | milliseconds | seconds | minutes | hours | days | weeks | months | years
    A day is 24 hours and a week 7 days, regardless of daylight saving time. Months and years are whole numbers, counted
    on the calendar.
timezone : str, default UTC
    The IANA name of the zone in whose local time months and years are counted. Only for these units of timestamps.

Input: two columns in one step, `from: [start, end]`, both timestamp or both date. Output: one float64 column,
named END_minus_START.

Critical points
---------------
C1  The difference is taken in whole microseconds, exactly. It is rounded once to float64, which changes
    nothing up to 2^53 microseconds (285 years), and divided once by the unit: x / unit, not x × (1 / unit).
C2  Beyond 285 years the difference of two timestamps is rounded to float64 (half to even) before it is
    divided; that of two dates is still exact, because a number of days times 86,400,000,000 has enough
    trailing zeros.
C3  An end before its start gives a negative number: that of the two swapped, with a minus.
C4  Null if either is null.
C5  Any number of columns other than two is refused (SKC127).
C6  A month is complete when the end reaches the day of the month and the time of the day of the start, and 12 months
    are a year, as in `age` of PostgreSQL and `Period` of Java. If the end's month has no such day, the month is
    complete on the first day of the next: a person born on 29 February is a year older on 1 March of a common year
    (by `relativedelta` of dateutil on 28 February).
C7  Days and times of the day are those of local time in the zone, to the microsecond.
C8  A `timezone` with another unit, or for dates, is refused (SKC126), as is an unknown one (SKC125).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import numpy as np

from skc.emit import calendar
from skc.emit.blocks import GraphBlock, masked, take_columns
from skc.emit.opset import const, op
from skc.op import Names, NoState, Op, always, parameters, refuse, require
from skc.ops.time._datetime_text import EPOCH, MICROSECOND, local_time, zone_of
from skc.ops.time._elapsed_cases import CASES
from skc.time.zones import load_zone, transitions
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TICKS_US, TIMESTAMP_MAX, TIMESTAMP_MIN

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from spox import Var

UNITS = {
    "microseconds": 1,
    "milliseconds": 1_000,
    "seconds": 1_000_000,
    "minutes": 60_000_000,
    "hours": 3_600_000_000,
    "days": DAY_US,
    "weeks": 7 * DAY_US,
}
MONTHS = {"months": 1, "years": 12}


@parameters
class Params:
    unit: Literal["microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "weeks", "months", "years"]
    timezone: str | None = None


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "timestamp", "date", op="elapsed")
    if x.width != 2:
        raise refuse("SKC127", f"`elapsed` takes two columns, not {x.width}", hint="write `from: [start, end]`")
    if params.timezone is not None and (x.dtype == "date" or params.unit in UNITS):
        kind = "a date has" if x.dtype == "date" else f"the unit `{params.unit}` has"
        raise refuse("SKC126", f"{kind} no time zone", hint="leave out `timezone`")
    load_zone(params.timezone or "UTC")
    return x.with_(dtype="float64", width=1)


def apply(params: Params, state: NoState, x: Block) -> Block:
    if params.unit in MONTHS:
        return _completed(params, x)
    difference = x.values[:, 1:] - x.values[:, :1]
    difference = difference * TICKS_US[x.dtype]
    present = x.present()
    values = difference.astype(np.float64) / UNITS[params.unit]
    return make_block("float64", values, present[:, :1] & present[:, 1:])


def _completed(params: Params, x: Block) -> Block:
    zone = zone_of(params.timezone or "UTC")
    distinct, inverse = np.unique(x.values, return_inverse=True)
    moments = [_on_calendar(t, zone) for t in (distinct * TICKS_US[x.dtype]).tolist()]
    starts, ends = (inverse.reshape(x.values.shape)[:, k].tolist() for k in (0, 1))
    months = [_months(moments[start], moments[end]) for start, end in zip(starts, ends, strict=True)]
    values = [_whole(n, MONTHS[params.unit]) for n in months]
    present = x.present()
    return make_block("float64", np.array(values, dtype=np.float64).reshape(-1, 1), present[:, :1] & present[:, 1:])


def _whole(months: int, length: int) -> float:
    """How many times the length, without the rest."""
    return float(abs(months) // length * (1 if months > 0 else -1))


def _on_calendar(instant: int, zone: ZoneInfo) -> tuple[int, int, int]:
    """The local month, counted from year 0, the day of the month, and the time of the day in microseconds."""
    local, cycles = local_time(instant, zone)
    clock = local.replace(tzinfo=None) - datetime(local.year, local.month, local.day)
    return 12 * (local.year - 400 * cycles) + local.month, local.day, clock // MICROSECOND


def _months(start: tuple[int, int, int], end: tuple[int, int, int]) -> int:
    """Completed months."""
    if end < start:
        return -_months(end, start)
    return end[0] - start[0] - (end[1:] < start[1:])


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    values = _calendar_months(params, x) if params.unit in MONTHS else _units(params, x)
    if x.valid is None:
        return GraphBlock("float64", 1, values)
    return masked("float64", 1, values, op.and_(take_columns(x.valid, 0, 1), take_columns(x.valid, 1, 2)))


def _units(params: Params, x: GraphBlock) -> Var:
    difference = _difference(x.values)
    if TICKS_US[x.dtype] != 1:
        difference = op.mul(difference, const(TICKS_US[x.dtype]))
    return op.div(op.cast(difference, to=np.float64), const(float(UNITS[params.unit])))


def _calendar_months(params: Params, x: GraphBlock) -> Var:
    """A month that has begun is taken back from those between if the rest of the end has not reached that of the start;
    `rest` is the time since the month began, with months of 31 days.
    """
    zero, one = calendar.constant(0), calendar.constant(1)
    if x.dtype == "date":
        day = calendar.year_day(op.add(x.values, calendar.constant(calendar.EPOCH_DAY)))
        rest = calendar.day_of_month(day)
    else:
        local = calendar.local_time(params.timezone or "UTC", x.values, calendar.EPOCH_DAY * DAY_US)
        day = calendar.year_day(op.div(local, calendar.constant(DAY_US)))
        clock = op.mod(local, calendar.constant(DAY_US))
        rest = op.add(op.mul(calendar.day_of_month(day), calendar.constant(DAY_US)), clock)
    months, more = _difference(calendar.month_number(day)), _difference(rest)
    late = op.and_(op.greater(months, zero), op.less(more, zero))
    early = op.and_(op.less(months, zero), op.greater(more, zero))
    completed = op.sub(op.where(early, op.add(months, one), months), op.where(late, one, zero))
    return op.cast(op.div(completed, calendar.constant(MONTHS[params.unit])), to=np.float64)


def _difference(x: Var) -> Var:
    """End minus start, int64 [N, 1]."""
    return op.sub(take_columns(x, 1, 2), take_columns(x, 0, 1))


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    start, end = columns
    return ((f"{end}_minus_{start}",), ())


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    if params.unit in MONTHS:
        return _calendar_boundaries(params, x)
    if x.dtype == "date":
        return [DATE_MIN, -104_250, -7, -1, 0, 1, 7, 104_250, DATE_MAX, None]
    unit = UNITS[params.unit]
    near = [unit - 1, unit, unit + 1]
    return [TIMESTAMP_MIN, -(2**53) - 1, *(-t for t in near), -1, 0, 1, *near, 2**53 + 1, TIMESTAMP_MAX, None]


def _calendar_boundaries(params: Params, x: ValueType) -> list[Scalar]:
    """The ends of months, and of February in every kind of year; the changes of the zone, and local midnights there."""
    ends = ((1, 1), (1, 28), (1, 31), (2, 28), (3, 1), (3, 30), (3, 31), (4, 30), (12, 31))
    days = [
        (datetime(y, m, d) - EPOCH).days for y in (1, 1899, 1900, 1969, 1970, 2000, 2023, 2024, 2100) for m, d in ends
    ]
    days += [day + n for day in [*days] for n in (-1, 1) if day + n >= DATE_MIN]
    if x.dtype == "date":
        return [*dict.fromkeys(days), DATE_MAX - 1, DATE_MAX, None]
    zone = load_zone(params.timezone or "UTC")
    offsets = dict.fromkeys((0, *zone.offsets[-2:]))
    moments = [*transitions(zone), *(day * DAY_US - offset for day in days for offset in offsets)]
    moments = [t + n for t in moments for n in (-1, 0, 1) if TIMESTAMP_MIN <= t + n <= TIMESTAMP_MAX]
    return [*dict.fromkeys(moments), TIMESTAMP_MIN, TIMESTAMP_MAX, None]


def marks(params: Params, state: NoState, k: int) -> dict[str, Sequence[Scalar]]:
    return {"zone change": transitions(load_zone(params.timezone or "UTC"))}


OP = Op(
    name="elapsed",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    cases=CASES,
    arity=always("block"),
    is_whole=lambda params, x: TICKS_US[x.dtype] % UNITS.get(params.unit, 1) == 0,
    marks=marks,
    uses_timezone=True,
)
