"""A `.duckdb` file that somebody else made: its data are taken, and none of its SQL is run."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from source_tables import load, refusal, rows

from skc.data.duckdb.connection import Database, open_database
from skc.data.engine import Column, Grouping
from skc.data.statistics import count_values
from skc.ir import Input

TEXT = (Input("s", "string", nullable=True),)
NUMBER = (Input("x", "float64", nullable=True),)


def made(folder: Path, *statements: str) -> str:
    file = folder / "foreign.duckdb"
    with duckdb.connect(str(file)) as connection:
        for statement in statements:
            connection.execute(statement)
    return str(file)


FOREIGN = {
    "a view that reads a file": ("CREATE VIEW t AS SELECT content AS s FROM read_text('/etc/passwd')", TEXT),
    "a view that throws dice": ("CREATE VIEW t AS SELECT random() AS x", NUMBER),
    "a view with the clock": ("CREATE VIEW t AS SELECT epoch(now()) AS x", NUMBER),
    "a harmless view": ("CREATE VIEW t AS SELECT 1.0::DOUBLE AS x", NUMBER),
    "a view over a macro": ("CREATE MACRO f() AS random(); CREATE VIEW t AS SELECT f() AS x", NUMBER),
    "a generated column": ("CREATE TABLE t (a DOUBLE, x DOUBLE GENERATED ALWAYS AS (a + 1))", NUMBER),
    "a generated column beside": ("CREATE TABLE t (x DOUBLE, b DOUBLE GENERATED ALWAYS AS (x + 1))", NUMBER),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_no_sql_of_the_file_is_run(what: str, database: Database, tmp_path: Path) -> None:
    sql, inputs = FOREIGN[what]
    error = refusal(database, f"{made(tmp_path, sql)}::t", inputs)
    assert error.code == "SKC203"
    assert "root:" not in str(error)
    assert 'CREATE TABLE rides AS SELECT * FROM "t"' in str(error)


def test_the_hint_works_when_followed(database: Database, tmp_path: Path) -> None:
    file = made(tmp_path, "CREATE SCHEMA o", "CREATE VIEW o.t AS SELECT 1.5::DOUBLE AS x")
    error = refusal(database, f"{file}::o.t", NUMBER)
    (hint,) = (word for word in str(error).split("`") if word.startswith("CREATE TABLE"))
    other = tmp_path / "other.duckdb"  # the engine holds the first
    other.write_bytes(Path(file).read_bytes())
    with duckdb.connect(str(other)) as connection:
        connection.execute(hint)
    assert rows(load(database, f"{other}::rides", NUMBER)) == [{"x": 1.5}]


def test_words_in_quotes_generate_nothing(database: Database, tmp_path: Path) -> None:
    table = "CREATE TABLE t (\"x GENERATED ALWAYS AS\" INT, s VARCHAR DEFAULT 'it''s GENERATED ALWAYS AS (1)')"
    file = made(tmp_path, table, "INSERT INTO t VALUES (1, 'a')")
    assert rows(load(database, f"{file}::t", TEXT)) == [{"s": "a"}]


def test_a_macro_of_the_file_is_not_ours(database: Database, tmp_path: Path) -> None:
    file = made(tmp_path, "CREATE MACRO lower(s) AS 'evil'", "CREATE TABLE t AS SELECT 'A' AS s")
    assert rows(load(database, f"{file}::t", TEXT, "lower(s) = 'a'")) == [{"s": "A"}]


def test_a_collation_of_the_file_does_not_count(database: Database, tmp_path: Path) -> None:
    table = "CREATE TABLE t (s VARCHAR COLLATE nocase, other VARCHAR COLLATE noaccent)"
    file = made(tmp_path, table, "INSERT INTO t VALUES ('A', 'é'), ('a', 'e')")
    training = load(database, f"{file}::t", TEXT, "other = 'e'")
    assert rows(training) == [{"s": "a"}]
    training = load(database, f"{file}::t", TEXT)
    counts = count_values(training, {"s": Grouping(Column("s", "string", "s"))})
    assert counts == {"s": (("A", 1), ("a", 1))}


def test_rows_that_are_still_in_the_log_are_read(database: Database, tmp_path: Path) -> None:
    """A process that ended without a checkpoint leaves them in `foreign.duckdb.wal`."""
    file = str(tmp_path / "foreign.duckdb")
    connection = duckdb.connect(file)
    connection.execute("CREATE TABLE t AS SELECT 'a' AS s")
    connection.execute("CHECKPOINT")
    connection.execute("INSERT INTO t VALUES ('b')")
    for name in ("foreign.duckdb", "foreign.duckdb.wal"):
        (tmp_path / f"copy.{name}").write_bytes((tmp_path / name).read_bytes())
    (tmp_path / "copy.foreign.duckdb.wal").rename(tmp_path / "c.duckdb.wal")
    (tmp_path / "copy.foreign.duckdb").rename(tmp_path / "c.duckdb")
    connection.close()
    assert rows(load(database, f"{tmp_path}/c.duckdb::t", TEXT)) == [{"s": "a"}, {"s": "b"}]


FORBIDDEN = [
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM read_text('{folder}/../secret.txt')",
    "SELECT * FROM read_blob('{folder}/link.txt')",
    "ATTACH '{folder}/other.duckdb'",
    "COPY (SELECT 1) TO '{folder}/written.csv'",
    "EXPORT DATABASE '{folder}/written'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{folder}/evil.duckdb_extension'",
    "SELECT * FROM read_csv('https://127.0.0.1:1/x.csv')",
    "CREATE SECRET s (TYPE s3)",
    "SELECT getenv('HOME')",
    "SET enable_external_access = true",
    "SET allowed_paths = ['/etc/passwd']",
    "SET TimeZone = 'Asia/Tokyo'",
    "SET threads = 1",
    "RESET lock_configuration",
    "SELECT * FROM variable_of_python",
]


@pytest.mark.parametrize("sql", FORBIDDEN)
def test_the_engine_is_confined_to_its_files(sql: str, database: Database, tmp_path: Path) -> None:
    variable_of_python = [{"x": 1}]
    assert variable_of_python
    (tmp_path / "data [1].csv").write_text("s\na\n")
    (tmp_path / "link.txt").symlink_to("/etc/passwd")
    assert rows(load(database, str(tmp_path / "data [1].csv"), TEXT)) == [{"s": "a"}]
    with pytest.raises(duckdb.Error):
        database.execute(sql.format(folder=tmp_path))
    assert not (tmp_path / "written.csv").exists()


def test_a_confined_engine_spills(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_text("s\na\n")
    with open_database(threads=1, memory_limit="100MB") as database:
        load(database, str(tmp_path / "data.csv"), TEXT)
        database.execute(
            "CREATE TEMP TABLE big AS SELECT md5(i::VARCHAR) || repeat('x', 200) AS s FROM range(600000) t(i)"
        )
        assert database.execute("SELECT count(*), min(length(s)) FROM big") == [(600_000, 232)]
        assert list((database.folder / "spill").iterdir())


def test_nothing_is_read_through_a_link_that_the_data_do_not_name(database: Database, tmp_path: Path) -> None:
    (tmp_path / "data.csv").symlink_to(tmp_path / "real.csv")
    (tmp_path / "real.csv").write_text("s\na\n")
    assert rows(load(database, str(tmp_path / "data.csv"), TEXT)) == [{"s": "a"}]
