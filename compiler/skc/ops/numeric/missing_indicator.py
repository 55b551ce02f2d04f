"""Tell where a value is missing: like scikit-learn's `MissingIndicator`, dense.

Why: that a value is missing often says something by itself, which imputing hides.

Example: `gaps: {from: [age, income], apply: [missing_indicator]}`

Parameters
----------
features : "missing-only" or "all", default "missing-only"
    Which columns have an indicator: those that held a null in fitting, or all.
error_on_new : bool, default true
    Under `missing-only`, refuse a row with a null in a column that held none in fitting; otherwise the null is not
    shown.

Input: every type. Output: bool, never null: a column `missingindicator_NAME` for each column that has an indicator.
State: which columns have one.

Critical points
---------------
C1  A null (in float64 NaN) is true, every other value false: infinities, 0 and "" too.
C2  Under `missing-only` a column without a null in fitting has no indicator; under `all` every column has one.
C3  `error_on_new`: guard `invalid-value` for a null in a column without an indicator.
C4  There may be no output column at all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from skc.emit.blocks import GraphBlock, no_columns, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Concern, Names, Op, parameters, refuse
from skc.ops.numeric._missing import left_as_they_are, with_nulls
from skc.stats.requests import ColumnStats, NullCount, Stat
from skc.translation import Claim, Columns
from skc.values.types import Block, Scalar, ValueType

GUARD = "invalid-value"


@parameters
class Params:
    features: Literal["missing-only", "all"] = "missing-only"
    error_on_new: bool = True


@dataclass(frozen=True)
class State:
    indicator: tuple[bool, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    return ValueType("bool", width=None)


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return () if params.features == "all" else (NullCount(),)


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return State(tuple(params.features == "all" or stats[NullCount()] > 0 for stats in columns))


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    pairs = zip(columns, state.indicator, strict=True)
    return tuple((f"missingindicator_{name}",) if has_one else () for name, has_one in pairs)


def _is_guarded(params: Params, state: State, x: Block | GraphBlock) -> bool:
    may_be_missing = x.kind.is_float or x.valid is not None
    return params.error_on_new and may_be_missing and not all(state.indicator)


def apply(params: Params, state: State, x: Block) -> Block:
    missing, has_one = ~x.present(), np.array(state.indicator, dtype=bool)
    block = Block("bool", missing[:, has_one])
    return block.guard(GUARD, missing & ~has_one) if _is_guarded(params, state, x) else block


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    indicated = [k for k, has_one in enumerate(state.indicator) if has_one]
    if x.kind.is_float:
        missing = op.isnan(x.values)
    else:  # nothing is missing where every value equals itself
        missing = op.not_(op.equal(x.values, x.values) if x.valid is None else x.valid)
    block = no_columns(take_columns(missing, 0, 0), "bool", nullable=False)
    if indicated:
        values = missing if len(indicated) == x.width else op.gather(missing, const(indicated), axis=1)
        block = GraphBlock("bool", len(indicated), values)
    if not _is_guarded(params, state, x):
        return block
    is_new = const([[not has_one for has_one in state.indicator]], np.bool_)
    return block.guard(GUARD, op.and_(missing, is_new))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    match x.dtype:
        case "float64" | "float32":
            return [None, 0.0, -0.0, 5e-324, math.inf, -math.inf]
        case "bool":
            return [None, False, True]
        case "string":
            return [None, "", "nan", "None", "\U0001f600"]
        case "int64" | "timestamp" | "date" | "time":
            return [None, 0, -1, 1]


def degenerate(params: Params, state: State, k: int) -> str | None:
    return None if state.indicator[k] else "no indicator: no null"


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    if state.indicator[k]:
        return []
    text = "no training value is missing, so the column has no indicator"
    return [Concern("SKC230", text, "leave the column out of this step, or write `features: all`")]


CASES = (
    Case(
        name="columns that held a null",
        shows=("C1", "C2"),
        columns={"a": "float64?", "b": "float64?", "c": "float64?"},
        params={"error_on_new": False},
        fit=[[None, 1.0, 2.0], [1.0, 1.0, None]],
        rows=[[None, None, 0.0], [math.inf, 1.0, None], [-0.0, 1.0, 1.0]],
        expect=[[True, False], [False, True], [False, False]],
        names=("missingindicator_a", "missingindicator_c"),
    ),
    Case(
        name="a null where there was none",
        shows=("C2", "C3"),
        columns={"s": "string?", "t": "string?"},
        fit=[["", None], ["x", "y"]],
        rows=[["", None], [None, "y"], ["a", ""]],
        expect=[[True], [], [False]],
        guards=[("invalid-value", 1, 0)],
        names=("missingindicator_t",),
    ),
    Case(
        name="all columns",
        shows=("C1", "C2"),
        columns={"n": "int64?", "m": "int64"},
        params={"features": "all"},
        fit=[[1, 2]],
        rows=[[None, 0], [0, 1]],
        expect=[[True, False], [False, False]],
        names=("missingindicator_n", "missingindicator_m"),
    ),
    Case(
        name="what is never null",
        shows=("C1",),
        columns={"d": "date", "e": "date"},
        params={"features": "all"},
        fit=[],
        rows=[[0, 1], [-1, 0]],
        expect=[[False, False], [False, False]],
    ),
    Case(
        name="times",
        shows=("C1",),
        columns={"t": "timestamp?"},
        params={"features": "all"},
        fit=[],
        rows=[[0], [None]],
        expect=[[False], [True]],
    ),
    Case(
        name="no column at all",
        shows=("C4",),
        columns={"b": "bool?"},
        fit=[[True]],
        rows=[[True], [None]],
        expect=[[], []],
        guards=[("invalid-value", 1, 0)],
        names=(),
    ),
)


def _from_sklearn(indicator: Any, x: Columns) -> Columns:
    if any(left_as_they_are(indicator.missing_values, x)):
        name = next(name for name, mark in zip(x.names, x.marks, strict=True) if mark == "None")
        message = f"column `{name}` has None, which a MissingIndicator of NaN does not take for missing"
        raise refuse("SKC151", message, hint="use `missing_values=None`")
    x = with_nulls(indicator.missing_values, x)
    chosen = set(indicator.features_.tolist())
    state = State(tuple(k in chosen for k in range(len(x.types))))
    return x.apply(OP, Params(features=indicator.features, error_on_new=indicator.error_on_new), state)


def shown(x: Columns, positions: Sequence[int]) -> Columns:
    """The indicators of some columns, as an imputer with `add_indicator` appends them."""
    state = State((True,) * len(positions))
    return x.pick(positions).apply(OP, Params(features="all"), state)


SKLEARN = {
    "sklearn.impute.MissingIndicator": Claim(_from_sklearn, ("missing_values", "features", "error_on_new"), ("sparse",))
}

OP = Op(
    name="missing_indicator",
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
    degenerate=degenerate,
    concerns=concerns,
    null_blind=True,
    sklearn=SKLEARN,
    cases=CASES,
)
