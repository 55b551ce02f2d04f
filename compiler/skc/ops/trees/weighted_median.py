"""The weighted median of the columns of a row: the least of them that half of the weight does not exceed.

Why: AdaBoostRegressor predicts the median of what its regressors predict, each with its weight. Which of them that is
depends on a sum of weights that may be half of all but for rounding; such a row is refused.

Example: the weights 1, 2 and 2 make 5.0 of the row (9.0, 5.0, 1.0): up to 5.0 there are 4 of 5.

Input: float64 without null, one column per weight. Output: one float64 column. State: the weights, learned by
scikit-learn.

Critical points
---------------
C1  The values are sorted and their weights added up in that order; the result is the first value at which the sum is at
    least half of the whole.
C2  A row is guarded with `tie` where the sum up to a value is half of the whole within 1e-12 of it, and the next value
    is a different one; so is a row with a value that is not a number.
C3  Values that may be null are refused (SKC120).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from skc.emit.blocks import GraphBlock, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Met, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.distance._metrics import any_column, lower_not_all
from skc.ops.trees import _boosts
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

GUARD = "tie"
NEAR = 1e-12  # of the whole weight: beyond what the order of a sum can change


@parameters
class Params:
    """There are none."""


@dataclass(frozen=True)
class State:
    weights: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="weighted_median")
    if x.nullable:
        raise refuse("SKC120", "`weighted_median` takes values without null", hint="put `impute` before the model")
    return x.with_(width=1)


def apply(params: Params, state: State, x: Block) -> Block:
    chosen, ties = [], []
    for row in x.values.tolist():
        pairs = sorted(zip(row, state.weights, strict=True), key=lambda pair: pair[0])
        values, sums = [value for value, _ in pairs], np.add.accumulate([weight for _, weight in pairs])
        half, near = sums[-1] / 2, NEAR * sums[-1]
        chosen.append(values[int(np.argmax(sums >= half))])
        differs = [a != b for a, b in pairwise(values)]
        ties.append(
            any(map(math.isnan, row))
            or any(d and abs(s - half) <= near for d, s in zip(differs, sums.tolist(), strict=False))
        )
    shape = (x.rows, 1)
    block = Block("float64", np.array(chosen, dtype=np.float64).reshape(shape))
    block = block.guard(GUARD, any_column(np.isnan(x.values)))
    return block if x.width == 1 else block.guard(GUARD, np.array(ties, dtype=bool).reshape(shape))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    width = x.width
    values, order = op.top_k(x.values, const([width]), axis=1, largest=0, sorted=1)
    sums = op.cumsum(op.gather(const(state.weights), order, axis=0), const(1))
    whole = take_columns(sums, width - 1, width)
    half = op.mul(whole, const(0.5))
    place = op.arg_max(op.cast(op.greater_or_equal(sums, half), to=np.float64), axis=1, keepdims=1)
    block = GraphBlock("float64", 1, op.gather_elements(values, place, axis=1))
    block = block.signal("clipped", op.isinf(x.values))
    block = block.guard(GUARD, lower_not_all(op.equal(x.values, x.values), width))
    if width == 1:
        return block
    is_far = op.greater(op.abs(op.sub(sums, half)), op.mul(whole, const(NEAR)))
    is_same = op.equal(take_columns(values, 0, width - 1), take_columns(values, 1, width))
    sure = op.or_(take_columns(is_far, 0, width - 1), is_same)
    return block.guard(GUARD, lower_not_all(sure, width - 1))


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (("median",), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    ends = [1.0, 1e17, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *ends, *(-end for end in ends)]


def met(params: Params, state: State, x: Block) -> Mapping[Met, Array]:
    """An infinite value is above or below the others as the largest finite one is."""
    return {"clipped": np.isinf(x.values)}


ABC = {"a": "float64", "b": "float64", "c": "float64"}
CASES = (
    Case(
        name="three values",
        shows=("C1",),
        columns=ABC,
        state=State((1.0, 2.0, 2.0)),
        rows=[[9.0, 5.0, 1.0], [1.0, 5.0, 9.0], [5.0, 1.0, 9.0], [2.0, 2.0, -0.0], [math.inf, -1e308, 5e-324]],
        expect=[[5.0], [5.0], [5.0], [2.0], [5e-324]],
        names=("median",),
    ),
    Case(
        name="half of the weight",
        shows=("C1", "C2"),
        columns=ABC,
        state=State((1.0, 2.0, 3.0)),
        rows=[[1.0, 2.0, 3.0], [1.0, 2.0, 2.0], [1.0, 3.0, 2.0], [3.0, 2.0, 1.0], [3.0, 1.0, 1.0], [0.0, 0.0, -0.0]],
        expect=[[], [2.0], [2.0], [], [1.0], [0.0]],
        guards=[("tie", 0, 0), ("tie", 3, 0)],
    ),
    Case(
        name="almost half of the weight",
        shows=("C2",),
        columns={"a": "float64", "b": "float64"},
        state=State((1.0, 1.0 + 2**-30)),
        rows=[[1.0, 2.0], [2.0, 1.0]],
        expect=[[2.0], [1.0]],
    ),
    Case(
        name="one value",
        shows=("C1",),
        columns={"a": "float64"},
        state=State((0.5,)),
        rows=[[-0.0], [5e-324]],
        expect=[[-0.0], [5e-324]],
    ),
    Case(
        name="values that may be null",
        shows=("C3",),
        columns={"a": "float64?"},
        state=State((1.0,)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="weighted_median",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    arity=always("block"),
    sklearn=_boosts.SKLEARN,
    met=met,
    cases=CASES,
)
