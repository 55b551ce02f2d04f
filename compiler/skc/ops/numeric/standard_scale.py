"""Remove the mean and scale to unit variance: (x - mean) / scale, per column.

Why: linear models, distances and gradient descent need features of similar size. Like scikit-learn's
`StandardScaler`, with the same order of operations. Mean and variance are exact and rounded once; scikit-learn's
may differ in the last bits.

Example: `amounts: {from: [fare, distance], apply: [{impute: {strategy: mean}}, standard_scale]}`

Parameters
----------
with_mean : bool, default true
    Subtract the mean.
with_std : bool, default true
    Divide by the population standard deviation (ddof 0).

Input: float64 (null: NaN). Output: float64. State: mean and scale per column. If the values are not exact, a
column so narrow that its scale would make rounding errors visible is refused in fitting (SKC215).

Critical points
---------------
C1  The variance is that of the population: its divisor is n, not n - 1.
C2  Null is ignored in fitting and stays null.
C3  A constant column, whose minimum equals its maximum, has scale 1: it becomes 0, not NaN. (scikit-learn,
    whose sums are not exact, also treats a column as constant if var <= n eps var + (n mean eps)^2, which holds for
    any column with enough rows: 1e9 and 1e9 + 1, half each, from 4,000,000 rows on.)
C4  In serving, infinities follow IEEE arithmetic; a column that contains one cannot be fitted.
C5  `with_mean: false` and `with_std: false` skip their operation, bit for bit.
C6  A column whose squared deviations are all too small for float64 (below 1e-162 or so) has scale 1, as in
    scikit-learn.
C7  A column without values cannot be fitted (SKC210).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Case, Concern, Fault, Op, parameters, refuse, require
from skc.ops.numeric._noise import NO_VALUE_HINT, check_stretch, concerns_about_spread
from skc.stats.requests import ColumnStats, Max, Mean, Min, Stat, Variance
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType

FAULT_ROWS = 1000  # of the training data, for a variance divided by n - 1 instead of n


@parameters
class Params:
    with_mean: bool = True
    with_std: bool = True


@dataclass(frozen=True)
class State:
    mean: tuple[float, ...]
    scale: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="standard_scale")
    return x


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return (Min(), Max(), Mean(), Variance())


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    if any(stats[Mean()] is None for stats in columns):
        raise refuse("SKC210", "a column has no values to compute a mean from", hint=NO_VALUE_HINT)
    return State(
        mean=tuple(stats[Mean()] if params.with_mean else 0.0 for stats in columns),
        scale=tuple(_scale(x, stats) if params.with_std else 1.0 for stats in columns),
    )


def _scale(x: ValueType, stats: ColumnStats) -> float:
    is_constant = stats[Min()] == stats[Max()]
    scale = 1.0 if is_constant else math.sqrt(stats[Variance()]) or 1.0
    check_stretch(x, 1 / scale, stats)
    return scale


def apply(params: Params, state: State, x: Block) -> Block:
    values = x.values
    if params.with_mean:
        values = values - np.array(state.mean)
    if params.with_std:
        values = values / np.array(state.scale)
    return Block("float64", values)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    values = x.values
    if params.with_mean:
        values = op.sub(values, const([state.mean]))
    if params.with_std:
        values = op.div(values, const([state.scale]))
    return GraphBlock("float64", x.width, values)


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    mean, scale = state.mean[k], state.scale[k]
    around = [math.nextafter(mean, -math.inf), mean, math.nextafter(mean, math.inf)]
    return [None, *around, mean - scale, mean + scale, 0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return [None if v is None else float(v) * state.scale[k] + state.mean[k] for v in values]


def degenerate(params: Params, state: State, k: int) -> str | None:
    return "scale 1: no spread, or one of 1" if params.with_std and state.scale[k] == 1 else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    return concerns_about_spread(stats) if params.with_std else []


def faults(params: Params, state: State) -> list[Fault]:
    factor = math.sqrt(FAULT_ROWS / (FAULT_ROWS - 1))
    scale = tuple(x * factor for x in state.scale)
    return [Fault("ddof 1 for 0", f"the scale of {FAULT_ROWS} rows divided by n - 1", replace(state, scale=scale))]


CASES = (
    Case(
        name="population variance",
        shows=("C1",),
        columns={"x": "float64"},
        fit=[[1.0], [2.0], [3.0], [6.0]],
        rows=[[1.0], [3.0], [1e300]],
        expect=[[-1.0690449676496976], [0.0], [5.3452248382484884e299]],
    ),
    Case(
        name="null passes through",
        shows=("C2",),
        columns={"x": "float64?", "y": "float64?"},
        fit=[[0.0, None], [None, 1.0], [2.0, 3.0]],
        rows=[[None, 1.0], [2.0, None]],
        expect=[[None, -1.0], [1.0, None]],
    ),
    Case(
        name="constant column of the largest float",
        shows=("C3",),
        columns={"x": "float64"},
        fit=[[1.7976931348623157e308]],
        rows=[[1.7976931348623157e308], [0.0]],
        expect=[[0.0], [-1.7976931348623157e308]],
    ),
    Case(
        name="constant column",
        shows=("C3",),
        columns={"x": "float64", "y": "float64"},
        fit=[[0.1, 5.0]] * 3,
        rows=[[0.1, 5.0], [1.1, 7.0]],
        expect=[[0.0, 0.0], [1.0, 2.0]],  # 0.1 + 0.1 + 0.1 is 0.30000000000000004, but the mean is 0.1
    ),
    Case(
        name="nearly constant",
        shows=("C3",),
        columns={"large": "float64", "last_bit": "float64"},
        fit=[[1e16, 1.0], [1e16 + 4, 1.0000000000000002]],
        rows=[[1e16, 1.0], [1e16 + 4, 1.0000000000000002]],
        # The mean of 1 and 1 + 2^-52 is a tie, and 1 is the even one: deviations 0 and 2^-52, variance 2^-105.
        expect=[[-1.0, 0.0], [1.0, 1.414213562373095]],
    ),
    Case(
        name="squares that float64 does not hold",
        shows=("C6",),
        columns={"x": "float64"},
        fit=[[0.0], [2e-170]],
        rows=[[0.0], [2e-170], [1.0]],
        expect=[[-1e-170], [1e-170], [1.0]],
    ),
    Case(
        name="no value",
        shows=("C7",),
        columns={"x": "float64?"},
        fit=[[None]],
        rows=[],
        expect=[],
        refused="SKC210",
    ),
    Case(
        name="infinity when served",
        shows=("C4",),
        columns={"x": "float64"},
        fit=[[0.0], [2.0]],
        rows=[[float("inf")], [float("-inf")]],
        expect=[[float("inf")], [float("-inf")]],
    ),
    Case(
        name="infinity when fitted",
        shows=("C4",),
        columns={"x": "float64"},
        fit=[[0.0], [float("inf")]],
        rows=[],
        expect=[],
        refused="SKC211",
    ),
    Case(
        name="neither mean nor scale",
        shows=("C5",),
        columns={"x": "float64"},
        params={"with_mean": False, "with_std": False},
        fit=[[1.0], [2.0]],
        rows=[[-0.0], [3.5]],
        expect=[[-0.0], [3.5]],
    ),
)


def _from_sklearn(scaler: Any, x: Columns) -> Columns:
    params = Params(with_mean=scaler.with_mean, with_std=scaler.with_std)
    neutral = [0.0] * len(x.types)
    state = State(
        mean=tuple(scaler.mean_.tolist() if scaler.with_mean else neutral),
        scale=tuple(scaler.scale_.tolist() if scaler.with_std else (1.0 for _ in neutral)),
    )
    return x.floats(null="keep").apply(OP, params, state)


SKLEARN = {"sklearn.preprocessing.StandardScaler": Claim(_from_sklearn, ("with_mean", "with_std"), ("copy",))}


OP = Op(
    name="standard_scale",
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
    degenerate=degenerate,
    faults=faults,
    concerns=concerns,
    sklearn=SKLEARN,
    cases=CASES,
)
