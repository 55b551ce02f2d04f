"""Read a local time in the time zone of its input as an instant.

Internal: the front end inserts it after an input of timestamps that declares a `timezone`. A runtime passes on the
microseconds that the clock on the wall shows, and the graph alone knows when it was changed.

Parameters
----------
timezone : str, default UTC
    The IANA name of the zone.
ambiguous : earliest | latest | null | error, default error
    The meaning of a local time that occurs twice, when daylight saving time ends.
nonexistent : shift_forward | null | error, default error
    The meaning of a local time that is skipped; `shift_forward` is the instant of the transition.

Input: timestamp, as microseconds since 1970-01-01T00:00:00 of the local time. Output: timestamp.

Critical points
---------------
C1  The zone's offset is the one in force at that local time: before standard time, in daylight saving time, and
    after the last transition that tzdata lists.
C2  A local time that occurs twice follows `ambiguous`, to the microsecond.
C3  A local time that is skipped follows `nonexistent`, to the microsecond.
C4  An instant outside the years 1 to 9999 in UTC is guarded: `out-of-range`.
C5  Null stays null, whatever the policies say.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import numpy as np

from skc.emit import calendar
from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import op
from skc.op import Case, NoState, Op, parameters, require
from skc.ops.time._datetime_text import EPOCH, MICROSECOND, instant_of, zone_of
from skc.ops.time._zoned import NAMED_AMBIGUOUS, NAMED_NONEXISTENT, wall_edges, zone_policies
from skc.time.zones import load_zone
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN


@parameters
class Params:
    timezone: str = "UTC"
    ambiguous: NAMED_AMBIGUOUS = "error"
    nonexistent: NAMED_NONEXISTENT = "error"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "timestamp", op="local_time")
    load_zone(params.timezone)
    return x.with_(nullable=x.nullable or "null" in _policies(params).values())


def _policies(params: Params) -> dict[str, str]:
    return {"out-of-range": "error", **zone_policies(params.timezone, params.ambiguous, params.nonexistent)}


def apply(params: Params, state: NoState, x: Block) -> Block:
    present, zone = x.present(), zone_of(params.timezone)
    values = np.zeros(x.values.shape, dtype=np.int64)
    problems = np.full(x.values.shape, "", dtype=object)
    for i in zip(*np.nonzero(present), strict=True):
        local = EPOCH + int(x.values[i]) * MICROSECOND
        instant, problem = instant_of(local, zone, params.ambiguous, params.nonexistent)
        is_inside = TIMESTAMP_MIN <= instant <= TIMESTAMP_MAX
        values[i], problems[i] = (instant, problem) if is_inside else (0, "out-of-range")
    policies = _policies(params)
    nulls = [code for code, policy in policies.items() if policy == "null"]
    result = make_block(x.dtype, values, present & ~np.isin(problems, nulls) if nulls else x.valid)
    for code, policy in policies.items():
        if policy == "error":
            result = result.guard(code, problems == code)
    return result


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    meaning = calendar.instants(params.timezone, x.values, latest=params.ambiguous == "latest")
    low, high = calendar.constant(TIMESTAMP_MIN), calendar.constant(TIMESTAMP_MAX)
    outside = op.or_(op.less(meaning.instant, low), op.greater(meaning.instant, high))
    inside = op.not_(outside)
    problems = {"out-of-range": outside}
    if meaning.is_ambiguous is not None and meaning.is_nonexistent is not None:
        problems["ambiguous-time"] = op.and_(inside, meaning.is_ambiguous)
        problems["nonexistent-time"] = op.and_(inside, meaning.is_nonexistent)
    if x.valid is not None:
        problems = {code: op.and_(x.valid, mask) for code, mask in problems.items()}
    policies = _policies(params)
    nulls = [op.not_(mask) for code, mask in problems.items() if policies[code] == "null"]
    instant = op.where(outside, calendar.constant(0), meaning.instant)
    result = masked(x.dtype, x.width, instant, all_of(x.valid, *nulls))
    for code, mask in problems.items():
        if policies[code] == "error":
            result = result.guard(code, mask)
    return result


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    edges = [edge + n for edge in wall_edges(params.timezone) for n in (-1, 0, 1)]
    ends = [TIMESTAMP_MIN, TIMESTAMP_MIN + DAY_US, -1, 0, 1, TIMESTAMP_MAX - DAY_US, TIMESTAMP_MAX]
    inside = [t for t in (*edges, *ends) if TIMESTAMP_MIN <= t <= TIMESTAMP_MAX]
    return [*dict.fromkeys(inside), *([None] if x.nullable else [])]


def marks(params: Params, state: NoState, k: int) -> dict[str, Sequence[Scalar]]:
    """The local times at which the clock changes."""
    return {"zone change": list(dict.fromkeys(wall_edges(params.timezone)))}


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    """The local time of each instant."""
    zone = zone_of(params.timezone)
    walls: list[Scalar] = []
    for value in values:
        if isinstance(value, int) and TIMESTAMP_MIN + DAY_US <= value <= TIMESTAMP_MAX - DAY_US:
            local = (EPOCH + value * MICROSECOND).replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
            walls.append((local - EPOCH) // MICROSECOND)
    return walls


HOUR = 3_600_000_000
# In Berlin: 2024-03-31 01:00 UTC, when 2:00 became 3:00; and 2024-10-27 01:00 UTC, when 3:00 became 2:00.
SPRING, AUTUMN = 1_711_846_800_000_000, 1_729_990_800_000_000

CASES = (
    Case(
        name="winter, summer and a time before standard time",
        shows=("C1",),
        columns={"t": "timestamp"},
        params={"timezone": "Europe/Berlin"},
        rows=[[0], [SPRING + HOUR - 1], [SPRING + 2 * HOUR], [-3_786_825_600_000_000], [4_102_444_800_000_000]],
        expect=[
            [-HOUR],
            [SPRING - 1],
            [SPRING],
            [-3_786_825_600_000_000 - 3_208_000_000],
            [4_102_444_800_000_000 - HOUR],
        ],
    ),
    Case(
        name="an hour that occurs twice is refused",
        shows=("C2",),
        columns={"t": "timestamp"},
        params={"timezone": "Europe/Berlin"},
        rows=[[AUTUMN + HOUR - 1], [AUTUMN + HOUR], [AUTUMN + 2 * HOUR - 1], [AUTUMN + 2 * HOUR]],
        expect=[[AUTUMN - HOUR - 1], [0], [0], [AUTUMN + HOUR]],
        guards=[("ambiguous-time", 1, 0), ("ambiguous-time", 2, 0)],
    ),
    Case(
        name="the later one of two",
        shows=("C2", "C3"),
        columns={"t": "timestamp"},
        params={"timezone": "Europe/Berlin", "ambiguous": "latest", "nonexistent": "shift_forward"},
        rows=[[AUTUMN + HOUR], [AUTUMN + 2 * HOUR - 1], [SPRING + HOUR], [SPRING + 2 * HOUR - 1]],
        expect=[[AUTUMN], [AUTUMN + HOUR - 1], [SPRING], [SPRING]],
    ),
    Case(
        name="the earlier one of two, and null for what is skipped",
        shows=("C2", "C3", "C5"),
        columns={"t": "timestamp?"},
        params={"timezone": "Europe/Berlin", "ambiguous": "earliest", "nonexistent": "null"},
        rows=[[AUTUMN + HOUR], [SPRING + HOUR - 1], [SPRING + HOUR], [SPRING + 2 * HOUR - 1], [None]],
        expect=[[AUTUMN - HOUR], [SPRING - 1], [None], [None], [None]],
    ),
    Case(
        name="null is neither skipped nor ambiguous",
        shows=("C3", "C5"),
        columns={"t": "timestamp?"},
        params={"timezone": "Africa/Monrovia", "ambiguous": "null"},
        rows=[[None], [SPRING]],
        expect=[[None], [SPRING]],
    ),
    Case(
        name="beyond the years",
        shows=("C4",),
        columns={"t": "timestamp"},
        params={"timezone": "Asia/Tokyo", "ambiguous": "latest", "nonexistent": "shift_forward"},
        rows=[[TIMESTAMP_MIN], [TIMESTAMP_MIN + 10 * HOUR], [TIMESTAMP_MAX]],
        expect=[[0], [TIMESTAMP_MIN + 10 * HOUR - 33_539_000_000], [TIMESTAMP_MAX - 9 * HOUR]],
        guards=[("out-of-range", 0, 0)],
    ),
    Case(
        name="west, at the end of the years",
        shows=("C4",),
        columns={"t": "timestamp"},
        params={"timezone": "Etc/GMT+5"},
        rows=[[TIMESTAMP_MAX - 5 * HOUR], [TIMESTAMP_MAX - 5 * HOUR + 1]],
        expect=[[TIMESTAMP_MAX], [0]],
        guards=[("out-of-range", 1, 0)],
    ),
)

OP = Op(
    name="local_time",
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
    internal=True,
)
