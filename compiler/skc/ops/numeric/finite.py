"""Refuse a row in which a number is infinite, or not a number: like the input check of a scikit-learn estimator.

Why: an infinity passes through a scaler and a dot product without an error, and a model then serves a number that
means nothing. In a pipeline read from scikit-learn the front end puts this step wherever the estimator checks its
input, so that a row that scikit-learn refuses is refused in every language.

Example: `amounts: {from: [fare, distance], apply: [finite]}`

Parameters
----------
null : keep or error, default keep
    What happens to a null (NaN): it stays, or the row is refused.
largest : float64 or float32, default float64
    The type that must be able to hold the value. `float32` also refuses a value that would round to an infinity of
    float32, as the trees of scikit-learn do.

Input: float64. Output: the same, to the bit. A row that is refused has the guard `not-finite`.

Critical points
---------------
C1  inf and -inf are refused, the largest finite float64 is not.
C2  Null is kept, or refused; it is never taken for an infinity.
C3  Finite values keep their bits, -0.0 and denormals too.
C4  `largest: float32` refuses from the midpoint between the largest float32 and 2^128 on: 3.4028235677973366e38
    rounds to an infinity, the float64 below it to the largest float32.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Case, NoState, Op, parameters, require
from skc.values.types import Block, Scalar, ValueType

GUARD = "not-finite"
LARGEST = 1.7976931348623157e308
# Halfway between the largest float32 and 2^128: the tie rounds to the even one, which is not a float32 any more.
FLOAT32_END = 3.4028235677973366e38


@parameters
class Params:
    null: Literal["keep", "error"] = "keep"
    largest: Literal["float64", "float32"] = "float64"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="finite")
    return x.with_(nullable=x.nullable and params.null == "keep")


def apply(params: Params, state: NoState, x: Block) -> Block:
    refused = np.isinf(x.values.astype(params.largest))
    if params.null == "error":
        refused = refused | np.isnan(x.values)
    return Block("float64", np.where(refused, 0.0, x.values)).guard(GUARD, refused)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    magnitude = op.abs(x.values)
    if params.largest == "float32":
        refused = op.greater_or_equal(magnitude, const(FLOAT32_END))
    else:
        refused = op.equal(magnitude, const(math.inf))
    if params.null == "error":
        refused = op.or_(refused, op.isnan(x.values))
    return GraphBlock("float64", x.width, op.where(refused, const(0.0), x.values)).guard(GUARD, refused)


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    ends = [math.inf, LARGEST, FLOAT32_END, math.nextafter(FLOAT32_END, 0.0), math.nextafter(FLOAT32_END, math.inf)]
    return [None, *ends, *(-end for end in ends), 0.0, -0.0, 5e-324]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return values


def _guarded(*rows: int) -> list[tuple[str, int, int]]:
    return [(GUARD, row, 0) for row in rows]


CASES = (
    Case(
        name="infinities",
        shows=("C1", "C2", "C3"),
        columns={"x": "float64?"},
        rows=[[math.inf], [-math.inf], [None], [LARGEST], [-LARGEST], [-0.0], [5e-324]],
        expect=[[], [], [None], [LARGEST], [-LARGEST], [-0.0], [5e-324]],
        guards=_guarded(0, 1),
    ),
    Case(
        name="nulls too",
        shows=("C2",),
        columns={"x": "float64?", "y": "float64"},
        params={"null": "error"},
        rows=[[None, 1.0], [1.0, math.inf], [-0.0, 5e-324]],
        expect=[[], [], [-0.0, 5e-324]],
        guards=[(GUARD, 0, 0), (GUARD, 1, 1)],
    ),
    Case(
        name="what float32 does not hold",
        shows=("C4",),
        columns={"x": "float64?"},
        params={"largest": "float32"},
        rows=[[FLOAT32_END], [-FLOAT32_END], [math.nextafter(FLOAT32_END, 0.0)], [None], [1e-300], [math.inf]],
        expect=[[], [], [math.nextafter(FLOAT32_END, 0.0)], [None], [1e-300], []],
        guards=_guarded(0, 1, 5),
    ),
)

OP = Op(
    name="finite",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    carry_back=carry_back,
    cases=CASES,
)
