"""Split a text at a delimiter and take one part, as Python's `text.split(delimiter)[part]`.

Why: `Sedan / diesel / 2019` is three features in one column.

Example: `fuel: {from: kind, apply: [{split: {delimiter: " / ", part: 1}}, one_hot]}`

Parameters
----------
delimiter : str
    One character or more.
part : int, -20 to 100, default 0
    Which part; below 0 it counts from the end: -1 is the last. From the end, the delimiter has one character.
missing : null, empty or error, default null
    What a text gives that has no such part.

Input: string. Output: string. Null stays null, and is not missing.

Critical points
---------------
C1  Two delimiters in a row have an empty part between them, and so has one at an end of the text.
C2  An empty text, or one without the delimiter, is one part.
C3  A delimiter of several characters is found from left to right, without overlapping: `aaa` at `aa` is "" and "a".
C4  A part that is missing is null, "" or has the guard `invalid-value`.
C5  Null stays null.
C6  From the end, a delimiter of several characters is refused (SKC124).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from skc.emit.blocks import GraphBlock, all_of, masked
from skc.emit.opset import const, op
from skc.emit.pieces import first_matches, match_at, split_at, with_example, without_example
from skc.op import Case, Known, NoState, Op, parameters, refuse, require
from skc.ops.text._parameters import Word, named_null
from skc.values.types import Block, Scalar, ValueType, make_block

if TYPE_CHECKING:
    from spox import Var

Missing = Literal["null", "empty", "error"]
GUARD = "invalid-value"


@parameters
class Params:
    delimiter: Word
    part: Annotated[int, Field(ge=-20, le=100)] = 0
    missing: Annotated[Missing, BeforeValidator(named_null, json_schema_input_type=Missing | None)] = "null"


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="split")
    if params.part < 0 and len(params.delimiter) > 1:
        hint = "count from the start, or put `replace` before this step"
        raise refuse("SKC124", f"parts from the end are not defined for the delimiter {params.delimiter!r}", hint=hint)
    return x.with_(nullable=x.nullable or (params.missing == "null" and _can_miss(params)))


def _can_miss(params: Params) -> bool:
    return params.part not in (0, -1)


def apply(params: Params, state: NoState, x: Block) -> Block:
    parts = [_part(params, str(text)) for text in x.values.ravel()]
    texts = np.array(["" if part is None else part for part in parts], dtype=object).reshape(x.values.shape)
    is_there = np.array([part is not None for part in parts], dtype=bool).reshape(x.values.shape)
    present = x.present()
    if not _can_miss(params) or params.missing == "empty":
        return make_block("string", texts, x.valid)
    if params.missing == "null":
        return make_block("string", texts, present & is_there)
    return make_block("string", texts, x.valid).guard(GUARD, present & ~is_there)


def _part(params: Params, text: str) -> str | None:
    parts = text.split(params.delimiter)
    return parts[params.part] if -len(parts) <= params.part < len(parts) else None


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    texts = with_example(x.values, x.width, params.delimiter * 100 + "a")
    part = without_example(_from_start(params, texts) if params.part >= 0 else _from_end(params, texts, x.width))
    if not _can_miss(params) or params.missing == "empty":
        return GraphBlock("string", x.width, part, x.valid)
    delimiters = params.part if params.part > 0 else -params.part - 1
    pattern = f"(?s)(?:.*{re.escape(params.delimiter)}){{{delimiters}}}.*"
    is_there = op.regex_full_match(x.values, pattern=pattern)
    if params.missing == "null":
        return masked("string", x.width, part, all_of(x.valid, is_there))
    missing = op.not_(is_there)
    block = GraphBlock("string", x.width, part, x.valid)
    return block.guard(GUARD, missing if x.valid is None else op.and_(x.valid, missing))


def _from_start(params: Params, texts: Var) -> Var:
    return match_at(split_at(texts, params.delimiter, params.part + 2), params.part)


def _from_end(params: Params, texts: Var, width: int) -> Var:
    """The first part of the shortest end of each text that has so many parts; "" where no end has."""
    other = f"[^{re.escape(params.delimiter)}]*"
    more = f"(?:{re.escape(params.delimiter)}{other}){{{-params.part - 1}}}"
    end = first_matches(texts, f"{other}{more}$", width)
    if params.part == -1:
        return end
    is_end = op.regex_full_match(end, pattern=f"{other}{more}")
    return op.where(is_end, match_at(split_at(end, params.delimiter, 2), 0), const(""))


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    if known is None:
        return None
    parts = {_part(params, str(text)) for text in known}
    return tuple(sorted({part or "" for part in parts if part is not None or params.missing == "empty"}))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    d, n = params.delimiter, abs(params.part)
    counts = sorted({0, 1, 2, max(n - 2, 0), max(n - 1, 0), n, n + 1, n + 2})
    texts = [d.join("aé😀b"[i % 4] * (i % 3) for i in range(count + 1)) for count in counts]
    texts += [d * count for count in counts] + [
        f" {d} ".join("xyz"),
        f"\n{d}\n",
        d[:-1],
        d + d[:1],
        d[1:] + d,
        d.upper(),
    ]
    return [None, *dict.fromkeys([*texts, "", " ", "abc", f"a{d}b{d}c", f"{d}a", f"a{d}", d * 300])]


def carry_back(params: Params, state: NoState, k: int, values: list[Scalar]) -> list[Scalar]:
    before = params.delimiter * max(params.part, 0)
    after = params.delimiter * max(-params.part - 1, 0)
    return [f"{before}{text}{after}" for text in values if isinstance(text, str)]


CASES = (
    Case(
        name="the first part",
        shows=("C1", "C2", "C5"),
        columns={"s": "string?", "t": "string"},
        params={"delimiter": "."},
        rows=[["a.b", "a"], [None, ""], [".a", "."], ["", "é😀.x.y"]],
        expect=[["a", "a"], [None, ""], ["", ""], ["", "é😀"]],
    ),
    Case(
        name="a part that may be missing",
        shows=("C1", "C4", "C5"),
        columns={"s": "string?", "t": "string"},
        params={"delimiter": ",", "part": 2},
        rows=[["a,b,c", "a,b"], [None, ",,"], ["a,,c,d", "a,b,"], ["", "x,y,\n,z"]],
        expect=[["c", None], [None, ""], ["c", ""], [None, "\n"]],
    ),
    Case(
        name="several characters",
        shows=("C3", "C4"),
        columns={"s": "string"},
        params={"delimiter": "aa", "part": 1, "missing": "empty"},
        rows=[["aaa"], ["aaaa"], ["baab"], ["a"], ["éaaaé"], ["aAa"]],
        expect=[["a"], [""], ["b"], [""], ["aé"], [""]],
    ),
    Case(
        name="the last part",
        shows=("C1", "C2"),
        columns={"s": "string"},
        params={"delimiter": "/", "part": -1},
        rows=[["a/b"], ["a/"], ["abc"], [""], ["/é\n"], ["//"]],
        expect=[["b"], [""], ["abc"], [""], ["é\n"], [""]],
    ),
    Case(
        name="from the end",
        shows=("C1", "C4"),
        columns={"s": "string?"},
        params={"delimiter": "^", "part": -3, "missing": "error"},
        rows=[["a^b^c"], ["^^"], ["x^a^^c"], ["b^c"], [None], ["\n^b^c"]],
        expect=[["a"], [""], ["a"], [], [None], ["\n"]],
        guards=[("invalid-value", 3, 0)],
    ),
    Case(
        name="several characters from the end",
        shows=("C6",),
        columns={"s": "string"},
        params={"delimiter": "--", "part": -1},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
)

OP = Op(
    name="split",
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
