"""Hash values into a fixed number of buckets.

Why: for an embedding over values that are too many to list, or not known in advance. Nothing is learned.

Example: `user: {from: user, apply: [{hash_bucket: {buckets: 1024}}]}`

The bucket is h mod `buckets`, with h the unsigned 32-bit MurmurHash3 (x86) of the value's bytes:
scikit-learn's `murmurhash3_32(bytes, seed, positive=True)`.

Parameters
----------
buckets : int, at least 1
    The number of buckets.
seed : int, 0 to 4294967295, default 0
    The seed of the hash. Different seeds give unrelated assignments.

Input: string, int64 or bool. Output: int64, never null; 0 to buckets - 1 for a value, `buckets` for a null. There
are no unknown values.

Critical points
---------------
C1  A string is hashed by its UTF-8 bytes, unchanged: case, blanks and Unicode normal forms matter, and "" is a
    value.
C2  An int64 is hashed by its 8 bytes (two's complement, little endian), false and true as the integers 0 and
    1; values are never converted to text first, so the hashes of 1 and "1" are unrelated.
C3  A null gets a bucket of its own, `buckets`, one past the last. If the input is nullable, allow for buckets + 1
    ids.
C4  All 32 bits of the seed are used, up to 4294967295; with one bucket every value gets 0.
C5  The bucket of a value does not depend on the other columns of the step.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

from skc.emit.blocks import GraphBlock, hash_keys
from skc.emit.opset import const, op
from skc.op import SMALL, Case, Known, NoState, Op, parameters, require, require_exact
from skc.ops.categorical._categories import MOST_LEVELS
from skc.ops.categorical._murmur3 import hash_key
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import INT64_MAX, INT64_MIN


@parameters
class Params:
    buckets: Annotated[int, Field(ge=1, le=2**32)]
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", "int64", "bool", op="hash_bucket")
    require_exact(x, op="hash_bucket")
    return x.with_(dtype="int64", nullable=False)


def apply(params: Params, state: NoState, x: Block) -> Block:
    buckets = np.full(x.values.shape, params.buckets, dtype=np.int64)
    present = x.present()
    values = x.values[present].tolist()
    bucket_of = {value: hash_key(value, params.seed) % params.buckets for value in set(values)}
    buckets[present] = [bucket_of[value] for value in values]
    return Block("int64", buckets)


def lower(params: Params, state: NoState, x: GraphBlock) -> GraphBlock:
    count = const(params.buckets, np.int64)
    buckets = op.mod(hash_keys(x, params.seed), count)
    if x.valid is not None:
        buckets = op.where(x.valid, buckets, count)
    return GraphBlock("int64", x.width, buckets)


def levels(params: Params, state: NoState, k: int, x: ValueType, known: Known) -> Known:
    """The buckets, unless there are too many."""
    return tuple(range(params.buckets + x.nullable)) if params.buckets <= MOST_LEVELS else None


def boundaries(params: Params, state: NoState, k: int, x: ValueType) -> list[Scalar]:
    if x.dtype == "bool":
        return [None, False, True]
    if x.dtype == "int64":
        return [None, 0, 1, -1, 255, 256, 2**31 - 1, 2**31, 2**32 - 1, 2**32, INT64_MIN, INT64_MAX]
    lengths = ["abcdefgh"[:n] for n in range(9)]  # every length of the tail after the 4-byte words
    return [None, *lengths, "0", "-1", " a", "A", "é", "e\u0301", "中文", "😀", "a😀", "x" * 1000]


def _is_small(params: Params, inputs_are: bool) -> bool:
    return params.buckets < SMALL  # null has the bucket after the last


CASES = (
    Case(
        name="strings by their UTF-8 bytes",
        shows=("C1",),
        columns={"s": "string"},
        params={"buckets": 1000},
        rows=[["a"], ["A"], [" a"], [""], ["é"], ["e\u0301"], ["中文"], ["😀"], ["0123456789"]],
        expect=[[850], [502], [791], [0], [495], [720], [751], [546], [601]],
    ),
    Case(
        name="integers by their eight bytes",
        shows=("C2",),
        columns={"n": "int64"},
        params={"buckets": 1000},
        rows=[[0], [1], [-1], [INT64_MAX], [INT64_MIN], [-5]],
        expect=[[676], [556], [712], [247], [829], [974]],
    ),
    Case(
        name="booleans as 0 and 1",
        shows=("C2",),
        columns={"b": "bool"},
        params={"buckets": 1000},
        rows=[[False], [True]],
        expect=[[676], [556]],
    ),
    Case(
        name="null has its own bucket",
        shows=("C3",),
        columns={"s": "string?"},
        params={"buckets": 3},
        rows=[[None], [""], ["a"]],
        expect=[[3], [0], [2]],
    ),
    Case(
        name="null integer",
        shows=("C3",),
        columns={"n": "int64?"},
        params={"buckets": 10},
        rows=[[None], [0]],
        expect=[[10], [6]],
    ),
    Case(
        name="the greatest seed",
        shows=("C4",),
        columns={"s": "string"},
        params={"buckets": 1000, "seed": 2**32 - 1},
        rows=[["a"], [""]],
        expect=[[519], [513]],
    ),
    Case(
        name="one bucket",
        shows=("C4",),
        columns={"s": "string?"},
        params={"buckets": 1},
        rows=[["a"], [""], [None]],
        expect=[[0], [0], [1]],
    ),
    Case(
        name="columns side by side",
        shows=("C5",),
        columns={"s": "string", "t": "string?"},
        params={"buckets": 1000},
        rows=[["a", "a"], ["A", None]],
        expect=[[850, 850], [502, 1000]],
    ),
    Case(
        name="floats are refused",
        shows=("C2",),
        columns={"x": "float64"},
        params={"buckets": 2},
        rows=[],
        expect=[],
        refused="SKC120",
    ),
)

OP = Op(
    name="hash_bucket",
    doc=__doc__,
    params=Params,
    state=NoState,
    infer=infer,
    apply=apply,
    lower=lower,
    boundaries=boundaries,
    levels=levels,
    cases=CASES,
    null_blind=True,
    is_small=_is_small,
)
