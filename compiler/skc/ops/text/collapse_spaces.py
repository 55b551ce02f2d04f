"""Make every run of white space one blank and remove it around a text, as Python's `" ".join(text.split())`.

Why: `New  York` and `New York ` are one city to a reader and three to an encoder.

Example: `city: {from: city, apply: [collapse_spaces, one_hot]}`

Parameters
----------
longest : int, 1 to 1000, default 1000
    A text of more characters is refused.

Input: string. Output: string; null stays null.

Critical points
---------------
C1  White space is all that Python's `str.isspace` is true of: also a no-break space, a tab and a line feed become a
    blank. A zero-width space or joiner is not white space.
C2  Around a text nothing is left; a text of white space becomes empty, and an empty one stays empty.
C3  A text of more than `longest` characters has the guard `out-of-range`; one of just as many is served.
C4  Null stays null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns, take_columns
from skc.emit.opset import const, op
from skc.emit.pieces import inside_class
from skc.emit.text import blank, joined, tokens
from skc.op import Case, Known, NoState, Op, parameters, require
from skc.ops.text._bounded import guarded, with_guard, within
from skc.ops.text._characters import WHITE_SPACE, ranges_of
from skc.ops.text._parameters import MOST_CHARACTERS, Longest
from skc.values.types import Block, Scalar, ValueType, make_block

if TYPE_CHECKING:
    from spox import Var


@parameters
class Params:
    longest: Longest = MOST_CHARACTERS


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="collapse_spaces")
    return x


def apply(params: Params, state: NoState, x: Block) -> Block:
    texts = np.array([" ".join(str(text).split()) for text in x.values.ravel()], dtype=object)
    return guarded(make_block("string", texts.reshape(x.values.shape), x.valid), x, params.longest)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    texts, is_within = within(x.values, params.longest)
    collapsed = [_collapsed(take_columns(texts, k, k + 1), params.longest) for k in range(x.width)]
    return with_guard(GraphBlock("string", x.width, concat_columns(collapsed), x.valid), is_within)


def _collapsed(text: Var, longest: int) -> Var:
    empty = blank(text)
    words = op.concat([tokens(text, f"[^{inside_class(ranges_of(WHITE_SPACE))}]+"), empty], axis=1)
    first = take_columns(words, 0, 1)
    others = op.slice(words, const([1]), const([np.iinfo(np.int64).max]), const([1]))
    between = op.where(op.equal(others, const("")), const(""), const(" "))
    return joined(op.concat([first, op.string_concat(between, others)], axis=1), empty, (longest + 1) // 2)


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    return None if known is None else tuple(sorted({" ".join(str(text).split()) for text in known}))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    n = params.longest
    texts = [f"a{c}{c}b{c}" for c in (*WHITE_SPACE, "\u200b", "\u200d", "\ufeff", "\u180e", "\x1b")]
    edges = [("a " * n)[: n + more] for more in (-1, 0, 1)] + ["é" * n, " " * n, " " * (n + 1), "😀" * (n + 1)]
    return [None, *dict.fromkeys([*texts, *edges, "", " ", " a", "a ", "a b c d", WHITE_SPACE, "a" * 300])]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return [text for text in values if isinstance(text, str)]


CASES = (
    Case(
        name="runs of white space",
        shows=("C1", "C2", "C4"),
        columns={"s": "string?", "t": "string"},
        rows=[[" New \t York\n", "a\u00a0b"], [None, "\u200b  x"], ["", " \u3000\n"], ["a b c d e", "😀\x85\x1cé"]],
        expect=[["New York", "a b"], [None, "\u200b x"], ["", ""], ["a b c d e", "😀 é"]],
    ),
    Case(
        name="the longest text, and a longer one",
        shows=("C3",),
        columns={"s": "string"},
        params={"longest": 5},
        rows=[["a b c"], ["a b c "], ["     "], ["éééééé"], ["  a  "], [""]],
        expect=[["a b c"], [], [""], [], ["a"], [""]],
        guards=[("out-of-range", 1, 0), ("out-of-range", 3, 0)],
    ),
    Case(
        name="many words",
        shows=("C1", "C3"),
        columns={"s": "string"},
        rows=[["x  " * 333], [" y" * 500], ["z" * 1000], ["\t" * 1001]],
        expect=[[" ".join("x" * 333)], [" ".join("y" * 500)], ["z" * 1000], []],
        guards=[("out-of-range", 3, 0)],
    ),
)

OP = Op(
    name="collapse_spaces",
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
