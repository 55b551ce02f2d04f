"""Map a number onto a circle: sin(2π (x - offset) / period) and cos(2π (x - offset) / period).

Why: hour 23 is next to hour 0, and December next to January; a model can see that from two coordinates, but not
from one number.

Example: `hour: {from: hour, apply: [{cyclical: {period: 24}}]}`

Parameters
----------
period : float, positive and finite
    The length of one full turn: 24 for hours, 7 for weekdays, 365.25 for days of the year.
offset : float, finite, default 0
    The value at angle 0.
invalid : error or null, default error
    What happens to ±inf, which has no place on the circle.

Input: float64 or int64, exact values only (no log, exp or sine before it), because many turns multiply the error
of a value. Output: two float64 columns for each input column, NAME_sin and NAME_cos, within 1e-6 (in practice about
1e-15). Null gives null.

Critical points
---------------
C1  The two columns of an input column are adjacent: sine, then cosine.
C2  x is reduced to one turn first, by the exact remainder, so that a large value is as accurate as a small
    one.
C3  The offset is subtracted from the reduced value, not from x, where it could vanish next to a large value.
C4  int64 is reduced as an integer: 2^53 and 2^53 + 1 are distinguished.
C5  ±inf: `error` guards the row (`invalid-value`), `null` gives null.
C6  Null gives null in both columns.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, elementwise
from skc.emit.opset import const, op
from skc.op import Case, Names, NoState, Op, parameters, require, require_exact
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

SPLIT = 2**32
Finite = Annotated[float, Field(allow_inf_nan=False)]


@parameters
class Params:
    period: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    offset: Finite = 0.0
    invalid: Literal["error", "null"] = "error"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", "int64", op="cyclical")
    require_exact(x, op="cyclical")
    nullable = x.nullable or (x.dtype == "float64" and params.invalid == "null")
    return ValueType("float64", nullable=nullable, exact=False, width=None if x.width is None else 2 * x.width)


def apply(params: Params, state: NoState, x: Block) -> Block:
    remainder = _rest_of_ints(x.values, params.period) if x.dtype == "int64" else np.fmod(x.values, params.period)
    remainder = np.where(x.present(), remainder, np.nan)
    turns = remainder / params.period - math.fmod(params.offset, params.period) / params.period
    angle = 2 * np.pi * turns
    values = np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(x.rows, 2 * x.width)
    block = Block("float64", values)
    if x.dtype == "int64" or params.invalid == "null":
        return block
    return block.guard("invalid-value", np.isinf(x.values))


def _rest_of_ints(values: Array, period: float) -> Array:
    """x mod period, rounded once to float64."""
    remainder = np.fmod(values.astype(np.float64), period)
    for i, j in np.argwhere((values > 2**53) | (values < -(2**53))):
        remainder[i, j] = float(Fraction(int(values[i, j])) % Fraction(period))
    return remainder


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    period = const(params.period)
    remainder = _lower_ints(x.values, period) if x.dtype == "int64" else op.mod(x.values, period, fmod=1)
    turns = op.sub(op.div(remainder, period), const(math.fmod(params.offset, params.period) / params.period))
    angle = op.unsqueeze(op.mul(turns, const(2 * math.pi)), const([2]))
    # Cos has no float64 kernel up to ONNX Runtime 1.28; |angle| < 4π, so the sum loses less than 1e-15.
    angles = op.reshape(op.add(angle, const([0.0, math.pi / 2])), const([0, 2 * x.width]))
    values = elementwise(op.sin, angles, 2 * x.width)
    if x.valid is not None:
        doubled = op.reshape(op.expand(op.unsqueeze(x.valid, const([2])), const([1, 1, 2])), const([0, 2 * x.width]))
        values = op.where(doubled, values, const(np.nan))
    block = GraphBlock("float64", 2 * x.width, values)
    if x.dtype == "int64" or params.invalid == "null":
        return block
    return block.guard("invalid-value", op.isinf(x.values))


def _lower_ints(values: Var, period: Var) -> Var:
    """x mod period, up to whole turns: x = high 2^32 + low, and both parts are exact in float64."""
    low = op.mod(values, const(SPLIT))
    high = op.sub(values, low)  # a multiple of 2^32 that never wraps around: low has the sign of the divisor
    remainders = [op.mod(op.cast(part, to=np.float64), period, fmod=1) for part in (high, low)]
    return op.mod(op.add(*remainders), period, fmod=1)


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    return tuple((f"{name}_sin", f"{name}_cos") for name in columns)


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    if x.dtype == "int64":
        near = [math.floor(q * params.period) for q in (-1, 0.25, 0.5, 0.75, 1, 3) if abs(q * params.period) < 2**62]
        nearby = [value + step for value in near for step in (-1, 0, 1)]
        return [*nearby, 0, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63), None]
    values = [params.offset + q * params.period for q in (-1, 0, 0.25, 0.5, 0.75, 1, 3)]
    around_all = [near for v in values for near in (math.nextafter(v, -math.inf), v, math.nextafter(v, math.inf))]
    return [
        None,
        *around_all,
        -0.0,
        5e-324,
        2.0**53,
        1e22,
        -1e300,
        1.7976931348623157e308,
        math.inf,
        -math.inf,
    ]


ROOT = math.sqrt(0.5)
CASES = (
    Case(
        name="hours",
        shows=("C1",),
        columns={"h": "float64", "m": "float64"},
        params={"period": 24},
        rows=[[0.0, 6.0], [3.0, 12.0], [23.0, -1.0], [24.0, 30.0]],
        expect=[
            [0.0, 1.0, 1.0, 0.0],
            [ROOT, ROOT, 0.0, -1.0],
            [-0.25881904510252074, 0.9659258262890683, -0.25881904510252074, 0.9659258262890683],
            [0.0, 1.0, 1.0, 0.0],
        ],
        names=("h_sin", "h_cos", "m_sin", "m_cos"),
    ),
    Case(
        name="many turns",
        shows=("C2",),
        columns={"x": "float64"},
        params={"period": 24.0},
        # 1e22 mod 24 = 16; the largest float64 mod 24 = 8
        rows=[[1e22], [-1e22], [1.7976931348623157e308]],
        expect=[[-0.8660254037844387, -0.5], [0.8660254037844387, -0.5], [0.8660254037844387, -0.5]],
    ),
    Case(
        name="offset next to a large value",
        shows=("C3",),
        columns={"x": "float64"},
        params={"period": 24.0, "offset": 6.0},
        rows=[[1e22], [6.0], [12.0]],
        expect=[[0.5, -0.8660254037844386], [0.0, 1.0], [1.0, 0.0]],
    ),
    Case(
        name="large integers",
        shows=("C4",),
        columns={"x": "int64"},
        params={"period": 4.0},
        rows=[[2**53], [2**53 + 1], [-(2**53) - 1], [2**63 - 1], [-(2**63)]],
        expect=[[0.0, 1.0], [1.0, 0.0], [-1.0, 0.0], [-1.0, 0.0], [0.0, 1.0]],
    ),
    Case(
        name="large integers, broken period",
        shows=("C4", "C6"),
        columns={"x": "int64?"},
        params={"period": 0.75},
        rows=[[2**62 + 1], [2**62], [None]],
        expect=[[-0.8660254037844386, -0.5], [0.8660254037844387, -0.5], [None, None]],
    ),
    Case(
        name="infinity is an error",
        shows=("C5",),
        columns={"x": "float64", "y": "float64"},
        params={"period": 1.0},
        rows=[[0.0, math.inf], [-math.inf, 0.0], [0.25, 0.5]],
        expect=[[], [], [1.0, 0.0, 0.0, -1.0]],
        guards=[("invalid-value", 0, 1), ("invalid-value", 1, 0)],
    ),
    Case(
        name="infinity is null",
        shows=("C5", "C6"),
        columns={"x": "float64?"},
        params={"period": 1.0, "invalid": "null"},
        rows=[[math.inf], [None], [0.25]],
        expect=[[None, None], [None, None], [1.0, 0.0]],
    ),
)

OP = Op(
    name="cyclical",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    cases=CASES,
    exact=False,
)
