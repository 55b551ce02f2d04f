"""What the points within a radius of each row say of it: the average of their targets, or which they are.

Why: radius-neighbours models and the graphs of radius neighbours of scikit-learn are this.

Example: with the points 0, 1 and 5, their targets 10, 20 and 90 and a radius of 2 the row 0.5 gives 15.

Parameters
----------
radius : float
    The largest distance of a point that counts.
result : mean, share, connectivity or distance
    `mean`: the average of the targets. `share`: that of a class among the targets, which are numbers of classes, as one
    column per class. `connectivity` and `distance` have one column per point: 1, or its distance, and 0 if it is not
    within the radius.
weights : uniform or distance, default uniform
    The weight of a point in an average: equal, or one over its distance.
metric : euclidean, manhattan, chebyshev or cosine, default euclidean
    As in `nearest`, like the following three.
algorithm : kd_tree, ball_tree or brute, default kd_tree
    How scikit-learn searches, which decides how far its rounding errors go.
slack : float, default 0
    The relative error of the input. Input that is not exact needs one.
noise : bool, default false
    Of `share`: also return, after the shares, for each of them the bound of its error. `class_of` decides by it.
empty : error, null or int, default error
    For a row without a point within the radius, of an average: refuse it; a null; or the class of that number.

Input: K float64 columns without null. Output: float64 columns. State: M points of K numbers, the targets of each, and
the names of the classes. It is learned by scikit-learn.

Critical points
---------------
C1  A point at the radius counts, as far as distances have no rounding errors. A row is guarded with `tie` where they
    decide whether a point counts: where its distance is nearer to the radius than twice its error. A row whose
    distances overflow is guarded as well, if rows without a point are served.
C2  Whole numbers below 2^24 / sqrt(K) have no rounding errors, as in `nearest`, if the square of the radius is exact.
C3  With `weights: distance`, points at distance 0 have the weight 1 and all others 0.
C4  A row without a point within the radius: guard `invalid-value`, a null, or the share 1 of a class, by `empty`. In
    graphs of neighbours it has only zeros.
C5  A row is guarded with `rounding-noise` where the errors of the distances, or of the sum, may move a result by more
    than 1e-6 max(1, |y|); so is a distance of brute force near to 0, and a weight that overflows.
C6  A block that may have nulls is refused (SKC120), and one that is not exact if `slack` is 0 (SKC121).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, concat_columns, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require, require_exact
from skc.ops.distance._metrics import EPS, Row, any_column, lower_not_all, lower_not_any
from skc.ops.distance._neighbours import RADIUS
from skc.ops.distance._search import (
    Algorithm,
    PointMetric,
    Search,
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

TIE, NOISE, NO_POINT = "tie", "rounding-noise", "invalid-value"
MOST_POINTS = 6  # whose values are tried
TIES = [k * EPS for k in (2, 5, 8, 12, 18, 26, 40)]  # relative to the radius: among them are the limits of ties


@parameters
class Params:
    radius: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    result: Literal["mean", "share", "connectivity", "distance"]
    weights: Weights = "uniform"
    metric: PointMetric = "euclidean"
    algorithm: Algorithm = "kd_tree"
    slack: Annotated[float, Field(ge=0, lt=1)] = 0.0
    noise: bool = False
    empty: Literal["error", "null"] | Annotated[int, Field(ge=0)] = "error"


@dataclass(frozen=True)
class State:
    points: tuple[Row, ...]
    targets: tuple[Row, ...] = ()
    classes: tuple[str, ...] = ()


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="within_radius")
    if x.nullable:
        raise refuse("SKC120", "`within_radius` takes values without null", hint="put `impute` before this step")
    if params.slack == 0:
        require_exact(x, op="within_radius")
    is_exact = params.result == "connectivity" or (params.result == "share" and params.weights == "uniform")
    nullable = params.empty == "null" and params.result in ("mean", "share")
    return x.with_(exact=is_exact and not params.noise, width=None, nullable=nullable)


def _search(params: Params, state: State) -> Search:
    return Search(np.array(state.points), params.metric, params.algorithm, params.slack)


def _serves_the_far(params: Params) -> bool:
    """A row without a point within the radius has a result, so one whose distances overflow must not pass for it."""
    return params.empty != "error" or params.result in ("connectivity", "distance")


def _own_error(params: Params) -> float:
    """What the radius itself adds to the error of a distance: scikit-learn compares squares of Euclidean ones."""
    is_square = params.metric == "euclidean" and Fraction(params.radius) ** 2 != Fraction(params.radius**2)
    return 2 * EPS * params.radius if is_square else 0.0


def _is_sure(params: Params, state: State) -> bool:
    """No row can have a sum whose rounding error matters."""
    most = _size(state).max() * error_bound(len(state.points))
    return params.weights == "uniform" and bool(most < TOLERANCE / 2)


def _targets(state: State) -> Array:
    """[M, T]: the targets, or for each class whether it is that of the point."""
    targets = np.array(state.targets)
    return (targets == np.arange(len(state.classes))).astype(np.float64) if state.classes else targets


def _groups(state: State) -> Array:
    """[1, M]: the number of each point's target."""
    return np.unique(np.array(state.targets), axis=0, return_inverse=True)[1].reshape(1, -1).astype(np.float64)


def _spread(state: State) -> Array:
    """[T]: how far apart the targets are; 1 for shares."""
    return np.ones(len(state.classes)) if state.classes else np.ptp(np.array(state.targets), axis=0)


def _size(state: State) -> Array:
    """[T]: their largest magnitude; 1 for shares."""
    return np.ones(len(state.classes)) if state.classes else np.abs(np.array(state.targets)).max(axis=0)


def apply(params: Params, state: State, x: Block) -> Block:
    search, radius = _search(params, state), np.full((1, 1), params.radius)
    with np.errstate(all="ignore"):
        distance = point_distances(search, x.values)
        error = search_error(search, x.values, radius) + _own_error(params)
        apart = np.abs(distance - radius) > 2 * error
        if _serves_the_far(params):
            apart &= distance < np.inf
        sure = apart | (error == 0)
        is_in = distance <= radius
        if params.result in ("connectivity", "distance"):
            block = _graph(params, search, x.values, distance, is_in)
        else:
            block = _average(params, state, x.values, distance, is_in)
    return block.guard(TIE, any_column(~sure))


def _graph(params: Params, search: Search, x: Array, distance: Array, is_in: Array) -> Block:
    if params.result == "connectivity":
        return Block("float64", is_in.astype(np.float64))
    block = Block("float64", np.where(is_in, distance, 0.0))
    if not search.is_product:
        return block
    known = search_error(search, x, distance) < allowed_error(distance)
    return block.guard(NOISE, any_column(~known & is_in))


def _weigh(params: Params, state: State, x: Array, distance: Array, is_in: Array) -> Weighted:
    if params.weights == "uniform":
        weights = is_in.astype(np.float64)
        return Weighted(weights, weights.sum(axis=1, keepdims=True), np.zeros((1, 1)))
    search, near = _search(params, state), np.where(is_in, distance, np.inf)
    error = None if search.sees_zero else np.where(is_in, search_error(search, x, distance), 0.0)
    weighted = inverse_weights(search.features, near, error, np.broadcast_to(_groups(state), near.shape))
    overflows = any_column(np.isinf(1 / near) & (near > 0))
    return replace(weighted, error=np.where(overflows, np.inf, weighted.error))


def _average(params: Params, state: State, x: Array, distance: Array, is_in: Array) -> Block:
    targets, weighted = _targets(state), _weigh(params, state, x, distance, is_in)
    y = np.add.accumulate(weighted.weights[:, :, None] * targets, axis=1)[:, -1] / weighted.total
    error = np.broadcast_to(weighted.error, (len(x), 1)) * _spread(state)
    if weighted.moves is not None:
        moved = [(weighted.moves * np.abs(t - y[:, k : k + 1])).sum(axis=1) for k, t in enumerate(targets.T)]
        error = error + np.stack(moved, axis=1)
    is_empty = ~any_column(is_in)
    if isinstance(params.empty, int):
        y = np.where(is_empty, np.arange(y.shape[1]) == params.empty, y)
    bound = error_bound(len(targets))
    noise = np.where(is_empty, 0.0, error + (error > 0) * bound)
    block = Block("float64", np.hstack([y, noise]) if params.noise else y)
    if not _is_sure(params, state):
        known = error + bound * _size(state) < allowed_error(y)
        block = block.guard(NOISE, any_column(~known & ~is_empty))
    return block.guard(NO_POINT, is_empty) if params.empty == "error" else block


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    search, radius = _search(params, state), const([[params.radius]])
    distance = lower_point_distances(search, x.values)
    error = lower_search_error(search, x.values, radius)
    if _own_error(params):
        error = op.add(error, const([[_own_error(params)]]))
    apart = op.greater(op.abs(op.sub(distance, radius)), op.add(error, error))
    if _serves_the_far(params):
        apart = op.and_(apart, op.less(distance, const([[math.inf]])))
    sure = op.or_(apart, op.equal(error, const([[0.0]])))
    is_in = op.less_or_equal(distance, radius)
    if params.result in ("connectivity", "distance"):
        block = _lower_graph(params, search, x.values, distance, is_in)
    else:
        block = _lower_average(params, state, x.values, distance, is_in)
    return block.guard(TIE, lower_not_all(sure, len(search.points)))


def _lower_graph(params: Params, search: Search, x: Var, distance: Var, is_in: Var) -> GraphBlock:
    count = len(search.points)
    if params.result == "connectivity":
        return GraphBlock("float64", count, op.cast(is_in, to=np.float64))
    block = GraphBlock("float64", count, op.where(is_in, distance, const([[0.0]])))
    if not search.is_product:
        return block
    allowed = op.mul(op.max([distance, const([[1.0]])]), const([[TOLERANCE]]))
    known = op.less(lower_search_error(search, x, distance), allowed)
    return block.guard(NOISE, lower_not_all(op.or_(known, op.not_(is_in)), count))


def _lower_weigh(params: Params, state: State, x: Var, distance: Var, is_in: Var) -> LoweredWeights:
    count = len(state.points)
    if params.weights == "uniform":
        weights = op.cast(is_in, to=np.float64)
        return LoweredWeights(weights, op.matmul(weights, const(np.ones((count, 1)))), const([[0.0]]))
    search, near = _search(params, state), op.where(is_in, distance, const([[math.inf]]))
    error = None if search.sees_zero else op.where(is_in, lower_search_error(search, x, distance), const([[0.0]]))
    weighted = lower_inverse_weights(search.features, near, error, const(_groups(state)), count)
    too_near = op.and_(op.isinf(op.div(const([[1.0]]), near)), op.greater(near, const([[0.0]])))
    overflows = lower_not_all(op.not_(too_near), count)
    return replace(weighted, error=op.where(overflows, const([[math.inf]]), weighted.error))


def _lower_average(params: Params, state: State, x: Var, distance: Var, is_in: Var) -> GraphBlock:
    targets, weighted = _targets(state), _lower_weigh(params, state, x, distance, is_in)
    count, width = targets.shape
    if state.classes and params.weights == "uniform":  # counts, which no order of a sum changes
        counts = [op.matmul(op.mul(weighted.weights, const(t[None])), const(np.ones((count, 1)))) for t in targets.T]
        y = op.div(concat_columns(counts), weighted.total)
    else:
        y = op.div(op.matmul(weighted.weights, const(targets)), weighted.total)
    error = op.mul(weighted.error, const(_spread(state)[None]))
    if weighted.moves is not None:
        error = op.add(error, _lower_moved(weighted.moves, targets, y))
    is_empty = lower_not_any(is_in, count)
    if isinstance(params.empty, int):
        y = op.where(is_empty, const((np.arange(width) == params.empty).astype(np.float64)[None]), y)
    bound = error_bound(count)
    block = GraphBlock("float64", width, y)
    if params.noise:
        some = op.cast(op.greater(error, const([[0.0]])), to=np.float64)
        noise = op.where(is_empty, const(np.zeros((1, width))), op.add(error, op.mul(some, const([[bound]]))))
        block = GraphBlock("float64", 2 * width, concat_columns([y, noise]))
    if not _is_sure(params, state):
        allowed = op.mul(op.max([op.abs(y), const([[1.0]])]), const([[TOLERANCE]]))
        known = op.less(op.add(error, const(bound * _size(state)[None])), allowed)
        block = block.guard(NOISE, lower_not_all(op.or_(known, is_empty), width))
    return block.guard(NO_POINT, is_empty) if params.empty == "error" else block


def _lower_moved(moves: Var, targets: Array, y: Var) -> Var:
    """[N, T]: how far the errors of the weights move each average."""
    count, width = targets.shape
    moved = []
    for k in range(width):
        apart = op.abs(op.sub(const(targets[None, :, k]), y if width == 1 else take_columns(y, k, k + 1)))
        moved.append(op.matmul(op.mul(moves, apart), const(np.ones((count, 1)))))
    return concat_columns(moved)


def is_whole(params: Params, x: ValueType) -> bool:
    return params.result == "connectivity"


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (
        output_columns(params.result, state.points, state.targets, state.classes, noise=params.noise),
        *((),) * (len(names) - 1),
    )


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    values = sorted({point[k] for point in state.points[:MOST_POINTS]})
    edges = [v + side * params.radius for v in values for side in (-1, 0, 1)]
    near = [v for edge in edges for v in (edge, math.nextafter(edge, math.inf), math.nextafter(edge, -math.inf))]
    near += [edge * (1 + side * width) for edge in edges for side in (-1, 1) for width in TIES]
    ends = [1.0, 1e9, 2.0**50, 1e154, 1e160, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *near, *(v + 1e-9 for v in edges), *ends, *(-end for end in ends)]


LINE = State(((0.0,), (1.0,), (2.0,), (5.0,)), ((10.0,), (20.0,), (30.0,), (95.5,)))
CLASSES = State(LINE.points, ((0.0,), (1.0,), (1.0,), (0.0,)), ("no", "yes"))
ONE = {"a": "float64"}
CASES = (
    Case(
        name="averages",
        shows=("C1", "C2", "C4"),
        columns=ONE,
        params={"radius": 1.0, "result": "mean"},
        state=LINE,
        rows=[[0.0], [1.0], [0.25], [1.25], [0.5 - 2.0**-54], [3.5], [4.0], [math.inf]],
        expect=[[15.0], [20.0], [15.0], [25.0], [15.0], [], [95.5], []],
        guards=[(NO_POINT, 5, 0), (NO_POINT, 7, 0)],
        names=("y0",),
    ),
    Case(
        name="a point at the radius",
        shows=("C1", "C2"),
        columns={"a": "float64", "b": "float64"},
        params={"radius": 1.25, "result": "connectivity"},
        state=State(((0.0, 0.0), (3.0, 4.0), (1.0, 1.0))),
        rows=[[0.75, 1.0], [0.0, 0.0], [1.25, 0.0], [3.0, 4.0]],
        expect=[[], [1.0, 0.0, 0.0], [], [0.0, 1.0, 0.0]],
        guards=[(TIE, 0, 0), (TIE, 2, 0)],
        names=("point0", "point1", "point2"),
    ),
    Case(
        name="the square of the radius is rounded",
        shows=("C2",),
        columns={"a": "float64", "b": "float64", "c": "float64"},
        params={"radius": math.sqrt(3.0), "result": "connectivity", "algorithm": "brute"},
        state=State(((0.0, 0.0, 0.0), (1.0, 0.0, 0.0))),
        rows=[[1.0, 1.0, 1.0], [0.0, 1.0, 0.0]],
        expect=[[], [1.0, 1.0]],
        guards=[(TIE, 0, 0)],
    ),
    Case(
        name="distances",
        shows=("C4", "C5"),
        columns=ONE,
        params={"radius": 1.0, "result": "distance", "algorithm": "brute"},
        state=State(((1e4 + 0.5,), (0.5,), (-1e9,))),
        rows=[[1e4 + 0.5], [0.25], [7.0], [1e4 + 0.501], [1e4]],
        expect=[[], [0.0, 0.25, 0.0], [0.0, 0.0, 0.0], [], [0.5, 0.0, 0.0]],
        guards=[(NOISE, 0, 0), (NOISE, 3, 0)],
    ),
    Case(
        name="shares",
        shows=("C4",),
        columns=ONE,
        params={"radius": 2.0, "result": "share", "empty": 1},
        state=CLASSES,
        rows=[[0.5], [5.5], [-9.0], [1e150], [1e160], [2.5]],
        expect=[[1 / 3, 2 / 3], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [], [0.0, 1.0]],
        guards=[(TIE, 4, 0)],
        names=("no", "yes"),
    ),
    Case(
        name="weights by distance",
        shows=("C3", "C5"),
        columns=ONE,
        params={"radius": 1.75, "result": "share", "weights": "distance", "metric": "manhattan", "noise": True},
        state=CLASSES,
        rows=[[1.0], [0.5], [5e-324], [9.0]],
        # 1/0.5, 1/0.5 and 1/1.5
        expect=[[0.0, 1.0, 0.0, 0.0], [3 / 7, 4 / 7, 6.7e-15, 6.7e-15], [], []],
        guards=[(NOISE, 2, 0), (NO_POINT, 3, 0)],
        names=("no", "yes", "noise0", "noise1"),
    ),
    Case(
        name="weights by distances of brute force",
        shows=("C3", "C5"),
        columns=ONE,
        params={"radius": 9.0, "result": "mean", "weights": "distance", "algorithm": "brute", "empty": "null"},
        state=State(((100.5,), (101.5,), (300.0,), (300.0,)), ((0.0,), (1.0,), (7.0,), (9.0,))),
        rows=[[100.75], [100.5], [300.0], [-7.0]],
        expect=[[0.25], [], [], [None]],
        guards=[(NOISE, 1, 0), (NOISE, 2, 0)],
    ),
    Case(
        name="targets that cancel",
        shows=("C5",),
        columns=ONE,
        params={"radius": 0.75, "result": "mean", "metric": "manhattan"},
        state=State(((0.0,), (1.0,), (2.0,)), ((1e12, 1.0), (-1e12, 2.0), (-1e12, 4.5))),
        rows=[[0.5], [1.5]],
        expect=[[], [-1e12, 3.25]],
        guards=[(NOISE, 0, 0)],
        names=("y0", "y1"),
    ),
    Case(
        name="angles",
        shows=("C1", "C6"),
        columns={"a": "float64", "b": "float64"},
        params={"radius": 0.5, "result": "distance", "metric": "cosine", "algorithm": "brute", "slack": 1e-12},
        state=State(((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0))),
        rows=[[1.0, 0.0], [0.6, 0.8], [0.8, -0.6], [-1.0, 0.0], [0.0, 0.0], [0.5, 0.0]],
        expect=[[0.0, 0.0, 0.0], [0.4, 0.2, 0.0], [0.2, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], []],
        guards=[(TIE, 5, 0)],
    ),
    Case(
        name="values that may be null",
        shows=("C6",),
        columns={"a": "float64?"},
        params={"radius": 1.0, "result": "mean"},
        state=LINE,
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="within_radius",
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
    sklearn=RADIUS,
    cases=CASES,
)
