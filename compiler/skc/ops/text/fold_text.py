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
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, concat_columns, masked, take_columns
from skc.emit.opset import const, op
from skc.emit.text import cut, is_final_sigma, is_longer, put_together, replaced
from skc.op import Case, Known, Op, always, parameters, refuse, require, require_exact
from skc.ops.text._characters import FINAL_SIGMA, SIGMA, Accents, characters_of, folds, sigma_context
from skc.stats.requests import ColumnStats
from skc.values.types import Block, Scalar, ValueType, make_block

GUARD = "out-of-range"
LONGEST_TRIED = 1000


@parameters
class Params:
    lowercase: bool = True
    strip_accents: Accents = None
    longest: Annotated[int, Field(ge=1, le=2**20)] = 2**16


@dataclass(frozen=True)
class State:
    """By column. `cased` and `ignorable` are ranges (see `_characters`); empty where no sigma can be final."""

    changed: tuple[str, ...]
    becomes: tuple[tuple[str, ...], ...]
    cased: tuple[str, ...]
    ignorable: tuple[str, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="fold_text")
    require_exact(x, op="fold_text")
    if not params.lowercase and params.strip_accents is None:
        raise refuse("SKC124", "`fold_text` changes nothing: no case and no accents", hint="remove the step")
    return x


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return state_of(params, len(columns))


def state_of(params: Params, width: int) -> State:
    """The tables of the Python that runs, for each column."""
    table = folds(params.lowercase, params.strip_accents)
    cased, ignorable = sigma_context() if params.lowercase and params.strip_accents != "ascii" else ("", "")
    tables = ("".join(table), tuple(table.values()), cased, ignorable)
    return State(*((part,) * width for part in tables))  # type: ignore[arg-type]  # in the order of the fields


def apply(params: Params, state: State, x: Block) -> Block:
    folded = np.zeros(x.values.shape, dtype=object)
    too_long = np.zeros(x.values.shape, dtype=bool)
    for (i, k), text in np.ndenumerate(x.values):
        folded[i, k] = _fold(params, state, k, str(text))
        too_long[i, k] = len(text) > params.longest
    return make_block("string", folded, x.valid).guard(GUARD, too_long)


def _fold(params: Params, state: State, k: int, text: str) -> str:
    table = _table(state.changed[k], state.becomes[k])
    cased, ignorable = characters_of(state.cased[k]), characters_of(state.ignorable[k])
    ends = {i for i, c in enumerate(text) if c == SIGMA and cased and _ends_word(text, i, cased, ignorable)}
    is_kept = str.isascii if params.strip_accents == "ascii" else always(True)
    return "".join(FINAL_SIGMA if i in ends else table.get(c, c if is_kept(c) else "") for i, c in enumerate(text))


@lru_cache(maxsize=16)
def _table(changed: str, becomes: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(changed, becomes, strict=True))


def _ends_word(text: str, i: int, cased: frozenset[str], ignorable: frozenset[str]) -> bool:
    before = next((c for c in reversed(text[:i]) if c not in ignorable), None)
    after = next((c for c in text[i + 1 :] if c not in ignorable), None)
    return before in cased and after not in cased


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    texts, masks = [], []
    for k in range(x.width):
        table = dict(zip(state.changed[k], state.becomes[k], strict=True))
        if params.strip_accents == "ascii":  # what is not a key leaves nothing
            table = {chr(code): chr(code) for code in range(1, 128)} | table
        text = take_columns(x.values, k, k + 1)
        chunks = cut(text)
        folded = replaced(chunks.strings, table, "" if params.strip_accents == "ascii" else None)
        if state.cased[k]:
            cased, ignorable = sorted(characters_of(state.cased[k])), sorted(characters_of(state.ignorable[k]))
            folded = op.where(is_final_sigma(chunks, cased, ignorable), const(FINAL_SIGMA), folded)
        texts.append(put_together(chunks, folded, text, params.longest))
        masks.append(is_longer(chunks, params.longest))
    block = masked("string", x.width, concat_columns(texts), x.valid)
    return block.guard(GUARD, concat_columns(masks))


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    if known is None:
        return None
    return tuple(sorted({_fold(params, state, k, str(text)) for text in known}))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    """Every character of the tables, a hundred at a time, those of the context next to a sigma; sigmas in every place;
    texts of several pieces; the longest, unless it is too long to be tried in every pipeline.
    """
    ascii_ = [chr(code) for code in range(1, 128)] if params.strip_accents == "ascii" else []
    cased = [f"{c}Σ " for c in sorted(characters_of(state.cased[k]))]
    ignorable = [f"aΣ{c}b " for c in sorted(characters_of(state.ignorable[k]))]
    listed = [*state.changed[k], *ascii_, *cased, *ignorable]
    tables = ["".join(listed[i : i + 100]) for i in range(0, len(listed), 100)]
    longest = ["a" * params.longest, "a" * (params.longest + 1)] if params.longest <= LONGEST_TRIED else []
    sigmas = ["Σ", "ΑΣ", "ΑΣΑ", "Α'Σ'", "ΑΣ'Α", "1Σ", "ΣΣΣ", "ΑΣ Σ", "a\u0301Σ\u0301.", "ΑΣ1", "😀Σ", "ΑΣ-ΣΑΣ"]
    words = ["", " ", "İI", "ß ẞ", "É e\u0301", "ﬁ\u00a0½", "가각", "中文", "😀A😀", "\t\nA_1", "ﷺ"]
    return [None, *words, *sigmas, *tables, "É" * 256, "É" * 255 + "ΑΣ", "ΑΣ" * 128 + "'", "a" * 600, *longest]


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
    cases=CASES,
)
