"""Replace certain values by null: sentinels such as -1, 999 or "?" that stand for a missing value.

Why: a sentinel that is taken for a number shifts every mean and every scale. As a null it is left out of them, and can
be imputed.

Example: `income: {from: income, apply: [{null_if: {values: [-1, 999]}}, {impute: {strategy: median}}]}`

Parameters
----------
values : list of values of the column's type (for float64 also integers that float64 holds exactly)
    The values that become null.
null : keep or error, default keep
    For a value that is null already: it stays null, or the row is refused. (scikit-learn refuses NaN where
    `missing_values` is another value.)

Input: every type. Output: the same type, nullable.

Critical points
---------------
C1  A value is replaced only if it equals one of `values`: 0.0 also replaces -0.0, and the next float64 is another
    value; text must have the same code points.
C2  Every other value keeps its bits.
C3  Null stays null, or is refused with the guard `invalid-value`.
C4  A value of another type than the column's is refused (SKC123), and so is float64 input that is not exact (SKC121).
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import const, op
from skc.op import Case, Known, NoState, Op, parameters, require_exact
from skc.ops.numeric._constants import Constant, constant_of
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import KINDS, RANGES, DType


@parameters
class Params:
    values: Annotated[tuple[bool | int | float | str, ...], Field(min_length=1)]
    null: Literal["keep", "error"] = "keep"


def infer(params: Params, x: ValueType) -> ValueType:
    _constants(params, x.dtype)
    require_exact(x, op="null_if")
    return x.with_(nullable=True)


def _constants(params: Params, dtype: DType) -> list[Constant]:
    return [constant_of(value, dtype, "values") for value in params.values]


def apply(params: Params, state: NoState, x: Block) -> Block:
    present = x.present()
    is_listed = np.zeros(x.values.shape, dtype=bool)
    for value in _constants(params, x.dtype):
        is_listed |= x.values == value
    block = make_block(x.dtype, x.values, present & ~is_listed)
    is_guarded = params.null == "error" and (x.kind.is_float or x.valid is not None)
    return block.guard("invalid-value", ~present) if is_guarded else block


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    constants = _constants(params, x.dtype)
    dtype = None if x.dtype == "string" else KINDS[x.dtype].numpy
    others = [op.not_(op.equal(x.values, const(value, dtype))) for value in constants]
    # what equals no constant may still be NaN, and NaN is what takes its place
    present = None if x.kind.is_float else x.valid
    block = masked(x.dtype, x.width, x.values, all_of(present, *others))
    known = x.present() if params.null == "error" else None
    return block if known is None else block.guard("invalid-value", op.not_(known))


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    constants = _constants(params, x.dtype)
    return None if known is None else tuple(value for value in known if value not in constants)


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    values: list[Scalar] = [None]
    for value in _constants(params, x.dtype):
        values.append(value)
        if isinstance(value, bool):
            values += [False, True]
        elif isinstance(value, str):
            values += [f"{value} ", value.upper(), value.lower(), "", "\U0001f600"]
        elif isinstance(value, float):
            values += [math.nextafter(value, -math.inf), math.nextafter(value, math.inf), 0.0, -0.0, math.inf]
        else:
            low, high = RANGES[x.dtype]
            values += [near for near in (value - 1, value + 1, low, high) if low <= near <= high]
    return values


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return values


CASES = (
    Case(
        name="sentinels",
        shows=("C1", "C2", "C3"),
        columns={"x": "float64?", "y": "float64"},
        params={"values": [-1, 0.0]},
        rows=[[-1.0, 0.5], [math.nextafter(-1.0, 0.0), -0.0], [None, 5e-324], [math.inf, 0.0]],
        expect=[[None, 0.5], [-0.9999999999999999, None], [None, 5e-324], [math.inf, None]],
    ),
    Case(
        name="text",
        shows=("C1", "C3"),
        columns={"s": "string?"},
        params={"values": ["?", "\u00e9"]},
        rows=[["?"], ["??"], [None], ["e\u0301"], ["\u00e9"], [""]],
        expect=[[None], ["??"], [None], ["e\u0301"], [None], [""]],
    ),
    Case(
        name="integers",
        shows=("C1", "C2"),
        columns={"n": "int64"},
        params={"values": [2**53 + 1]},
        rows=[[2**53], [2**53 + 1], [-1]],
        expect=[[2**53], [None], [-1]],
    ),
    Case(
        name="booleans",
        shows=("C1",),
        columns={"b": "bool?"},
        params={"values": [True]},
        rows=[[True], [False], [None]],
        expect=[[None], [False], [None]],
    ),
    Case(
        name="days",
        shows=("C1",),
        columns={"d": "date"},
        params={"values": [0]},
        rows=[[0], [-1]],
        expect=[[None], [-1]],
    ),
    Case(
        name="moments",
        shows=("C1",),
        columns={"t": "timestamp"},
        params={"values": [0]},
        rows=[[0], [1]],
        expect=[[None], [1]],
    ),
    Case(
        name="nulls refused",
        shows=("C3",),
        columns={"x": "float64?", "y": "float64"},
        params={"values": [-1.0], "null": "error"},
        rows=[[-1.0, 2.0], [None, 1.0]],
        expect=[[None, 2.0], []],
        guards=[("invalid-value", 1, 0)],
    ),
    Case(
        name="null text refused",
        shows=("C3",),
        columns={"s": "string?"},
        params={"values": ["?"], "null": "error"},
        rows=[["?"], [None], [""]],
        expect=[[None], [], [""]],
        guards=[("invalid-value", 1, 0)],
    ),
    Case(
        name="another type",
        shows=("C4",),
        columns={"n": "int64"},
        params={"values": [1.5]},
        rows=[],
        expect=[],
        refused="SKC123",
    ),
)

OP = Op(
    name="null_if",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    levels=levels,
    carry_back=carry_back,
    is_small=lambda params, inputs_are: inputs_are,
    null_blind=True,
    made_null="null",
    cases=CASES,
)
