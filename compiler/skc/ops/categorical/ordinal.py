"""Replace each category with its rank, 0 to n - 1: like scikit-learn's `OrdinalEncoder`, as int64.

Why: tree models split on the order of small integers; and some categories do have an order, which a list can
specify.

Example: `size: {from: size, apply: [{ordinal: {categories: [S, M, L], missing_value: -1}}]}`

Parameters
----------
categories : "sorted", a list of values, or a list of such lists, one per column; default "sorted"
    The categories, in order. Sorted: those seen in fitting, ascending.
min_frequency : int, or float between 0 and 1, default null
    Categories with a lower count (for a float: a count below that share of the training rows, nulls included)
    are infrequent; all infrequent categories share one code, the last.
max_categories : int, default null
    The maximum number of codes, including that of the infrequent categories.
unknown : "error", "value" or null, default "error"
    For a value that is not a category: refuse the row; the code `unknown_value`; or null.
unknown_value : int, default null
    The code of unknown values, different from every category's code. Required with `unknown: value`, and only
    allowed with it.
missing_value : int, default null
    The code of a null, different from every category's code. By default null stays null. (scikit-learn:
    `encoded_missing_value`.)
null : "keep" or "error", default "keep"
    For a null without a code: it stays null, or the row is refused.

Input: string, int64, bool or float64. Output: int64. State: per column the frequent categories in the order of their
codes, and the infrequent ones, which share the code after those.

Critical points
---------------
C1  Sorted means: strings by code point (as their UTF-8 bytes), integers by value, false before true.
C2  A list keeps the given order, also for integers (which scikit-learn requires to be ascending). Its categories
    need not occur in the data; under `unknown: error`, a value in the data that is not listed is an error in
    fitting.
C3  Infrequent: as in `one_hot`. A category whose count equals the limit is frequent; `max_categories: 3`
    keeps two categories and the infrequent code even if there are only three; of equally frequent ones the first
    in order becomes infrequent first.
C4  Unknown, `error`: guard `unknown-category`; an infrequent category is not unknown, and an unknown value is not
    infrequent.
C5  Null stays null, gets `missing_value`, or is refused; it is never unknown and is not a category.
C6  `unknown_value` or `missing_value` equal to a category's code is refused in fitting.
C7  Strings are equal if their code points are; integers are compared as int64, never as floats or text; floats are
    equal if all bits are, or both are zero; "" is a value.
C8  A column without values has no categories: every value is unknown. Each column has its own categories.
C9  If the preceding steps determine all possible values of the column (see `one_hot`), those are the categories,
    seen or not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, all_of, lookup, masked, of_present
from skc.emit.opset import const, op
from skc.op import SMALL, Arity, Case, Concern, Known, Op, always, parameters, refuse, require, require_exact
from skc.ops.categorical import _groups as groups
from skc.ops.categorical._categories import (
    Key,
    Keys,
    check_keys,
    may_lack_values,
)
from skc.ops.categorical._encoders import ORDINAL
from skc.stats.requests import ColumnStats, Count, NullCount, ValueCounts
from skc.values.types import Block, Scalar, ValueType, make_block
from skc_runtime.kinds import INT64_MAX, INT64_MIN

Code = Annotated[int, Field(ge=INT64_MIN, le=INT64_MAX)]
UNKNOWN = -1  # in the graph, if unknown values have no code of their own


@parameters
class Params:
    categories: Literal["sorted"] | Keys | tuple[Keys, ...] = "sorted"
    min_frequency: groups.MinFrequency = None
    max_categories: groups.MaxCategories = None
    unknown: Literal["error", "value"] | None = "error"
    unknown_value: Code | None = None
    missing_value: Code | None = None
    null: Literal["keep", "error"] = "keep"


@dataclass(frozen=True)
class State:
    categories: tuple[Keys, ...]
    infrequent: tuple[Keys, ...]


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", "int64", "bool", "float64", op="ordinal")
    require_exact(x, op="ordinal")
    if (params.unknown == "value") != (params.unknown_value is not None):
        raise refuse(
            "SKC124",
            "`unknown: value` and `unknown_value` go together",
            hint="give both, as in `unknown: value, unknown_value: -1`, or neither",
        )
    if params.null == "error" and params.missing_value is not None:
        raise refuse("SKC124", "`null: error` and `missing_value` contradict each other", hint="remove one of them")
    if x.width is not None:
        for categories in _given(params, x.width):
            check_keys(categories or (), x.dtype, parameter="categories")
    stays_null = x.nullable and params.missing_value is None and params.null == "keep"
    return x.with_(dtype="int64", nullable=stays_null or params.unknown is None)


def _given(params: Params, width: int) -> list[Keys | None]:
    """The listed categories of every column; None if they are learned."""
    if params.categories == "sorted":
        return [None] * width
    lists = [item for item in params.categories if isinstance(item, tuple)]
    if not lists:
        return [params.categories] * width  # type: ignore[list-item]  # no item is a tuple
    if len(lists) != width:
        raise refuse(
            "SKC124",
            f"`categories` has {len(lists)} lists for {width} columns",
            hint="give one list per column, or one for all",
        )
    return list(lists)


def arity(params: Params) -> Arity:
    """A list per column fixes the number of columns, so such a step is not fused."""
    return "block" if any(isinstance(item, tuple) for item in params.categories) else "columns"


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    grouped = []
    for stats, categories in zip(columns, _given(params, len(columns)), strict=True):
        counts_by_key: dict[Key, int] = dict(stats[ValueCounts()])
        keys = tuple(key for key, _ in groups.counted(stats)) if categories is None else categories
        _check_seen(params, counts_by_key, keys)
        rows = stats[Count()] + stats[NullCount()]
        counts = [(key, counts_by_key.get(key, 0)) for key in keys]
        grouped.append(groups.group_infrequent(counts, rows, params.min_frequency, params.max_categories))
        _check_codes(params, x, codes=len(grouped[-1][0]) + bool(grouped[-1][1]))
    return State(tuple(frequent for frequent, _ in grouped), tuple(infrequent for _, infrequent in grouped))


def _check_seen(params: Params, counts: dict[Key, int], keys: Keys) -> None:
    known = set(keys)
    strange = [key for key in counts if key not in known]
    if strange and params.unknown == "error":
        raise refuse(
            "SKC214",
            f"the data contains {strange[0]!r}, which is not listed in `categories`",
            hint="add it to `categories`, or give unknown values a code: `unknown: value`",
        )


def _check_codes(params: Params, x: ValueType, codes: int) -> None:
    missing = params.missing_value if x.nullable else None
    for parameter, value in (("unknown_value", params.unknown_value), ("missing_value", missing)):
        if value is not None and 0 <= value < codes:
            raise refuse(
                "SKC213",
                f"`{parameter}: {value}` is already the code of a category: a column has codes 0 to {codes - 1}",
                hint=f"use a negative number, or {codes} or more",
            )


def apply(params: Params, state: State, x: Block) -> Block:
    present = x.present()
    codes = np.zeros(x.values.shape, dtype=np.int64)
    unknown = np.zeros(x.values.shape, dtype=bool)
    for k in range(x.width):
        ranks = groups.ids(params, state, k)
        for i, value in enumerate(x.values[:, k].tolist()):
            unknown[i, k] = present[i, k] and value not in ranks
            codes[i, k] = ranks.get(value, params.unknown_value or 0)
    if params.missing_value is not None:
        codes = np.where(present, codes, params.missing_value)
    has_no_null = params.missing_value is not None or params.null == "error"
    valid = np.ones_like(present) if has_no_null else present
    if params.unknown is None:
        valid = valid & ~unknown
    is_nullable = params.unknown is None or (may_lack_values(x) and not has_no_null)
    block = make_block("int64", codes, valid if is_nullable else None)
    refused = unknown if params.unknown == "error" else np.zeros_like(unknown)
    refused = refused | ~present if params.null == "error" else refused
    is_guarded = params.unknown == "error" or (params.null == "error" and may_lack_values(x))
    return block.guard("unknown-category", refused) if is_guarded else block


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    keys, codes = [], []
    for categories, infrequent in zip(state.categories, state.infrequent, strict=True):
        keys.append([*categories, *infrequent])
        codes.append([*range(len(categories)), *[len(categories)] * len(infrequent)])
    default = UNKNOWN if params.unknown_value is None else params.unknown_value
    values = code = lookup(x, keys, codes, default)
    is_known = None if params.unknown == "value" else op.greater_or_equal(values, const(0, np.int64))
    present = valid = x.present()
    if present is not None and params.missing_value is not None:
        values = op.where(present, values, const(params.missing_value, np.int64))
        valid = None
    if params.null == "error":
        valid = None
    if params.unknown is None and is_known is not None:
        is_known_or_null = is_known if present is None else op.or_(is_known, op.not_(present))
        valid = all_of(valid, is_known_or_null)
    block = masked("int64", x.width, values, valid)
    refused = None
    if params.unknown != "error":
        block = block.signal("unknown", of_present(x, op.equal(code, const(default, np.int64))))
    elif is_known is not None:
        refused = op.not_(is_known) if present is None else op.and_(present, op.not_(is_known))
    if params.null == "error" and present is not None:
        is_null = op.not_(present)
        refused = is_null if refused is None else op.or_(refused, is_null)
    return block if refused is None else block.guard("unknown-category", refused)


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    """The codes, including those of unknown values and nulls."""
    codes = set(range(len(state.categories[k]) + bool(state.infrequent[k])))
    special_values = (params.unknown_value, params.missing_value if x.nullable else None)
    return tuple(sorted(codes | {code for code in special_values if code is not None}))


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    keys = (*state.categories[k], *state.infrequent[k][:1])
    codes = [v for v in values if isinstance(v, int) and 0 <= v < len(keys)]
    return [None, *(keys[code] for code in codes)]


def _is_small(params: Params, inputs_are: bool) -> bool:
    """Ranks are small; the two special codes can be anything."""
    return all(abs(code or 0) <= SMALL for code in (params.unknown_value, params.missing_value))


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    return groups.concerns_about_categories(state.categories[k], state.infrequent[k])


CASES = (
    Case(
        name="floats",
        shows=("C1", "C7"),
        columns={"x": "float64?", "y": "float64"},
        params={"unknown": "value", "unknown_value": -1, "missing_value": -2},
        fit=[[0.1 + 0.2, -0.0], [0.3, 0.0], [-math.inf, 1e300], [None, 5e-324]],
        rows=[[0.3, -0.0], [0.30000000000000004, 5e-324], [-math.inf, 1e300], [None, 1.0], [math.inf, -5e-324]],
        expect=[[1, 0], [2, 1], [0, 2], [-2, -1], [-1, -1]],
    ),
    Case(
        name="floats in the order of a list",
        shows=("C2", "C4", "C5"),
        columns={"x": "float64?"},
        params={"categories": [2.5, -1.25, 0.0]},
        fit=[[0.0]],
        rows=[[2.5], [-1.25], [-0.0], [None], [2.5000000000000004]],
        expect=[[0], [1], [2], [None], []],
        guards=[("unknown-category", 4, 0)],
    ),
    Case(
        name="a float column refuses nulls",
        shows=("C5",),
        columns={"x": "float64?"},
        params={"null": "error", "unknown": None},
        fit=[[0.5]],
        rows=[[0.5], [None], [1.0]],
        expect=[[0], [], [None]],
        guards=[("unknown-category", 1, 0)],
    ),
    Case(
        name="ascending",
        shows=("C1", "C7"),
        columns={"s": "string"},
        fit=[["b"], ["B"], ["é"], [""], ["😀"], ["\uff01"], ["e\u0301"]],
        rows=[[""], ["B"], ["b"], ["e\u0301"], ["é"], ["\uff01"], ["😀"], ["É"]],
        expect=[[0], [1], [2], [3], [4], [5], [6], []],
        guards=[("unknown-category", 7, 0)],
    ),
    Case(
        name="integers to the last bit",
        shows=("C1", "C7", "C8"),
        columns={"m": "int64", "n": "int64"},
        fit=[[INT64_MAX, 2**53 + 1], [INT64_MIN, 2**53], [-1, 10], [0, 9]],
        params={"unknown": "value", "unknown_value": -1},
        rows=[[INT64_MIN, 2**53], [INT64_MAX, 2**53 + 1], [-1, 2**53 + 2], [9, -1]],
        expect=[[0, 2], [3, 3], [1, -1], [-1, -1]],
    ),
    Case(
        name="a list for all columns",
        shows=("C2",),
        columns={"s": "string", "t": "string"},
        params={"categories": ["low", "mid", "high"]},
        fit=[["low", "high"]],
        rows=[["mid", "low"], ["high", "high"]],
        expect=[[1, 0], [2, 2]],
    ),
    Case(
        name="a list for each column",
        shows=("C2", "C8"),
        columns={"m": "int64", "n": "int64"},
        params={"categories": [[3, 1], []], "unknown": None},
        fit=[],
        rows=[[1, 1], [3, 0], [2, 2]],
        expect=[[1, None], [0, None], [None, None]],
    ),
    Case(
        name="data that the list lacks",
        shows=("C2",),
        columns={"s": "string"},
        params={"categories": ["low", "high"]},
        fit=[["low"], ["mid"]],
        rows=[],
        expect=[],
        refused="SKC214",
    ),
    Case(
        name="a list that repeats itself",
        shows=("C2",),
        columns={"s": "string"},
        params={"categories": ["a", "b", "a"]},
        rows=[],
        expect=[],
        refused="SKC123",
    ),
    Case(
        name="a list short",
        shows=("C2",),
        columns={"s": "string", "t": "string"},
        params={"categories": [["a"]]},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
    Case(
        name="infrequent ones share the last code",
        shows=("C3", "C4"),
        columns={"s": "string?"},
        params={"max_categories": 3, "unknown": "value", "unknown_value": 9, "missing_value": 7},
        fit=[["a"], ["b"], ["c"], ["c"], [None]],
        rows=[["a"], ["b"], ["c"], ["d"], [None]],
        expect=[[2], [0], [1], [9], [7]],
    ),
    Case(
        name="a share of the rows, nulls among them",
        shows=("C3", "C5"),
        columns={"s": "string?"},
        params={"min_frequency": 0.5, "unknown": None},
        fit=[["a"], ["b"], ["b"], [None]],
        rows=[["a"], ["b"], ["c"], [None]],
        expect=[[1], [0], [None], [None]],
    ),
    Case(
        name="null stays null",
        shows=("C4", "C5", "C8"),
        columns={"s": "string?", "t": "string?"},
        fit=[["", None], ["a", None]],
        rows=[[None, None], ["", None], ["a", "a"]],
        expect=[[None, None], [0, None], []],
        guards=[("unknown-category", 2, 1)],
    ),
    Case(
        name="null may be -1 and is not unknown",
        shows=("C5",),
        columns={"b": "string?", "c": "string?"},
        params={"missing_value": -1},
        fit=[["t", "t"], ["f", None]],
        rows=[[None, None], ["f", "t"], ["t", "f"]],
        expect=[[-1, -1], [0, 0], []],
        guards=[("unknown-category", 2, 1)],
    ),
    Case(
        name="booleans are two, seen or not",
        shows=("C1", "C9"),
        columns={"b": "bool?", "c": "bool?"},
        fit=[[True, None]],
        rows=[[False, True], [True, False], [None, None]],
        expect=[[0, 1], [1, 0], [None, None]],
    ),
    Case(
        name="null has a code, unknown none",
        shows=("C4", "C5"),
        columns={"n": "int64?"},
        params={"missing_value": 5, "unknown": None},
        fit=[[3]],
        rows=[[None], [3], [0]],
        expect=[[5], [0], [None]],
    ),
    Case(
        name="a code that is taken",
        shows=("C6",),
        columns={"s": "string"},
        params={"unknown": "value", "unknown_value": 1},
        fit=[["a"], ["b"]],
        rows=[],
        expect=[],
        refused="SKC213",
    ),
    Case(
        name="null refused",
        shows=("C5",),
        columns={"s": "string?", "t": "string"},
        params={"null": "error", "unknown": None},
        fit=[["a", "b"], ["c", "b"], [None, "b"]],
        rows=[["a", "b"], [None, "b"], ["", ""], ["c", "b"]],
        expect=[[0, 0], [], [None, None], [1, 0]],
        guards=[("unknown-category", 1, 0)],
    ),
    Case(
        name="null refused and encoded",
        shows=("C5",),
        columns={"s": "string?"},
        params={"null": "error", "missing_value": -1},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
    Case(
        name="unknown_value alone",
        shows=("C6",),
        columns={"s": "string"},
        params={"unknown_value": -1},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
)

OP = Op(
    name="ordinal",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=groups.needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    boundaries=groups.boundaries,
    levels=levels,
    marks=groups.marks,
    carry_back=carry_back,
    arity=arity,
    degenerate=groups.degenerate,
    concerns=concerns,
    ids=groups.ids,
    met=groups.met,
    decides_by=always("category"),
    sklearn=ORDINAL,
    cases=CASES,
    null_blind=True,
    is_small=_is_small,
)
