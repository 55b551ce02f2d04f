"""A matrix product of the columns: ((x - offset) / scale) @ weights + intercept, divided by divisor.

Why: it is what every projection (PCA, PLS, a discriminant analysis, a random projection) and every linear model of
scikit-learn computes, each in its own order of operations. What a class does not use is left out, to the bit.

Example: scikit-learn's PCA is `y = (x @ C.T - mean @ C.T) / scale`.

Parameters
----------
noise : bool, default false
    Also return, after the M results, for each of them the bound of its rounding error. `class_of` decides by it.

Input: K float64 columns without null. Output: M float64 columns, or 2 M. State: offset and scale per input column,
weights [K, M], intercept and divisor per result; each but the weights may be empty. It is learned by scikit-learn.

Critical points
---------------
C1  The order is that above. An empty part of the state is not computed: no `+ 0.0` turns -0.0 into 0.0.
C2  A row is guarded with `rounding-noise` where the terms of a result cancel so far that rounding errors may exceed
    1e-6 max(1, |y|): with (K + 16) 2^-52 (|x| @ |weights| + |intercept|) as their bound. The order of the additions
    differs between processors, so nobody can serve that number twice.
C3  An infinite input, and a sum that overflows on the way, are guarded likewise.
C4  The bound is divided by |divisor|, as the result is by the divisor.
C5  A block that may have nulls is refused (SKC120): impute them first.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.linear import _ensembles, _multioutput, _projections, _regressors
from skc.ops.linear._noise import UNCERTAIN, error_bound, is_noise, lower_is_noise
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

GUARD = "rounding-noise"
Row = tuple[float, ...]


@parameters
class Params:
    noise: bool = False


@dataclass(frozen=True)
class State:
    weights: tuple[Row, ...]
    intercept: Row = ()
    offset: Row = ()
    scale: Row = ()
    divisor: Row = ()

    @cached_property
    def matrix(self) -> Array:
        """The weights as NumPy holds them: float64 [inputs, outputs]."""
        return np.array(self.weights)


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="linear_map")
    if x.nullable:
        raise refuse("SKC120", "`linear_map` takes values without null", hint="put `impute` before this step")
    return x.with_(exact=False, width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    values, weights = x.values, state.matrix
    if state.offset:
        values = values - np.array(state.offset)
    if state.scale:
        values = values / np.array(state.scale)
    y, size = values @ weights, np.abs(values) @ np.abs(weights)
    if state.intercept:
        y, size = y + np.array(state.intercept), size + np.abs(state.intercept)
    if state.divisor:
        y, size = y / np.array(state.divisor), size / np.abs(state.divisor)
    noise = size * error_bound(len(weights))
    refused = is_noise(y, noise)
    return Block("float64", np.hstack([y, noise]) if params.noise else y).guard(GUARD, refused)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    values, weights, width = x.values, np.array(state.weights), len(state.weights[0])
    if state.offset:
        values = op.sub(values, const([state.offset]))
    if state.scale:
        values = op.div(values, const([state.scale]))
    y, size = op.matmul(values, const(weights)), op.matmul(op.abs(values), const(np.abs(weights)))
    if state.intercept:
        y, size = op.add(y, const([state.intercept])), op.add(size, const(np.abs([state.intercept])))
    if state.divisor:
        y, size = op.div(y, const([state.divisor])), op.div(size, const(np.abs([state.divisor])))
    result = GraphBlock("float64", width, y)
    if params.noise:
        noise = op.mul(size, const([[error_bound(len(weights))]]))
        result = GraphBlock("float64", 2 * width, concat_columns([y, noise]))
    return result.guard(GUARD, lower_is_noise(y, size, len(weights), width))


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    width = len(state.weights[0])
    results = [f"y{k}" for k in range(width)] + [f"noise{k}" for k in range(width if params.noise else 0)]
    return (tuple(results), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    centre = [state.offset[k]] if state.offset else []
    ends = [1.0, *UNCERTAIN, 1e17, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *centre, *ends, *(-end for end in ends)]


CASES = (
    Case(
        name="all parts",
        shows=("C1", "C4"),
        columns={"a": "float64", "b": "float64"},
        state=State(
            weights=((1.0, 0.5), (-2.0, 4.0)),
            intercept=(10.0, -1.0),
            offset=(1.0, 2.0),
            scale=(2.0, 4.0),
            divisor=(4.0, -2.0),
        ),
        rows=[[1.0, 2.0], [3.0, 6.0], [5.0, -2.0]],
        # x becomes (0, 0), (1, 1), (2, -1)
        expect=[[2.5, 0.5], [2.25, -1.75], [3.5, 2.0]],
        names=("y0", "y1"),
    ),
    Case(
        name="weights alone",
        shows=("C1",),
        columns={"a": "float64"},
        state=State(weights=((2.0,),)),
        rows=[[-0.0], [0.0], [-1.5], [5e-324]],
        expect=[[-0.0], [0.0], [-3.0], [1e-323]],
    ),
    Case(
        name="terms that cancel",
        shows=("C2",),
        columns={"a": "float64", "b": "float64"},
        state=State(weights=((1.0,), (-1.0,)), intercept=(1.0,)),
        rows=[[1e17, 1e17], [1e8, 1e8], [1e17, -1e17], [1.0, -2.0]],
        expect=[[], [1.0], [2e17], [4.0]],
        guards=[("rounding-noise", 0, 0)],
    ),
    Case(
        name="beyond float64",
        shows=("C3",),
        columns={"a": "float64", "b": "float64"},
        state=State(weights=((10.0, 1.0), (10.0, 1.0))),
        rows=[[1e308, -1e308], [math.inf, 1.0], [1e307, 0.0]],
        expect=[[], [], [1e308, 1e307]],
        guards=[("rounding-noise", 0, 0), ("rounding-noise", 1, 0)],
    ),
    Case(
        name="the bound of the error",
        shows=("C2", "C4"),
        columns={"a": "float64", "b": "float64"},
        params={"noise": True},
        state=State(weights=((2.0**30,), (2.0**30,)), intercept=(2.0**30,), divisor=(-(2.0**-20),)),
        rows=[[1.0, 2.0], [1.0, -2.0]],
        expect=[[-(2.0**52), 18.0 * 2**-52 * 2**52], [0.0, 0.0]],
        guards=[("rounding-noise", 1, 0)],
        names=("y0", "noise0"),
    ),
    Case(
        name="values that may be null",
        shows=("C5",),
        columns={"a": "float64?"},
        state=State(weights=((1.0,),)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="linear_map",
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
    sklearn={**_projections.SKLEARN, **_regressors.SKLEARN, **_ensembles.SKLEARN, **_multioutput.SKLEARN},
    cases=CASES,
    exact=False,
)
