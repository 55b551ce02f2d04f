"""Round to a number of decimals.

Why: to make values that differ only in noise equal, or to repeat the rounding of an upstream system.

Example: `fare: {from: fare, apply: [{round: {decimals: 1}}]}`

Parameters
----------
decimals : int from -15 to 15, default 0
    Digits to keep after the point; if negative, that many digits before it become 0.
mode : half_even, half_up, floor, ceil or trunc, default half_even
    half_even   to the nearest, a tie to the even neighbour (as NumPy, Python's `round`, IEEE 754)
    half_up     to the nearest, a tie away from zero (as Java's and Spark's HALF_UP and SQL's ROUND)
    floor       downwards
    ceil        upwards
    trunc       towards zero

Input: float64, exact values only (no log, exp or sine before it), because the last bit decides. Output: float64.
The meaning is that of `numpy.round`, in float64: x · 10^d, rounded to an integer, divided by 10^d (for negative d:
x / 10^-d, rounded, times 10^-d).

Critical points
---------------
C1  What is rounded is the product in float64, not the decimal as written: 2.675 · 100 is 267.5, a tie,
    though the float64 2.675 lies below it; 1.005 · 100 is 100.49999999999999, not a tie.
C2  Ties: half_even rounds 0.5, 1.5, 2.5 to 0, 2, 2; half_up rounds them to 1, 2, 3, and -0.5 to -1.
C3  half_up does not add 0.5: 0.49999999999999994 becomes 0, and 2^52 + 1 stays.
C4  A value whose product is 2^53 or more has no such decimals, because floats are too far apart there: it stays
    unchanged. So do ±inf, and a value whose product overflows, where `numpy.round` gives inf.
C5  A negative value that rounds to zero gives -0.0, and -0.0 stays -0.0.
C6  Negative decimals round before the point.
C7  floor, ceil and trunc apply to the product: 0.29 · 100 is 28.999999999999996, so its floor is 0.28.
C8  Null stays null.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Literal, assert_never

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Case, NoState, Op, always, parameters, require, require_exact
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Mode = Literal["half_even", "half_up", "floor", "ceil", "trunc"]
NO_DECIMALS = 2.0**53  # from here on, adjacent float64 are 2 apart


@parameters
class Params:
    decimals: Annotated[int, Field(ge=-15, le=15)] = 0
    mode: Mode = "half_even"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="round")
    require_exact(x, op="round")
    return x


def apply(params: Params, state: NoState, x: Block) -> Block:
    power = 10.0 ** abs(params.decimals)  # exact up to 10^22
    scaled = x.values * power if params.decimals >= 0 else x.values / power
    whole = _to_integer(scaled, params.mode)
    rounded = whole / power if params.decimals >= 0 else whole * power
    return Block("float64", np.where(np.abs(scaled) >= NO_DECIMALS, x.values, rounded))


def _to_integer(values: Array, mode: Mode) -> Array:
    match mode:
        case "half_even":
            return np.rint(values)
        case "half_up":
            truncated = np.trunc(values)
            is_up = np.abs(values - truncated) >= 0.5  # the difference is exact
            rounded: Array = np.copysign(np.abs(truncated) + is_up, values)
            return rounded
        case "floor":
            return np.floor(values)
        case "ceil":
            return np.ceil(values)
        case "trunc":
            return np.trunc(values)
    assert_never(mode)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    if params.decimals == 0:  # an integer stays an integer, however large
        return GraphBlock("float64", x.width, _lower_to_integer(x.values, params.mode))
    power = const(10.0 ** abs(params.decimals))
    scaled = op.mul(x.values, power) if params.decimals > 0 else op.div(x.values, power)
    whole = _lower_to_integer(scaled, params.mode)
    rounded = op.div(whole, power) if params.decimals > 0 else op.mul(whole, power)
    is_as_is = op.greater_or_equal(op.abs(scaled), const(NO_DECIMALS))
    return GraphBlock("float64", x.width, op.where(is_as_is, x.values, rounded))


def _lower_to_integer(values: Var, mode: Mode) -> Var:
    match mode:
        case "half_even":
            return op.round(values)
        case "half_up":
            truncated = _trunc(values)
            is_up = op.greater_or_equal(op.abs(op.sub(values, truncated)), const(0.5))
            outwards = op.where(op.less(values, const(0.0)), const(-1.0), const(1.0))
            return op.where(is_up, op.add(truncated, outwards), truncated)
        case "floor":
            return op.floor(values)
        case "ceil":
            return op.ceil(values)
        case "trunc":
            return _trunc(values)
    assert_never(mode)


def _trunc(values: Var) -> Var:
    """Round toward zero. ONNX Runtime's Where preserves -0.0 only in its last input, so Ceil must be there."""
    return op.where(op.greater(values, const(0.0)), op.floor(values), op.ceil(values))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    power = 10.0**params.decimals
    places = [
        0.5,
        1.0,
        1.5,
        2.5,
        0.49999999999999994,
        28.999999999999996,
        2.0**52 + 1,
        2.0**52 - 0.5,
        NO_DECIMALS,
    ]
    near = [
        sign * value
        for multiple in places
        for value in (
            math.nextafter(multiple / power, 0.0),
            multiple / power,
            math.nextafter(multiple / power, math.inf),
        )
        for sign in (1.0, -1.0)
    ]
    known_ties = [2.675, 1.005, 0.29, 0.1, 1e22, 12345.678]
    return [None, *near, *known_ties, 0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, math.inf, -math.inf]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return values


def _case(name: str, shows: str, decimals: int, mode: Mode, pairs: dict[float | None, float | None]) -> Case:
    return Case(
        name=name,
        shows=tuple(shows.split()),
        columns={"x": "float64?"},
        params={"decimals": decimals, "mode": mode},
        rows=[[value] for value in pairs],
        expect=[[value] for value in pairs.values()],
    )


CASES = (
    _case("the product is rounded", "C1", 2, "half_even", {2.675: 2.68, 1.005: 1.0, 0.125: 0.12, 0.375: 0.38}),
    _case("the product is a tie", "C1 C2", 2, "half_up", {2.675: 2.68, 1.005: 1.0, 0.125: 0.13, -0.125: -0.13}),
    _case(
        "ties to even",
        "C2 C5",
        0,
        "half_even",
        {0.5: 0.0, 1.5: 2.0, 2.5: 2.0, -0.5: -0.0, -1.5: -2.0, -2.5: -2.0},
    ),
    _case(
        "ties away from zero",
        "C2",
        0,
        "half_up",
        {0.5: 1.0, 1.5: 2.0, 2.5: 3.0, -0.5: -1.0, -1.5: -2.0, -2.5: -3.0},
    ),
    _case(
        "half up next to a tie",
        "C3",
        0,
        "half_up",
        {
            0.49999999999999994: 0.0,
            -0.49999999999999994: -0.0,
            2.4999999999999996: 2.0,
            2.0**52 + 1: 2.0**52 + 1,
            2.0**52 - 0.5: 2.0**52,
            -(2.0**53) - 2: -(2.0**53) - 2,
        },
    ),
    _case(
        "too large to have decimals",
        "C4",
        15,
        "half_even",
        {1e308: 1e308, -math.inf: -math.inf, math.inf: math.inf, 9.1: 9.1, 0.1: 0.1},
    ),
    _case(
        "numpy.round would change the last bit",
        "C4",
        2,
        "half_even",
        {910171231162859.8: 910171231162859.8, 100203787206949.89: 100203787206949.89},
    ),
    _case("below 2^53", "C4", 2, "half_even", {57186109709469.734: 57186109709469.73}),
    _case("large whole numbers", "C4", 0, "ceil", {1e300: 1e300, math.inf: math.inf, 2.0**53 + 2: 2.0**53 + 2}),
    _case("the sign of zero", "C5", 1, "trunc", {-0.04: -0.0, -0.0: -0.0, 0.04: 0.0, -5e-324: -0.0}),
    _case("the sign of zero, half up", "C5", 0, "half_up", {-0.0: -0.0, -0.25: -0.0, 0.25: 0.0}),
    _case("the sign of zero, ceil", "C5", 0, "ceil", {-0.0: -0.0, -0.25: -0.0, 5e-324: 1.0}),
    _case(
        "before the point",
        "C2 C6",
        -2,
        "half_even",
        {150.0: 200.0, 250.0: 200.0, -250.0: -200.0, 49.99: 0.0, 1234.5: 1200.0, 1e308: 1e308},
    ),
    _case("before the point, far out", "C6", -15, "half_up", {5e14: 1e15, 499999999999999.94: 0.0, -5e14: -1e15}),
    _case("downwards", "C7", 2, "floor", {0.29: 0.28, -0.29: -0.29, 0.285: 0.28, -0.001: -0.01}),
    _case("upwards", "C7", 2, "ceil", {0.07: 0.08, 0.06: 0.06, -0.29: -0.28, 0.001: 0.01}),
    _case("towards zero", "C7", 2, "trunc", {0.29: 0.28, -0.29: -0.28, 1.999: 1.99}),
    _case("null", "C8", 1, "half_up", {None: None, 0.25: 0.3}),
)

OP = Op(
    name="round",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    decides_by=always("last bit"),
    carry_back=carry_back,
    is_whole=lambda params, x: params.decimals <= 0,
    cases=CASES,
)
