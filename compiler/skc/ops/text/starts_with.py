"""Whether a text starts with another text, or one of several.

Why: a code often says by its first letters what it stands for.

Example: `is_mobile: {from: phone, apply: [{starts_with: {text: ["+4915", "+4916", "+4917"]}}]}`

Parameters
----------
text : str or list of str
    What is looked for; of a list, any one.

Input: string. Output: bool; null stays null.

Critical points
---------------
C1  Every character counts: case, accents, blanks, and whether a letter and its accent are one character (NFC) or two
    (NFD). Put `lower` or `strip` before this step if they should not.
C2  Nothing in `text` has a special meaning: "." is a dot.
C3  A text may have several lines. The empty text is false.
C4  Null stays null.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from skc.emit.blocks import GraphBlock
from skc.emit.pieces import one_of
from skc.op import Case, NoState, Op, parameters
from skc.ops.text._matching import answer_type, answers, answers_in_graph, texts_near
from skc.ops.text._parameters import Words
from skc.values.types import Block, Scalar, ValueType


@parameters
class Params:
    text: Annotated[Words, Field(min_length=1)]


def infer(params: Params, x: ValueType) -> ValueType:
    return answer_type(x, op="starts_with")


def apply(params: Params, state: NoState, x: Block) -> Block:
    return answers(x, lambda text: text.startswith(params.text))


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    return answers_in_graph(x, f"(?s){one_of(params.text)}.*")


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    return texts_near(params.text)


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return [params.text[0] if value else "" for value in values if value is not None]


CASES = (
    Case(
        name="one text",
        shows=("C1", "C2", "C3"),
        columns={"s": "string"},
        params={"text": "a.é"},
        rows=[["a.é"], ["xa.é"], ["a.éx"], ["x\na.é\n"], ["A.é"], ["abé"], ["a.e\u0301"], [""], ["a."], ["a.ÉÉ"]],
        expect=[[flag] for flag in (True, False, True, False, False, False, False, False, False, False)],
    ),
    Case(
        name="one of several",
        shows=("C1", "C2", "C4"),
        columns={"s": "string?", "t": "string"},
        params={"text": ["(", "[a-z]", "\\"]},
        rows=[["(b)", "b"], [None, "[a-z]"], ["x\\", "\\x"], ["", "😀("]],
        expect=[[True, False], [None, True], [False, True], [False, False]],
    ),
)

OP = Op(
    name="starts_with",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    carry_back=carry_back,
    cases=CASES,
)
