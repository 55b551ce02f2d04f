"""A function of each result of a matrix product: f(x @ weights + intercept) · factor, with x or the logarithm of x.

Why: kernels of dot products (sigmoid, polynomial), random Fourier features and a layer of a Boltzmann machine are this.

Example: with `cos`, weights [2] and intercept 0 the row (0) gives 1.

Parameters
----------
function : tanh, logistic, cos or power
    `logistic` is 1 / (1 + exp(-y)); `power` is y to the power of `degree`.
degree : int from 1 to 16, default 1
    Of `power`: the square of the power of half of it, times y where it is odd.
factor : float, default 1
    What the result is multiplied by.
shift : float, optional
    The input is log(x + shift) instead of x.
error : float, default 1e-7
    How far rounding errors of the product may move a result, of max(1, |result|).

Input: K float64 columns without null. Output: M float64 columns. State: weights [K, M] and an intercept per result. It
is learned by scikit-learn.

Critical points
---------------
C1  With `shift`, x ≤ -shift is guarded with `invalid-value`.
C2  The error of y is at most (K + 16) 2^-52 (|x| @ |weights| + |intercept|). A row is guarded with `rounding-noise`
    where that moves a result by more than `error` max(1, |result|).
C3  tanh and logistic are flat beyond 40: there an error that leaves y beyond 40 moves nothing.
C4  A block that may have nulls is refused (SKC120): impute them first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, elementwise
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require, require_exact
from skc.ops.distance._layers import SKLEARN
from skc.ops.distance._metrics import Row, any_column, lower_not_all
from skc.ops.linear._noise import UNCERTAIN, error_bound
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

Function = Literal["tanh", "logistic", "cos", "power"]
FLAT = 40.0


@parameters
class Params:
    function: Function
    degree: Annotated[int, Field(ge=1, le=16)] = 1
    factor: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    shift: Annotated[float, Field(allow_inf_nan=False)] | None = None
    error: Annotated[float, Field(gt=0, lt=1)] = 1e-7


@dataclass(frozen=True)
class State:
    weights: tuple[Row, ...]
    intercept: Row


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="layer")
    if x.nullable:
        raise refuse("SKC120", "`layer` takes values without null", hint="put `impute` before this step")
    if params.shift is not None:
        require_exact(x, op="layer")  # whether a value is below the shift decides about its row
    return x.with_(exact=False, width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    values, weights, intercept = x.values, np.array(state.weights), np.array(state.intercept)
    outside = np.zeros_like(values, dtype=bool)
    if params.shift is not None:
        outside = ~(values > -params.shift)
        values = np.log(np.where(outside, 1.0, values + params.shift))
    y = values @ weights + intercept
    noise = (np.abs(values) @ np.abs(weights) + np.abs(intercept)) * error_bound(len(weights))
    result = FUNCTIONS[params.function](y, params.degree) * params.factor
    moved = _moved(params, y, noise) * params.factor
    known = moved < params.error * np.maximum(np.abs(result), 1)
    if params.function in ("tanh", "logistic"):
        known |= np.abs(y) - noise > FLAT
    block = Block("float64", result).guard("rounding-noise", any_column(~known))
    return block if params.shift is None else block.guard("invalid-value", outside)


def _power(y: Array, degree: int) -> Array:
    if degree == 0:
        return np.ones_like(y)
    half = _power(y, degree // 2)
    return np.asarray(half * half * y if degree % 2 else half * half)


FUNCTIONS: dict[Function, Callable[[Array, int], Array]] = {
    "tanh": lambda y, degree: np.tanh(y),
    "logistic": lambda y, degree: 1 / (1 + np.exp(-y)),
    "cos": lambda y, degree: np.sin(y + math.pi / 2),
    "power": _power,
}


def _moved(params: Params, y: Array, noise: Array) -> Array:
    """By how much an error of y moves the function."""
    if params.function != "power":
        return noise
    return np.asarray(_power(np.abs(y) + noise, params.degree - 1) * params.degree * noise)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    values, weights, width = x.values, np.array(state.weights), len(state.intercept)
    inside = None
    if params.shift is not None:
        inside = op.greater(values, const(-params.shift))
        shifted = op.where(inside, op.add(values, const([[params.shift]])), const(1.0))
        values = elementwise(op.log, shifted, x.width)
    y = op.add(op.matmul(values, const(weights)), const([state.intercept]))
    size = op.add(op.matmul(op.abs(values), const(np.abs(weights))), const(np.abs([state.intercept])))
    noise = op.mul(size, const([[error_bound(len(weights))]]))
    result = op.mul(_lower_function(params, y, width), const([[params.factor]]))
    most = op.mul(op.max([op.abs(result), const([[1.0]])]), const([[params.error / params.factor]]))
    known = op.less(_lower_moved(params, y, noise), most)
    if params.function in ("tanh", "logistic"):
        known = op.or_(known, op.greater(op.sub(op.abs(y), noise), const(FLAT)))
    block = GraphBlock("float64", width, result).guard("rounding-noise", lower_not_all(known, width))
    return block if inside is None else block.guard("invalid-value", op.not_(inside))


def _lower_function(params: Params, y: Var, width: int) -> Var:
    if params.function == "tanh":
        doubled = op.mul(y, const([[-2.0]]))
        return op.sub(
            op.div(const([[2.0]]), op.add(const([[1.0]]), elementwise(op.exp, doubled, width))), const([[1.0]])
        )
    if params.function == "cos":
        return elementwise(op.sin, op.add(y, const([[math.pi / 2]])), width)
    if params.function == "power":
        return _lower_power(y, params.degree)
    return op.div(const([[1.0]]), op.add(const([[1.0]]), elementwise(op.exp, op.neg(y), width)))


def _lower_power(y: Var, degree: int) -> Var:
    """The bits of the degree from the highest: square, and multiply where one is set."""
    result = y
    for bit in bin(degree)[3:]:
        result = op.mul(result, result)
        if bit == "1":
            result = op.mul(result, y)
    return result


def _lower_moved(params: Params, y: Var, noise: Var) -> Var:
    if params.function != "power" or params.degree == 1:
        return noise
    slope = _lower_power(op.add(op.abs(y), noise), params.degree - 1)
    return op.mul(op.mul(slope, const([[float(params.degree)]])), noise)


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (tuple(f"y{k}" for k in range(len(state.intercept))), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    edge = [] if params.shift is None else [-params.shift, math.nextafter(-params.shift, math.inf)]
    ends = [1.0, 40.0, 1e6, *UNCERTAIN, 1e100, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *edge, *ends, *(-end for end in ends)]


CASES = (
    Case(
        name="tanh",
        shows=("C2", "C3"),
        columns={"a": "float64", "b": "float64"},
        params={"function": "tanh"},
        state=State(((1.0, 2.0), (-1.0, 0.0)), (0.0, 0.5)),
        rows=[[0.0, 0.0], [1e9, 0.0], [1e9, 1e9], [-1e300, 1.0], [math.inf, 0.0]],
        expect=[[0.0, 0.46211715726000973], [1.0, 1.0], [], [-1.0, -1.0], []],
        guards=[("rounding-noise", 2, 0), ("rounding-noise", 4, 0)],
        names=("y0", "y1"),
    ),
    Case(
        name="logistic",
        shows=("C3",),
        columns={"a": "float64"},
        params={"function": "logistic"},
        state=State(((1.0,),), (0.0,)),
        rows=[[0.0], [1e9], [-1e9], [2.0]],
        expect=[[0.5], [1.0], [0.0], [0.8807970779778823]],
    ),
    Case(
        name="cos",
        shows=("C2",),
        columns={"a": "float64"},
        params={"function": "cos", "factor": 0.5},
        state=State(((2.0, 1.0),), (0.0, 1.0)),
        rows=[[0.0], [0.25], [1e6], [1e9]],
        expect=[
            [0.5, 0.2701511529340699],
            [0.43879128094518636, 0.15766118119763434],
            [0.3775045484378732, 0.4003193557407432],
            [],
        ],
        guards=[("rounding-noise", 3, 0)],
    ),
    Case(
        name="cos of logarithms",
        shows=("C1", "C2"),
        columns={"a": "float64", "b": "float64"},
        params={"function": "cos", "shift": 1.0},
        state=State(((1.0,), (1e7,)), (0.0,)),
        rows=[[0.0, 0.0], [-1.0, 0.0], [-2.0, -1.0], [0.5, 0.0], [0.5, -0.9999]],
        expect=[[1.0], [], [], [0.9189190364394997], []],
        guards=[
            *(("invalid-value", row, column) for row, column in ((1, 0), (2, 0), (2, 1))),
            ("rounding-noise", 4, 0),
        ],
    ),
    Case(
        name="power",
        shows=("C2",),
        columns={"a": "float64", "b": "float64"},
        params={"function": "power", "degree": 5},
        state=State(((1.0,), (-1.0,)), (1.0,)),
        rows=[[1.0, 0.0], [0.0, 3.0], [1e9, 1e9], [1e9, 0.0], [1e100, 0.0]],
        expect=[[32.0], [-32.0], [], [1.00000000500000001e45], []],
        guards=[("rounding-noise", 2, 0), ("rounding-noise", 4, 0)],
    ),
    Case(
        name="values that may be null",
        shows=("C4",),
        columns={"a": "float64?"},
        params={"function": "tanh"},
        state=State(((1.0,),), (0.0,)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="layer",
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
    exact=False,
)
