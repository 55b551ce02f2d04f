"""Probabilities of classes from their scores, by the link of the model: softmax, sigmoid, one against the rest.

Why: a classifier decides by scores and is used by probabilities. The order of operations is scikit-learn's.

Example: the scores 0, 0 and log 2 become 0.25, 0.25 and 0.5 by `softmax`.

Parameters
----------
link : softmax, sigmoid, one_vs_rest, modified_huber or shares
    `softmax`: exp(score - best) over their sum. `sigmoid`: p = 1 / (1 + exp(-score)) of a single score, returned as
    1 - p and p. `one_vs_rest`: a sigmoid of each score, divided by their sum. `modified_huber`: (clip(score, -1, 1) +
    1) / 2, of a single score as 1 - p and p, of several divided by their sum. `shares`: the scores are probabilities
    already, p as 1 - p and p, several divided by their sum.
noise : columns or none
    `columns`: the second half of the columns are bounds of the errors of the first (see `linear_map`).
error : float, default 0
    Of `shares`: a bound of the error of each score.

Input: float64 scores without null. Output: float64, one column per class. State: the names of the classes.

Critical points
---------------
C1  Softmax subtracts the best score first, so that no exp overflows; a score 800 below the best has the probability 0.
C2  The sigmoid of a score below -709 is 0: 1 / (1 + inf), as in SciPy. One of a large score is 1.
C3  Where every class has the probability 0, each gets 1 / number of classes.
C4  With errors in columns, a row is guarded with `rounding-noise` where the difference of two scores is so uncertain
    that a softmax may differ by more than 1e-6. Far from the best score that does not matter.
C5  Of several scores by `modified_huber`, a row is guarded where all are so near to -1 that their sum is noise; by
    `shares`, where all are so near to 0 and not all are 0.
C6  Scores that may be null are refused (SKC120).
C7  With an `error`, several shares are guarded where it may move one by more than 1e-6: the error of a share of n is at
    most max(1, n - 1) error / sum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, concat_columns, elementwise, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.linear._scores import best_by, lower_best_by, lower_noise_of, lower_refused, refused, score_width
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.agreement import TOLERANCE, allowed_error
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

GUARD = "rounding-noise"
NEAR = 1e-6  # a sum of probabilities below this, of scores that may all be -1


@parameters
class Params:
    link: Literal["softmax", "sigmoid", "one_vs_rest", "modified_huber", "shares"]
    noise: Literal["columns", "none"] = "none"
    error: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0


@dataclass(frozen=True)
class State:
    classes: tuple[str, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="class_probability")
    if x.nullable:
        raise refuse("SKC120", "`class_probability` takes scores without null", hint="put `impute` before the model")
    return x.with_(exact=x.exact and params.link in ("modified_huber", "shares"), width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    width = score_width(params.noise, x.width)
    scores = x.values[:, :width]
    if params.link == "softmax":
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        block = Block("float64", powers / powers.sum(axis=1, keepdims=True))
        if params.noise == "none":
            return block
        place = np.argmax(scores, axis=1)[:, None]
        margin, error = best_by(scores, x.values[:, width:], place)
        return block.guard(GUARD, refused(error < allowed_error(margin), place))
    each = _each(params, scores)
    if width == 1:
        return Block("float64", np.hstack([1 - each, each]))
    total = np.cumsum(each, axis=1)[:, -1:]  # from left to right
    shares = each / np.where(total == 0, 1, total)
    block = Block("float64", np.where(total == 0, 1 / width, shares))
    if params.link == "one_vs_rest":
        return block
    is_clipped = params.link == "modified_huber"
    is_some = scores.max(axis=1, keepdims=True) > -1 - NEAR if is_clipped else total != 0
    return block.guard(GUARD, (np.abs(total) < _least_total(params, width)) & is_some)


def _least_total(params: Params, width: int) -> float:
    """The sum of so many scores below which their errors may move a share by more than the tolerance.

    The errors e of the scores move the share s = p / t by ((1 - s) e_own - s (the other e)) / t. That is linear in s,
    so it is at most e / t or (n - 1) e / t.
    """
    return max(NEAR, max(1, width - 1) * params.error / TOLERANCE)


def _each(params: Params, scores: Array) -> Array:
    """The probability by each score alone."""
    if params.link == "shares":
        return scores
    return (np.clip(scores, -1, 1) + 1) / 2 if params.link == "modified_huber" else 1 / (1 + np.exp(-scores))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    width, classes = score_width(params.noise, x.width), len(state.classes)
    scores = take_columns(x.values, 0, width) if width < x.width else x.values
    if params.link == "softmax":
        powers = elementwise(op.exp, op.sub(scores, op.reduce_max(scores, const([1]), keepdims=1)), width)
        block = GraphBlock("float64", classes, op.div(powers, _sum(powers, width)))
        return block if params.noise == "none" else block.guard(GUARD, _uncertain(x.values, scores, width))
    if params.link == "modified_huber":
        each = op.div(op.add(op.clip(scores, const(-1.0), const(1.0)), const(1.0)), const(2.0))
    elif params.link == "shares":
        each = scores
    else:
        each = op.div(const(1.0), op.add(const(1.0), elementwise(op.exp, op.neg(scores), width)))
    if width == 1:
        return GraphBlock("float64", classes, concat_columns([op.sub(const(1.0), each), each]))
    total = _sum(each, width)
    nothing = op.equal(total, const(0.0))
    shares = op.div(each, op.where(nothing, const(1.0), total))
    block = GraphBlock("float64", classes, op.where(nothing, const([[1 / width] * width]), shares))
    if params.link == "one_vs_rest":
        return block
    if params.link == "shares":
        is_some = op.not_(nothing)
    else:
        is_some = op.greater(op.reduce_max(scores, const([1]), keepdims=1), const(-1 - NEAR))
    return block.guard(GUARD, op.and_(op.less(op.abs(total), const(_least_total(params, width))), is_some))


def _sum(x: Var, width: int) -> Var:
    """[N, 1]. By a product with ones: the sum that ReduceSum gives depends on the batch."""
    return op.matmul(x, const(np.ones((width, 1))))


def _uncertain(values: Var, scores: Var, width: int) -> Var:
    place = op.arg_max(scores, axis=1, keepdims=1)
    margin, error = lower_best_by(scores, lower_noise_of("columns", values, width), place)
    allowed = op.mul(op.max([margin, const([[1.0]])]), const(TOLERANCE))
    return lower_refused(op.less(error, allowed), place, width)


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return (state.classes, *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    if params.link == "shares":
        least = _least_total(params, len(state.classes))
        edges = [part * edge for edge in dict.fromkeys((NEAR, least)) for part in (0.5, 1, 2)]
        return [0.0, 5e-324, 1e-10, *edges, 0.25, 1.0]
    ends = [1e-10, 1.0, 40.0, 709.0, 710.0, 746.0, 1e300]
    if params.link == "modified_huber":
        ends += [1 + part * NEAR for part in (-4, -1, 0.5, 1, 5)]
    return [0.0, -0.0, 5e-324, *ends, *(-end for end in ends)]


CASES = (
    Case(
        name="softmax",
        shows=("C1",),
        columns={"a": "float64", "b": "float64", "c": "float64"},
        params={"link": "softmax"},
        state=State(("a", "b", "c")),
        rows=[[0.0, 0.0, math.log(2)], [1e300, 0.0, 1e300], [800.0, 0.0, -1e308]],
        expect=[[0.25, 0.25, 0.5], [0.5, 0.0, 0.5], [1.0, 0.0, 0.0]],
        names=("a", "b", "c"),
    ),
    Case(
        name="softmax of uncertain scores",
        shows=("C4",),
        columns={"a": "float64", "b": "float64", "noise_a": "float64", "noise_b": "float64"},
        params={"link": "softmax", "noise": "columns"},
        state=State(("no", "yes")),
        rows=[[0.0, 0.0, 1e-9, 1e-9], [0.0, 0.0, 0.0, 1e-5], [1e6, 0.0, 1e-3, 1e-3], [1.0, 0.0, 1e-6, 0.0]],
        expect=[[0.5, 0.5], [], [1.0, 0.0], []],
        guards=[("rounding-noise", 1, 0), ("rounding-noise", 3, 0)],
    ),
    Case(
        name="sigmoid",
        shows=("C2",),
        columns={"a": "float64"},
        params={"link": "sigmoid"},
        state=State(("no", "yes")),
        rows=[[0.0], [-750.0], [750.0], [math.log(3)]],
        expect=[[0.5, 0.5], [1.0, 0.0], [0.0, 1.0], [0.25, 0.75]],
    ),
    Case(
        name="one against the rest",
        shows=("C2", "C3"),
        columns={"a": "float64", "b": "float64"},
        params={"link": "one_vs_rest"},
        state=State(("x", "y")),
        rows=[[0.0, 0.0], [-800.0, -900.0], [-800.0, 0.0], [math.log(3), 0.0]],
        expect=[[0.5, 0.5], [0.5, 0.5], [0.0, 1.0], [0.6, 0.4]],
    ),
    Case(
        name="modified Huber loss of one score",
        shows=("C2",),
        columns={"a": "float64"},
        params={"link": "modified_huber"},
        state=State(("no", "yes")),
        rows=[[0.0], [-1.0], [1.5], [0.5]],
        expect=[[0.5, 0.5], [1.0, 0.0], [0.0, 1.0], [0.25, 0.75]],
    ),
    Case(
        name="modified Huber loss",
        shows=("C3", "C5"),
        columns={"a": "float64", "b": "float64"},
        params={"link": "modified_huber"},
        state=State(("x", "y")),
        rows=[[0.5, 0.0], [-2.0, -1.5], [-1.0, -2.0], [-1 + 1e-9, -3.0]],
        expect=[[0.6, 0.4], [0.5, 0.5], [], []],
        guards=[("rounding-noise", 2, 0), ("rounding-noise", 3, 0)],
    ),
    Case(
        name="shares",
        shows=("C3", "C5"),
        columns={"a": "float64", "b": "float64", "c": "float64"},
        params={"link": "shares"},
        state=State(("x", "y", "z")),
        rows=[[0.5, 0.25, 0.25], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0], [1e-9, 0.0, 0.0], [1e-6, 0.0, 1e-6]],
        expect=[[0.5, 0.25, 0.25], [1.0, 0.0, 0.0], [1 / 3] * 3, [], [0.5, 0.0, 0.5]],
        guards=[("rounding-noise", 3, 0)],
    ),
    Case(
        name="shares of scores with an error",
        shows=("C7",),
        columns={"a": "float64", "b": "float64", "c": "float64"},
        params={"link": "shares", "error": 2.0**-30},
        state=State(("x", "y", "z")),
        # the least sum is 2 * 2**-30 / 1e-6 = 0.001862645149230957
        rows=[[0.0018, 0.0, 0.0], [0.001862, 0.0, 0.0], [0.001863, 0.0, 0.0], [0.0] * 3, [0.001, 0.0005, 0.0005]],
        expect=[[], [], [1.0, 0.0, 0.0], [1 / 3] * 3, [0.5, 0.25, 0.25]],
        guards=[("rounding-noise", 0, 0), ("rounding-noise", 1, 0)],
    ),
    Case(
        name="the share of one class",
        shows=("C3",),
        columns={"a": "float64"},
        params={"link": "shares"},
        state=State(("no", "yes")),
        rows=[[0.25], [0.0]],
        expect=[[0.75, 0.25], [1.0, 0.0]],
    ),
    Case(
        name="scores that may be null",
        shows=("C6",),
        columns={"a": "float64?"},
        params={"link": "sigmoid"},
        state=State(("no", "yes")),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="class_probability",
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
    cases=CASES,
)
