"""The number of edges that a value is above, with its own edges for each column.

Internal: it takes the place of `bucketize`, `quantile_bin` or `binarize` where that decides on a value whose last bits
differ between machines. It compares an exact value, with edges that were carried back to it (`skc.carry`).

Parameters
----------
encode : ordinal, onehot or flag
    `ordinal`: the number of edges below the value, as int64. `onehot`: one float64 column per bin, of which one is 1.
    `flag`: 1.0 above the first edge, else 0.0.

Input: float64. Output: int64 or float64; null stays null, except in `onehot`, where it is 0 in every column.
State: the edges of each column, ascending; equal ones, and infinite ones, are allowed.

Critical points
---------------
C1  A value equal to an edge is not above it; the next float64 is.
C2  Equal edges are passed together, so the bins between them are empty, but keep their numbers.
C3  Nothing is above inf; everything but -inf itself is above -inf. -0.0 and 0.0 are equal.
C4  Null stays null; in `onehot` it is 0 in every column.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from skc.emit.blocks import GraphBlock, count_edges, masked, one_hot_columns, where_not
from skc.emit.opset import const, op
from skc.op import Case, Known, Names, Op, always, fitted_elsewhere, parameters, require, require_exact
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import Array


@parameters
class Params:
    encode: Literal["ordinal", "onehot", "flag"]


@dataclass(frozen=True)
class State:
    edges: tuple[tuple[float, ...], ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="bins")
    require_exact(x, op="bins")
    if params.encode == "onehot":
        return ValueType("float64", width=None)
    return x.with_(dtype="int64") if params.encode == "ordinal" else x


def apply(params: Params, state: State, x: Block) -> Block:
    above = [
        (x.values[:, k, None] > np.array(edges, dtype=np.float64)[None]).sum(axis=1)
        for k, edges in enumerate(state.edges)
    ]
    bins, present = np.stack(above, axis=1).astype(np.int64), x.present()
    if params.encode == "ordinal":
        return make_block("int64", bins, present)
    if params.encode == "flag":
        return Block("float64", np.where(present, np.minimum(bins, 1), np.nan))
    columns = [
        (bins[:, k, None] == np.arange(len(edges) + 1)) & present[:, k, None] for k, edges in enumerate(state.edges)
    ]
    return Block("float64", np.concatenate(columns, axis=1).astype(np.float64))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    bins, is_null = count_edges(x.values, padded(state.edges), right=True), op.isnan(x.values)
    if params.encode == "ordinal":
        return masked("int64", x.width, bins, op.not_(is_null))
    if params.encode == "flag":
        flag = op.cast(op.greater(bins, const([[0]])), to=np.float64)
        return GraphBlock("float64", x.width, where_not(is_null, flag, const(math.nan)))
    widths = [len(edges) + 1 for edges in state.edges]
    return GraphBlock("float64", sum(widths), one_hot_columns(op.where(is_null, const(-1), bins), widths))


def padded(edges: Sequence[Sequence[float]]) -> Array:
    """The edges of each column in a row, up to the longest of them, with NaN after the others."""
    table = np.full((len(edges), max(map(len, edges))), np.nan)
    for k, one in enumerate(edges):
        table[k, : len(one)] = one
    return table


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    return bin_names(params.encode, state.edges, columns)


def bin_names(encode: str, edges: Sequence[Sequence[float]], columns: Names) -> tuple[Names, ...]:
    """The names of the outputs of each column: one for each of its bins if they are `onehot`."""
    if encode != "onehot":
        return tuple((name,) for name in columns)
    return tuple(
        tuple(f"{name}_{bin_}" for bin_ in range(len(one) + 1)) for name, one in zip(columns, edges, strict=True)
    )


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    return tuple(range(len(state.edges[k]) + 1)) if params.encode == "ordinal" else None


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return around(state.edges[k])


def around(edges: Sequence[float]) -> list[Scalar]:
    """Each edge with its neighbours, and the values that compare strangely."""
    values = [value for e in edges for value in (math.nextafter(e, -math.inf), e, math.nextafter(e, math.inf))]
    return [None, *values, 0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf]


def marks(params: Params, state: State, k: int) -> dict[str, Sequence[Scalar]]:
    return {"edge": state.edges[k]}


EDGES = State(((-math.inf, 0.0, 1.5, 1.5, math.inf), (2.0,)))
CASES = (
    Case(
        name="ordinal",
        shows=("C1", "C2", "C3", "C4"),
        columns={"x": "float64?", "y": "float64"},
        params={"encode": "ordinal"},
        state=EDGES,
        rows=[
            [-math.inf, 2.0],
            [-1.0, 2.0000000000000004],
            [-0.0, 1.9999999999999998],
            [5e-324, -math.inf],
            [1.5, math.inf],
            [1.5000000000000002, -0.0],
            [math.inf, 3.0],
            [None, 2.0],
        ],
        expect=[[0, 0], [1, 1], [1, 0], [2, 0], [2, 1], [4, 0], [4, 1], [None, 0]],
    ),
    Case(
        name="one-hot",
        shows=("C2", "C4"),
        columns={"x": "float64?", "y": "float64"},
        params={"encode": "onehot"},
        state=State(((1.5, 1.5), (2.0,))),
        rows=[[1.5, 2.5], [2.0, 2.0], [None, -1.0]],
        expect=[[1.0, 0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0]],
        names=("x_0", "x_1", "x_2", "y_0", "y_1"),
    ),
    Case(
        name="flag",
        shows=("C1", "C3", "C4"),
        columns={"x": "float64?", "y": "float64"},
        params={"encode": "flag"},
        state=State(((0.0,), (math.inf,))),
        rows=[[0.0, math.inf], [5e-324, 1.0], [None, -math.inf], [-0.0, -1.0]],
        expect=[[0.0, 0.0], [1.0, 0.0], [None, 0.0], [0.0, 0.0]],
    ),
)

OP = Op(
    name="bins",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    marks=marks,
    levels=levels,
    decides_by=always("edge"),
    cases=CASES,
    internal=True,
    is_small=always(True),
    is_whole=always(True),
)
