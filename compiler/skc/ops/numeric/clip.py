"""Limit values to a range, per column.

Why: a single absurd value (a fare of 10^6, a negative distance) must not dominate a model. Like
`numpy.clip`, with bounds that are fixed or learned.

Example: `fare: {from: fare, apply: [{clip: {min: 0, max: 200}}]}`

Parameters
----------
min, max : int or float, finite, default null
    Fixed bounds, of the column's type: an int64 column accepts only integers.
lower_quantile, upper_quantile : float from 0 to 1, default null
    Bounds learned from the training rows; float64 only.

There must be at least one bound, all fixed or all fitted, and the lower bound must not exceed the upper one.
Input: float64 or int64. Output: the same type. State: the bounds of each column.

Critical points
---------------
C1  A value that equals a bound, or lies between the bounds, keeps its bits; -0.0 is not below a bound of 0.0
    and stays -0.0. A bound of -0.0 is 0.0.
C2  Null stays null: NaN is neither below nor above a bound, and the value underneath any other null stays the zero.
C3  Infinities become the bound; without a bound on that side they stay.
C4  With a single bound, the other side is unlimited.
C5  int64 is compared as int64, also beyond 2^53.
C6  Fitted bounds are quantiles of type 7 (`numpy.quantile`) of the values that are not null, for each column
    separately.
C7  A constant column is clipped to its single value.
C8  A column without a value (SKC210), with an infinity (SKC211), or with a range too wide to interpolate (SKC212)
    cannot be fitted.
C9  Refused: no bound, a fixed bound together with a quantile, bounds in the wrong order (SKC124), a bound that is
    not of the column's type (SKC123) and quantiles of int64 (SKC120).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field, FiniteFloat

from skc.emit.blocks import GraphBlock, masked, of_present
from skc.emit.opset import const, op
from skc.op import SMALL, Case, Concern, Known, Met, Op, parameters, refuse, require
from skc.ops.numeric._constants import constant_of
from skc.ops.numeric._noise import NO_VALUE_HINT
from skc.stats.requests import ColumnStats, Quantiles, Stat
from skc.values.types import Block, Scalar, ValueType, column_block, make_block
from skc_runtime.kinds import INT64_MAX, INT64_MIN, KINDS, Array, DType

Bound = int | FiniteFloat | None
Probability = Annotated[float, Field(ge=0, le=1)] | None


@parameters
class Params:
    min: Bound = None
    max: Bound = None
    lower_quantile: Probability = None
    upper_quantile: Probability = None


@dataclass(frozen=True)
class State:
    low: tuple[int | float | None, ...]
    high: tuple[int | float | None, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", "int64", op="clip")
    fixed, fitted = (params.min, params.max), (params.lower_quantile, params.upper_quantile)
    if fixed == fitted == (None, None):
        raise refuse("SKC124", "`clip` has no bound", hint="write {min: 0}, {max: 1} or {upper_quantile: 0.99}")
    if fixed != (None, None) and fitted != (None, None):
        raise refuse("SKC124", "`clip` mixes a fixed bound with a quantile", hint="write two steps, one for each")
    for low, high in (fixed, fitted):
        if low is not None and high is not None and low > high:
            raise refuse("SKC124", f"the lower bound {low} is above the upper bound {high}", hint="swap them")
    if fitted != (None, None) and x.dtype != "float64":
        raise refuse(
            "SKC120", "`clip` supports quantiles only for float64, not for int64", hint="`cast` to float64 first"
        )
    for name, bound in (("min", params.min), ("max", params.max)):
        if bound is not None:
            constant_of(bound, x.dtype, name)
    return x


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    request = _quantiles(params)
    return (request,) if request.q else ()


def _quantiles(params: Params) -> Quantiles:
    return Quantiles(tuple(q for q in (params.lower_quantile, params.upper_quantile) if q is not None))


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    absent = (None,) * len(columns)
    if not _quantiles(params).q:
        low, high = (_of_type(bound, x.dtype) for bound in (params.min, params.max))
        return State((low,) * len(columns), (high,) * len(columns))
    bounds = [_found(params, stats) for stats in columns]
    return State(
        low=absent if params.lower_quantile is None else tuple(_positive_zero(values[0]) for values in bounds),
        high=absent if params.upper_quantile is None else tuple(_positive_zero(values[-1]) for values in bounds),
    )


def _of_type(bound: Bound, dtype: DType) -> Bound:
    return _positive_zero(bound) if bound is not None and dtype == "float64" else bound


def _positive_zero(bound: float) -> float:
    """The bound, with -0.0 replaced by 0.0: ONNX Runtime's Where turns a -0.0 in its second input into 0.0."""
    return bound + 0.0


def _found(params: Params, stats: ColumnStats) -> tuple[float, ...]:
    values: tuple[float, ...] | None = stats[_quantiles(params)]
    if values is None:
        raise refuse("SKC210", "a column has no values to compute quantiles from", hint=NO_VALUE_HINT)
    if not all(math.isfinite(value) for value in values):
        raise refuse("SKC212", "the range of a column exceeds float64", hint="clip it to fixed bounds first")
    return values


def apply(params: Params, state: State, x: Block) -> Block:
    values = x.values.copy()
    for k, (low, high) in enumerate(zip(state.low, state.high, strict=True)):
        if low is not None:
            values[values[:, k] < low, k] = low
        if high is not None:
            values[values[:, k] > high, k] = high
    return make_block(x.dtype, values, x.valid)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    # Not Clip, Max or Min: whether they return 0.0 or -0.0 may depend on the processor and the position in the
    # buffer.
    values = x.values
    if None not in state.low:
        bound = const(np.array([state.low], KINDS[x.dtype].numpy))
        values = op.where(op.less(values, bound), bound, values)
    if None not in state.high:
        bound = const(np.array([state.high], KINDS[x.dtype].numpy))
        values = op.where(op.greater(values, bound), bound, values)
    unequal = op.not_(op.equal(values, x.values))  # NaN is unequal to itself
    return masked(x.dtype, x.width, values, x.valid).signal("clipped", of_present(x, unequal))


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    low, high = state.low[k], state.high[k]
    if known is None or x.dtype != "int64":
        return None
    clipped = apply(params, State((low,), (high,)), column_block("int64", known, nullable=False)).values
    return tuple(sorted({*clipped[:, 0].tolist()}))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    bounds = [bound for bound in (state.low[k], state.high[k]) if bound is not None]
    if x.dtype == "int64":
        near = [int(bound) + step for bound in bounds for step in (-1, 0, 1)]
        return [None, *(v for v in near if abs(v) < 2**63), 0, 2**53 + 1, 2**63 - 1, -(2**63)]
    values = [v for e in bounds for v in (math.nextafter(e, -math.inf), float(e), math.nextafter(e, math.inf))]
    return [None, *values, 0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, math.inf, -math.inf]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return values


def degenerate(params: Params, state: State, k: int) -> str | None:
    is_learned = params.lower_quantile is not None and params.upper_quantile is not None
    return "both quantiles are one value" if is_learned and state.low[k] == state.high[k] else None


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    if degenerate(params, state, k) is None:
        return []
    text = f"both quantiles are {state.low[k]}, so it becomes a constant"
    return [Concern("SKC234", text, "use quantiles further apart, or fixed bounds: `min` and `max`")]


def _is_small(params: Params, inputs_are: bool) -> bool:
    """What the ends of the inputs become. Fitted bounds are floats."""
    low = INT64_MIN if params.min is None else params.min
    high = INT64_MAX if params.max is None else params.max
    ends = (-SMALL, SMALL) if inputs_are else (INT64_MIN, INT64_MAX)
    return all(abs(min(max(end, low), high)) <= SMALL for end in ends)


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    return {"clipped": x.present() & (apply(params, state, x).values != x.values)}


CASES = (
    Case(
        name="fixed bounds",
        shows=("C1", "C2", "C3"),
        columns={"x": "float64?"},
        params={"min": 0, "max": 200},
        rows=[
            [-0.0],
            [-5e-324],
            [200.0],
            [math.nextafter(200.0, 300.0)],
            [0.1],
            [None],
            [math.inf],
            [-math.inf],
        ],
        expect=[[-0.0], [0.0], [200.0], [200.0], [0.1], [None], [200.0], [0.0]],
    ),
    Case(
        name="a bound of -0.0",
        shows=("C1",),
        columns={"x": "float64", "y": "float64"},
        params={"min": -0.0},
        rows=[[0.0, -1.0], [-0.0, 0.0], [-1.0, -0.0]],
        expect=[[0.0, 0.0], [-0.0, 0.0], [0.0, -0.0]],
    ),
    Case(
        name="only an upper bound",
        shows=("C3", "C4"),
        columns={"x": "float64"},
        params={"max": 1.5},
        rows=[[-math.inf], [math.inf], [-1.7976931348623157e308], [2.0]],
        expect=[[-math.inf], [1.5], [-1.7976931348623157e308], [1.5]],
    ),
    Case(
        name="integers",
        shows=("C2", "C5"),
        columns={"x": "int64?"},
        params={"min": 5, "max": 2**53 + 1},
        rows=[[None], [4], [5], [2**53 + 1], [2**53 + 2], [2**63 - 1], [-(2**63)]],
        expect=[[None], [5], [5], [2**53 + 1], [2**53 + 1], [2**53 + 1], [5]],
    ),
    Case(
        name="quantiles",
        shows=("C2", "C6"),
        columns={"x": "float64?", "y": "float64?"},
        params={"lower_quantile": 0.25, "upper_quantile": 0.75},
        fit=[[0.1, 0.0], [None, None], [0.9, 4.0], [None, 8.0]],
        # x: 0.1 + 0.25 · 0.8, and 0.9 - 0.25 · 0.8 = 0.7, where 0.1 + 0.75 · 0.8 would be 0.7000000000000001.
        rows=[[0.0, 1.0], [0.5, 3.0], [None, 7.0], [1.0, None]],
        expect=[[0.30000000000000004, 2.0], [0.5, 3.0], [None, 6.0], [0.7, None]],
    ),
    Case(
        name="one quantile",
        shows=("C4", "C6"),
        columns={"x": "float64"},
        params={"upper_quantile": 0.5},
        fit=[[1.0], [2.0], [30.0]],
        rows=[[-1e300], [2.0], [3.0]],
        expect=[[-1e300], [2.0], [2.0]],
    ),
    Case(
        name="constant column",
        shows=("C7",),
        columns={"x": "float64"},
        params={"lower_quantile": 0, "upper_quantile": 1},
        fit=[[0.1], [0.1], [0.1]],
        rows=[[0.0], [0.1], [7.0]],
        expect=[[0.1], [0.1], [0.1]],
    ),
    *(
        Case(
            name=f"refused in fitting: {code}",
            shows=("C8",),
            columns={"x": "float64?"},
            params={"upper_quantile": 0.5},
            fit=fit,
            rows=[],
            expect=[],
            refused=code,
        )
        for code, fit in (
            ("SKC210", [[None]]),
            ("SKC211", [[0.0], [math.inf]]),
            ("SKC212", [[-1.7e308], [1.7e308]]),
        )
    ),
    *(
        Case(name=name, shows=("C9",), columns={"x": dtype}, params=params, rows=[], expect=[], refused=code)
        for name, dtype, params, code in (
            ("no bound", "float64", {}, "SKC124"),
            ("a fixed bound and a quantile", "float64", {"min": 0, "upper_quantile": 0.9}, "SKC124"),
            ("fixed bounds in the wrong order", "float64", {"min": 1, "max": 0.5}, "SKC124"),
            (
                "quantiles in the wrong order",
                "float64",
                {"lower_quantile": 0.9, "upper_quantile": 0.1},
                "SKC124",
            ),
            ("a float for an integer", "int64", {"min": 0.5}, "SKC123"),
            ("an integer that float64 lacks", "float64", {"max": 2**53 + 1}, "SKC123"),
            ("quantiles of integers", "int64", {"upper_quantile": 0.9}, "SKC120"),
        )
    ),
)

OP = Op(
    name="clip",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    levels=levels,
    carry_back=carry_back,
    degenerate=degenerate,
    concerns=concerns,
    met=met,
    is_small=_is_small,
    cases=CASES,
)
