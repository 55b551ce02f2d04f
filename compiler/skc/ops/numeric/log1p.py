"""The natural logarithm of 1 + x, accurate near 0: like `numpy.log1p`.

Why: amounts, counts and distances are skewed to the right and often 0, where a plain logarithm is infinite.

Example: `fare: {from: fare, apply: [{log1p: {invalid: null}}, standard_scale]}`

Parameters
----------
invalid : error or null, default error
    What happens to a value below -1, which has no logarithm: its row is refused, or it becomes null.

Input: float64 (null: NaN), exact values only, because next to -1 the last bit decides what is invalid. Output:
float64, not exact: the last bits depend on the machine's logarithm, so bins, rounding and comparisons must come
before it.

ONNX has no such op. The graph computes log(u) · (x / (u - 1)) with u = 1 + x rounded, and x itself
where u is 1 (W. Kahan; Goldberg, "What every computer scientist should know about floating-point arithmetic",
theorem 4). Measured against 80-bit arithmetic on 28,000,000 values of every magnitude: relative error below
4e-16, 2.5 ulp.

Critical points
---------------
C1  Small values keep all their digits: 1e-20 gives 1e-20, not 0; a denormal gives itself, a zero a zero.
C2  -1 gives -inf and is valid.
C3  A value below -1, including -inf: `error` guards the row (`invalid-value`), `null` gives null. The next float
    above -1 is valid.
C4  inf gives inf, the largest finite float its logarithm.
C5  Null stays null and is never invalid.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from skc.emit.blocks import GraphBlock, log1p
from skc.emit.opset import const, op
from skc.op import Case, NoState, Op, parameters, require, require_exact
from skc.values.types import Block, Scalar, ValueType


@parameters
class Params:
    invalid: Literal["error", "null"] = "error"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="log1p")
    require_exact(x, op="log1p")
    return x.with_(exact=False, nullable=x.nullable or params.invalid == "null")


def apply(params: Params, state: NoState, x: Block) -> Block:
    block = Block("float64", np.log1p(x.values))  # NaN below -1
    return block if params.invalid == "null" else block.guard("invalid-value", x.values < -1)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    block = GraphBlock("float64", x.width, log1p(x.values, x.width))
    return block if params.invalid == "null" else block.guard("invalid-value", op.less(x.values, const(-1.0)))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    around = [math.nextafter(-1.0, -math.inf), -1.0, math.nextafter(-1.0, math.inf)]
    tiny = [5e-324, 2.2250738585072014e-308, 1e-20, 2**-53, 2**-52, 1e-9, 1e-5]  # 1 + 2^-53 rounds to 1
    huge = [2.0**53 - 1, 2.0**53, 1e300, 1.7976931348623157e308]
    return [None, *around, -2.0, 0.0, -0.0, *tiny, *(-v for v in tiny), -0.5, 1.0, *huge, math.inf, -math.inf]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    # Beyond 709.78, the logarithm of the largest float, no finite input gives the value.
    return [None if v is None else math.expm1(float(v)) for v in values if v is None or float(v) < 709.78]


CASES = (
    Case(
        name="small values",
        shows=("C1",),
        columns={"x": "float64"},
        rows=[[1e-20], [5e-324], [-1e-300], [1e-10], [-0.0], [0.0], [2.0**-53], [1e-6]],
        expect=[
            [1e-20],
            [5e-324],
            [-1e-300],
            [9.9999999995e-11],
            [-0.0],
            [0.0],
            [2.0**-53],
            [9.999995000003334e-07],
        ],
    ),
    Case(
        name="the end of the domain",
        shows=("C2", "C3"),
        columns={"x": "float64"},
        rows=[[-1.0], [math.nextafter(-1.0, 0.0)], [-0.9999]],
        expect=[[-math.inf], [-36.7368005696771], [-9.210340371976182]],
    ),
    Case(
        name="invalid is an error",
        shows=("C3",),
        columns={"x": "float64", "y": "float64"},
        rows=[[0.0, -math.inf], [math.nextafter(-1.0, -2.0), 0.0], [-1.0, 1.0]],
        expect=[[0.0, None], [None, 0.0], [-math.inf, 0.6931471805599453]],
        guards=[("invalid-value", 0, 1), ("invalid-value", 1, 0)],
    ),
    Case(
        name="invalid is null",
        shows=("C3", "C5"),
        columns={"x": "float64?"},
        params={"invalid": "null"},
        rows=[[math.nextafter(-1.0, -2.0)], [-math.inf], [None], [1.0]],
        expect=[[None], [None], [None], [0.6931471805599453]],
    ),
    Case(
        name="large values",
        shows=("C4",),
        columns={"x": "float64"},
        rows=[[math.inf], [1.7976931348623157e308], [1e10], [9007199254740992.0]],
        expect=[[math.inf], [709.782712893384], [23.02585093004046], [36.7368005696771]],
    ),
    Case(
        name="null",
        shows=("C5",),
        columns={"x": "float64?", "y": "float64?"},
        rows=[[None, 3.0], [1.0, None]],
        expect=[[None, 1.3862943611198906], [0.6931471805599453, None]],
    ),
)

OP = Op(
    name="log1p",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    carry_back=carry_back,
    cases=CASES,
    exact=False,
)
