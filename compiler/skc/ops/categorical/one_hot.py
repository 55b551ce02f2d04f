"""Encode categories as columns of 0 and 1, one per category: like scikit-learn's `OneHotEncoder`, dense.

Why: linear models and neural networks take numbers, but a single number per category would imply an order and
distances that categories do not have.

Example: `city: {from: city, apply: [{one_hot: {min_frequency: 10, unknown: infrequent}}]}`

Parameters
----------
min_frequency : int, or float between 0 and 1, default null
    Categories with a lower count (for a float: a count below that share of the training rows, nulls included)
    are infrequent; all infrequent categories share one column, the last except for that of nulls.
max_categories : int, default null
    The maximum number of category columns, including that of the infrequent categories but not that of nulls.
drop : null, "first" or "if_binary", default null
    Leave out the first category column of every input, or only of inputs with exactly two.
unknown : "error", "zeros" or "infrequent", default "error"
    For a value not seen in fitting: refuse the row; all zeros; or treat it as infrequent (all zeros if no category
    is infrequent).
null : "column", "zeros" or "error", default "column"
    For a null: a column of its own, `NAME_null`, whenever the input is nullable; all zeros; or refuse the row.

`LabelBinarizer` is `one_hot: {drop: if_binary, unknown: zeros, null: error}`, then `minmax_scale` for numbers other
than 0 and 1; `LabelEncoder` is `ordinal: {null: error}`.

Input: string, int64, bool or float64. Output: float64, 0 or 1, one group of columns per input column. State: per
input column the frequent categories, the infrequent ones, the position left out and the position of a null.

Critical points
---------------
C1  Categories are in ascending order: strings by code point (as their UTF-8 bytes), numbers by value,
    false before true. Columns are named `NAME_category` (`x_True` for a bool, `x_1.0`), `NAME_infrequent` and
    `NAME_null`; an underscore is appended to the last two if a category has that name.
C2  `min_frequency`: a category whose count equals the limit is frequent. A share is compared as
    count < rows * share in float64.
C3  `max_categories` always reserves one column for infrequent categories: with 3 categories and
    `max_categories: 3`, two have their own column and the least frequent is infrequent. Of equally frequent
    categories the first in order becomes infrequent first.
C4  Unknown, `error`: guard `unknown-category`. An infrequent category is not unknown.
C5  A null is not a category: it is never counted as one, infrequent, unknown or dropped. (scikit-learn treats it
    as a category.) Its column exists even if fitting saw no null.
C6  `drop` acts after grouping; a dropped category is encoded as zeros, as is an unknown value under `unknown:
    zeros`.
C7  Strings are equal if their code points are: case, blanks and normal forms matter, and "" is a category.
C8  Integers are compared as int64, never as floats or text; floats are equal if all bits are, or both are zero.
C9  Each column of a step has its own categories.
C10 A column without values in fitting has no categories: it gives only its null column, if any, and every value
    is unknown.
C11 If the preceding steps determine all possible values of the column, each of them is a category, seen in
    fitting or not, and none is unknown: bins, parts of a time except years, codes, ids, false and true, up to 1024
    hash buckets, the strings of `'a' if x < 1 else 'b'`. So `one_hot` of bins gives the same columns as `encode:
    onehot`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from skc.emit.blocks import GraphBlock, lookup, one_hot_columns, unlisted
from skc.emit.opset import const, op
from skc.op import Case, Concern, Names, Op, always, parameters, require, require_exact
from skc.ops.categorical import _groups as groups
from skc.ops.categorical._categories import (
    Key,
    Keys,
    may_lack_values,
    sample,
)
from skc.ops.categorical._encoders import ONE_HOT
from skc.stats.requests import ColumnStats, Count, Levels, NullCount
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import INT64_MAX, INT64_MIN

NOWHERE, UNKNOWN = -1, -2  # in the graph: a known value without a column, an unknown value


@parameters
class Params:
    min_frequency: groups.MinFrequency = None
    max_categories: groups.MaxCategories = None
    drop: Literal["first", "if_binary"] | None = None
    unknown: Literal["error", "zeros", "infrequent"] = "error"
    null: Literal["column", "zeros", "error"] = "column"


@dataclass(frozen=True)
class State:
    """Indices: the frequent categories from 0, then one for the infrequent ones, if any, then that of null."""

    categories: tuple[Keys, ...]
    infrequent: tuple[Keys, ...]
    dropped: tuple[int | None, ...]  # the index without a column
    null: tuple[int | None, ...]  # the index of null; None: all zeros


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", "int64", "bool", "float64", op="one_hot")
    require_exact(x, op="one_hot")
    return ValueType("float64", width=None)


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    split = []
    for stats in columns:
        rows = stats[Count()] + stats[NullCount()]
        split.append(groups.group_infrequent(groups.counted(stats), rows, params.min_frequency, params.max_categories))
    places = [len(frequent) + bool(infrequent) for frequent, infrequent in split]
    has_null = x.nullable and params.null == "column"
    return State(
        categories=tuple(frequent for frequent, _ in split),
        infrequent=tuple(infrequent for _, infrequent in split),
        dropped=tuple(_dropped(params, count) for count in places),
        null=tuple(count if has_null else None for count in places),
    )


def _dropped(params: Params, count: int) -> int | None:
    is_dropped = count > 0 if params.drop == "first" else params.drop == "if_binary" and count == 2
    return 0 if is_dropped else None


def _labels(state: State, k: int) -> list[str]:
    """The names of the columns of input column k, without the prefix."""
    labels = [str(key) for key in state.categories[k]]
    taken = set(labels)
    has_null_column = state.null[k] == category_places(state, k)
    for special, exists in (("infrequent", state.infrequent[k]), ("null", has_null_column)):
        if exists:
            while special in taken:
                special += "_"
            labels.append(special)
    return [label for index, label in enumerate(labels) if index != state.dropped[k]]


def category_places(state: State, k: int) -> int:
    return len(state.categories[k]) + bool(state.infrequent[k])


def names(params: Params, state: State, names: Names) -> tuple[Names, ...]:
    return tuple(tuple(f"{name}_{label}" for label in _labels(state, k)) for k, name in enumerate(names))


def apply(params: Params, state: State, x: Block) -> Block:
    present = x.present()
    unknown = np.zeros(x.values.shape, dtype=bool)
    encoded = []
    for k, categories in enumerate(state.categories):
        places = groups.ids(params, state, k)
        infrequent_index = len(categories) if params.unknown == "infrequent" and state.infrequent[k] else None
        group = np.zeros((x.rows, len(categories) + 2))
        for i, value in enumerate(x.values[:, k].tolist()):
            unknown[i, k] = present[i, k] and value not in places
            index = places.get(value, infrequent_index) if present[i, k] else state.null[k]
            if index is not None:
                group[i, index] = 1.0
        has_null_place = state.null[k] == category_places(state, k)
        group = group[:, : category_places(state, k) + has_null_place]
        dropped = state.dropped[k]
        encoded.append(group if dropped is None else np.delete(group, dropped, axis=1))
    block = Block("float64", np.concatenate([np.zeros((x.rows, 0)), *encoded], axis=1))  # there may be no groups
    refused = unknown if params.unknown == "error" else np.zeros_like(unknown)
    refused = refused | ~present if params.null == "error" else refused
    is_guarded = params.unknown == "error" or (params.null == "error" and may_lack_values(x))
    return block.guard("unknown-category", refused) if is_guarded else block


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    """Map every value to the number of its column within its group, then compare once with all numbers."""
    keys: list[list[Key]] = []
    numbers: list[list[int]] = []
    infrequent: list[int] = []
    for k, categories in enumerate(state.categories):
        # If unknown values are infrequent, infrequent ones need no entry.
        grouped = () if params.unknown == "infrequent" else state.infrequent[k]
        infrequent.append(_column(state, k, len(categories) if state.infrequent[k] else None))
        keys.append([*categories, *grouped])
        frequent = [_column(state, k, index) for index in range(len(categories))]
        numbers.append([*frequent, *[infrequent[k]] * len(grouped)])
    column = lookup(x, keys, numbers, UNKNOWN)
    is_unknown = op.equal(column, const(UNKNOWN, np.int64))
    if params.unknown == "infrequent":
        column = op.where(is_unknown, const([infrequent], np.int64), column)
    present = x.present()
    if present is not None:
        is_unknown = op.and_(present, is_unknown)
        null = [_column(state, k, index) for k, index in enumerate(state.null)]
        column = op.where(present, column, const([null], np.int64))
    widths = [len(_labels(state, k)) for k in range(x.width)]
    block = GraphBlock("float64", sum(widths), one_hot_columns(column, widths))
    refused = is_unknown if params.unknown == "error" else None
    if params.null == "error" and present is not None:
        is_null = op.not_(present)
        refused = is_null if refused is None else op.or_(refused, is_null)
    if params.unknown != "error":
        has_entry = params.unknown != "infrequent" or not any(state.infrequent)
        block = block.signal("unknown", is_unknown if has_entry else op.and_(is_unknown, unlisted(x, state.infrequent)))
    return block if refused is None else block.guard("unknown-category", refused)


def _column(state: State, k: int, index: int | None) -> int:
    """The column number of an index within the group of input column k."""
    dropped = state.dropped[k]
    if index is None or index == dropped:
        return NOWHERE
    return index - (dropped is not None and index > dropped)


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return [*sample(state.categories[k]), *state.infrequent[k][:1], None] if values else []


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    frequent, infrequent, known = state.categories[k], state.infrequent[k], stats[Levels()]
    result = groups.concerns_about_categories(frequent, infrequent)
    if params.unknown == "infrequent" and groups.is_unknown_unseen(frequent, infrequent, known):
        hint = f"set `max_categories: {len(frequent)}` or a higher `min_frequency`, or write `unknown: zeros`"
        result.append(Concern("SKC231", groups.UNSEEN, hint))
    return result


CASES = (
    Case(
        name="floats",
        shows=("C1", "C5", "C8"),
        columns={"x": "float64?", "y": "float64"},
        params={"unknown": "infrequent", "min_frequency": 2},
        fit=[[0.3, -0.0], [0.3, 0.0], [0.1 + 0.2, 2.5], [None, 1e22]],
        rows=[[0.3, -0.0], [0.30000000000000004, 0.0], [None, 2.5], [math.inf, 5e-324]],
        expect=[
            [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0, 1.0, 0.0],
            [0.0, 1.0, 0.0, 0.0, 1.0, 0.0],
        ],
        names=("x_0.3", "x_infrequent", "x_null", "y_0.0", "y_infrequent", "y_null"),
    ),
    Case(
        name="a float column refuses nulls",
        shows=("C4", "C5"),
        columns={"x": "float64?"},
        params={"null": "error"},
        fit=[[-1e300], [0.0], [None]],
        rows=[[0.0], [-1e300], [None], [5e-324]],
        expect=[[0.0, 1.0], [1.0, 0.0], [], []],
        guards=[("unknown-category", 2, 0), ("unknown-category", 3, 0)],
    ),
    Case(
        name="ascending order and names",
        shows=("C1", "C7"),
        columns={"s": "string"},
        fit=[["b"], ["B"], ["é"], [""], ["😀"], ["\uff01"], ["b"], ["e\u0301"]],
        rows=[["b"], [""], ["😀"], ["é"], ["e\u0301"]],
        expect=[
            [0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0],
            [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        ],
        names=("s_", "s_B", "s_b", "s_e\u0301", "s_é", "s_\uff01", "s_😀"),
    ),
    Case(
        name="categories called infrequent and null",
        shows=("C1", "C5"),
        columns={"s": "string?"},
        params={"min_frequency": 2},
        fit=[["null"], ["null"], ["infrequent"], ["infrequent"], ["a"]],
        rows=[["null"], [None], ["a"], ["infrequent"]],
        expect=[[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 0.0]],
        names=("s_infrequent", "s_null", "s_infrequent_", "s_null_"),
    ),
    Case(
        name="a count at the limit is frequent",
        shows=("C2", "C4"),
        columns={"n": "int64"},
        params={"min_frequency": 2},
        fit=[[7], [7], [-1], [3], [3], [3]],
        rows=[[7], [3], [-1], [8]],
        expect=[[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], []],
        guards=[("unknown-category", 3, 0)],
        names=("n_3", "n_7", "n_infrequent"),
    ),
    Case(
        name="a share of the rows, nulls among them",
        shows=("C2", "C5"),
        columns={"s": "string?"},
        params={"min_frequency": 0.5, "unknown": "zeros", "null": "zeros"},
        fit=[["a"], ["a"], ["b"], [None]],
        rows=[["a"], ["b"], [None], ["c"]],
        expect=[[1.0, 0.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0]],
    ),
    Case(
        name="room for the infrequent column",
        shows=("C3",),
        columns={"s": "string"},
        params={"max_categories": 3, "unknown": "infrequent"},
        fit=[["a"], ["b"], ["c"], ["c"]],
        rows=[["a"], ["b"], ["c"], ["d"]],
        expect=[[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        names=("s_b", "s_c", "s_infrequent"),
    ),
    Case(
        name="everything infrequent",
        shows=("C3",),
        columns={"s": "string"},
        params={"max_categories": 1},
        fit=[["a"], ["b"]],
        rows=[["a"], ["b"], ["c"]],
        expect=[[1.0], [1.0], []],
        guards=[("unknown-category", 2, 0)],
        names=("s_infrequent",),
    ),
    Case(
        name="unknown as infrequent where nothing is",
        shows=("C4",),
        columns={"s": "string"},
        params={"unknown": "infrequent"},
        fit=[["a"]],
        rows=[["a"], ["b"]],
        expect=[[1.0], [0.0]],
    ),
    Case(
        name="null is neither unknown nor dropped",
        shows=("C5", "C6"),
        columns={"s": "string?", "t": "string?"},
        params={"drop": "first"},
        fit=[["a", "x"], ["b", "x"]],
        rows=[["a", "x"], ["b", None], [None, "x"], ["", "x"]],
        expect=[[0.0, 0.0, 0.0], [1.0, 0.0, 1.0], [0.0, 1.0, 0.0], []],
        guards=[("unknown-category", 3, 0)],
        names=("s_b", "s_null", "t_null"),
    ),
    Case(
        name="drop one of two",
        shows=("C6", "C8", "C9"),
        columns={"m": "int64", "n": "int64"},
        params={"drop": "if_binary"},
        fit=[[INT64_MIN, 2**53], [INT64_MAX, 2**53 + 1], [INT64_MIN, 5]],
        rows=[[INT64_MAX, 2**53 + 1], [INT64_MIN, 5], [5, 5], [INT64_MIN, 2**53 + 2]],
        expect=[[1.0, 0.0, 0.0, 1.0], [0.0, 1.0, 0.0, 0.0], [], []],
        guards=[("unknown-category", 2, 0), ("unknown-category", 3, 1)],
        names=("m_9223372036854775807", "n_5", "n_9007199254740992", "n_9007199254740993"),
    ),
    Case(
        name="null refused",
        shows=("C5",),
        columns={"s": "string?", "t": "string"},
        params={"null": "error", "unknown": "zeros"},
        fit=[["a", "b"], [None, "b"]],
        rows=[["a", "b"], [None, "b"], ["", ""]],
        expect=[[1.0, 1.0], [], [0.0, 0.0]],
        guards=[("unknown-category", 1, 0)],
        names=("s_a", "t_b"),
    ),
    Case(
        name="everything infrequent and dropped",
        shows=("C6",),
        columns={"s": "string"},
        params={"drop": "first", "max_categories": 1, "unknown": "infrequent"},
        fit=[["a"], ["b"]],
        rows=[["a"], ["c"]],
        expect=[[], []],
        names=(),
    ),
    Case(
        name="columns keep their categories to themselves",
        shows=("C9", "C10"),
        columns={"s": "string?", "t": "string?", "u": "string?"},
        params={"unknown": "zeros"},
        fit=[["a", None, "1:a"], ["0:a", None, "b"]],
        rows=[["a", "a", "a"], ["0:a", "", "1:a"], [None, None, None], ["b", None, "b"]],
        expect=[
            [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0],
            [0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0],
        ],
        names=("s_0:a", "s_a", "s_null", "t_null", "u_1:a", "u_b", "u_null"),
    ),
    Case(
        name="booleans",
        shows=("C1", "C11"),
        columns={"b": "bool?", "c": "bool?"},
        fit=[[True, True], [None, True], [False, None]],
        rows=[[True, True], [False, False], [None, True]],
        expect=[[0.0, 1.0, 0.0, 0.0, 1.0, 0.0], [1.0, 0.0, 0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0, 1.0, 0.0]],
        names=("b_False", "b_True", "b_null", "c_False", "c_True", "c_null"),
    ),
    Case(
        name="what was never seen is infrequent",
        shows=("C2", "C11"),
        columns={"b": "bool"},
        params={"min_frequency": 1},
        fit=[[True], [True]],
        rows=[[True], [False]],
        expect=[[1.0, 0.0], [0.0, 1.0]],
        names=("b_True", "b_infrequent"),
    ),
)

OP = Op(
    name="one_hot",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=groups.needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=groups.boundaries,
    marks=groups.marks,
    carry_back=carry_back,
    degenerate=groups.degenerate,
    concerns=concerns,
    ids=groups.ids,
    met=groups.met,
    decides_by=always("category"),
    sklearn=ONE_HOT,
    cases=CASES,
    null_blind=True,
    is_whole=always(True),
)
