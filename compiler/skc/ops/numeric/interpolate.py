"""Map a column along straight lines between points: like NumPy's `interp` and scikit-learn's `IsotonicRegression`.

Why: a tariff, a calibration curve or a table of an expert is a few points, and what lies between them is in proportion.

Example: `price: {from: weight, apply: [{interpolate: {points: [[0, 4.5], [2, 4.5], [10, 12]]}}]}`

Parameters
----------
points : list of [x, y], at least one
    Where the lines begin and end, by strictly ascending x.
outside : clip, null or error, default clip
    Before the first point and after the last: the y of that point, null, or a refusal.

noise : bool, default false
    After each column another one, NAME_noise: by how much the result may change if x has an error of
    1e-10 max(1, |x|). Only with `clip`. It tells `class_of` which ties are certain.

Input: float64 (null: NaN); exact values only where `outside` is not `clip`. Output: float64, nullable if `outside` is
`null`. State: the points of each column, which a fitted `IsotonicRegression` brings with it.

Critical points
---------------
C1  Between two points it is slope (x - x_0) + y_0, in the operations of `numpy.interp` and with its bits. At a point it
    is the y of that point.
C2  `clip`: before the first point and after the last, and at an infinity, the y of that point.
C3  `null` and `error` (guard `out-of-range`) are about the values beyond the points; the first and the last point
    themselves are served.
C4  Null stays null.
C5  A single point gives the same y everywhere with `clip`.
C6  With `noise`, the distance of the results on either side of x, 0 on a level; null for null.
C7  Refused: no points, points that do not ascend, and points so near to each other or so far that the slope between
    them is not a float64 (SKC124). If the values are not exact, lines so steep that rounding errors become visible
    are refused in fitting (SKC215). So is `noise` where values beyond the points are not clipped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Case, Met, Names, Op, parameters, refuse, require, require_exact
from skc.ops.numeric._noise import LAST_BITS, check_stretch
from skc.ops.numeric._segments import Segments
from skc.stats.requests import ColumnStats, Max, Min
from skc.translation import Claim, Columns, Model
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

RELATIVE = 1e-10
LARGEST = 1.7976931348623157e308
Number = Annotated[float, Field(allow_inf_nan=False)]
Outside = Literal["clip", "null", "error"]
Points = tuple[float, ...]
OUTSIDE: dict[str, Outside] = {"clip": "clip", "nan": "null", "raise": "error"}  # by scikit-learn's `out_of_bounds`


@parameters
class Params:
    points: Annotated[tuple[tuple[Number, Number], ...], Field(min_length=1)] | None = None
    outside: Outside = "clip"
    noise: bool = False


@dataclass(frozen=True)
class State:
    x: tuple[Points, ...]
    y: tuple[Points, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="interpolate")
    if params.outside != "clip":
        require_exact(x, op="interpolate")
    if params.noise and params.outside != "clip":
        raise refuse("SKC124", "`noise` next to `outside`", hint="leave out one of the two")
    if params.points is not None:
        for (a, _), (b, _) in pairwise(params.points):
            if not a < b:
                raise refuse("SKC124", f"the points do not ascend: {a}, {b}", hint="sort them by x, each x once")
        _steepest(*zip(*params.points, strict=True))
    width = None if x.width is None else x.width * (1 + params.noise)
    return x.with_(nullable=x.nullable or params.outside == "null", width=width)


def _steepest(x: Sequence[float], y: Sequence[float]) -> float:
    """The greatest slope between two points, up or down. Raises SKC124 if one is not a float64."""
    with np.errstate(all="ignore"):
        slopes = np.abs(np.diff(np.array(y)) / np.diff(np.array(x)))
    if not np.isfinite(slopes).all() or not math.isfinite(x[-1] - x[0]):
        raise refuse("SKC124", "the slope between two points is not a float64", hint="leave one of the two out")
    return float(slopes.max(initial=0.0))


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    if params.points is None:
        raise refuse("SKC124", "`interpolate` has no points", hint="write `points: [[0, 0], [1, 1]]`")
    xs, ys = zip(*params.points, strict=True)
    return state_of(x, [xs] * len(columns), [ys] * len(columns))


def state_of(x: ValueType, xs: Sequence[Sequence[float]], ys: Sequence[Sequence[float]]) -> State:
    """The points of several columns of a type. Raises SKC124, and SKC215 where rounding errors would be visible."""
    for points, values in zip(xs, ys, strict=True):
        check_stretch(x, _steepest(points, values), {Min(): points[0], Max(): points[-1]})
    plain = [tuple(tuple(float(v) + 0.0 for v in points) for points in each) for each in (xs, ys)]
    return State(*plain)


def apply(params: Params, state: State, x: Block) -> Block:
    outside = _outside(state, x.values)
    values = _interpolated(state, x.values)
    if params.noise:
        error = RELATIVE * np.clip(np.abs(x.values), 1.0, LARGEST)
        change = _interpolated(state, x.values + error) - _interpolated(state, x.values - error)
        values = np.stack([values, np.abs(change)], axis=2).reshape(x.rows, 2 * x.width)
    block = Block("float64", np.where(outside, np.nan, values) if params.outside == "null" else values)
    return block.guard("out-of-range", outside) if params.outside == "error" else block


def _interpolated(state: State, x: Array) -> Array:
    columns = [np.interp(x[:, k], state.x[k], state.y[k]) for k in range(x.shape[1])]
    return np.where(np.isnan(x), np.nan, np.stack(columns, axis=1))


def _outside(state: State, x: Array) -> Array:
    first, last = _ends(state)
    return np.asarray((x < first) | (x > last))


def _ends(state: State) -> tuple[Array, Array]:
    return np.array([[points[0] for points in state.x]]), np.array([[points[-1] for points in state.x]])


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    segments = Segments(state.x, state.y, clipped=True)
    first, last = (const(end) for end in _ends(state))

    def at(values: Var) -> Var:
        if all(len(points) == 1 for points in state.x):
            return op.where(op.isnan(values), values, const([[y for (y,) in state.y]]))
        clipped = op.where(op.less(values, first), first, op.where(op.greater(values, last), last, values))
        return segments.rising(clipped, segments.place(clipped))

    values, outside = at(x.values), op.or_(op.less(x.values, first), op.greater(x.values, last))
    if params.noise:
        error = op.mul(op.clip(op.abs(x.values), const(1.0), const(LARGEST)), const(RELATIVE))
        change = op.sub(at(op.add(x.values, error)), at(op.sub(x.values, error)))
        order = [part for k in range(x.width) for part in (k, x.width + k)]
        both = op.concat([values, op.abs(change)], axis=1)
        both = op.gather(both, const(order), axis=1) if x.width > 1 else both
        block = GraphBlock("float64", 2 * x.width, both)
        return block.signal("clipped", outside) if params.outside == "clip" else block
    if params.outside == "clip":
        return GraphBlock("float64", x.width, values).signal("clipped", outside)
    if params.outside == "null":
        values = op.where(outside, const(math.nan), values)
    block = GraphBlock("float64", x.width, values)
    return block.guard("out-of-range", outside) if params.outside == "error" else block


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    return tuple((name, f"{name}_noise") if params.noise else (name,) for name in columns)


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    step = 1 + len(state.x[k]) // 100
    points = dict.fromkeys([*state.x[k][::step], state.x[k][-1]])
    near = [v for at in points for v in (math.nextafter(at, -math.inf), at, math.nextafter(at, math.inf))]
    middles = [a + (b - a) / 3 for a, b in pairwise(points)]
    if params.noise:  # what comes to a point by its error
        for at in points:
            error = RELATIVE * max(1.0, abs(at))
            near += [v for moved in (at - error, at + error) for v in (math.nextafter(moved, -math.inf), moved)]
            near += [math.nextafter(at + sign * error, math.inf) for sign in (-1, 1)]
    return [None, *near, *middles, 0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    """For each value the first place where a line passes it."""
    xs, ys = np.array(state.x[k]), np.array(state.y[k])
    places: list[Scalar] = []
    for value in values:
        if value is None:
            places.append(None)
            continue
        off = ys - float(value)
        for i in np.flatnonzero((np.sign(off[:-1]) * np.sign(off[1:]) <= 0) & (off[:-1] != off[1:]))[:1]:
            places.append(float(xs[i] + (xs[i + 1] - xs[i]) * off[i] / (off[i] - off[i + 1])))
    return places


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    return {"clipped": _outside(state, x.values)} if params.outside == "clip" else {}


INF = math.inf
CASES = (
    Case(
        name="between points",
        shows=("C1", "C2", "C4"),
        columns={"x": "float64?"},
        params={"points": [[-1, 2], [0, 0.1], [3, 0.7]]},
        rows=[[-1.0], [-0.5], [0.0], [-0.0], [1.0], [3.0], [None], [-INF], [-7.0], [INF]],
        # 0.7 - 0.1 is 0.6, a third of it 0.19999999999999998, and with 0.1 0.3
        expect=[[2.0], [1.05], [0.1], [0.1], [0.3], [0.7], [None], [2.0], [2.0], [0.7]],
    ),
    Case(
        name="null beyond the points",
        shows=("C3", "C4"),
        columns={"x": "float64?"},
        params={"points": [[0, 1], [2, 0], [51, 1]], "outside": "null"},
        rows=[[0.0], [-5e-324], [51.0], [math.nextafter(51.0, 52.0)], [1.5], [None], [INF]],
        expect=[[1.0], [None], [1.0], [None], [0.25], [None], [None]],  # 49 times 1 / 49 would be less than 1
    ),
    Case(
        name="refused beyond the points",
        shows=("C3",),
        columns={"x": "float64", "y": "float64"},
        params={"points": [[0, 1], [2, 0], [51, 1]], "outside": "error"},
        rows=[[0.0, 51.0], [-5e-324, 0.0], [1.0, INF]],
        expect=[[1.0, 1.0], [], []],
        guards=[("out-of-range", 1, 0), ("out-of-range", 2, 1)],
    ),
    Case(
        name="a single point",
        shows=("C5",),
        columns={"x": "float64?"},
        params={"points": [[3, 0.5]]},
        rows=[[3.0], [-INF], [9.0], [None]],
        expect=[[0.5], [0.5], [0.5], [None]],
    ),
    Case(
        name="columns with points of their own",
        shows=("C1", "C2"),
        columns={"x": "float64?", "y": "float64?"},
        state=State(((0.0, 49.0, 50.0), (5.0, 1e300)), ((0.0, 1.0, 1.0), (-0.25, 7.0))),
        rows=[[24.5, 5.0], [49.0, 1e300], [49.5, None], [None, 5e299], [51.0, 0.0]],
        expect=[[0.49999999999999994, -0.25], [1.0, 7.0], [1.0, None], [None, 3.375], [1.0, -0.25]],
    ),
    Case(
        name="what an error would change",
        shows=("C4", "C6"),
        columns={"x": "float64?", "y": "float64"},
        params={"noise": True},
        state=State(((0.0, 1.0, 50.0), (0.0, 1e6)), ((0.5, 0.5, 0.0), (1.0, 0.0))),
        rows=[[0.5, -1.0], [25.5, 5e5], [None, 1e7], [1.0 + 5e-11, 0.0], [INF, 0.0]],
        expect=[
            [0.5, 0.0, 1.0, 0.0],
            [0.25, 5.204081610088451e-11, 0.5, 1.000000082740371e-10],
            [None, None, 0.0, 0.0],
            [0.4999999999994898, 1.530608972899472e-12, 1.0, 1.1102230246251565e-16],
            [0.0, 0.0, 1.0, 1.1102230246251565e-16],
        ],
        names=("x", "x_noise", "y", "y_noise"),
    ),
    *(
        Case(
            name=f"refused: {name}",
            shows=("C7",),
            columns={"x": "float64"},
            params=params,
            rows=[],
            expect=[],
            refused="SKC124",
        )
        for name, params in (
            ("no points", {}),
            ("points that do not ascend", {"points": [[1, 0], [1, 2]]}),
            ("a slope beyond float64", {"points": [[0, 0], [5e-324, 1]]}),
            ("noise of values that are not clipped", {"points": [[0, 0]], "outside": "null", "noise": True}),
            ("points too far from each other", {"points": [[-1e308, 0], [1e308, 1]]}),
        )
    ),
)


def error_of(models: Sequence[Any]) -> float:
    """How far a result of an `IsotonicRegression` may be off where the last bits of its input are, at the most."""
    most = 0.0
    for model in models:
        x, y = (np.asarray(points, dtype=np.float64) for points in (model.X_thresholds_, model.y_thresholds_))
        size = np.maximum(1.0, np.maximum(np.abs(x[1:]), np.abs(x[:-1])))
        most = max(most, float((np.abs(np.diff(y) / np.diff(x)) * size).max(initial=0.0)))
    return most * LAST_BITS


def isotonic(models: Sequence[Any], x: Columns, *, noise: bool = False) -> Columns:
    """Each column by an `IsotonicRegression` of its own, which all treat values beyond their range in the same way."""
    if any(model.X_thresholds_.dtype != np.float64 for model in models):
        raise refuse("SKC151", "an IsotonicRegression of float32 does not compile", hint="fit it on float64")
    xs, ys = [m.X_thresholds_.tolist() for m in models], [m.y_thresholds_.tolist() for m in models]
    is_same = all(len(points) == 1 for points in xs)  # everywhere, whatever `out_of_bounds` is
    params = Params(outside="clip" if is_same else OUTSIDE[models[0].out_of_bounds], noise=noise)
    x = x.floats(null="error")
    return x.apply(OP, params, state_of(x.types[0], xs, ys), is_finite=True)


def _transformed(model: Any, x: Columns) -> Columns:
    return isotonic([model], x)


def _predicted(model: Any, x: Columns) -> Model:
    return Model(isotonic([model], x))


SKLEARN = {
    "sklearn.isotonic.IsotonicRegression": Claim(
        _transformed, ("out_of_bounds",), ("y_min", "y_max", "increasing"), _predicted
    )
}

OP = Op(
    name="interpolate",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=freeze,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    names=names,
    carry_back=carry_back,
    met=met,
    sklearn=SKLEARN,
    cases=CASES,
)
