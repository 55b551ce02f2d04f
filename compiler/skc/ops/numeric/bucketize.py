"""Assign a number to one of N + 1 bins, with N edges that you specify.

Why: age groups, price bands, speed limits: edges that have a meaning and must not change with the data. Like
NumPy's `searchsorted`, and `pandas.cut` without its outer edges.

Example: `age_group: {from: age, apply: [{bucketize: {edges: [18, 65], closed: left}}]}`

Parameters
----------
edges : list of numbers, strictly ascending, finite, at least one
    N edges define the bins 0 … N. An integer edge is compared exactly, however large.
closed : left or right, required
    Which end of a bin belongs to it: with `left`, a value equal to an edge is in the bin above, with `right` in
    the bin below.
encode : ordinal or onehot, default ordinal
    `ordinal`: the number of the bin as int64. `onehot`: N + 1 float64 columns NAME_0 … NAME_N, of which one
    is 1.

Input: float64 or int64. After a log or exp, where the last bit would decide the bin, the step compares the exact column
before it, with edges that were carried back to that; where this is not possible it is refused (SKC121).
Output: int64, null where the input is null, or float64 without nulls.

Critical points
---------------
C1  `closed: left`: a value equal to an edge is in the bin above it, the float just below the edge is not.
C2  `closed: right`: a value equal to an edge is in the bin below it, the float just above the edge is not.
C3  -inf is in bin 0 and +inf in bin N; -0.0 and 0.0 are the same value.
C4  Null stays null in `ordinal`; in `onehot` it is 0 in every column.
C5  int64 is compared as an integer, never through float64: 2^53 and 2^53 + 1 are distinguished.
C6  For int64, an edge between two integers, or beyond int64, is compared exactly too.
C7  `onehot`: the columns of one input column are adjacent, in the order of the bins.
C8  Edges that do not strictly ascend, or are not finite, are refused (SKC124).
C9  For a float64 column, an integer edge that float64 cannot hold is refused (SKC123): rounding would move it.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, count_edges, masked, one_hot_columns
from skc.emit.opset import const, op
from skc.op import AnyOp, Carrying, Case, Known, Names, NoState, Op, always, compared, parameters, refuse, require
from skc.ops.internal import bins
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import Array

INT64 = np.iinfo(np.int64)


@parameters
class Params:
    edges: Annotated[tuple[int | float, ...], Field(min_length=1)]
    closed: Literal["left", "right"]
    encode: Literal["ordinal", "onehot"] = "ordinal"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", "int64", op="bucketize")
    x = compared(x, op="bucketize")
    _check_edges(params.edges)
    if x.dtype == "float64":
        _check_representable(params.edges)
    if params.encode == "ordinal":
        return x.with_(dtype="int64")
    width = None if x.width is None else x.width * (len(params.edges) + 1)
    return ValueType("float64", width=width)


def _check_edges(edges: tuple[int | float, ...]) -> None:
    for edge in edges:
        if isinstance(edge, float) and not math.isfinite(edge):
            raise refuse(
                "SKC124",
                f"the edge {edge} is not finite",
                hint="the outer bins already extend to infinity",
            )
    for low, high in pairwise(edges):
        if not low < high:
            raise refuse(
                "SKC124",
                f"the edges do not ascend: {low}, {high}",
                hint="sort them and remove duplicates",
            )


def _check_representable(edges: tuple[int | float, ...]) -> None:
    for edge in edges:
        if abs(edge) > sys.float_info.max or float(edge) != edge:
            raise refuse(
                "SKC123",
                f"the edge {edge} is not a float64, but the column is",
                hint="write the edge as the intended float64, or declare the input int64",
            )


def apply(params: Params, state: NoState, x: Block) -> Block:
    # Python compares int with float exactly, so int64 needs no conversion.
    count = bisect_right if params.closed == "left" else bisect_left
    present = x.present()
    bins = np.array([[count(params.edges, value) for value in row] for row in x.values.tolist()], dtype=np.int64)
    bins = bins.reshape(x.values.shape)
    if params.encode == "ordinal":
        return make_block("int64", bins, present if x.dtype == "float64" or x.valid is not None else None)
    hot = (bins[:, :, None] == np.arange(len(params.edges) + 1)) & present[:, :, None]
    return Block("float64", hot.reshape(x.rows, hot.shape[1] * hot.shape[2]).astype(np.float64))


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    right = params.closed == "right"
    if x.dtype == "float64":
        bins = count_edges(x.values, np.array([params.edges], dtype=np.float64), right=right)
    else:
        below, edges = _integer_edges(params.edges, right=right)
        bins = count_edges(x.values, edges, right=right)
        bins = op.add(bins, const(below)) if below else bins
    present = x.present()
    if params.encode == "ordinal":
        return masked("int64", x.width, bins, present)
    if present is not None:
        bins = op.where(present, bins, const(-1))
    bin_count = len(params.edges) + 1
    return GraphBlock("float64", x.width * bin_count, one_hot_columns(bins, [bin_count] * x.width))


def _integer_edges(edges: tuple[int | float, ...], *, right: bool) -> tuple[int, Array]:
    """The number of edges below every int64, and the others as int64 [1, E], without those above every int64.

    For an integer x, e <= x is ceil(e) <= x, and e < x is floor(e) < x.
    """
    integers = [math.floor(edge) if right else math.ceil(edge) for edge in edges]
    below = sum(edge < INT64.min for edge in integers)
    return below, np.array([[edge for edge in integers if INT64.min <= edge <= INT64.max]], dtype=np.int64)


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    if params.encode == "ordinal":
        return tuple((name,) for name in columns)
    return tuple(tuple(f"{name}_{bin_}" for bin_ in range(len(params.edges) + 1)) for name in columns)


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    """The bins for `ordinal`; the columns of `onehot` are not categories."""
    return tuple(range(len(params.edges) + 1)) if params.encode == "ordinal" else None


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    if x.dtype == "int64":
        near = [math.floor(edge) + step for edge in params.edges for step in (-1, 0, 1, 2)]
        inside = [value for value in near if INT64.min <= value <= INT64.max]
        return [*inside, INT64.min, -(2**53) - 1, 0, 2**53, 2**53 + 1, INT64.max, None]
    floats = [float(edge) for edge in params.edges]
    values = [value for e in floats for value in (math.nextafter(e, -math.inf), e, math.nextafter(e, math.inf))]
    return [None, *values, 0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf]


def marks(params: Params, state: NoState, k: int) -> dict[str, Sequence[Scalar]]:
    return {"edge": params.edges}


CASES = (
    Case(
        name="closed left",
        shows=("C1", "C3"),
        columns={"x": "float64"},
        params={"edges": [0, 0.5, 10.0], "closed": "left"},
        rows=[[math.nextafter(0.5, 0.0)], [0.5], [-0.0], [0.0], [-5e-324], [10.0], [math.inf], [-math.inf]],
        expect=[[1], [2], [1], [1], [0], [3], [3], [0]],
    ),
    Case(
        name="closed right",
        shows=("C2", "C3"),
        columns={"x": "float64"},
        params={"edges": [0, 0.5, 10.0], "closed": "right"},
        rows=[[math.nextafter(0.5, 1.0)], [0.5], [-0.0], [0.0], [5e-324], [10.0], [math.inf], [-math.inf]],
        expect=[[2], [1], [0], [0], [1], [2], [3], [0]],
    ),
    Case(
        name="null",
        shows=("C4",),
        columns={"a": "int64?", "b": "int64"},
        params={"edges": [0], "closed": "left"},
        rows=[[None, 0], [-1, -1], [5, 5]],
        expect=[[None, 1], [0, 0], [1, 1]],
    ),
    Case(
        name="null in float64",
        shows=("C4",),
        columns={"x": "float64?"},
        params={"edges": [0], "closed": "right"},
        rows=[[None], [0.0], [1.0]],
        expect=[[None], [0], [1]],
    ),
    Case(
        name="one-hot",
        shows=("C4", "C7"),
        columns={"x": "float64?", "y": "float64"},
        params={"edges": [0, 1], "closed": "left", "encode": "onehot"},
        rows=[[None, 1.0], [0.5, -1.0]],
        expect=[[0.0, 0.0, 0.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]],
        names=("x_0", "x_1", "x_2", "y_0", "y_1", "y_2"),
    ),
    *(
        Case(
            name=f"so many edges that they are searched, closed {closed}",
            shows=("C1", "C2", "C3", "C4"),
            columns={"x": "float64?"},
            params={"edges": [index / 8 for index in range(-300, 301)], "closed": closed},
            rows=[
                [None],
                [-1e300],
                [-37.5],
                [math.nextafter(-37.5, 0)],
                [0.0],
                [-0.0],
                [5e-324],
                [37.375],
                [37.5],
                [1e300],
            ],
            expect=[[None], [0], [low], [1], [300 + low], [300 + low], [301], [599 + low], [600 + low], [601]],
        )
        for closed, low in (("left", 1), ("right", 0))
    ),
    Case(
        name="large integers, more than are compared",
        shows=("C5",),
        columns={"x": "int64"},
        params={"edges": [*range(300), 2**53 + 1, 2**63 - 1], "closed": "left"},
        rows=[[-(2**63)], [-1], [0], [299], [2**53], [2**53 + 1], [2**63 - 2], [2**63 - 1]],
        expect=[[0], [0], [1], [300], [300], [301], [301], [302]],
    ),
    Case(
        name="large integers",
        shows=("C5",),
        columns={"x": "int64"},
        params={"edges": [2**53 + 1, 2**63 - 1], "closed": "left"},
        rows=[[2**53], [2**53 + 1], [2**63 - 2], [2**63 - 1]],
        expect=[[0], [1], [1], [2]],
    ),
    Case(
        name="edges that no int64 is, closed left",
        shows=("C6",),
        columns={"x": "int64"},
        params={"edges": [-1e300, -(2**63), -0.5, 0.25, 0.75, 1e19], "closed": "left"},
        rows=[[-(2**63)], [-1], [0], [1], [2**63 - 1]],
        expect=[[2], [2], [3], [5], [5]],
    ),
    Case(
        name="edges that no int64 is, closed right",
        shows=("C6",),
        columns={"x": "int64?"},
        params={
            "edges": [-1e300, -(2**63), -0.5, 0.25, 1, 2**63 - 1, 1e19],
            "closed": "right",
            "encode": "onehot",
        },
        rows=[[-(2**63)], [-1], [0], [1], [2], [2**63 - 1], [None]],
        expect=[[float(j == bin_) for j in range(8)] for bin_ in (1, 2, 3, 4, 5, 5, -1)],
    ),
    Case(
        name="no int64 can pass any edge",
        shows=("C6",),
        columns={"x": "int64"},
        params={"edges": [1e19], "closed": "left"},
        rows=[[2**63 - 1]],
        expect=[[0]],
    ),
    *(
        Case(
            name=f"refused edges {edges}",
            shows=("C8",) if code == "SKC124" else ("C9",),
            columns={"x": "float64"},
            params={"edges": edges, "closed": "left"},
            rows=[],
            expect=[],
            refused=code,
        )
        for edges, code in (([1.0, 1.0], "SKC124"), ([2, 1.5], "SKC124"), ([2**53 + 1], "SKC123"))
    ),
)


def _carried_edges(params: Params, state: NoState, k: int) -> Array:
    edges = np.array(params.edges, dtype=np.float64)
    return edges if params.closed == "right" else np.nextafter(edges, -np.inf)


def _moved(params: Params, state: NoState, edges: Sequence[Array]) -> tuple[AnyOp, Any, Any]:
    return bins.OP, bins.Params(encode=params.encode), bins.State(tuple(tuple(e.tolist()) for e in edges))


OP = Op(
    name="bucketize",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    decides_by=always("edge"),
    levels=levels,
    carry=Carrying(_carried_edges, _moved),
    marks=marks,
    cases=CASES,
    is_small=always(True),
    is_whole=always(True),
)
