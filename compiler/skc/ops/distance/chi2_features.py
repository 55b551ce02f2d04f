"""Features whose products approximate the additive chi-squared kernel: like scikit-learn's `AdditiveChi2Sampler`.

Why: counts and shares, such as histograms, are compared by the chi-squared kernel 2xy / (x + y), and these features let
a linear model do so. Source: Vedaldi and Zisserman, "Efficient additive kernels via explicit feature maps", 2011.

Example: `shares: {from: [red, green, blue], apply: [chi2_features]}`

Parameters
----------
sample_steps : int from 1 to 100, default 2
    How many samples of the kernel's spectrum are used: each after the first gives two more columns.
sample_interval : float, from 0, default null
    The distance L of the samples. By default 0.8 for one step, 0.5 for two and 0.4 for three; required for more.

Input: float64 (null: NaN). Output: float64, 2 sample_steps - 1 columns for each input column, within 1e-6: √(x L),
then for j = 1, 2, … the cosine and the sine of j L log x, each times √(2 x L / cosh(π j L)). They are called NAME_sqrt,
NAME_cos1, NAME_sin1 and so on.

Critical points
---------------
C1  The columns of an input column are adjacent, in that order. (scikit-learn gives all square roots first.)
C2  Where x is 0 or -0.0, all of them are 0.
C3  A negative x has the guard `invalid-value`. The square root of an infinity is infinite.
C4  The angle is known to 16 · 2^-52 (|angle| + 1). A row is guarded with `rounding-noise` where that moves a result by
    more than 1e-7 max(1, |result|): where x is so large that a cosine near 0 is nothing but that error, or infinite.
C5  Null gives null in all of its columns.
C6  More than three steps without an interval are refused (SKC124).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, elementwise
from skc.emit.opset import const, op
from skc.op import Case, Names, NoState, Op, parameters, refuse, require, require_exact
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType

if TYPE_CHECKING:
    from spox import Var

INTERVALS = {1: 0.8, 2: 0.5, 3: 0.4}
MOST_STEPS = 100
ERROR = 1e-7
ANGLE_ERROR = 16 * 2.0**-52  # relative to |angle| + 1
LARGEST = 1.7976931348623157e308


@parameters
class Params:
    sample_steps: Annotated[int, Field(ge=1, le=MOST_STEPS)] = 2
    sample_interval: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="chi2_features")
    require_exact(x, op="chi2_features")  # whether a value is negative decides about its row
    if params.sample_interval is None and params.sample_steps not in INTERVALS:
        hint = "write `sample_interval` as well, such as 0.3"
        raise refuse("SKC124", f"`sample_steps: {params.sample_steps}` has no interval of its own", hint=hint)
    is_exact = x.exact and params.sample_steps == 1
    return x.with_(exact=is_exact, width=None if x.width is None else x.width * _count(params))


def _count(params: Params) -> int:
    return 2 * params.sample_steps - 1


def _interval(params: Params) -> float:
    return INTERVALS[params.sample_steps] if params.sample_interval is None else params.sample_interval


def apply(params: Params, state: NoState, x: Block) -> Block:
    interval, is_positive, values = _interval(params), x.values > 0, np.abs(x.values)
    results, noise = [np.sqrt(values * interval)], [np.zeros_like(values)]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for j in range(1, params.sample_steps):
            factor = np.sqrt(2 * values * interval / np.cosh(np.pi * j * interval))
            angle = j * (interval * np.log(values))
            results += [factor * np.cos(angle), factor * np.sin(angle)]
            noise += [factor * ANGLE_ERROR * (np.abs(angle) + 1)] * 2
        others = np.where(np.isnan(x.values), np.nan, 0.0)
        y = np.where(is_positive[:, :, None], np.stack(results, axis=2), others[:, :, None])
        is_known = np.stack(noise, axis=2) < ERROR * np.maximum(np.abs(y), 1)
    block = Block("float64", y.reshape(x.rows, x.width * _count(params))).guard("invalid-value", x.values < 0)
    return block.guard("rounding-noise", is_positive & ~is_known.all(axis=2))


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    interval, waves = _interval(params), 2 * (params.sample_steps - 1)
    is_outside, values = op.less(x.values, const(0.0)), op.abs(x.values)
    root = op.sqrt(op.mul(values, const([[interval]])))
    if not waves:
        return GraphBlock("float64", x.width, root).guard("invalid-value", is_outside)
    wave, is_known = _waves(interval, waves, values, x.width)
    is_positive = op.greater(x.values, const(0.0))
    others = op.where(op.isnan(x.values), const(math.nan), const(0.0))
    wave = op.where(op.unsqueeze(is_positive, const([2])), wave, op.unsqueeze(others, const([2])))
    width = x.width * (waves + 1)
    y = op.reshape(op.concat([op.unsqueeze(root, const([2])), wave], axis=2), const([0, width]))
    block = GraphBlock("float64", width, y).guard("invalid-value", is_outside)
    return block.guard("rounding-noise", op.and_(is_positive, op.not_(is_known)))


def _waves(interval: float, waves: int, values: Var, width: int) -> tuple[Var, Var]:
    """float64 [N, width, waves]: the cosines and sines times their factors; and bool [N, width]: all are known."""
    j = np.repeat(np.arange(1.0, waves // 2 + 1), 2)
    step = op.mul(op.mul(const([[2.0]]), values), const([[interval]]))
    factor = op.sqrt(op.div(op.unsqueeze(step, const([2])), const(np.cosh(np.pi * j * interval)[None, None])))
    logarithm = op.mul(elementwise(op.log, values, width), const([[interval]]))
    angle = op.mul(op.unsqueeze(logarithm, const([2])), const(j[None, None]))
    # Cos has no float64 kernel up to ONNX Runtime 1.28
    shifted = op.add(angle, const(np.tile([math.pi / 2, 0.0], waves // 2)[None, None]))
    flat = elementwise(op.sin, op.reshape(shifted, const([0, width * waves])), width * waves)
    wave = op.mul(factor, op.reshape(flat, const([0, width, waves])))
    noise = op.mul(factor, op.add(op.abs(angle), const([[[1.0]]])))
    most = op.mul(op.max([op.abs(wave), const([[[1.0]]])]), const([[[ERROR / ANGLE_ERROR]]]))
    known = op.cast(op.less(noise, most), to=np.float64)
    return wave, op.equal(op.reduce_min(known, const([2]), keepdims=0), const(1.0))


def names(params: Params, state: NoState, names: Names) -> tuple[Names, ...]:
    waves = [f"{function}{j}" for j in range(1, params.sample_steps) for function in ("cos", "sin")]
    return tuple(tuple(f"{name}_{part}" for part in ("sqrt", *waves)) for name in names)


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    values = [0.5, 1.0, 2.0, 1e9, 2.0**40, 1e100, 1e300, LARGEST]
    interval = _interval(params)
    exponents = [math.pi * quarter / 2 / interval for quarter in (2, 3, 9, 99) if interval]
    zeros = [math.exp(exponent) for exponent in exponents if exponent < 700]  # of a cosine or a sine
    tiny = [5e-324, 2.2250738585072014e-308, 1e-100]
    return [None, 0.0, -0.0, *tiny, *values, *zeros, -5e-324, -1.0, -LARGEST, math.inf, -math.inf]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    """Inputs with these square roots."""
    roots = [float(value) for value in values if isinstance(value, float) and value >= 0]
    interval = _interval(params)
    return [None, *(root * root / interval for root in roots if interval)]


HALF = math.sqrt(0.5)
WAVE = 0.6312977232165397  # √(1 / cosh(π / 2))
CASES = (
    Case(
        name="two steps",
        shows=("C1", "C2", "C3"),
        columns={"a": "float64", "b": "float64"},
        rows=[[1.0, 0.0], [-0.0, math.exp(math.pi)], [-5e-324, math.inf], [5e-324, -1.0]],
        expect=[
            [HALF, WAVE, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, HALF * math.exp(math.pi / 2), 0.0, WAVE * math.exp(math.pi / 2)],
            [],
            [],
        ],
        guards=[("invalid-value", 2, 0), ("rounding-noise", 2, 1), ("invalid-value", 3, 1)],
        names=("a_sqrt", "a_cos1", "a_sin1", "b_sqrt", "b_cos1", "b_sin1"),
    ),
    Case(
        name="one step",
        shows=("C1", "C3"),
        columns={"a": "float64"},
        params={"sample_steps": 1},
        rows=[[5.0], [0.0], [LARGEST], [-1e-300], [math.inf]],
        expect=[[2.0], [0.0], [math.sqrt(0.8 * LARGEST)], [], [math.inf]],
        guards=[("invalid-value", 3, 0)],
        names=("a_sqrt",),
    ),
    Case(
        name="three steps at an interval",
        shows=("C1", "C4"),
        columns={"a": "float64"},
        params={"sample_steps": 3, "sample_interval": 0.4},
        rows=[[1.0], [1e300], [LARGEST]],
        expect=[
            [math.sqrt(0.4), 0.6490398354749801, 0.0, 0.35883046636418875, 0.0],
            [
                math.sqrt(0.4e300),
                6.417574075866019e149,
                -9.695430800698447e148,
                3.4281606084897507e149,
                -1.0600213212541083e149,
            ],
            [],
        ],
        guards=[("rounding-noise", 2, 0)],
    ),
    Case(
        name="a cosine that is nothing but rounding errors",
        shows=("C4",),
        columns={"a": "float64", "b": "float64"},
        rows=[[1.0, 3.366465739752792e301], [3.366465739752792e301, 1.0]],
        expect=[[], []],
        guards=[("rounding-noise", 0, 1), ("rounding-noise", 1, 0)],
    ),
    Case(
        name="no interval",
        shows=("C6",),
        columns={"a": "float64"},
        params={"sample_steps": 4},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
    Case(
        name="nulls",
        shows=("C2", "C5"),
        columns={"a": "float64?", "b": "float64?"},
        rows=[[None, 0.0], [1.0, None]],
        expect=[[None, None, None, 0.0, 0.0, 0.0], [HALF, WAVE, 0.0, None, None, None]],
    ),
)


def _from_sklearn(sampler: Any, x: Columns) -> Columns:
    if sampler.sample_steps > MOST_STEPS:
        hint = f"use at most {MOST_STEPS}"
        raise refuse("SKC151", f"`sample_steps={sampler.sample_steps}` does not compile", hint=hint)
    interval = sampler.sample_interval
    params = Params(sample_steps=sampler.sample_steps, sample_interval=None if interval is None else float(interval))
    features = x.floats(null="error").apply(OP, params, is_finite=True)
    return features.pick([k * _count(params) + part for part in range(_count(params)) for k in range(len(x.types))])


OP = Op(
    name="chi2_features",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    carry_back=carry_back,
    sklearn={
        "sklearn.kernel_approximation.AdditiveChi2Sampler": Claim(_from_sklearn, ("sample_steps", "sample_interval"))
    },
    cases=CASES,
)
