"""`graph.lookup` and `graph.hash_keys` against dictionaries and an independent hash."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sklearn.utils import murmurhash3_32
from spox import Tensor, argument, build

from skc.emit.blocks import GraphBlock, hash_keys, lookup
from skc.emit.opset import finish
from skc.ops.categorical._murmur3 import hash_key
from skc_runtime.kinds import KINDS, Array, DType

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
ELEMENTS: dict[DType, Any] = {"string": np.str_, "int64": np.int64, "bool": np.bool_, "date": np.int64}
Columns = Sequence[Sequence[Any]]

no_nul = st.characters(exclude_characters="\0", exclude_categories=["Cs"])
strings = st.one_of(
    st.text(no_nul, max_size=8),
    st.sampled_from(
        [
            "",
            "0:",
            "1:",
            ":",
            "0:a",
            "1:a",
            "a",
            "A",
            " a",
            "é",
            "e\u0301",
            "中文",
            "👩‍👩‍👧",
            "0",
            "10:",
            "\ufeff",
        ]
    ),
    st.text(st.sampled_from("01:a"), max_size=4),
)
ints = st.one_of(
    st.sampled_from([INT64_MIN, INT64_MIN + 1, -1, 0, 1, 2**53, 2**53 + 1, INT64_MAX - 1, INT64_MAX]),
    st.integers(INT64_MIN, INT64_MAX),
    st.integers(-5, 5),
)


def run(dtype: DType, width: int, function: Any, rows: Columns) -> Array:
    """A graph of one block [N, width], on some rows."""
    x = argument(Tensor(ELEMENTS[dtype], ("N", width)))
    y = function(GraphBlock(dtype, width, x))
    assert y.unwrap_tensor().shape[1] == width
    model = finish(build({"x": x}, {"y": y}))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    providers = ["CPUExecutionProvider"]
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=providers)
    values = np.array(rows, dtype=KINDS[dtype].numpy).reshape(len(rows), width)
    (result,) = session.run(None, {"x": values})
    assert result.dtype == np.int64
    return np.asarray(result)


def check(dtype: DType, keys: Columns, rows: Columns, default: int = -1) -> None:
    """Ids that no two columns share, so that a mixed-up column shows."""
    ids = [[1000 * (k + 1) + i for i in range(len(column))] for k, column in enumerate(keys)]
    tables = [dict(zip(column, ids[k], strict=True)) for k, column in enumerate(keys)]
    got = run(dtype, len(keys), lambda block: lookup(block, keys, ids, default), rows)
    want = [[table.get(value, default) for table, value in zip(tables, row, strict=True)] for row in rows]
    assert got.tolist() == want, (keys, rows)


@st.composite
def keys_and_rows(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> tuple[Columns, Columns]:
    """Vocabularies, some empty, and rows of their keys, of other columns' keys, and of anything."""
    keys = draw(st.lists(st.lists(values, max_size=5, unique=True), min_size=1, max_size=4))
    known = [key for column in keys for key in column]
    cell = st.one_of(st.sampled_from(known), values) if known else values
    rows = draw(st.lists(st.lists(cell, min_size=len(keys), max_size=len(keys)), min_size=1, max_size=6))
    return keys, rows


@given(keys_and_rows(strings))
@example(([["a", "0:a", ""], [], ["1:a", "2:"]], [["a", "a", "a"], ["0:a", "", "1:a"], ["", "0:", "2:"]]))
@example(([[""], [""]], [["", ""]]))
@example(([[], []], [["", "a"]]))
@example(([[]], [["a"]]))
@example(([["x" * 100_000]], [["x" * 100_000], ["x" * 99_999], ["x" * 100_001]]))
@example(([["x" * 100_000], ["0:" * 5000]], [["x" * 100_000, "0:" * 5000], ["0:" * 5000, "x" * 100_000]]))
@settings(max_examples=150, deadline=None)
def test_strings(drawn: tuple[Columns, Columns]) -> None:
    check("string", *drawn)


@given(keys_and_rows(ints))
@example(([[INT64_MIN], [INT64_MAX]], [[INT64_MIN, INT64_MAX], [INT64_MAX, INT64_MIN], [-1, -2], [0, 1]]))
@example(([[], [0], []], [[0, 0, 0], [-1, -1, -1]]))
@example(([[], []], [[0, 1]]))
@settings(max_examples=150, deadline=None)
def test_ints(drawn: tuple[Columns, Columns]) -> None:
    check("int64", *drawn)


@given(keys_and_rows(st.booleans()))
@settings(max_examples=60, deadline=None)
def test_bools(drawn: tuple[Columns, Columns]) -> None:
    check("bool", *drawn)


@pytest.mark.parametrize("dtype", ["int64", "date"])
@pytest.mark.parametrize("width", [1, 2, 26])
def test_every_width_of_integers(dtype: DType, width: int) -> None:
    keys = [[k, k + 1, 7 * k] if k > 1 else [] for k in range(width)]
    check(dtype, keys, [list(range(width)), [1] * width, [-width] * width], default=-7)


def test_more_than_ten_columns() -> None:
    """Column 1 with key "0:a" is not column 10 with key "a"."""
    keys = [[f"{other}:a" for other in range(12)] + ["a", ":a"] for _ in range(12)]
    rows = [[key] * 12 for key in keys[0]] + [["0a"] * 12]
    check("string", keys, rows)


def test_an_empty_batch() -> None:
    for dtype in ("string", "int64", "bool"):
        keys: Columns = [[True], []] if dtype == "bool" else [[], [{"string": "a", "int64": 1}[dtype]]]
        ids = [[5] * len(column) for column in keys]

        def one(block: GraphBlock, keys: Columns = keys, ids: Columns = ids) -> Any:
            return lookup(block, keys, ids, -1)

        assert run(dtype, 2, one, []).shape == (0, 2)


seeds = st.one_of(st.sampled_from([0, 1, 2**31, 2**32 - 1]), st.integers(0, 2**32 - 1))


@given(st.lists(st.lists(strings, min_size=2, max_size=2), min_size=1, max_size=6), seeds)
@example([["x" * 100_000, "é" * 3333]], 0)
@settings(max_examples=100, deadline=None)
def test_hash_of_strings(rows: Columns, seed: int) -> None:
    got = run("string", 2, lambda block: hash_keys(block, seed), rows).tolist()
    assert got == [[hash_key(value, seed) for value in row] for row in rows]
    bytes_of = [[value.encode() for value in row] for row in rows]
    assert got == [[murmurhash3_32(data, seed=seed, positive=True) for data in row] for row in bytes_of]


@given(st.lists(st.lists(ints, min_size=2, max_size=2), min_size=1, max_size=6), seeds)
@settings(max_examples=100, deadline=None)
def test_hash_of_ints(rows: Columns, seed: int) -> None:
    got = run("int64", 2, lambda block: hash_keys(block, seed), rows).tolist()
    assert got == [[hash_key(value, seed) for value in row] for row in rows]
    bytes_of = [[value.to_bytes(8, "little", signed=True) for value in row] for row in rows]
    assert got == [[murmurhash3_32(data, seed=seed, positive=True) for data in row] for row in bytes_of]


def test_hash_of_bools() -> None:
    got = run("bool", 2, lambda block: hash_keys(block, 3), [[False, True]]).tolist()
    assert got == [[hash_key(0, 3), hash_key(1, 3)]]
