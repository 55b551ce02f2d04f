"""Map a column to its share in the training data, evenly or like a normal distribution: like scikit-learn's
`QuantileTransformer`.

Why: whatever the distribution of a column, its share is spread evenly from 0 to 1: long tails and outliers cannot
stretch it. Unlike `quantile_bin` it keeps the order within a bin.

Example: `fare: {from: fare, apply: [{quantile_transform: {n_quantiles: 100, output_distribution: normal}}]}`

Parameters
----------
n_quantiles : int, at least 2, default 1000
    At how many shares, from 0 to 1 at equal distances, the quantiles are taken. Between them the share is linear.
output_distribution : uniform or normal, default uniform
    `normal`: the value below which that share of a standard normal distribution lies.

Input: float64 (null: NaN). Output: float64. State: the quantiles of each column, of all rows, where scikit-learn takes
a sample of 10,000 by default.

Critical points
---------------
C1  A value between two quantiles is interpolated from both sides, in scikit-learn's operations and with its bits.
C2  A value that several quantiles equal has the middle of their shares.
C3  The minimum and anything less is 0, the maximum and anything greater is 1, an infinity too. In a constant column the
    value itself is 0.
C4  `normal`: a value less than the minimum + 1e-7 is -5.199337582605575, one greater than the maximum - 1e-7 is
    5.19933758270342, the ends of scikit-learn, and no result lies beyond them.
C5  Null is ignored in fitting and stays null.
C6  Of fewer rows than quantiles, these are interpolated between the rows. (scikit-learn takes one for each row.)
C7  A column without values (SKC210), with an infinity (SKC211), or with quantiles too far from each other or too near
    for float64 (SKC212) cannot be fitted. Nor, if the values are not exact, one where the last bits would decide: with
    equal quantiles, with some so near to each other that rounding errors become visible, and for `normal` with steep
    ends (SKC215).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, beyond
from skc.emit.opset import const, op
from skc.op import Case, Concern, Met, Op, parameters, refuse, require
from skc.ops.numeric._noise import NO_VALUE_HINT, check_stretch, concerns_about_constants
from skc.ops.numeric._normal import lower_normal_quantile, normal_quantile
from skc.ops.numeric._segments import Segments
from skc.stats.requests import ColumnStats, Max, Min, Quantiles, Stat
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

NEAR_END = 1e-7  # scikit-learn's BOUNDS_THRESHOLD
ENDS = normal_quantile(np.array([NEAR_END - 2.0**-52, 1 - (NEAR_END - 2.0**-52)])).tolist()
MOST_TRIED = 40  # quantiles, among the boundaries


@parameters
class Params:
    n_quantiles: Annotated[int, Field(ge=2)] = 1000
    output_distribution: Literal["uniform", "normal"] = "uniform"


@dataclass(frozen=True)
class State:
    quantiles: tuple[tuple[float, ...], ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="quantile_transform")
    return x.with_(exact=x.exact and params.output_distribution == "uniform")


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return (_quantiles(params),)


def _quantiles(params: Params) -> Quantiles:
    ranks = _shares(params.n_quantiles) * 100  # as scikit-learn: i / n may differ in the last bit
    return Quantiles(tuple((ranks / 100).tolist()))


def _shares(count: int) -> Array:
    return np.linspace(0, 1, count)


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    points = []
    for stats in columns:
        quantiles = stats[_quantiles(params)]
        if quantiles is None:
            raise refuse("SKC210", "a column has no values to compute quantiles from", hint=NO_VALUE_HINT)
        _check(params, x, quantiles)
        points.append(tuple(value + 0.0 for value in quantiles))
    return State(tuple(points))


def _check(params: Params, x: ValueType, quantiles: Sequence[float]) -> None:
    """Raise SKC212 where a slope is not a float64, and SKC215 where it makes rounding errors visible."""
    points, shares = np.array(quantiles), _shares(len(quantiles))
    with np.errstate(all="ignore"):
        gaps = np.diff(points)
        slopes = np.diff(shares) / gaps
    if not np.isfinite(points).all() or not np.isfinite(gaps).all() or not np.isfinite(slopes[gaps != 0]).all():
        raise refuse("SKC212", "the distance of two quantiles exceeds float64", hint="clip the column before this step")
    if x.exact:
        return
    factor = math.inf
    if gaps.all():
        factor = float(slopes.max())
        if params.output_distribution == "normal":
            z = normal_quantile(np.clip(shares, NEAR_END, 1 - NEAR_END))
            density = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
            factor = float((slopes / np.minimum(density[:-1], density[1:])).max())
            if max(slopes[0], slopes[-1]) > 1:  # C4 makes a jump
                factor = math.inf
    check_stretch(x, factor, {Min(): quantiles[0], Max(): quantiles[-1]})


def apply(params: Params, state: State, x: Block) -> Block:
    columns = []
    with np.errstate(all="ignore"):
        for k, quantiles in enumerate(state.quantiles):
            columns.append(_column(params, np.array(quantiles), x.values[:, k]))
    return Block("float64", np.stack(columns, axis=1))


def _column(params: Params, points: Array, x: Array) -> Array:
    shares = _shares(len(points))
    falling = np.interp(-x, -points[::-1], -shares[::-1])
    share = 0.5 * (np.interp(x, points, shares) - falling)
    if params.output_distribution == "uniform":
        return np.asarray(np.where(x <= points[0], 0.0, np.where(x >= points[-1], 1.0, share)))
    is_first, is_last = x - NEAR_END < points[0], x + NEAR_END > points[-1]
    inner = np.clip(normal_quantile(share), *ENDS)
    return np.asarray(np.where(is_first, ENDS[0], np.where(is_last, ENDS[1], inner)))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    segments = Segments(state.quantiles, [_shares(len(points)).tolist() for points in state.quantiles])
    first, last = (const([[points[end] for points in state.quantiles]]) for end in (0, -1))
    share = segments.middle(x.values, segments.place(x.values))
    if params.output_distribution == "uniform":
        is_first, is_last, ends = op.less_or_equal(x.values, first), op.greater_or_equal(x.values, last), (0.0, 1.0)
    else:
        near = const(NEAR_END)
        is_first, is_last = op.less(op.sub(x.values, near), first), op.greater(op.add(x.values, near), last)
        ends = (ENDS[0], ENDS[1])
        share = op.clip(lower_normal_quantile(share, x.width), const(ends[0]), const(ends[1]))
    bounded = op.where(is_first, const(ends[0]), op.where(is_last, const(ends[1]), share))
    lows, highs = (np.array([[points[end] for points in state.quantiles]]) for end in (0, -1))
    return GraphBlock("float64", x.width, bounded).signal("clipped", beyond(x.values, lows, highs))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    points = [*dict.fromkeys(state.quantiles[k])]
    equal = [a for a, b in pairwise(state.quantiles[k]) if a == b]
    tried = points[:: 1 + len(points) // MOST_TRIED] + [*dict.fromkeys(equal)][:MOST_TRIED] + points[-1:]
    ends = [points[0] + NEAR_END, points[-1] - NEAR_END] if params.output_distribution == "normal" else []
    near = [v for at in [*tried, *ends] for v in (math.nextafter(at, -math.inf), at, math.nextafter(at, math.inf))]
    middles = [a + (b - a) / 3 for a, b in pairwise(points)][:: 1 + len(points) // MOST_TRIED]
    return [None, *near, *middles, 0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    points = state.quantiles[k]
    shares = [None if v is None else float(v) for v in values]
    if params.output_distribution == "normal":
        shares = [None if v is None else 0.5 * math.erfc(-v / math.sqrt(2)) for v in shares]
    return [None if v is None else float(np.interp(v, _shares(len(points)), points)) for v in shares]


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    first, last = (np.array([[points[end] for points in state.quantiles]]) for end in (0, -1))
    return {"clipped": (x.values < first) | (x.values > last)}


def degenerate(params: Params, state: State, k: int) -> str | None:
    return "all quantiles are equal" if state.quantiles[k][0] == state.quantiles[k][-1] else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    return concerns_about_constants({Min(): state.quantiles[k][0], Max(): state.quantiles[k][-1]})


INF = math.inf
CASES = (
    Case(
        name="shares",
        shows=("C1", "C3", "C5"),
        columns={"x": "float64?", "y": "float64", "z": "float64"},
        params={"n_quantiles": 3},
        fit=[[0.0, 0.1, 0.0], [2.0, 0.2, 1.3e308], [None, 0.7, 1.3e308], [10.0, 0.7, 1.7e308]],
        rows=[
            [1.0, 0.1, 1.3e308],
            [2.0, 0.45, 6.5e307],
            [6.0, math.nextafter(0.7, 0.0), 1.5e308],
            [None, 0.7, -0.0],
            [-5.0, INF, 1.7e308],
            [11.0, -INF, -1.0],
        ],
        # the median of y is 0.7 - (1 - 0.5) (0.7 - 0.2), one bit below 0.45; 0.5 / 1.3e308 is subnormal, so that its
        # product with 1.3e308 is not 0.5
        expect=[
            [0.25, 0.0, 0.5],
            [0.5, 0.5000000000000001, 0.25],
            [0.75, 0.9999999999999998, 0.75],
            [None, 1.0, 0.0],
            [0.0, 1.0, 1.0],
            [1.0, 0.0, 0.0],
        ],
    ),
    Case(
        name="equal quantiles",
        shows=("C2", "C3"),
        columns={"x": "float64", "low": "float64", "high": "float64", "constant": "float64"},
        params={"n_quantiles": 5},
        fit=[
            [0.0, 0.0, 0.0, 7.0],
            [5.0, 0.0, 1.0, 7.0],
            [5.0, 0.0, 2.0, 7.0],
            [5.0, 4.0, 2.0, 7.0],
            [10.0, 8.0, 2.0, 7.0],
        ],
        rows=[
            [5.0, 0.0, 2.0, 7.0],
            [math.nextafter(5.0, 0.0), 5e-324, math.nextafter(2.0, 0.0), math.nextafter(7.0, 9.0)],
            [math.nextafter(5.0, 9.0), -0.0, 0.5, math.nextafter(7.0, 0.0)],
        ],
        expect=[
            [0.5, 0.0, 1.0, 0.0],
            [0.24999999999999994, 0.5, 0.49999999999999994, 1.0],
            [0.75, 0.0, 0.125, 0.0],
        ],
    ),
    Case(
        name="normal",
        shows=("C2", "C4", "C5"),
        columns={"x": "float64?", "y": "float64"},
        params={"n_quantiles": 3, "output_distribution": "normal"},
        fit=[[0.0, 0.0], [5.0, 0.0], [10.0, 1.0]],
        rows=[
            [5.0, 0.5],
            [2.5, 0.0],
            [9.0, 1.0],
            [None, 5e-8],
            [-INF, 1.000000100000001],
            [INF, 0.9999999],
            [2e-7, 0.9999998],
        ],
        expect=[
            [0.0, 0.6744897501960817],
            [-0.6744897501960817, ENDS[0]],
            [1.2815515655446008, ENDS[1]],
            [None, ENDS[0]],
            [ENDS[0], ENDS[1]],
            [ENDS[1], ENDS[1]],
            [ENDS[0], ENDS[1]],
        ],
    ),
    Case(
        name="fewer rows than quantiles",
        shows=("C6",),
        columns={"x": "float64"},
        params={"n_quantiles": 5},
        fit=[[0.0], [1.0]],
        rows=[[0.125], [0.75]],
        expect=[[0.125], [0.75]],
    ),
    *(
        Case(
            name=f"refused in fitting: {code} {name}",
            shows=("C7",),
            columns={"x": "float64?"},
            params={"n_quantiles": 2},
            fit=fit,
            rows=[],
            expect=[],
            refused=code,
        )
        for code, name, fit in (
            ("SKC210", "no value", [[None]]),
            ("SKC211", "infinity", [[0.0], [INF]]),
            ("SKC212", "too far", [[-1e308], [1e308]]),
            ("SKC212", "too near", [[0.0], [5e-324]]),
        )
    ),
)


def _from_sklearn(transformer: Any, x: Columns) -> Columns:
    columns = transformer.quantiles_.T
    params = Params(n_quantiles=max(2, len(columns[0])), output_distribution=transformer.output_distribution)
    hint = "fit it on more rows, or leave the column out"
    if len(columns[0]) < 2 or np.isnan(columns).any():
        raise refuse("SKC151", "a column has no two quantiles", hint=hint)
    if (np.diff(columns) < 0).any():  # rounding errors of scikit-learn before 1.0
        raise refuse("SKC151", "the quantiles of a column do not ascend", hint=hint)
    for column, points in zip(x.types, columns, strict=True):
        _check(params, column, points.tolist())
    state = State(tuple(tuple((points + 0.0).tolist()) for points in columns))
    return x.floats(null="keep").apply(OP, params, state, is_finite=True)


SKLEARN = {
    "sklearn.preprocessing.QuantileTransformer": Claim(
        _from_sklearn,
        ("n_quantiles", "output_distribution"),
        ("ignore_implicit_zeros", "subsample", "random_state", "copy"),
    )
}

OP = Op(
    name="quantile_transform",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    carry_back=carry_back,
    met=met,
    degenerate=degenerate,
    concerns=concerns,
    sklearn=SKLEARN,
    cases=CASES,
)
