"""Make a date of three columns: year, month and day.

Why: many tables hold a date as three numbers. Checked here, 31 April is refused in training and serving alike.

Example: `weekday: {from: [year, month, day_of_month], apply: [make_date, {datetime_part: {part: weekday}}]}`

Parameters
----------
invalid : null | error, default error
    What happens where there is no such day.

Input: three int64 columns in one step, `from: [year, month, day]`. Output: one date, named YEAR_MONTH_DAY.

Critical points
---------------
C1  The calendar is the Gregorian one throughout: 29 February exists in 2000 and 2024, not in 1900, 2023 and 2100.
C2  Invalid: a year outside 1 to 9999, a month outside 1 to 12, and a day that the month does not have. A year of two
    digits is that year: 19 is not 2019.
C3  Null if one of the three is null; this is not invalid.
C4  Any number of columns other than three is refused (SKC127).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from skc.emit import calendar
from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import const, op
from skc.op import Case, Names, NoState, Op, always, parameters, refuse, require
from skc.ops.text._parameters import Policy
from skc.values.types import Block, Scalar, ValueType, make_block

if TYPE_CHECKING:
    from spox import Var

EPOCH = date(1970, 1, 1)


@parameters
class Params:
    invalid: Policy = "error"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "int64", op="make_date")
    if x.width != 3:
        hint = "write `from: [year, month, day]`"
        raise refuse("SKC127", f"`make_date` takes three columns, not {x.width}", hint=hint)
    return x.with_(dtype="date", width=1, nullable=x.nullable or params.invalid == "null")


def apply(params: Params, state: NoState, x: Block) -> Block:
    present = np.asarray(x.present().all(axis=1))
    days = [_day(*row) if ok else 0 for row, ok in zip(x.values.tolist(), present.tolist(), strict=True)]
    wrong = np.array([day is None for day in days], dtype=bool).reshape(-1, 1)
    values = np.array([day or 0 for day in days], dtype=np.int64).reshape(-1, 1)
    present = present.reshape(-1, 1)
    if params.invalid == "null":
        return make_block("date", values, present & ~wrong)
    return make_block("date", values, None if x.valid is None else present).guard("invalid-value", wrong)


def _day(year: int, month: int, day: int) -> int | None:
    """Days since 1970, None if there is no such day."""
    try:
        return (date(year, month, day) - EPOCH).days
    except (ValueError, OverflowError):
        return None


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    one = calendar.constant(1)
    year, month, day = (_column(x.values, k) for k in range(3))
    has_year, has_month = _is_within(year, 9999), _is_within(month, 12)
    start = calendar.year_start(op.where(has_year, year, one))
    before, length = calendar.month_start(start, op.where(has_month, month, one))
    has_day = op.and_(op.greater_or_equal(day, one), op.less_or_equal(day, length))
    exists = op.and_(op.and_(has_year, has_month), has_day)
    days = op.add(before, op.where(has_day, day, one))
    values = op.sub(days, calendar.constant(calendar.EPOCH_DAY))
    present = None if x.valid is None else all_of(*(_column(x.valid, k) for k in range(3)))
    if params.invalid == "null":
        return masked("date", 1, values, all_of(present, exists))
    wrong = op.not_(exists)
    wrong = wrong if present is None else op.and_(present, wrong)
    return masked("date", 1, values, present).guard("invalid-value", wrong)


def _column(x: Var, k: int) -> Var:
    """[N, 1]; a slice has no static width where the number of columns is not static."""
    return op.gather(x, const([k], np.int64), axis=1)


def _is_within(x: Var, most: int) -> Var:
    """From 1 on."""
    low, high = calendar.constant(1), calendar.constant(most)
    return op.and_(op.greater_or_equal(x, low), op.less_or_equal(x, high))


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    return (("_".join(columns),), (), ())


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    extremes: list[Scalar] = [-(2**63), -1, 0, 1, 2**63 - 1, None]
    own: tuple[tuple[int, ...], ...] = (
        (4, 100, 400, 1899, 1900, 1970, 2000, 2023, 2024, 2100, 9999, 10_000),
        (*range(2, 13), 13),
        (2, 27, 28, 29, 30, 31, 32),
    )
    return [*extremes, *own[k]]


DAYS: dict[tuple[int | None, int | None, int | None], str | None] = {
    (2024, 2, 29): "2024-02-29",
    (2000, 2, 29): "2000-02-29",
    (1900, 2, 28): "1900-02-28",
    (1, 1, 1): "0001-01-01",
    (9999, 12, 31): "9999-12-31",
    (19, 3, 9): "0019-03-09",
}
NOT_DAYS = (
    (1900, 2, 29),
    (2023, 2, 29),
    (2100, 2, 29),
    (2024, 4, 31),
    (2024, 1, 32),
    (2024, 13, 1),
    (2024, 0, 1),
    (2024, 1, 0),
    (0, 1, 1),
    (10_000, 1, 1),
    (-(2**63), 1, 1),
    (2024, 2**63 - 1, 1),
    (2024, 1, -1),
)
YMD = {"year": "int64", "month": "int64", "day": "int64"}


def _number(text: str) -> int:
    return (date.fromisoformat(text) - EPOCH).days


CASES = (
    Case(
        name="days",
        shows=("C1", "C2"),
        columns=YMD,
        rows=[*DAYS],
        expect=[[_number(text)] for text in DAYS.values() if text],
        names=("year_month_day",),
    ),
    Case(
        name="no such day is null",
        shows=("C1", "C2"),
        columns=YMD,
        params={"invalid": "null"},
        rows=[*NOT_DAYS, (1970, 1, 2)],
        expect=[*([None] for _ in NOT_DAYS), [1]],
    ),
    Case(
        name="no such day is refused",
        shows=("C2",),
        columns=YMD,
        rows=[*NOT_DAYS, (1970, 1, 2)],
        expect=[*([0] for _ in NOT_DAYS), [1]],
        guards=[("invalid-value", row, 0) for row in range(len(NOT_DAYS))],
    ),
    Case(
        name="null",
        shows=("C3",),
        columns={"year": "int64?", "month": "int64?", "day": "int64"},
        rows=[[None, 1, 1], [1970, None, 1], [None, 13, 99], [1970, 1, 1], [1970, 2, 1]],
        expect=[[None], [None], [None], [0], [31]],
    ),
    Case("two columns", ("C4",), {"year": "int64", "month": "int64"}, [], [], refused="SKC127"),
)

OP = Op(
    name="make_date",
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
)
