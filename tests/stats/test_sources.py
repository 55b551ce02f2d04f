"""Reading training rows: every kind gives the same typed table, nothing is guessed, and every refusal has its code."""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from skc.diagnostics import SkcError, Span
from skc.ir import DataSource, Input
from skc.rows import open_rows
from skc.stats.connection import Database, open_database
from skc.stats.engine import Column, summarise
from skc.stats.sources import resolve
from skc.stats.training import Training, check_contract, load_training

MICRO = 1_577_836_800_000_000  # 2020-01-01T00:00:00Z
INPUTS = (
    Input("x", "float64", nullable=True, null_values=("NA",)),
    Input("i", "int64", nullable=True),
    Input("b", "bool", nullable=True),
    Input("s", "string", nullable=True),
    Input("t", "timestamp", nullable=True),
    Input("d", "date", nullable=True),
)
ROWS = [
    {"x": 1.5, "i": -(2**63), "b": True, "s": "", "t": MICRO, "d": 18262},
    {"x": None, "i": None, "b": None, "s": 'a,\n"ü', "t": None, "d": None},
    {"x": math.inf, "i": 7, "b": False, "s": "NA", "t": MICRO + 1, "d": -719162},
]
CSV = (
    "d,unused,t,s,b,i,x\n"
    "2020-01-01,1,2020-01-01T00:00:00Z,,TRUE,-9223372036854775808,1.5\n"
    ',2,,"a,\n""ü",,,NA\n'
    "0001-01-01,3,2020-01-01 05:30:00.000001+05:30,NA,False,+7,inf\n"
)


@pytest.fixture
def database() -> Iterator[Database]:
    with open_database(threads=2) as opened:
        yield opened


def load(database: Database, data: Any, inputs: tuple[Input, ...] = INPUTS, where: str | None = None) -> Training:
    declared = DataSource("unused.csv", where, span=Span("pipeline.yaml", 3, 5)) if where else None
    source, declared = resolve(data, declared)
    return load_training(database, source, inputs, declared)


def rows(training: Training) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = training.table.to_pyarrow().to_pylist()
    return found


def refusal(database: Database, data: Any, inputs: tuple[Input, ...] = INPUTS, where: str | None = None) -> SkcError:
    with pytest.raises(SkcError) as error:
        check(load(database, data, inputs, where))
    return error.value


def check(training: Training) -> list[str]:
    """The messages of the contract's warnings."""
    columns = {i.name: Column(training.table[i.name], i.dtype, i.name) for i in training.inputs}
    count, summaries = summarise(training.database, training.table, columns)
    return [warning.code for warning in check_contract(training, count, summaries)]


def arrow_table() -> pa.Table:
    types = {"x": pa.float64(), "i": pa.int64(), "b": pa.bool_(), "s": pa.string()}
    columns = {name: pa.array([row[name] for row in ROWS], dtype) for name, dtype in types.items()}
    columns["t"] = pa.array([row["t"] for row in ROWS], pa.timestamp("us", "Europe/Paris"))
    columns["d"] = pa.array([row["d"] for row in ROWS], pa.int32()).cast(pa.date32())
    return pa.table(columns)


def write(folder: Path, name: str) -> str:
    """The same rows as a file of each kind."""
    path = folder / name
    match path.suffix:
        case ".csv":
            path.write_text(CSV, encoding="utf-8-sig")
        case ".tsv":
            path.write_text(CSV.replace("a,", "\1").replace(",", "\t").replace("\1", "a,"), encoding="utf-8")
        case ".gz":
            path.write_bytes(gzip.compress(CSV.encode()))
        case ".jsonl":
            times = ["2020-01-01T00:00:00Z", None, "2020-01-01T00:00:00.000001Z"]
            days = ["2020-01-01", None, "0001-01-01"]
            records = [{**row, "t": t, "d": d} for row, t, d in zip(ROWS, times, days, strict=True)]
            records[2]["x"] = "Infinity"
            del records[1]["i"]
            path.write_text("\n".join(map(json.dumps, records)))
        case ".parquet":
            pq.write_table(arrow_table(), path)
        case ".arrow" | ".feather":
            pyarrow.feather.write_feather(arrow_table(), path)
        case ".duckdb":
            with duckdb.connect(str(path)) as connection:
                connection.register("rows", arrow_table())
                connection.execute("CREATE SCHEMA other; CREATE TABLE other.rides AS SELECT * FROM rows")
            return f"{path}::other.rides"
    return str(path)


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
            got = [v for batch in database.batches(database.sql(training.table), 1000) for v in batch["v"].to_pylist()]
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


def one(dtype: Any, **kwargs: Any) -> tuple[Input, ...]:
    return (Input("v", dtype, span=Span("pipeline.yaml", 7, 3), **kwargs), Input("k", "int64"))


BAD_TEXT = [
    ("float64", "1,5"),
    ("float64", "1_000"),
    ("float64", "0x10"),
    ("float64", " 1"),
    ("float64", "1e400"),
    ("float64", "infinite"),
    ("int64", "1.0"),
    ("int64", "1e3"),
    ("int64", "9223372036854775808"),
    ("int64", "1_0"),
    ("int64", "٣"),
    ("bool", "1"),
    ("bool", "yes"),
    ("timestamp", "2020-01-01T00:00:00"),
    ("timestamp", "2020-01-01T24:00:00Z"),
    ("timestamp", "2020-02-30T00:00:00Z"),
    ("timestamp", "2020-01-01T00:00:00.1234567Z"),
    ("timestamp", "2020-01-01"),
    ("date", "2021-02-29"),
    ("date", "01.02.2020"),
    ("date", "2020-1-1"),
]


@pytest.mark.parametrize(("dtype", "text"), BAD_TEXT)
def test_text_that_is_not_of_its_type(database: Database, tmp_path: Path, dtype: Any, text: str) -> None:
    """File, row, line, column and value are named; the row that `where` leaves out must parse too."""
    (tmp_path / "1.csv").write_text('v,k,w\n,0,"two\nlines"\n')
    (tmp_path / "2.csv").write_text(f'v,k,w\n,0,"two\nlines"\n"{text}",1,\n')
    error = refusal(database, f"{tmp_path}/*.csv", one(dtype, nullable=True), where="k = 0")
    assert error.code == "SKC206"
    assert f"{tmp_path}/2.csv, row 2 (line 4): `{text}` in column `v`" in str(error)
    assert "pipeline.yaml:7:3" in str(error)


GOOD_TEXT = [
    ("float64", "1e-400", 0.0),
    ("float64", "-.5E+3", -500.0),
    ("float64", "4.9e-324", 5e-324),
    ("float64", "NaN", None),
    ("float64", "-Infinity", -math.inf),
    ("float64", "9007199254740993", 9007199254740992.0),
    ("int64", "-007", -7),
    ("timestamp", "1969-12-31 23:59:59.999999-00:00", -1),
    ("timestamp", "2020-01-01T00:00+0100", MICRO - 3_600_000_000),
    ("date", "1969-12-31", -1),
    ("string", " x ", " x "),
]


@pytest.mark.parametrize(("dtype", "text", "value"), GOOD_TEXT)
def test_text_of_its_type(database: Database, tmp_path: Path, dtype: Any, text: str, value: Any) -> None:
    (tmp_path / "a.csv").write_text(f"v,k\n{text},1\n")
    assert rows(load(database, str(tmp_path / "a.csv"), one(dtype, nullable=True))) == [{"v": value, "k": 1}]


BAD_JSON = [
    ("float64", '"1.5"'),
    ("float64", "1e400"),
    ("float64", "9007199254740993"),
    ("float64", "-36893488147419103233"),
    ("float64", "1" + "0" * 60),
    ("int64", "1.5"),
    ("int64", '"1"'),
    ("int64", '"1.0"'),
    ("int64", "9007199254740994.0"),
    ("int64", "1e300"),
    ("bool", "1"),
    ("string", "1"),
]


@pytest.mark.parametrize(("dtype", "text"), BAD_JSON)
def test_json_that_is_not_of_its_type(database: Database, tmp_path: Path, dtype: Any, text: str) -> None:
    (tmp_path / "a.jsonl").write_text('{"k": 0}\n{"k": 1, "v": ' + text + "}\n")
    error = refusal(database, str(tmp_path / "a.jsonl"), one(dtype, nullable=True))
    assert error.code == "SKC206"
    assert "a.jsonl, row 2: " in str(error)


GOOD_JSON = [
    ("float64", "9007199254740992", 2.0**53),
    ("float64", "-36893488147419103232", -(2.0**65)),
    ("float64", "9007199254740993.0", 2.0**53),
    ("float64", "3", 3.0),
    ("float64", '"-inf"', -math.inf),
    ("float64", '"NA"', None),
    ("int64", '"NA"', None),
    ("int64", "3.0", 3),
    ("int64", "-0.0", 0),
    ("int64", "1e2", 100),
    ("int64", "9007199254740992.0", 2**53),
    ("int64", "9223372036854775807", 2**63 - 1),
]


@pytest.mark.parametrize(("dtype", "text", "value"), GOOD_JSON)
def test_json_numbers_are_taken_as_in_serving(
    database: Database, tmp_path: Path, dtype: Any, text: str, value: Any
) -> None:
    (tmp_path / "a.jsonl").write_text('{"k": 1, "v": ' + text + "}\n")
    inputs = one(dtype, nullable=True, null_values=("NA",))
    assert rows(load(database, str(tmp_path / "a.jsonl"), inputs, where="k > 0")) == [{"v": value, "k": 1}]


@pytest.mark.parametrize("second", ["1", "2", "null"])
def test_a_key_that_a_record_has_twice(database: Database, tmp_path: Path, second: str) -> None:
    """Others take the last one. The same key inside another value is another key."""
    (tmp_path / "a.jsonl").write_text('{"k": 0, "x": {"y": 1, "y": 2}}\n{"k": 1, "v": 1, "\\u0076": ' + second + "}\n")
    error = refusal(database, str(tmp_path / "a.jsonl"), one("float64", nullable=True))
    assert error.code == "SKC203"
    assert "a.jsonl`, row 2 has the key `v` twice" in str(error)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_an_empty_line_between_rows_of_one_column(database: Database, tmp_path: Path, ending: str) -> None:
    """It may be a null or nothing at all; at the end of the file it is nothing."""
    inputs = (Input("v", "float64", nullable=True),)
    path = tmp_path / "a.csv"
    path.write_bytes(ending.join(["v", "1", "", "", "2", ""]).encode())
    error = refusal(database, str(path), inputs)
    assert error.code == "SKC203"
    assert "a.csv`, line 3 is empty" in str(error)
    path.write_bytes(ending.join(["v", "1", '""', "2", "", ""]).encode())
    assert rows(load(database, str(path), inputs)) == [{"v": 1.0}, {"v": None}, {"v": 2.0}]


TYPED = [
    ("float64", pa.float16(), [0.5, 65504.0], [0.5, 65504.0]),
    ("float64", pa.int64(), [2**53], [2.0**53]),
    ("float64", pa.int64(), [2**53 + 1], "SKC206"),
    ("float64", pa.int64(), [2**63 - 1], "SKC206"),
    ("float64", pa.float32(), [0.1], [0.10000000149011612]),
    ("float64", pa.string(), ["1"], "SKC205"),
    ("float64", pa.decimal128(5, 2), [1], "SKC205"),
    ("int64", pa.string(), ["1"], "SKC205"),
    ("int64", pa.uint64(), [2**63], "SKC206"),
    ("int64", pa.uint64(), [2**63 - 1], [2**63 - 1]),
    ("int64", pa.float64(), [1.5], "SKC206"),
    ("int64", pa.float64(), [math.inf], "SKC206"),
    ("int64", pa.float64(), [2.0**53 + 2], "SKC206"),
    ("bool", pa.int64(), [1], "SKC205"),
    ("string", pa.int64(), [1], "SKC205"),
    ("string", pa.binary(), [b"1"], "SKC205"),
    ("string", pa.dictionary(pa.int8(), pa.string()), ["z"], ["z"]),
    ("timestamp", pa.timestamp("us"), [1], "SKC205"),
    ("timestamp", pa.string(), ["2020-01-01T00:00:00Z"], "SKC205"),
    ("timestamp", pa.timestamp("ns", "UTC"), [1_000], [1]),
    ("timestamp", pa.timestamp("ns", "UTC"), [1_001], "SKC206"),
    ("timestamp", pa.int64(), [5], [5]),
    ("timestamp", pa.int64(), [2**62], "SKC224"),
    ("date", pa.int32(), [5], [5]),
    ("date", pa.int64(), [-719163], "SKC224"),
    ("date", pa.timestamp("us"), [5], "SKC205"),
]


@pytest.mark.parametrize(("dtype", "stored", "values", "want"), TYPED)
def test_typed_columns(database: Database, dtype: Any, stored: pa.DataType, values: list[Any], want: Any) -> None:
    table = pa.table({"v": pa.array([None, *values], stored), "k": list(range(len(values) + 1))})
    inputs = one(dtype, nullable=True)
    if isinstance(want, str):
        error = refusal(database, table, inputs)
        assert error.code == want
        assert "pipeline.yaml:7:3" in str(error)
        return
    training = load(database, table, inputs)
    check(training)
    assert [row["v"] for row in rows(training)] == [None, *want]


def test_half_floats_in_a_file(database: Database, tmp_path: Path) -> None:
    """The engine has no such type; it must say so in our words."""
    table = pa.table({"v": pa.array([0.5], pa.float16()), "k": [1]})
    pyarrow.feather.write_feather(table, str(tmp_path / "a.arrow"))
    error = refusal(database, str(tmp_path / "a.arrow"), one("float64"))
    assert error.code == "SKC203"
    assert "convert them" in str(error)


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
    table = pa.table({"v": pa.array([None, None], pa.float64()), "k": [1, 1]})
    assert refusal(database, table, one("float64", nullable=True)).code == "SKC222"
    assert refusal(database, table, one("float64", nullable=True), where="k = 2").code == "SKC208"
    assert refusal(database, pa.table({"v": pa.nulls(2), "k": [1, 2]}), one("string", nullable=True)).code == "SKC222"


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


WHERE = [
    ("x > 1", ["a"]),
    ("t >= '2020-01-01 00:00:00' AND d < DATE '2021-01-01'", ["a", "b"]),
    ("s IN ('a', 'c') OR i = 2", ["a", "b", "c"]),
    ("CAST(unused AS INT) % 2 = 1", ["a", "c"]),
    ("lower(s) LIKE 'A%' -- nothing like that", []),
    ("x IS NULL", ["c"]),
    ("\"s\" = 'b'", ["b"]),
]


@pytest.mark.parametrize(("where", "want"), WHERE)
def test_where_sees_typed_inputs_and_raw_columns(
    database: Database, tmp_path: Path, where: str, want: list[str]
) -> None:
    (tmp_path / "a.csv").write_text(
        "s,x,i,t,d,unused\na,2,1,2020-01-01T00:00:00Z,2020-01-01,1\n"
        "b,1,2,2020-01-01T00:00:00Z,2020-01-01,2\nc,,3,2019-12-31T23:59:59Z,2022-01-01,3\n"
    )
    inputs = tuple(i for i in INPUTS if i.name != "b")
    assert [row["s"] for row in rows(load(database, str(tmp_path / "a.csv"), inputs, where))] == want


BAD_WHERE = [
    "x >",
    "x = 1; DROP TABLE skc_secret",
    "x = 1 ORDER BY x",
    "x = 1 UNION SELECT 1",
    "x IN (SELECT 1)",
    "EXISTS (SELECT 1)",
    "(SELECT true)",
    "x = ?",
    "x = $1",
    "count(*) > 1",
    "row_number() OVER () < 5",
    "t < now()",
    "t < current_timestamp",
    "d < current_date",
    "d < today()",
    "random() < 0.5",
    "other.x = 1",
    "y = 1",
    "x = 'abc'",
    "no_such_function(x)",
    "",
]


@pytest.mark.parametrize("where", BAD_WHERE)
def test_where_is_one_predicate(database: Database, where: str) -> None:
    database.execute("CREATE TABLE skc_secret AS SELECT 1 AS x")
    error = refusal(database, arrow_table(), INPUTS, where or " ")
    assert error.code == "SKC207"
    assert "pipeline.yaml:3:5" in str(error)
    assert ("skc_secret",) in database.execute("SHOW TABLES")


def test_where_names_columns_and_their_neighbours(database: Database) -> None:
    assert "did you mean `s`?" not in str(refusal(database, arrow_table(), INPUTS, "zzz = 1"))
    table = arrow_table().rename_columns([*"xibstd"]).append_column("city", pa.array(["a"] * 3))
    assert "did you mean `city`?" in str(refusal(database, table, INPUTS, "citi = 'a'"))


def test_files_that_are_not_there_or_not_known(tmp_path: Path) -> None:
    (tmp_path / "trips.csv").write_text("a\n1\n")
    (tmp_path / "b.parquet").write_text("")
    cases: list[tuple[Any, str, str]] = [
        (None, "SKC200", "--data"),
        (f"{tmp_path}/tripz.csv", "SKC201", "did you mean `trips.csv`?"),
        (f"{tmp_path}/none/a.csv", "SKC201", "there is no folder"),
        (f"{tmp_path}/x*.csv", "SKC201", "no file matches"),
        (f"{tmp_path}", "SKC201", "is a folder"),
        (f"{tmp_path}/*", "SKC202", "several kinds"),
        ("https://example.org/a.csv", "SKC202", "is a URL"),
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
    assert "tell apart" in str(error)


@pytest.mark.parametrize("kind", ["csv", "parquet", "memory"])
def test_letters_beyond_ascii_have_a_case(database: Database, tmp_path: Path, kind: str) -> None:
    table = pa.table({"é": [1.0], "É": [2.0]})
    path = tmp_path / f"rows.{kind}"
    {"csv": pyarrow.csv.write_csv, "parquet": pq.write_table}.get(kind, lambda *_: None)(table, str(path))
    inputs = (Input("É", "float64"), Input("é", "float64"))
    training = load(database, table if kind == "memory" else str(path), inputs)
    assert training.table.to_pyarrow().to_pylist() == [{"É": 2.0, "é": 1.0}]


def test_where_may_write_an_input_of_json_in_any_case(database: Database, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"v": 1}\n{"v": 2}\n')
    training = load(database, str(tmp_path / "rows.jsonl"), (Input("v", "float64"),), where="V > 1")
    assert training.table.to_pyarrow().to_pylist() == [{"v": 2.0}]


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


NUL_INPUTS = (Input("s", "string", nullable=True),)


def nul_sources(folder: Path) -> dict[str, Any]:
    values = ["a", "b", "a\0b", None, "c\0"]
    table = pa.table({"s": values})
    (folder / "n.csv").write_text('s\na\nb\na\0b\n""\nc\0\n')
    (folder / "n.jsonl").write_text("".join(json.dumps({"s": v}) + "\n" for v in values))
    pq.write_table(table, folder / "n.parquet")
    return {
        "csv": str(folder / "n.csv"),
        "jsonl": str(folder / "n.jsonl"),
        "parquet": str(folder / "n.parquet"),
        "arrow": table,
        "dictionary": table.cast(pa.schema([("s", pa.dictionary(pa.int32(), pa.string()))])),
    }


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow", "dictionary"])
@pytest.mark.parametrize("counted", [False, True])
def test_a_nul_in_a_string_is_refused(database: Database, tmp_path: Path, kind: str, counted: bool) -> None:
    """Whether the distinct values are counted anyway or not; no runtime could be given such a string."""
    training = load(database, nul_sources(tmp_path)[kind], NUL_INPUTS)
    columns = {"s": Column(training.table["s"], "string", "s")}
    count, summaries = summarise(database, training.table, columns, ["s"] if counted else [])
    with pytest.raises(SkcError) as error:
        check_contract(training, count, summaries)
    assert error.value.code == "SKC206"
    for part in ("row 3", r"'a\x00b'", "hint:"):
        assert part in str(error.value)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "arrow", "dictionary"])
def test_a_nul_is_refused_in_rows_to_transform(tmp_path: Path, kind: str) -> None:
    with pytest.raises(SkcError) as error, open_rows(NUL_INPUTS, nul_sources(tmp_path)[kind]):
        pytest.fail("the rows were opened")
    assert error.value.code == "SKC206"
    assert "row 3" in str(error.value)


def test_where_may_leave_out_a_nul(database: Database, tmp_path: Path) -> None:
    path = nul_sources(tmp_path)["parquet"]
    training = load(database, path, NUL_INPUTS, "not contains(s, chr(0)) or s is null")
    assert check(training) == []
