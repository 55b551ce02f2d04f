"""An exact value in place of one that was computed from it, with the nulls and the refusals of that one.

Internal: it is inserted where a step decides on the result of a logarithm, or of another step whose last bits differ
between machines. That step then compares the exact value, with edges that were carried back (`skc.carry`); but a row
that the steps between refuse is still refused, and a null that they make is still one.

Parameters
----------
negated : bool, default false
    The exact value with the other sign, for steps between that fall: less becomes more.
null : number, default none
    What a null becomes, where a step between replaces nulls. It is on the same side of every edge.

Input: the exact value, the value computed from it that is null where the result is to be, and any others that are only
refused; all float64. Output: the exact value, null where the second one is null.

Critical points
---------------
C1  The value is the first, to the bit; of the second only whether it is null matters, and of any others nothing.
C2  The result is exact if the first value is, whatever the others.
C3  `negated` changes the sign, also of zero.
C4  With `null`, the output is never null: a NaN of the second value gives that number.
C5  The column is named after the last value: it stands in for that.
"""

from __future__ import annotations

import math

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Case, Names, NoState, Op, always, parameters, require
from skc.values.types import Block, Scalar, ValueType


@parameters
class Params:
    negated: bool = False
    null: float | None = None


def infer(params: Params, *types: ValueType) -> ValueType:
    exact, computed, *_ = types
    for x in types:
        require(x, "float64", op="stand_in")
    return exact.with_(nullable=params.null is None and (exact.nullable or computed.nullable))


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    return (columns[-1:], *((),) * (len(columns) - 1))


def apply(params: Params, state: NoState, *blocks: Block) -> Block:
    exact, computed, *_ = blocks
    null = math.nan if params.null is None else params.null
    return Block(
        "float64", np.where(np.isnan(computed.values), null, -exact.values if params.negated else exact.values)
    )


def lower(params: Params, state: NoState, *blocks: GraphBlock) -> GraphBlock:
    exact, computed, *_ = blocks
    values = op.neg(exact.values) if params.negated else exact.values
    null = const(math.nan if params.null is None else params.null)
    return GraphBlock("float64", exact.width, op.where(op.isnan(computed.values), null, values))  # keeps -0.0


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    return [*([None] if x.nullable else []), 0.0, -0.0, 1.0, math.inf, -math.inf]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    if k > 0 or not params.negated:
        return values if k == 0 else []
    return [-v if isinstance(v, float) else v for v in values]


CASES = (
    Case(
        name="a logarithm and what it was computed from",
        shows=("C1", "C2", "C5"),
        columns={"x": "float64?", "log": "float64?"},
        rows=[
            [-0.0, -math.inf],
            [1.0, 0.0],
            [-1.0, None],
            [None, None],
            [None, 0.5],
            [math.inf, math.inf],
            [0.1, -0.0],
        ],
        expect=[[-0.0], [1.0], [None], [None], [None], [math.inf], [0.1]],
        names=("log",),
    ),
    Case(
        name="less becomes more",
        shows=("C3",),
        columns={"x": "float64?", "log": "float64?"},
        params={"negated": True},
        rows=[[0.0, -math.inf], [-0.0, 0.0], [-1.0, None], [math.inf, 1.0]],
        expect=[[-0.0], [0.0], [None], [-math.inf]],
    ),
    Case(
        name="a null that an imputer replaces",
        shows=("C1", "C4", "C5"),
        columns={"x": "float64?", "log": "float64?", "imputed": "float64"},
        params={"null": 3.5},
        rows=[[1.0, 0.0, 0.0], [-1.0, None, 7.0], [None, None, 7.0], [-0.0, -math.inf, -math.inf]],
        expect=[[1.0], [3.5], [3.5], [-0.0]],
        names=("imputed",),
    ),
)

OP = Op(
    name="stand_in",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    carry_back=carry_back,
    names=names,
    arity=always("values"),
    cases=CASES,
    internal=True,
)
