"""Fold the case of texts for comparison, as Python's `str.casefold` does, without a locale.

Why: it makes more spellings equal than `lower`: `Straße`, `STRASSE` and `strasse` are one word.

Example: `word: {from: word, apply: [casefold, one_hot]}`

Parameters
----------
longest : int, 1 to 1048576, default 65536
    A text of more characters is refused.

Input: string. Output: string; null stays null. State: the characters that change and what each becomes.

Critical points
---------------
C1  `ß` and `ẞ` become `ss`, `ﬁ` becomes `fi`, and both sigmas and every other become `σ`.
C2  `İ` becomes `i` and a combining dot, `ı` stays; accents stay, and so does what has no case.
C3  A text of more than `longest` characters has the guard `out-of-range`; one of just as many is served.
C4  An empty text stays empty, and null stays null.
"""

from __future__ import annotations

from collections.abc import Sequence

from skc.emit.blocks import GraphBlock
from skc.op import Case, Known, Op, parameters
from skc.ops.text._folding import (
    LONGEST,
    Longest,
    State,
    case_folds,
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
    return folded_type(x, op="casefold")


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return state_of(case_folds(), len(columns))


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
        name="spellings that become equal",
        shows=("C1", "C4"),
        columns={"s": "string?"},
        params={"longest": 1000},
        rows=[
            ["Straße STRASSE ẞ"],
            ["ﬁ"],
            ["ΟΔΟΣ ς"],
            ["ß" * 1000],
            [""],
            [None],
        ],
        expect=[
            ["strasse strasse ss"],
            ["fi"],
            ["οδοσ σ"],
            ["s" * 2000],
            [""],
            [None],
        ],
    ),
    Case(
        name="other characters",
        shows=("C2",),
        columns={"s": "string?"},
        params={"longest": 1000},
        rows=[["İIı"], ["ÉÉ"], ["😀1Ａ中"], ["Ꭰꭰ"], [""], [None]],
        expect=[["i̇iı"], ["éé"], ["😀1ａ中"], ["ᎠᎠ"], [""], [None]],
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
    name="casefold",
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
