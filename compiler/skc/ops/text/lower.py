"""Lower the case of texts, as Python's `str.lower` does, without a locale.

Why: `Berlin`, `BERLIN` and `berlin` are one city to a reader and three to an encoder.

Example: `city: {from: city, apply: [lower, one_hot]}`

Parameters
----------
longest : int, 1 to 1048576, default 65536
    A text of more characters is refused.

Input: string. Output: string; null stays null. State: the characters that change and what each becomes.

Critical points
---------------
C1  `İ` becomes `i` and a combining dot, `ß` stays, and so do digits, emoji and what has no case.
C2  A capital sigma at the end of a word becomes `ς`, elsewhere `σ`; see `fold_text`.
C3  A text of more than `longest` characters has the guard `out-of-range`; one of just as many is served.
C4  An empty text stays empty, and null stays null.
"""

from __future__ import annotations

from collections.abc import Sequence

from skc.emit.blocks import GraphBlock
from skc.op import Case, Known, Op, parameters
from skc.ops.text._characters import folds
from skc.ops.text._folding import (
    LONGEST,
    Longest,
    State,
    folded,
    folded_in_graph,
    folded_levels,
    folded_type,
    state_of,
    texts_that_stay,
    texts_to_fold,
)
from skc.stats.requests import ColumnStats
from skc.values.types import Block, Scalar, ValueType


@parameters
class Params:
    longest: Longest = LONGEST


def infer(params: Params, x: ValueType) -> ValueType:
    return folded_type(x, op="lower")


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return state_of(folds(True, None), len(columns), has_sigma=True)


def apply(params: Params, state: State, x: Block) -> Block:
    return folded(state, x, params.longest)


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    return folded_in_graph(state, x, params.longest)


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    return folded_levels(state, k, known)


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return texts_to_fold(state, k, params.longest)


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return texts_that_stay(state, k, values)


CASES = (
    Case(
        name="lower case",
        shows=("C1", "C4"),
        columns={"s": "string?"},
        params={"longest": 1000},
        rows=[["Great FILM"], ["İI"], ["ẞß"], ["ÉÉ"], ["😀ＡǅⅧ"], ["K"], [""], [None]],
        expect=[["great film"], ["i̇i"], ["ßß"], ["éé"], ["😀ａǆⅷ"], ["k"], [""], [None]],
    ),
    Case(
        name="a final sigma",
        shows=("C2",),
        columns={"s": "string?"},
        params={"longest": 1000},
        rows=[["ΟΔΟΣ ΣΟΦΟΣ"], ["Σ"], ["ΑΣ'Α"], ["ΑΣ'"], [""], [None]],
        expect=[["οδος σοφος"], ["σ"], ["ασ'α"], ["ας'"], [""], [None]],
    ),
    Case(
        name="the longest text, and a longer one, beside another column",
        shows=("C3", "C4"),
        columns={"s": "string", "t": "string?"},
        params={"longest": 3},
        rows=[["123", "1"], ["1234", None], ["", "😀中1"]],
        expect=[["123", "1"], [], ["", "😀中1"]],
        guards=[("out-of-range", 1, 0)],
    ),
)

OP = Op(
    name="lower",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=freeze,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    levels=levels,
    carry_back=carry_back,
    cases=CASES,
    uses_unicode=True,
)
