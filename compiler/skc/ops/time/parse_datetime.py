"""Parse text into a timestamp or date, in a given format and time zone.

Why: logs and CSV files contain local times as text. Parsed here, inside the graph, they mean the same in training
and serving, in every language, whatever the machine's locale and time zone.

Example: `at: {from: pickup, apply: [{parse_datetime: {format: "%Y-%m-%d %H:%M", timezone: Asia/Tokyo}}]}`

Parameters
----------
format : str
    `iso8601`, or a `strptime` format made of %Y %m %d %j %b %H %M %S %f %z %%. %b is an English abbreviation
    in any case; %z is Z, ±HHMM or ±HH:MM, and comes last. Numbers may lack leading zeros (`3/9/2019`), but %Y
    has four digits, and adjacent numbers (`%Y%m%d`) have their full width. Parts that the format
    leaves out default to the first day, or midnight. `iso8601` is `YYYY-MM-DD`, optionally followed by `T` or one
    blank, `HH:MM`, `HH:MM:SS` or `HH:MM:SS.f` with 1 to 6 digits, and then nothing, `Z`, `±HH`, `±HHMM` or `±HH:MM`.
timezone : str, default UTC
    The IANA name of the zone for texts without an offset; refused with %z, where every text has one.
ambiguous : earliest | latest | null | error, default error
    The meaning of a local time that occurs twice, when daylight saving time ends.
nonexistent : shift_forward | null | error, default error
    The meaning of a local time that is skipped; `shift_forward` is the instant of the transition.
invalid : null | error, default error
    What happens to a text that does not match the format or is not a valid time.
to : timestamp | date, default timestamp
    `date` gives the day; the format must not contain a time (for `iso8601`: only `YYYY-MM-DD`).

Input: string. Output: timestamp or date. Null stays null and is not invalid.

Critical points
---------------
C1  Month, day, hour, minute and second may have one digit, but adjacent numbers may not; a year always has
    four.
C2  A fraction has 1 to 6 digits, the first of which is tenths: `.5` is 500 ms.
C3  Invalid: a day that does not exist in its month or year, year 0, hour 24, and second 60 (as in Python's
    datetime).
C4  The whole text must match exactly: blanks and the case of literals count, and digits are ASCII
    (`strptime` accepts any blanks, any case and any script's digits).
C5  The zone's offset is the one in force at that local time: before standard time, in daylight saving time, and
    after the last transition that tzdata lists.
C6  A local time that occurs twice follows `ambiguous`, to the microsecond.
C7  A local time that is skipped follows `nonexistent`, to the microsecond.
C8  An offset in the text takes precedence; `timezone` is only for `iso8601` texts without one. An offset has no
    seconds.
C9  An instant outside the years 1 to 9999 in UTC is invalid.
C10 Null stays null, whatever `invalid` says.
C11 A format that is ambiguous, or has no year, is refused (SKC126), as is an unknown zone
    (SKC125).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator

from skc.emit import calendar
from skc.emit import datetime as reading
from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import const, op
from skc.op import NoState, Op, parameters, refuse, require
from skc.ops.time._datetime_text import (
    EPOCH,
    FAR_OFFSETS,
    ISO_TAILS,
    MICROSECOND,
    OFFSETS,
    Reader,
    near_misses,
    read_with,
    write_with,
    written_months,
    written_offsets,
    zone_of,
)
from skc.ops.time._parse_datetime_cases import CASES
from skc.time.format import Format, read_format
from skc.time.zones import later_transitions, load_zone, wall_clock
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN

if TYPE_CHECKING:
    from spox import Var


# YAML reads `null` as None; here it is the name of a policy.
def _named_null(choices: Any) -> BeforeValidator:
    return BeforeValidator(lambda value: "null" if value is None else value, json_schema_input_type=choices | None)


Ambiguous = Literal["earliest", "latest", "null", "error"]
Nonexistent = Literal["shift_forward", "null", "error"]
Invalid = Literal["null", "error"]


@parameters
class Params:
    format: str
    timezone: str | None = None
    ambiguous: Annotated[Ambiguous, _named_null(Ambiguous)] = "error"
    nonexistent: Annotated[Nonexistent, _named_null(Nonexistent)] = "error"
    invalid: Annotated[Invalid, _named_null(Invalid)] = "error"
    to: Literal["timestamp", "date"] = "timestamp"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="parse_datetime")
    load_zone(params.timezone or "UTC")
    letters = _letters(params)
    if "z" in letters and params.timezone is not None:
        raise refuse("SKC126", "every text has its own offset (%z)", hint="leave out `timezone`")
    if params.to == "date" and letters & set("HMSfz"):
        raise refuse("SKC126", f"the format `{params.format}` has a time", hint="leave out `to: date`")
    return x.with_(dtype=params.to, nullable=x.nullable or "null" in _policies(params).values())


def _layout(params: Params) -> Format | None:
    return None if params.format == "iso8601" else read_format(params.format)


def _letters(params: Params) -> frozenset[str]:
    layout = _layout(params)
    return frozenset() if layout is None else frozenset(layout.letters)


def _policies(params: Params) -> dict[str, str]:
    """The policies that can apply: a zone without changes has no ambiguous times, nor has a format with %z."""
    policies: dict[str, str] = {"invalid-value": params.invalid}
    if params.to == "timestamp" and "z" not in _letters(params) and not load_zone(params.timezone or "UTC").is_fixed:
        policies |= {"ambiguous-time": params.ambiguous, "nonexistent-time": params.nonexistent}
    return policies


def apply(params: Params, state: NoState, x: Block) -> Block:
    present = x.present()
    zone = zone_of(params.timezone or "UTC")
    reader = Reader(_layout(params), zone, params.ambiguous, params.nonexistent, params.to == "timestamp")
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
    layout, has_time = _layout(params), params.to == "timestamp"
    right = op.regex_full_match(x.values, pattern=reading.pattern_of(layout, has_time=has_time))
    text = op.where(right, x.values, const(np.array(reading.filler(layout))))
    fields = reading.read_fields(layout, text, x.width, has_time=has_time)
    value, exists = reading.day_number(fields)
    right = right if exists is None else op.and_(right, exists)
    problems: dict[str, Var] = {}
    if has_time:
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
    wrong = op.not_(right)
    problems = {"invalid-value": wrong if x.valid is None else op.and_(x.valid, wrong), **problems}
    return _with_policies(params, x, value, problems)


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
    layout, has_time = _layout(params), params.to == "timestamp"
    years = (1, 4, 1900, 1970, 2000, 2019, 2024, 2100, 9999)
    moments = [datetime(y, m, d) for y in years for m, d in ((1, 1), (1, 31), (2, 28), (3, 1), (12, 31))]
    moments += [
        datetime(2000, 2, 29, 12, 34, 56, 7),
        datetime.max,
        datetime(2024, 12, 31, 23, 59, 59, 500_000),
    ]
    ticks = _ticks(params)
    moments += [moment + n for moment in _wall_edges(params) for n in ticks]
    write = write_with(layout, has_time=has_time)
    texts = [write(moment) for moment in moments]
    right = write(datetime(2019, 1, 23, 20, 30, 15, 120_000))
    texts += near_misses(right)
    if layout is None and has_time:
        texts += [right[:10] + tail for tail in ISO_TAILS]
        texts += [f"{right[:10]}T12:00{offset}" for offset in written_offsets()]
        texts += [moment.isoformat() + offset for moment in (datetime.min, datetime.max) for offset in FAR_OFFSETS]
    if "z" in _letters(params):
        texts += [offset.join(right.rsplit("Z", 1)) for offset in (*OFFSETS, *written_offsets())]
        ends = [write(moment) for moment in (datetime.min, datetime.max)]
        texts += [offset.join(end.rsplit("Z", 1)) for end in ends for offset in FAR_OFFSETS]
    if "b" in _letters(params):
        texts += [right.replace("Jan", month) for month in written_months()]
    return [*dict.fromkeys(texts), *([None] if x.nullable else [])]


def _wall_edges(params: Params) -> list[datetime]:
    """Local times at both ends of every hour that is skipped or occurs twice."""
    zone = load_zone(params.timezone or "UTC")
    later = [t + offset for t in later_transitions(zone) for offset in {*zone.offsets[-2:]}]
    return [_local(edge) for edge in [*wall_clock(zone).breaks, *sorted(later)]]


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
    write = write_with(_layout(params), has_time=params.to == "timestamp")
    return {"zone change": list(dict.fromkeys(write(edge) for edge in _wall_edges(params)))}


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    """The local time of an instant (the day of a date) as text, in the zone of the step; if the format is too coarse,
    the last text before it and the first after it.
    """
    has_time = params.to == "timestamp"
    write = write_with(_layout(params), has_time=has_time)
    zone = zone_of("UTC" if "z" in _letters(params) else params.timezone or "UTC")
    tick = _ticks(params)[-1]
    texts: list[Scalar] = []
    for value in values:
        if value is None or isinstance(value, str):
            continue
        instant = int(value) if has_time else int(value) * DAY_US
        if TIMESTAMP_MIN + DAY_US <= instant <= TIMESTAMP_MAX - DAY_US:
            local = (_local(instant)).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
            later = [local + tick] if has_time and (local - datetime.min) % tick else []
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
