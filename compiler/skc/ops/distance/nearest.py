"""What the k nearest of some points say of each row: the average of their targets, or which they are.

Why: k-nearest-neighbours models and the graphs of neighbours of scikit-learn are this.

Example: with the points 0, 1 and 5, their targets 10, 20 and 90 and k = 2 the row 0.2 gives 15.

Parameters
----------
k : int
    How many points.
result : mean, share, connectivity or distance
    `mean`: the average of the targets. `share`: that of a class among the targets, which are numbers of classes, as one
    column per class. `connectivity` and `distance` have one column per point: 1, or its distance, and 0 if it is not
    among the nearest.
weights : uniform or distance, default uniform
    The weight of a point in an average: equal, or one over its distance.
metric : euclidean, manhattan, chebyshev or cosine, default euclidean
    The root of the sum of the squared differences, the sum of their magnitudes, the largest magnitude, or for rows and
    points of the length 1 (or 0) one less the sum of their products. Such rows are not exact: they need a `slack`.
algorithm : kd_tree, ball_tree or brute, default kd_tree
    How scikit-learn searches, which decides how far its rounding errors go.
slack : float, default 0
    The relative error of the input. Input that is not exact needs one.
noise : bool, default false
    Of `share`: also return, after the shares, for each of them the bound of its error. `class_of` decides by it.

Input: K float64 columns without null. Output: float64 columns. State: M points of K numbers, the targets of each, and
the names of the classes. It is learned by scikit-learn.

Critical points
---------------
C1  A row is guarded with `tie` where rounding errors decide which points are nearest: where the k-th and the next are
    equally far, or nearer to that than twice the error of their distances. Points with the same targets may be
    exchanged.
C2  Whole numbers below 2^24 / sqrt(K) have no rounding errors, unless a ball tree searches: only equal distances tie.
C3  With brute force, Euclidean distances come from x·x + y·y - 2 x·y; the error is that of `distances`.
C4  With `weights: distance`, points at distance 0 have the weight 1 and all others 0.
C5  A row is guarded with `rounding-noise` where the errors of the distances, or of the sum, may move a result by more
    than 1e-6 max(1, |y|); so is a distance of brute force near to 0.
C6  Shares of equal weights are exact. A row with an infinity is a tie.
C7  A block that may have nulls is refused (SKC120), and one that is not exact if `slack` is 0 (SKC121).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, concat_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require, require_exact
from skc.ops.distance._metrics import Row, any_column, lower_not_all
from skc.ops.distance._neighbours import SKLEARN
from skc.ops.distance._search import (
    Algorithm,
    PointMetric,
    Search,
    far_limit,
    first,
    is_tie,
    lower_first,
    lower_is_tie,
    lower_point_distances,
    lower_search_error,
    point_distances,
    search_error,
)
from skc.ops.distance._weights import (
    LoweredWeights,
    Weighted,
    Weights,
    inverse_weights,
    lower_inverse_weights,
    output_columns,
)
from skc.ops.linear._noise import error_bound
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.agreement import TOLERANCE, allowed_error
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

TIE, NOISE = "tie", "rounding-noise"
MOST_POINTS = 6  # whose values are tried


@parameters
class Params:
    k: Annotated[int, Field(ge=1)]
    result: Literal["mean", "share", "connectivity", "distance"]
    weights: Weights = "uniform"
    metric: PointMetric = "euclidean"
    algorithm: Algorithm = "kd_tree"
    slack: Annotated[float, Field(ge=0, lt=1)] = 0.0
    noise: bool = False


@dataclass(frozen=True)
class State:
    points: tuple[Row, ...]
    targets: tuple[Row, ...] = ()
    classes: tuple[str, ...] = ()


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="nearest")
    if x.nullable:
        raise refuse("SKC120", "`nearest` takes values without null", hint="put `impute` before this step")
    if params.slack == 0:
        require_exact(x, op="nearest")
    is_exact = params.result == "connectivity" or (params.result == "share" and params.weights == "uniform")
    return x.with_(exact=is_exact and not params.noise, width=None)


def _search(params: Params, state: State) -> Search:
    return Search(np.array(state.points), params.metric, params.algorithm, params.slack)


def _groups(params: Params, state: State) -> Array:
    """The number of each point's target: points of the same number may be exchanged."""
    if params.result in ("connectivity", "distance"):
        return np.arange(len(state.points))
    return np.unique(np.array(state.targets), axis=0, return_inverse=True)[1].ravel()


def _sizes(params: Params, state: State) -> tuple[Array, Array]:
    """[T], twice: how far apart the targets are, and their largest magnitude; 1 for shares."""
    targets = np.array(state.targets)
    if state.classes:
        return np.ones(len(state.classes)), np.ones(len(state.classes))
    return np.ptp(targets, axis=0), np.abs(targets).max(axis=0)


def _is_sure(params: Params, state: State) -> bool:
    """No row can have a sum whose rounding error matters."""
    most = _sizes(params, state)[1].max() * error_bound(params.k)
    return params.weights == "uniform" and bool(most < TOLERANCE / 2)


def apply(params: Params, state: State, x: Block) -> Block:
    search, groups = _search(params, state), _groups(params, state)
    with np.errstate(all="ignore"):
        distance = point_distances(search, x.values)
        near, places, following = first(distance, params.k)
        last = near[:, -1:]
        tie = is_tie(distance, last, following, search_error(search, x.values, last), groups)
        if params.result in ("connectivity", "distance"):
            return _graph(params, search, x.values, near, places).guard(TIE, tie)
        return _average(params, state, x.values, near, places).guard(TIE, tie)


def _graph(params: Params, search: Search, x: Array, near: Array, places: Array) -> Block:
    values = np.zeros((len(x), len(search.points)))
    np.put_along_axis(values, places, near if params.result == "distance" else 1.0, axis=1)
    block = Block("float64", values)
    if params.result == "connectivity" or not search.is_product:
        return block
    known = search_error(search, x, near) < allowed_error(near)
    return block.guard(NOISE, any_column(~known))


def _average(params: Params, state: State, x: Array, near: Array, places: Array) -> Block:
    targets = np.array(state.targets)[places]  # [N, k, T]
    if state.classes:
        targets = (targets == np.arange(len(state.classes))).astype(float)
    if params.weights == "uniform":
        weighted = Weighted(np.ones_like(near), np.full((1, 1), float(params.k)), np.zeros((1, 1)))
    else:
        search = _search(params, state)
        error = None if search.sees_zero else search_error(search, x, near)
        weighted = inverse_weights(search.features, near, error, _groups(params, state)[places])
    y = np.add.accumulate(weighted.weights[:, :, None] * targets, axis=1)[:, -1] / weighted.total
    if not params.noise and _is_sure(params, state):
        return Block("float64", y)
    spread, size = _sizes(params, state)
    error = np.broadcast_to(weighted.error * spread, y.shape)
    if weighted.moves is not None:
        error = error + (weighted.moves[:, :, None] * np.abs(targets - y[:, None, :])).sum(axis=1)
    known = error + error_bound(params.k) * size < allowed_error(y)
    noise = error + (error > 0) * error_bound(params.k)
    block = Block("float64", np.hstack([y, noise]) if params.noise else y)
    return block.guard(NOISE, any_column(~known))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    search, groups = _search(params, state), _groups(params, state)
    distance = lower_point_distances(search, x.values)
    near, places, following = lower_first(distance, params.k, len(search.points))
    last = near if params.k == 1 else op.slice(near, const([params.k - 1]), const([params.k]), const([1]))
    error = lower_search_error(search, x.values, last)
    tie = lower_is_tie(distance, last, following, error, groups)
    if params.result in ("connectivity", "distance"):
        return _lower_graph(params, search, x.values, distance, near, places).guard(TIE, tie)
    return _lower_average(params, state, x.values, near, places).guard(TIE, tie)


def _lower_graph(params: Params, search: Search, x: Var, distance: Var, near: Var, places: Var) -> GraphBlock:
    nothing = op.where(op.equal(distance, distance), const(0.0), const(0.0))
    is_distance = params.result == "distance"
    one = op.where(op.equal(near, near), const(1.0), const(1.0))
    values = op.scatter_elements(nothing, places, near if is_distance else one, axis=1)
    block = GraphBlock("float64", len(search.points), values)
    if not is_distance or not search.is_product:
        return block
    allowed = op.mul(op.max([near, const([[1.0]])]), const([[TOLERANCE]]))
    known = op.less(lower_search_error(search, x, near), allowed)
    return block.guard(NOISE, lower_not_all(known, params.k))


def _lower_average(params: Params, state: State, x: Var, near: Var, places: Var) -> GraphBlock:
    k, width = params.k, len(state.classes) or len(state.targets[0])
    weighted, targets = _lower_weights(params, state, x, near, places), _lower_targets(state, places)
    is_equal = params.weights == "uniform"
    row = const(np.ones((1, 1, k))) if is_equal else op.unsqueeze(weighted.weights, const([1]))
    y = op.div(op.squeeze(op.matmul(row, targets), const([1])), weighted.total)
    block = GraphBlock("float64", width, y)
    if not params.noise and _is_sure(params, state):
        return block
    spread, size = _sizes(params, state)
    error = op.mul(weighted.error, const([spread]))
    if weighted.moves is not None:
        apart = op.abs(op.sub(targets, op.unsqueeze(y, const([1]))))
        error = op.add(error, op.squeeze(op.matmul(op.unsqueeze(weighted.moves, const([1])), apart), const([1])))
    if params.noise:
        some = op.cast(op.greater(error, const(0.0)), to=np.float64)
        noise = op.add(error, op.mul(some, const([[error_bound(k)]])))
        block = GraphBlock("float64", 2 * width, concat_columns([y, noise]))
    allowed = op.mul(op.max([op.abs(y), const([[1.0]])]), const([[TOLERANCE]]))
    known = op.less(op.add(error, const([error_bound(k) * size])), allowed)
    return block.guard(NOISE, lower_not_all(known, width))


def _lower_weights(params: Params, state: State, x: Var, near: Var, places: Var) -> LoweredWeights:
    if params.weights == "uniform":
        return LoweredWeights(const(np.ones((1, params.k))), const([[float(params.k)]]), const([[0.0]]))
    groups = op.gather(const(_groups(params, state).astype(np.float64)), places, axis=0)
    search = _search(params, state)
    error = None if search.sees_zero else lower_search_error(search, x, near)
    return lower_inverse_weights(search.features, near, error, groups, params.k)


def _lower_targets(state: State, places: Var) -> Var:
    """[N, k, T]: the targets of the points, or for each class whether it is that of the point."""
    targets = op.gather(const(np.array(state.targets)), places, axis=0)
    if not state.classes:
        return targets
    numbers = const(np.arange(len(state.classes), dtype=np.float64)[None, None])
    return op.cast(op.equal(targets, numbers), to=np.float64)


def is_whole(params: Params, x: ValueType) -> bool:
    """Of one point the share is 0 or 1."""
    is_one = params.result == "share" and params.weights == "uniform" and params.k == 1
    return params.result == "connectivity" or is_one


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    columns = output_columns(params.result, state.points, state.targets, state.classes, noise=params.noise)
    return (columns, *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    values = sorted({point[k] for point in state.points[:MOST_POINTS]})
    near = [v for value in values for v in (value, math.nextafter(value, math.inf), value + 1e-9)]
    between = [(a + b) / 2 for a, b in pairwise(values)]
    limits = [far_limit(b - a, len(state.points[0])) for a, b in pairwise(values)]
    ends = [1.0, 1e9, 2.0**50, 1e154, 1e160, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *near, *between, *(v for far in (*limits, *ends) for v in (far, -far))]


def _tied(*rows: int) -> Sequence[tuple[str, int, int]]:
    return [(TIE, row, 0) for row in rows]


LINE = State(((0.0,), (1.0,), (2.0,), (5.0,)), ((10.0,), (20.0,), (20.0,), (95.1,)))
CLASSES = State(LINE.points, ((0.0,), (1.0,), (1.0,), (0.0,)), ("no", "yes"))
PLANE = {"a": "float64", "b": "float64"}
CASES = (
    Case(
        name="the largest difference",
        shows=("C1",),
        columns=PLANE,
        params={"k": 1, "result": "distance", "metric": "chebyshev"},
        state=State(((0.0, 0.0), (2.0, 7.0))),
        rows=[[3.0, -4.0], [2.0, 7.0], [0.0, 3.5]],
        expect=[[4.0, 0.0], [0.0, 0.0], []],
        guards=_tied(2),
    ),
    Case(
        name="averages",
        shows=("C1",),
        columns={"a": "float64"},
        params={"k": 2, "result": "mean"},
        state=LINE,
        rows=[[0.0], [0.25], [1.25], [3.5], [1.0], [math.nextafter(1.0, 2.0)], [5e-324], [math.inf]],
        expect=[[15.0], [15.0], [20.0], [57.55], [], [], [15.0], []],
        guards=_tied(4, 5, 7),
        names=("y0",),
    ),
    Case(
        name="points of the same class may be exchanged",
        shows=("C1", "C6"),
        columns={"a": "float64"},
        params={"k": 1, "result": "share"},
        state=CLASSES,
        rows=[[1.5], [0.5], [-0.0], [1e300], [math.nan]],
        expect=[[0.0, 1.0], [], [1.0, 0.0], [], []],
        guards=_tied(1, 3, 4),
        names=("no", "yes"),
    ),
    Case(
        name="all points",
        shows=("C1", "C6"),
        columns=PLANE,
        params={"k": 2, "result": "share", "metric": "manhattan"},
        state=State(((0.0, 0.0), (1.0, 1.0)), ((0.0,), (1.0,)), ("no", "yes")),
        rows=[[0.5, 0.5], [1e300, -1e300], [math.inf, 0.0], [1.7e308, 1.7e308]],
        expect=[[0.5, 0.5], [0.5, 0.5], [], []],
        guards=_tied(2, 3),
    ),
    Case(
        name="whole numbers",
        shows=("C2", "C3"),
        columns=PLANE,
        params={"k": 1, "result": "connectivity", "algorithm": "brute"},
        state=State(((11863283.0, -1.0), (11863281.0, 0.0))),
        rows=[[11863282.0, -1.0], [11863282.0, -0.75], [11863282.0, 0.0], [11863282.0, 1.0], [11863283.0, 1.0]],
        expect=[[1.0, 0.0], [], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]],
        guards=_tied(1),
        names=("point0", "point1"),
    ),
    Case(
        name="a ball tree of whole numbers",
        shows=("C2",),
        columns={"a": "float64"},
        params={"k": 1, "result": "connectivity", "algorithm": "ball_tree"},
        state=State(((-(2.0**24),), (2.0**24,), (2.0**24 - 2,))),
        rows=[[0.0], [2.0**24 - 1], [-2.0], [2.0**23 + 0.5]],
        expect=[[0.0, 0.0, 1.0], [], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]],
        guards=_tied(1),
    ),
    Case(
        name="distances of brute force",
        shows=("C3", "C5"),
        columns={"a": "float64"},
        params={"k": 2, "result": "distance", "algorithm": "brute"},
        state=State(((1e4 + 0.5,), (0.5,), (-1e9,))),
        rows=[[1e4 + 0.5], [1e4 + 1.5], [0.5], [1e4 + 0.501]],
        expect=[[], [1.0, 1e4 + 1, 0.0], [1e4, 0.0, 0.0], []],
        guards=[(NOISE, 0, 0), (NOISE, 3, 0)],
    ),
    Case(
        name="weights by distance",
        shows=("C4", "C5"),
        columns={"a": "float64"},
        params={"k": 3, "result": "share", "weights": "distance", "noise": True},
        state=CLASSES,
        rows=[[1.0], [0.5], [3.5]],
        # 1/0.5, 1/0.5 and 1/1.5; 1/1.5, 1/1.5 and 1/2.5
        expect=[[0.0, 1.0, 0.0, 0.0], [3 / 7, 4 / 7, 6.4e-15, 6.4e-15], [5 / 13, 8 / 13, 6.4e-15, 6.4e-15]],
        names=("no", "yes", "noise0", "noise1"),
    ),
    Case(
        name="weights by distances of brute force",
        shows=("C4", "C5"),
        columns={"a": "float64"},
        params={"k": 2, "result": "mean", "weights": "distance", "algorithm": "brute"},
        state=State(((100.5,), (101.5,), (300.0,), (300.0,)), ((0.0,), (1.0,), (7.0,), (9.0,))),
        rows=[[100.75], [100.5], [100.50001], [300.0], [0.5]],
        expect=[[0.25], [], [], [], [100 / 201]],
        guards=[(NOISE, row, 0) for row in (1, 2, 3)],
    ),
    Case(
        name="equal weights of whole numbers at a point",
        shows=("C2", "C4"),
        columns={"a": "float64"},
        params={"k": 3, "result": "mean", "weights": "distance", "algorithm": "brute"},
        state=State(((3.0,), (3.0,), (4.0,), (1e6,)), ((0.0,), (1.0,), (7.0,), (9.0,))),
        rows=[[3.0], [4.0]],
        expect=[[0.5], [7.0]],
    ),
    Case(
        name="targets that cancel",
        shows=("C5",),
        columns={"a": "float64"},
        params={"k": 2, "result": "mean"},
        state=State(((0.0,), (1.0,), (2.0,)), ((1e12, 1.0), (-1e12, 2.0), (-1e12, 4.0))),
        rows=[[0.25], [1.75]],
        expect=[[], [-1e12, 3.0]],
        guards=[(NOISE, 0, 0)],
        names=("y0", "y1"),
    ),
    Case(
        name="input with an error",
        shows=("C1", "C7"),
        columns={"a": "float64"},
        params={"k": 1, "result": "share", "slack": 1e-6},
        state=CLASSES,
        rows=[[0.5 - 1e-7], [0.5 - 1e-5], [1.0]],
        expect=[[], [1.0, 0.0], [0.0, 1.0]],
        guards=_tied(0),
    ),
    Case(
        name="values that may be null",
        shows=("C7",),
        columns={"a": "float64?"},
        params={"k": 1, "result": "mean"},
        state=LINE,
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="nearest",
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
    is_whole=is_whole,
    sklearn=SKLEARN,
    cases=CASES,
)
