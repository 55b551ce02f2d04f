"""Join a date and a time of the day to an instant, in a given time zone.

Why: many tables hold the day and the time in two columns. The instant of a local time depends on the zone's rules,
which are frozen in the graph.

Example: `at_hour: {from: [day, clock], apply: [combine_datetime, {datetime_part: {part: hour}}]}`

Parameters
----------
timezone : str, default UTC
    The IANA name of the zone of the local time.
ambiguous : earliest | latest | null | error, default error
    The meaning of a local time that occurs twice, when daylight saving time ends.
nonexistent : shift_forward | null | error, default error
    The meaning of a local time that is skipped; `shift_forward` is the instant of the transition.
invalid : null | error, default error
    What happens to a number that is not a time of the day, and to an instant outside the years 1 to 9999.

Input: `from: [day, time]`, a date and a time, such as `parse_datetime` with `to: time` gives, or the microseconds since
midnight as int64; or a date alone, which is its midnight. Output: timestamp, named DAY_TIME.

Critical points
---------------
C1  The instant is that of the local time, to the microsecond.
C2  Invalid: a time below 0, or of 86,400,000,000 (24:00) and more.
C3  A local time that occurs twice follows `ambiguous`, one that is skipped `nonexistent`; midnight may be one, too.
C4  An instant outside the years 1 to 9999 in UTC is invalid.
C5  Null if one of the two is null; this is not invalid.
C6  More than two columns are refused (SKC127), as are other types (SKC120), and an unknown zone (SKC125).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np

from skc.emit import calendar
from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import op
from skc.op import Names, NoState, Op, always, parameters, refuse, require
from skc.ops.text._parameters import Policy
from skc.ops.time._combine_datetime_cases import CASES
from skc.ops.time._datetime_text import EPOCH, MICROSECOND, instant_of, zone_of
from skc.ops.time._zoned import NAMED_AMBIGUOUS, NAMED_NONEXISTENT, wall_edges, zone_policies
from skc.time.zones import load_zone
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN

if TYPE_CHECKING:
    from spox import Var


@parameters
class Params:
    timezone: str | None = None
    ambiguous: NAMED_AMBIGUOUS = "error"
    nonexistent: NAMED_NONEXISTENT = "error"
    invalid: Policy = "error"


def infer(params: Params, *types: ValueType) -> ValueType:
    columns = sum(x.width or 0 for x in types)
    if columns != len(types) or columns > 2:
        hint = "write `from: [day, time]`"
        raise refuse("SKC127", f"`combine_datetime` takes a date and a time, not {columns} columns", hint=hint)
    require(types[0], "date", op="combine_datetime")
    for x in types[1:]:
        require(x, "time", "int64", op="combine_datetime")
    load_zone(params.timezone or "UTC")
    nullable = any(x.nullable for x in types) or "null" in _policies(params).values()
    return ValueType("timestamp", nullable=nullable)


def _policies(params: Params) -> dict[str, str]:
    """Those that can apply."""
    zoned = zone_policies(params.timezone or "UTC", params.ambiguous, params.nonexistent)
    return {"invalid-value": params.invalid, **zoned}


def apply(params: Params, state: NoState, *blocks: Block) -> Block:
    present = np.concatenate([x.present() for x in blocks], axis=1).all(axis=1, keepdims=True)
    days = blocks[0].values[:, 0].tolist()
    clocks = blocks[1].values[:, 0].tolist() if len(blocks) > 1 else [0] * len(days)
    read = [_read(params, day, clock) for day, clock in zip(days, clocks, strict=True)]
    values = np.array([value for value, _ in read], dtype=np.int64).reshape(-1, 1)
    problems = np.array([problem for _, problem in read], dtype=object).reshape(-1, 1)
    policies = _policies(params)
    nulls = [code for code, policy in policies.items() if policy == "null"]
    is_certain = all(x.valid is None for x in blocks) and not nulls
    result = make_block("timestamp", values, None if is_certain else present & ~np.isin(problems, nulls))
    for code, policy in policies.items():
        if policy == "error":
            result = result.guard(code, present & (problems == code))
    return result


def _read(params: Params, day: int, clock: int) -> tuple[int, str]:
    """The instant of a local time, and an error code, "" if there is none."""
    if not 0 <= clock < DAY_US:
        return 0, "invalid-value"
    local, zone = EPOCH + timedelta(days=day) + clock * MICROSECOND, zone_of(params.timezone or "UTC")
    instant, problem = instant_of(local, zone, params.ambiguous, params.nonexistent)
    return (instant, problem) if TIMESTAMP_MIN <= instant <= TIMESTAMP_MAX else (0, "invalid-value")


def lower(params: Params, state: NoState, *blocks: GraphBlock) -> GraphBlock:
    wall, right = op.mul(blocks[0].values, calendar.constant(DAY_US)), None
    if len(blocks) > 1:
        zero, clock = calendar.constant(0), blocks[1].values
        right = op.and_(op.greater_or_equal(clock, zero), op.less(clock, calendar.constant(DAY_US)))
        wall = op.add(wall, op.where(right, clock, zero))
    meaning = calendar.instants(params.timezone or "UTC", wall, latest=params.ambiguous == "latest")
    value = meaning.instant
    if value is not wall:
        low, high = calendar.constant(TIMESTAMP_MIN), calendar.constant(TIMESTAMP_MAX)
        right = all_of(right, op.greater_or_equal(value, low), op.less_or_equal(value, high))
    present = all_of(*(x.valid for x in blocks))
    problems = {} if right is None else {"invalid-value": all_of(present, op.not_(right))}
    if meaning.is_ambiguous is not None and meaning.is_nonexistent is not None:
        problems["ambiguous-time"] = all_of(present, right, meaning.is_ambiguous)
        problems["nonexistent-time"] = all_of(present, right, meaning.is_nonexistent)
    return _with_policies(params, value, present, problems)


def _with_policies(params: Params, value: Var, present: Var | None, problems: dict[str, Var | None]) -> GraphBlock:
    policies = _policies(params)
    masks = {code: mask for code, mask in problems.items() if mask is not None}
    nulls = [op.not_(mask) for code, mask in masks.items() if policies[code] == "null"]
    result = masked("timestamp", 1, value, all_of(present, *nulls))
    for code, mask in masks.items():
        if policies[code] == "error":
            result = result.guard(code, mask)
    return result


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    return (("_".join(columns),), *((),) * (len(columns) - 1))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    """The days on which local time changes, with their neighbours; and the times at which it does, on any day."""
    edges = wall_edges(params.timezone or "UTC")
    if k == 0:
        days = [edge // DAY_US + n for edge in edges for n in (-1, 0, 1)]
        kept = [day for day in days if DATE_MIN <= day <= DATE_MAX]
        return [*dict.fromkeys((*kept, DATE_MIN, DATE_MIN + 1, -1, 0, DATE_MAX - 1, DATE_MAX)), None]
    clocks = [edge % DAY_US + n for edge in edges for n in (-1, 0, 1)]
    extremes = (-(2**63), -1, 0, 1, DAY_US - 1, DAY_US, 2**63 - 1)
    return [*dict.fromkeys((*clocks, *extremes)), None]


def marks(params: Params, state: NoState, k: int) -> dict[str, Sequence[Scalar]]:
    """The days on which local time changes, and the times at which it does."""
    edges = wall_edges(params.timezone or "UTC")
    if k == 1:
        return {"zone change": list(dict.fromkeys(edge % DAY_US for edge in edges))}
    days = dict.fromkeys(edge // DAY_US for edge in edges)
    return {"zone change": [day for day in days if DATE_MIN <= day <= DATE_MAX]}


OP = Op(
    name="combine_datetime",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    marks=marks,
    cases=CASES,
    arity=always("values"),
    uses_timezone=True,
)
