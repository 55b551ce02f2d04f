"""Large batches: strings decoded once per distinct value, and rows run in chunks, give what single rows give."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from forged_artifacts import Artifact
from hypothesis import given, settings
from hypothesis import strategies as st

from skc_runtime import RecordError, Transformer
from skc_runtime.chunks import LENGTHS, cuts
from skc_runtime.chunks import ROWS as CHUNK
from skc_runtime.session import GraphSession

Identity = Callable[..., Transformer]
ROWS = 2 * CHUNK + 5
LONG = "a text of more than twelve bytes"
WORDS = ["", "é", "e\u0301", "😀", "Straße", "STRASSE", LONG, " a", "null"]
RIDE_AT = 1_709_208_000_000_001


def texts(rows: int, seed: int = 0) -> list[str | None]:
    source = np.random.default_rng(seed)
    chosen: list[str | None] = [WORDS[k] for k in source.integers(0, len(WORDS), rows)]
    return [None if gone else text for gone, text in zip(source.random(rows) < 0.2, chosen, strict=True)]


def nullable(identity_of: Identity) -> Transformer:
    inputs = [{"name": name, "type": "string", "nullable": True, "nan": "null"} for name in ("a", "b")]
    return identity_of(inputs, "packed")


def required(identity_of: Identity, kind: str = "string") -> Transformer:
    return identity_of([{"name": "v", "type": kind, "nullable": False, "nan": "error"}])


def tables() -> dict[str, Any]:
    """The same rows as tables of several libraries, layouts and numbers of chunks."""
    a, b = texts(ROWS), texts(ROWS, 1)
    arrow = pa.table({"a": a, "b": b})
    halves = [arrow.slice(0, 300), arrow.slice(300, 1), arrow.slice(301)]
    encoded = pa.table({n: pa.chunked_array([h[n].combine_chunks().dictionary_encode() for h in halves]) for n in "ab"})
    return {
        "arrow": arrow,
        "large": arrow.cast(pa.schema([("a", pa.large_string()), ("b", pa.string_view())])),
        "chunks": pa.concat_tables(halves),
        "dictionaries of each chunk": encoded,
        "one batch": arrow.combine_chunks().to_batches()[0],
        "polars": pl.DataFrame({"a": a, "b": b}),
        "polars categories": pl.DataFrame({"a": a, "b": b}).with_columns(pl.col("a").cast(pl.Categorical)),
        "pandas": pd.DataFrame({"a": pd.array(a, "string"), "b": pd.array(b, "string")}),
        "pandas categories": pd.DataFrame({"a": pd.Categorical(a), "b": pd.array(b, "string")}),
        "pandas objects": pd.DataFrame({"a": pd.Series(a, dtype=object), "b": pd.Series(b, dtype=object)}),
    }


@pytest.mark.parametrize("form", tables())
def test_every_library_and_layout_gives_what_the_rows_give(form: str, identity_of: Identity) -> None:
    transformer = nullable(identity_of)
    found = transformer.transform(tables()[form])
    for name, seed in (("a", 0), ("b", 1)):
        want = texts(ROWS, seed)
        values, valid = found[f"out.{name}"][:, 0].tolist(), found[f"out.{name}.valid"][:, 0].tolist()
        assert [v if ok else None for v, ok in zip(values, valid, strict=True)] == want
        assert {v for v, ok in zip(values, valid, strict=True) if not ok} == {""}


@pytest.mark.parametrize("sizes", [(1, 63, 64), (64, 1, 63, 1), (63, 3, 62), (200, 0, 5)])
@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_chunks_of_any_size_have_their_texts(sizes: tuple[int, ...], kind: pa.DataType, identity_of: Identity) -> None:
    """Few texts are read as objects, and many as bytes; each column has both, nulls, and a chunk that is all null."""
    rows = [f"{WORDS[k % len(WORDS)]}{k}" if k % 5 else None for k in range(sum(sizes))]
    starts = np.cumsum([0, *sizes])
    chunks = [pa.array(rows[start : start + size], pa.string()) for start, size in zip(starts, sizes, strict=False)]
    column = pa.chunked_array([*(chunk.cast(kind) for chunk in chunks), pa.nulls(70, kind)])
    found = nullable(identity_of).transform(pa.table({"a": column}))
    values, valid = found["out.a"][:, 0].tolist(), found["out.a.valid"][:, 0].tolist()
    assert [v if ok else None for v, ok in zip(values, valid, strict=True)] == [*rows, *[None] * 70]
    broken = pa.chunked_array([*chunks, pa.array(["é", "a\0b"])])
    with pytest.raises(RecordError, match="nul-in-string") as error:
        nullable(identity_of).transform(pa.table({"a": broken}))
    assert error.value.row == len(rows) + 1


def test_polars_without_pyarrow(identity_of: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = tables()["polars"]
    want = nullable(identity_of).transform(frame)
    monkeypatch.delitem(sys.modules, "pyarrow")
    found = nullable(identity_of).transform(frame)
    assert all((found[name] == want[name]).all() for name in want)


def dictionary(entries: list[Any], codes: list[int | None]) -> pa.Table:
    return pa.table({"v": pa.DictionaryArray.from_arrays(pa.array(codes, pa.int8()), pa.array(entries))})


def test_an_entry_that_no_row_has_is_not_looked_at(identity_of: Identity) -> None:
    found = required(identity_of).transform(dictionary(["a", "b\0", "c"], [0, 2, 0]))
    assert found["out.v"][:, 0].tolist() == ["a", "c", "a"]


@pytest.mark.parametrize("rows", [4, 300, CHUNK + 7])
def test_the_first_row_with_a_refused_entry_is_named(rows: int, identity_of: Identity) -> None:
    codes: list[int | None] = [0] * rows
    codes[rows - 2], codes[rows - 1] = 1, 2
    for table in (
        dictionary(["a", "b\0", "c\0"], codes),
        pa.table({"v": [["a", "b\0", "c\0"][c or 0] for c in codes]}),
    ):
        with pytest.raises(RecordError) as caught:
            required(identity_of).transform(table)
        assert (caught.value.code, caught.value.input, caught.value.row) == ("nul-in-string", "v", rows - 2)


@pytest.mark.parametrize("form", ["arrow", "polars"])
def test_the_first_null_is_named(form: str, identity_of: Identity) -> None:
    values: list[str | None] = ["a"] * ROWS
    values[ROWS - 3] = values[ROWS - 1] = None
    table = pa.table({"v": values}) if form == "arrow" else pl.DataFrame({"v": values})
    with pytest.raises(RecordError) as caught:
        required(identity_of).transform(table)
    assert (caught.value.code, caught.value.row) == ("null", ROWS - 3)


def test_dictionaries_of_other_types_are_read(identity_of: Identity) -> None:
    numbers = pa.table({"v": pa.array([7, -1, 7] * 200).dictionary_encode()})
    assert required(identity_of, "int64").transform(numbers)["out.v"][:, 0].tolist() == [7, -1, 7] * 200
    days = pa.table({"v": ["2024-02-29", "1970-01-01"] * 200})
    assert required(identity_of, "date").transform(days)["out.v"][:, 0].tolist() == [19_782, 0] * 200


def rides(rows: int) -> dict[str, Any]:
    return {
        "distance": np.linspace(0.1, 9.9, rows),
        "fare": np.where(np.arange(rows) % 7 == 0, np.nan, np.arange(rows) / 3),
        "passengers": np.arange(rows),
        "member": np.arange(rows) % 2 == 0,
        "payment": ["card", "cash", "😀"] * (rows // 3) + ["card"] * (rows % 3),
        "pickup": np.arange(rows) * 1_000_000 + RIDE_AT,
        "day": np.arange(rows) % 20_000,
    }


@pytest.mark.parametrize("rows", [1, CHUNK - 1, CHUNK, CHUNK + 1, ROWS])
def test_chunks_give_the_bits_of_small_batches(rows: int, transformer: Transformer) -> None:
    columns = rides(rows)
    whole = transformer.transform_columns(columns)
    for start in (0, rows // 2, max(0, rows - 3)):
        part = transformer.transform_columns({name: values[start : start + 3] for name, values in columns.items()})
        for name, values in part.items():
            assert whole[name].dtype == values.dtype
            assert whole[name].shape[0] == rows
            assert whole[name][start : start + 3].tolist() == values.tolist() or values.dtype.kind == "f"
            if values.dtype.kind == "f":
                assert whole[name][start : start + 3].tobytes() == values.tobytes()


def test_one_thread_gives_the_same_and_is_that_of_the_caller(
    artifact: Artifact, transformer: Transformer, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns, run, threads = rides(ROWS), GraphSession.run, set()
    whole = transformer.transform_columns(columns)
    alone = Transformer(transformer.manifest, artifact.files["model.onnx"], threads=1)

    def noted(session: GraphSession, feeds: Any) -> Any:
        threads.add(threading.get_ident())
        return run(session, feeds)

    monkeypatch.setattr(GraphSession, "run", noted)
    for name, values in alone.transform_columns(columns).items():
        assert values.tolist() == whole[name].tolist() or values.tobytes() == whole[name].tobytes()
    assert threads == {threading.get_ident()}
    columns["payment"][CHUNK + 1] = columns["payment"][CHUNK + 3] = "unheard of"
    with pytest.raises(RecordError) as caught:
        alone.transform_columns(columns)
    assert caught.value.row == CHUNK + 1


@pytest.mark.parametrize("first", [CHUNK - 1, CHUNK, 2 * CHUNK + 1])
def test_the_first_refused_row_of_all_chunks_is_named(first: int, transformer: Transformer) -> None:
    columns = rides(ROWS)
    for row, word in ((first, "first"), (first + 1, "second"), (ROWS - 1, "last")):
        columns["payment"][row] = word
    with pytest.raises(RecordError) as caught:
        transformer.transform_columns(columns)
    error = caught.value
    assert (error.code, error.input, error.row) == ("unknown-category", "payment", first)
    assert "the request has 'first'" in error.message


@given(
    lengths=st.lists(st.sampled_from([0, 1, 63, 64, 65, 1000, 2**18, 2**18 + 1]), min_size=1, max_size=40),
    repeat=st.sampled_from([1, 100, 300]),
)
@settings(max_examples=60, deadline=None)
def test_a_chunk_takes_as_many_rows_as_its_longest_text_allows(lengths: list[int], repeat: int) -> None:
    lengths = lengths * repeat if max(lengths) < 2000 else lengths
    chunks = list(cuts(len(lengths), max(lengths), lambda: lengths))
    assert [row for chunk in chunks for row in range(chunk.start, chunk.stop)] == list(range(len(lengths)))

    def fits(start: int, stop: int) -> bool:
        return stop - start <= CHUNK and (stop - start) * max(lengths[start:stop]) <= LENGTHS

    for chunk in chunks:
        assert fits(chunk.start, chunk.stop) or chunk.stop - chunk.start == 1
        assert chunk.stop == len(lengths) or not fits(chunk.start, chunk.stop + 1)


@pytest.mark.parametrize("rows", [1, 2, 63, 64, 65, CHUNK, CHUNK + 1])
def test_chunks_of_short_texts_are_full(rows: int) -> None:
    sizes = [chunk.stop - chunk.start for chunk in cuts(rows, 64, list)]
    assert sizes == [CHUNK] * (rows // CHUNK) + [rows % CHUNK] * (rows % CHUNK > 0)


@pytest.mark.parametrize("form", ["records", "columns", "arrow", "dictionary", "polars", "pandas objects"])
def test_a_long_text_is_not_run_with_many_rows(
    form: str, identity_of: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither splitting steps nor tensors of fixed width then take rows x longest text of memory."""
    a: list[str | None] = ["short", None, "é"] * 200
    a[300] = "long" * (LENGTHS // 8)
    b = texts(len(a))
    table = pa.table({"a": a, "b": b})
    run, sizes = GraphSession.run, []

    def counted(session: GraphSession, feeds: Any) -> Any:
        tensor = next(values for values in feeds.values() if values.dtype.kind in "OS")
        sizes.append(tensor.size * max(map(len, tensor.ravel().tolist())))
        return run(session, feeds)

    monkeypatch.setattr(GraphSession, "run", counted)
    transformer = nullable(identity_of)
    data: dict[str, Callable[[], Any]] = {
        "records": lambda: table.to_pylist(),
        "arrow": lambda: table,
        "dictionary": lambda: pa.table({n: table[n].dictionary_encode() for n in "ab"}),
        "polars": lambda: pl.DataFrame({"a": a, "b": b}),
        "pandas objects": lambda: pd.DataFrame({"a": pd.Series(a, dtype=object), "b": pd.Series(b, dtype=object)}),
    }
    found = (
        transformer.transform_columns({"a": a, "b": b}) if form == "columns" else transformer.transform(data[form]())
    )
    assert found["out.a"][:, 0].tolist() == [text or "" for text in a]
    assert found["out.b.valid"][:, 0].tolist() == [text is not None for text in b]
    assert len(sizes) > 1
    assert max(sizes) <= 2 * LENGTHS  # of two columns
