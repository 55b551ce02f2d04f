"""Replace each value with its id in a vocabulary learned from the data, for use in an embedding.

Why: embeddings are looked up by id. Like TensorFlow's `StringLookup` and torchtext's `vocab`, with ids that are
predictable.

Example: `word: {from: word, apply: [{vocabulary: {top_k: 1000, oov_buckets: 10}}]}`

The ids start at 0 and have no gaps; parts that are not requested take none:
  1. padding: one id (always 0), with `pad: true`; no value ever gets it
  2. null: one id, if the input is nullable
  3. unknown: with `unknown: id` one id, or `oov_buckets` ids
  4. `reserved`, in the order given
  5. the learned values, by descending count, and for equal counts by UTF-8 bytes (numbers by value, false
     before true)

Parameters
----------
top_k : int, default null
    The maximum number of values to learn, not counting those in `reserved`.
min_frequency : int, default 1
    The minimum count of a value to be learned.
reserved : list of values of the column's type, default empty
    Values that get an id whether seen or not.
pad : bool, default false
    Keep id 0 for padding.
unknown : "id" or "error", default "id"
    For a value that is not in the vocabulary: an id; or refuse the row.
oov_buckets : int, default 0
    Spread unknown values over this many ids by hash: first unknown id + h mod `oov_buckets`, where h is the
    hash of `hash_bucket`. With 0 or 1, all unknown values share one id.
seed : int, 0 to 4294967295, default 0
    The seed of this hash.

Input: string, int64, bool or float64. Output: int64, never null. State: per column the keys in the order of their
ids, and the ids of null, of the first unknown and of the first key.

Critical points
---------------
C1  Ids are in the order given above; ties never depend on a collation.
C2  A count equal to `min_frequency` suffices; `top_k` cuts off after sorting, even between ties.
C3  A reserved value that occurs in the data keeps its reserved id and does not count for `top_k`.
C4  Unknown: one id, distinct from that of null; `error`: guard `unknown-category`.
C5  With `oov_buckets` above 1, the id of an unknown value depends only on its hash and the seed.
C6  Null has its own id whenever the input is nullable, even if fitting saw none; it is never
    unknown.
C7  Padding takes id 0 and shifts all others up by one.
C8  Strings are equal if their code points are; integers are compared as int64, never as floats or text; floats are
    equal if all bits are, or both are zero; "" is a value. Floats have no hash, so no `oov_buckets` (SKC120).
C9  A column without values has an empty vocabulary: every value is unknown. Each column has its own
    keys.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, hash_keys, lookup, of_present, or_zero
from skc.emit.opset import const, op
from skc.op import SMALL, Case, Concern, Decision, Known, Met, Op, parameters, refuse, require, require_exact
from skc.ops.categorical._categories import MOST_LEVELS, Key, Keys, check_keys, key_boundaries, unknown_values
from skc.ops.categorical._murmur3 import hash_key
from skc.stats.requests import ColumnStats, Count, Stat, ValueCounts
from skc.values.once import once_per_state
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import INT64_MAX, INT64_MIN, Array

UNKNOWN = -1  # in the graph: not in the vocabulary (no id is negative)


@parameters
class Params:
    top_k: Annotated[int, Field(ge=1)] | None = None
    min_frequency: Annotated[int, Field(ge=1)] = 1
    reserved: Keys = ()
    pad: bool = False
    unknown: Literal["id", "error"] = "id"
    oov_buckets: Annotated[int, Field(ge=0, le=2**32)] = 0
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0


@dataclass(frozen=True)
class State:
    keys: tuple[Keys, ...]
    null_id: tuple[int | None, ...]
    unknown_id: tuple[int | None, ...]  # the first, if there are buckets
    first_id: tuple[int, ...]  # of keys[k][0]; the others follow in order


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", "int64", "bool", "float64", op="vocabulary")
    require_exact(x, op="vocabulary")
    check_keys(params.reserved, x.dtype, parameter="reserved")
    if x.kind.is_float and params.oov_buckets > 1:
        raise refuse(
            "SKC120",
            f"`oov_buckets: {params.oov_buckets}` spreads unknown values by a hash, and float64 has none",
            hint="remove `oov_buckets`, or put `{cast: {to: int64}}` before this step",
        )
    if params.unknown == "error" and params.oov_buckets:
        raise refuse(
            "SKC124",
            f"`unknown: error` leaves no unknown values for `oov_buckets: {params.oov_buckets}`",
            hint="remove one of the two",
        )
    return x.with_(dtype="int64", nullable=False)


def needs(params: Params, x: ValueType) -> tuple[Stat, ...]:
    return (Count(), _counts(params))


def _counts(params: Params) -> ValueCounts:
    """Enough values to leave `top_k` after the reserved ones are removed."""
    limit = None if params.top_k is None else params.top_k + len(params.reserved)
    return ValueCounts(min_count=params.min_frequency, limit=limit)


def freeze(params: Params, x: ValueType, columns: Sequence[ColumnStats]) -> State:
    null_id = int(params.pad)
    unknown_id = null_id + x.nullable
    first_id = unknown_id + (max(1, params.oov_buckets) if params.unknown == "id" else 0)
    return State(
        keys=tuple((*params.reserved, *_to_learn(params, stats)[: params.top_k]) for stats in columns),
        null_id=(null_id if x.nullable else None,) * len(columns),
        unknown_id=(unknown_id if params.unknown == "id" else None,) * len(columns),
        first_id=(first_id,) * len(columns),
    )


def _to_learn(params: Params, stats: ColumnStats) -> list[Key]:
    """The counted values that are not reserved, in the order of their ids."""
    values: list[Key] = list(map(itemgetter(0), stats[_counts(params)]))
    reserved = set(params.reserved)
    return [value for value in values if value not in reserved] if reserved else values


@once_per_state
def ids(params: Params, state: State, k: int) -> dict[Key, int]:
    return {key: state.first_id[k] + index for index, key in enumerate(state.keys[k])}


def apply(params: Params, state: State, x: Block) -> Block:
    missing = ~x.present()
    result = np.zeros(x.values.shape, dtype=np.int64)
    for k in range(x.width):
        known = ids(params, state, k)
        values = x.values[:, k].tolist()
        id_of = {value: known.get(value, _unknown_id(params, state.unknown_id[k], value)) for value in set(values)}
        result[:, k] = [id_of[value] for value in values]
        result[missing[:, k], k] = state.null_id[k] or 0
    unknown = result == UNKNOWN
    block = Block("int64", np.where(unknown, 0, result))
    return block.guard("unknown-category", unknown) if params.unknown == "error" else block


def _unknown_id(params: Params, first: int | None, value: Key) -> int:
    """The id of a value that is not a key: that of its bucket, if there are several."""
    if first is None or params.oov_buckets <= 1:
        return UNKNOWN if first is None else first
    assert not isinstance(value, float)  # `infer` refuses it
    return first + hash_key(value, params.seed) % params.oov_buckets


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    numbers = [range(first, first + len(keys)) for first, keys in zip(state.first_id, state.keys, strict=True)]
    unknown_id = state.unknown_id[0]  # columns of one step share parameters and nullability, and so these ids
    is_one_id = unknown_id is not None and params.oov_buckets <= 1
    values = looked_up = lookup(x, state.keys, numbers, unknown_id if is_one_id else UNKNOWN)  # type: ignore[arg-type]  # is_one_id: not None
    if unknown_id is not None and params.oov_buckets > 1:
        bucket = op.mod(hash_keys(x, params.seed), const(params.oov_buckets, np.int64))
        bucket = op.add(bucket, const(unknown_id, np.int64))
        values = op.where(op.less(values, const(0, np.int64)), bucket, values)
    present = x.present()
    if present is not None:
        null_id = state.null_id[0] or 0
        values = op.where(present, values, const(null_id, np.int64)) if null_id else or_zero(present, values)
    if unknown_id is not None:
        block = GraphBlock("int64", x.width, values)
        if is_one_id and present is not None and state.null_id[0] not in (unknown_id, None):
            return block.signal("unknown", op.equal(values, const(unknown_id, np.int64)))  # one node less
        is_unknown = op.equal(looked_up, const(unknown_id if is_one_id else UNKNOWN, np.int64))
        return block.signal("unknown", of_present(x, is_unknown))
    unknown = op.less(values, const(0, np.int64))
    # A guarded row must not crash an op that uses the ids as indices.
    usable = op.where(unknown, const(0, np.int64), values)
    return GraphBlock("int64", x.width, usable).guard("unknown-category", unknown)


def _decides_by(params: Params, k: int, x: ValueType) -> Decision | None:
    return "category" if params.oov_buckets <= 1 else None  # if there are more, the value decides


def levels(params: Params, state: State, k: int, x: ValueType, known: Known) -> Known:
    """All ids, unless there are too many for unknown values."""
    count = state.first_id[k] + len(state.keys[k])
    return tuple(range(count)) if params.oov_buckets <= MOST_LEVELS else None


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return key_boundaries(state.keys[k], x.dtype)


def marks(params: Params, state: State, k: int) -> dict[str, Sequence[Scalar]]:
    return {"category": state.keys[k]}


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    positions = [v - state.first_id[k] for v in values if isinstance(v, int)]
    return [None, *(state.keys[k][p] for p in positions if 0 <= p < len(state.keys[k]))]


def _is_small(params: Params, inputs_are: bool) -> bool:
    """Ids are numbered from 0, and a graph with 2^23 keys is too large to load."""
    return params.oov_buckets <= SMALL // 2


def degenerate(params: Params, state: State, k: int) -> str | None:
    return None if state.keys[k] else "no key"


def concerns(params: Params, state: State, k: int, x: ValueType, stats: ColumnStats) -> list[Concern]:
    """A warning if every training value has its own id, so that no row trains the id of unknown values."""
    learned = len(state.keys[k]) - len(params.reserved)
    if params.unknown == "error" or not state.keys[k]:
        return []
    is_every_one_counted = stats[Count()] == sum(map(itemgetter(1), stats[_counts(params)]))
    if not is_every_one_counted or learned < len(_to_learn(params, stats)):
        return []
    text = "every training value has its own id, so no training row has the id of an unknown value"
    if learned > 1:
        return [Concern("SKC231", text, f"set `top_k: {learned - 1}` or less, or write `unknown: error`")]
    return [Concern("SKC231", text, "write `unknown: error`, or drop the feature")]


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    if params.unknown == "error":  # counted by a guard
        return {}
    return {"unknown": unknown_values(x, state.keys)}


CASES = (
    Case(
        name="floats",
        shows=("C1", "C6", "C8"),
        columns={"x": "float64?", "y": "float64"},
        params={"reserved": [0.5]},
        fit=[[0.1 + 0.2, 0.0], [0.3, -0.0], [0.3, 1e300], [None, 4.25]],
        rows=[[0.3, -0.0], [0.30000000000000004, 0.0], [0.5, 1e300], [None, 0.5], [math.inf, 2.0]],
        expect=[[3, 3], [4, 3], [2, 5], [0, 2], [1, 1]],
    ),
    Case(
        name="floats have no hash",
        shows=("C8",),
        columns={"x": "float64"},
        params={"oov_buckets": 2},
        fit=[],
        rows=[],
        expect=[],
        refused="SKC120",
    ),
    Case(
        name="by count, then by bytes",
        shows=("C1", "C8"),
        columns={"s": "string"},
        fit=[["b"], ["B"], [""], ["😀"], ["\uff01"], ["b"], ["é"]],
        rows=[["b"], [""], ["B"], ["é"], ["\uff01"], ["😀"], ["e\u0301"], [" b"]],
        expect=[[1], [2], [3], [4], [5], [6], [0], [0]],
    ),
    Case(
        name="the limit is reached, ties are cut",
        shows=("C2",),
        columns={"s": "string"},
        params={"top_k": 2, "min_frequency": 2},
        fit=[["c"], ["c"], ["a"], ["a"], ["b"], ["b"], ["d"]],
        rows=[["a"], ["b"], ["c"], ["d"]],
        expect=[[1], [2], [0], [0]],
    ),
    Case(
        name="reserved values come first",
        shows=("C3",),
        columns={"s": "string"},
        params={"reserved": ["[CLS]", "a"], "top_k": 1},
        fit=[["a"], ["a"], ["b"], ["b"], ["c"]],
        rows=[["[CLS]"], ["a"], ["b"], ["c"]],
        expect=[[1], [2], [3], [0]],
    ),
    Case(
        name="reserved integers",
        shows=("C3", "C4"),
        columns={"n": "int64?"},
        params={"reserved": [INT64_MIN, 0], "unknown": "error"},
        fit=[[7], [None]],
        rows=[[INT64_MIN], [0], [7], [None], [8]],
        expect=[[1], [2], [3], [0], [0]],
        guards=[("unknown-category", 4, 0)],
    ),
    Case(
        name="padding, null and unknown apart",
        shows=("C4", "C6", "C7"),
        columns={"s": "string?", "t": "string?"},
        params={"pad": True},
        fit=[["a", "x"], ["b", "y"]],
        rows=[["a", "y"], [None, "z"], ["", None]],
        expect=[[3, 4], [1, 2], [2, 1]],
    ),
    Case(
        name="unknown strings by their hash",
        shows=("C5",),
        columns={"s": "string?"},
        params={"oov_buckets": 1000, "pad": True},
        fit=[["a"]],
        rows=[["a"], ["A"], [""], ["😀"], [None]],
        expect=[[1002], [504], [2], [548], [1]],
    ),
    Case(
        name="unknown integers by their hash, with a seed",
        shows=("C5", "C8"),
        columns={"n": "int64", "m": "int64"},
        params={"oov_buckets": 10, "seed": 7},
        fit=[[2**53, 1], [2**53 + 1, 1]],
        rows=[[2**53, 1], [2**53 + 1, 2**53], [2**53 + 2, INT64_MAX]],
        expect=[[10, 10], [11, 4], [7, 5]],
    ),
    Case(
        name="booleans",
        shows=("C1", "C4"),
        columns={"b": "bool?"},
        fit=[[True]],
        rows=[[True], [False], [None]],
        expect=[[2], [1], [0]],
    ),
    Case(
        name="an empty vocabulary",
        shows=("C9",),
        columns={"s": "string?", "t": "string?"},
        fit=[[None, "0:a"], [None, "a"]],
        rows=[["a", "a"], ["0:a", "0:a"], ["", "1:a"], [None, None]],
        expect=[[1, 3], [1, 2], [1, 1], [0, 0]],
    ),
    Case(
        name="an empty vocabulary of integers",
        shows=("C9",),
        columns={"m": "int64?", "n": "int64?", "o": "int64?"},
        params={"unknown": "error"},
        fit=[[None, 5, 1], [None, 4, None]],
        rows=[[None, 4, 1], [5, None, 5]],
        expect=[[0, 1, 1], []],
        guards=[("unknown-category", 1, 0), ("unknown-category", 1, 2)],
    ),
    Case(
        name="a reserved value of another type",
        shows=("C3",),
        columns={"n": "int64"},
        params={"reserved": ["1"]},
        rows=[],
        expect=[],
        refused="SKC123",
    ),
    Case(
        name="buckets that nothing can fall into",
        shows=("C4",),
        columns={"s": "string"},
        params={"unknown": "error", "oov_buckets": 2},
        rows=[],
        expect=[],
        refused="SKC124",
    ),
)

OP = Op(
    name="vocabulary",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    needs=needs,
    freeze=freeze,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    levels=levels,
    marks=marks,
    carry_back=carry_back,
    degenerate=degenerate,
    concerns=concerns,
    ids=ids,
    met=met,
    decides_by=_decides_by,
    cases=CASES,
    null_blind=True,
    is_small=_is_small,
)
