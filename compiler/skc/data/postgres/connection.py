"""A connection to Postgres, on which everything is read in one snapshot: rows that change meanwhile change nothing.

Why one transaction: fitting asks many questions, and answers about different rows would contradict each other. It is
read-only, and ends without a trace, also on the connection that a table expression of Ibis brings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from skc.diagnostics import Span, fail

OLDEST = 140000  # before 14, `extract` gives the microseconds of a time in float64
INSTALL = "install it: `pip install 'skc[warehouse]'`"
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
SETTINGS = (  # of this transaction alone
    "SET LOCAL client_encoding = 'UTF8'",
    "SET LOCAL standard_conforming_strings = on",
    "SET LOCAL extra_float_digits = 1",  # a float is written with as many digits as identify it
    "SET LOCAL TimeZone = 'UTC'",
)
PASSWORD = re.compile(r"[^:]+://[^:/@]*:(.+)@")  # in a URL, to the last @: what is written wrong may be part of it
READING = "reading the rows failed"
FETCHED = 1 << 14  # rows that come from the server together


@dataclass(frozen=True, eq=False)
class Connection:
    """A connection within a transaction."""

    raw: Any

    def execute(self, sql: str, parameters: Sequence[Any] | None = None) -> list[tuple[Any, ...]]:
        """All rows of a query, which must be few."""
        with self.raw.cursor(binary=True) as cursor:
            cursor.execute(sql, parameters)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows

    def chunks(self, sql: str) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query, in parts; the others wait at the server."""
        with self.raw.cursor("skc_rows") as cursor:
            cursor.execute(sql, binary=True)
            while rows := cursor.fetchmany(FETCHED):
                yield rows


@contextmanager
def snapshot(raw: Any, span: Span | None) -> Iterator[Connection]:
    """A transaction on a connection of psycopg in which every query sees the same rows.

    Raises SKC203 for a server or a connection that cannot be used.
    """
    with database_errors("no transaction can be begun", span=span):
        if raw.info.transaction_status != 0:
            hint = "commit or roll back first: all rows are read in one transaction of their own"
            raise fail("SKC203", "the connection has a transaction in progress", span=span, hint=hint)
        was_autocommit, raw.autocommit = raw.autocommit, True  # psycopg would begin one itself
        raw.execute(BEGIN)
    try:
        connection = Connection(raw)
        with database_errors("no transaction can be begun", span=span):
            _check_server(connection, span)
            for setting in SETTINGS:
                raw.execute(setting)
        yield connection
    finally:
        if not raw.closed:
            raw.rollback()
            raw.autocommit = was_autocommit


def _check_server(connection: Connection, span: Span | None) -> None:
    version = connection.raw.info.server_version
    if version < OLDEST:
        message = f"the server is Postgres {version // 10000}, and skc needs {OLDEST // 10000} or later"
        raise fail("SKC203", message, span=span, hint="export the rows to Parquet, and give the files as the data")
    ((encoding,),) = connection.execute("SHOW server_encoding")
    if encoding == "SQL_ASCII":
        message = "the encoding of the database is SQL_ASCII, so it does not know what its texts say"
        raise fail("SKC203", message, span=span, hint="give a database with the encoding UTF8")


@contextmanager
def connected(url: str, span: Span | None) -> Iterator[Any]:
    """A new connection. Raises SKC202 without psycopg, SKC203 where no server answers or it refuses."""
    try:
        import psycopg
    except ImportError:
        message = "a table of Postgres cannot be read: psycopg is not installed"
        raise fail("SKC202", message, span=span, hint=INSTALL) from None
    try:
        raw = psycopg.connect(url, autocommit=True)
    except (psycopg.Error, UnicodeError) as error:
        hint = "check the host, the name of the database and the user; a password is read from PGPASSWORD or ~/.pgpass"
        message, secret = "there is no connection to the database", PASSWORD.match(url)
        words = _words(error) if secret is None else _words(error).replace(secret[1], "…")
        raise fail("SKC203", message, span=span, hint=hint, notes=[words]) from None
    with raw:
        yield raw


@contextmanager
def database_errors(what: str, *, span: Span | None = None, hint: str | None = None) -> Iterator[None]:
    """Turn any error of psycopg into a diagnostic: what was being done, and the start of its message."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise fail("SKC203", what, span=span, hint=hint or _hint(error), notes=[_words(error)]) from None


def _hint(error: Any) -> str:
    if error.sqlstate == "42501":
        return "let the user read the table: `GRANT SELECT ON … TO …`"
    if error.sqlstate in ("53100", "53200"):
        return "give the server more space for temporary files, or more memory"
    if error.sqlstate == "57014":
        return "set statement_timeout of the user to a longer time, or to 0"
    return "see the log of the server; export the rows to Parquet, and DuckDB reads them"


def _words(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def identifier(name: str) -> str:
    """A name as quoted SQL."""
    return '"' + name.replace('"', '""') + '"'


def own(name: str) -> str:
    """The name of a column of ours among those of inputs."""
    return identifier(f"skc: {name}")


def literal(text: str) -> str:
    """A text as quoted SQL."""
    return "'" + text.replace("'", "''") + "'"


def scalar(value: bool | int | float | str) -> str:
    """A value as SQL of its own type."""
    match value:
        case bool():
            return str(value).upper()
        case int():
            return f"({value})::int8" if value > -(2**63) else f"'{value}'::int8"
        case float():
            return f"'{value!r}'::float8"
        case str():
            return literal(value)
