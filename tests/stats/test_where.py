"""The rows to fit on: one predicate over typed inputs and raw columns."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq
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

from skc.data.duckdb.connection import Database, open_database
from skc.diagnostics import SkcError
from skc.ir import Input

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


FOREIGN = [  # what is not a function of the row, has no bound, or changed its meaning between versions
    *("age(t) > INTERVAL 1 DAY", "current_localtime() > TIME '12:00:00'", "current_localtimestamp() > t"),
    *(
        "get_current_timestamp() > t",
        "transaction_timestamp() > t",
        "localtime > TIME '12:00:00'",
        "t < localtimestamp",
    ),
    *("sleep_ms(1000) IS NULL", "repeat('x', 1000000000) = s", "lpad('x', 1000000000, 'x') = s"),
    *("stats(x) = 'a'", "vector_type(x) = 'FLAT_VECTOR'", "typeof(x) = 'DOUBLE'", "hash(x) % 2 = 0"),
    *(
        "uuid()::VARCHAR > s",
        "gen_random_uuid() IS NULL",
        "nextval('q') = 1",
        "getvariable('x') = 1",
        "getenv('HOME') = s",
    ),
    *(
        "current_setting('threads') = '2'",
        "version() = s",
        "current_user = s",
        "current_database() = s",
        "txid_current() > 0",
    ),
    *(
        "read_text('/etc/passwd') = s",
        "pg_typeof(x) = s",
        "error('no') = s",
        "write_log('x') IS NULL",
        "in_search_path('a', s)",
    ),
    *("exp(x) > 1", "sqrt(x) > 1", "ln(x) > 1", "x ** 2 > 1", "x ^ 2 > 1", "pow(x, 2) > 1", "sin(x) > 0"),
    *("s ~ 'k1'", "s !~ 'k1'", "s SIMILAR TO 'k1'", "s NOT SIMILAR TO 'k1'", "\"regexp_matches\"(s, 'k')"),
    *(
        "replace(s, 'a', 'aa') = s",
        "replace(s, s, '') = s",
        "replace(s, 'a', s) = s",
        "regexp_replace(s, '', 'aa', 'g') = s",
    ),
    *(
        "printf('%1000000d', i) = s",
        "format('{:1000000}', s) = s",
        "list_value(x) IS NULL",
        "[x] = [1]",
        "{'a': x} IS NULL",
    ),
    *("x = 1) OR (x = 2", "x = 1; SELECT 1", "x = 1 LIMIT 1", "x = 1 GROUP BY x", "true UNION SELECT true", "x /* = 1"),
    *(
        "x = 1e999",
        "x = 1\0",
        "CAST(s AS JSON) IS NULL",
        "s::UUID IS NULL",
        "s COLLATE nocase = 'a'",
        "#1 = 1",
        "COLUMNS(*) IS NULL",
    ),
    *(
        "list_filter([1], v -> v > 1) IS NULL",
        "TRY(CAST(s AS INT)) = 1",
        "s[1] = 'a'",
        "system.main.lower(s) = 'a'",
        "mod(x) = 1",
    ),
    *("sum(x) > 1", "lower(DISTINCT s) = 'a'", "lag(x) OVER () > 1", "x = ANY (SELECT 1)", "rowid = 1"),
    *("NOT " * 300 + "b", "-" * 300 + "x > 0", "x" + " + 1" * 300 + " > 0", "x IN (" + ", ".join(["1"] * 40_000) + ")"),
    *(
        "(" * 50_000 + "b" + ")" * 50_000,
        "CASE WHEN b THEN " * 150 + "b" + " END" * 150,
        "abs(" * 150 + "x" + ")" * 150 + " = 1",
    ),
]
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
    *FOREIGN,
]


@pytest.mark.parametrize("where", BAD_WHERE, ids=lambda where: where[:40])
def test_where_is_one_predicate(database: Database, where: str) -> None:
    database.execute("CREATE TABLE skc_secret AS SELECT 1 AS x")
    error = refusal(database, arrow_table(), INPUTS, where or " ")
    assert error.code == "SKC207"
    assert "pipeline.yaml:3:5" in str(error)
    assert ("skc_secret",) in database.execute("SHOW TABLES")


def test_parentheses_are_not_recursion(database: Database) -> None:
    """They end in a recursion of some parser, or do nothing."""
    where = "(" * 3000 + "x = 1.5" + ")" * 3000
    try:
        found = rows(load(database, arrow_table(), INPUTS, where))
    except SkcError as error:
        assert error.code == "SKC207"
        assert "nested" in str(error)
    else:
        assert [row["x"] for row in found] == [1.5]


def test_what_is_refused_says_what_is_allowed(database: Database) -> None:
    assert "did you mean `regexp_matches`?" in str(refusal(database, arrow_table(), INPUTS, "regex_matches(s, 'a')"))
    said = str(refusal(database, arrow_table(), INPUTS, "log2(x) > 1"))
    assert "compute a column in the data" in said
    assert "date_trunc" in said
    said = str(refusal(database, arrow_table(), INPUTS, "s ~ 'k1'"))
    assert "`regexp_full_match(…)`" in said
    assert rows(load(database, arrow_table(), INPUTS, "regexp_full_match(s, 'N.')"))[0]["s"] == "NA"


def test_an_error_in_a_value_is_the_fault_of_where(database: Database) -> None:
    for where in ("strptime(s, '%Y') IS NULL", "CAST(s AS INT) = 1", "abs(i) = 3"):
        error = refusal(database, arrow_table(), INPUTS, where)
        assert (error.code, "cannot be computed for every row" in str(error)) == ("SKC207", True), where


SLOW = "md5(" * 80 + "s" + ")" * 80 + " = 'x'"


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_query_with_where_is_stopped(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKC_WHERE_SECONDS", "0.3")
    table = pa.table({"s": [f"{i}" for i in range(400_000)]})
    path = tmp_path / f"a.{kind}"
    pa.csv.write_csv(table, path) if kind == "csv" else pq.write_table(table, path, row_group_size=5000)
    with open_database(threads=1) as database:
        load(database, str(path), (Input("s", "string"),))  # a query without `where` is not
        error = refusal(database, str(path), (Input("s", "string"),), SLOW)
    assert (error.code, "SKC_WHERE_SECONDS" in str(error)) == ("SKC225", True)


@pytest.mark.parametrize("text", ["soon", "0", "-1", "nan", "inf", ""])
def test_a_time_limit_is_a_number(database: Database, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKC_WHERE_SECONDS", text)
    assert refusal(database, arrow_table(), INPUTS, "x = 1").code == "SKC220"


def test_years_are_those_of_the_gregorian_calendar(tmp_path: Path) -> None:
    """DuckDB 1 counts from Buddha where the locale is Thai."""
    program = (
        "import pyarrow as pa, sys; sys.path.insert(0, 'tests')\n"
        "from source_tables import *\n"
        "with open_database() as database:\n"
        "    print(len(rows(load(database, arrow_table(), INPUTS, 'year(t) = 2020'))))"
    )
    environment = {**os.environ, "LC_ALL": "th_TH.UTF-8"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "2\n", done.stderr


def test_where_names_columns_and_their_neighbours(database: Database) -> None:
    assert "did you mean `s`?" not in str(refusal(database, arrow_table(), INPUTS, "zzz = 1"))
    table = arrow_table().rename_columns([*"xibstd"]).append_column("city", pa.array(["a"] * 3))
    assert "did you mean `city`?" in str(refusal(database, table, INPUTS, "citi = 'a'"))


def test_where_may_write_an_input_of_json_in_any_case(database: Database, tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"v": 1}\n{"v": 2}\n')
    training = load(database, str(tmp_path / "rows.jsonl"), (Input("v", "float64"),), where="V > 1")
    assert rows(training) == [{"v": 2.0}]


def test_where_may_leave_out_a_nul(database: Database, tmp_path: Path) -> None:
    path = nul_sources(tmp_path)["parquet"]
    training = load(database, path, NUL_INPUTS, "not contains(s, chr(0)) or s is null")
    assert check(training) == []
