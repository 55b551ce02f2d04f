"""A multi-layer perceptron: products with matrices, with a function between them. Its results are scores.

Why: neural networks of a few layers are used on tables, and every library adds in another order. The bound of the
rounding errors is carried through the layers, so that nobody serves a number or a class that rounding decides.

Example: layers of 4, 10 and 3 units: 3 scores, `relu(x @ W1 + b1) @ W2 + b2`.

Parameters
----------
activation : relu, tanh, logistic or identity
    The function between the layers; after the last there is none.
noise : bool, default false
    Also return, after the results, for each of them the bound of its rounding error. `class_of` decides by it.

Input: float64 without null. Output: one float64 column per unit of the last layer. State: the number of units of each
layer from the input on; of each layer the weights, row by row, and the intercepts, one layer after the other. It is
learned by scikit-learn.

Critical points
---------------
C1  Each layer is `x @ W + b`; the function follows every layer but the last.
C2  The function `logistic` is 1 / (1 + exp(-x)), 0 below -709; `relu` of a negative number is 0.
C3  A row is guarded with `rounding-noise` where the error of a result may exceed 1e-6 max(1, |y|). Errors grow with
    the magnitudes of the weights; after `tanh` and `logistic` they are at most 2.
C4  An infinite input, and a sum that overflows on the way, are guarded likewise.
C5  A block that may have nulls is refused (SKC120).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns, elementwise
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.linear import _networks
from skc.ops.linear._noise import UNCERTAIN, error_bound, is_noise, lower_is_noise
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

GUARD = "rounding-noise"
Activation = Literal["relu", "tanh", "logistic", "identity"]
BOUNDED = ("tanh", "logistic")


@parameters
class Params:
    activation: Activation
    noise: bool = False


@dataclass(frozen=True)
class State:
    units: tuple[int, ...]
    weights: tuple[float, ...]
    intercepts: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse numbers that are not those of these layers."""
        products = sum(a * b for a, b in pairwise(self.units))
        if len(self.units) < 2 or (len(self.weights), len(self.intercepts)) != (products, sum(self.units[1:])):
            raise ValueError(f"the numbers are not those of layers of {self.units} units")


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="mlp")
    if x.nullable:
        raise refuse("SKC120", "`mlp` takes values without null", hint="put `impute` before this step")
    return x.with_(exact=False, width=None)


def layers(state: State) -> Iterator[tuple[Array, Array]]:
    """The weights and intercepts of each layer."""
    weights, intercepts = np.array(state.weights), np.array(state.intercepts)
    for above, units in pairwise(state.units):
        yield weights[: above * units].reshape(above, units), intercepts[:units]
        weights, intercepts = weights[above * units :], intercepts[units:]


def apply(params: Params, state: State, x: Block) -> Block:
    y, terms = x.values, max(state.units)
    size = np.zeros_like(y)  # the error of each unit, in units of the error bound
    for k, (weights, intercepts) in enumerate(layers(state)):
        if k and params.activation == "relu":
            y = np.maximum(y, 0.0)
        elif k and params.activation in BOUNDED:
            y = np.tanh(y) if params.activation == "tanh" else 1 / (1 + np.exp(-y))
            size = np.minimum(size, 2 / error_bound(terms))
        size = (size + np.abs(y)) @ np.abs(weights) + np.abs(intercepts)
        y = y @ weights + intercepts
    noise = size * error_bound(terms)
    block = Block("float64", np.hstack([y, noise]) if params.noise else y)
    return block.guard(GUARD, is_noise(y, noise))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    y, terms, width = x.values, max(state.units), state.units[-1]
    size = op.abs(y)
    for k, (weights, intercepts) in enumerate(layers(state)):
        if k:
            y = _activated(params.activation, y, state.units[k])
            if params.activation in BOUNDED:
                size = op.min([size, const([[2 / error_bound(terms)]])])
            size = op.add(size, op.abs(y))
        size = op.add(op.matmul(size, const(np.abs(weights))), const(np.abs(intercepts)[None]))
        y = op.add(op.matmul(y, const(weights)), const(intercepts[None]))
    block = GraphBlock("float64", width, y)
    if params.noise:
        noise = op.mul(size, const([[error_bound(terms)]]))
        block = GraphBlock("float64", 2 * width, concat_columns([y, noise]))
    return block.guard(GUARD, lower_is_noise(y, size, terms, width))


def _activated(activation: Activation, y: Var, width: int) -> Var:
    if activation == "relu":
        return op.max([y, const([[0.0]])])
    if activation == "tanh":
        return elementwise(op.tanh, y, width)
    if activation == "logistic":
        return op.div(const(1.0), op.add(const(1.0), elementwise(op.exp, op.neg(y), width)))
    return y


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    width = state.units[-1]
    results = [f"y{k}" for k in range(width)] + [f"noise{k}" for k in range(width if params.noise else 0)]
    return (tuple(results), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    ends = [1.0, 40.0, *UNCERTAIN, 1.7976931348623157e308, math.inf]
    return [None, 0.0, -0.0, 5e-324, *ends, *(-end for end in ends)]


SMALL = State((2, 2, 1), (1.0, -1.0, 2.0, 1.0, 3.0, 5.0), (0.5, 0.0, -1.0))
CASES = (
    Case(
        name="relu",
        shows=("C1", "C2"),
        columns={"a": "float64", "b": "float64"},
        params={"activation": "relu"},
        state=SMALL,
        rows=[[1.0, 0.0], [0.0, 1.0], [-1.0, -1.0]],
        # hidden: (1.5, 0), (2.5, 1), (0, 0)
        expect=[[3.5], [11.5], [-1.0]],
        names=("y0",),
    ),
    Case(
        name="identity",
        shows=("C1", "C4"),
        columns={"a": "float64", "b": "float64"},
        params={"activation": "identity"},
        state=SMALL,
        rows=[[1.0, 0.0], [1e308, 1e308], [math.inf, 0.0]],
        expect=[[-1.5], [], []],
        guards=[("rounding-noise", 1, 0), ("rounding-noise", 2, 0)],
    ),
    Case(
        name="tanh",
        shows=("C1", "C3"),
        columns={"a": "float64", "b": "float64"},
        params={"activation": "tanh"},
        state=SMALL,
        rows=[[-0.5, 0.0], [1e300, -1e300]],
        expect=[[-1.0 + 5 * 0.46211715726000973], []],
        guards=[("rounding-noise", 1, 0)],
    ),
    Case(
        name="logistic with errors",
        shows=("C2", "C3"),
        columns={"a": "float64"},
        params={"activation": "logistic", "noise": True},
        state=State((1, 1, 1), (1.0, 2.0), (0.0, 1.0)),
        rows=[[0.0], [-800.0], [800.0]],
        expect=[[2.0, 2.0 * 17 * 2**-52], [1.0, 1601.0 * 17 * 2**-52], [3.0, 1603.0 * 17 * 2**-52]],
        names=("y0", "noise0"),
    ),
    Case(
        name="terms that cancel",
        shows=("C3",),
        columns={"a": "float64", "b": "float64"},
        params={"activation": "relu"},
        state=State((2, 1, 1), (1.0, -1.0, 2.0), (0.0, 1.0)),
        rows=[[1e17, 1e17], [1e3, 1e3]],
        expect=[[], [1.0]],
        guards=[("rounding-noise", 0, 0)],
    ),
    Case(
        name="values that may be null",
        shows=("C5",),
        columns={"a": "float64?", "b": "float64?"},
        params={"activation": "relu"},
        state=SMALL,
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="mlp",
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
    sklearn=_networks.SKLEARN,
    cases=CASES,
    exact=False,
)
