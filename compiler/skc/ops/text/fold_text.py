"""Lower the case of texts and strip accents, so that spellings that mean the same become equal.

Why: `Caffè`, `caffè` and `CAFFE` are one word to a reader and three categories to an encoder. Like the preprocessing of
scikit-learn's `CountVectorizer(lowercase=True, strip_accents=None)`, without a locale: the tables of the Python that
fits are part of the state, so every machine folds alike.

Example: `city: {from: city, apply: [{fold_text: {strip_accents: unicode}}, one_hot]}`

Parameters
----------
lowercase : bool, default true
    Lower the case, as Python's `str.lower` does.
strip_accents : null, "ascii" or "unicode", default null
    After that, replace each character by its compatibility decomposition (NFKD) and remove the combining marks
    (`unicode`), or everything that is not ASCII (`ascii`).
longest : int, 1 to 1048576, default 65536
    A text of more characters is refused.

Input: string. Output: string; null stays null. State: the characters that change and what each becomes, and those
that decide how a capital sigma ends.

Critical points
---------------
C1  Lowering is Python's: `İ` becomes `i` and a combining dot, `ß` stays, and so do digits, emoji and what has no case.
C2  A capital sigma at the end of a word becomes `ς`, elsewhere `σ`: it ends one if a cased letter precedes it and none
    follows, apart from case-ignorable characters such as an apostrophe or a combining mark.
C3  `unicode` removes accents whether they are part of a character (NFC) or follow it (NFD), and takes ligatures and
    full-width forms apart: `ﬁ` becomes `fi`, a no-break space a space, a Hangul syllable its letters.
C4  `ascii` removes every character that has no ASCII in its decomposition: `ß`, `中` and emoji leave nothing.
C5  An empty text stays empty, and null stays null.
C6  A text of more than `longest` characters has the guard `out-of-range`; one of just as many is folded.
"""

from __future__ import annotations

from collections.abc import Sequence

from skc.emit.blocks import GraphBlock
from skc.op import Case, Known, Op, parameters, refuse
from skc.ops.text import _folding
from skc.ops.text._characters import Accents, folds
from skc.ops.text._folding import (
    LONGEST,
    Longest,
    State,
    folded,
    folded_in_graph,
    folded_levels,
    folded_type,
    texts_that_stay,
    texts_to_fold,
)
from skc.stats.requests import ColumnStats
from skc.values.types import Block, Scalar, ValueType


@parameters
class Params:
    lowercase: bool = True
    strip_accents: Accents = None
    longest: Longest = LONGEST


def infer(params: Params, x: ValueType) -> ValueType:
    folded_type(x, op="fold_text")
    if not params.lowercase and params.strip_accents is None:
        raise refuse("SKC124", "`fold_text` changes nothing: no case and no accents", hint="remove the step")
    return x


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return state_of(params, len(columns))


def state_of(params: Params, width: int) -> State:
    """The tables of the Python that runs, for each column."""
    has_sigma = params.lowercase and params.strip_accents != "ascii"
    return _folding.state_of(folds(params.lowercase, params.strip_accents), width, has_sigma=has_sigma)


def _is_ascii(params: Params) -> bool:
    return params.strip_accents == "ascii"


def apply(params: Params, state: State, x: Block) -> Block:
    return folded(state, x, params.longest, only_ascii=_is_ascii(params))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    return folded_in_graph(state, x, params.longest, only_ascii=_is_ascii(params))


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    return folded_levels(state, k, known, only_ascii=_is_ascii(params))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return texts_to_fold(state, k, params.longest, only_ascii=_is_ascii(params))


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return texts_that_stay(state, k, values, only_ascii=_is_ascii(params))


CASES = (
    Case(
        name="lower case",
        shows=("C1", "C5"),
        columns={"s": "string?"},
        params={"longest": 1000},
        rows=[["Great FILM"], ["İI"], ["ẞß"], ["ÉCOLE"], ["E\u0301"], ["😀A1_"], ["ＡＢ 中"], [""], [None]],
        expect=[
            ["great film"],
            ["i\u0307i"],
            ["ßß"],
            ["école"],
            ["e\u0301"],
            ["😀a1_"],
            ["ａｂ 中"],
            [""],
            [None],
        ],
    ),
    Case(
        name="a final sigma",
        shows=("C2",),
        columns={"s": "string"},
        params={"longest": 1000},
        rows=[["ΟΔΟΣ ΣΟΦΟΣ"], ["Σ"], ["1Σ"], ["ΑΣ'Α"], ["ΑΣ'"], ["Α\u0301Σ\u0301Α"], ["ΣΣ ΣΣ1"], ["ΑΣ😀Α"]],
        expect=[["οδος σοφος"], ["σ"], ["1σ"], ["ασ'α"], ["ας'"], ["α\u0301σ\u0301α"], ["σς σς1"], ["ας😀α"]],
    ),
    Case(
        name="accents, whatever the normal form",
        shows=("C3", "C5"),
        columns={"s": "string?"},
        params={"longest": 1000, "strip_accents": "unicode"},
        rows=[["Caffè CAFFE\u0300"], ["ﬁ\u00a0Ａ"], ["½ ß ø"], ["가"], ["ΆΣ"], ["İ"], [None], [""]],
        expect=[["caffe caffe"], ["fi a"], ["1⁄2 ß ø"], ["\u1100\u1161"], ["ας"], ["i"], [None], [""]],
    ),
    Case(
        name="accents only",
        shows=("C3",),
        columns={"s": "string"},
        params={"longest": 1000, "strip_accents": "unicode", "lowercase": False},
        rows=[["Éa"], ["Σ"], ["ﷺ"]],
        expect=[["Ea"], ["Σ"], ["صلى الله عليه وسلم"]],
    ),
    Case(
        name="only ASCII is left",
        shows=("C4", "C5"),
        columns={"s": "string"},
        params={"longest": 1000, "strip_accents": "ascii"},
        rows=[["Éß中😀ﬁ X"], ["Σ"], ["½"], [""]],
        expect=[["efi x"], [""], ["12"], [""]],
    ),
    Case(
        name="columns side by side",
        shows=("C5",),
        columns={"s": "string?", "t": "string"},
        params={"longest": 1000},
        rows=[["A", "ΑΣ"], [None, ""]],
        expect=[["a", "ας"], [None, ""]],
    ),
    Case(
        name="a text of several pieces, and others beside it",
        shows=("C1", "C2"),
        columns={"s": "string"},
        params={"longest": 1000},
        rows=[
            ["A" * 255 + "ΑΣ" + "É" * 600],
            ["ΑΣ"],
            ["Α" * 255 + "Σ"],
            ["😀" * 256 + "Σ"],
            ["Α" + "'" * 300 + "Σ"],
            [""],
        ],
        expect=[
            ["a" * 255 + "ασ" + "é" * 600],
            ["ας"],
            ["α" * 255 + "ς"],
            ["😀" * 256 + "σ"],
            ["α" + "'" * 300 + "ς"],
            [""],
        ],
    ),
    Case(
        name="the longest text, and a longer one",
        shows=("C6",),
        columns={"s": "string"},
        params={"longest": 5},
        rows=[["ABCDÉ"], ["ABCDEF"], [""], ["ΑΑΑΑΣ"], ["😀😀😀😀😀😀"], ["A" * 300]],
        expect=[["abcdé"], [], [""], ["αααας"], [], []],
        guards=[("out-of-range", row, 0) for row in (1, 4, 5)],
    ),
    Case(
        name="nothing to do",
        shows=("C1",),
        columns={"s": "string"},
        params={"lowercase": False},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
)

OP = Op(
    name="fold_text",
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
    uses_unicode=True,
    cases=CASES,
)
