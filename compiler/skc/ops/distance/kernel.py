"""Kernels between each row and each of some points: how similar they are, as a number.

Why: KernelPCA, Nystroem and support vector machines of scikit-learn are this, and then a product with a matrix.

Example: `rbf` with gamma 1 of a row at the distance 2 from a point is exp(-4).

Parameters
----------
kernel : rbf, laplacian, chi2, additive_chi2 or cosine
    `rbf`: exp(-gamma d) of the squared Euclidean distance d; `laplacian`: of the sum of the magnitudes of the
    differences; `chi2`: of the sum of (x - y)² / (x + y), which without gamma and exp, and negative, is
    `additive_chi2`; `cosine`: the product of row and point after both were divided by their lengths.
gamma : float, default 1
    The factor of the distance.
error : float, default 1e-7
    How far scikit-learn's own rounding may move the result of `rbf`, which it computes from x·x + y·y - 2 x·y. With 0
    it is not checked: support vector machines subtract first, as this op does.

Input: K float64 columns without null. Output: M float64 columns, one per point. State: M points of K numbers. It is
learned by scikit-learn.

Critical points
---------------
C1  The terms of a distance are added from left to right; a row at a point has the distance 0.
C2  A term of `chi2` with x + y = 0 is 0. A negative value is guarded with `invalid-value`.
C3  A row of `rbf` is guarded with `rounding-noise` where an error of (2 + K/8) 2^-52 (x·x + y·y) in the distance may
    move a result by more than `error`.
C4  `cosine` does not divide a row that is shorter than 10 · 2^-52, or so long that its square overflows: the
    second gives 0.
C5  A block that may have nulls is refused (SKC120): impute them first.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, elementwise
from skc.emit.opset import const, op
from skc.op import Case, Met, Names, Op, always, fitted_elsewhere, parameters, refuse, require, require_exact
from skc.ops.distance._kernels import SKLEARN
from skc.ops.distance._metrics import (
    Metric,
    Row,
    any_column,
    distances,
    lower_distances,
    lower_noise,
    lower_not_all,
    noise,
)
from skc.ops.distance._support_vectors import SUPPORT_VECTORS
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Kernel = Literal["rbf", "laplacian", "chi2", "additive_chi2", "cosine"]
METRICS: dict[str, Metric] = {
    "rbf": "sqeuclidean",
    "laplacian": "manhattan",
    "chi2": "chi2",
    "additive_chi2": "chi2",
}
SHORTEST = 10 * 2.0**-52


@parameters
class Params:
    kernel: Kernel
    gamma: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    error: Annotated[float, Field(ge=0, lt=1)] = 1e-7


@dataclass(frozen=True)
class State:
    points: tuple[Row, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="kernel")
    if x.nullable:
        raise refuse("SKC120", "`kernel` takes values without null", hint="put `impute` before this step")
    if params.kernel in ("chi2", "additive_chi2"):
        require_exact(x, op="kernel")  # whether a value is negative decides about its row
    return x.with_(exact=False, width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    values, points = x.values, np.array(state.points)
    if params.kernel == "cosine":
        return Block("float64", _unit(values) @ _unit(points).T)
    distance = distances(METRICS[params.kernel], values, points)
    if params.kernel == "additive_chi2":
        return Block("float64", -distance).guard("invalid-value", values < 0)
    y = np.exp(-params.gamma * distance)
    if params.kernel == "chi2":
        return Block("float64", y).guard("invalid-value", values < 0)
    if params.kernel == "laplacian" or params.error == 0:
        return Block("float64", y)
    known = noise(values, points) * params.gamma * y < params.error
    return Block("float64", y).guard("rounding-noise", any_column(~known))


def _unit(values: Array) -> Array:
    """Rows divided by their lengths."""
    length = np.sqrt(np.add.accumulate(values * values, axis=1)[:, -1:])
    return np.asarray(values / np.where(length < SHORTEST, 1.0, length))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    return _lower(params, state, x).signal("clipped", op.isinf(x.values))


def _lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    points, width = np.array(state.points), len(state.points)
    if params.kernel == "cosine":
        return GraphBlock("float64", width, _lower_cosine(x.values, points))
    distance = lower_distances(METRICS[params.kernel], x.values, points)
    is_negative = op.less(x.values, const(0.0))
    if params.kernel == "additive_chi2":
        return GraphBlock("float64", width, op.neg(distance)).guard("invalid-value", is_negative)
    y = elementwise(op.exp, op.mul(distance, const([[-params.gamma]])), width)
    result = GraphBlock("float64", width, y)
    if params.kernel == "chi2":
        return result.guard("invalid-value", is_negative)
    if params.kernel == "laplacian" or params.error == 0:
        return result
    moved = op.mul(op.mul(lower_noise(x.values, points), const([[params.gamma]])), y)
    known = op.less(moved, const(params.error))
    return result.guard("rounding-noise", lower_not_all(known, width))


def _lower_cosine(x: Var, points: Array) -> Var:
    length = op.sqrt(op.matmul(op.mul(x, x), const(np.ones((points.shape[1], 1)))))
    divisor = op.where(op.less(length, const(SHORTEST)), const(1.0), length)
    lengths = [math.sqrt(sum((v * v for v in point[1:]), point[0] * point[0])) for point in points.tolist()]
    units = [[v / (1.0 if n < SHORTEST else n) for v in row] for row, n in zip(points.tolist(), lengths, strict=True)]
    return op.matmul(op.div(x, divisor), const(np.array(units).T))


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (tuple(f"kernel{k}" for k in range(len(state.points))), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    near = [value for point in state.points[:20] for value in (point[k], math.nextafter(point[k], math.inf))]
    ends = [1.0, 1e9, 1e154, 1e160, 1.7976931348623157e308, math.inf]
    if params.kernel == "cosine":
        near += [math.nextafter(SHORTEST, 0.0), SHORTEST, math.nextafter(SHORTEST, 1.0)]
    return [None, 0.0, -0.0, 5e-324, *near, *ends, *(-end for end in ends)]


def met(params: Params, state: State, x: Block) -> Mapping[Met, Array]:
    """An infinite value is as far from every point as the largest finite one."""
    return {"clipped": np.isinf(x.values)}


PLANE = {"a": "float64", "b": "float64"}
CASES = (
    Case(
        name="rbf",
        shows=("C1", "C3"),
        columns=PLANE,
        params={"kernel": "rbf", "gamma": 0.5},
        state=State(((0.0, 0.0), (1.0, 1.0), (1e6, 0.0))),
        rows=[[0.0, -0.0], [2.0, 0.0], [1e5, 0.0], [1e5, 1e300], [1e6, 0.0]],
        expect=[[1.0, 0.36787944117144233, 0.0], [0.1353352832366127, 0.36787944117144233, 0.0], [0.0] * 3, [], []],
        guards=[("rounding-noise", 3, 0), ("rounding-noise", 4, 0)],
        names=("kernel0", "kernel1", "kernel2"),
    ),
    Case(
        name="rbf of differences",
        shows=("C3",),
        columns=PLANE,
        params={"kernel": "rbf", "gamma": 1.0, "error": 0.0},
        state=State(((1e4, 0.0),)),
        rows=[[1e4, 0.0], [1e4, 1.0], [1e300, 0.0]],
        expect=[[1.0], [0.36787944117144233], [0.0]],
    ),
    Case(
        name="laplacian",
        shows=("C1",),
        columns=PLANE,
        params={"kernel": "laplacian", "gamma": 0.5},
        state=State(((1.0, -1.0), (0.0, 0.0))),
        rows=[[1.0, -1.0], [0.0, 0.0], [1e300, -1e300]],
        expect=[[1.0, 0.36787944117144233], [0.36787944117144233, 1.0], [0.0, 0.0]],
    ),
    Case(
        name="chi2",
        shows=("C2",),
        columns=PLANE,
        params={"kernel": "chi2", "gamma": 2.0},
        state=State(((1.0, 0.0),)),
        rows=[[1.0, 0.0], [0.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [-5e-324, -1.0]],
        expect=[[1.0], [0.1353352832366127], [0.01831563888873418], [], []],
        guards=[("invalid-value", 3, 0), ("invalid-value", 4, 0), ("invalid-value", 4, 1)],
    ),
    Case(
        name="additive chi2",
        shows=("C2",),
        columns=PLANE,
        params={"kernel": "additive_chi2"},
        state=State(((1.0, 3.0), (0.0, 0.0))),
        rows=[[3.0, 1.0], [0.0, -0.0], [0.0, -1.0]],
        expect=[[-2.0, -4.0], [-4.0, 0.0], []],
        guards=[("invalid-value", 2, 1)],
    ),
    Case(
        name="cosine",
        shows=("C4",),
        columns=PLANE,
        params={"kernel": "cosine"},
        state=State(((3.0, 4.0), (0.0, 0.0), (1e-20, 0.0))),
        rows=[[6.0, 8.0], [-4.0, 3.0], [0.0, 0.0], [1e-17, 0.0], [1e300, 1.0]],
        expect=[[1.0, 0.0, 6e-21], [0.0, 0.0, -8e-21], [0.0, 0.0, 0.0], [6e-18, 0.0, 1e-37], [0.0, 0.0, 0.0]],
    ),
    Case(
        name="values that may be null",
        shows=("C5",),
        columns={"a": "float64?"},
        params={"kernel": "rbf"},
        state=State(((1.0,),)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="kernel",
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
    sklearn={**SKLEARN, **SUPPORT_VECTORS},
    met=met,
    cases=CASES,
)
