"""Divide each column by its greatest magnitude in fitting, so that it lies within -1 and 1 and 0 stays 0.

Why: features of similar size for linear models, without moving zero: what was 0, such as a count or a difference, is 0
afterwards, and signs stay. Like scikit-learn's `MaxAbsScaler`, with the same division, so that the result is the same
to the last bit.

Example: `fare: {from: fare, apply: [max_abs_scale]}`

Parameters
----------
clip : bool, default false
    In serving, limit values to [-1, 1].

Input: float64 (null: NaN). Output: float64. State: per column the scale, max(|minimum|, |maximum|). If the values are
not exact, a column so small that its scale would make rounding errors visible is refused in fitting (SKC215).

Critical points
---------------
C1  A value is divided by the scale, in one rounding; multiplying by its reciprocal may give another last bit.
C2  Null is ignored in fitting and stays null; -0.0 stays -0.0.
C3  A column of zeros has scale 1: it stays 0, not NaN. Any other magnitude is a scale, denormal ones too.
    (scikit-learn also uses 1 for a magnitude below 10 eps = 2.22e-15, in whatever unit it is.)
C4  Without `clip`, values beyond those in fitting lie outside [-1, 1], may overflow, and infinities stay.
C5  With `clip` they become its ends, infinities too; a value inside the range keeps its bits.
C6  A column without values (SKC210) or with an infinity (SKC211) cannot be fitted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skc.emit.blocks import GraphBlock, beyond
from skc.emit.opset import const, op
from skc.op import Case, Concern, Met, Op, parameters, refuse, require
from skc.ops.numeric._noise import NO_VALUE_HINT, check_stretch, concerns_about_constants
from skc.stats.requests import ColumnStats, Max, Min, Stat
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

LARGEST = 1.7976931348623157e308


@parameters
class Params:
    clip: bool = False


@dataclass(frozen=True)
class State:
    scale: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="max_abs_scale")
    return x


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return (Min(), Max())


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return State(tuple(_scale(x, stats) for stats in columns))


def _scale(x: ValueType, stats: ColumnStats) -> float:
    least, greatest = stats[Min()], stats[Max()]
    if least is None or greatest is None:
        raise refuse("SKC210", "a column has no value to take a magnitude of", hint=NO_VALUE_HINT)
    scale = max(abs(float(least)), abs(float(greatest))) or 1.0
    check_stretch(x, 1 / scale, stats)
    return scale


def apply(params: Params, state: State, x: Block) -> Block:
    values = x.values / np.array(state.scale)
    if params.clip:
        values = np.where(values < -1.0, -1.0, np.where(values > 1.0, 1.0, values))
    return Block("float64", values)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    values = op.div(x.values, const([state.scale], np.float64))
    if params.clip:  # two Where, as in `minmax_scale`: each returns the end that it compares with
        low, high = const(-1.0), const(1.0)
        values = op.where(op.less(values, low), low, values)
        values = op.where(op.greater(values, high), high, values)
    scales = np.array([state.scale])
    return GraphBlock("float64", x.width, values).signal(_beyond(params), beyond(x.values, -scales, scales))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    ends = (-state.scale[k], state.scale[k])
    values = [v for e in ends for v in (math.nextafter(e, -math.inf), e, math.nextafter(e, math.inf))]
    return [None, *values, 0.0, -0.0, 5e-324, -5e-324, LARGEST, -LARGEST, math.inf, -math.inf]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return [None if v is None else float(v) * state.scale[k] for v in values]


def degenerate(params: Params, state: State, k: int) -> str | None:
    return "scale 1: only zeros, or a greatest magnitude of 1" if state.scale[k] == 1 else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    return concerns_about_constants(stats)


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    return {_beyond(params): np.abs(x.values) > np.array(state.scale)}


def _beyond(params: Params) -> Met:
    return "clipped" if params.clip else "outside"


CASES = (
    Case(
        name="the greatest magnitude, of either sign",
        shows=("C2", "C4"),
        columns={"x": "float64?", "y": "float64?"},
        fit=[[-4.0, None], [2.0, 0.5], [None, -0.25]],
        rows=[[-4.0, 0.5], [1.0, -0.25], [8.0, None], [None, -1.0], [0.0, -0.0]],
        expect=[[-1.0, 1.0], [0.25, -0.5], [2.0, None], [None, -2.0], [0.0, -0.0]],
    ),
    Case(
        name="one rounding",
        shows=("C1",),
        columns={"x": "float64", "y": "float64"},
        fit=[[0.8, 0.1], [0.0, 0.0]],
        rows=[[0.3, 0.6], [0.8, 0.1]],
        expect=[[0.37499999999999994, 5.999999999999999], [1.0, 1.0]],  # by the reciprocals 0.375 and 6.0
    ),
    Case(
        name="only zeros",
        shows=("C2", "C3"),
        columns={"x": "float64?", "y": "float64"},
        fit=[[0.0, -0.0], [None, 0.0], [-0.0, -0.0]],
        rows=[[0.0, -0.0], [-0.0, 0.0], [3.5, -5e-324], [None, 1.0]],
        expect=[[0.0, -0.0], [-0.0, 0.0], [3.5, -5e-324], [None, 1.0]],
    ),
    Case(
        name="a small unit, and the smallest",
        shows=("C3", "C4"),
        columns={"x": "float64", "y": "float64"},
        fit=[[1e-20, 5e-324], [-4e-20, 0.0]],
        rows=[[1e-20, 5e-324], [-4e-20, -5e-324], [4.0, 1.0], [-0.0, -0.0]],
        expect=[[0.25, 1.0], [-1.0, -1.0], [1e20, math.inf], [-0.0, -0.0]],
    ),
    Case(
        name="the largest, and infinities when served",
        shows=("C4",),
        columns={"x": "float64"},
        fit=[[LARGEST], [-1.0]],
        rows=[[LARGEST], [-LARGEST], [5e-324], [math.inf], [-math.inf]],
        expect=[[1.0], [-1.0], [0.0], [math.inf], [-math.inf]],
    ),
    Case(
        name="clipped",
        shows=("C5",),
        columns={"x": "float64?", "y": "float64?"},
        params={"clip": True},
        fit=[[-4.0, 5e-324], [3.0, 0.0]],
        rows=[[4.0, 1.0], [-4.0, -5e-324], [math.nextafter(4.0, 5.0), -1.0], [math.inf, -math.inf], [None, -0.0]],
        expect=[[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [1.0, -1.0], [None, -0.0]],
    ),
    *(
        Case(
            name=f"refused in fitting: {code}",
            shows=("C6",),
            columns={"x": "float64?"},
            fit=fit,
            rows=[],
            expect=[],
            refused=code,
        )
        for code, fit in (("SKC210", [[None]]), ("SKC211", [[0.0], [-math.inf]]))
    ),
)


def _from_sklearn(scaler: Any, x: Columns) -> Columns:
    params = Params(clip=getattr(scaler, "clip", False))  # a parameter since 1.9
    return x.floats(null="keep").apply(OP, params, State(tuple(scaler.scale_.tolist())))


SKLEARN = {"sklearn.preprocessing.MaxAbsScaler": Claim(_from_sklearn, ("clip",), ("copy",))}


OP = Op(
    name="max_abs_scale",
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
    concerns=concerns,
    met=met,
    sklearn=SKLEARN,
    cases=CASES,
)
