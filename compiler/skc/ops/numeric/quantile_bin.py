"""Assign a number to one of `bins` bins that contained equally many values in fitting.

Why: a skewed number (income, distance, counts) becomes an evenly filled scale that outliers cannot stretch. Like
scikit-learn's `KBinsDiscretizer(strategy="quantile", quantile_method="linear", subsample=None)`, with edges equal to
the bit, except for C4.

Example: `fare: {from: fare, apply: [{quantile_bin: {bins: 10}}]}`

Parameters
----------
bins : int, at least 2
    The requested number of bins; a column with few distinct values gets fewer.
encode : ordinal or onehot, default ordinal
    `ordinal`: the number of the bin as int64. `onehot`: one float64 column per bin, NAME_0, NAME_1, …, of
    which one is 1.

Input: float64. After a log or exp, where the last bit would decide the bin, the step compares the exact column before
it, with edges that were carried back to that; where this is not possible it is refused (SKC121). Output: int64, null
where the input is null, or float64 without nulls. State: the inner edges of each column.

Critical points
---------------
C1  The edges are quantiles of type 7, at 0, 1/bins, …, 1. A value equal to an edge is in the bin above it.
C2  A value below the minimum or above the maximum in fitting is in the first or last bin, infinities too.
C3  Null is ignored in fitting. It stays null in `ordinal`; in `onehot` it is 0 in every column.
C4  Ties: an edge that is not above the one before it is removed together with its bin, even if it is the last.
    (scikit-learn also removes an edge at most 1e-8 above the one before it, in whatever unit the column is.)
C5  A constant column has one bin.
C6  Fewer rows than bins: edges are interpolated between the rows as usual, and no bin is removed.
C7  Columns of one block may have different numbers of bins; each has its own columns in `onehot`.
C8  A column without values (SKC210), with an infinity (SKC211), or with a range too wide to interpolate
    (SKC212) is refused in fitting.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, count_edges, masked, one_hot_columns
from skc.emit.opset import const, op
from skc.op import AnyOp, Carrying, Case, Concern, Known, Names, Op, always, compared, parameters, refuse, require
from skc.ops.internal import bins
from skc.ops.numeric._noise import NO_VALUE_HINT
from skc.stats.requests import ColumnStats, Quantiles, Stat
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import Array

MOST_SHOWN = 8  # a hint lists the edges of up to so many bins


@parameters
class Params:
    bins: Annotated[int, Field(ge=2)]
    encode: Literal["ordinal", "onehot"] = "ordinal"


@dataclass(frozen=True)
class State:
    edges: tuple[tuple[float, ...], ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="quantile_bin")
    x = compared(x, op="quantile_bin")
    if params.encode == "ordinal":
        return x.with_(dtype="int64")
    return ValueType("float64", width=None)


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return (_quantiles(params),)


def _quantiles(params: Params) -> Quantiles:
    percentiles = np.linspace(0, 100, params.bins + 1)  # as scikit-learn: i/bins may differ in the last bit
    return Quantiles(tuple((percentiles / 100).tolist()))


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return State(tuple(_inner_edges(stats[_quantiles(params)]) for stats in columns))


def _inner_edges(edges: tuple[float, ...] | None) -> tuple[float, ...]:
    if edges is None:
        raise refuse("SKC210", "a column has no values to compute quantiles from", hint=NO_VALUE_HINT)
    if not all(math.isfinite(edge) for edge in edges):
        raise refuse("SKC212", "the range of a column exceeds float64", hint="clip the column before this step")
    distinct = [edges[0]]
    for edge in edges:
        if edge > distinct[-1]:
            distinct.append(edge)
    return tuple(distinct[1:-1])


def apply(params: Params, state: State, x: Block) -> Block:
    present = x.present()
    bins = np.empty(x.values.shape, dtype=np.int64)
    for k, edges in enumerate(state.edges):
        bins[:, k] = np.searchsorted(np.array(edges, dtype=np.float64), x.values[:, k], side="right")
    if params.encode == "ordinal":
        return make_block("int64", bins, present)
    columns = [
        ((bins[:, k] == bin_) & present[:, k])[:, None]
        for k, edges in enumerate(state.edges)
        for bin_ in range(len(edges) + 1)
    ]
    return Block("float64", np.concatenate([np.zeros((x.rows, 0)), *columns], axis=1))  # there may be no columns


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    places = count_edges(x.values, bins.padded(state.edges), right=False)
    present = op.not_(op.isnan(x.values))
    if params.encode == "ordinal":
        return masked("int64", x.width, places, present)
    widths = [len(edges) + 1 for edges in state.edges]
    return GraphBlock("float64", sum(widths), one_hot_columns(op.where(present, places, const(-1)), widths))


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    return bins.bin_names(params.encode, state.edges, columns)


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    return tuple(range(len(state.edges[k]) + 1)) if params.encode == "ordinal" else None


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return bins.around(state.edges[k])


def marks(params: Params, state: State, k: int) -> dict[str, Sequence[Scalar]]:
    return {"edge": state.edges[k]}


def degenerate(params: Params, state: State, k: int) -> str | None:
    bins = len(state.edges[k]) + 1
    return f"{bins} of {params.bins} bins" if bins < params.bins else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    bins, (least, *_, greatest) = len(state.edges[k]) + 1, stats[_quantiles(params)]
    if least == greatest:
        text = f"every training value is {least}, so it becomes a constant"
        return [Concern("SKC234", text, "drop the feature, or check the data before this step")]
    if bins == params.bins:
        return []
    text = f"{bins} of {params.bins} bins left: several quantiles are equal, because many rows share a value"
    edges = [*state.edges[k]] if 1 < bins <= MOST_SHOWN else [least + (greatest - least) / 2]
    example = f"`{{bucketize: {{edges: {edges}, closed: left}}}}`"
    return [Concern("SKC230", text, f"choose meaningful edges for this column, such as {example}")]


CASES = (
    Case(
        name="edges at quantiles",
        shows=("C1", "C2"),
        columns={"x": "float64"},
        params={"bins": 4},
        fit=[[0.0], [1.0], [2.0], [3.0], [10.0]],
        rows=[
            [math.nextafter(1.0, 0.0)],
            [1.0],
            [2.0],
            [2.999],
            [3.0],
            [10.0],
            [-7.0],
            [11.0],
            [math.inf],
            [-math.inf],
        ],
        expect=[[0], [1], [2], [2], [3], [3], [0], [3], [3], [0]],
    ),
    Case(
        name="an interpolated edge has the bits of NumPy",
        shows=("C1",),
        columns={"x": "float64"},
        params={"bins": 4},
        fit=[[0.1], [0.9]],
        # At 3/4 the edge is 0.9 - 0.25 (0.9 - 0.1) = 0.7; 0.1 + 0.75 (0.9 - 0.1) would be 0.7000000000000001.
        rows=[[0.7], [math.nextafter(0.7, 0.0)]],
        expect=[[3], [2]],
    ),
    Case(
        name="null",
        shows=("C3",),
        columns={"x": "float64?"},
        params={"bins": 2},
        fit=[[0.0], [None], [2.0], [None]],
        rows=[[None], [0.5], [1.0]],
        expect=[[None], [0], [1]],
    ),
    Case(
        name="null in one-hot",
        shows=("C3", "C7"),
        columns={"x": "float64?", "y": "float64?"},
        params={"bins": 2, "encode": "onehot"},
        fit=[[0.0, 5.0], [2.0, 5.0]],
        rows=[[None, None], [0.0, 9.0], [math.inf, 1.0]],
        expect=[[0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 1.0]],
        names=("x_0", "x_1", "y_0"),
    ),
    Case(
        name="ties at an edge",
        shows=("C4", "C7"),
        columns={"x": "float64", "y": "float64", "z": "float64"},
        params={"bins": 4},
        fit=[
            [0.0, 0.0, 0.0],
            [0.0, 1.0, 1.0],
            [0.0, 2.0, 2.0],
            [0.0, 3.0, 2.0],
            [8.0, 4.0, 2.0],
        ],
        # x: quantiles 0 0 0 0 8, kept 0 8. y: 0 1 2 3 4. z: 0 1 2 2 2, kept 0 1 2.
        rows=[[0.0, 0.0, 0.0], [8.0, 3.0, 2.0], [9.0, math.inf, math.inf], [1.0, 1.0, 1.0]],
        expect=[[0, 0, 0], [0, 3, 1], [0, 3, 1], [0, 1, 1]],
    ),
    Case(
        name="edges as near as floats can be",
        shows=("C4",),
        columns={"nanoseconds": "float64", "last_bit": "float64"},
        params={"bins": 4},
        fit=[[k * 2.0**-40, 1.0 + k * 2.0**-52] for k in range(5)],
        rows=[[k * 2.0**-40, 1.0 + k * 2.0**-52] for k in range(5)],
        expect=[[0, 0], [1, 1], [2, 2], [3, 3], [3, 3]],
    ),
    Case(
        name="constant columns",
        shows=("C5",),
        columns={"x": "float64", "y": "float64"},
        params={"bins": 3},
        fit=[[7.0, 0.1], [7.0, 0.1], [7.0, 0.1]],
        rows=[[7.0, 0.1], [-math.inf, math.inf], [8.0, 2.0]],
        expect=[[0, 0], [0, 0], [0, 0]],
    ),
    Case(
        name="fewer rows than bins",
        shows=("C6",),
        columns={"x": "float64"},
        params={"bins": 4},
        fit=[[0.0], [1.0]],
        rows=[[0.0], [0.25], [0.5], [0.75], [1.0]],
        expect=[[0], [1], [2], [3], [3]],
    ),
    *(
        Case(
            name=f"refused in fitting: {code}",
            shows=("C8",),
            columns={"x": "float64?"},
            params={"bins": 2},
            fit=fit,
            rows=[],
            expect=[],
            refused=code,
        )
        for code, fit in (
            ("SKC210", [[None]]),
            ("SKC211", [[0.0], [math.inf]]),
            ("SKC212", [[-1.7e308], [1.7e308]]),
        )
    ),
)


def _from_sklearn(binner: Any, x: Columns) -> Columns:
    """Every strategy comes to edges; the outermost two are never compared with."""
    edges = tuple(tuple(edges[1:-1].tolist()) for edges in binner.bin_edges_)
    params = Params(
        bins=max(2, *(len(inner) + 1 for inner in edges)), encode="ordinal" if binner.encode == "ordinal" else "onehot"
    )
    return x.floats(null="error").apply(OP, params, State(edges), is_finite=True)


SKLEARN = {
    "sklearn.preprocessing.KBinsDiscretizer": Claim(
        _from_sklearn, ("n_bins", "encode", "strategy", "quantile_method"), ("dtype", "subsample", "random_state")
    )
}


def _edges(params: Params, state: State, k: int) -> Array:
    return np.nextafter(np.array(state.edges[k], dtype=np.float64), -np.inf)


def _moved(params: Params, state: State, edges: Sequence[Array]) -> tuple[AnyOp, Any, Any]:
    return bins.OP, bins.Params(encode=params.encode), bins.State(tuple(tuple(e.tolist()) for e in edges))


OP = Op(
    name="quantile_bin",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    decides_by=always("edge"),
    levels=levels,
    marks=marks,
    degenerate=degenerate,
    concerns=concerns,
    carry=Carrying(_edges, _moved),
    sklearn=SKLEARN,
    cases=CASES,
    is_small=always(True),
    is_whole=always(True),
)
