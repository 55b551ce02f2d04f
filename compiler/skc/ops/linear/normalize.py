"""Divide each row by its own length, over all columns together: like scikit-learn's `Normalizer`.

Why: where only the proportions of a row matter, as of word counts, its length should not.

Example: `shares: {from: [food, rent, travel], apply: [{normalize: {norm: l1}}]}`

Parameters
----------
norm : "l1", "l2" or "max", default "l2"
    The length of a row: the sum of absolute values, the root of the sum of squares, or the greatest absolute value.

Input: float64 (null: NaN). Output: float64, nullable: a null or an infinity makes a row null where it is divided by
itself.

Critical points
---------------
C1  A row of zeros stays as it is.
C2  So does a row whose length is below 2.220446049250313e-15, as in scikit-learn. A row whose length, `max` apart, is
    so near to that limit that rounding errors would decide has the guard `rounding-noise`.
C3  Squares that overflow or underflow count as in scikit-learn: 1e200 alone becomes 0 under `l2`.
C4  A null makes every column of its row null.
C5  The columns of the step belong together: sums are taken from left to right.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Case, NoState, Op, always, parameters, require
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

SHORTEST = 10 * 2.220446049250313e-16
NEAR = 1e-9  # relative to the limit: beyond what the order of a sum can change
GUARD = "rounding-noise"


@parameters
class Params:
    norm: Literal["l1", "l2", "max"] = "l2"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="normalize")
    # the order of a sum is another one in scikit-learn: nothing may be decided by its last bits
    return x.with_(nullable=True, exact=x.exact and params.norm == "max")


def apply(params: Params, state: NoState, x: Block) -> Block:
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        if params.norm == "l1":
            length = _sum(np.abs(x.values))
        elif params.norm == "l2":
            length = np.sqrt(_sum(x.values * x.values))
        else:
            length = np.abs(x.values).max(axis=1, keepdims=True)
        block = Block("float64", x.values / np.where(length < SHORTEST, 1.0, length))
    if params.norm == "max":
        return block
    return block.guard(GUARD, np.broadcast_to(np.abs(length - SHORTEST) < NEAR * SHORTEST, x.values.shape))


def _sum(values: Array) -> Array:
    """Of each row, from left to right."""
    return np.add.accumulate(values, axis=1)[:, -1:]


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    """Sums by MatMul: those of ReduceSum depend on where in memory a row lies."""
    size = op.abs(x.values)
    ones = const(np.ones((x.width, 1)))
    if params.norm == "l1":
        length = op.matmul(size, ones)
    elif params.norm == "l2":
        length = op.sqrt(op.matmul(op.mul(x.values, x.values), ones))
    else:
        greatest = op.reduce_max(size, const([1]), keepdims=1)  # it may pass over a NaN, a sum does not
        nulls = op.matmul(op.cast(op.isnan(size), to=np.float64), ones)
        length = op.where(op.greater(nulls, const(0.0)), const(math.nan), greatest)
    divisor = op.where(op.less(length, const(SHORTEST)), const(1.0), length)
    block = GraphBlock("float64", x.width, op.div(x.values, divisor))
    if params.norm == "max":
        return block
    is_near = op.less(op.abs(op.sub(length, const(SHORTEST))), const(NEAR * SHORTEST))
    everywhere = const(np.ones((1, x.width), dtype=np.bool_))
    return block.guard(GUARD, op.and_(is_near, everywhere))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    """Also the limit, and the floats on either side of where the guard begins and ends."""
    ulp = math.ulp(SHORTEST)
    steps = int(NEAR * SHORTEST / ulp)
    near = [SHORTEST + sign * n * ulp for n in (steps, steps + 1) for sign in (1, -1)]
    limit = [SHORTEST, math.nextafter(SHORTEST, 0.0), *near]
    plain = [None, 0.0, -0.0, 1.0, -1.0, 3.0, 4.0, 1e-15, 3e-15, 5e-324, 1e200, -1e200, 1.7e308, math.inf, -math.inf]
    return [*plain, *limit]


CASES = (
    Case(
        name="root of squares",
        shows=("C1", "C3", "C4", "C5"),
        columns={"x": "float64?", "y": "float64?"},
        rows=[[3.0, -4.0], [0.0, -0.0], [None, 1.0], [1e200, 1.0], [1e-200, 0.0]],
        expect=[[0.6, -0.8], [0.0, -0.0], [None, None], [0.0, 0.0], [1e-200, 0.0]],
    ),
    Case(
        name="sum of absolute values",
        shows=("C1", "C2"),
        columns={"x": "float64", "y": "float64"},
        params={"norm": "l1"},
        rows=[[1.0, -3.0], [0.0, 0.0], [1e-15, -1e-15], [SHORTEST, 0.0], [1.7e308, 1.7e308]],
        expect=[[0.25, -0.75], [0.0, 0.0], [1e-15, -1e-15], [], [0.0, 0.0]],
        guards=[(GUARD, 3, k) for k in range(2)],
    ),
    Case(
        name="greatest absolute value",
        shows=("C1", "C2", "C4"),
        columns={"x": "float64?", "y": "float64?"},
        params={"norm": "max"},
        rows=[[3.0, -4.0], [-0.0, 0.0], [2e-15, 1e-15], [SHORTEST, 0.0], [1.0, None], [math.inf, 1.0]],
        expect=[[0.75, -1.0], [-0.0, 0.0], [2e-15, 1e-15], [1.0, 0.0], [None, None], [None, 0.0]],
    ),
)


def _from_sklearn(normalizer: Any, x: Columns) -> Columns:
    return x.floats(null="error").apply(OP, Params(norm=normalizer.norm), is_finite=True)


SKLEARN = {"sklearn.preprocessing.Normalizer": Claim(_from_sklearn, ("norm",), ("copy",))}

OP = Op(
    name="normalize",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    arity=always("block"),
    sklearn=SKLEARN,
    cases=CASES,
)
