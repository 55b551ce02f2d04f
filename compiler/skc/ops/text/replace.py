"""Replace parts of a text: a literal, as Python's `str.replace`, or what a simple pattern finds, as `re.sub`.

Why: units, dashes and codes that say nothing are removed, and spellings that mean the same become one. To replace whole
values by a table, use `map`.

Example: `phone: {from: phone, apply: [{replace: {pattern: "[^0-9+]+", by: ""}}, length]}`

Parameters
----------
text : str or null, default null
    The literal to replace, wherever it occurs.
pattern : str or null, default null
    What to replace instead: characters and classes in a row, each repeated by `*`, `+`, `?` or `{2,5}` as often as it
    occurs. Groups, alternatives and whatever `matches` refuses are refused.
by : str
    What takes its place, as it is; "" removes it.
longest : int, 1 to 1000, default 1000
    A text of more characters is refused.

Input: string. Output: string; null stays null.

Critical points
---------------
C1  Every occurrence is replaced, from left to right, without overlapping; what was put in is not looked at again.
C2  Nothing in `text` and `by` has a special meaning.
C3  A pattern takes as much as it can at each place. One whose match could depend on the engine is refused (SKC129),
    and so is one that matches the empty text.
C4  A text of more than `longest` characters has the guard `out-of-range`; one of just as many is served.
C5  Null stays null, and an empty text empty.
C6  Either `text` or `pattern` is needed (SKC124).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import GraphBlock, concat_columns, take_columns
from skc.emit.opset import const, op
from skc.emit.text import blank, joined, tokens
from skc.op import Case, Known, NoState, Op, parameters, refuse, require
from skc.ops.text._bounded import guarded, with_guard, within
from skc.ops.text._parameters import MOST_CHARACTERS, Longest, Word
from skc.ops.text._patterns import examples, parse_pattern, require_plain
from skc.values.types import Block, Scalar, ValueType, make_block

if TYPE_CHECKING:
    from spox import Var


@parameters
class Params:
    by: str
    text: Word | None = None
    pattern: Word | None = None
    longest: Longest = MOST_CHARACTERS


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="replace")
    if (params.text is None) == (params.pattern is None):
        what = "neither `text` nor `pattern`" if params.text is None else "both `text` and `pattern`"
        raise refuse("SKC124", f"`replace` has {what}", hint="write one of them")
    if params.pattern is not None:
        require_plain(params.pattern)
    return x


def apply(params: Params, state: NoState, x: Block) -> Block:
    texts = [_replace(params, str(text)) for text in x.values.ravel()]
    values = np.array(texts, dtype=object).reshape(x.values.shape)
    return guarded(make_block("string", values, x.valid), x, params.longest)


def _replace(params: Params, text: str) -> str:
    if params.text is not None:
        return text.replace(params.text, params.by)
    return re.sub(params.pattern or "", lambda match: params.by, text)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    texts, is_within = within(x.values, params.longest)
    replaced = [_replaced(params, take_columns(texts, k, k + 1)) for k in range(x.width)]
    return with_guard(GraphBlock("string", x.width, concat_columns(replaced), x.valid), is_within)


def _replaced(params: Params, text: Var) -> Var:
    """The text in pieces: each match, and what lies between, of which a piece is never longer than a match there."""
    if params.text is not None:
        first = re.escape(params.text[0])
        pieces = tokens(text, f"{re.escape(params.text)}|[^{first}]+|{first}")
        is_match = op.equal(pieces, const(params.text))
    else:
        pattern = "".join(map(str, require_plain(params.pattern or "")))
        pieces = tokens(text, f"(?s){pattern}|.")
        is_match = op.regex_full_match(pieces, pattern=pattern)
    empty = blank(text)
    return joined(op.concat([op.where(is_match, const(params.by), pieces), empty], axis=1), empty, params.longest)


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    return None if known is None else tuple(sorted({_replace(params, str(text)) for text in known}))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    n = params.longest
    words = (params.text,) if params.text is not None else examples(parse_pattern(params.pattern or ""))
    texts = [near for word in words for near in _near(word)]
    edges = [(word * (n + 1))[: n + more] for word in words[:2] for more in (-1, 0, 1)]
    return [None, *dict.fromkeys([*texts, *edges, "", " ", "\n", "é", "e\u0301", "😀", "\u00a0", "a" * 300, params.by])]


def _near(word: str) -> list[str]:
    texts = [
        word,
        f"a{word}",
        f"{word}a",
        word * 2,
        word * 3,
        f"{word}\n{word}",
        f"é{word}😀{word}b",
        word[:-1],
        word[1:],
    ]
    return [*texts, f"{word[:1]}{word}", f"{word}{word[:-1]}", word.upper(), word.lower(), f"{word[:-1]}{word}"]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    return [text for text in values if isinstance(text, str)]


CASES = (
    Case(
        name="a literal",
        shows=("C1", "C2", "C5"),
        columns={"s": "string?", "t": "string"},
        params={"text": "a.", "by": r"\1"},
        rows=[["a.b", "ab"], [None, ""], ["xa.a.", "A."], ["aa.", "é😀a.\n"]],
        expect=[[r"\1b", "ab"], [None, ""], [r"x\1\1", "A."], [r"a\1", "é😀\\1\n"]],
    ),
    Case(
        name="occurrences that overlap",
        shows=("C1",),
        columns={"s": "string"},
        params={"text": "aba", "by": "a"},
        rows=[["ababa"], ["abaaba"], ["aabab"], ["ab"], ["abab aba"]],
        expect=[["aba"], ["aa"], ["aab"], ["ab"], ["ab a"]],
    ),
    Case(
        name="a class",
        shows=("C3", "C5"),
        columns={"s": "string"},
        params={"pattern": "[^0-9+]+", "by": ""},
        rows=[["+49 (0)30 / 1234"], ["tel"], [""], ["٣1\n2é"], ["123"]],
        expect=[["+490301234"], [""], [""], ["12"], ["123"]],
    ),
    Case(
        name="classes in a row",
        shows=("C1", "C3"),
        columns={"s": "string"},
        params={"pattern": r"[0-9]{2,3}-?\s*x", "by": "#"},
        rows=[["12x"], ["1234-\u00a0 x"], ["1x"], ["12-\n34x"], ["12xx123-x"], ["12 -x"]],
        expect=[["#"], ["1#"], ["1x"], ["12-\n#"], ["#x#"], ["12 -x"]],
    ),
    Case(
        name="the longest text, and a longer one",
        shows=("C4",),
        columns={"s": "string"},
        params={"text": "a", "by": "bb", "longest": 5},
        rows=[["aaaaa"], ["aaaaaa"], ["xaxax"], ["éééééé"]],
        expect=[["b" * 10], [], ["xbbxbbx"], []],
        guards=[("out-of-range", 1, 0), ("out-of-range", 3, 0)],
    ),
    *(
        Case(f"refused: {pattern}", ("C3",), {"s": "string"}, [], [], {"pattern": pattern, "by": ""}, refused="SKC129")
        for pattern in ("a|ab", "(ab)+", "a*", "a*ab", "[a-z]?[^0-9]", r"\w+", "a+?b")
    ),
    Case("nothing to find", ("C6",), {"s": "string"}, [], [], {"by": ""}, refused="SKC124"),
    Case("two things", ("C6",), {"s": "string"}, [], [], {"by": "", "text": "a", "pattern": "a"}, refused="SKC124"),
)

OP = Op(
    name="replace",
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
