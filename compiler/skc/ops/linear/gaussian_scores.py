"""How probable a row is under each of several normal distributions: the logarithm of the density, plus a constant.

Why: a class of a naive Bayes classifier or of a quadratic discriminant analysis is a normal distribution, and the most
probable one is the prediction. A row that lies between two of them must not be decided by rounding, so every score
comes with the bound of its error.

Example: the mean 1, the variance 4 and the intercept 3 give the row (5) the score 3 - (5 - 1)² / 4 / 2 = 1.

Input: K float64 columns without null. Output: the scores of the C distributions, then the bounds of their errors.
State: per distribution an intercept, K means, a rotation [K, M] and M variances. Without `rotations`, M is K, and the
differences are taken as they are. It is learned by scikit-learn.

Critical points
---------------
C1  score = intercept - (z² / variance, summed from left to right) / 2, where z = (x - mean) @ rotation.
C2  The bound is (K + 16) 2^-52 (|intercept| + sum / 2 + (|z| / variance) @ ((|x| + |mean|) @ |rotation|)): it counts
    the errors of the steps before, which a small difference of large numbers makes visible.
C3  A row is guarded with `rounding-noise` where that exceeds 1e-6 max(1, |score|), as where a square overflows.
C4  A block that may have nulls is refused (SKC120): impute them first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.linear import _gaussians
from skc.ops.linear._noise import UNCERTAIN, error_bound, is_noise, lower_is_noise
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

GUARD = "rounding-noise"
Row = tuple[float, ...]


@parameters
class Params:
    """There are none."""


@dataclass(frozen=True)
class State:
    intercepts: Row
    means: tuple[Row, ...]
    variances: tuple[Row, ...]
    rotations: tuple[tuple[Row, ...], ...] = ()


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="gaussian_scores")
    if x.nullable:
        raise refuse("SKC120", "`gaussian_scores` takes values without null", hint="put `impute` before the model")
    return x.with_(exact=False, width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    scores, noise = [], []
    for c, (intercept, mean) in enumerate(zip(state.intercepts, np.array(state.means), strict=True)):
        z, size = x.values - mean, np.abs(x.values) + np.abs(mean)
        if state.rotations:
            rotation = np.array(state.rotations[c])
            z, size = z @ rotation, size @ np.abs(rotation)
        half = np.add.accumulate(z * z / np.array(state.variances[c]), axis=1)[:, -1] / 2
        moved = (np.abs(z) / np.array(state.variances[c]) * size).sum(axis=1)
        scores.append(intercept - half)
        noise.append((half + moved + abs(intercept)) * error_bound(len(mean)))
    y, errors = np.array(scores).T, np.array(noise).T
    return Block("float64", np.hstack([y, errors])).guard(GUARD, is_noise(y, errors))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    count, width, terms = len(state.intercepts), x.width, len(state.variances[0])
    means, variances = np.array(state.means), np.array(state.variances)
    wide = op.unsqueeze(x.values, const([1]))
    z = op.sub(wide, const(means[None]))  # [N, C, K]
    size = op.add(op.abs(wide), const(np.abs(means)[None]))
    if state.rotations:
        rotations = np.array(state.rotations)
        z, size = _rotated(z, rotations), _rotated(size, np.abs(rotations))
    scaled = op.div(z, const(variances[None]))
    half = op.mul(_sum(op.div(op.mul(z, z), const(variances[None])), terms), const([[0.5]]))
    moved = _sum(op.mul(op.abs(scaled), size), terms)
    y = op.sub(const([state.intercepts]), half)
    most = op.add(op.add(half, moved), const(np.abs([state.intercepts])))
    noise = op.mul(most, const([[error_bound(width)]]))
    block = GraphBlock("float64", 2 * count, concat_columns([y, noise]))
    return block.guard(GUARD, lower_is_noise(y, most, width, count))


def _rotated(x: Var, rotations: Array) -> Var:
    """[N, C, M]: the K values for each of the C distributions times its own matrix, one row at a time."""
    return op.squeeze(op.matmul(op.unsqueeze(x, const([2])), const(rotations)), const([2]))


def _sum(x: Var, terms: int) -> Var:
    """[N, C], of [N, C, M]. By a product with ones: the sum that ReduceSum gives depends on the batch."""
    return op.squeeze(op.matmul(x, const(np.ones((terms, 1)))), const([2]))


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    places = range(len(state.intercepts))
    return ((*(f"score{c}" for c in places), *(f"noise{c}" for c in places)), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    means = [mean[k] for mean in state.means[:20]]
    near = [value for mean in means for value in (mean, math.nextafter(mean, math.inf))]
    ends = [1.0, *UNCERTAIN, 1e17, 1e154, 1e160, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *near, *ends, *(-end for end in ends)]


CASES = (
    Case(
        name="two distributions of one column",
        shows=("C1", "C2"),
        columns={"x": "float64"},
        state=State(intercepts=(3.0, -1.0), means=((1.0,), (0.0,)), variances=((4.0,), (0.5,))),
        rows=[[5.0], [1.0], [-0.0], [5e-324]],
        expect=[
            [1.0, -26.0, 17 * 2.0**-52 * 11.0, 17 * 2.0**-52 * 76.0],
            [3.0, -2.0, 17 * 2.0**-52 * 3.0, 17 * 2.0**-52 * 4.0],
            [2.875, -1.0, 17 * 2.0**-52 * 3.375, 17 * 2.0**-52],
            [2.875, -1.0, 17 * 2.0**-52 * 3.375, 17 * 2.0**-52],
        ],
        names=("score0", "score1", "noise0", "noise1"),
    ),
    Case(
        name="a rotation",
        shows=("C1", "C2"),
        columns={"a": "float64", "b": "float64"},
        # z is (a + b - 3, 2 (b - 2))
        state=State((0.5,), ((1.0, 2.0),), ((1.0, 4.0),), (((1.0, 0.0), (1.0, 2.0)),)),
        rows=[[1.0, 2.0], [2.0, 2.0], [1.0, 4.0], [0.0, 3.0]],
        expect=[
            [0.5, 18 * 2.0**-52 * 0.5],
            [0.0, 18 * 2.0**-52 * (1.0 + 7.0)],
            [-3.5, 18 * 2.0**-52 * (4.5 + 2 * 8 + 4 * 12 / 4)],
            [0.0, 18 * 2.0**-52 * (1.0 + 2 * 10 / 4)],
        ],
    ),
    Case(
        name="a small difference of large numbers",
        shows=("C2", "C3"),
        columns={"x": "float64"},
        state=State((0.0,), ((1.7e9,),), ((1.0,),)),
        rows=[[1.7e9], [1.7e9 + 1.0], [1.7e9 + 1024.0], [0.0], [1e200], [math.inf]],
        expect=[
            [0.0, 0.0],
            [],
            [-524288.0, 17 * 2.0**-52 * (524288.0 + 1024.0 * (3.4e9 + 1024.0))],
            [-1.445e18, 17 * 2.0**-52 * (1.445e18 + 2.89e18)],
            [],
            [],
        ],
        guards=[("rounding-noise", row, 0) for row in (1, 4, 5)],
    ),
    Case(
        name="values that may be null",
        shows=("C4",),
        columns={"a": "float64?"},
        state=State((0.0,), ((1.0,),), ((1.0,),)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="gaussian_scores",
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
    sklearn=_gaussians.SKLEARN,
    cases=CASES,
)
