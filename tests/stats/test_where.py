"""The rows to fit on: one predicate over typed inputs and raw columns."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pytest
from source_tables import (
    INPUTS,
    NUL_INPUTS,
    arrow_table,
    check,
    load,
    nul_sources,
    refusal,
    rows,
)

from skc.ir import Input
from skc.stats.connection import Database

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


def test_where_may_write_an_input_of_json_in_any_case(database: Database, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"v": 1}\n{"v": 2}\n')
    training = load(database, str(tmp_path / "rows.jsonl"), (Input("v", "float64"),), where="V > 1")
    assert training.table.to_pyarrow().to_pylist() == [{"v": 2.0}]


def test_where_may_leave_out_a_nul(database: Database, tmp_path: Path) -> None:
    path = nul_sources(tmp_path)["parquet"]
    training = load(database, path, NUL_INPUTS, "not contains(s, chr(0)) or s is null")
    assert check(training) == []
