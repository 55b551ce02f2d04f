"""1 above a threshold, else 0: like scikit-learn's `Binarizer`.

Why: for some features only whether something happened matters, not how often.

Example: `bought: {from: purchases, apply: [{binarize: {threshold: 0.5}}]}`

Parameters
----------
threshold : number, default 0.0
    Values above it become 1, all others 0.

Input: float64 (null: NaN). Output: float64, 0 or 1; null stays null.

Critical points
---------------
C1  The threshold itself becomes 0, the next float64 above it 1.
C2  -0.0 and 0.0 are equal: neither is above the other.
C3  Infinities are compared as numbers, and null stays null. (scikit-learn refuses both.)
C4  Other types are refused (SKC120). After a log or exp the exact column before it is compared, with a threshold that
    was carried back to that; where this is not possible the step is refused (SKC121).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, where_not
from skc.emit.opset import const, op
from skc.op import AnyOp, Carrying, Case, NoState, Op, always, compared, parameters, require
from skc.ops.internal import bins
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array


@parameters
class Params:
    threshold: Annotated[float, Field(allow_inf_nan=False)] = 0.0


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="binarize")
    return compared(x, op="binarize")


def apply(params: Params, state: NoState, x: Block) -> Block:
    return Block("float64", np.where(np.isnan(x.values), math.nan, (x.values > params.threshold).astype(np.float64)))


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    above = op.cast(op.greater(x.values, const(params.threshold)), to=np.float64)
    return GraphBlock("float64", x.width, where_not(op.isnan(x.values), above, const(math.nan)))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    t = params.threshold
    return [None, math.nextafter(t, -math.inf), t, math.nextafter(t, math.inf), 0.0, -0.0, math.inf, -math.inf]


def marks(params: Params, state: NoState, k: int) -> dict[str, Sequence[Scalar]]:
    return {"edge": [params.threshold]}


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    t = params.threshold
    return [t, math.nextafter(t, math.inf), None] if values else []


CASES = (
    Case(
        name="above the threshold",
        shows=("C1", "C3"),
        columns={"x": "float64?", "y": "float64"},
        params={"threshold": 0.3},
        rows=[[0.3, 0.1 + 0.2], [None, -math.inf], [0.29999999999999993, math.inf]],
        expect=[[0.0, 1.0], [None, 0.0], [0.0, 1.0]],
    ),
    Case(
        name="zeros of both signs",
        shows=("C2",),
        columns={"x": "float64"},
        rows=[[0.0], [-0.0], [5e-324], [-5e-324]],
        expect=[[0.0], [0.0], [1.0], [0.0]],
    ),
    Case(
        name="text",
        shows=("C4",),
        columns={"s": "string"},
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)


def _from_sklearn(binarizer: Any, x: Columns) -> Columns:
    params = Params(threshold=float(binarizer.threshold))
    return x.floats(null="error").apply(OP, params, is_finite=True)


SKLEARN = {"sklearn.preprocessing.Binarizer": Claim(_from_sklearn, ("threshold",), ("copy",))}


def _edges(params: Params, state: NoState, k: int) -> Array:
    return np.array([params.threshold])


def _moved(params: Params, state: NoState, edges: Sequence[Array]) -> tuple[AnyOp, Any, Any]:
    return bins.OP, bins.Params(encode="flag"), bins.State(tuple(tuple(e.tolist()) for e in edges))


OP = Op(
    name="binarize",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    marks=marks,
    carry_back=carry_back,
    decides_by=always("edge"),
    carry=Carrying(_edges, _moved),
    is_whole=always(True),
    sklearn=SKLEARN,
    cases=CASES,
)
