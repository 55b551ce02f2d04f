"""A classifier for each pair of classes: how many of its pairs each class wins, and by how much.

Why: a support vector machine for more than two classes is a vote of the machines for every two of them. A vote is the
sign of a long sum, so a row for which one is within the rounding error of that sum is refused.

Example: for the classes a, b and c the decisions -1 (a or b), 2 (a or c) and 3 (b or c) give a one vote, b none and c
two.

Parameters
----------
output : votes or scores
    `votes`: the number of pairs that each class wins. `scores`: votes + s / (3 (|s| + 1)), where s is the sum of the
    decisions for a class less that of those against it; then, for each score, the bound of its error.
noise : columns, relative or none
    The errors of the decisions: the second half of the columns, 1e-10 max(1, |decision|), or 0.

Input: float64 without null, a decision per pair: (0, 1), (0, 2), …, (1, 2), … Output: float64, one column per class,
and its error for `scores`. State: the names of the classes, learned by scikit-learn.

Critical points
---------------
C1  A decision above 0 is a vote for the second class of the pair, one below 0 for the first.
C2  A row is guarded with `tie` where a decision is not farther from 0 than its error, so also where it is 0, and where
    it is infinite or not a number; so is one with an error below 0.
C3  A score lies between votes - 1/3 and votes + 1/3: it decides only between classes of as many votes.
C4  A row of `scores` is guarded with `rounding-noise` where the errors of the decisions may move one by 1e-6.
C5  Decisions that may be null are refused (SKC120).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Names, Op, always, fitted_elsewhere, parameters, refuse, require
from skc.ops.distance._metrics import any_column, lower_not_all
from skc.ops.linear import _multiclass
from skc.ops.linear._noise import error_bound
from skc.ops.linear._scores import Noise, lower_noise_of, noise_of, score_width
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.agreement import TOLERANCE
from skc_runtime.kinds import Array


@parameters
class Params:
    output: Literal["votes", "scores"]
    noise: Noise = "none"


@dataclass(frozen=True)
class State:
    classes: tuple[str, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="one_vs_one")
    if x.nullable:
        raise refuse("SKC120", "`one_vs_one` takes decisions without null", hint="put `impute` before the model")
    return x.with_(exact=params.output == "votes", width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    width, classes = score_width(params.noise, x.width), len(state.classes)
    decisions, noise = x.values[:, :width], noise_of(params.noise, x.values, width)
    votes, sums, errors, size = (np.zeros((x.rows, classes)) for _ in range(4))
    for k, pair in enumerate(combinations(range(classes), 2)):
        for c, sign in zip(pair, (-1, 1), strict=True):
            votes[:, c] += np.sign(decisions[:, k]) == sign
            sums[:, c] += sign * decisions[:, k]
            errors[:, c] += noise[:, k]
            size[:, c] += np.abs(decisions[:, k])
    tie = any_column(~((np.abs(decisions) > noise) & (np.abs(decisions) < math.inf) & (noise >= 0)))
    if params.output == "votes":
        return Block("float64", votes).guard("tie", tie)
    errors = (errors + (size + classes) * error_bound(classes)) / 3
    block = Block("float64", np.hstack([votes + sums / (3 * (np.abs(sums) + 1)), errors]))
    return block.guard("tie", tie).guard("rounding-noise", any_column(~(np.abs(errors) < TOLERANCE)))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    width, classes = score_width(params.noise, x.width), len(state.classes)
    decisions = take_columns(x.values, 0, width) if width < x.width else x.values
    size = op.abs(decisions)
    least = const(0.0) if params.noise == "none" else lower_noise_of(params.noise, x.values, width)
    known = op.greater(size, least)
    if params.noise != "relative":  # with which an infinity is as large as its error
        known = op.and_(known, op.less(size, const(math.inf)))
    if params.noise == "columns":
        known = op.and_(known, op.greater_or_equal(least, const(0.0)))
    tie = lower_not_all(known, width)
    signs = _signs(classes)
    is_second = op.cast(op.greater(decisions, const(0.0)), to=np.int64)
    # a vote for the first class is one less a vote for the second; of integers, for a sum that is exact
    won = op.matmul(is_second, const(signs.astype(np.int64)))
    votes = op.cast(op.add(won, const((signs < 0).sum(axis=0)[None])), to=np.float64)
    if params.output == "votes":
        return GraphBlock("float64", classes, votes).guard("tie", tie)
    sums, pairs = op.matmul(decisions, const(signs)), const(np.abs(signs))
    moved = op.mul(op.add(op.matmul(size, pairs), const(float(classes))), const(error_bound(classes)))
    if params.noise != "none":
        moved = op.add(moved, op.matmul(least, pairs))
    errors = op.div(moved, const(3.0))
    scores = op.add(votes, op.div(sums, op.mul(op.add(op.abs(sums), const(1.0)), const(3.0))))
    block = GraphBlock("float64", 2 * classes, concat_columns([scores, errors])).guard("tie", tie)
    return block.guard("rounding-noise", lower_not_all(op.less(op.abs(errors), const(TOLERANCE)), classes))


def _signs(classes: int) -> Array:
    """[pairs, classes]: -1 for the first class of a pair, 1 for the second."""
    pairs = list(combinations(range(classes), 2))
    signs = np.zeros((len(pairs), classes))
    signs[range(len(pairs)), [first for first, _ in pairs]] = -1
    signs[range(len(pairs)), [second for _, second in pairs]] = 1
    return signs


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    errors = tuple(f"noise{c}" for c in range(len(state.classes))) if params.output == "scores" else ()
    return ((*state.classes, *errors), *((),) * (len(names) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    if k >= len(state.classes) * (len(state.classes) - 1) // 2:
        return [0.0, 5e-324, 1e-10, 1e-8, 1e-6, 1.0, math.inf]
    ends = [1e-10, math.nextafter(1e-10, 1.0), 1.0, 1e4, 1e6, 1e9, 1e300, math.inf]
    return [None, 0.0, -0.0, 5e-324, -5e-324, *ends, *(-end for end in ends)]


ABC = ("a", "b", "c")
PAIRS = {"ab": "float64", "ac": "float64", "bc": "float64"}
CASES = (
    Case(
        name="votes",
        shows=("C1", "C2"),
        columns=PAIRS,
        params={"output": "votes"},
        state=State(ABC),
        rows=[[-1.0, 2.0, 3.0], [-1.0, 2.0, -5e-324], [5e-324, -1.0, -1e300], [1.0, 0.0, 1.0], [1.0, 1.0, -0.0]],
        expect=[[1.0, 0.0, 2.0], [1.0, 1.0, 1.0], [1.0, 2.0, 0.0], [], []],
        guards=[("tie", 3, 0), ("tie", 4, 0)],
        names=ABC,
    ),
    Case(
        name="votes by inexact decisions",
        shows=("C2",),
        columns=PAIRS,
        params={"output": "votes", "noise": "relative"},
        state=State(ABC),
        rows=[[-1e-9, 1e-9, 1.0], [1e-10, 1.0, 1.0], [math.inf, 1.0, 1.0], [math.nan, 1.0, 1.0], [1e9, -1e9, 1.0]],
        expect=[[1.0, 0.0, 2.0], [], [], [], [1.0, 1.0, 1.0]],
        guards=[("tie", row, 0) for row in (1, 2, 3)],
    ),
    Case(
        name="scores",
        shows=("C1", "C3", "C4"),
        columns=PAIRS,
        params={"output": "scores"},
        state=State(ABC),
        rows=[[-1.0, 2.0, -2.0], [1.0, 1.0, 1.0], [1e9, 1e9, 1e9]],
        # the sums are (-1, 1, 0), then (-2, 0, 2)
        expect=[
            [1 - 1 / 6, 1 + 1 / 6, 1.0, 6 * 19 * 2.0**-52 / 3, 6 * 19 * 2.0**-52 / 3, 7 * 19 * 2.0**-52 / 3],
            [0 - 2 / 9, 1.0, 2 + 2 / 9, *[5 * 19 * 2.0**-52 / 3] * 3],
            [],
        ],
        guards=[("rounding-noise", 2, 0)],
        names=(*ABC, "noise0", "noise1", "noise2"),
    ),
    Case(
        name="scores with the errors of the decisions",
        shows=("C2", "C4"),
        columns={**PAIRS, "noise_ab": "float64", "noise_ac": "float64", "noise_bc": "float64"},
        params={"output": "scores", "noise": "columns"},
        state=State(ABC),
        rows=[
            [-1.0, 2.0, -2.0, 0.0, 3e-7, 0.0],
            [-1.0, 2.0, -2.0, 0.0, 3e-6, 0.0],
            [-1.0, 2.0, -2.0, 1.0, 0.0, 0.0],
            [-1.0, 2.0, -2.0, 0.0, math.nan, 0.0],
            [2.0, -1.0, 1.0, 3e-8, 0.0, 6e-8],
            [1.0, 1.0, 1.0, 0.0, 0.0, 0.0],
        ],
        # the sums are (-1, 1, 0), then (-1, 1, 0) and (-2, 0, 2)
        expect=[
            [1 - 1 / 6, 1 + 1 / 6, 1.0, 1e-7, 6 * 19 * 2.0**-52 / 3, 1e-7],
            [],
            [],
            [],
            [1 - 1 / 6, 1 + 1 / 6, 1.0, 1e-8, 3e-8, 2e-8],
            [0 - 2 / 9, 1.0, 2 + 2 / 9, *[5 * 19 * 2.0**-52 / 3] * 3],
        ],
        guards=[
            ("rounding-noise", 1, 0),
            ("tie", 2, 0),
            ("rounding-noise", 2, 0),
            ("tie", 3, 0),
            ("rounding-noise", 3, 0),
        ],
    ),
    Case(
        name="decisions that may be null",
        shows=("C5",),
        columns={"ab": "float64?"},
        params={"output": "votes"},
        state=State(("a", "b")),
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="one_vs_one",
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
    is_whole=lambda params, x: params.output == "votes",
    sklearn=_multiclass.SKLEARN,
    cases=CASES,
)
