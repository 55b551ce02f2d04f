"""How rows in Postgres are named and opened: by a URL or an expression of Ibis, in one snapshot, without a trace."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ibis
import psycopg
import pyarrow as pa
import pytest
from engine_cases import pipeline, step

import skc
from skc import cli
from skc.data.engine import Aggregate, Column
from skc.data.postgres.capabilities import CAPABILITIES
from skc.data.postgres.engine import open_postgres
from skc.data.sources import resolve
from skc.diagnostics import SkcError
from skc.ir import DataSource, Input, Output, Ref

MADE = replace(
    pipeline(
        step("scaled", "standard_scale", "inputs/x"),
        step("ids", "vocabulary", "inputs/s"),
        inputs=(Input("x", "float64", nullable=True), Input("s", "string", nullable=True)),
    ),
    outputs=(Output("features", (Ref("scaled"), Ref("ids")), "float64"),),
)
ROWS = pa.table({"x": [0.1, None, 1 / 3, 5e15, -0.0] * 8, "s": ["b", "a", None, "ä", "b"] * 8})


@pytest.fixture
def name(stored: Any) -> str:
    """A table of these rows."""
    return str(stored(ROWS)).rpartition("::")[2]


@pytest.fixture
def con(database: Any) -> Iterator[Any]:
    opened = ibis.postgres.connect(host="127.0.0.1", port=database.info.port, user="postgres", database="postgres")
    yield opened
    opened.disconnect()


def refused(data: Any = None, made: Any = MADE, **options: Any) -> Any:
    with pytest.raises(SkcError) as error:
        skc.compile(made, data, verify=False, **options)
    (diagnostic,) = error.value.diagnostics
    assert diagnostic.hint
    return diagnostic


def plan_of(data: Any, tmp_path: Path, subject: Any = MADE) -> bytes:
    skc.compile(subject, data, tmp_path / "artifact", force=True)
    return (tmp_path / "artifact" / "plan.json").read_bytes()


TEXT = """\
skc: 1
name: test
data: {path: "URL", table: "TABLE"}
inputs:
  x: {type: float64, nullable: true}
features:
  scaled: {from: x, apply: [standard_scale]}
outputs:
  features: {features: [scaled], dtype: float64}
"""


def test_a_pipeline_may_name_the_table(name: str, url: str, tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yaml"
    path.write_text(TEXT.replace("URL", url).replace("TABLE", name))
    assert plan_of(None, tmp_path, path) == plan_of(ROWS, tmp_path, path)


def test_a_table_expression_has_the_same_plan(con: Any, name: str, tmp_path: Path) -> None:
    table = con.table(name)
    con.con.execute("SET TimeZone = 'Asia/Tokyo'; SET extra_float_digits = 0")  # which no plan may show
    assert plan_of(table, tmp_path) == plan_of(ROWS, tmp_path)
    chosen = table.filter(table.s == "b").mutate(x=table.x * 2)
    some = [(x, s) for x, s in zip(*(ROWS[c].to_pylist() for c in "xs"), strict=True) if s == "b"]
    rows = pa.table(
        {"x": pa.array([None if x is None else x * 2 for x, _ in some], pa.float64()), "s": ["b"] * len(some)}
    )
    assert plan_of(chosen, tmp_path) == plan_of(rows, tmp_path)
    assert con.con.autocommit
    assert con.con.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert con.con.execute("SHOW TimeZone").fetchone() == ("Asia/Tokyo",)
    assert con.raw_sql("SELECT 1").fetchone() == (1,)


def test_what_gives_other_rows_each_time_is_refused(con: Any, name: str) -> None:
    table = con.table(name)
    for varying, words in (
        (table.limit(3), "LIMIT 3"),
        (table.order_by("x").limit(3), "LIMIT 3"),
        (table.sample(0.5), "TABLESAMPLE"),
        (table.filter(ibis.random() < 0.5), "RANDOM()"),
    ):
        diagnostic = refused(varying)
        assert diagnostic.code == "SKC202"
        assert words in diagnostic.message


@pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")  # of Ibis about DuckDB
def test_another_dialect_is_refused_and_a_table_of_this_process_is_read(tmp_path: Path) -> None:
    class Table:
        def get_backend(self) -> Any:
            return type("Backend", (), {"name": "bigquery"})

    Table.__module__ = "ibis.expr.types.relations"
    diagnostic = refused(Table())
    assert diagnostic.code == "SKC699"
    assert diagnostic.message.startswith("rows in BigQuery cannot be fitted on where they lie: no server of it has run")
    local = ibis.duckdb.connect()
    local.con.register("rows", ROWS)
    assert plan_of(local.table("rows"), tmp_path) == plan_of(ROWS, tmp_path)
    assert plan_of(ibis.memtable(ROWS), tmp_path) == plan_of(ROWS, tmp_path)


def test_every_dialect_answers_for_every_statistic() -> None:
    assert len({tuple(answers) for answers in CAPABILITIES.values()}) == 1


def test_a_connection_with_a_transaction_is_left_alone(con: Any, name: str) -> None:
    table = con.table(name)
    con.con.execute("BEGIN")
    diagnostic = refused(table)
    assert (diagnostic.code, diagnostic.message) == ("SKC203", "the connection has a transaction in progress")
    assert con.con.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS


def test_all_questions_are_about_the_same_rows(name: str, url: str, database: Any) -> None:
    x = Column("x", "float64", "x")
    source, declared = resolve(f"{url}::{name}", None)
    with open_postgres() as engine:
        data = engine.load(source, MADE.inputs, declared)
        database.execute(f"INSERT INTO {name} VALUES (1e300, 'z')")
        assert data.count() == 40
        assert data.aggregate([Aggregate("count", x), Aggregate("greatest", x)]) == [32, 5e15]
    with open_postgres() as engine:
        assert engine.load(source, MADE.inputs, declared).count() == 41


def test_nothing_can_be_written(name: str, url: str, database: Any) -> None:
    source, declared = resolve(f"{url}::{name}", None)
    with open_postgres() as engine:
        data: Any = engine.load(source, MADE.inputs, declared)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            data.connection.execute(f"DELETE FROM {name} RETURNING 1")
    assert database.execute(f"SELECT count(*) FROM {name}").fetchone() == (40,)


def test_a_table_is_named_as_in_sql(name: str, url: str, database: Any, tmp_path: Path) -> None:
    database.execute(f'CREATE SCHEMA "my shop"; CREATE TABLE "my shop"."Rides; --" AS SELECT * FROM {name}')
    assert plan_of(f'{url}::"my shop"."Rides; --"', tmp_path) == plan_of(ROWS, tmp_path)
    diagnostic = refused(f"{url}::{name[:-1]}x")
    assert (diagnostic.code, diagnostic.message) == ("SKC201", f"the database has no table `{name[:-1]}x`")
    assert "did you mean" in diagnostic.hint
    assert refused(f"{url}::a.b.c.d").code in ("SKC201", "SKC203")
    assert refused(f'{url}::rides; DROP TABLE "{name}"').code in ("SKC201", "SKC203")
    database.execute("CREATE SEQUENCE numbers")
    assert refused(f"{url}::numbers").code == "SKC201"
    assert refused(f"{url}::{name}", made=pipeline(inputs=(Input("X", "float64"),))).code == "SKC204"


def test_a_url_without_a_table_or_a_server_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in (url, "postgresql://[::1]/db", f"{url}::"):
        assert refused(text).code == "SKC202", text
    for password in ("secret", "secret%zz", "secret@x:y"):
        diagnostic = refused(f"postgresql://reader:{password}@127.0.0.1:1/shop::rides")
        assert (diagnostic.code, diagnostic.message) == ("SKC203", "there is no connection to the database")
        assert "secret" not in str(diagnostic)
    (tmp_path / "p.yaml").write_text(TEXT.replace("URL", "postgresql://127.0.0.1:1/shop").replace("TABLE", "rides"))
    for options, words in (
        (["--threads", "2"], "--threads is for DuckDB: Postgres has workers of its own"),
        (["--engine", "spark"], "the data is read by --engine postgres alone, and --engine spark is given"),
    ):
        assert cli.run(["compile", str(tmp_path / "p.yaml"), *options]) == cli.USER
        assert words in capsys.readouterr().err
    assert refused(ROWS, engine="postgres").code == "SKC202"
    monkeypatch.setitem(sys.modules, "psycopg", None)
    diagnostic = refused(f"{url}::rides")
    assert (diagnostic.code, diagnostic.hint) == ("SKC202", "install it: `pip install 'skc[warehouse]'`")


def test_other_commands_do_not_read_a_table_by_its_url(url: str, name: str, con: Any, tmp_path: Path) -> None:
    skc.compile(MADE, ROWS, tmp_path / "artifact")
    with pytest.raises(SkcError, match=r"SKC202.*only for fitting"):
        skc.verify(tmp_path / "artifact", f"{url}::{name}")
    assert skc.verify(tmp_path / "artifact", con.table(name)).is_equal


def test_what_a_user_may_not_read_is_refused(name: str, database: Any) -> None:
    database.execute("CREATE ROLE stranger LOGIN")
    port = database.info.port
    diagnostic = refused(f"postgresql://stranger@127.0.0.1:{port}/postgres::{name}")
    assert (diagnostic.code, diagnostic.hint) == ("SKC203", "let the user read the table: `GRANT SELECT ON … TO …`")


def test_where_is_refused(name: str, url: str) -> None:
    diagnostic = refused(DataSource(f"{url}", table=name, where="x > 1"))
    assert diagnostic.code == "SKC699"
    assert "`where`" in diagnostic.message
    assert "in a view, or in a table expression of Ibis" in diagnostic.hint


def test_a_server_that_ends_a_connection_is_told(name: str, url: str, database: Any) -> None:
    source, declared = resolve(f"{url}::{name}", None)
    with open_postgres() as engine:
        data: Any = engine.load(source, MADE.inputs, declared)
        database.execute("SELECT pg_terminate_backend(%s)", [data.connection.raw.info.backend_pid])
        with pytest.raises(SkcError, match=r"SKC203.*counting the training rows failed"):
            data.count()


def test_a_url_may_set_what_the_server_may_use(name: str, url: str) -> None:
    source, declared = resolve(f"{url}?options=-c%20work_mem%3D77MB::{name}", None)
    with open_postgres() as engine:
        data: Any = engine.load(source, MADE.inputs, declared)
        assert data.connection.execute("SHOW work_mem") == [("77MB",)]
