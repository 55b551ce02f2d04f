"""Allow an integer into a float output only if the float holds it exactly.

Internal: the front end inserts it between an int64 value of any size and an output of dtype float32 or float64. An id
that was rounded would silently become a different id.

Parameters
----------
to : float32 or float64
    The dtype of the output. Every integer up to ±2^24 is a float32, up to ±2^53 a float64.

Input and output: int64, unchanged. Null stays null.

Critical points
---------------
C1  Beyond ±2^24, or ±2^53, an integer is guarded: `out-of-range`, even if the float happens to hold it.
C2  The bounds themselves are allowed, and so is null.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import SMALL, Case, NoState, Op, as_before, parameters, require
from skc.values.types import Block, Scalar, ValueType

LARGEST = {"float32": 2**24, "float64": 2**53}


@parameters
class Params:
    to: Literal["float32", "float64"]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "int64", op="narrow")
    return x


def apply(params: Params, state: NoState, x: Block) -> Block:
    largest = LARGEST[params.to]
    outside = x.present() & ((x.values < -largest) | (x.values > largest))
    return Block("int64", np.where(outside, 0, x.values), x.valid).guard("out-of-range", outside)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    largest = LARGEST[params.to]
    low, high = const(-largest, np.int64), const(largest, np.int64)
    outside = op.or_(op.less(x.values, low), op.greater(x.values, high))
    if x.valid is not None:
        outside = op.and_(x.valid, outside)
    values = op.where(outside, const(0, np.int64), x.values)
    return GraphBlock("int64", x.width, values, x.valid).guard("out-of-range", outside)


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    largest = LARGEST[params.to]
    edges = [sign * (largest + step) for sign in (-1, 1) for step in (-1, 0, 1, 2)]
    return [0, *edges, -(2**63), 2**63 - 1, *([None] if x.nullable else [])]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return values


CASES = (
    Case(
        name="float32",
        shows=("C1", "C2"),
        columns={"x": "int64?"},
        params={"to": "float32"},
        rows=[[2**24], [2**24 + 1], [2**24 + 2], [-(2**24)], [-(2**24) - 1], [None], [2**63 - 1]],
        expect=[[2**24], [0], [0], [-(2**24)], [0], [None], [0]],
        guards=[("out-of-range", row, 0) for row in (1, 2, 4, 6)],
    ),
    Case(
        name="float64",
        shows=("C1", "C2"),
        columns={"x": "int64", "y": "int64"},
        params={"to": "float64"},
        rows=[[2**53, -(2**53)], [2**53 + 1, 0], [0, -(2**53) - 1], [2**53 + 2, -(2**63)]],
        expect=[[2**53, -(2**53)], [0, 0], [0, 0], [0, 0]],
        guards=[("out-of-range", 1, 0), ("out-of-range", 2, 1), ("out-of-range", 3, 0), ("out-of-range", 3, 1)],
    ),
)

OP = Op(
    name="narrow",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    levels=as_before,
    carry_back=carry_back,
    cases=CASES,
    is_small=lambda params, inputs_are: inputs_are or LARGEST[params.to] <= SMALL,
    internal=True,
)
