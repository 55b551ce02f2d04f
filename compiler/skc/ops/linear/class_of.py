"""The class with the highest score: its label, in the type of the target.

Why: a score is the last bit of a long sum, and a class must not depend on it. Where the scores are inexact, a row whose
best two scores are closer than their rounding errors is refused, so that every language serves the same label.

Example: scores (0.1, 0.7, 0.7) of the classes a, b and c give b: the first of equals, as `np.argmax` does.

Parameters
----------
dtype : string, int64, bool or float64
    The type of the labels.
noise : columns, relative or none
    `columns`: the second half of the columns are bounds of the errors of the first (see `linear_map`). `relative`: the
    error is 1e-10 max(1, |score|). `none`: the scores are exact, and the first of equals wins.
gap : float, default 0
    For scores of a model that compares probabilities: how far two scores, or one score from 0, may be from each other
    and still give probabilities that are equal after rounding.

Input: float64 without null, one score per class; a single one for two classes, of which the second is chosen where the
score is above 0. Output: one column of labels. State: the labels, learned by scikit-learn.

Critical points
---------------
C1  The highest score wins; of equal exact scores the first.
C2  A single score chooses the second class above 0, and the first at 0 and below.
C3  A row is guarded with `tie` where another score is nearer to the best than the sum of their errors, or a single
    score nearer to 0 than its error. An error of 0 makes no tie.
C4  Inexact scores need a `noise` other than `none` (SKC121); scores that may be null are refused (SKC120).
C5  A score that is not a number is a tie; with `noise: none` it is below all others.
C6  A row is guarded with `tie` where another score is within `gap` of the best, but not equal to it, or a single score
    within `gap` of 0, but not 0. `relative` errors are wider than any `gap`, and refused beside one (SKC124).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Known, Names, Op, always, fitted_elsewhere, parameters, refuse, require, require_exact
from skc.ops.linear import _classifiers, _naive_bayes, _thresholds
from skc.ops.linear._scores import (
    Noise,
    best_by,
    lower_best_by,
    lower_noise_of,
    lower_refused,
    noise_of,
    refused,
    score_width,
)
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import KINDS

if TYPE_CHECKING:
    from spox import Var

GUARD = "tie"
Label = str | int | bool | float


@parameters
class Params:
    dtype: Literal["string", "int64", "bool", "float64"]
    noise: Noise = "none"
    gap: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


@dataclass(frozen=True)
class State:
    labels: tuple[Label, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="class_of")
    if x.nullable:
        raise refuse("SKC120", "`class_of` takes scores without null", hint="put `impute` before the model")
    if params.gap and params.noise == "relative":
        raise refuse("SKC124", "`gap` next to `relative` errors", hint="leave out `gap`, or `noise`")
    if params.noise == "none":
        require_exact(x, op="class_of")
    return ValueType(params.dtype)


def apply(params: Params, state: State, x: Block) -> Block:
    width = score_width(params.noise, x.width)
    scores, noise = x.values[:, :width], noise_of(params.noise, x.values, width)
    if width == 1:
        place = (scores > 0).astype(np.int64)
        margin, tie = np.abs(scores), ~(np.abs(scores) >= noise)
    else:
        place = np.argmax(np.where(np.isnan(scores), -np.inf, scores), axis=1)[:, None]
        margin, error = best_by(scores, noise, place)
        tie = refused(margin >= error, place)
    if params.gap:
        is_within = np.any((margin > 0) & (margin <= params.gap), axis=1, keepdims=True)
        tie = is_within if params.noise == "none" else tie | is_within
    labels = np.array(state.labels, dtype=KINDS[params.dtype].numpy)
    block = Block(params.dtype, labels[place])
    return block.guard(GUARD, tie) if params.gap or params.noise != "none" else block


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    width = score_width(params.noise, x.width)
    scores = take_columns(x.values, 0, width) if width < x.width else x.values
    if width == 1:
        place = op.cast(op.greater(scores, const(0.0)), to=np.int64)
    else:
        place = op.arg_max(op.where(op.isnan(scores), const(-math.inf), scores), axis=1, keepdims=1)
    numpy_type = np.str_ if params.dtype == "string" else KINDS[params.dtype].numpy
    block = GraphBlock(params.dtype, 1, op.gather(const(state.labels, numpy_type), place, axis=0))
    if params.noise == "none":
        return block.guard(GUARD, _within(scores, place, params.gap, width)) if params.gap else block
    noise = lower_noise_of(params.noise, x.values, width)
    if width == 1:
        tie = op.equal(op.greater_or_equal(op.abs(scores), noise), const(False))
    else:
        margin, error = lower_best_by(scores, noise, place)
        tie = lower_refused(op.greater_or_equal(margin, error), place, width)
    return block.guard(GUARD, op.or_(tie, _within(scores, place, params.gap, width)) if params.gap else tie)


def _within(scores: Var, place: Var, gap: float, width: int) -> Var:
    """bool [N, 1]: rows in which a score is so near to the best, or a single one to 0, but not equal."""
    distance = op.abs(scores) if width == 1 else op.sub(op.gather_elements(scores, place, axis=1), scores)
    is_near = op.and_(op.greater(distance, const(0.0)), op.less_or_equal(distance, const(gap)))
    if width == 1:
        return is_near
    return op.equal(op.reduce_max(op.cast(is_near, to=np.float64), const([1]), keepdims=1), const(1.0))


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (("class",), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    ends = [1e-10, 1.0, 1e300, math.inf]
    if params.gap:
        ends += [params.gap, math.nextafter(params.gap, math.inf)]
    return [None, 0.0, -0.0, 5e-324, -5e-324, *ends, *(-end for end in ends)]


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    return tuple(sorted(state.labels)) if params.dtype in ("string", "int64") else None


CASES = (
    Case(
        name="the first of equals",
        shows=("C1", "C5"),
        columns={"a": "float64", "b": "float64", "c": "float64"},
        params={"dtype": "string"},
        state=State(("low", "mid", "high")),
        rows=[[0.1, 0.7, 0.2], [0.1, 0.7, 0.7], [0.0, -0.0, 0.0], [math.nan, 1.0, math.inf], [math.nan] * 3],
        expect=[["mid"], ["mid"], ["low"], ["high"], ["low"]],
        names=("class",),
    ),
    Case(
        name="one score",
        shows=("C2",),
        columns={"a": "float64"},
        params={"dtype": "int64"},
        state=State((-1, 2**40)),
        rows=[[0.0], [-0.0], [5e-324], [-1.0], [math.inf]],
        expect=[[-1], [-1], [2**40], [-1], [2**40]],
    ),
    Case(
        name="one score with its error",
        shows=("C2", "C3", "C5"),
        columns={"a": "float64", "noise": "float64"},
        params={"dtype": "bool", "noise": "columns"},
        state=State((False, True)),
        rows=[[0.0, 0.0], [1e-3, 1e-3], [1e-3, 2e-3], [-1e-3, 2e-3], [math.nan, 0.0], [-2.0, 1.0]],
        expect=[[False], [True], [], [], [], [False]],
        guards=[("tie", 2, 0), ("tie", 3, 0), ("tie", 4, 0)],
    ),
    Case(
        name="scores with their errors",
        shows=("C1", "C3", "C5"),
        columns={"a": "float64", "b": "float64", "noise_a": "float64", "noise_b": "float64"},
        params={"dtype": "float64", "noise": "columns"},
        state=State((0.5, 1.5)),
        rows=[[1.0, 1.0, 0.0, 0.0], [1.0, 2.0, 0.5, 0.5], [1.0, 2.0, 0.5, 0.75], [1.0, math.nan, 0.0, 0.0]],
        expect=[[0.5], [1.5], [], []],
        guards=[("tie", 2, 0), ("tie", 3, 0)],
    ),
    Case(
        name="scores with a relative error",
        shows=("C3", "C4"),
        columns={"a": "float64", "b": "float64"},
        params={"dtype": "int64", "noise": "relative"},
        state=State((2, 2**53 + 1)),
        rows=[[1.0, 1.0], [1.0, 1.0 + 1e-11], [1.0, 1.0 + 1e-9], [-1e6, -1e6 + 1e-5], [0.0, 1e-12]],
        expect=[[], [], [2**53 + 1], [], []],
        guards=[("tie", 0, 0), ("tie", 1, 0), ("tie", 3, 0), ("tie", 4, 0)],
    ),
    Case(
        name="one score within a gap",
        shows=("C6",),
        columns={"a": "float64"},
        params={"dtype": "int64", "gap": 0.5},
        state=State((3, 2**53 + 1)),
        rows=[[0.0], [5e-324], [-0.5], [0.5000000000000001], [-1.0]],
        expect=[[3], [], [], [2**53 + 1], [3]],
        guards=[("tie", 1, 0), ("tie", 2, 0)],
    ),
    Case(
        name="scores within a gap",
        shows=("C1", "C5", "C6"),
        columns={"a": "float64", "b": "float64", "c": "float64"},
        params={"dtype": "int64", "gap": 0.5},
        state=State((3, 2**53 + 1, 5)),
        rows=[
            [1.0, 1.0, 0.0],
            [1.0, 1.5, 0.0],
            [1.0, 0.0, 1.25],
            [math.nan, 1.0, 0.25],
            [-math.inf] * 3,
            [5e-324, 0.0, -1.0],
        ],
        expect=[[3], [], [], [2**53 + 1], [3], []],
        guards=[("tie", 1, 0), ("tie", 2, 0), ("tie", 5, 0)],
    ),
    Case(
        name="scores with their errors, within a gap",
        shows=("C3", "C6"),
        columns={"a": "float64", "b": "float64", "noise_a": "float64", "noise_b": "float64"},
        params={"dtype": "int64", "noise": "columns", "gap": 0.5},
        state=State((3, 2**53 + 1)),
        rows=[[1.0, 1.0, 0.0, 0.0], [1.0, 1.5, 0.0, 0.0], [1.0, 1.75, 0.0, 0.0], [1.0, 2.0, 0.5, 0.75]],
        expect=[[3], [], [2**53 + 1], []],
        guards=[("tie", 1, 0), ("tie", 3, 0)],
    ),
    Case(
        name="a gap between inexact scores",
        shows=("C6",),
        columns={"a": "float64", "b": "float64"},
        params={"dtype": "int64", "noise": "relative", "gap": 0.5},
        state=State((2, 3)),
        rows=[],
        expect=[],
        refused="SKC124",
    ),
    Case(
        name="scores that may be null",
        shows=("C4",),
        columns={"a": "float64?", "b": "float64?"},
        params={"dtype": "int64"},
        state=State((2, 3)),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="class_of",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    levels=levels,
    arity=always("block"),
    decides_by=always("last bit"),
    sklearn={**_classifiers.SKLEARN, **_naive_bayes.SKLEARN, **_thresholds.SKLEARN},
    cases=CASES,
)
