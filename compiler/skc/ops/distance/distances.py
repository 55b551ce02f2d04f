"""The distance of each row from each of some points, such as the centres of clusters.

Example: with the point (0, 0) the row (3, 4) has the Euclidean distance 5.

Parameters
----------
metric : euclidean or manhattan, default euclidean
    The root of the sum of the squared differences, or the sum of their magnitudes.

Input: K float64 columns without null. Output: M float64 columns, one per point. State: M points of K numbers. It is
learned by scikit-learn, whose KMeans has these distances as its `transform`.

Critical points
---------------
C1  The terms are added from left to right, and the root is taken last: a row at a point has the distance 0.
C2  scikit-learn computes a Euclidean distance d as the root of x·x + y·y - 2 x·y. A row is guarded with
    `rounding-noise` where the error of that may exceed 1e-6 max(1, d), with (2 + K/8) 2^-52 (x·x + y·y) as the error of
    the square; so are rows whose squares overflow.
C3  A block that may have nulls is refused (SKC120): impute them first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.distance._claims import SKLEARN
from skc.ops.distance._metrics import (
    Row,
    any_column,
    distances,
    lower_distances,
    lower_noise,
    lower_not_all,
    noise,
    noise_factor,
)
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.agreement import TOLERANCE, allowed_error

GUARD = "rounding-noise"


@parameters
class Params:
    metric: Literal["euclidean", "manhattan"] = "euclidean"


@dataclass(frozen=True)
class State:
    points: tuple[Row, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="distances")
    if x.nullable:
        raise refuse("SKC120", "`distances` takes values without null", hint="put `impute` before this step")
    return x.with_(exact=False, width=None)  # those of scikit-learn differ in their last bits


def apply(params: Params, state: State, x: Block) -> Block:
    points = np.array(state.points)
    if params.metric == "manhattan":
        return Block("float64", distances("manhattan", x.values, points))
    y = np.sqrt(distances("sqeuclidean", x.values, points))
    allowed = allowed_error(y)
    known = noise(x.values, points) < np.maximum(allowed * allowed, 2 * y * allowed)
    return Block("float64", y).guard(GUARD, any_column(~known))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    points, width = np.array(state.points), len(state.points)
    if params.metric == "manhattan":
        return GraphBlock("float64", width, lower_distances("manhattan", x.values, points))
    y = op.sqrt(lower_distances("sqeuclidean", x.values, points))
    allowed = op.mul(op.max([y, const([[1.0]])]), const([[TOLERANCE]]))
    most = op.max([op.mul(allowed, allowed), op.mul(op.mul(y, const(2.0)), allowed)])
    known = op.less(lower_noise(x.values, points), most)
    return GraphBlock("float64", width, y).guard(GUARD, lower_not_all(known, width))


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (tuple(f"distance{k}" for k in range(len(state.points))), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    points = [(point[k], _visible(point)) for point in state.points[:20]]
    near = [value for p, d in points for value in (p, math.nextafter(p, math.inf), p + d / 2, p + 2 * d)]
    ends = [1.0, 1e9, 1e154, 1e160, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *near, *ends, *(-end for end in ends)]


def _visible(point: Row) -> float:
    """About the least distance from a point at which the error of scikit-learn's is small enough, if it is above 1."""
    return math.sqrt(sum(y * y for y in point) * noise_factor(len(point)) / TOLERANCE)


CASES = (
    Case(
        name="the plane",
        shows=("C1",),
        columns={"a": "float64", "b": "float64"},
        state=State(((0.0, 0.0), (3.0, 4.0))),
        rows=[[3.0, 4.0], [0.0, -0.0], [-5.0, 12.0], [1e-200, 0.0]],
        expect=[[5.0, 0.0], [0.0, 5.0], [13.0, 11.313708498984761], [0.0, 5.0]],
        names=("distance0", "distance1"),
    ),
    Case(
        name="blocks of a city",
        shows=("C1",),
        columns={"a": "float64", "b": "float64"},
        params={"metric": "manhattan"},
        state=State(((1.0, 1.0),)),
        rows=[[3.0, -4.0], [1.0, 1.0], [math.inf, 0.0], [5e-324, 1.0]],
        expect=[[7.0], [0.0], [math.inf], [1.0]],
    ),
    Case(
        name="what scikit-learn cannot see",
        shows=("C2",),
        columns={"a": "float64"},
        state=State(((1.7e9,),)),
        rows=[[1.7e9 + 1e3], [1.7e9 + 1e6], [0.0], [1e200], [math.inf], [math.nan]],
        expect=[[], [1e6], [1.7e9], [], [], []],
        guards=[("rounding-noise", 0, 0), *(("rounding-noise", row, 0) for row in (3, 4, 5))],
    ),
    Case(
        name="values that may be null",
        shows=("C3",),
        columns={"a": "float64?"},
        state=State(((1.0,),)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="distances",
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
    sklearn=SKLEARN,
    cases=CASES,
)
