"""Replace whole values by those of a table: a text by another, a code by its name, a region by its numbers.

Why: a table that somebody keeps by hand (grades in order, a code's meaning, a city's coordinates) is part of the
features, and of what must be the same in training and serving.

Example: `grade: {from: grade, apply: [{map: {values: {low: 1, mid: 2, high: 3}}}]}`

Parameters
----------
values : mapping
    From each value of the column (of an int64 column its digits, of a bool column true and false) to a number, a text
    or a bool; or to a list of them, for several output columns. All are of one type: integers become int64, other
    numbers float64.
values_from : mapping
    In place of `values` and `columns`, a table in a file of at most 100,000 rows, which becomes part of the plan:
    `{path: cities.csv, key: city, columns: {lat: float64, lon: float64}}`. The key is text, or `{code: int64}`. It is
    read as training rows are, with the same options (`separator`, `encoding`, …).
columns : list of str, default []
    The names of the output columns, where `values` has lists.
unknown : error, null, keep or value, default error
    What becomes of a value that is not in the table. `keep`: itself, where text becomes text.
unknown_value : number, text or bool, or null, default null
    What it becomes under `unknown: value`, in every output column.

Input: string, int64 or bool. Output: the type of the values; null stays null. State: the keys, of the column's type.

Critical points
---------------
C1  A value is found only if it equals a key: text by its code points, so that case, blanks and normal form count.
C2  A list of values gives a column for each, named by the input column and `columns`.
C3  A value that is not in the table has the guard `unknown-category`, is null, stays as it is, or is `unknown_value`.
C4  Null stays null, in every output column, and is not unknown.
C5  The values keep their bits: integers beyond 2^53, -0.0, and text of any script.
C6  A table whose values are of several types or of several lengths is refused (SKC123), and so are keys that the column
    cannot hold. Parameters that contradict each other are refused (SKC124).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from skc.emit.blocks import GraphBlock, all_of, lookup, masked
from skc.emit.opset import const, op
from skc.op import SMALL, Case, Known, Met, Names, Op, parameters, refuse, require, require_exact
from skc.ops.categorical._categories import Key, check_keys, key_boundaries, unknown_values
from skc.stats.requests import ColumnStats
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import KINDS, Array, DType

Entry = bool | int | float | str
UNKNOWN = -1
BOOLS = {"true": True, "false": False}


def _pairs(value: Any) -> Any:
    """A mapping as pairs, whose values are lists, so that it can be hashed."""
    pairs = value.items() if isinstance(value, Mapping) else value
    if not isinstance(pairs, Sequence | type({}.items())) or isinstance(pairs, str):
        return value
    return tuple((key, tuple(v) if isinstance(v, list | tuple) else (v,)) for key, v in pairs)


Table = Annotated[
    tuple[tuple[str, tuple[Entry, ...]], ...],
    BeforeValidator(_pairs, json_schema_input_type=dict[str, Entry | list[Entry]]),
    Field(min_length=1),
]


@parameters
class Params:
    values: Table
    columns: tuple[str, ...] = ()
    unknown: Literal["error", "null", "keep", "value"] = "error"
    unknown_value: Entry | None = None


@dataclass(frozen=True)
class State:
    """By column: the keys, in the order of `values`."""

    keys: tuple[tuple[Key, ...], ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", "int64", "bool", op="map")
    require_exact(x, op="map")
    keys = _keys(params, x.dtype)
    check_keys(keys, x.dtype, parameter="values")
    dtype, width = _dtype(params), _width(params)
    if (params.unknown == "value") != (params.unknown_value is not None):
        raise refuse("SKC124", "`unknown: value` and `unknown_value` belong together", hint="write both, or neither")
    if params.unknown == "keep" and (x.dtype, dtype, width) != ("string", "string", 1):
        hint = "use `unknown: null`, or `unknown: value` with an `unknown_value`"
        raise refuse("SKC124", f"`unknown: keep` cannot keep {x.dtype} among {dtype}", hint=hint)
    nullable = x.nullable or params.unknown == "null"
    return x.with_(dtype=dtype, nullable=nullable, width=None if x.width is None else x.width * width)


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    return State((tuple(_keys(params, x.dtype)),) * len(columns))


def _keys(params: Params, dtype: DType) -> list[Key]:
    """The keys, as the column has them. Raises SKC123 for what it cannot hold."""
    texts = [key for key, _ in params.values]
    if dtype == "string":
        return [*texts]
    try:
        return [int(text) if dtype == "int64" else BOOLS[text] for text in texts]
    except (ValueError, KeyError):
        hint = "write its digits" if dtype == "int64" else "write true and false"
        raise refuse("SKC123", f"a key of `values` is not {dtype}: {texts[:5]}", hint=hint) from None


def _width(params: Params) -> int:
    widths = {len(row) for _, row in params.values}
    if len(widths) > 1 or 0 in widths:
        hint = "write as many values for each key"
        raise refuse("SKC123", f"`values` has lists of different lengths: {sorted(widths)}", hint=hint)
    (width,) = widths
    if len(params.columns) != (width if width > 1 else len(params.columns) and 1):
        hint = "name each value of a list in `columns`"
        raise refuse("SKC124", f"`columns` has {len(params.columns)} names for {width} values", hint=hint)
    return width


def _entries(params: Params) -> list[Entry]:
    extra = [] if params.unknown_value is None else [params.unknown_value]
    return [*(entry for _, row in params.values for entry in row), *extra]


def _dtype(params: Params) -> DType:
    kinds = {type(entry) for entry in _entries(params)}
    for types, dtype in (({bool}, "bool"), ({str}, "string"), ({int}, "int64"), ({int, float}, "float64")):
        if kinds <= types:
            _check_range(params, dtype)  # type: ignore[arg-type]  # each is a DType
            return dtype  # type: ignore[return-value]  # each is a DType
    names = sorted(kind.__name__ for kind in kinds)
    raise refuse("SKC123", f"`values` has values of several types: {', '.join(names)}", hint="write values of one type")


def _check_range(params: Params, dtype: DType) -> None:
    bounds = (-(2**63), 2**63 - 1) if dtype == "int64" else (-(2**53), 2**53)
    for entry in _entries(params):
        if isinstance(entry, int) and not bounds[0] <= entry <= bounds[1]:
            raise refuse("SKC123", f"{entry} is not {dtype}", hint="write it as text, or as a smaller number")


def _rows(params: Params) -> Array:
    """[n + 1, M]: the values of each key, and what an unknown one becomes."""
    dtype = _dtype(params)
    default = KINDS[dtype].zero if params.unknown_value is None else params.unknown_value
    rows = [*(row for _, row in params.values), (default,) * _width(params)]
    return np.array(rows, dtype=KINDS[dtype].numpy)


def apply(params: Params, state: State, x: Block) -> Block:
    table, width, present = _rows(params), _width(params), x.present()
    index = np.full(x.values.shape, len(params.values))
    for k, keys in enumerate(state.keys):
        places = {key: i for i, key in enumerate(keys)}
        index[:, k] = [places.get(value, len(keys)) for value in x.values[:, k].tolist()]
    values = table[index].reshape(x.rows, x.width * width)
    is_unknown = present & (index == len(params.values))
    if params.unknown == "keep":
        values = np.where(is_unknown, x.values, values)
    valid = x.valid if params.unknown != "null" else present & ~is_unknown
    block = make_block(_dtype(params), values, None if valid is None else np.repeat(valid, width, axis=1))
    return block.guard("unknown-category", is_unknown) if params.unknown == "error" else block


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    table, width, count = _rows(params), _width(params), len(params.values)
    index = lookup(x, state.keys, [range(count)] * x.width, count)
    is_known = op.less(index, const(count, np.int64))
    if width == 1:
        values = op.gather(const(table[:, 0]), index, axis=0)
    else:
        values = op.reshape(op.gather(const(table), index, axis=0), const([0, x.width * width]))
    if params.unknown == "keep":
        values = op.where(is_known, values, x.values)
    valid = x.valid if params.unknown != "null" else all_of(x.valid, is_known)
    block = masked(_dtype(params), x.width * width, values, None if valid is None else _spread(valid, x.width, width))
    unknown = op.not_(is_known)
    unknown = unknown if x.valid is None else op.and_(x.valid, unknown)
    return block.guard("unknown-category", unknown) if params.unknown == "error" else block.signal("unknown", unknown)


def _spread(valid: Any, columns: int, width: int) -> Any:
    """bool [N, columns * width]: each column so many times."""
    if width == 1:
        return valid
    return op.gather(valid, const([k for k in range(columns) for _ in range(width)], np.int64), axis=1)


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    return tuple(tuple(f"{column}_{name}" for name in params.columns) or (column,) for column in columns)


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    table = {key: row[0] for key, row in zip(state.keys[k], (row for _, row in params.values), strict=True)}
    others: tuple[Scalar, ...] = () if params.unknown_value is None else (params.unknown_value,)
    if params.unknown == "keep":
        return None if known is None else tuple(sorted({table.get(text, text) for text in known}))  # type: ignore[arg-type,type-var]  # both are text
    if _dtype(params) == "float64":
        return tuple(sorted({float(value) for value in (*table.values(), *others)}))  # type: ignore[arg-type]  # numbers
    return tuple(sorted({*table.values(), *others}))  # type: ignore[type-var]  # of one type


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return key_boundaries(state.keys[k], x.dtype)


def marks(params: Params, state: State, k: int) -> Mapping[str, Sequence[Scalar]]:
    return {"category": state.keys[k]}


def ids(params: Params, state: State, k: int) -> Mapping[Any, int]:
    """Keys with the same values have the same id."""
    rows: dict[tuple[Entry, ...], int] = {}
    numbers = (rows.setdefault(row, len(rows)) for _, row in params.values)
    return dict(zip(state.keys[k], numbers, strict=True))


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return [None, *state.keys[k]]


def met(params: Params, state: State, x: Block) -> Mapping[Met, Array]:
    return {} if params.unknown == "error" else {"unknown": unknown_values(x, state.keys)}


def _is_small(params: Params, inputs_are: bool) -> bool:
    return all(abs(entry) <= SMALL for entry in _entries(params) if isinstance(entry, int))


def _is_whole(params: Params, x: ValueType) -> bool:
    return all(float(entry).is_integer() for entry in _entries(params) if not isinstance(entry, str))


CASES = (
    Case(
        name="text to numbers",
        shows=("C1", "C3", "C5"),
        columns={"s": "string"},
        params={"values": {"low": -0.0, "mid": 1, "é": 5e-324}},
        rows=[["low"], ["mid"], ["é"], ["Low"], ["e\u0301"], [" mid"], [""]],
        expect=[[-0.0], [1.0], [5e-324], [], [], [], []],
        guards=[("unknown-category", i, 0) for i in (3, 4, 5, 6)],
    ),
    Case(
        name="text to text",
        shows=("C1", "C3", "C4", "C5"),
        columns={"s": "string?", "t": "string"},
        params={"values": {"NYC": "New York", "": "none", "x": "😀"}, "unknown": "keep"},
        rows=[["NYC", "nyc"], [None, ""], ["x", "X"], ["New York", "ß"]],
        expect=[["New York", "nyc"], [None, "none"], ["😀", "X"], ["New York", "ß"]],
    ),
    Case(
        name="several values",
        shows=("C2", "C3", "C4", "C5"),
        columns={"s": "string?", "t": "string?"},
        params={
            "values": {"a": [1, 2**53 + 1], "b": [-(2**63), 0]},
            "columns": ["x", "y"],
            "unknown": "value",
            "unknown_value": -1,
        },
        rows=[["a", "b"], [None, "A"], ["", "a"]],
        expect=[[1, 2**53 + 1, -(2**63), 0], [None, None, -1, -1], [-1, -1, 1, 2**53 + 1]],
        names=("s_x", "s_y", "t_x", "t_y"),
    ),
    Case(
        name="codes to text",
        shows=("C1", "C3"),
        columns={"n": "int64"},
        params={"values": {"1": "one", "-9223372036854775808": "least"}, "unknown": "null"},
        rows=[[1], [-(2**63)], [0], [-1]],
        expect=[["one"], ["least"], [None], [None]],
    ),
    Case(
        name="flags",
        shows=("C1", "C4"),
        columns={"b": "bool?"},
        params={"values": {"true": False, "false": True}},
        rows=[[True], [False], [None]],
        expect=[[False], [True], [None]],
    ),
    Case(
        name="codes to grades",
        shows=("C1", "C5"),
        columns={"m": "int64", "n": "int64"},
        params={"values": {"0": 2, "-1": 1, "7": 2}},
        rows=[[0, -1], [7, 0], [-1, 1]],
        expect=[[2, 1], [2, 2], []],
        guards=[("unknown-category", 2, 1)],
    ),
    Case(
        name="whole numbers among floats",
        shows=("C5",),
        columns={"s": "string"},
        params={"values": {"a": 1.0, "b": 2, "c": -1e300}},
        rows=[["a"], ["b"], ["c"]],
        expect=[[1.0], [2.0], [-1e300]],
    ),
    Case("mixed values", ("C6",), {"s": "string"}, [], [], {"values": {"a": 1, "b": "x"}}, refused="SKC123"),
    Case(
        "lists of two lengths", ("C6",), {"s": "string"}, [], [], {"values": {"a": [1], "b": [1, 2]}}, refused="SKC123"
    ),
    Case("lists without names", ("C6",), {"s": "string"}, [], [], {"values": {"a": [1, 2]}}, refused="SKC124"),
    Case("a key that is not a number", ("C6",), {"n": "int64"}, [], [], {"values": {"a": 1}}, refused="SKC123"),
    Case("keep a number", ("C6",), {"n": "int64"}, [], [], {"values": {"1": 2}, "unknown": "keep"}, refused="SKC124"),
    Case("no default", ("C6",), {"s": "string"}, [], [], {"values": {"a": 1}, "unknown": "value"}, refused="SKC124"),
    Case("too large", ("C6",), {"s": "string"}, [], [], {"values": {"a": 0.5, "b": 2**53 + 1}}, refused="SKC123"),
)

OP = Op(
    name="map",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    levels=levels,
    marks=marks,
    carry_back=carry_back,
    met=met,
    ids=ids,
    freeze=freeze,
    decides_by=lambda params, k, x: None if params.unknown == "keep" else "category",
    cases=CASES,
    is_small=_is_small,
    is_whole=_is_whole,
    from_file="values",
)
