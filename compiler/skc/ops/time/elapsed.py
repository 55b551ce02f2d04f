"""The time between two timestamps or dates: end - start, in a chosen unit.

Why: age at an event, time since the last order, delay relative to a plan. There is no clock: "now" is an input like
any other.

Example: `wait: {from: [ordered, shipped], apply: [{elapsed: {unit: hours}}]}`

Parameters
----------
unit : microseconds, milliseconds, seconds, minutes, hours, days or weeks

Input: two columns in one step, `from: [start, end]`, both timestamp or both date. Output: one float64 column,
named END_minus_START. A day is 24 hours and a week 7 days, regardless of daylight saving time.

Critical points
---------------
C1  The difference is taken in whole microseconds, exactly. It is rounded once to float64, which changes
    nothing up to 2^53 microseconds (285 years), and divided once by the unit: x / unit, not x × (1 / unit).
C2  Beyond 285 years the difference of two timestamps is rounded to float64 (half to even) before it is
    divided; that of two dates is still exact, because a number of days times 86,400,000,000 has enough
    trailing zeros.
C3  An end before its start gives a negative number.
C4  Null if either is null.
C5  Any number of columns other than two is refused (SKC127).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from skc.emit.blocks import GraphBlock, masked, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, NoState, Op, always, parameters, refuse, require
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TICKS_US, TIMESTAMP_MAX, TIMESTAMP_MIN

UNITS = {
    "microseconds": 1,
    "milliseconds": 1_000,
    "seconds": 1_000_000,
    "minutes": 60_000_000,
    "hours": 3_600_000_000,
    "days": DAY_US,
    "weeks": 7 * DAY_US,
}


@parameters
class Params:
    unit: Literal["microseconds", "milliseconds", "seconds", "minutes", "hours", "days", "weeks"]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "timestamp", "date", op="elapsed")
    if x.width != 2:
        raise refuse("SKC127", f"`elapsed` takes two columns, not {x.width}", hint="write `from: [start, end]`")
    return x.with_(dtype="float64", width=1)


def apply(params: Params, state: NoState, x: Block) -> Block:
    difference = x.values[:, 1:] - x.values[:, :1]
    difference = difference * TICKS_US[x.dtype]
    present = x.present()
    values = difference.astype(np.float64) / UNITS[params.unit]
    return make_block("float64", values, present[:, :1] & present[:, 1:])


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    difference = op.sub(take_columns(x.values, 1, 2), take_columns(x.values, 0, 1))
    if TICKS_US[x.dtype] != 1:
        difference = op.mul(difference, const(TICKS_US[x.dtype]))
    values = op.div(op.cast(difference, to=np.float64), const(float(UNITS[params.unit])))
    if x.valid is None:
        return GraphBlock("float64", 1, values)
    return masked("float64", 1, values, op.and_(take_columns(x.valid, 0, 1), take_columns(x.valid, 1, 2)))


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    start, end = columns
    return ((f"{end}_minus_{start}",), ())


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    if x.dtype == "date":
        return [DATE_MIN, -104_250, -7, -1, 0, 1, 7, 104_250, DATE_MAX, None]
    unit = UNITS[params.unit]
    near = [unit - 1, unit, unit + 1]
    return [TIMESTAMP_MIN, -(2**53) - 1, *(-t for t in near), -1, 0, 1, *near, 2**53 + 1, TIMESTAMP_MAX, None]


CASES = (
    Case(
        name="hours",
        shows=("C1", "C3"),
        columns={"start": "timestamp", "end": "timestamp"},
        params={"unit": "hours"},
        rows=[[0, 5_400_000_000], [5_400_000_000, 0], [0, 1], [7, 7]],
        expect=[[1.5], [-1.5], [2.7777777777777777e-10], [0.0]],
        names=("end_minus_start",),
    ),
    Case(
        name="one division, no reciprocal",
        shows=("C1",),
        columns={"start": "timestamp", "end": "timestamp"},
        params={"unit": "weeks"},
        rows=[[0, 3 * DAY_US], [-1, 2**53 - 1]],
        expect=[[0.42857142857142855], [14892.85591061672]],
    ),
    Case(
        name="the longest",
        shows=("C2",),
        columns={"start": "timestamp", "end": "timestamp"},
        params={"unit": "microseconds"},
        rows=[[0, 2**53 + 1], [-1, 2**53 + 2], [TIMESTAMP_MIN, TIMESTAMP_MAX]],
        expect=[[9007199254740992.0], [9007199254740996.0], [315537897600000000.0]],
    ),
    Case(
        name="dates",
        shows=("C2", "C3"),
        columns={"start": "date", "end": "date"},
        params={"unit": "hours"},
        rows=[[DATE_MIN, DATE_MAX], [1, 0], [0, 1]],
        expect=[[(DATE_MAX - DATE_MIN) * 24.0], [-24.0], [24.0]],
    ),
    Case(
        name="null",
        shows=("C4",),
        columns={"start": "timestamp?", "end": "timestamp"},
        params={"unit": "seconds"},
        rows=[[None, 5], [1_000_000, 3_000_000], [0, 0]],
        expect=[[None], [2.0], [0.0]],
    ),
    Case(
        name="three columns",
        shows=("C5",),
        columns={"a": "date", "b": "date", "c": "date"},
        params={"unit": "days"},
        rows=[],
        expect=[],
        refused="SKC127",
    ),
)

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
    is_whole=lambda params, x: TICKS_US[x.dtype] % UNITS[params.unit] == 0,
)
