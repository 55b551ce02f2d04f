"""Spread a column over B-splines, smooth bumps next to each other: like scikit-learn's `SplineTransformer`.

Why: a linear model learns a smooth curve of a column, and a periodic one of an hour or a weekday, if its features are
splines. Each is a piecewise polynomial; in every place `degree` + 1 of them are not 0, and they add up to 1.

Example: `day: {from: hour, apply: [{cast: {to: float64}}, {spline: {knots: [0, 6, 12, 24], extrapolation: periodic}}]}`

Parameters
----------
degree : int from 0 to 50, default 3
    The degree of the polynomials.
knots : uniform, quantile or a list of numbers, default uniform
    Where the polynomials meet: at equal distances from the minimum to the maximum, at quantiles, or at these
    strictly ascending numbers. The first and the last knot are the ends of the range.
n_knots : int, at least 2, default 5
    The number of knots; not with a list.
extrapolation : constant, linear, continue, periodic or error, default constant
    Beyond the range: the value at its end, the line that touches the splines there, the polynomials as they are,
    the range again from its other end, or a refusal.
include_bias : bool, default true
    Without it the last spline of each column is left out, so that they do not add up to a constant.

Input: float64 (null: NaN); exact values only where `degree` is 0 or `extrapolation` is `periodic` or `error`. Output:
float64 without nulls, `n_knots` + `degree` - 1 columns for each, if periodic `n_knots` - 1, named NAME_sp_0, NAME_sp_1,
and so on. State: per column all knots, with `degree` more on either side, how many of them lie outside the range at
either end, and for `linear` the slopes there.

Critical points
---------------
C1  A value equal to a knot is in the interval that begins there; at the last knot it is in the one that ends there.
C2  `constant`: beyond the range, and at an infinity, the value at its end. Of degree 0, no spline is continued: below
    it all are 0, and a value above it has the guard `out-of-range`, as scikit-learn fails there; a single one is 0.
C3  `linear`: the value at the end plus the slope there times the distance.
C4  `continue` goes on with the polynomials of the first or last interval.
C5  `periodic`: x counts as first + (x - first) mod (last - first). A spline at one end is the same at the other.
C6  `error`: a value beyond the range has the guard `out-of-range`.
C7  Null is ignored in fitting, and 0 in every column.
C8  Knots at quantiles may be equal, and all are if every value is the same: a term between equal knots is 0, and
    fitting warns. If the last two are equal, all splines are 0 at the maximum. (So it is in scikit-learn.)
C9  Where a result would leave float64, `linear` and `continue` have the guard `rounding-noise`; `periodic` refuses an
    infinity by `not-finite`.
C10 A column without values (SKC210), with an infinity (SKC211), or whose knots exceed float64 (SKC212) cannot be
    fitted. Nor, if the values are not exact, one with knots so near to each other that rounding errors would become
    visible (SKC215).
C11 Refused: knots that do not ascend, `n_knots` next to a list, `periodic` with fewer knots than `degree` + 1, and
    parameters that leave no column (SKC124).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, beyond
from skc.emit.opset import const, op
from skc.op import Concern, Decision, Met, Names, Op, parameters, refuse, require, require_exact
from skc.ops.numeric._bsplines import Tables, at_zero, bounded, unbounded
from skc.ops.numeric._noise import NO_VALUE_HINT, check_stretch, concerns_about_constants
from skc.ops.numeric._spline_cases import CASES
from skc.ops.numeric._splines import all_knots, slopes, splines
from skc.stats.requests import ColumnStats, Max, Min, Quantiles, Stat
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

LARGEST = 1e280  # of a power of a distance from the knots, measured in gaps between them
MOST_DEGREE = 50
Knot = Annotated[float, Field(allow_inf_nan=False)]
Extrapolation = Literal["constant", "linear", "continue", "periodic", "error"]


@parameters
class Params:
    degree: Annotated[int, Field(ge=0, le=MOST_DEGREE)] = 3
    knots: Literal["uniform", "quantile"] | Annotated[tuple[Knot, ...], Field(min_length=2)] = "uniform"
    n_knots: Annotated[int, Field(ge=2)] | None = None
    extrapolation: Extrapolation = "constant"
    include_bias: bool = True


@dataclass(frozen=True)
class State:
    knots: tuple[tuple[float, ...], ...]
    outside: tuple[int, ...]
    slopes: tuple[tuple[tuple[float, ...], ...], ...]  # of every spline, at the first and the last knot of the range


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="spline")
    if params.degree == 0 or params.extrapolation in ("periodic", "error"):
        require_exact(x, op="spline")
    _check_knots(params)
    if params.extrapolation == "periodic" and _count(params) <= params.degree:
        hint = f"use at least {params.degree + 1} knots, or lower `degree`"
        raise refuse(
            "SKC124", f"{_count(params)} knots are too few for periodic splines of degree {params.degree}", hint
        )
    width = _width(params, _count(params))
    if width == 0:
        raise refuse("SKC124", "`include_bias: false` removes the only spline", hint="use more knots")
    return x.with_(nullable=False, width=None if x.width is None else x.width * width)


def _check_knots(params: Params) -> None:
    if isinstance(params.knots, str):
        return
    if params.n_knots is not None:
        raise refuse("SKC124", "`n_knots` next to a list of knots", hint="leave `n_knots` out")
    for low, high in pairwise(params.knots):
        if not low < high:
            raise refuse("SKC124", f"the knots do not ascend: {low}, {high}", hint="sort them and remove duplicates")


def _count(params: Params) -> int:
    """The number of knots in the range."""
    return (params.n_knots or 5) if isinstance(params.knots, str) else len(params.knots)


def _width(params: Params, count: int) -> int:
    """The number of columns for each column."""
    splines = count - 1 if params.extrapolation == "periodic" else count + params.degree - 1
    return splines if params.include_bias else splines - 1


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    if not isinstance(params.knots, str) and x.exact:
        return ()
    return (Min(), Max(), *([_quantiles(params)] if params.knots == "quantile" else []))


def _quantiles(params: Params) -> Quantiles:
    ranks = 100 * np.linspace(0, 1, _count(params))  # as scikit-learn: i / n may differ in the last bit
    return Quantiles(tuple((ranks / 100).tolist()))


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    knots = tuple(_knots(params, x, stats) for stats in columns)
    at_ends: list[tuple[tuple[float, ...], ...]] = [()] * len(knots)
    if params.extrapolation == "linear":
        ends = [np.array(one)[[params.degree, -params.degree - 1]] for one in knots]
        slopes_at = [slopes(np.array(one), params.degree, at) for one, at in zip(knots, ends, strict=True)]
        at_ends = [tuple(map(tuple, of_ends.tolist())) for of_ends in slopes_at]
    return State(knots, (params.degree,) * len(knots), tuple(at_ends))


def _knots(params: Params, x: ValueType, stats: ColumnStats) -> tuple[float, ...]:
    with np.errstate(all="ignore"):
        knots = all_knots(_base_knots(params, stats), params.degree, is_periodic=params.extrapolation == "periodic")
        least = float(np.diff(knots).min())
    if not np.isfinite(knots).all() or not np.isfinite(knots[-1] - knots[0]):
        raise refuse("SKC212", "the range of a column exceeds float64", hint="clip the column before this step")
    if not x.exact and stats[Min()] is not None:
        check_stretch(x, params.degree / least if least else math.inf, stats)
    return tuple((knots + 0.0).tolist())


def _base_knots(params: Params, stats: ColumnStats) -> Array:
    if not isinstance(params.knots, str):
        return np.array(params.knots, dtype=np.float64)
    if stats[Min()] is None:
        raise refuse("SKC210", "a column has no values to place knots by", hint=NO_VALUE_HINT)
    if params.knots == "quantile":
        return np.array(stats[_quantiles(params)])
    with np.errstate(all="ignore"):  # checked with the others
        return np.linspace(stats[Min()], stats[Max()], _count(params))


def apply(params: Params, state: State, x: Block) -> Block:
    columns, refused = [], np.zeros(x.values.shape, dtype=bool)
    with np.errstate(all="ignore"):
        for k in range(x.width):
            values = _column(params, state, k, x.values[:, k])
            values[np.isnan(x.values[:, k])] = 0.0
            columns.append(values if params.include_bias else values[:, :-1])
            refused[:, k] = _is_refused(params, state, k, x.values[:, k])
    block = Block("float64", np.concatenate(columns, axis=1))
    code = _guard(params)
    return block if code is None else block.guard(code, refused)


def _column(params: Params, state: State, k: int, x: Array) -> Array:
    """All splines of one column."""
    knots, degree = np.array(state.knots[k]), params.degree
    low, high = _range(state, k)
    if params.extrapolation == "periodic":
        x = low + np.mod(x - low, high - low) if high > low else np.zeros_like(x)
    if not _is_bounded(params):
        values = splines(knots, degree, x)
        if params.extrapolation == "periodic":
            values[:, :degree] += values[:, values.shape[1] - degree :]
            return values[:, : values.shape[1] - degree]
        return values
    at = np.clip(x, low, high)
    values = splines(knots, degree, at)
    count, tails = values.shape[1], _tails(params, state.outside[k])
    for end, is_beyond, gone in ((0, x < low, range(tails, count)), (1, x > high, range(count - tails))):
        if params.extrapolation == "linear" and params.degree:
            values[is_beyond] += (x - at)[is_beyond, None] * np.array(state.slopes[k][end])
        values[np.ix_(is_beyond, [*gone])] = 0.0
    return values


def _is_bounded(params: Params) -> bool:
    """Beyond the range it is not the polynomials that go on."""
    return params.extrapolation in ("constant", "linear")


def _range(state: State, k: int) -> tuple[float, float]:
    knots, outside = state.knots[k], state.outside[k]
    return knots[outside], knots[-outside - 1]


def _tails(params: Params, outside: int) -> int:
    """How many splines are continued at either end: the slopes of more are not 0 only for degrees 0 and 1."""
    return outside + 1 if params.extrapolation == "linear" and outside <= 1 else outside


def _guard(params: Params) -> Literal["out-of-range", "rounding-noise", "not-finite"] | None:
    if params.extrapolation in ("linear", "continue"):
        return "rounding-noise" if params.degree else None
    if params.extrapolation == "constant":
        return "out-of-range" if params.degree == 0 else None
    return "out-of-range" if params.extrapolation == "error" else "not-finite"


def _limits(params: Params, state: State, k: int) -> tuple[float, float]:
    """The least and the greatest value of a column that its guard lets pass, unless it is about infinities."""
    low, high = _range(state, k)
    if params.extrapolation == "error":
        return low, high
    if _guard(params) == "out-of-range":  # of degree 0
        return -math.inf, high if len(state.knots[k]) > 2 else math.inf
    if _guard(params) != "rounding-noise":
        return -math.inf, math.inf
    gap = min((b - a for a, b in pairwise(state.knots[k]) if b > a), default=1.0)
    powers = params.degree if params.extrapolation == "continue" else 1
    most = min(LARGEST, gap * LARGEST ** (1 / powers))
    return low - most, high + most


def _is_refused(params: Params, state: State, k: int, x: Array) -> Array:
    low, high = _limits(params, state, k)
    return np.isinf(x) if params.extrapolation == "periodic" else (x < low) | (x > high)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    kept = _width(params, len(state.knots[0]) - 2 * params.degree)
    lows, highs = np.array([_range(state, k) for k in range(x.width)]).T[:, None] + 0.0
    if _is_bounded(params):
        values = _lower_bounded(params, state, x.values, kept, (lows, highs))
    else:
        width = kept if params.include_bias else kept + 1
        rest = _lower_rest(x.values, lows, highs) if params.extrapolation == "periodic" else x.values
        curves = [unbounded(knots, params.degree, width, kept) for knots in state.knots]
        if params.extrapolation == "periodic":
            curves = [
                at_zero(one) if is_flat else one for one, is_flat in zip(curves, lows[0] == highs[0], strict=True)
            ]
        tables = Tables(curves)
        values = tables.splines(rest, tables.place(rest))
    block = GraphBlock("float64", x.width * kept, op.reshape(values, const([0, x.width * kept])))
    block = block.signal(_beyond(params), beyond(x.values, lows, highs))
    code = _guard(params)
    return block if code is None else block.guard(code, _lower_is_refused(params, state, x))


def _lower_rest(x: Var, lows: Array, highs: Array) -> Var:
    """low + (x - low) mod (high - low), where the remainder has the sign of the divisor."""
    period = const(np.where(highs > lows, highs - lows, 1.0))
    rest = op.mod(op.sub(x, const(lows)), period, fmod=1)
    return op.add(op.where(op.less(rest, const(0.0)), op.add(rest, period), rest), const(lows))


def _lower_bounded(params: Params, state: State, x: Var, kept: int, ends: tuple[Array, Array]) -> Var:
    parts = zip(state.knots, state.outside, strict=True)
    curves = [bounded(knots, params.degree, kept, outside, _tails(params, outside)) for knots, outside in parts]
    tables = Tables(curves)
    place, low, high = tables.place(x), const(ends[0]), const(ends[1])
    at = op.where(op.less(x, low), low, op.where(op.greater(x, high), high, x))
    values = tables.splines(at, place)
    if params.extrapolation != "linear" or params.degree == 0:
        return values
    slopes_at = [curve.continued(of_ends) for curve, of_ends in zip(curves, state.slopes, strict=True)]
    beyond = op.where(op.isnan(x), const(0.0), op.sub(x, at))
    return op.add(values, op.mul(tables.look_up(slopes_at, place), op.unsqueeze(beyond, const([2]))))


def _lower_is_refused(params: Params, state: State, x: GraphBlock) -> Var:
    if params.extrapolation == "periodic":
        return op.isinf(x.values)
    lows, highs = np.array([_limits(params, state, k) for k in range(x.width)]).T[:, None]
    return op.or_(op.less(x.values, const(lows)), op.greater(x.values, const(highs)))


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    kept = _width(params, len(state.knots[0]) - 2 * params.degree)
    return tuple(tuple(f"{name}_sp_{m}" for m in range(kept)) for name in columns)


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    knots = state.knots[k]
    around = [near for t in {*knots} for near in (math.nextafter(t, -math.inf), t, math.nextafter(t, math.inf))]
    limits = [end for end in _limits(params, state, k) if math.isfinite(end)]
    beyond = [near for t in limits for near in (math.nextafter(t, -math.inf), t, math.nextafter(t, math.inf))]
    middles = [a + (b - a) / 3 for a, b in pairwise(knots)]
    far = [2 * knots[-1] - knots[0], 3 * knots[0] - 2 * knots[-1], 1e20, -1e20, 1.7976931348623157e308]
    return [None, *sorted(around), *middles, *beyond, *far, 0.0, -0.0, 5e-324, math.inf, -math.inf]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    """For each value a place where some spline rises past it, between two places that are tried."""
    grid = np.unique([a + (b - a) * part for a, b in pairwise(state.knots[k]) for part in np.linspace(0, 1, 9)])
    with np.errstate(all="ignore"):
        curves = _column(params, state, k, grid)
    places: list[Scalar] = []
    for off in (curves - float(value) for value in values if value is not None):
        for i, m in np.argwhere((off[:-1] <= 0) & (off[1:] > 0))[:1]:
            places.append(float(grid[i] + (grid[i + 1] - grid[i]) * off[i, m] / (off[i, m] - off[i + 1, m])))
    return places


def decides_by(params: Params, k: int, x: ValueType) -> Decision | None:
    if params.extrapolation == "periodic":  # of far values
        return "last bit"
    return None if params.degree else "edge"


def marks(params: Params, state: State, k: int) -> dict[str, Sequence[Scalar]]:
    return (
        {"edge": tuple(dict.fromkeys(state.knots[k]))} if decides_by(params, 0, ValueType("float64")) == "edge" else {}
    )


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    lows, highs = np.array([_range(state, k) for k in range(x.width)]).T
    return {_beyond(params): (x.values < lows) | (x.values > highs)}


def _beyond(params: Params) -> Met:
    """What a value beyond the range is: the splines follow it or not."""
    return "outside" if params.degree and params.extrapolation != "constant" else "clipped"


def degenerate(params: Params, state: State, k: int) -> str | None:
    low, high = _range(state, k)
    return "all knots are equal" if low == high else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    if not isinstance(params.knots, str) or stats[Min()] == stats[Max()]:
        return concerns_about_constants(stats) if isinstance(params.knots, str) else []
    inner = state.knots[k][params.degree : len(state.knots[k]) - params.degree]
    equal = sum(a == b for a, b in pairwise(inner))
    if not equal:
        return []
    text = f"{equal} of {len(inner)} knots are equal to the one before, because many rows share a value"
    return [Concern("SKC230", text, "write `knots: uniform`, or a list of knots")]


def _from_sklearn(transformer: Any, x: Columns) -> Columns:
    """The slopes are those that scikit-learn takes; where it means too many knots to lie outside, see `_outside`."""
    degree, of_columns = transformer.degree, transformer.bsplines_
    _check_transformer(transformer)
    knots = tuple(tuple(one.t.tolist()) for one in of_columns)
    params = Params(
        degree=degree,
        knots="quantile" if isinstance(transformer.knots, str) and transformer.knots == "quantile" else "uniform",
        n_knots=len(knots[0]) - 2 * degree,
        extrapolation=transformer.extrapolation,
        include_bias=transformer.include_bias,
    )
    is_linear = params.extrapolation == "linear"
    outside = tuple(_outside(degree, k) if is_linear else degree for k in range(len(knots)))
    ends = [[t[n], t[-n - 1]] for t, n in zip(knots, outside, strict=True)]
    if any(low > high for low, high in ends):
        hint = "use more knots, another `extrapolation`, or one transformer for each column"
        raise refuse("SKC151", "linear extrapolation of so few knots does not compile", hint=hint)
    at_ends = tuple(
        tuple(map(tuple, one(at, nu=1).tolist())) if is_linear else () for one, at in zip(of_columns, ends, strict=True)
    )
    is_checked = getattr(transformer, "handle_missing", "error") == "error"
    if is_checked or params.extrapolation != "constant":  # where an infinity gives no number
        x = x.floats(null="error" if is_checked else "keep")
    if any(n > degree for n in outside):
        for column in x.types:  # what lies between the ends of two ranges makes a jump
            require_exact(column, op="spline")
    return x.numbers().apply(OP, params, State(knots, outside, at_ends))


def _check_transformer(transformer: Any) -> None:
    """What scikit-learn answers with an error, or with values that depend on the other rows, and too high degrees."""
    degree, beyond = transformer.degree, transformer.extrapolation
    if degree > MOST_DEGREE:
        raise refuse("SKC151", f"splines of degree {degree} do not compile", hint=f"use `degree={MOST_DEGREE}` or less")
    is_constant = any(one.t[degree] == one.t[-degree - 1] for one in transformer.bsplines_)
    if beyond == "periodic" and is_constant and not hasattr(transformer, "handle_missing"):
        message = "before 1.8, scikit-learn's periodic splines of a constant column are NaN"
        raise refuse("SKC151", message, hint="leave the column out, or fit with scikit-learn 1.8 or newer")
    if not transformer.sparse_output:
        return
    hint = "leave `sparse_output` out"
    if degree == 0 and beyond in ("constant", "periodic"):
        raise refuse("SKC151", "`sparse_output` of splines of degree 0 does not compile", hint=hint)
    is_kept = getattr(transformer, "handle_missing", "error") == "zeros" and len(transformer.bsplines_) > 1
    if is_kept and beyond not in ("constant", "linear"):
        message = "with `sparse_output`, scikit-learn's splines of a missing value depend on the other rows"
        raise refuse("SKC151", message, hint=hint)


def _outside(degree: int, k: int) -> int:
    """How many knots of column k lie beyond the range for `linear`.

    scikit-learn (1.9) counts the degree up while it extrapolates a column of degree 0 or 1, and never down again: so a
    later column has a smaller range.
    """
    return degree if k == 0 or degree > 1 else min(degree + k, 2)


SKLEARN = {
    "sklearn.preprocessing.SplineTransformer": Claim(
        _from_sklearn,
        ("degree", "knots", "n_knots", "extrapolation", "include_bias", "handle_missing", "sparse_output"),
        ("order",),
    )
}

OP = Op(
    name="spline",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    carry_back=carry_back,
    decides_by=decides_by,
    marks=marks,
    met=met,
    degenerate=degenerate,
    concerns=concerns,
    is_whole=lambda params, x: params.degree == 0,
    sklearn=SKLEARN,
    cases=CASES,
)
