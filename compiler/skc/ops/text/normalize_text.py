"""Bring texts to one Unicode normal form, NFC or NFKC, as Python's `unicodedata.normalize` does.

Why: `é` may be one character or two, and `ﬁ`, a full-width `Ａ` or a no-break space look like `fi`, `A` and a blank.
After this step, texts that look alike are equal.

Example: `city: {from: city, apply: [{normalize_text: {form: NFKC}}, one_hot]}`

Parameters
----------
form : NFC or NFKC, default NFC
    NFC makes letters and their accents one character. NFKC also replaces what only looks different: ligatures,
    full-width and superscript forms, units, and blanks of every width.
longest : int, 1 to 1000, default 1000
    A text of more characters is refused.

Input: string. Output: string; null stays null. State: what segments (a character and the marks that follow it) become.

Critical points
---------------
C1  A letter and the marks that follow it become one character where there is one, also two marks in either order.
C2  Characters that have another canonical form are replaced: the Ångström sign by `Å`, `;` (Greek) by `;`.
C3  Under NFKC `ﬁ` becomes `fi`, `½` becomes `1⁄2`, a no-break space a blank; under NFC they stay.
C4  A segment whose form the state does not know has the guard `invalid-value`: marks that are not in canonical order,
    several that may combine with the letter or its accent, and the single letters of a Hangul syllable.
C5  A text of more than `longest` characters has the guard `out-of-range`; one of just as many is served.
C6  An empty text stays empty, and null stays null. Zero-width joiners, emoji and Hangul syllables stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns, take_columns
from skc.emit.opset import const, op
from skc.emit.pieces import inside_class
from skc.emit.text import blank, joined, replaced, tokens
from skc.op import Case, Known, Op, parameters, require, require_exact
from skc.ops.text._bounded import guarded, with_guard, within
from skc.ops.text._characters import characters_of
from skc.ops.text._normal_forms import Form, segments_of
from skc.ops.text._parameters import MOST_CHARACTERS, Longest
from skc.stats.requests import ColumnStats
from skc.values.types import Block, Scalar, ValueType, make_block

if TYPE_CHECKING:
    from spox import Var

GUARD = "invalid-value"
LONGEST_TRIED = 500  # characters of a text that holds entries of the table


@parameters
class Params:
    form: Form = "NFC"
    longest: Longest = MOST_CHARACTERS


@dataclass(frozen=True)
class State:
    """By column: see `_normal_forms.Segments`."""

    marks: tuple[str, ...]
    composed: tuple[str, ...]
    single: tuple[str, ...]
    still: tuple[tuple[str, ...], ...]
    changed: tuple[tuple[str, ...], ...]
    becomes: tuple[tuple[str, ...], ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="normalize_text")
    require_exact(x, op="normalize_text")
    return x


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    segments, n = segments_of(params.form), len(columns)
    changed, becomes = tuple(segments.table), tuple(segments.table.values())
    classes = ((segments.marks,) * n, (segments.composed,) * n, (segments.single,) * n, (segments.still,) * n)
    return State(*classes, (changed,) * n, (becomes,) * n)


def apply(params: Params, state: State, x: Block) -> Block:
    texts = np.full(x.values.shape, "", dtype=object)
    unknown = np.zeros(x.values.shape, dtype=bool)
    for (i, k), text in np.ndenumerate(x.values):
        if len(text) <= params.longest:
            parts = [_normal(state, k, segment) for segment in _segments(state, k, str(text))]
            unknown[i, k] = None in parts
            texts[i, k] = "".join(part or "" for part in parts)
    return guarded(make_block("string", texts, x.valid), x, params.longest).guard(GUARD, unknown)


def _segments(state: State, k: int, text: str) -> list[str]:
    marks, segments = characters_of(state.marks[k]), list[str]()
    for c in text:
        if c in marks and segments:
            segments[-1] += c
        else:
            segments.append(c)
    return segments


def _normal(state: State, k: int, segment: str) -> str | None:
    """What a segment becomes; None if that is not known."""
    table = _table(state.changed[k], state.becomes[k])
    if segment in table or len(segment) == 1:
        return table.get(segment, segment)
    if segment[0] in characters_of(state.marks[k]) or segment[0] in characters_of(state.composed[k]):
        return None
    if len(segment) == 2 and segment[1] in characters_of(state.single[k]):
        return segment
    ranks = [next((i for i, r in enumerate(state.still[k]) if c in characters_of(r)), None) for c in segment[1:]]
    known = [rank for rank in ranks if rank is not None]
    return segment if len(known) == len(ranks) and known == sorted(known) else None


@lru_cache(maxsize=16)
def _table(changed: tuple[str, ...], becomes: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(changed, becomes, strict=True))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    texts, is_within = within(x.values, params.longest)
    columns = [_column(state, k, take_columns(texts, k, k + 1), params.longest) for k in range(x.width)]
    block = GraphBlock("string", x.width, concat_columns([text for text, _ in columns]), x.valid)
    return with_guard(block, is_within).guard(GUARD, concat_columns([unknown for _, unknown in columns]))


def _column(state: State, k: int, text: Var, longest: int) -> tuple[Var, Var]:
    """Strings and bool [N, 1]: the normal form, and whether a segment of it is not known."""
    empty, marks = blank(text), inside_class(state.marks[k])
    segments = op.concat([tokens(text, f"(?s)[^{marks}]?[{marks}]*"), empty], axis=1)
    normal = replaced(segments, dict(zip(state.changed[k], state.becomes[k], strict=True)), None)
    plain = f"[^{marks}{inside_class(state.composed[k])}]"
    still = "".join(f"[{inside_class(ranges)}]*" for ranges in state.still[k])
    stays = op.regex_full_match(segments, pattern=f"(?s).?|{plain}(?:[{inside_class(state.single[k])}]|{still})")
    is_unknown = op.and_(op.equal(normal, segments), op.not_(stays))
    count = op.reduce_sum(op.cast(is_unknown, to=np.float64), const([1]), keepdims=1)
    return joined(normal, empty, longest), op.greater(count, const(0.0))


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    if known is None:
        return None
    parts = [[_normal(state, k, segment) for segment in _segments(state, k, str(text))] for text in known]
    return tuple(sorted({"".join(part or "" for part in row) for row in parts if None not in row}))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    n = params.longest
    least = max(len(text) for text in state.changed[k]) + 1
    each = max(1, min(n, LONGEST_TRIED) // least)  # so many fit in one text, with dots between them
    tables = [".".join(state.changed[k][i : i + each]) for i in range(0, len(state.changed[k]), each)]
    marks = [f"x{c}y" for ranges in state.still[k] for c in ranges[::2]]
    mixed = ["x" + "".join(r[0] for r in state.still[k]), "x" + "".join(r[0] for r in reversed(state.still[k]))]
    ends = [("e\u0301" * n)[: n + more] for more in (-1, 0, 1)]
    words = [
        "",
        "\u0301",
        "\u0301\u0301",
        "e\u0301\u0323",
        "e\u0323\u0301",
        "é\u0323",
        "\u1100\u1161",
        "가\u11a8",
        "가",
    ]
    words += [
        "Å",
        "\u037e",
        "ﬁ\u0301",
        "½",
        "\u00a0",
        "👩‍👧",
        "q\u0307\u0323",
        "q\u0323\u0307",
        "x\u0301\u0301",
        "ガ",
        "ｶﾞ",
        "É",
    ]
    return [None, *dict.fromkeys([*words, *marks, *mixed, *tables, *ends])]


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return [text for text in values if isinstance(text, str)]


CASES = (
    Case(
        name="composed",
        shows=("C1", "C2", "C3", "C6"),
        columns={"s": "string?", "t": "string"},
        params={"longest": 50},
        rows=[
            ["Cafe\u0301", "é"],
            [None, ""],
            ["e\u0323\u0302", "e\u0302\u0323"],
            ["\u212b\u037e", "ﬁ\u00a0½"],
            ["x\u0301 ก\u0e38\u0e49", "👩‍👧가"],
        ],
        expect=[["Café", "é"], [None, ""], ["ệ", "ệ"], ["Å;", "ﬁ\u00a0½"], ["x\u0301 ก\u0e38\u0e49", "👩‍👧가"]],
    ),
    Case(
        name="compatible",
        shows=("C1", "C3"),
        columns={"s": "string"},
        params={"form": "NFKC", "longest": 50},
        rows=[["ﬁ\u00a0½"], ["Ａ①²"], ["e\u0301"], ["ẛ"], ["㎏"], ["\u1e9b"]],
        expect=[["fi 1⁄2"], ["A12"], ["é"], ["ṡ"], ["kg"], ["ṡ"]],
    ),
    Case(
        name="segments that are not known",
        shows=("C4",),
        columns={"s": "string"},
        params={"longest": 50},
        rows=[["q\u0307\u0323"], ["é\u0301"], ["\u1100\u1161"], ["a"], ["ok e\u0301\u0301"], ["\u0301\u0301"]],
        expect=[[], [], [], ["a"], [], []],
        guards=[("invalid-value", i, 0) for i in (0, 1, 2, 4, 5)],
    ),
    Case(
        name="the longest text, and a longer one",
        shows=("C5",),
        columns={"s": "string"},
        params={"longest": 3},
        rows=[["ae\u0301"], ["abe\u0301"], [""]],
        expect=[["aé"], [], [""]],
        guards=[("out-of-range", 1, 0)],
    ),
)

OP = Op(
    name="normalize_text",
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
