"""Replace nulls by the average of that column in the k nearest training rows, like scikit-learn's `KNNImputer`.

Why: what is missing is often near to what similar rows have.

Example: with the training rows (1, 10), (2, 20) and (9, 90) and k = 2 the row (1.2, null) becomes (1.2, 15).

Parameters
----------
k : int
    How many training rows, at most, of those that have a value in the column.
weights : uniform or distance, default uniform
    The weight of a training row in the average: equal, or one over its distance.
slack : float, default 0
    The relative error of the input. Input that is not exact needs one.

Input: K float64 columns. Output: the same columns, never null. State: the training rows with 0 for a null, which of
their values are not null (1.0, else 0.0), the mean of each column, and which columns are imputed: any other never has a
null. It is learned by scikit-learn.

Critical points
---------------
C1  The distance of two rows is the root of K / n times the sum of the squared differences in the n columns in which
    neither is null. Without such a column, the training row is never near.
C2  A column without any training row that is near, is imputed with its mean. A value that is not null keeps its bits.
C3  Fewer training rows than k, if no more are near, make the average.
C4  Where rows at distance 0 are among the nearest, `weights: distance` averages these alone.
C5  A null is guarded with `tie` where rounding errors decide which rows are nearest: the error of the square is twice
    that of `distances`, with the squares of columns in which either is null. Rows with the same value may be exchanged.
C6  Whole numbers below 2^24 / sqrt(K) have no rounding errors: only equal distances tie.
C7  A null is guarded with `rounding-noise` where errors may move the average by more than 1e-6 max(1, |y|), and in a
    row of which 4 K times the sum of its squares overflows: below that, no distance to a training row is infinite.
C8  Input that is not exact is refused if `slack` is 0 (SKC121).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, concat_columns, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Op, always, fitted_elsewhere, parameters, require, require_exact
from skc.ops.distance._donors import Donors, largest_stretch, lower_nan_distances, nan_distances
from skc.ops.distance._imputers import SKLEARN
from skc.ops.distance._metrics import Row
from skc.ops.distance._search import first, is_tie, lower_first, lower_is_tie
from skc.ops.distance._weights import LoweredWeights, Weighted, Weights, inverse_weights, lower_inverse_weights
from skc.ops.linear._noise import error_bound
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.agreement import TOLERANCE, allowed_error
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

TIE, NOISE = "tie", "rounding-noise"
MOST_POINTS = 4  # whose values are tried


@parameters
class Params:
    k: Annotated[int, Field(ge=1)]
    weights: Weights = "uniform"
    slack: Annotated[float, Field(ge=0, lt=1)] = 0.0


@dataclass(frozen=True)
class State:
    points: tuple[Row, ...]
    present: tuple[Row, ...]
    means: Row
    imputed: tuple[bool, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="knn_impute")
    if params.slack == 0:
        require_exact(x, op="knn_impute")
    return x.with_(nullable=False, exact=False)


@dataclass(frozen=True)
class Column:
    """What a column of the training rows gives: where it has values, these, and a number for each distinct one."""

    rows: Array  # [M']
    values: Array
    groups: Array
    k: int

    @property
    def spread(self) -> float:
        return float(np.ptp(self.values))

    @property
    def sum_error(self) -> float:
        return error_bound(self.k) * float(np.abs(self.values).max())


def _column(params: Params, donors: Donors, c: int) -> Column:
    rows = np.flatnonzero(donors.present[:, c])
    values = donors.points[rows, c]
    return Column(rows, values, np.unique(values, return_inverse=True)[1].ravel(), min(params.k, len(rows)))


def _donors(params: Params, state: State) -> Donors:
    return Donors(np.array(state.points), np.array(state.present), params.slack)


def apply(params: Params, state: State, x: Block) -> Block:
    donors, missing = _donors(params, state), np.isnan(x.values)
    values = np.where(missing, np.array(state.means), x.values)
    ties, unsure = np.zeros_like(missing), np.zeros_like(missing)
    with np.errstate(all="ignore"):
        incomplete = np.flatnonzero(missing.any(axis=1))
        distance, error = nan_distances(donors, x.values[incomplete])
        filled = np.where(missing, 0.0, x.values)
        is_known = (filled * filled).sum(axis=1) * largest_stretch(donors.features) < np.inf
        for c in np.flatnonzero(np.array(state.imputed) & missing.any(axis=0)).tolist():
            gap = missing[incomplete, c]
            rows = incomplete[gap]
            y, ties[rows, c], noise = _imputed(params, _column(params, donors, c), distance[gap], error[gap])
            no_donor = np.isnan(y)
            values[rows, c] = np.where(no_donor, values[rows, c], y)
            unsure[rows, c] = (noise & ~no_donor) | ~is_known[rows]
    return Block("float64", values).guard(TIE, ties).guard(NOISE, unsure)


def _imputed(params: Params, column: Column, distance: Array, error: Array) -> tuple[Array, Array, Array]:
    """[N], three times: the average of a column, NaN where no row is near; whether it is a tie, and whether noise."""
    distance, error = distance[:, column.rows], error[:, column.rows]
    near, places, following = first(distance, column.k)
    last, own = near[:, -1:], np.take_along_axis(error, places, axis=1)
    may_be_near = distance - error <= last + own[:, -1:]
    most = np.where(may_be_near, error, 0.0).max(axis=1, keepdims=True)
    tie = is_tie(distance, last, following, most, column.groups) & (last < np.inf)
    if params.weights == "uniform":
        weights = (near < np.inf).astype(float)
        weighted = Weighted(weights, weights.sum(axis=1, keepdims=True), np.zeros((1, 1)))
    else:
        weighted = inverse_weights(0, near, own, column.groups[places])
    total = np.add.accumulate(weighted.weights * column.values[places], axis=1)[:, -1:]
    y = total / weighted.total
    moved = weighted.error * column.spread + column.sum_error
    if weighted.moves is not None:
        moved = moved + (weighted.moves * np.abs(column.values[places] - y)).sum(axis=1, keepdims=True)
    known = moved < allowed_error(y)
    return y[:, 0], tie[:, 0], ~known[:, 0]


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    donors, missing = _donors(params, state), op.isnan(x.values)
    distance, error = lower_nan_distances(donors, x.values)
    filled = op.where(missing, const([state.means]), x.values)
    zeroed = op.where(missing, const(0.0), x.values)
    squares = op.matmul(op.mul(zeroed, zeroed), const(np.ones((x.width, 1))))
    overflows = op.not_(op.less(op.mul(squares, const([[largest_stretch(donors.features)]])), const(np.inf)))
    values: list[Var] = []
    ties: list[Var] = []
    unsure: list[Var] = []
    for c, is_imputed in enumerate(state.imputed):
        value = filled if x.width == 1 else take_columns(filled, c, c + 1)
        never = op.and_(overflows, const([[False]]))
        tie, noise = never, never
        if is_imputed:
            y, tie, noise = _lower_imputed(params, _column(params, donors, c), distance, error)
            no_donor = op.isnan(y)
            gap = missing if x.width == 1 else take_columns(missing, c, c + 1)
            is_mean = op.or_(no_donor, op.not_(gap))
            value = op.where(op.equal(is_mean, const(False)), y, value)
            noise = op.or_(op.and_(noise, op.not_(no_donor)), overflows)
        values, ties, unsure = [*values, value], [*ties, tie], [*unsure, noise]
    block = GraphBlock("float64", x.width, concat_columns(values))
    block = block.guard(TIE, op.and_(missing, concat_columns(ties)))
    return block.guard(NOISE, op.and_(missing, concat_columns(unsure)))


def _lower_imputed(params: Params, column: Column, distance: Var, error: Var) -> tuple[Var, Var, Var]:
    """The same as `_imputed` in the graph, [N, 1] each."""
    k, count = column.k, len(column.rows)
    distance = op.gather(distance, const(column.rows), axis=1)
    error = op.gather(error, const(column.rows), axis=1)
    near, places, following = lower_first(distance, k, count)
    own = op.gather_elements(error, places, axis=1)
    last, own_last = (near, own) if k == 1 else (take_columns(near, k - 1, k), take_columns(own, k - 1, k))
    may_be_near = op.less_or_equal(op.sub(distance, error), op.add(last, own_last))
    most = op.reduce_max(op.where(may_be_near, error, const(0.0)), const([1]), keepdims=1)
    tie = lower_is_tie(distance, last, following, most, column.groups)
    tie = op.and_(tie, op.less(last, const(np.inf)))
    weighted = _lower_weights(params, column, near, own, places)
    targets = op.gather(const(column.values), places, axis=0)
    ones = const(np.ones((k, 1)))
    y = op.div(op.matmul(op.mul(weighted.weights, targets), ones), weighted.total)
    moved = op.add(op.mul(weighted.error, const([[column.spread]])), const([[column.sum_error]]))
    if weighted.moves is not None:
        moved = op.add(moved, op.matmul(op.mul(weighted.moves, op.abs(op.sub(targets, y))), ones))
    allowed = op.mul(op.max([op.abs(y), const([[1.0]])]), const([[TOLERANCE]]))
    return y, tie, op.not_(op.less(moved, allowed))


def _lower_weights(params: Params, column: Column, near: Var, own: Var, places: Var) -> LoweredWeights:
    if params.weights == "uniform":
        weights = op.cast(op.less(near, const(np.inf)), to=np.float64)
        return LoweredWeights(weights, op.matmul(weights, const(np.ones((column.k, 1)))), const([[0.0]]))
    groups = op.gather(const(column.groups.astype(np.float64)), places, axis=0)
    return lower_inverse_weights(0, near, own, groups, column.k)


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    values = sorted({point[k] for point in state.points[:MOST_POINTS]})
    near = [v for value in values for v in (value, math.nextafter(value, math.inf))]
    near += [a + part * (b - a) for a, b in combinations(values, 2) for part in (1 / 2, 1 / 3, -0.7)]
    near += [math.nextafter((a + b) / 2, math.inf) for a, b in combinations(values, 2)]  # a tie within the error
    ends = [1.0, 1e9, 1e17, 4e153, 1e154, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *near, *ends, *(-end for end in ends)]


ROWS = State(
    points=((1.0, 10.0), (2.0, 20.0), (9.0, 90.0), (0.0, 7.0)),
    present=((1.0, 1.0), (1.0, 1.0), (1.0, 1.0), (0.0, 1.0)),
    means=(4.0, 31.75),
    imputed=(True, True),
)
PLANE = {"a": "float64?", "b": "float64?"}
CASES = (
    Case(
        name="weights by distance",
        shows=("C4", "C6"),
        columns=PLANE,
        params={"k": 3, "weights": "distance"},
        state=State(
            points=((2.0, 1e4), (4.0, -1e4), (10.0, 9.0), (0.0, 7.0)),
            present=ROWS.present,
            means=(16 / 3, 4.0),
            imputed=(True, True),
        ),
        rows=[[None, None], [2.0, None], [3.0, None]],
        # (1e4 - 1e4 + 9 / 7) / (1 + 1 + 1 / 7)
        expect=[[16 / 3, 4.0], [2.0, 1e4], [3.0, 0.6]],
    ),
    Case(
        name="averages",
        shows=("C1", "C2", "C5"),
        columns=PLANE,
        params={"k": 2},
        state=ROWS,
        rows=[[None, None], [1.25, None], [None, 18.0], [-0.0, 5e-324], [None, 50.0], [5.0, None], [5.5, None]],
        expect=[[4.0, 31.75], [1.25, 15.0], [1.5, 18.0], [-0.0, 5e-324], [], [], [5.5, 55.0]],
        guards=[(TIE, 4, 0), (TIE, 5, 1)],
    ),
    Case(
        name="fewer rows than k",
        shows=("C1", "C3"),
        columns=PLANE,
        params={"k": 5},
        state=ROWS,
        rows=[[None, None], [0.0, None], [None, 0.0]],
        expect=[[4.0, 31.75], [0.0, 40.0], [4.0, 0.0]],
    ),
    Case(
        name="whole numbers",
        shows=("C5", "C6"),
        columns={"a": "float64?", "b": "float64", "c": "float64?"},
        params={"k": 1},
        state=State(
            points=((9686330.0, 0.0, 1.0), (9686328.0, 1.0, 2.0)),
            present=((1.0, 1.0, 1.0), (1.0, 1.0, 1.0)),
            means=(9686329.0, 0.5, 1.5),
            imputed=(True, False, True),
        ),
        rows=[
            [None, 0.0, None],
            [9686329.0, 0.25, None],
            [9686329.0, 0.0, None],
            [9686329.0, 0.25, -0.0],
            [9686329.0, 1.0, None],
        ],
        expect=[
            [9686330.0, 0.0, 1.0],
            [],
            [9686329.0, 0.0, 1.0],
            [9686329.0, 0.25, -0.0],
            [9686329.0, 1.0, 2.0],
        ],
        guards=[(TIE, 1, 2)],
    ),
    Case(
        name="rows with the same value may be exchanged",
        shows=("C5",),
        columns=PLANE,
        params={"k": 1},
        state=State(((1.0, 7.0), (2.0, 7.0), (4.0, 8.0)), ((1.0, 1.0),) * 3, (7 / 3, 22 / 3), (True, True)),
        rows=[[None, None], [1.5, None], [3.0, None], [None, 7.0]],
        expect=[[7 / 3, 22 / 3], [1.5, 7.0], [], []],
        guards=[(TIE, 2, 1), (TIE, 3, 0)],
    ),
    Case(
        name="averages that cancel",
        shows=("C7",),
        columns=PLANE,
        params={"k": 2},
        state=State(((0.0, 1e12), (1.0, -1e12)), ((1.0, 1.0),) * 2, (0.25, 3.0), (True, True)),
        rows=[[None, None], [0.25, None], [1e200, None], [math.inf, 1.0], [None, 5.0], [None, 1e154], [None, 4e153]],
        expect=[[0.25, 3.0], [], [], [math.inf, 1.0], [0.5, 5.0], [], [0.5, 4e153]],
        guards=[(NOISE, 1, 1), (NOISE, 2, 1), (NOISE, 5, 0)],
    ),
    Case(
        name="weights that are noise",
        shows=("C7",),
        columns=PLANE,
        params={"k": 2, "weights": "distance"},
        state=State(((100.5, 0.0), (101.5, 1.0)), ((1.0, 1.0),) * 2, (101.0, 0.5), (True, True)),
        rows=[[None, None], [100.50001, None], [101.0, None], [100.5, None]],
        expect=[[101.0, 0.5], [], [101.0, 0.5], []],
        guards=[(NOISE, 1, 1), (NOISE, 3, 1)],
    ),
    Case(
        name="input with an error",
        shows=("C5", "C8"),
        columns=PLANE,
        params={"k": 1, "slack": 1e-6},
        state=ROWS,
        rows=[[None, None], [1.5 - 1e-7, None], [1.25, None]],
        expect=[[4.0, 31.75], [], [1.25, 10.0]],
        guards=[(TIE, 1, 1)],
    ),
)

OP = Op(
    name="knn_impute",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    arity=always("block"),
    sklearn=SKLEARN,
    cases=CASES,
)
