"""Make a column more like a normal distribution by a power of it: like scikit-learn's `PowerTransformer`.

Why: linear models and distances suffer from long tails, and a power that is learned for each column shortens them. The
powers come from a fitted transformer; what `standardize` does afterwards is a `standard_scale` step.

Parameters
----------
method : "yeo-johnson" or "box-cox", default "yeo-johnson"
    Yeo-Johnson takes every number, Box-Cox only those above 0.

Input: float64 (null: NaN). Output: float64. State: the power of each column.

Critical points
---------------
C1  Yeo-Johnson of x >= 0 is ((x + 1)^p - 1) / p, or log(1 + x) for p = 0; below 0 it is that of -x with 2 - p, negated.
    Small values keep their accuracy.
C2  Box-Cox is (x^p - 1) / p, or log(x) for p = 0. A value of 0 or below has the guard `out-of-range`.
C3  Null stays null.
C4  A value whose p log(x + 1), or p log(x), is beyond 600 has the guard `rounding-noise`: near the end of float64 the
    last bits of the exponential decide whether a result is infinite. The limits are compared with the value itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skc.emit.blocks import GraphBlock, elementwise, log1p, where_not
from skc.emit.opset import const, op
from skc.op import Case, Met, Op, fitted_elsewhere, parameters, require, require_exact
from skc.ops.numeric import standard_scale
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

EPSILON = 2.220446049250313e-16
LARGEST_EXPONENT = 600.0  # a scale may still divide by 1e-40
GUARD = "rounding-noise"


@parameters
class Params:
    method: Literal["yeo-johnson", "box-cox"] = "yeo-johnson"


@dataclass(frozen=True)
class State:
    power: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="power_transform")
    if params.method == "box-cox":
        require_exact(x, op="power_transform")  # whether a value is positive decides about its row
    return x.with_(exact=False)


def apply(params: Params, state: State, x: Block) -> Block:
    columns = []
    with np.errstate(all="ignore"):
        for k, power in enumerate(state.power):
            column = x.values[:, k]
            if params.method == "box-cox":
                columns.append(_box_cox(column, power))
            else:
                above, below = _yeo_johnson(column, power), -_yeo_johnson(-column, 2 - power)
                columns.append(np.where(column < 0, below, above))
    block = Block("float64", np.stack(columns, axis=1))
    if params.method == "box-cox":
        block = block.guard("out-of-range", x.values <= 0)
    low, high = _limits(params, state)
    if np.isinf([low, high]).all():
        return block
    return block.guard(GUARD, (x.values < low) | (x.values > high))


def _limits(params: Params, state: State) -> tuple[Array, Array]:
    """The least and the greatest value of each column that is transformed; infinite where there is none."""
    low, high = [], []
    for power in state.power:
        if params.method == "box-cox":
            at = _exp(LARGEST_EXPONENT / power) if power else math.inf
            low.append(at if power < 0 and at > 0 else -math.inf)  # what is not above 0 is refused in any case
            high.append(at if power > 0 else math.inf)
        else:
            high.append(_exp(LARGEST_EXPONENT / power) if power > 0 else math.inf)
            low.append(-_exp(LARGEST_EXPONENT / (2 - power)) if power < 2 else -math.inf)
    return np.array([low]), np.array([high])


def _exp(x: float) -> float:
    return math.exp(x) if x < 709 else math.inf


def _yeo_johnson(x: Array, power: float) -> Array:
    return np.log1p(x) if abs(power) < EPSILON else np.expm1(power * np.log1p(x)) / power


def _box_cox(x: Array, power: float) -> Array:
    if abs(power) < 1e-19:
        return np.log(x)
    return np.expm1(power * np.log(x)) / power


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    return _lower(params, state, x).signal("clipped", op.isinf(x.values))


def _lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    powers = np.array([state.power])
    if params.method == "box-cox":
        is_zero = const(_is_zero(powers)) if _is_zero(powers).any() else None
        values = _power(elementwise(op.log, x.values, x.width), const(powers), is_zero, x.width)
        is_negative = op.less_or_equal(x.values, const(0.0))
        return _guarded(params, state, x, GraphBlock("float64", x.width, values).guard("out-of-range", is_negative))
    is_below = op.less(x.values, const(0.0))
    chosen = op.where(is_below, const(2 - powers), const(powers))
    is_zero = _is_zero_of_two(is_below, _is_zero(2 - powers), _is_zero(powers))
    values = _power(log1p(op.abs(x.values), x.width), chosen, is_zero, x.width)
    values = op.where(is_below, op.neg(values), values)
    return _guarded(params, state, x, GraphBlock("float64", x.width, values))


def _guarded(params: Params, state: State, x: GraphBlock, block: GraphBlock) -> GraphBlock:
    """With the guard of values beyond the limits, where there are any."""
    low, high = _limits(params, state)
    beyond = [op.less(x.values, const(low))] if np.isfinite(low).any() else []
    beyond += [op.greater(x.values, const(high))] if np.isfinite(high).any() else []
    return block.guard(GUARD, beyond[0] if len(beyond) == 1 else op.or_(*beyond)) if beyond else block


def _is_zero(powers: Array) -> Array:
    return np.abs(powers) < EPSILON


def _is_zero_of_two(is_below: Var, below: Array, above: Array) -> Var | None:
    """bool [N, K]: whether the power that is taken is zero; None where none is."""
    parts = [op.and_(is_below, const(below))] if below.any() else []
    parts += [op.and_(op.not_(is_below), const(above))] if above.any() else []
    return parts[0] if len(parts) == 1 else op.or_(*parts) if parts else None


def _power(logarithm: Var, chosen: Var, is_zero: Var | None, width: int) -> Var:
    """(exp(p y) - 1) / p of the logarithm y, and y itself for p = 0."""
    quotient = op.div(_expm1(op.mul(chosen, logarithm), width), chosen)
    return quotient if is_zero is None else op.where(is_zero, logarithm, quotient)


def _expm1(y: Var, width: int) -> Var:
    """exp(y) - 1, accurate for small y, by Kahan's method: with u = exp(y) rounded, (u - 1) y / log(u)."""
    u = elementwise(op.exp, y, width)
    less_one = op.sub(u, const(1.0))
    corrected = op.mul(less_one, op.div(y, elementwise(op.log, u, width)))
    is_plain = op.or_(op.equal(u, const(0.0)), op.equal(u, const(math.inf)))
    return where_not(op.equal(u, const(1.0)), op.where(is_plain, less_one, corrected), y)


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    sizes = [5e-324, 1e-300, 1e-17, 1e-9, 0.5, 1.0, 2.0, 1e5, 1e16, 1e300, 1.7976931348623157e308]
    limits = [float(limit[0, k]) for limit in _limits(params, state)]
    ends = [near for at in limits for near in (math.nextafter(at, -math.inf), at, math.nextafter(at, math.inf))]
    return [None, 0.0, -0.0, *ends, *sizes, *(-size for size in sizes), math.inf, -math.inf]


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    """An infinity, which a negative power makes finite."""
    return {"clipped": np.isinf(x.values)}


CASES = (
    Case(
        name="yeo-johnson",
        shows=("C1", "C3"),
        columns={"a": "float64?", "b": "float64?", "c": "float64?"},
        state=State((0.5, 0.0, 2.0)),
        rows=[[3.0, 3.0, 3.0], [-3.0, -3.0, -3.0], [None, 0.0, -0.0], [1e-17, 1e-17, -1e-17]],
        expect=[
            [2.0, 1.3862943611198906, 7.5],
            [-4.666666666666667, -7.5, -1.3862943611198906],
            [None, 0.0, 0.0],
            [1e-17, 1e-17, -1e-17],
        ],
    ),
    Case(
        name="box-cox",
        shows=("C2", "C3"),
        columns={"a": "float64?", "b": "float64?"},
        params={"method": "box-cox"},
        state=State((0.5, 0.0)),
        rows=[[4.0, 4.0], [0.25, 1.0], [None, None], [0.0, 1.0], [1.0, -1.0], [5e-324, 1.0]],
        expect=[[2.0, 1.3862943611198906], [-1.0, 0.0], [None, None], [], [], [-2.0, 0.0]],
        guards=[("out-of-range", 3, 0), ("out-of-range", 4, 1)],
    ),
    Case(
        name="near the end of float64",
        shows=("C4",),
        columns={"a": "float64", "b": "float64"},
        state=State((3.0, -1.0)),
        rows=[[1e80, 1e200], [-1e200, -1e80], [1e90, 0.0], [0.0, -1e90], [-0.5, math.inf]],
        expect=[[3.333333333333333e239, 1.0], [-1.0, -3.333333333333333e239], [], [], [-0.3333333333333333, 1.0]],
        guards=[(GUARD, 2, 0), (GUARD, 3, 1)],
    ),
    Case(
        name="small values of a negative power",
        shows=("C4",),
        columns={"a": "float64"},
        params={"method": "box-cox"},
        state=State((-3.0,)),
        rows=[[1e-80], [1e-90]],
        expect=[[-3.333333333333333e239], []],
        guards=[(GUARD, 1, 0)],
    ),
)


def _from_sklearn(transformer: Any, x: Columns) -> Columns:
    state = State(tuple(float(power) for power in transformer.lambdas_))
    powers = x.floats(null="keep").apply(OP, Params(method=transformer.method), state, is_finite=True)
    if not transformer.standardize:
        return powers
    scaler = transformer._scaler
    scale = standard_scale.State(tuple(scaler.mean_.tolist()), tuple(scaler.scale_.tolist()))
    return powers.floats(null="keep").apply(standard_scale.OP, standard_scale.Params(), scale)


SKLEARN = {"sklearn.preprocessing.PowerTransformer": Claim(_from_sklearn, ("method", "standardize"), ("copy",))}

OP = Op(
    name="power_transform",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    met=met,
    exact=False,
    sklearn=SKLEARN,
    cases=CASES,
)
