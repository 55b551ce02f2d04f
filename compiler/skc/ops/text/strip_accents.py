"""Remove accents from texts, like the `strip_accents` of scikit-learn's text vectorizers.

Why: `Köln` and `Koln`, `São Paulo` and `Sao Paulo` are the same place.

Example: `city: {from: city, apply: [strip_accents, one_hot]}`

Parameters
----------
to : "unicode" or "ascii", default "unicode"
    Replace each character by its compatibility decomposition (NFKD), and remove the combining marks (`unicode`), or
    everything that is not ASCII (`ascii`).
longest : int, 1 to 1048576, default 65536
    A text of more characters is refused.

Input: string. Output: string; null stays null. State: the characters that change and what each becomes.

Critical points
---------------
C1  Accents go whether they are part of a character (NFC) or follow it (NFD). Ligatures and full-width forms are taken
    apart: `ﬁ` becomes `fi`, a no-break space a space, a Hangul syllable its letters.
C2  `ø`, `ß` and `ł` have no accent in Unicode, and stay under `unicode`. Case stays.
C3  Under `ascii`, what has no ASCII in its decomposition leaves nothing: `ß`, `中`, emoji.
C4  A text of more than `longest` characters has the guard `out-of-range`; one of just as many is served.
C5  An empty text stays empty, and null stays null.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

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
    to: Literal["unicode", "ascii"] = "unicode"
    longest: Longest = LONGEST


def infer(params: Params, x: ValueType) -> ValueType:
    return folded_type(x, op="strip_accents")


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return state_of(folds(False, params.to), len(columns))


def apply(params: Params, state: State, x: Block) -> Block:
    return folded(state, x, params.longest, only_ascii=params.to == "ascii")


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    return folded_in_graph(state, x, params.longest, only_ascii=params.to == "ascii")


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    return folded_levels(state, k, known, only_ascii=params.to == "ascii")


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return texts_to_fold(state, k, params.longest, only_ascii=params.to == "ascii")


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return texts_that_stay(state, k, values, only_ascii=params.to == "ascii")


CASES = (
    Case(
        name="accents of both normal forms",
        shows=("C1", "C2", "C5"),
        columns={"s": "string?"},
        params={"longest": 1000},
        rows=[["Köln CAFFÈ"], ["ﬁ\xa0Ａ"], ["가"], ["ø ß ł İ Σς"], ["½"], [""], [None]],
        expect=[["Koln CAFFE"], ["fi A"], ["가"], ["ø ß ł I Σς"], ["1⁄2"], [""], [None]],
    ),
    Case(
        name="only ASCII is left",
        shows=("C3", "C5"),
        columns={"s": "string?"},
        params={"longest": 1000, "to": "ascii"},
        rows=[["Éß中😀ﬁ X"], ["ø½"], ["Łódź"], [""], [None]],
        expect=[["Efi X"], ["12"], ["odz"], [""], [None]],
    ),
    Case(
        name="the longest text, and a longer one, beside another column",
        shows=("C4", "C5"),
        columns={"s": "string", "t": "string?"},
        params={"longest": 3},
        rows=[["123", "1"], ["1234", None], ["", "😀中1"]],
        expect=[["123", "1"], [], ["", "😀中1"]],
        guards=[("out-of-range", 1, 0)],
    ),
)

OP = Op(
    name="strip_accents",
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
