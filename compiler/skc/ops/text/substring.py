"""Take characters out of a text by their place, as Python's `text[start:start + length]`.

Why: the first letters of a code are its country or kind, and its last ones a check digit or year.

Example: `country: {from: iban, apply: [{substring: {length: 2}}, one_hot]}`

Parameters
----------
start : int, -100 to 999, default 0
    The place of the first character; below 0 it counts from the end: -4 are the last four.
length : int, 1 to 999, or null, default null
    How many characters; null: all that follow.

Input: string. Output: string; null stays null.

Critical points
---------------
C1  A character is a code point: an emoji counts as one, a letter and a combining accent as two.
C2  A text that is shorter gives what it has, and an empty text where it has nothing. Below 0, `start` is then the
    beginning of the text.
C3  Line feeds are characters.
C4  Null stays null.
C5  Without `start` and `length` nothing would change (SKC124).
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op, tokenize_between
from skc.emit.pieces import first_matches, match_at, with_example, without_example
from skc.op import Case, Known, NoState, Op, parameters, refuse, require
from skc.values.types import Block, Scalar, ValueType, make_block

MOST = 999  # characters: one fewer than RE2 counts to


@parameters
class Params:
    start: Annotated[int, Field(ge=-100, le=MOST)] = 0
    length: Annotated[int, Field(ge=1, le=MOST)] | None = None


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="substring")
    if params.start == 0 and params.length is None:
        raise refuse("SKC124", "`substring` changes nothing: no start and no length", hint="remove the step")
    return x


def apply(params: Params, state: NoState, x: Block) -> Block:
    texts = [_part(params, str(text)) for text in x.values.ravel()]
    return make_block("string", np.array(texts, dtype=object).reshape(x.values.shape), x.valid)


def _part(params: Params, text: str) -> str:
    start = max(params.start + len(text), 0) if params.start < 0 else params.start
    return text[start:] if params.length is None else text[start : start + params.length]


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    part = with_example(x.values, x.width, "a" * (abs(params.start) + 1))
    if params.start < 0:
        part = first_matches(part, f"(?s).{{1,{-params.start}}}$", x.width)
    elif params.start > 0:
        is_short = op.regex_full_match(part, pattern=f"(?s).{{0,{params.start}}}")
        rest = match_at(tokenize_between(part, f"(?s)^.{{{params.start}}}", x.width), 0)
        part = op.where(is_short, const(""), rest)
    if params.length is not None:
        part = first_matches(part, f"(?s)^.{{1,{params.length}}}", x.width)
    return GraphBlock("string", x.width, without_example(part), x.valid)


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    return None if known is None else tuple(sorted({_part(params, str(text)) for text in known}))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    """Texts of every length around the ones that matter, of characters of one to four bytes."""
    length = MOST if params.length is None else params.length
    start = abs(params.start)
    sizes = {0, 1, start - 1, start, start + 1, start + length - 1, start + length, start + length + 1, 5, 12}
    alphabet = "aé中😀\u0301\n\x02B "
    texts = ["".join(alphabet[i % len(alphabet)] for i in range(n)) for n in sorted(sizes) if n >= 0]
    return [None, *dict.fromkeys([*texts, "\n" * 3, "👩‍👩‍👧", "e\u0301e\u0301", "\x02\x02\x02\x02"])]


def _case(name: str, shows: str, start: int, length: int | None, expected: dict[str, str]) -> Case:
    rows, expect = [[text] for text in expected], [[text] for text in expected.values()]
    return Case(name, tuple(shows.split()), {"s": "string"}, rows, expect, {"start": start, "length": length})


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return ["a" * max(params.start, 0) + text for text in values if isinstance(text, str)]


CASES = (
    _case(
        "the first",
        "C1 C2",
        0,
        2,
        {"DE89": "DE", "D": "D", "": "", "😀中é": "😀中", "e\u0301a": "e\u0301", "\na": "\na"},
    ),
    _case(
        "from the middle",
        "C1 C2 C3",
        2,
        3,
        {"abcdef": "cde", "abcd": "cd", "ab": "", "a": "", "": "", "😀\nü\ney": "ü\ne", "abc\x02d": "c\x02d"},
    ),
    _case("one far behind", "C2", 5, 1, {"abcdef": "f", "abcdefg": "f", "abcde": "", "éééééé": "é"}),
    _case(
        "the last",
        "C1 C2",
        -4,
        None,
        {"ABC-2024": "2024", "24": "24", "": "", "a😀é中b": "😀é中b", "a\nbc\n": "\nbc\n"},
    ),
    _case("some before the end", "C2", -4, 2, {"ABC-2024": "20", "124": "12", "4": "4", "": "", "\n123": "\n1"}),
    Case(
        name="all but the first",
        shows=("C2", "C4"),
        columns={"s": "string?", "t": "string"},
        params={"start": 2},
        rows=[["ID123", "éa"], [None, "abc"], ["x" * 2000, ""], ["😀é\x02\n\x02", "a"]],
        expect=[["123", ""], [None, "c"], ["x" * 1998, ""], ["\x02\n\x02", ""]],
    ),
    Case("nothing to do", ("C5",), {"s": "string"}, [], [], refused="SKC124"),
)

OP = Op(
    name="substring",
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
