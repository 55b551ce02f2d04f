"""Parse text into a timestamp, date or time of the day, in a given format and time zone.

Why: logs and CSV files contain local times as text. Parsed here, inside the graph, they mean the same in training
and serving, in every language, whatever the machine's locale and time zone.

Example: `at: {from: pickup, apply: [{parse_datetime: {format: "%d %b %Y %I:%M %p", timezone: Asia/Tokyo}}]}`

Parameters
----------
format : str
    `iso8601`, or a `strptime` format of these directives. Parts that it leaves out are the first day, or midnight.
    %Y %y %m %d %j %H %I %M %S: numbers, which may lack leading zeros (`3/9/2019`), but %Y has four digits, %y two, and
    adjacent numbers (`%Y%m%d`) have their full width. %e is %d, or a blank and one digit. %f is a fraction of a second
    of 1 to 9 digits, six next to another number; %3f has exactly three (%1f to %9f).
    %b, %B: an English month, `Sep` or `September`; %a, %A: a day, `Mon` or `Monday`; %p: AM or PM; all in any case.
    %z: Z, ±HHMM or ±HH:MM, at the end. %T is %H:%M:%S, %R %H:%M, %D %m/%d/%y, %F %Y-%m-%d, and %% a percent sign.
    `iso8601` is `YYYY-MM-DD`, optionally followed by `T` or one blank, `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f` with 1 to 9
    digits, and then nothing, `Z`, `±HH`, `±HHMM` or `±HH:MM`.
timezone : str, default UTC
    The IANA name of the zone for texts without an offset; refused with %z, where every text has one.
ambiguous : earliest | latest | null | error, default error
    The meaning of a local time that occurs twice, when daylight saving time ends.
nonexistent : shift_forward | null | error, default error
    The meaning of a local time that is skipped; `shift_forward` is the instant of the transition.
invalid : null | error, default error
    What happens to a text that does not match the format or is not a valid time.
to : timestamp | date | time, default timestamp
    `date` gives the day; the format must not contain a time (for `iso8601`: only `YYYY-MM-DD`). `time` gives the
    microseconds since midnight; the format must not contain a date (for `iso8601`: only the time, without an offset).
two_digit_year_start : int from 1 to 9900, default 1969
    %y is one of the 100 years from here on. By default, as in POSIX: 69 to 99 are 1969 to 1999, 00 to 68 2000 to 2068.
months : list of 12 str
    The names that %b and %B stand for, from January on, for texts in another language: `[Januar, Februar, März, ...]`.
days : list of 7 str
    The names that %a and %A stand for, from Monday on.

Input: string. Output: timestamp, date or time. Null stays null and is not invalid.

Critical points
---------------
C1  Month, day, hour, minute and second may have one digit, but adjacent numbers may not; a year always has
    four, or two for %y.
C2  The first digit of a fraction is tenths: `.5` is 500 ms. Digits after the sixth are cut, not rounded, as in Python's
    `fromisoformat`.
C3  Invalid: a day that does not exist in its month or year, year 0, hour 24, and second 60 (as in Python's
    datetime; but `strptime` takes day 366 of a common year for the first of the next).
C4  The whole text must match exactly: blanks and the case of literals count, and digits are ASCII
    (`strptime` accepts any blanks, any case and any script's digits, and a blank before a %d of one digit).
C5  The zone's offset is the one in force at that local time: before standard time, in daylight saving time, and
    after the last transition that tzdata lists.
C6  A local time that occurs twice follows `ambiguous`, to the microsecond.
C7  A local time that is skipped follows `nonexistent`, to the microsecond.
C8  An offset in the text takes precedence; `timezone` is only for `iso8601` texts without one. An offset has no
    seconds.
C9  An instant outside the years 1 to 9999 in UTC is invalid.
C10 Null stays null, whatever `invalid` says.
C11 A format that is ambiguous, or has no year, is refused (SKC126), as is an unknown zone
    (SKC125), and an option that the format has no place for.
C12 A year of two digits is the only year that ends in them among the 100 from `two_digit_year_start` on.
C13 %I is 1 to 12, and 12 comes first: 12 AM is midnight, 12 PM noon. It needs %p; %H with %p is refused, where
    `strptime` ignores the %p.
C14 A name matches as a whole, and each letter as it is, in lower or in upper case: `Sept` is not September, and
    NFD is not NFC. The name of a day must be one, but need not be that of the date, as in `strptime`.
C15 A time of the day is in microseconds since midnight, without a zone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit import calendar
from skc.emit import datetime as reading
from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import const, op
from skc.op import NoState, Op, parameters, refuse, require
from skc.ops.time._datetime_text import (
    DAYS_OF_MONTH,
    EPOCH,
    FAR_OFFSETS,
    FRACTIONS,
    HALVES,
    HOURS,
    ISO_TAILS,
    MICROSECOND,
    OFFSETS,
    Reader,
    near_misses,
    read_with,
    write_with,
    written_names,
    written_offsets,
    zone_of,
)
from skc.ops.time._parse_datetime_cases import CASES
from skc.ops.time._zoned import NAMED_AMBIGUOUS, NAMED_NONEXISTENT, named_null, wall_edges, zone_policies
from skc.time.format import CLOCK, Directive, Format, read_format
from skc.time.zones import load_zone
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN

if TYPE_CHECKING:
    from spox import Var


Invalid = Literal["null", "error"]


@parameters
class Params:
    format: str
    timezone: str | None = None
    ambiguous: NAMED_AMBIGUOUS = "error"
    nonexistent: NAMED_NONEXISTENT = "error"
    invalid: Annotated[Invalid, named_null(Invalid)] = "error"
    to: Literal["timestamp", "date", "time"] = "timestamp"
    two_digit_year_start: Annotated[int, Field(ge=1, le=9900)] | None = None
    months: Annotated[tuple[str, ...], Field(min_length=12, max_length=12)] | None = None
    days: Annotated[tuple[str, ...], Field(min_length=7, max_length=7)] | None = None


RIGHT = datetime(2019, 1, 23, 20, 30, 15, 120_000)


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="parse_datetime")
    load_zone(params.timezone or "UTC")
    layout = _layout(params)
    if layout is None:
        _check_iso(params)
    else:
        _check_layout(params, layout)
    return x.with_(dtype=params.to, nullable=x.nullable or "null" in _policies(params).values())


def _check_iso(params: Params) -> None:
    for name in ("months", "days", "two_digit_year_start"):
        if getattr(params, name) is not None:
            raise refuse("SKC126", f"an ISO 8601 text has no place for `{name}`", hint=f"leave out `{name}`")
    _check_zone(params)


def _check_layout(params: Params, layout: Format) -> None:
    if "z" in layout.letters and params.timezone is not None:
        raise refuse("SKC126", "every text has its own offset (%z)", hint="leave out `timezone`")
    if params.to == "date" and layout.letters & {*CLOCK, "z"}:
        raise refuse("SKC126", f"the format `{params.format}` has a time", hint="leave out `to: date`")
    if params.to == "time" and layout.has_date:
        raise refuse("SKC126", f"the format `{params.format}` has a date", hint="leave out `to: time`")
    if params.to != "time" and not layout.has_date:
        raise refuse("SKC126", f"the format `{params.format}` has no year", hint="add %Y, or `to: time`")
    _check_zone(params)


def _check_zone(params: Params) -> None:
    if params.to == "time" and params.timezone is not None:
        raise refuse("SKC126", "a time without a date has no time zone", hint="leave out `timezone`")


def _layout(params: Params) -> Format | None:
    if params.format == "iso8601":
        return None
    return read_format(params.format, params.months, params.days, params.two_digit_year_start)


def _letters(params: Params) -> frozenset[str]:
    layout = _layout(params)
    return frozenset() if layout is None else frozenset(layout.letters)


def _policies(params: Params) -> dict[str, str]:
    """The policies that can apply: a zone without changes has no ambiguous times, nor has a format with %z."""
    policies: dict[str, str] = {"invalid-value": params.invalid}
    if params.to == "timestamp" and "z" not in _letters(params):
        policies |= zone_policies(params.timezone or "UTC", params.ambiguous, params.nonexistent)
    return policies


def apply(params: Params, state: NoState, x: Block) -> Block:
    present = x.present()
    zone = zone_of(params.timezone or "UTC")
    reader = Reader(_layout(params), zone, params.ambiguous, params.nonexistent, params.to)
    read = read_with(reader)
    outcomes = {text: read(text) for text in dict.fromkeys(x.values[present].tolist())}
    values = np.zeros(x.values.shape, dtype=np.int64)
    problems = np.full(x.values.shape, "", dtype=object)
    for i in zip(*np.nonzero(present), strict=True):
        values[i], problems[i] = outcomes[x.values[i]]
    policies = _policies(params)
    nulls = [code for code, policy in policies.items() if policy == "null"]
    result = make_block(params.to, values, present & ~np.isin(problems, nulls) if nulls else x.valid)
    for code, policy in policies.items():
        if policy == "error":
            result = result.guard(code, problems == code)
    return result


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    layout = _layout(params)
    right = op.regex_full_match(x.values, pattern=reading.pattern_of(layout, params.to))
    text = op.where(right, x.values, const(np.array(reading.replacement(layout, params.to))))
    fields = reading.read_fields(layout, text, x.width, params.to)
    if params.to == "time":
        return _with_policies(params, x, reading.some(fields.time), _invalid(x, right))
    value, exists = reading.day_number(fields)
    right = right if exists is None else op.and_(right, exists)
    problems: dict[str, Var] = {}
    if params.to == "timestamp":
        wall = op.mul(value, calendar.constant(DAY_US))
        wall = wall if fields.time is None else op.add(wall, fields.time)
        meaning = _meaning(params, wall, fields)
        value = meaning.instant
        if value is not wall:  # an offset may lead outside the years 1 to 9999
            low, high = calendar.constant(TIMESTAMP_MIN), calendar.constant(TIMESTAMP_MAX)
            right = op.and_(right, op.and_(op.greater_or_equal(value, low), op.less_or_equal(value, high)))
        if meaning.is_ambiguous is not None and meaning.is_nonexistent is not None:
            problems["ambiguous-time"] = op.and_(right, meaning.is_ambiguous)
            problems["nonexistent-time"] = op.and_(right, meaning.is_nonexistent)
    return _with_policies(params, x, value, _invalid(x, right) | problems)


def _invalid(x: GraphBlock, right: Var) -> dict[str, Var]:
    wrong = op.not_(right)
    return {"invalid-value": wrong if x.valid is None else op.and_(x.valid, wrong)}


def _meaning(params: Params, wall: Var, fields: reading.Fields) -> calendar.Instants:
    """The instant, by the offset in the text, or else by the zone."""
    zone, latest = params.timezone or "UTC", params.ambiguous == "latest"
    if fields.offset is None:
        return calendar.instants(zone, wall, latest=latest)
    written = op.sub(wall, fields.offset)
    if fields.is_naive is None or load_zone(zone).offsets == (0,):
        return calendar.Instants(written)
    zoned = calendar.instants(zone, wall, latest=latest)
    instant = op.where(fields.is_naive, zoned.instant, written)
    if zoned.is_ambiguous is None or zoned.is_nonexistent is None:
        return calendar.Instants(instant)
    masks = [op.and_(fields.is_naive, mask) for mask in (zoned.is_ambiguous, zoned.is_nonexistent)]
    return calendar.Instants(instant, *masks)


def _with_policies(params: Params, x: GraphBlock, values: Var, problems: dict[str, Var]) -> GraphBlock:
    policies = _policies(params)
    nulls = [op.not_(mask) for code, mask in problems.items() if policies[code] == "null"]
    result = masked(params.to, x.width, values, all_of(x.valid, *nulls))
    for code, mask in problems.items():
        if policies[code] == "error":
            result = result.guard(code, mask)
    return result


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    """Texts on either side of every edge: ends of years and of February, the changes of the zone, the first and last
    times; and near misses.
    """
    layout, letters = _layout(params), _letters(params)
    years = (1, 4, 1900, 1970, 2000, 2019, 2024, 2100, 9999)
    moments = [datetime(y, m, d) for y in years for m, d in ((1, 1), (1, 31), (2, 28), (3, 1), (12, 31))]
    moments += [
        datetime(2000, 2, 29, 12, 34, 56, 7),
        datetime.max,
        datetime(2024, 12, 31, 23, 59, 59, 500_000),
    ]
    moments += [datetime(2024, 2, 29, hour, minute) for hour in (0, 1, 9, 11, 12, 13, 23) for minute in (0, 59)]
    ticks = _ticks(params)
    moments += [moment + n for moment in _wall_edges(params) for n in ticks]
    write = write_with(layout, params.to)
    texts = [write(moment) for moment in moments]
    right = write(RIGHT)
    texts += near_misses(right)
    if layout is None and params.to == "timestamp":
        texts += [right[:10] + tail for tail in ISO_TAILS]
        texts += [f"{right[:10]}T12:00{offset}" for offset in written_offsets()]
        texts += [moment.isoformat() + offset for moment in (datetime.min, datetime.max) for offset in FAR_OFFSETS]
    if layout is None and params.to == "time":
        texts += [tail[1:] for tail in ISO_TAILS]
    if "z" in letters:
        texts += [offset.join(right.rsplit("Z", 1)) for offset in (*OFFSETS, *written_offsets())]
        ends = [write(moment) for moment in (datetime.min, datetime.max)]
        texts += [offset.join(end.rsplit("Z", 1)) for end in ends for offset in FAR_OFFSETS]
    if layout is not None:
        texts += _varied(layout)
    return [*dict.fromkeys(texts), *([None] if x.nullable else [])]


def _varied(layout: Format) -> list[str]:
    """A valid text with each of its parts written in every other way that is right, or nearly."""
    varied = {letter: written_names(layout.names(letter)) for letter in ("b", "a")}
    varied |= {"p": [*HALVES], "y": [f"{year:02}" for year in range(100)], "f": [*FRACTIONS]}
    varied |= {"I": [*HOURS], "d": [*DAYS_OF_MONTH]}
    texts: list[str] = []
    for i, piece in enumerate(layout.pieces):
        others = varied.get(piece.letter, []) if isinstance(piece, Directive) else []
        head, tail = (
            write_with(replace(layout, pieces=part), "") for part in (layout.pieces[:i], layout.pieces[i + 1 :])
        )
        texts += [head(RIGHT) + other + tail(RIGHT) for other in others]
    return texts


def _wall_edges(params: Params) -> list[datetime]:
    """Local times at both ends of every hour that is skipped or occurs twice."""
    return [_local(edge) for edge in wall_edges(params.timezone or "UTC")]


def _local(wall: int) -> datetime:
    return EPOCH + wall * MICROSECOND


def _ticks(params: Params) -> list[timedelta]:
    """One unit of the last digit of the format, in both directions."""
    letters = _letters(params)
    unit = timedelta(minutes=1) if "M" in letters else timedelta(hours=1)
    if not letters or "f" in letters:
        unit = MICROSECOND
    elif "S" in letters:
        unit = timedelta(seconds=1)
    return [-unit, timedelta(0), unit]


def marks(params: Params, state: NoState, k: int) -> dict[str, Sequence[Scalar]]:
    """The texts at changes of local time, as far as the format distinguishes them."""
    write = write_with(_layout(params), params.to)
    return {"zone change": list(dict.fromkeys(write(edge) for edge in _wall_edges(params)))}


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    """The local time of an instant (the day of a date) as text, in the zone of the step; if the format is too coarse,
    the last text before it and the first after it.
    """
    write = write_with(_layout(params), params.to)
    zone = zone_of("UTC" if "z" in _letters(params) else params.timezone or "UTC")
    tick = _ticks(params)[-1]
    texts: list[Scalar] = []
    for value in values:
        if value is None or isinstance(value, str):
            continue
        instant = int(value) * DAY_US if params.to == "date" else int(value)
        if TIMESTAMP_MIN + DAY_US <= instant <= TIMESTAMP_MAX - DAY_US:
            local = (_local(instant)).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
            later = [local + tick] if params.to != "date" and (local - datetime.min) % tick else []
            texts += [write(moment) for moment in (local, *later)]
    return texts


OP = Op(
    name="parse_datetime",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    marks=marks,
    carry_back=carry_back,
    cases=CASES,
    uses_timezone=True,
)
