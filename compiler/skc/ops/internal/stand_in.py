"""An exact value in place of one that was computed from it, with the nulls and the refusals of that one.

Internal: the front end of scikit-learn inserts it where a tree decides on the result of a logarithm, or of another step
whose last bits differ between machines. The tree then compares the exact value, with edges that were carried back
through those steps; but a row that they refuse is still refused, and a null that they make is still one.

Input: the exact value, and the one that was computed from it; both float64. Output: the exact value, null where the
other one is null.

Critical points
---------------
C1  The value is the first, to the bit; of the second only whether it is null matters.
C2  The result is exact if the first value is, whatever the second.
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
    pass


def infer(params: Params, *types: ValueType) -> ValueType:
    exact, computed = types
    for x in types:
        require(x, "float64", op="stand_in")
    return exact.with_(nullable=exact.nullable or computed.nullable)


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    """The name of the exact value."""
    return (columns[:1], *((),) * (len(columns) - 1))


def apply(params: Params, state: NoState, *blocks: Block) -> Block:
    exact, computed = blocks
    return Block("float64", np.where(np.isnan(computed.values), np.nan, exact.values))


def lower(params: Params, state: NoState, *blocks: GraphBlock) -> GraphBlock:
    exact, computed = blocks
    values = op.where(op.isnan(computed.values), const(math.nan), exact.values)  # its last input keeps -0.0
    return GraphBlock("float64", exact.width, values)


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    return [*([None] if x.nullable else []), 0.0, -0.0, 1.0, math.inf, -math.inf]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return values if k == 0 else []


CASES = (
    Case(
        name="a logarithm and what it was computed from",
        shows=("C1", "C2"),
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
