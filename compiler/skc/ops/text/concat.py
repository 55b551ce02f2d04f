"""Join texts of several columns, with a separator between them and literal text around them.

Why: a make and a model, or a country and a postcode, are one category together.

Example: `place: {from: [country, postcode], apply: [{concat: {separator: "-"}}, {hash_bucket: {buckets: 1000}}]}`

Parameters
----------
separator : str, default ""
    Between two texts, also where one is empty.
prefix, suffix : str, default ""
    Before the first, and after the last.

Input: string, one column or more. Output: string, one column.

Critical points
---------------
C1  The texts are joined in the order of the columns, as they are; nothing is trimmed.
C2  An empty text is a text: the separators around it stay.
C3  If one text is null, the result is null.
C4  One column gets prefix and suffix only.
"""

from __future__ import annotations

import numpy as np

from skc.emit.blocks import GraphBlock, all_of, masked, take_columns
from skc.emit.opset import const, op
from skc.op import Case, Known, Names, NoState, Op, always, parameters, require
from skc.values.types import Block, Scalar, ValueType, make_block


@parameters
class Params:
    separator: str = ""
    prefix: str = ""
    suffix: str = ""


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", op="concat")
    return x.with_(width=1)


def apply(params: Params, state: NoState, x: Block) -> Block:
    texts = [[params.prefix + params.separator.join(row) + params.suffix] for row in x.values.tolist()]
    values = np.array(texts, dtype=object).reshape(x.rows, 1)
    return make_block("string", values, None if x.valid is None else x.present().all(axis=1).reshape(x.rows, 1))


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    columns = [take_columns(x.values, k, k + 1) for k in range(x.width)] if x.width > 1 else [x.values]
    text = columns[0] if not params.prefix else op.string_concat(const(params.prefix), columns[0])
    for column in columns[1:]:
        text = op.string_concat(text, const(params.separator)) if params.separator else text
        text = op.string_concat(text, column)
    text = op.string_concat(text, const(params.suffix)) if params.suffix else text
    if x.valid is None:
        return GraphBlock("string", 1, text)
    return masked("string", 1, text, all_of(*(take_columns(x.valid, k, k + 1) for k in range(x.width))))


def names(params: Params, state: NoState, columns: Names) -> tuple[Names, ...]:
    return (("_".join(columns),), *((),) * (len(columns) - 1))


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    """Of one column; of several, the combinations are not known."""
    if known is None or x.width != 1:
        return None
    return tuple(sorted({f"{params.prefix}{text}{params.suffix}" for text in known}))


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    around = (params.separator, params.prefix, params.suffix)
    return [None, *dict.fromkeys(["", "a", " ", "e\u0301", "\u0301", "😀", "\n", "a" * 300, *around])]


CASES = (
    Case(
        name="three columns",
        shows=("C1", "C2"),
        columns={"a": "string", "b": "string", "c": "string"},
        params={"separator": "-", "prefix": "<", "suffix": "é>"},
        rows=[["x", "y", "z"], ["", "", ""], [" a", "\u0301", "😀\n"], ["-", "", "-"]],
        expect=[["<x-y-zé>"], ["<--é>"], ["< a-\u0301-😀\né>"], ["<----é>"]],
        names=("a_b_c",),
    ),
    Case(
        name="null",
        shows=("C1", "C3"),
        columns={"a": "string?", "b": "string"},
        rows=[["x", "y"], [None, "y"], ["", ""]],
        expect=[["xy"], [None], [""]],
    ),
    Case(
        name="one column",
        shows=("C3", "C4"),
        columns={"a": "string?"},
        params={"suffix": " km"},
        rows=[["7"], [""], [None]],
        expect=[["7 km"], [" km"], [None]],
        names=("a",),
    ),
)

OP = Op(
    name="concat",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    levels=levels,
    cases=CASES,
    arity=always("block"),
)
