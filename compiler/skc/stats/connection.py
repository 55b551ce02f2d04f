"""The database that fitting runs in: DuckDB behind Ibis, in a folder of its own that vanishes afterwards.

Why a file and not memory: what does not fit in `memory_limit` is spilled next to it, so the size of a training table is
bounded by the disk. Why no error escapes: a library's message knows neither the pipeline nor a way out.
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import ibis
import ibis.backends.duckdb  # what `ibis.duckdb` would load at the first call
import pyarrow as pa

from skc.diagnostics import Span, fail

MEMORY_LIMIT = "1GB"
WHOLE_HINT = "check that the file is whole, and of the kind that its name says"


@dataclass(frozen=True)
class Database:
    """An open database, and a folder for what is written on the way."""

    backend: Any  # ibis.backends.duckdb.Backend
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_name(self, what: str) -> str:
        """A table name that nothing else has."""
        return f"skc_{what}_{next(self._numbers)}"

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL of our own making and fetch all rows: few are expected."""
        rows: list[tuple[Any, ...]] = self.backend.con.execute(sql).fetchall()
        return rows

    def arrow(self, table: Any) -> pa.Table:
        """The rows of an Ibis expression at once. Ibis's own `to_pyarrow` loads pandas and takes twice the time."""
        return self.run(self.sql(table))

    def sql(self, table: Any) -> str:
        """An Ibis expression as the engine's SQL."""
        return str(self.backend.compile(table))

    def run(self, sql: str) -> pa.Table:
        """The rows of a query at once."""
        return self.backend.con.sql(sql).to_arrow_table()

    def row(self, table: Any) -> dict[str, Any]:
        """The one row of an Ibis aggregation."""
        (found,) = self.arrow(table).to_pylist()
        return dict(found)

    def batches(self, sql: str, size: int) -> Generator[pa.RecordBatch, None, None]:
        """The rows of a query, in batches of about `size`. Read them all before the next query.

        Why not Ibis's `to_pyarrow_batches`: Ibis 12 calls a method for it that DuckDB 2 no longer has.
        """
        relation = self.backend.con.sql(sql)
        read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader  # DuckDB 1's name
        with read(size) as reader:
            yield from reader

    def register(self, name: str, table: object) -> None:
        """Let the engine see an Arrow table or dataset under a name; nothing is copied."""
        self.backend.con.register(name, table)

    def table(self, name: str) -> Any:
        """The Ibis expression of a table or view."""
        return self.backend.table(name)


@contextmanager
def open_database(threads: int | None = None, memory_limit: str = MEMORY_LIMIT) -> Iterator[Database]:
    """A database that is removed with all its files at the end."""
    if threads is not None and threads < 1:
        raise fail("SKC220", f"cannot fit with {threads} threads", hint="give a number from 1 on, or leave it out")
    if not re.fullmatch(r"\s*\d+(\.\d+)?\s*[KMGT]i?B\s*", memory_limit, re.IGNORECASE):
        raise fail("SKC220", f"`{memory_limit}` is not a memory limit", hint='write it as "1GB" or "512MiB"')
    with tempfile.TemporaryDirectory(prefix="skc-fit-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "temp_directory": str(folder / "spill"),
            "autoinstall_known_extensions": "false",  # fitting never reaches for the network
        }
        if threads is not None:
            config["threads"] = threads
        with engine_errors("the database cannot be opened"):
            backend = ibis.duckdb.connect(str(folder / "fit.duckdb"), **config)
            backend.con.execute("SET TimeZone = 'UTC'")
            backend.con.execute(
                "SET parquet_metadata_cache = true"
            )  # a file's footer is read once, not for every query
        try:
            yield Database(backend, folder)
        finally:
            backend.disconnect()


@contextmanager
def engine_errors(
    what: str, *, code: str = "SKC220", span: Span | None = None, hint: str | None = None
) -> Iterator[None]:
    """Turn whatever the engine raises into a diagnostic: what was being done, and the engine's first words."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        way_out = "raise `memory_limit`, or give the temporary folder (TMPDIR) more room"
        raise fail("SKC221", f"{what}: out of memory", span=span, hint=way_out, notes=[_first_words(error)]) from error
    except (duckdb.Error, pa.ArrowException, ibis.common.exceptions.IbisError, OSError) as error:
        hint = hint or (WHOLE_HINT if code == "SKC203" else None)
        raise fail(code, what, span=span, hint=hint, notes=[_first_words(error)]) from error


def _first_words(error: Exception) -> str:
    """The part of an engine's message that speaks of the data, not of the engine's settings."""
    text = re.split(r"\n\s*(?:Possible |LINE \d|Candidate )", str(error), maxsplit=1)[0]
    return " ".join(text.split())[:300]


def identifier(name: str) -> str:
    """A name as quoted SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as quoted SQL."""
    return "'" + text.replace("'", "''") + "'"
