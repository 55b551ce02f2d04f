"""Count the characters of a text, as Python's `len` does.

Why: how much somebody wrote is a feature by itself, and the length of a code says which kind of code it is.

Example: `length: {from: title, apply: [length, log1p]}`

Input: string. Output: int64; null stays null.

Critical points
---------------
C1  A character is a code point: an emoji counts as one, a letter and a combining accent as two.
C2  Blanks, line feeds and characters that are not visible count too. An empty text has length 0.
C3  Null stays null.
C4  A text may be of any length, beside short ones.
"""

from __future__ import annotations

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns, masked, take_columns
from skc.emit.opset import op
from skc.emit.text import CHUNK, cut, lengths
from skc.op import Case, Known, NoState, Op, parameters, require, require_exact
from skc.values.types import Block, Scalar, ValueType, make_block


@parameters
class Params:
    pass


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="length")
    require_exact(x, op="length")
    return x.with_(dtype="int64")


def apply(params: Params, state: NoState, x: Block) -> Block:
    counts = np.array([len(text) for text in x.values.ravel()], dtype=np.int64)
    return make_block("int64", counts.reshape(x.values.shape), x.valid)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    counts = [lengths(cut(take_columns(x.values, k, k + 1))) for k in range(x.width)]
    return masked("int64", x.width, op.cast(concat_columns(counts), to=np.int64), x.valid)


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    return None if known is None else tuple(sorted({len(str(text)) for text in known}))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    sizes = (0, 1, 2, 3, 10, 100, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK)
    texts = [c * n for n in sizes for c in ("a", "é", "中", "😀")]
    return [None, *dict.fromkeys([*texts, "e\u0301", "👩‍👩‍👧", "\u200b", "\n\n", " ", "\ufeff", "\ufffe", "ﷺ"])]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return ["a" * int(value) for value in values if isinstance(value, int) and 0 <= value <= 3 * CHUNK]


CASES = (
    Case(
        name="code points",
        shows=("C1", "C2"),
        columns={"s": "string"},
        rows=[["abc"], [""], ["é"], ["e\u0301"], ["😀"], ["👩‍👧"], [" \n\u200b"], ["İß"], ["ﬁ"]],
        expect=[[3], [0], [1], [2], [1], [3], [3], [2], [1]],
    ),
    Case(
        name="short and long texts",
        shows=("C2", "C3", "C4"),
        columns={"s": "string?", "t": "string"},
        rows=[["x" * 1000, ""], [None, "é" * 256], ["", "😀" * 257], ["abc", "a"]],
        expect=[[1000, 0], [None, 256], [0, 257], [3, 1]],
    ),
)

OP = Op(
    name="length",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    levels=levels,
    carry_back=carry_back,
    cases=CASES,
)
