"""Extract one part of a timestamp, date or time of day, such as the hour or the day of the week, as a number.

Why: demand follows local clocks and calendars, so the hour must be local time (with daylight saving time), not UTC.
Zone data is frozen in the graph: the same row always has the same hour, on every machine.

Example: `hour: {from: at, apply: [{datetime_part: {part: hour, timezone: Europe/Berlin}}]}`

Parameters
----------
part : the name of a part
    Numbers are `year`, `quarter`, `month`, `day`, `hour`, `minute`, `second` (without its fraction), `weekday` (0 for
    Monday to 6 for Sunday, as in Python and pandas), `day_of_year` (1 to 366), `iso_week` (1 to 53 by ISO 8601),
    `iso_year` (the year whose week this is) and `days_in_month` (28 to 31). Bools are `is_weekend` (Saturday or
    Sunday), `is_month_start`, `is_month_end`, `is_quarter_start`, `is_quarter_end`, `is_year_start` and `is_year_end`.
timezone : str, default UTC
    The IANA name of the zone whose local time is used. Only for a timestamp: a date and a time of day have no zone.

Input: timestamp, date or time. Output: int64 or bool. Null stays null. Years 1 to 9999 are exact.

Critical points
---------------
C1  Parts are those of local time: across both daylight saving transitions, to the microsecond,
    also before standard time (with seconds in the offset) and after the last transition that tzdata lists.
C2  Before 1970 parts round down: one microsecond before the epoch is second 59 of 1969.
C3  The ISO week of a day is that of its Thursday: the first days of January may be in week 52 or 53, the last
    of December in week 1, and so is the ISO year.
C4  Leap years are Gregorian: 2000 is one, 1900 is not.
C5  A date has calendar parts only: hour, minute, second and `timezone` are refused (SKC126), as is an unknown
    zone (SKC125). A time of day has no other parts than those.
C6  The zone's offset may move local time out of the years 1 to 9999, into year 0 or 10000, where parts are still
    correct.
C7  Null stays null.
C8  A start is the whole first day, an end the whole last day, of a month, quarter or calendar year.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from skc.emit import calendar
from skc.emit.blocks import GraphBlock, masked
from skc.emit.opset import const, op
from skc.op import Known, NoState, Op, always, parameters, refuse, require
from skc.ops.time._datetime_part_cases import CASES
from skc.ops.time._datetime_text import EPOCH, MICROSECOND, local_time, zone_of
from skc.time.zones import load_zone, transitions
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TICKS_US, TIMESTAMP_MAX, TIMESTAMP_MIN, DType

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from spox import Var

Part = Literal[
    "year",
    "quarter",
    "month",
    "day",
    "hour",
    "minute",
    "second",
    "weekday",
    "day_of_year",
    "iso_year",
    "iso_week",
    "days_in_month",
    "is_weekend",
    "is_month_start",
    "is_month_end",
    "is_quarter_start",
    "is_quarter_end",
    "is_year_start",
    "is_year_end",
]
CLOCK_US = {"hour": 3_600_000_000, "minute": 60_000_000, "second": 1_000_000}
CLOCK_RANGE = {"hour": 24, "minute": 60, "second": 60}
LEVELS: dict[str, range] = {
    **{part: range(count) for part, count in CLOCK_RANGE.items()},
    "quarter": range(1, 5),
    "month": range(1, 13),
    "day": range(1, 32),
    "weekday": range(7),
    "day_of_year": range(1, 367),
    "iso_week": range(1, 54),
    "days_in_month": range(28, 32),
}
PERIODS = {"month": 1, "quarter": 3, "year": 12}  # in months


@parameters
class Params:
    part: Part
    timezone: str = "UTC"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "timestamp", "date", "time", op="datetime_part")
    load_zone(params.timezone)
    if x.dtype == "date" and params.part in CLOCK_US:
        raise refuse("SKC126", f"a date has no {params.part}", hint="use a timestamp")
    if x.dtype == "time" and params.part not in CLOCK_US:
        raise refuse("SKC126", f"a time of day has no {params.part}", hint="use hour, minute or second")
    if x.dtype != "timestamp" and params.timezone != "UTC":
        what = "a date" if x.dtype == "date" else "a time of day"
        raise refuse("SKC126", f"{what} has no time zone", hint="leave out `timezone`")
    return x.with_(dtype=_dtype(params.part))


def _dtype(part: Part) -> DType:
    return "bool" if part.startswith("is_") else "int64"


def apply(params: Params, state: NoState, x: Block) -> Block:
    distinct, inverse = np.unique(x.values, return_inverse=True)
    zone = zone_of(params.timezone)
    instants = (distinct * TICKS_US.get(x.dtype, 1)).tolist()  # a time of day as one of 1970-01-01
    parts = np.array([_part(t, zone, params.part) for t in instants], dtype=np.int64)
    values = parts[inverse].reshape(x.values.shape)
    return make_block(_dtype(params.part), values, x.valid)


def _part(instant: int, zone: ZoneInfo, part: Part) -> int:
    """By Python's own calendar."""
    local, cycles = local_time(instant, zone)
    match part:
        case "year":
            return local.year - 400 * cycles
        case "quarter":
            return (local.month + 2) // 3
        case "weekday":
            return local.weekday()
        case "day_of_year":
            return local.timetuple().tm_yday
        case "iso_week":
            return local.isocalendar().week
        case "iso_year":
            return local.isocalendar().year - 400 * cycles
        case "days_in_month":
            return monthrange(local.year, local.month)[1]
        case "is_weekend":
            return int(local.weekday() >= 5)
        case "is_month_start" | "is_quarter_start" | "is_year_start":
            return int(local.date() == _period(part, local.date())[0])
        case "is_month_end" | "is_quarter_end" | "is_year_end":
            return int(local.date() + timedelta(days=1) == _period(part, local.date())[1])
        case _:
            return int(getattr(local, part))


def _period(part: str, day: date) -> tuple[date, date]:
    """The first day of the month, quarter or year of a day, and that of the next, by the name of a part."""
    length = next(months for period, months in PERIODS.items() if period in part)
    first = 12 * day.year + (day.month - 1) // length * length
    start, end = (date(month // 12, month % 12 + 1, 1) for month in (first, first + length))
    return start, end


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    if params.part in CLOCK_US and x.dtype == "time":
        ticks = op.div(x.values, const(CLOCK_US[params.part]))
        return masked("int64", x.width, op.mod(ticks, const(CLOCK_RANGE[params.part])), x.valid)
    if params.part in CLOCK_US:
        local = calendar.local_time(params.timezone, x.values, calendar.EPOCH_DAY * DAY_US)
        ticks = op.div(local, calendar.constant(CLOCK_US[params.part]))
        return masked("int64", x.width, op.mod(ticks, calendar.constant(CLOCK_RANGE[params.part])), x.valid)
    if x.dtype == "date":
        days = op.add(x.values, calendar.constant(calendar.EPOCH_DAY))
    else:
        local = calendar.local_time(params.timezone, x.values, calendar.EPOCH_DAY * DAY_US)
        days = op.div(local, calendar.constant(DAY_US))
    return masked(_dtype(params.part), x.width, _calendar_part(params.part, days), x.valid)


def _calendar_part(part: Part, days: Var) -> Var:
    """A part of days counted from a Monday; see `skc.emit.calendar`."""
    one, three, five, seven = (calendar.constant(n) for n in (1, 3, 5, 7))
    match part:
        case "weekday":
            return op.mod(days, seven)
        case "is_weekend":
            return op.greater_or_equal(op.mod(days, seven), five)
        case "iso_week" | "iso_year":
            thursday = calendar.year_day(op.add(op.sub(days, op.mod(days, seven)), three))
            if part == "iso_year":
                return calendar.year_number(thursday)
            return op.add(op.div(thursday.day, seven), one)
        case "day_of_year":
            return op.add(calendar.year_day(days).day, one)
    functions: dict[str, Callable[[calendar.YearDay], Var]] = {
        "year": calendar.year_number,
        "quarter": calendar.quarter_of,
        "month": calendar.month_of,
        "day": calendar.day_of_month,
        "days_in_month": calendar.month_length,
    }
    for period, months in PERIODS.items():
        functions[f"is_{period}_start"] = partial(calendar.starts, months=months)
        functions[f"is_{period}_end"] = partial(calendar.ends, months=months)
    return functions[part](calendar.year_day(days))


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    """All values of the part, except years, which are too many."""
    return tuple(LEVELS[params.part]) if params.part in LEVELS else None


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    """The ends of years, of ISO weeks and of February, the first and last times, every change of the zone, and after
    each the first instant at which the part changes: a change that is missing, or off by an hour, is visible nowhere
    else.
    """
    years = (
        1,
        4,
        100,
        400,
        1600,
        1899,
        1900,
        1969,
        1970,
        1972,
        2000,
        2004,
        2005,
        2016,
        2020,
        2021,
        2100,
        2400,
        9999,
    )
    days = [(datetime(y, m, d) - EPOCH).days for y in years for m, d in ((1, 1), (2, 28), (3, 1), (12, 31))]
    days += [day + n for day in [*days] for n in (-1, 1) if DATE_MIN <= day + n <= DATE_MAX]
    if x.dtype == "date":
        return [*days, DATE_MIN, DATE_MAX, None]
    if x.dtype == "time":
        ticks = [n * CLOCK_US[params.part] + step for n in range(25) for step in (-1, 0)]
        return [0, *(t for t in ticks if 0 <= t < DAY_US), DAY_US - 1, None]
    zone = zone_of(params.timezone)
    moments = [day * DAY_US for day in days] + [_midnight(EPOCH.date() + timedelta(days=day), zone) for day in days]
    changes = transitions(load_zone(params.timezone))
    moments += [*changes, *_first_changes_of_part(params, changes)]
    moments = [t + n for t in moments for n in (-1, 0, 1) if TIMESTAMP_MIN <= t + n <= TIMESTAMP_MAX]
    return [*moments, TIMESTAMP_MIN, TIMESTAMP_MIN + 1, TIMESTAMP_MAX - 1, TIMESTAMP_MAX, None]


def _first_changes_of_part(params: Params, changes: list[int]) -> list[int]:
    """After each change of the zone, the first instant at which the part takes another value, if it precedes the next
    change: a local midnight, or a full hour, minute or second of local time.
    """
    zone = zone_of(params.timezone)
    first_changes = []
    for change, following in pairwise([*sorted(changes), TIMESTAMP_MAX]):
        local = (EPOCH.replace(tzinfo=UTC) + change * MICROSECOND).astimezone(zone)
        if params.part in CLOCK_US:
            passed = (local.replace(tzinfo=None) - EPOCH) // MICROSECOND
            first_changes.append(change - passed % CLOCK_US[params.part] + CLOCK_US[params.part])
            continue
        day = _next_first_day(params.part, local.date())
        moment = change if day is None else _midnight(day, zone)
        if change < moment < following:
            first_changes.append(moment)
    return first_changes


def _midnight(day: date, zone: ZoneInfo) -> int:
    """The instant at which a day begins in a zone."""
    return (datetime(day.year, day.month, day.day, tzinfo=zone) - EPOCH.replace(tzinfo=UTC)) // MICROSECOND


def _next_first_day(part: str, day: date) -> date | None:
    """The next day at whose midnight a calendar part changes; None after year 9999."""
    try:
        match part:
            case "year":
                return date(day.year + 1, 1, 1)
            case "quarter" | "month":
                months = 3 - (day.month - 1) % 3 if part == "quarter" else 1
                return date(day.year + (day.month - 1 + months) // 12, (day.month - 1 + months) % 12 + 1, 1)
            case "iso_year":
                return date.fromisocalendar(day.isocalendar().year + 1, 1, 1)
            case "days_in_month":
                start, following = _period("month", day)
                is_same = following - start == timedelta(days=31) and following.month in (1, 8)
                return _period("month", following)[1] if is_same else following
            case "is_month_start" | "is_quarter_start" | "is_year_start":
                start, following = _period(part, day)
                return day + timedelta(days=1) if day == start else following
            case "is_month_end" | "is_quarter_end" | "is_year_end":
                _, following = _period(part, day)
                last = following - timedelta(days=1)
                return following if day == last else last
            case "iso_week":
                return day + timedelta(days=7 - day.weekday())
            case "is_weekend":
                return day + timedelta(days=5 - day.weekday() if day.weekday() < 5 else 7 - day.weekday())
            case _:
                return day + timedelta(days=1)
    except (ValueError, OverflowError):
        return None


def marks(params: Params, state: NoState, k: int) -> dict[str, Sequence[Scalar]]:
    return {"zone change": transitions(load_zone(params.timezone))}


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    """A time on 5 May 2024 with the given hour, minute or second. Calendar parts have none: their input may be a
    timestamp or a date, and `boundaries` contain every kind of day.
    """
    if params.part not in CLOCK_US:
        return []
    targets = [int(v) for v in values if v is not None and 0 <= v < CLOCK_RANGE[params.part]]  # type: ignore[operator]  # numbers
    noon = datetime(2024, 5, 5, 12, tzinfo=zone_of(params.timezone))
    shown = [noon.replace(**{params.part: value}) for value in targets]  # type: ignore[arg-type]  # hour, minute, second
    return [(moment - EPOCH.replace(tzinfo=UTC)) // timedelta(microseconds=1) for moment in shown]


OP = Op(
    name="datetime_part",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    levels=levels,
    marks=marks,
    carry_back=carry_back,
    cases=CASES,
    uses_timezone=True,
    ignores_hours=lambda params: params.part in ("minute", "second"),
    is_small=always(True),
)
