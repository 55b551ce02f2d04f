"""Remove the median and scale by the distance between two quantiles: (x - center) / scale, per column.

Why: outliers shift the mean and the standard deviation, but not the median and the quartiles. Like scikit-learn's
`RobustScaler`, with the same order of operations.

Example: `fare: {from: fare, apply: [robust_scale]}`

Parameters
----------
with_centering : bool, default true
    Subtract the median.
with_scaling : bool, default true
    Divide by the distance between the quantiles.
quantile_range : [float, float], default [25, 75]
    The quantiles in percent, ascending, from 0 to 100; if they are equal, the scale is 1.

scikit-learn's `unit_variance` is not offered: it needs the inverse of a normal distribution, which no
standard defines to the last bit. Input: float64 (null: NaN). Output: float64. State: center and scale per
column. If the values are not exact, a column so narrow that its scale would make rounding errors visible is refused
in fitting (SKC215).

Critical points
---------------
C1  Quantiles are of type 7 (`numpy.quantile`), and the order of operations is scikit-learn's.
C2  Null is ignored in fitting and stays null.
C3  If both quantiles are the same value, the scale is 1: for a constant column, for a column that is mostly one
    value, and for a range of equal percentages. (scikit-learn also replaces a scale below 10 eps = 2.22e-15, in
    whatever unit it is.)
C4  In serving, infinities follow IEEE arithmetic and stay infinite.
C5  `with_centering: false` and `with_scaling: false` skip their operation, bit for bit.
C6  The median of an even number of values is the quantile of type 7 at 1/2: b - (b - a) / 2 for the two in the
    middle. scikit-learn's (a + b) / 2 may differ by the last bit of the larger: for -1 and 1 + eps ours is
    eps, scikit-learn's is eps / 2.
C7  A column without values (SKC210), with an infinity (SKC211), or with quantiles whose distance overflows
    float64 (SKC212) cannot be fitted.
C8  A quantile_range that does not ascend is refused (SKC124).
C9  0.0 and -0.0 are the same value in fitting: the median of -0.0 is 0.0, and -0.0 minus it stays -0.0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from skc.diagnostics import SkcError
from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Case, Concern, Op, parameters, refuse, require
from skc.ops.numeric._noise import NO_VALUE_HINT, check_stretch, concerns_about_spread
from skc.stats.requests import ColumnStats, Max, Min, Quantiles, Stat
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType

MEDIAN = Quantiles((0.5,))
Percent = Annotated[float, Field(ge=0, le=100)]


@parameters
class Params:
    with_centering: bool = True
    with_scaling: bool = True
    quantile_range: tuple[Percent, Percent] = (25.0, 75.0)


@dataclass(frozen=True)
class State:
    center: tuple[float, ...]
    scale: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="robust_scale")
    low, high = params.quantile_range
    if low > high:
        raise refuse("SKC124", f"quantile_range [{low}, {high}] does not ascend", hint="swap the two")
    return x


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    quantiles = (*[MEDIAN] * params.with_centering, *[_ends(params)] * params.with_scaling)
    return (*quantiles, Min(), Max())


def _ends(params: Params) -> Quantiles:
    low, high = params.quantile_range
    return Quantiles((low / 100, high / 100))


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return State(
        center=tuple(_finite(stats[MEDIAN])[0] + 0.0 if params.with_centering else 0.0 for stats in columns),
        scale=tuple(
            _scale(x, stats, _finite(stats[_ends(params)])) if params.with_scaling else 1.0 for stats in columns
        ),
    )


def _finite(quantiles: tuple[float, ...] | None) -> tuple[float, ...]:
    if quantiles is None:
        raise refuse("SKC210", "a column has no values to compute quantiles from", hint=NO_VALUE_HINT)
    if not all(math.isfinite(value) for value in quantiles):
        raise _too_wide()
    return quantiles


def _scale(x: ValueType, stats: ColumnStats, ends: tuple[float, ...]) -> float:
    width = ends[1] - ends[0]
    if math.isinf(width):
        raise _too_wide()
    scale = width or 1.0
    check_stretch(x, 1 / scale, stats)
    return scale


def _too_wide() -> SkcError:
    return refuse("SKC212", "the range of a column exceeds float64", hint="clip it to fixed bounds first")


def apply(params: Params, state: State, x: Block) -> Block:
    values = x.values
    if params.with_centering:
        values = values - np.array(state.center)
    if params.with_scaling:
        values = values / np.array(state.scale)
    return Block("float64", values)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    values = x.values
    if params.with_centering:
        values = op.sub(values, const([state.center], np.float64))
    if params.with_scaling:
        values = op.div(values, const([state.scale], np.float64))
    return GraphBlock("float64", x.width, values)


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    center, scale = state.center[k], state.scale[k]
    values = [math.nextafter(center, -math.inf), center, math.nextafter(center, math.inf)]
    ends = [
        center - scale,
        center + scale,
        1.7976931348623157e308,
        -1.7976931348623157e308,
        math.inf,
        -math.inf,
    ]
    return [None, *values, *ends, 0.0, -0.0, 5e-324, -5e-324]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return [None if v is None else float(v) * state.scale[k] + state.center[k] for v in values]


def degenerate(params: Params, state: State, k: int) -> str | None:
    return "scale 1: no spread, or one of 1" if params.with_scaling and state.scale[k] == 1 else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    concerns_found = concerns_about_spread(stats)
    if concerns_found or not params.with_scaling:
        return concerns_found
    low, high = stats[_ends(params)]
    if low < high or params.quantile_range[0] == params.quantile_range[1]:
        return []
    text = f"both quantiles are {low}, so it is not scaled"
    hint = "use a wider `quantile_range`, such as [0, 100], or `standard_scale`"
    return [Concern("SKC230", text, hint)]


CASES = (
    Case(
        name="quartiles and an outlier",
        shows=("C1", "C2"),
        columns={"x": "float64?"},
        fit=[[1.0], [2.0], [None], [3.0], [4.0], [1000.0], [None]],
        rows=[[1.0], [3.0], [1000.0], [None], [0.1]],
        expect=[[-1.0], [0.0], [498.5], [None], [-1.45]],
    ),
    Case(
        name="a quantile between two values has the bits of NumPy",
        shows=("C1",),
        columns={"x": "float64"},
        params={"with_centering": False},
        fit=[[0.1], [0.9]],
        # 0.9 - 0.25 · 0.8 = 0.7, less 0.1 + 0.25 · 0.8 = 0.30000000000000004, is 0.3999999999999999.
        rows=[[0.1], [0.4]],
        expect=[[0.25000000000000006], [1.0000000000000002]],
    ),
    Case(
        name="a scale of almost 1, a median of almost 0",
        shows=("C1",),
        columns={"x": "float64"},
        params={"quantile_range": [0, 100]},
        fit=[[0.0], [5e-324], [1.00000001]],
        rows=[[5e-324], [1.0], [3.0]],
        expect=[[0.0], [0.9999999900000002], [2.9999999700000006]],
    ),
    Case(
        name="other quantiles, two columns",
        shows=("C1", "C2"),
        columns={"x": "float64?", "y": "float64?"},
        params={"quantile_range": [0, 100]},
        fit=[[0.0, 10.0], [None, 20.0], [4.0, None], [1.0, 40.0]],
        rows=[[3.0, None], [None, 5.0]],
        expect=[[0.5, None], [None, -0.5]],
    ),
    Case(
        name="no spread",
        shows=("C3",),
        columns={"constant": "float64", "mostly": "float64"},
        fit=[[0.1, 0.0], [0.1, 0.0], [0.1, 0.0], [0.1, 0.0], [0.1, 9.0]],
        rows=[[0.1, 9.0], [1.1, 0.0]],
        expect=[[0.0, 9.0], [1.0, 0.0]],
    ),
    Case(
        name="tiny values",
        shows=("C3",),
        columns={"x": "float64", "least": "float64"},
        fit=[[2.0**-70, 0.0], [2.0**-69, 0.0], [2.0**-68, 1e-323]],
        rows=[[2.0**-68, 0.0], [0.0, 5e-324]],
        expect=[[1.3333333333333333, 0.0], [-1.3333333333333333, 1.0]],
    ),
    Case(
        name="equal quantiles",
        shows=("C3",),
        columns={"x": "float64"},
        params={"quantile_range": [50, 50]},
        fit=[[1.0], [3.0]],
        rows=[[5.0]],
        expect=[[3.0]],
    ),
    Case(
        name="infinity when served",
        shows=("C4",),
        columns={"x": "float64"},
        fit=[[1.0], [3.0]],
        rows=[[math.inf], [-math.inf], [1.7976931348623157e308]],
        expect=[[math.inf], [-math.inf], [1.7976931348623157e308]],
    ),
    Case(
        name="neither center nor scale",
        shows=("C5",),
        columns={"x": "float64"},
        params={"with_centering": False, "with_scaling": False},
        fit=[[1.0], [2.0]],
        rows=[[-0.0], [3.5]],
        expect=[[-0.0], [3.5]],
    ),
    Case(
        name="only the center",
        shows=("C5",),
        columns={"x": "float64"},
        params={"with_scaling": False},
        fit=[[-1.7e308], [1.0], [1.7e308]],
        rows=[[3.0]],
        expect=[[2.0]],
    ),
    Case(
        name="the median of two",
        shows=("C6",),
        columns={"x": "float64"},
        params={"with_scaling": False},
        fit=[[-1.0], [1.0000000000000002]],
        rows=[[0.0], [1.0]],
        expect=[[-2.220446049250313e-16], [0.9999999999999998]],
    ),
    *(
        Case(
            name=f"refused in fitting: {code} {kind}",
            shows=("C7",),
            columns={"x": "float64?"},
            fit=fit,
            rows=[],
            expect=[],
            refused=code,
        )
        for code, kind, fit in (
            ("SKC210", "no value", [[None]]),
            ("SKC211", "infinity", [[0.0], [math.inf]]),
            ("SKC212", "neighbours", [[-1.7e308], [1.7e308]]),
            ("SKC212", "quantiles", [[-1.7e308], [-1.7e308], [0.0], [1.7e308], [1.7e308]]),
        )
    ),
    Case(
        name="quantiles that do not ascend",
        shows=("C8",),
        columns={"x": "float64"},
        params={"quantile_range": [75, 25]},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
    Case(
        name="the median of negative zeros",
        shows=("C9",),
        columns={"x": "float64"},
        fit=[[-0.0], [-0.0]],
        rows=[[-0.0], [0.0]],
        expect=[[-0.0], [0.0]],
    ),
)


def _from_sklearn(scaler: Any, x: Columns) -> Columns:
    """`unit_variance` is in the scale that was learned."""
    params = Params(
        with_centering=scaler.with_centering,
        with_scaling=scaler.with_scaling,
        quantile_range=(float(scaler.quantile_range[0]), float(scaler.quantile_range[1])),
    )
    state = State(
        center=tuple(scaler.center_.tolist() if scaler.with_centering else [0.0] * len(x.types)),
        scale=tuple(scaler.scale_.tolist() if scaler.with_scaling else [1.0] * len(x.types)),
    )
    return x.floats(null="keep").apply(OP, params, state)


SKLEARN = {
    "sklearn.preprocessing.RobustScaler": Claim(
        _from_sklearn, ("with_centering", "with_scaling", "quantile_range", "unit_variance"), ("copy",)
    )
}


OP = Op(
    name="robust_scale",
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
    sklearn=SKLEARN,
    cases=CASES,
)
