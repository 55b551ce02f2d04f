"""Remove white space, or other characters, around a text, as Python's `str.strip` does.

Why: `" Private"` and `"Private"` are one category to a reader and two to an encoder, and a number between blanks is not
a number.

Example: `workclass: {from: workclass, apply: [strip, one_hot]}`

Parameters
----------
characters : str or null, default null
    The characters to remove, in any order; null: white space, which is all that Python's `str.isspace` is true of,
    such as the no-break space, the ideographic space and line separators.
side : both, start or end, default both
    Where to remove them.

Input: string. Output: string; null stays null.

Critical points
---------------
C1  White space of every kind is removed, also several in a row and mixed. A zero-width space, a zero-width joiner and a
    byte order mark are not white space.
C2  White space inside a text stays as it is.
C3  A text of nothing else becomes empty, and an empty one stays empty. Null stays null.
C4  `characters` is a set: their order does not matter, and white space that is not among them stays.
C5  Under `start` or `end` the other side stays as it is.
"""

from __future__ import annotations

from itertools import count
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock
from skc.emit.pieces import first_matches, inside_class, with_example, without_example
from skc.op import Case, Known, NoState, Op, parameters, require
from skc.ops.text._characters import WHITE_SPACE, ranges_of
from skc.values.types import Block, Scalar, ValueType, make_block


@parameters
class Params:
    characters: Annotated[str, Field(min_length=1)] | None = None
    side: Literal["both", "start", "end"] = "both"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="strip")
    return x


def apply(params: Params, state: NoState, x: Block) -> Block:
    stripped = [_strip(params, str(text)) for text in x.values.ravel()]
    return make_block("string", np.array(stripped, dtype=object).reshape(x.values.shape), x.valid)


def _strip(params: Params, text: str) -> str:
    match params.side:
        case "both":
            return text.strip(params.characters)
        case "start":
            return text.lstrip(params.characters)
        case "end":
            return text.rstrip(params.characters)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    removed = params.characters or WHITE_SPACE
    kept = f"[^{inside_class(ranges_of(''.join(sorted({*removed}))))}]"
    pattern = {"both": f"{kept}(?:.*{kept})?", "start": f"{kept}.*", "end": f"^.*{kept}"}[params.side]
    example = next(chr(code) for code in count(ord("a")) if chr(code) not in removed)
    texts = with_example(x.values, x.width, example)
    stripped = without_example(first_matches(texts, f"(?s){pattern}", x.width))
    return GraphBlock("string", x.width, stripped, x.valid)


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    return None if known is None else tuple(sorted({_strip(params, str(text)) for text in known}))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    removed = params.characters or WHITE_SPACE
    around = [f"{c}a{c}{c}b{c}" for c in dict.fromkeys((*removed, *WHITE_SPACE, *NOT_SPACE))]
    words = ["", " ", removed, removed[::-1] * 2, f"{removed}a{removed}", "a" * 600 + removed, f"{removed}é😀{removed}"]
    return [None, *words, *around]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    """The text itself, if it is one that is stripped, and with what is removed around it."""
    removed = params.characters or WHITE_SPACE
    texts = [text for text in values if isinstance(text, str)]
    around = [f"{removed[0]}{text}{removed[-1]}" for text in texts]
    return [text for text in dict.fromkeys([*texts, *around]) if _strip(params, text) in texts]


# What is often taken for white space: zero-width space, non-joiner and joiner, word joiner, byte order mark, the
# Mongolian vowel separator (white space until Unicode 6.3), a Hangul filler, Braille blank, the symbol for a space.
NOT_SPACE = "\u200b\u200c\u200d\u2060\ufeff\u180e\u3164\u2800\u2420\x1b\x7f\x84\x86"

CASES = (
    Case(
        name="white space of every kind",
        shows=("C1",),
        columns={"s": "string"},
        rows=[
            [" Private"],
            ["\t\r\na \u3000"],
            ["\u00a0é\u2003\u202f"],
            ["\x1c\x1f\x85\u2028b"],
            ["\u1680\u205f\v\fz"],
        ],
        expect=[["Private"], ["a"], ["é"], ["b"], ["z"]],
    ),
    Case(
        name="not white space",
        shows=("C1", "C2"),
        columns={"s": "string"},
        rows=[[" \u200b a "], ["\ufeffa\u200d"], ["\u180ea\u2060 "], ["a  b\n\nc"], ["😀 👩‍👧 "], ["e\u0301 "]],
        expect=[["\u200b a"], ["\ufeffa\u200d"], ["\u180ea\u2060"], ["a  b\n\nc"], ["😀 👩‍👧"], ["e\u0301"]],
    ),
    Case(
        name="nothing is left",
        shows=("C3",),
        columns={"s": "string?", "t": "string"},
        rows=[["", " "], [" \u3000\n", "\u00a0"], [None, ""]],
        expect=[["", ""], ["", ""], [None, ""]],
    ),
    Case(
        name="columns side by side",
        shows=("C1", "C3"),
        columns={"s": "string?", "t": "string?"},
        rows=[[" a", "b "], [None, " c "], [" d ", None]],
        expect=[["a", "b"], [None, "c"], ["d", None]],
    ),
    Case(
        name="characters that are named",
        shows=("C4",),
        columns={"s": "string"},
        params={"characters": "]-^a[\\$"},
        rows=[["$[a-b^c]\\"], [" $1 "], ["aaa"], ["É$"], ["b"]],
        expect=[["b^c"], [" $1 "], [""], ["É"], ["b"]],
    ),
    Case(
        name="the start",
        shows=("C5",),
        columns={"s": "string"},
        params={"side": "start"},
        rows=[[" \n a \n "], [" "], ["a "]],
        expect=[["a \n "], [""], ["a "]],
    ),
    Case(
        name="the end",
        shows=("C4", "C5"),
        columns={"s": "string"},
        params={"side": "end", "characters": ".+"},
        rows=[["+10,000+."], ["+"], ["\n.\n+"], ["a.b"]],
        expect=[["+10,000"], [""], ["\n.\n"], ["a.b"]],
    ),
)

OP = Op(
    name="strip",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    carry_back=carry_back,
    levels=levels,
    cases=CASES,
)
