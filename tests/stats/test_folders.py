"""Folders, the columns that they name, home folders, and JSON arrays: the same rows as from one file."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from source_tables import load, refusal, rows

from skc.data.duckdb.connection import Database
from skc.data.sources import resolve
from skc.diagnostics import SkcError
from skc.ir import DataSource, Input

VALUE, YEAR, CITY = Input("v", "float64"), Input("year", "int64", nullable=True), Input("city", "string", nullable=True)
PLACES = {"year=2024/city=Oslo": [1.5, 2.0], "year=2025/city=a%2Fb": [3.0], "year=__HIVE_DEFAULT_PARTITION__": [4.0]}
EXPECTED = [(1.5, 2024, "Oslo"), (2.0, 2024, "Oslo"), (3.0, 2025, "a/b")]


def write(path: Path, values: list[float], **more: list[Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pa.table({"v": values, **more})
    records = table.to_pylist()
    match path.suffix:
        case ".parquet":
            pq.write_table(table, path)
        case ".arrow":
            pyarrow.feather.write_feather(table, path)
        case ".jsonl":
            path.write_text("".join(json.dumps(record) + "\n" for record in records))
        case ".json":
            path.write_text(json.dumps(records))
        case ".csv":
            path.write_text(
                "\n".join([",".join(table.column_names), *(",".join(map(str, r.values())) for r in records)])
            )


@pytest.fixture(params=["parquet", "arrow", "csv", "jsonl", "json"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("path", ["lake", "lake/", "lake/*/*/*", "lake/year=20*/**/*"])
def test_folders_are_columns(database: Database, tmp_path: Path, kind: str, path: str) -> None:
    for place, values in list(PLACES.items())[:2]:
        write(tmp_path / "lake" / place / f"part.{kind}", values)
    (tmp_path / "lake" / "_SUCCESS").write_text("")
    (tmp_path / "lake" / ".hidden").mkdir()
    (tmp_path / "lake" / ".hidden" / "x.txt").write_text("")
    found = rows(load(database, str(tmp_path / path), (VALUE, YEAR, CITY), where="year >= 2024 AND city <> 'x'"))
    assert [tuple(row.values()) for row in found] == EXPECTED


def test_they_are_those_that_arrow_finds(database: Database, tmp_path: Path) -> None:
    table = pa.table({"v": [1.0, 2.0, 3.0], "year": [2024, 2025, None], "city": ["a b", "ü=%", "x"]})
    partitioning = ds.partitioning(pa.schema([("year", pa.int64()), ("city", pa.string())]), flavor="hive")
    ds.write_dataset(table, tmp_path / "lake", format="parquet", partitioning=partitioning)
    found = rows(load(database, str(tmp_path / "lake"), (VALUE, YEAR, CITY)))
    assert sorted(found, key=lambda row: row["v"]) == table.to_pylist()


def test_a_folder_that_is_null_or_wrong(database: Database, tmp_path: Path, kind: str) -> None:
    for place, values in PLACES.items():
        write(tmp_path / "lake" / place / f"part.{kind}", values)
    found = rows(load(database, str(tmp_path / "lake"), (VALUE, YEAR)))
    assert [row["year"] for row in found] == [2024, 2024, 2025, None]
    write(tmp_path / "lake" / "year=last" / f"part.{kind}", [5.0])
    error = refusal(database, str(tmp_path / "lake"), (VALUE, YEAR))
    assert error.code == "SKC206"
    assert f"year=last/part.{kind}, row 1" in str(error)
    assert "`last` in column `year` is not an int64" in str(error)


def test_a_file_named_alone_has_no_columns_of_folders(database: Database, tmp_path: Path) -> None:
    write(tmp_path / "year=2024" / "part.parquet", [1.0])
    error = refusal(database, str(tmp_path / "year=2024" / "part.parquet"), (VALUE, YEAR))
    assert error.code == "SKC204"


def test_a_folder_that_no_input_names_is_no_column(database: Database, tmp_path: Path, kind: str) -> None:
    write(tmp_path / "lake" / "year=2024" / f"part.{kind}", [1.0], year=[7])
    assert rows(load(database, str(tmp_path / "lake"), (VALUE,))) == [{"v": 1.0}]
    error = refusal(database, str(tmp_path / "lake"), (VALUE, YEAR))
    assert "`year` is a column of the file and of its folder" in str(error)
    assert error.diagnostics[0].hint == "drop it from the file, or name the files by a glob for each folder"
    assert rows(load(database, f"{tmp_path}/lake/year=2024/*", (VALUE, YEAR))) == [{"v": 1.0, "year": 7}]


def test_a_folder_with_another_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "lake" / "b.csv", [1.0])
    (tmp_path / "lake" / "README").write_text("x")
    with pytest.raises(SkcError) as error:
        resolve(str(tmp_path / "lake"), None)
    assert error.value.code == "SKC202"
    assert error.value.diagnostics[0].hint == f"write a glob: '{tmp_path}/lake/**/*.csv'"
    assert resolve(f"{tmp_path}/lake/**/*.csv", None)[0].files == (f"{tmp_path}/lake/b.csv",)


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SkcError, match="there is no file in the folder"):
        resolve(str(tmp_path), None)


def test_a_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    write(tmp_path / "a.csv", [1.0])
    assert resolve("~/a.csv", None)[0].files == (f"{tmp_path}/a.csv",)
    assert resolve(None, DataSource("~/*.csv"))[0].files == (f"{tmp_path}/a.csv",)


TEXT = '[{"v": 1.5, "s": "a"},\n {"v": 9007199254740993, "s": "b\\u00e9"}, {"v": null}]'


@pytest.mark.parametrize("name", ["a.json", "a.json.gz"])
def test_a_json_array(database: Database, tmp_path: Path, name: str) -> None:
    """Read as JSON lines are: numbers as in a request."""
    data = TEXT.replace("9007199254740993", "3").encode()
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    inputs = (Input("v", "float64", nullable=True), Input("s", "string", nullable=True))
    found = rows(load(database, str(tmp_path / name), inputs))
    assert found == [{"v": 1.5, "s": "a"}, {"v": 3.0, "s": "bé"}, {"v": None, "s": None}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (TEXT, "row 2: `9007199254740993` in column `v` is not a float64"),
        ('[{"v": 1}, {"v": 2, "v": 3}]', "record 2: duplicate key `v`"),
        ('[{"v": 1}, [2]]', "record 2: it is not an object"),
        ('[{"v": NaN}]', "record 1: `NaN` is not JSON"),
        ('{"v": 1}\n{"v": 2}\n', "cannot be read as a JSON array"),
        ('[{"v": 1}, {"v": 2', "cannot be read as a JSON array"),
        ('[{"v": 1}][{"v": 2}]', "cannot be read as a JSON array"),
        ("\udcff[]", "it has bytes that are not UTF-8"),
        ("", "no rows"),
        ("[]", "no rows"),
    ],
)
def test_a_json_array_that_is_refused(database: Database, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_bytes(text.encode(errors="surrogateescape"))
    error = refusal(database, str(tmp_path / "a.json"), (Input("v", "float64", nullable=True),))
    assert message in str(error)
    assert error.diagnostics[0].hint
