"""Postgres as an `skc.data.engine.Engine`: a table named by a URL, or a table expression of Ibis."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any

from skc.data.engine import MEMORY_LIMIT, Data, Layout, Stored
from skc.data.postgres.capabilities import not_exact, not_run
from skc.data.postgres.connection import Connection, connected, database_errors, snapshot
from skc.data.postgres.data import CTID, Relation
from skc.data.postgres.reading import readings_of, stored_columns
from skc.data.postgres.values import check_values, typed_rows
from skc.data.sources import Source
from skc.diagnostics import did_you_mean, fail
from skc.ir import DataSource, Input
from skc_runtime.kinds import DType

READ_AS: dict[str, DType] = {
    "BOOL": "bool", "INT": "int64", "BIGINT": "int64", "REAL": "float32", "DOUBLE": "float64", "NUMERIC": "float64",
    "TEXT": "string", "UUID": "string", "ENUM": "string", "DATE": "date", "TIME": "time",
    "TIMESTAMPTZ": "timestamp",
}  # fmt: skip
PRIMARY = """
SELECT a.attname FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (attnum, place), pg_attribute a
WHERE i.indrelid = {oid} AND i.indisprimary AND a.attrelid = i.indrelid AND a.attnum = k.attnum ORDER BY k.place
"""
KINDS = ("r", "p", "v", "m", "f")  # of a relation that has rows: tables, views and foreign tables


@dataclass(frozen=True)
class PostgresEngine:
    """An engine whose connections end with it."""

    opened: ExitStack

    def load(self, source: Source, inputs: tuple[Input, ...], declared: DataSource, keep: Sequence[str] = ()) -> Data:
        """See `Engine`."""
        if keep:
            raise not_exact("columns to carry along", source.name, source.span)
        if declared.where is not None:
            raise not_exact("`where`", source.name, declared.span)
        connection, relation = self._open(source)
        with _reading(source):
            columns = stored_columns(connection, relation.sql)
        readings = readings_of(inputs, columns, relation.label)
        data = typed_rows(connection, source, relation, inputs, readings)
        with _reading(source):
            check_values(data, readings)
        return replace(data, narrow_inputs=frozenset(i.name for i in inputs if columns[i.name].kind == "REAL"))

    def _open(self, source: Source) -> tuple[Connection, Relation]:
        """What a source names, in a transaction of its own."""
        if source.kind == "postgres":
            raw = self.opened.enter_context(connected(source.files[0], source.span))
            connection = self.opened.enter_context(snapshot(raw, source.span))
            return connection, _relation(connection, source)
        if source.kind != "ibis":
            hint = "give a table of Postgres, `postgresql://host/database::table`, or a table expression of Ibis"
            raise fail("SKC202", f"{source.name} is not in a database", span=source.span, hint=hint)
        connection = self.opened.enter_context(snapshot(_backend(source.frame).con, source.span))
        return connection, Relation(f"({_compiled(source.frame)}) AS query", source.name, ())

    def columns(self, source: Source) -> tuple[Stored, ...]:
        """See `Engine`."""
        connection, relation = self._open(source)
        with _reading(source):
            stored = stored_columns(connection, relation.sql)
        return tuple(Stored(name, column.name, READ_AS.get(column.kind)) for name, column in stored.items())

    def layout(self, lines: str) -> Layout | None:
        """See `Engine`. A table has no text to divide."""
        return None


def _reading(source: Source) -> AbstractContextManager[None]:
    return database_errors(f"{source.name} cannot be read", span=source.span)


@contextmanager
def open_postgres(threads: int | None = None, memory_limit: str = MEMORY_LIMIT) -> Iterator[PostgresEngine]:
    """Postgres, wherever the source says that it is; threads and memory are those of the server."""
    with ExitStack() as opened:
        yield PostgresEngine(opened)


def _backend(table: Any) -> Any:
    """The backend of a table expression of Ibis. Raises SKC699."""
    backend = table.get_backend()
    if backend.name != "postgres":
        raise not_run(backend.name)
    return backend


def _compiled(table: Any) -> str:
    """A table expression as SQL. Raises SKC202 where two queries with it may see different rows."""
    from sqlglot import exp, parse_one  # Ibis brings it

    sql = str(table.get_backend().compile(table))
    tree = parse_one(sql, dialect="postgres")
    varying = next(tree.find_all(exp.Limit, exp.Fetch, exp.Offset, exp.TableSample, exp.Rand), None)
    if varying is not None:
        message = f"the table expression has `{varying.sql('postgres').strip()}`, which chooses other rows each time"
        raise fail("SKC202", message, hint="write its rows into a table of the database, and give that")
    return sql


def _relation(connection: Connection, source: Source) -> Relation:
    """The table that a source names as Postgres writes it: `rides`, `schema.rides`, or `"Rides"`."""
    query = "SELECT c.oid::int8, c.oid::regclass::text, c.relkind::text FROM pg_class c WHERE c.oid = to_regclass(%s)"
    with database_errors(f"`{source.table}` is not a name of a table", span=source.span):
        relations = [row for row in connection.execute(query, [source.table]) if row[2] in KINDS]
        if not relations:
            visible = "SELECT oid::regclass::text FROM pg_class WHERE relkind = ANY(%s) AND pg_table_is_visible(oid)"
            names = [name for (name,) in connection.execute(visible, [list(KINDS)])]
            hint = did_you_mean(str(source.table), names) or "write it as in SQL: `schema.table`, capitals in quotes"
            raise fail("SKC201", f"the database has no table `{source.table}`", span=source.span, hint=hint)
        oid, name, kind = relations[0]
        keys = tuple(key for (key,) in connection.execute(PRIMARY.format(oid=oid)))
    return Relation(name, f"`{name}`", keys or ((CTID,) if kind == "r" else ()))
