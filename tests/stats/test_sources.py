"""Reading training rows: every kind gives the same typed table, nothing is guessed, and every refusal has its code."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from source_tables import (
    INPUTS,
    ROWS,
    arrow_table,
    check,
    load,
    one,
    refusal,
    rows,
    write,
)

from skc.data.duckdb.connection import Database, open_database
from skc.data.sources import resolve
from skc.diagnostics import SkcError
from skc.ir import Input

KINDS = [
    "a.csv",
    "a.tsv",
    "a.csv.gz",
    "a.jsonl",
    "a.parquet",
    "a.arrow",
    "a.feather",
    "a.duckdb",
    "odd [1]'.csv",
]


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_gives_the_same_rows(database: Database, tmp_path: Path, name: str) -> None:
    assert rows(load(database, write(tmp_path, name))) == ROWS


@pytest.mark.parametrize(
    "make", [lambda t: t, lambda t: t.to_pandas(), pl.from_arrow], ids=["arrow", "pandas", "polars"]
)
def test_tables_in_memory(database: Database, make: Any) -> None:
    inputs = INPUTS if make(arrow_table()) is not None else ()
    table = make(arrow_table().drop(["i", "b"]))
    got = rows(load(database, table, tuple(i for i in inputs if i.name not in "ib")))
    assert got == [{k: v for k, v in row.items() if k not in "ib"} for row in ROWS]


def test_pandas_integers_with_nulls_are_floats(database: Database) -> None:
    frame = pd.DataFrame({"i": [1, None, 2**53], "s": pd.Categorical(["a", None, "b"])})
    got = rows(load(database, frame, (Input("i", "int64", nullable=True), Input("s", "string", nullable=True))))
    assert got == [{"i": 1, "s": "a"}, {"i": None, "s": None}, {"i": 2**53, "s": "b"}]


@pytest.mark.parametrize("end", ["", "\n"])
@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow"])
def test_rows_keep_their_order(tmp_path: Path, kind: str, end: str) -> None:
    """Of many files and with many threads: messages count rows, and features are written in this order."""
    first = 0
    for name, count in (("1", 5), ("2", 99_995), ("3", 3)):
        numbers = range(first, first + count)
        first += count
        part = pa.table({"v": list(numbers), "x": [n / 2 for n in numbers], "s": ["some text"] * count})
        path = tmp_path / f"{name}.{kind}"
        match kind:
            case "csv":
                path.write_text("v,x,s\n" + "\n".join(f"{n},{n / 2},some text" for n in numbers) + end)
            case "jsonl":
                path.write_text("\n".join(map(json.dumps, part.to_pylist())) + end)
            case "parquet":
                pq.write_table(part, path, row_group_size=5000)
            case "arrow":
                pyarrow.feather.write_feather(part, path, chunksize=1000)
    inputs = (Input("v", "int64", nullable=True), *(i for i in INPUTS if i.name in "xs"))
    for _ in range(3):
        with open_database(threads=4) as database:
            training = load(database, f"{tmp_path}/*.{kind}", inputs)
            got = [v for batch in training.batches(["v"], 1000) for v in batch.column(0).to_pylist()]
            assert got == list(range(first))


def test_a_glob_reads_every_file_by_name_of_its_columns(database: Database, tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b\n1,2\n")
    (tmp_path / "2.csv").write_text("b,a\n3,4\n")
    inputs = (Input("a", "int64"), Input("b", "int64"))
    assert rows(load(database, f"{tmp_path}/*.csv", inputs)) == [{"a": 1, "b": 2}, {"a": 4, "b": 3}]
    pq.write_table(pa.table({"a": [1], "b": [2]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"b": [3.5], "a": [4]}), tmp_path / "2.parquet")
    inputs = (Input("a", "int64"), Input("b", "float64"))
    assert rows(load(database, f"{tmp_path}/*.parquet", inputs)) == [{"a": 1, "b": 2.0}, {"a": 4, "b": 3.5}]


def test_null_rules(database: Database, tmp_path: Path) -> None:
    """An empty field and the texts in `null_values` are null, but for strings, whose rule is the graph's."""
    (tmp_path / "a.csv").write_text('v,k\n"",1\n?,2\n-1,3\n')
    data = str(tmp_path / "a.csv")
    got = rows(load(database, data, one("int64", nullable=True, null_values=("?", -1))))
    assert [row["v"] for row in got] == [None, None, -1]
    assert [row["v"] for row in rows(load(database, data, one("string", null_values=("?",))))] == [
        "",
        "?",
        "-1",
    ]


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_null_in_a_non_nullable_input(database: Database, tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    match path.suffix:
        case ".csv":
            path.write_text("v,k\n1,1\n5,2\n,3\n,4\n")
        case ".jsonl":
            path.write_text('{"v":1,"k":1}\n{"v":5,"k":2}\n{"k":3}\n{"v":null,"k":4}\n')
        case _:
            pq.write_table(pa.table({"v": [1.0, 5.0, math.nan, None], "k": [1, 2, 3, 4]}), path)
    error = refusal(database, str(path), one("float64"), where="k > 1")
    assert error.code == "SKC209"
    assert f"{name}, row 3" in str(error)
    assert "2 of 3 rows are null" in str(error)


@pytest.mark.parametrize("data", ["csv", "arrow"])
def test_nan_may_be_an_error(database: Database, tmp_path: Path, data: str) -> None:
    (tmp_path / "a.csv").write_text("v,k\n,1\nNaN,2\n")
    table = pa.table({"v": pa.array([None, math.nan]), "k": [1, 2]})
    error = refusal(
        database,
        str(tmp_path / "a.csv") if data == "csv" else table,
        one("float64", nullable=True, nan="error"),
    )
    assert error.code == "SKC209"
    assert "row 2" in str(error)
    assert "is NaN" in str(error)


def test_missing_columns(database: Database, tmp_path: Path) -> None:
    """All of them are named, with the nearest there is; in JSON lines a key that no record has."""
    error = refusal(database, pa.table({"V": [1.0], "kk": [1]}), one("float64"))
    assert [d.code for d in error.diagnostics] == ["SKC204", "SKC204"]
    assert "did you mean `kk`?" in str(error)
    (tmp_path / "a.jsonl").write_text('{"vv": 1, "k": 1}\n')
    error = refusal(database, str(tmp_path / "a.jsonl"), one("float64", nullable=True))
    assert error.code == "SKC204"
    assert "did you mean `vv`?" in str(error)
    (tmp_path / "1.csv").write_text("v,k\n1,1\n")
    (tmp_path / "2.csv").write_text("w,k\n1,1\n")
    error = refusal(database, f"{tmp_path}/*.csv", one("float64"))
    assert "2.csv has no column `v`" in str(error)


def test_no_rows_and_no_values(database: Database) -> None:
    """No value at all is a warning: what to make of it is up to the ops."""
    table = pa.table({"v": pa.array([None, None], pa.float64()), "k": [1, 2]})
    assert check(load(database, table, one("float64", nullable=True))) == ["SKC222"]
    assert refusal(database, table, one("float64")).code == "SKC209"
    assert refusal(database, table, one("float64", nullable=True), where="k = 3").code == "SKC208"
    untyped = pa.table({"v": pa.nulls(2), "k": [1, 2]})
    for dtype in ("float64", "int64", "bool", "string", "timestamp", "date"):
        assert check(load(database, untyped, one(dtype, nullable=True))) == ["SKC222"]


@pytest.mark.parametrize(
    ("dtype", "values", "want"),
    [
        ("float64", [1.0, 1.0], ["SKC223"]),
        ("float64", [1.0, None], []),
        ("bool", [True, True], ["SKC223"]),
        ("string", ["a'"] * 2000, ["SKC223"]),
        ("string", ["a"] * 2000 + ["b"], []),
        ("string", ["a", "b"], []),
        ("string", ["a"], []),
    ],
)
def test_a_column_with_one_value_is_a_warning(
    database: Database, dtype: Any, values: list[Any], want: list[str]
) -> None:
    table = pa.table({"v": values, "k": list(range(len(values)))})
    assert check(load(database, table, one(dtype, nullable=True))) == want


def test_files_that_are_not_there_or_not_known(tmp_path: Path) -> None:
    (tmp_path / "trips.csv").write_text("a\n1\n")
    (tmp_path / "b.parquet").write_text("")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "trips.txt").write_text("a\n1\n")
    cases: list[tuple[Any, str, str]] = [
        (None, "SKC200", "--data"),
        (f"{tmp_path}/tripz.csv", "SKC201", "did you mean `trips.csv`?"),
        (f"{tmp_path}/none/a.csv", "SKC201", "there is no folder"),
        (f"{tmp_path}/x*.csv", "SKC201", "no file matches"),
        (f"{tmp_path}/*", "SKC202", "several kinds"),
        (f"{tmp_path}/texts/trips.txt", "SKC202", "`separator` under `data`"),
        (f"{tmp_path}/*", "SKC202", "several kinds"),
        ("ftp://example.org/a.csv", "SKC202", "is a URL"),
        (f"{tmp_path}/trips.csv::rides", "SKC202", "has no table"),
        ([{"a": 1}], "SKC202", "builtins.list"),
        (pd.DataFrame({"a": [1, "x"]}), "SKC203", "Arrow"),
    ]
    for data, code, words in cases:
        with pytest.raises(SkcError) as error:
            resolve(data, None)
        assert error.value.code == code, data
        assert words in str(error.value), data


BROKEN = [
    ("a.csv", b""),
    ("b.csv", b"v,k\n1\n"),
    ("c.csv", b"v,k\n1,2,3\n"),
    ("d.csv", b"v,k\n\xff\xfe,1\n"),
    ("e.csv", b"v,V,k\n1,2,3\n"),
    ("f.csv.gz", b"not gzip"),
    ("a.parquet", b"PAR1"),
    ("a.arrow", b"ARROW1"),
    ("a.jsonl", b'{"v": \n'),
    ("a.duckdb", b"not a database"),
]


@pytest.mark.parametrize(("name", "content"), BROKEN)
def test_broken_files(database: Database, tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    error = refusal(database, f"{path}::t" if name.endswith("duckdb") else str(path), one("float64"))
    assert error.code == "SKC203"
    assert name in str(error)


@pytest.mark.parametrize("kind", ["csv", "parquet", "arrow", "memory", "jsonl"])
@pytest.mark.parametrize("names", [["v", "V", "v_1"], ["V", "k", "v"]])
def test_columns_that_the_engine_cannot_tell_apart(
    database: Database, tmp_path: Path, kind: str, names: list[str]
) -> None:
    """It would call the second `v_1`, and so read it for an input of that name."""
    table = pa.table([[1.0]] * 3, names)
    path = tmp_path / f"rows.{kind}"
    writers: dict[str, Any] = {"csv": pyarrow.csv.write_csv, "parquet": pq.write_table, "memory": lambda *_: None}
    writers |= {"arrow": pyarrow.feather.write_feather, "jsonl": lambda *_: path.write_text('{"v": 1, "V": 2}')}
    writers[kind](table, str(path))
    inputs = tuple(Input(name, "float64") for name in (names if kind == "jsonl" else names[2:]))
    error = refusal(database, table if kind == "memory" else str(path), inputs)
    assert error.code == "SKC203"
    assert "distinguish" in str(error)


@pytest.mark.parametrize("kind", ["csv", "parquet", "memory"])
def test_letters_beyond_ascii_have_a_case(database: Database, tmp_path: Path, kind: str) -> None:
    table = pa.table({"é": [1.0], "É": [2.0]})
    path = tmp_path / f"rows.{kind}"
    {"csv": pyarrow.csv.write_csv, "parquet": pq.write_table}.get(kind, lambda *_: None)(table, str(path))
    inputs = (Input("É", "float64"), Input("é", "float64"))
    training = load(database, table if kind == "memory" else str(path), inputs)
    assert rows(training) == [{"É": 2.0, "é": 1.0}]


def test_a_table_that_is_not_in_the_database(database: Database, tmp_path: Path) -> None:
    data = write(tmp_path, "a.duckdb")
    error = refusal(database, data.replace("rides", "ride"))
    assert error.code == "SKC204"
    assert "did you mean `other.rides`?" in str(error)


def test_settings_are_checked() -> None:
    for arguments in [{"threads": 0}, {"memory_limit": "lots"}]:
        with pytest.raises(SkcError) as error, open_database(**arguments):  # type: ignore[arg-type]  # wrong on purpose
            pass
        assert error.value.code == "SKC220"
