"""The Arrow C data interface without pyarrow: every type, offsets, chunks, nulls, and what is refused."""

from __future__ import annotations

import datetime
import gc
import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from request_forms import send

from skc_runtime import RecordError, Transformer, arrow
from skc_runtime.kinds import DTYPES

Identity = Callable[..., Transformer]
UTC = datetime.UTC
MOMENT = datetime.datetime(2024, 2, 29, 12, tzinfo=UTC)
US = 1_709_208_000_000_000
LONG = "a text of more than twelve bytes"
UUID = uuid.UUID("01234567-89AB-CDEF-0123-456789abcdef")
READ: list[tuple[str, Any, list[Any], list[Any]]] = [
    ("bool", pa.bool_(), [True, False, None] * 5, [True, False, None] * 5),
    *[("int64", kind, [1, None, 100], [1, None, 100]) for kind in (pa.int8(), pa.uint8(), pa.int16(), pa.uint16())],
    *[("int64", kind, [1, None, 2**30], [1, None, 2**30]) for kind in (pa.int32(), pa.uint32(), pa.uint64())],
    ("int64", pa.int64(), [-(2**63), None, 2**63 - 1], [-(2**63), None, 2**63 - 1]),
    ("int64", pa.float64(), [3.0, None], [3, None]),
    ("float64", pa.float32(), [0.5, None], [0.5, None]),
    ("float64", pa.float16(), [np.float16(0.5), None], [0.5, None]),
    ("float32", pa.float16(), [np.float16(0.1), None], [0.0999755859375, None]),
    ("float32", pa.float32(), [0.1, None], [0.10000000149011612, None]),
    ("float32", pa.float64(), [0.1, None], [0.10000000149011612, None]),
    ("int64", pa.float16(), [np.float16(3), None], [3, None]),
    ("float64", pa.decimal128(38, 20), [Decimal("0.1"), None], [0.1, None]),
    ("float64", pa.decimal128(38, 0), [2**53 + 1, None], [2.0**53, None]),
    ("float64", pa.decimal128(5, -3), [1_234_000, None], [1_234_000.0, None]),
    ("float64", pa.decimal256(76, 30), [Decimal("-123456789012345678901.1"), None], [-123456789012345678901.1, None]),
    ("float32", pa.decimal128(10, 2), [Decimal("16777217.00"), None], [2.0**24, None]),
    ("int64", pa.decimal128(38, 2), [2**63 - 1, None, -(2**63)], [2**63 - 1, None, -(2**63)]),
    ("time", pa.time32("s"), [63_000, None], [63_000_000_000, None]),
    ("time", pa.time32("ms"), [63_000_001, None], [63_000_001_000, None]),
    ("time", pa.time64("us"), [86_399_999_999, None], [86_399_999_999, None]),
    ("time", pa.time64("ns"), [1_000, None], [1, None]),
    ("time", pa.string(), ["17:30", None], [63_000_000_000, None]),
    ("string", pa.uuid(), [UUID.bytes, None], [str(UUID), None]),
    ("date", pa.timestamp("ns"), [86_400_000_000_000, None, -86_400_000_000_000], [1, None, -1]),
    ("float64", pa.float64(), [0.1, None, float("inf")], [0.1, None, float("inf")]),
    ("float64", pa.int32(), [1, None], [1.0, None]),
    *[
        ("string", kind, ["", None, "é", "😀", LONG], ["", None, "é", "😀", LONG])
        for kind in (pa.string(), pa.large_string(), pa.string_view())
    ],
    ("string", pa.string(), ["ascii", None, "only"], ["ascii", None, "only"]),
    ("string", pa.dictionary(pa.int8(), pa.string()), ["a", None, "b", "a"], ["a", None, "b", "a"]),
    ("string", pa.dictionary(pa.uint32(), pa.large_string()), ["a", None], ["a", None]),
    ("string", pa.dictionary(pa.int32(), pa.string()), [None, None], [None, None]),
    ("timestamp", pa.timestamp("s", "+05:30"), [MOMENT, None], [US, None]),
    ("timestamp", pa.timestamp("ms", "America/New_York"), [MOMENT, None], [US, None]),
    ("timestamp", pa.timestamp("us", "UTC"), [MOMENT, None], [US, None]),
    ("timestamp", pa.timestamp("ns", "UTC"), [MOMENT, None], [US, None]),
    ("timestamp", pa.int64(), [US, None], [US, None]),
    ("date", pa.date32(), [MOMENT.date(), None], [19_782, None]),
    ("date", pa.date64(), [MOMENT.date(), None], [19_782, None]),
    ("date", pa.timestamp("ms"), [datetime.datetime(2024, 2, 29), None], [19_782, None]),
    *[(kind, pa.null(), [None, None], [None, None]) for kind in DTYPES],
]


def sent(transformer: Transformer, table: Any) -> list[Any]:
    outputs = send(transformer, table)
    values = outputs["out.v"][:, 0].tolist()
    present = outputs["out.v.valid"][:, 0].tolist() if "out.v.valid" in outputs else [v == v for v in values]
    return [v if ok else None for v, ok in zip(values, present, strict=True)]


def one(identity_of: Identity, kind: str, nullable: bool = True) -> Transformer:
    return identity_of([{"name": "v", "type": kind, "nullable": nullable, "nan": "null"}])


@pytest.mark.parametrize(("kind", "type_", "values", "want"), READ)
def test_a_type(kind: str, type_: Any, values: list[Any], want: list[Any], identity_of: Identity) -> None:
    transformer = one(identity_of, kind)
    array = pa.array(values, type_)
    padded = pa.concat_arrays([pa.array(values, type_)] * 3)
    n = len(values)
    assert sent(transformer, pa.table({"v": array})) == want
    assert sent(transformer, pa.table({"v": padded.slice(1, n)})) == [
        *want[1:],
        want[0],
    ]  # an offset in the column
    struct = pa.StructArray.from_arrays([padded], ["v"]).slice(1, n)  # an offset in the table
    assert sent(transformer, struct) == [*want[1:], want[0]]
    assert sent(transformer, pa.RecordBatch.from_struct_array(struct)) == [*want[1:], want[0]]
    chunks = pa.chunked_array([array, array.slice(0, 0), array])
    assert sent(transformer, pa.table({"v": chunks})) == [*want, *want]
    assert sent(transformer, {"v": chunks}) == [*want, *want]
    assert sent(transformer, {"v": array}) == want
    assert sent(transformer, pa.table({"v": array}).slice(0, 0)) == []
    assert sent(transformer, pa.table({"v": array}).schema.empty_table()) == []


def test_without_nulls_an_input_need_not_be_nullable(identity_of: Identity) -> None:
    for kind, type_, values, want in READ:
        full = [v for v in values if v is not None]
        if full:
            table = pa.table({"v": pa.array(full, type_)})
            assert sent(one(identity_of, kind, nullable=False), table) == [v for v in want if v is not None]


UNITS = ("s", "ms", "us", "ns")
REFUSED: list[tuple[str, Any, str, int | None, str]] = [
    ("string", pa.array([b"a"]), "unsupported-type", None, "binary"),
    ("string", pa.array([b"a"], pa.large_binary()), "unsupported-type", None, "large_binary"),
    ("float64", pa.array([[1.5]]), "unsupported-type", None, "list"),
    ("float64", pa.array([[1.5]], pa.list_(pa.float64(), 1)), "unsupported-type", None, "fixed_size_list"),
    ("float64", pa.array([{"a": 1}]), "unsupported-type", None, "struct"),
    ("int64", pa.array([1, Decimal("1.50")], pa.decimal128(5, 2)), "not-integral", 1, "1.50"),
    ("int64", pa.array([2**63], pa.decimal128(20, 0)), "int64-overflow", 0, "outside int64"),
    ("float32", pa.array([1, 10**40], pa.decimal256(60, 2)), "float32-overflow", 1, "outside float32"),
    ("string", pa.array([1], pa.decimal128(5, 2)), "wrong-type", None, "decimals"),
    ("timestamp", pa.array([1], pa.decimal128(5, 0)), "wrong-type", None, "decimals"),
    ("string", pa.array([b"a" * 16], pa.binary(16)), "unsupported-type", None, "fixed_size_binary"),
    ("int64", pa.array([b"a" * 16], pa.uuid()), "wrong-type", None, "strings"),
    ("date", pa.array([0, 1], pa.timestamp("ns")), "not-integral", 1, "not an integer"),
    ("int64", pa.array([1], pa.duration("s")), "unsupported-type", None, "duration"),
    ("int64", pa.array([1], pa.time32("s")), "wrong-type", None, "times of day"),
    ("timestamp", pa.array([1], pa.time64("us")), "wrong-type", None, "times of day"),
    ("time", pa.array([0, 1], pa.time64("ns")), "not-exact", 1, "microseconds"),
    ("time", pa.array([0], pa.timestamp("us")), "wrong-type", None, "a time"),
    ("int64", pa.RunEndEncodedArray.from_arrays([2], [5]), "unsupported-type", None, "run_end_encoded"),
    ("string", pa.array([b"a"]).dictionary_encode(), "unsupported-type", None, "binary"),
    ("date", pa.array([0, 1], pa.int64()).view(pa.date64()), "not-integral", 1, "whole day"),
    ("date", pa.array([0], pa.timestamp("s", "UTC")), "wrong-type", None, "zone"),
    ("timestamp", pa.array([0], pa.date32()), "wrong-type", None, "date"),
    ("timestamp", pa.array([0, 1], pa.timestamp("ns", "UTC")), "not-exact", 1, "microseconds"),
    ("timestamp", pa.array([0, 2**62], pa.timestamp("s", "UTC")), "int64-overflow", 1, "int64"),
    *[("timestamp", pa.array([0], pa.timestamp(unit)), "naive-datetime", None, "time zone") for unit in UNITS],
    ("string", pa.array(["a", "b\0"]), "nul-in-string", 1, "NUL"),
    ("string", pa.array(["a", "é\0"], pa.string_view()), "nul-in-string", 1, "NUL"),
    ("float64", pa.array(["a"]), "wrong-type", None, "strings"),
]


@pytest.mark.parametrize(("kind", "array", "code", "row", "text"), REFUSED)
def test_what_is_refused(kind: str, array: Any, code: str, row: int | None, text: str, identity_of: Identity) -> None:
    for transformer in (one(identity_of, kind), one(identity_of, kind, nullable=False)):
        for request in (pa.table({"v": array}), {"v": array}):
            with pytest.raises(RecordError, match=text) as caught:
                send(transformer, request)
            assert (caught.value.code, caught.value.input, caught.value.row) == (code, "v", row)


def test_the_row_counts_over_chunks(identity_of: Identity) -> None:
    bad = pa.StringArray.from_buffers(1, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff"))
    chunks = pa.chunked_array([pa.array(["a", "b"]), bad])
    for request in (pa.table({"v": chunks}), {"v": chunks}):
        with pytest.raises(RecordError) as caught:
            send(one(identity_of, "string"), request)
        assert (caught.value.code, caught.value.input, caught.value.row) == ("invalid-utf8", "v", 2)


def test_garbage_under_a_null_is_not_looked_at(identity_of: Identity) -> None:
    """Arrow leaves undefined what lies under a null; only what is present may be refused, at its own row."""
    validity = pa.py_buffer(b"\x02")
    offsets = pa.py_buffer(np.array([0, 2, 3], np.int32))
    text = pa.StringArray.from_buffers(2, offsets, pa.py_buffer(b"\xff\0a"), validity)
    assert sent(one(identity_of, "string"), pa.table({"v": text})) == [None, "a"]
    number = pa.Array.from_buffers(pa.float64(), 2, [validity, pa.py_buffer(np.array([0.5, 2.0]))])
    assert sent(one(identity_of, "int64"), pa.table({"v": number})) == [None, 2]
    index = pa.Array.from_buffers(pa.int32(), 2, [validity, pa.py_buffer(np.array([99, 0], np.int32))])
    words = pa.DictionaryArray.from_arrays(index, pa.array(["x"]), safe=False)
    assert sent(one(identity_of, "string"), pa.table({"v": words})) == [None, "x"]


def test_a_null_in_the_dictionary_is_null(identity_of: Identity) -> None:
    words = pa.DictionaryArray.from_arrays(pa.array([0, 1, None]), pa.array(["x", None]))
    assert sent(one(identity_of, "string"), pa.table({"v": words})) == ["x", None, None]


def test_a_null_of_a_table_names_its_row(identity_of: Identity) -> None:
    with pytest.raises(RecordError) as caught:
        one(identity_of, "int64", nullable=False).transform(pa.table({"v": [1, 2, None]}))
    assert (caught.value.code, caught.value.input, caught.value.row) == ("null", "v", 2)


def test_unread_columns_may_be_of_any_type(identity_of: Identity) -> None:
    table = pa.table({"other": [[1]], "v": [1.5], "more": [b"a"]})
    assert sent(one(identity_of, "float64"), table) == [1.5]


def test_a_name_that_stands_twice_is_refused(identity_of: Identity) -> None:
    table = pa.Table.from_arrays([pa.array([1.5]), pa.array([2.5])], ["v", "v"])
    with pytest.raises(RecordError) as caught:
        one(identity_of, "float64").transform(table)
    assert (caught.value.code, caught.value.input) == ("duplicate-column", "v")


def test_an_unread_name_may_stand_twice(identity_of: Identity) -> None:
    table = pa.Table.from_arrays([pa.array([1.5]), pa.array([2.5]), pa.array([1])], ["v", "w", "w"])
    assert sent(one(identity_of, "float64"), table) == [1.5]


def test_a_column_is_no_table(identity_of: Identity) -> None:
    for column in (pa.array([1.5]), pa.chunked_array([[1.5]]), pl.Series("v", [1.5])):
        with pytest.raises(RecordError) as caught:
            one(identity_of, "float64").transform(column)
        assert caught.value.code == "unsupported-data"


def test_a_struct_that_is_null_is_no_row(identity_of: Identity) -> None:
    struct = pa.array([{"v": 1.5}, None])
    with pytest.raises(RecordError) as caught:
        one(identity_of, "float64").transform(struct)
    assert caught.value.code == "unsupported-data"
    assert sent(one(identity_of, "float64"), pa.array([{"v": 1.5}])) == [1.5]


def test_a_failing_stream_is_typed(identity_of: Identity) -> None:
    def batches() -> Any:
        yield pa.record_batch({"v": [1.5]})
        raise ValueError("the disk is gone")

    reader = pa.RecordBatchReader.from_batches(pa.schema({"v": pa.float64()}), batches())
    with pytest.raises(RecordError, match="the disk is gone") as caught:
        one(identity_of, "float64").transform(reader)
    assert caught.value.code == "unsupported-data"


def test_a_stream_is_read(identity_of: Identity) -> None:
    batches = [pa.record_batch({"v": [1.5]}), pa.record_batch({"v": [2.5]})]
    reader = pa.RecordBatchReader.from_batches(batches[0].schema, batches)
    assert sent(one(identity_of, "float64"), reader) == [1.5, 2.5]


def test_polars(identity_of: Identity) -> None:
    kinds = {
        "f": "float64",
        "i": "int64",
        "b": "bool",
        "s": "string",
        "c": "string",
        "t": "timestamp",
        "d": "date",
    }
    transformer = identity_of(
        [{"name": n, "type": t, "nullable": True, "nan": "null"} for n, t in kinds.items()], "packed"
    )
    values: dict[str, list[Any]] = {
        "f": [1.5, None],
        "i": [7, None],
        "b": [True, None],
        "s": [LONG + "😀", None],
        "c": ["x", None],
        "t": [MOMENT, None],
        "d": [MOMENT.date(), None],
    }
    frame = pl.DataFrame(values, schema_overrides={"c": pl.Categorical, "i": pl.Int16})
    want = transformer.transform_columns(values)
    got = transformer.transform(pl.concat([frame, frame], rechunk=False))
    by_series = transformer.transform_columns({name: frame[name] for name in kinds})
    for name, array in want.items():
        np.testing.assert_array_equal(got[name], np.concatenate([array, array]))
        np.testing.assert_array_equal(by_series[name], array)


def test_nothing_is_kept_or_lost(identity_of: Identity) -> None:
    """What was exported is released: also after a refusal in the middle of the stream."""
    transformer = one(identity_of, "string", nullable=False)
    gc.collect()
    before = pa.total_allocated_bytes()
    for _ in range(5):
        table = pa.table({"v": pa.chunked_array([["a"] * 10_000, [None]])})
        with pytest.raises(RecordError):
            transformer.transform(table)
        transformer.transform(table.slice(0, 10_000))
    del table
    gc.collect()
    assert pa.total_allocated_bytes() == before


def test_results_do_not_share_memory_with_the_producer(identity_of: Identity) -> None:
    memory = np.array([1.5, 2.5])
    array = pa.Array.from_buffers(pa.float64(), 2, [None, pa.py_buffer(memory)])
    columns, rows = arrow.read_table(pa.table({"v": array}), frozenset({"v"}))
    memory[:] = 0.0
    assert (rows, columns["v"].values.tolist()) == (2, [1.5, 2.5])
