"""Scale each column so that its minimum and maximum in fitting become the ends of a range.

Why: for neural networks, distances, and anything that needs features within known bounds. Like scikit-learn's
`MinMaxScaler`, with the same order of operations, x · scale + min, so that the result is the same to the last
bit.

Example: `fare: {from: fare, apply: [{minmax_scale: {clip: true}}]}`

Parameters
----------
feature_range : [float, float], default [0, 1]
    What the minimum and the maximum in fitting become.
clip : bool, default false
    In serving, limit values to the range.

Input: float64 (null: NaN). Output: float64. State: per column scale = (high - low) / (maximum - minimum) and
min = low - minimum · scale. If the values are not exact, a column so narrow that its scale would make rounding
errors visible is refused in fitting (SKC215).

Critical points
---------------
C1  The order of operations is scikit-learn's: the maximum may miss the end of the range by the last bit.
C2  Null is ignored in fitting and stays null.
C3  A constant column, whose minimum equals its maximum, gets a range of 1 instead of 0 and becomes `low`.
    (scikit-learn also treats a column as constant if its range is below 10 eps = 2.22e-15, in whatever unit it
    is.)
C4  Without `clip`, values beyond those in fitting lie outside the range, and infinities stay.
C5  With `clip` they become its ends, infinities too; a value inside the range keeps its bits.
C6  A column without values (SKC210), with an infinity (SKC211), or with a range, scale or min beyond float64
    (SKC212), such as the scale of a range below 1e-308, cannot be fitted. (scikit-learn makes all values of a
    column wider than float64 equal.)
C7  A feature_range that does not ascend, or is wider than float64, is refused (SKC124).
C8  A `min` of 0.0 is -0.0, so that -0.0 stays -0.0; scikit-learn gives 0.0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import FiniteFloat

from skc.emit.blocks import GraphBlock, beyond
from skc.emit.opset import const, op
from skc.op import Case, Concern, Met, Op, parameters, refuse, require
from skc.ops.numeric._noise import NO_VALUE_HINT, check_stretch, concerns_about_spread
from skc.stats.requests import ColumnStats, Max, Min, Stat
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

MARGIN = 1e-9  # of the range, which scaling may miss by a last bit


@parameters
class Params:
    feature_range: tuple[FiniteFloat, FiniteFloat] = (0.0, 1.0)
    clip: bool = False


@dataclass(frozen=True)
class State:
    scale: tuple[float, ...]
    min: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="minmax_scale")
    low, high = params.feature_range
    if not 0 < high - low < math.inf:
        raise refuse(
            "SKC124",
            f"feature_range [{low}, {high}] does not ascend, or is wider than float64",
            hint="write the lower end first, as in [0, 1]",
        )
    return x


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return (Min(), Max())


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    fitted = [_scale_and_min(params, stats[Min()], stats[Max()]) for stats in columns]
    for (scale, _), stats in zip(fitted, columns, strict=True):
        check_stretch(x, scale, stats)
    return State(scale=tuple(scale for scale, _ in fitted), min=tuple(least for _, least in fitted))


def _scale_and_min(params: Params, least: float | None, greatest: float | None) -> tuple[float, float]:
    if least is None or greatest is None:
        raise refuse("SKC210", "a column has no values to compute a range from", hint=NO_VALUE_HINT)
    low, high = params.feature_range
    width = greatest - least
    scale = (high - low) / (width or 1.0)
    if math.isinf(scale):
        raise refuse(
            "SKC212",
            f"the range of a column, {width}, is too small to be divided by",
            hint="drop the feature, or multiply the column by a large number first, in an `expr`",
        )
    # Adding -0.0 changes no value, and ONNX Runtime removes it; 0.0 would turn -0.0 into 0.0, and cost time.
    start = low - least * scale or -0.0
    # A scale of 0, by underflow, would turn an infinity into NaN, which is null.
    if not (width < math.inf and 0 < scale < math.inf and abs(start) < math.inf):
        raise refuse("SKC212", "the range of a column exceeds float64", hint="clip the column to fixed bounds first")
    return scale, start


def apply(params: Params, state: State, x: Block) -> Block:
    values = x.values * np.array(state.scale) + np.array(state.min)
    if params.clip:
        low, high = (end + 0.0 for end in params.feature_range)
        values = np.where(values < low, low, np.where(values > high, high, values))
    return Block("float64", values)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    values = op.add(op.mul(x.values, const([state.scale], np.float64)), const([state.min], np.float64))
    if params.clip:  # not Clip: whether it returns 0.0 or -0.0 may depend on the processor
        low, high = (const(end + 0.0) for end in params.feature_range)  # Where would turn its -0.0 into 0.0
        values = op.where(op.less(values, low), low, values)
        values = op.where(op.greater(values, high), high, values)
    block = GraphBlock("float64", x.width, values)
    return block.signal(_met(params), beyond(x.values, *_limits(params, state)))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    ends = [(end - state.min[k]) / state.scale[k] for end in params.feature_range]
    values = [v for e in ends for v in (math.nextafter(e, -math.inf), e, math.nextafter(e, math.inf))]
    tiny = [0.0, -0.0, 5e-324, -5e-324]
    return [None, *values, *tiny, 1.7976931348623157e308, -1.7976931348623157e308, math.inf, -math.inf]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return [None if v is None else (float(v) - state.min[k]) / state.scale[k] for v in values]


def degenerate(params: Params, state: State, k: int) -> str | None:
    low, high = params.feature_range
    return "divisor 1: no range, or one of 1" if state.scale[k] == high - low else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    return concerns_about_spread(stats)


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    low, high = _limits(params, state)
    return {_met(params): (x.values < low) | (x.values > high)}


def _met(params: Params) -> Met:
    return "clipped" if params.clip else "outside"


def met_edges(params: Params, state: State, k: int) -> list[Scalar]:
    ends = [float(end[0, k]) for end in _limits(params, state)]
    return [v for e in ends for v in (math.nextafter(e, -math.inf), e, math.nextafter(e, math.inf))]


def _limits(params: Params, state: State) -> tuple[Array, Array]:
    """float64 [1, K]: below and above lies what training did not have. Its ends, which scaling may miss by a last bit,
    are not clipped, although a last bit is cut off.
    """
    low, high = params.feature_range
    margin = MARGIN * (high - low)
    scale, shift = np.array([state.scale]), np.array([state.min])
    with np.errstate(over="ignore"):
        return (low - margin - shift) / scale, (high + margin - shift) / scale


CASES = (
    Case(
        name="the order of operations",
        shows=("C1", "C2"),
        columns={"x": "float64?"},
        fit=[[0.1], [None], [0.7], [0.3]],
        # scale = 1 / 0.6 = 1.6666666666666667 (0.7 - 0.1 is 0.6), min = -0.1 · scale = -0.16666666666666669
        rows=[[0.1], [0.7], [None], [0.4]],
        expect=[[0.0], [1.0], [None], [0.5]],
    ),
    Case(
        name="the end of the range is missed",
        shows=("C1",),
        columns={"x": "float64"},
        fit=[[-1.1], [-0.7]],
        rows=[[-1.1], [-0.7]],
        expect=[[0.0], [0.9999999999999998]],
    ),
    Case(
        name="another range, two columns",
        shows=("C2", "C4"),
        columns={"x": "float64?", "y": "float64?"},
        params={"feature_range": [-1, 1]},
        fit=[[0.0, None], [4.0, 10.0], [None, 26.0]],
        rows=[[0.0, 10.0], [1.0, 18.0], [8.0, None], [None, -math.inf], [math.inf, 2.0]],
        expect=[[-1.0, -1.0], [-0.5, 0.0], [3.0, None], [None, -math.inf], [math.inf, -2.0]],
    ),
    Case(
        name="constant columns",
        shows=("C3",),
        columns={"constant": "float64", "tiny": "float64"},
        params={"feature_range": [2, 4]},
        fit=[[5.0, 2.0**-70], [5.0, 2.0**-68]],
        rows=[[5.0, 2.0**-70], [6.0, 2.0**-68], [4.5, 2.0**-69]],
        expect=[[2.0, 2.0], [4.0, 4.0], [1.0, 2.666666666666667]],
    ),
    Case(
        name="a scale of almost 1",
        shows=("C1",),
        columns={"x": "float64"},
        fit=[[0.0], [1.0000000000000002]],
        rows=[[1.0], [3.0], [-1e300]],
        expect=[[0.9999999999999998], [2.999999999999999], [-9.999999999999999e299]],
    ),
    Case(
        name="clip",
        shows=("C2", "C5"),
        columns={"x": "float64?"},
        params={"clip": True},
        fit=[[0.0], [4.0]],
        rows=[[-0.0], [-5e-324], [5.0], [4.0], [1.0], [None], [math.inf], [-math.inf]],
        expect=[[-0.0], [-0.0], [1.0], [1.0], [0.25], [None], [1.0], [0.0]],
    ),
    Case(
        name="a range from -0.0",
        shows=("C5", "C8"),
        columns={"x": "float64", "y": "float64"},
        params={"feature_range": [-0.0, 1], "clip": True},
        fit=[[0.0, 0.0], [1.0, 4.0]],
        rows=[[-1.0, -0.0], [0.0, 1.0]],
        expect=[[0.0, -0.0], [0.0, 0.25]],
    ),
    *(
        Case(
            name=f"refused in fitting: {code} {kind}",
            shows=("C6",),
            columns={"x": "float64?"},
            params={"feature_range": feature_range},
            fit=fit,
            rows=[],
            expect=[],
            refused=code,
        )
        for code, kind, feature_range, fit in (
            ("SKC210", "no value", [0, 1], [[None]]),
            ("SKC211", "infinity", [0, 1], [[0.0], [math.inf]]),
            ("SKC212", "range", [0, 1], [[-1e308], [1e308]]),
            ("SKC212", "scale too large", [0, 1e300], [[0.0], [1e-14]]),
            ("SKC212", "range too small", [0, 1], [[0.0], [5e-324]]),
            ("SKC212", "scale too small", [0, 1e-20], [[0.0], [1e308]]),
            ("SKC212", "min", [0, 1e300], [[1e300], [1.0000000000000002e300]]),
        )
    ),
    *(
        Case(
            name=f"feature_range {feature_range}",
            shows=("C7",),
            columns={"x": "float64"},
            params={"feature_range": feature_range},
            rows=[],
            expect=[],
            refused="SKC124",
        )
        for feature_range in ([1, 1], [1, 0], [-1e308, 1e308])
    ),
)


def _from_sklearn(scaler: Any, x: Columns) -> Columns:
    low, high = scaler.feature_range
    params = Params(feature_range=(float(low), float(high)), clip=scaler.clip)
    state = State(scale=tuple(scaler.scale_.tolist()), min=tuple(scaler.min_.tolist()))
    return x.floats(null="keep").apply(OP, params, state)


SKLEARN = {"sklearn.preprocessing.MinMaxScaler": Claim(_from_sklearn, ("feature_range", "clip"), ("copy",))}


OP = Op(
    name="minmax_scale",
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
    met_edges=met_edges,
    sklearn=SKLEARN,
    cases=CASES,
)
