"""Whether a whole text matches a regular expression, as Python's `re.fullmatch` says.

Why: a postcode, a product code or a plate has a form, and whether a text has it is a feature.

Example: `is_postcode: {from: postcode, apply: [{matches: {pattern: "[0-9]{5}(-[0-9]{4})?"}}]}`

Parameters
----------
pattern : str
    Characters, classes such as `[a-z]` and `[^,]`, `.`, `\\s`, groups, alternatives, and repetition by `*`, `+`, `?`
    and `{2,5}`: what is the same in every language. `\\w`, `\\d`, `\\b`, `^`, `$`, lazy repetition, flags, references
    and lookaround are refused.

Input: string. Output: bool; null stays null.

Critical points
---------------
C1  The whole text is matched, however many lines it has. `.` is any character but a line feed.
C2  Every character counts: case, accents, and digits of other scripts, which `[0-9]` does not contain.
C3  `\\s` is all that Python's `str.isspace` is true of.
C4  Null stays null. An empty text matches a pattern that allows it.
C5  A pattern that may mean something else to another engine is refused (SKC129).
"""

from __future__ import annotations

import re

from skc.emit.blocks import GraphBlock
from skc.op import Case, NoState, Op, parameters
from skc.ops.text._matching import answer_type, answers, answers_in_graph, texts_near
from skc.ops.text._parameters import Word
from skc.ops.text._patterns import examples, parse_pattern
from skc.values.types import Block, Scalar, ValueType


@parameters
class Params:
    pattern: Word


def infer(params: Params, x: ValueType) -> ValueType:
    parse_pattern(params.pattern)
    return answer_type(x, op="matches")


def apply(params: Params, state: NoState, x: Block) -> Block:
    return answers(x, lambda text: re.fullmatch(params.pattern, text) is not None)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    return answers_in_graph(x, str(parse_pattern(params.pattern)))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    return texts_near(examples(parse_pattern(params.pattern)))


def _refused(pattern: str) -> Case:
    return Case(f"refused: {pattern}", ("C5",), {"s": "string"}, [], [], {"pattern": pattern}, refused="SKC129")


REFUSED = (
    r"\w+",
    r"\d",
    "^a",
    "a$",
    "a+?",
    "a++",
    "(?i)a",
    r"(a)\1",
    "(?=a)",
    "a{2}{3}",
    "[[a]",
    "a)",
    "(a",
    "[",
    "*",
    "a{3,2}",
)


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    words = examples(parse_pattern(params.pattern))
    return [text for value in values if value is not None for text in (words if value else ("", "\n\n"))]


CASES = (
    Case(
        name="a postcode",
        shows=("C1", "C2", "C4"),
        columns={"s": "string?"},
        params={"pattern": "[0-9]{5}(-[0-9]{4})?"},
        rows=[["12345"], ["12345-6789"], ["1234"], ["12345-"], ["a12345"], ["12345\n"], ["١٢٣٤٥"], [""], [None]],
        expect=[[True], [True], [False], [False], [False], [False], [False], [False], [None]],
    ),
    Case(
        name="lines and blanks",
        shows=("C1", "C3", "C4"),
        columns={"s": "string?", "t": "string"},
        params={"pattern": r"(?:.\s?|é|\.\])*"},
        rows=[["", "\n"], ["a\u00a0b", "\n\n"], ["a\n", "a\u200b\u3000"], [None, "x"], ["a\n\n", "e\u0301"]],
        expect=[[True, False], [True, False], [True, True], [None, True], [False, True]],
    ),
    Case(
        name="classes",
        shows=("C2",),
        columns={"s": "string"},
        params={"pattern": r"[A-Z\-\]]{2,3}|[^a-z\s]|ß+|😀."},
        rows=[["AB"], ["A-]"], ["ABCD"], ["é"], ["a"], ["\u00a0"], ["ßß"], ["SS"], ["😀\u200d"], ["Ａ"], ["İ"]],
        expect=[[True], [True], [False], [True], [False], [False], [True], [True], [True], [True], [True]],
    ),
    *map(_refused, REFUSED),
)

OP = Op(
    name="matches",
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
