"""A sample of rows: a function of the rows alone, in proportion, for every engine and order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from memory_engine import open_memory
from unheld_engine import open_unheld

from skc.data.duckdb.engine import open_duckdb
from skc.data.duckdb.table import DuckTable
from skc.data.engine import Column, OpenEngine
from skc.data.sampling import LONG, _hashed, sample, sampled
from skc.data.sources import resolve
from skc.ir import DataSource, Input

TYPES: dict[str, Any] = {"x": "float64", "n": "int64", "s": "string", "b": "bool"}
COLUMNS = [Column(name, dtype, name) for name, dtype in TYPES.items()]


def rows_of(table: pa.Table, size: int, engine: OpenEngine = open_duckdb, threads: int = 2) -> list[tuple[Any, ...]]:
    inputs = tuple(Input(name, dtype, nullable=True) for name, dtype in TYPES.items())
    source, declared = resolve(table, None)
    with engine(threads, "1GB") as opened:
        batch = sampled(opened.load(source, inputs, declared).cached(), COLUMNS, size)
    assert batch.schema.names == list(TYPES)
    return sorted((tuple(row.values()) for row in batch.to_pylist()), key=repr)


def table(rows: int, seed: int, *, numbers: int, words: Sequence[str | None]) -> pa.Table:
    """`numbers` different values of x; a row in ten has no n."""
    source = np.random.default_rng(seed)
    return pa.table(
        {
            "x": source.integers(0, numbers, rows) / 7,
            "n": pa.array(source.integers(-3, 3, rows), mask=source.random(rows) < 0.1),
            "s": pa.array([words[k] for k in source.integers(0, len(words), rows)], pa.string()),
            "b": source.random(rows) < 0.5,
        }
    )


WORDS = ["", "a", "é" * 20, "\0", "a\0", None, "x" * 7, "x" * 8, "x" * 9, "y" * (LONG + 1), "z" * 40]


@pytest.mark.parametrize("numbers", [2, 10**12], ids=["few", "many"])
def test_a_sample_is_the_same_for_every_order_and_engine(numbers: int) -> None:
    rows = table(3000, 1, numbers=numbers, words=WORDS)
    order = pa.array(np.random.default_rng(2).permutation(3000))
    first = rows_of(rows, 300)
    assert 200 < len(first) < 400
    for engine in (open_duckdb, open_unheld, open_memory):
        assert rows_of(rows.take(order), 300, engine, threads=1) == first
    assert set(first) <= set(rows_of(rows, 3000))


def test_all_rows_are_taken_where_there_are_no_more() -> None:
    rows = table(50, 3, numbers=5, words=WORDS)
    assert rows_of(rows, 50) == sorted((tuple(row.values()) for row in rows.to_pylist()), key=repr)
    assert rows_of(rows.slice(0, 0), 50) == []


def test_a_row_that_is_often_there_is_taken_in_proportion() -> None:
    """Of 12 different rows in 6,000, each as often as a tenth of it, to one row."""
    rows = table(6000, 4, numbers=2, words=["a", "b", "c"]).drop_columns(["n", "b"])
    rows = rows.append_column("n", pa.nulls(6000, pa.int64())).append_column("b", pa.nulls(6000, pa.bool_()))
    all_rows, taken = (Counter(rows_of(rows, size)) for size in (6000, 600))
    assert len(all_rows) == 6
    for row, n in all_rows.items():
        assert abs(taken[row] - n / 10) <= 1


def test_rows_that_differ_only_in_a_text_are_different() -> None:
    rows = pa.table(
        {"x": np.zeros(2000), "n": np.ones(2000, int), "s": [f"t{k}" for k in range(2000)], "b": [True] * 2000}
    )
    taken = rows_of(rows, 200)
    assert 150 < len(taken) < 250
    assert len(set(taken)) == len(taken)


def test_zeros_of_both_signs_are_one_value_and_null_is_another() -> None:
    batch = pa.record_batch([pa.array([0.0, -0.0, None, 1.0])], ["x"])
    hashes = _hashed(batch, [0])
    assert hashes[0] == hashes[1]
    assert len(set(hashes.tolist())) == 3
    texts = pa.record_batch([pa.array(WORDS, pa.large_string())], ["s"])
    assert len(set(_hashed(texts, [0]).tolist())) == len(WORDS)
    assert _hashed(texts.slice(4, 5), [0]).tolist() == _hashed(texts, [0])[4:9].tolist()


def test_the_numbers_alone_choose_where_hardly_two_rows_share_them() -> None:
    inputs = tuple(Input(name, dtype, nullable=True) for name, dtype in TYPES.items())
    for numbers, names in ((10**12, {"x", "n", "b"}), (2, set(TYPES))):
        source, _ = resolve(table(5000, 5, numbers=numbers, words=WORDS), None)
        with open_duckdb(1, "1GB") as opened:
            chosen = sample(opened.load(source, inputs, DataSource()), COLUMNS, 500)
        assert chosen is not None
        assert chosen.names == names


@pytest.mark.parametrize("sizes", [(5000,), (3000, 0, 1, 1999)], ids=["one", "four"])
@pytest.mark.parametrize("other", ["z", "File_Index", "file_row_number"])
def test_rows_of_parquet_are_found_by_their_numbers(tmp_path: Path, sizes: Sequence[int], other: str) -> None:
    """As a window over all rows finds them, and also where the engine's own columns are columns of the file."""
    rows = table(5000, 6, numbers=10**12, words=WORDS).append_column(other, pa.array(range(5000)))
    start = 0
    for k, size in enumerate(sizes):
        part = rows.slice(start, size)
        pq.write_table(part, tmp_path / f"{k}.parquet", row_group_size=700)
        start += size
    inputs = (*(Input(name, dtype, nullable=True) for name, dtype in TYPES.items()), Input(other, "int64"))
    columns = [*COLUMNS[1:], Column(other, "int64", other), replace(COLUMNS[0], null_values=(rows["x"][4999].as_py(),))]
    source, declared = resolve(str(tmp_path / "*.parquet"), None)
    places = np.array([0, 1, 699, 700, 2999, 3000, 3001, 4998, 4999])
    with open_unheld(2, "1GB") as opened:
        data = opened.load(source, inputs, declared)
        assert isinstance(data, DuckTable)
        assert ("row_number() OVER" in data._numbered(columns)) is (other != "z")
        found = data.rows_at(places, columns)
    want = rows.take(pa.array(places)).select(found.schema.names).to_pylist()
    assert found.to_pylist() == [*want[:-1], {**want[-1], "x": None}]
