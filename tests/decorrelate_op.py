"""An op that asks for `Covariance`: the columns without what the first of them explains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op
from skc.op import Op, parameters, require
from skc.stats.requests import ColumnStats, Covariance, Stat
from skc.values.types import Block, ValueType


@parameters
class Params:
    """None."""


@dataclass(frozen=True)
class State:
    mean: tuple[float, ...]
    slope: tuple[float, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="decorrelate")
    return x


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return (Covariance(),)


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    first = columns[0][Covariance()]
    slopes = (0.0, *(c / first.covariances[0] for c in first.covariances[1:]))
    return State(tuple(stats[Covariance()].mean for stats in columns), slopes)


def apply(params: Params, state: State, x: Block) -> Block:
    centred = x.values - np.array(state.mean)
    return Block("float64", centred - centred[:, :1] * np.array(state.slope))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    centred = op.sub(x.values, const([state.mean]))
    first = op.slice(centred, const([0]), const([1]), const([1]))
    return GraphBlock("float64", x.width, op.sub(centred, op.mul(first, const([state.slope]))))


DECORRELATE: Op[Params, State] = Op(
    "decorrelate",
    "",
    params=Params,
    state=State,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=lambda params, state, k, x: [],
    cases=(),
    needs=needs,
    freeze=freeze,
    arity=lambda params: "block",
)
