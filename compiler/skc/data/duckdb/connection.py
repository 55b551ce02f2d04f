"""The database that fitting runs in: DuckDB, in a temporary folder of its own.

Why a file and not memory: data that does not fit in `memory_limit` is spilled next to it, so the size of a training
table is bounded by the disk. Why no error escapes: a library's message knows neither the pipeline nor a suggested fix.

Why DuckDB itself and not Ibis: all queries here are SQL text, which a table of 1,000 columns needs (as Ibis expressions
they took minutes to translate and plan), and importing Ibis takes longer than importing everything else.

Why the engine is confined (`Database.confine`): the text of `where` and the catalogue of a `.duckdb` file are not
trusted. Once its files are known, the engine opens only those and its spill files, whatever a query says; it does not
load extensions or read secrets, and settings can no longer be changed.
"""

from __future__ import annotations

import errno
import glob
import itertools
import math
import os
import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from skc.codes import Code
from skc.data.engine import MEMORY_LIMIT
from skc.diagnostics import SkcError, Span, fail
from skc.scratch import scratch_folder
from skc.stopping import interruptible

TIME_LIMIT = "SKC_WHERE_SECONDS"  # of each query that computes `where`
TIME_LIMIT_SECONDS = 3600.0
SIDE_FILES = ("", ".wal", ".wal.checkpoint", ".wal.recovery")  # suffixes of the files that belong to a database
CONFINED = {
    "autoinstall_known_extensions": "false",  # fitting never uses the network
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_unsigned_extensions": "false",
    "allow_persistent_secrets": "false",
    "python_enable_replacements": "false",  # a name in SQL is never a Python variable
}
SETTINGS = {
    "TimeZone": "UTC",
    "Calendar": "gregorian",  # DuckDB 1 counts the years of a Thai locale from Buddha
    "parquet_metadata_cache": "true",  # a file's footer is read once, not for every query
    "enable_progress_bar": "false",  # it would be written to stdout, into a report
    "ieee_floating_point_ops": "true",
    "integer_division": "false",
    "error_on_division_by_zero": "false",  # DuckDB 2 only: null, as in DuckDB 1
}
FULL = re.compile("|".join(map(os.strerror, (errno.ENOSPC, errno.EDQUOT, errno.EFBIG))))  # in any message
ROOM_HINT = "free some space, or set TMPDIR to a folder on a larger disk: training data is kept there temporarily"
AT_ONCE = 250  # columns per query: with many more, it takes longer than several queries
WHOLE_HINT = "check that the file is complete, and of the type that its name suggests"


@dataclass
class _Limit:
    """How long a query may take, and the error to raise if it takes longer."""

    seconds: float
    error: Callable[[float], SkcError]


@dataclass(frozen=True)
class Database:
    """An open database, and a folder for temporary files."""

    connection: duckdb.DuckDBPyConnection
    folder: Path
    threads: int
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _limits: list[_Limit] = field(default_factory=list)

    def confine(self, files: Sequence[str]) -> None:
        """From now on the engine opens only these files and its own, and settings cannot be changed.

        Databases may be attached under these names too. Tables in memory are registered as before.
        """
        allowed = [
            name for file in files for name in (file, glob.escape(file), *(file + tail for tail in SIDE_FILES[1:]))
        ]
        with engine_errors("the database cannot be confined"):
            self.execute(f"SET allowed_paths = [{', '.join(map(literal, dict.fromkeys(allowed)))}]")
            self.execute("SET enable_external_access = false")
            self.execute("SET lock_configuration = true")

    def limit(self, error: Callable[[float], SkcError]) -> None:
        """From now on stop every query that takes longer than SKC_WHERE_SECONDS, and raise `error`."""
        self._limits.append(_Limit(_time_limit(), error))

    def new_name(self, what: str) -> str:
        """A table name that is not in use."""
        return f"skc_{what}_{next(self._numbers)}"

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run SQL written by skc and fetch all rows, which must be few."""
        with self._in_time():
            rows: list[tuple[Any, ...]] = self.connection.execute(sql).fetchall()
        return rows

    def run(self, sql: str) -> pa.Table:
        """The rows of a query at once."""
        with self._in_time():
            return self.connection.sql(sql).to_arrow_table()

    def row(self, sql: str) -> dict[str, Any]:
        """The single row of an aggregation. Unlike a relation, a cursor is bound once."""
        with self._in_time():
            cursor = self.connection.execute(sql)
            names = [column[0] for column in cursor.description]
            (values,) = cursor.fetchall()
        return dict(zip(names, values, strict=True))

    def batches(self, sql: str, size: int) -> Generator[pa.RecordBatch, None, None]:
        """The rows of a query, in batches of about `size`. Read them all before the next query."""
        with self._in_time():
            relation = self.connection.sql(sql)
            reader = relation.to_arrow_reader(size)
        with reader:
            while True:
                with self._in_time():
                    batch = next(reader, None)
                if batch is None:
                    return
                yield batch

    def register(self, name: str, table: object) -> None:
        """Register an Arrow table or dataset under a name, without copying it."""
        self.connection.register(name, table)

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        """Interrupt the query inside when its time is up, or when a signal asks the program to stop."""
        with interruptible(self.connection.interrupt):
            if self._limits:
                with self._limited():
                    yield
            else:
                yield

    @contextmanager
    def _limited(self) -> Iterator[None]:
        (limit,) = self._limits
        over = threading.Event()

        def stop() -> None:
            over.set()
            self.connection.interrupt()

        timer = threading.Timer(limit.seconds, stop)
        timer.daemon = True
        timer.start()
        started = time.monotonic()
        try:
            yield
            # Its end may come before the interrupt, and an interrupt before its beginning is lost.
            if time.monotonic() - started > limit.seconds:
                raise limit.error(limit.seconds)
        except (duckdb.Error, pa.ArrowException, OSError, RuntimeError) as error:
            if not over.is_set():
                raise
            raise limit.error(limit.seconds) from error
        finally:
            timer.cancel()


def _time_limit() -> float:
    """The seconds of SKC_WHERE_SECONDS."""
    text = os.environ.get(TIME_LIMIT)
    if text is None:
        return TIME_LIMIT_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= threading.TIMEOUT_MAX:
        raise fail("SKC220", f"`{text}` is not a number of seconds", hint=f"set {TIME_LIMIT} to one, such as 600")
    return seconds


@contextmanager
def open_database(threads: int | None = None, memory_limit: str = MEMORY_LIMIT) -> Iterator[Database]:
    """A database that is removed with all its files at the end."""
    if threads is not None and threads < 1:
        raise fail("SKC220", f"cannot fit with {threads} threads", hint="give a number of 1 or more, or leave it out")
    if not re.fullmatch(r"\s*\d+(\.\d+)?\s*[KMGT]i?B\s*", memory_limit, re.IGNORECASE):
        raise fail("SKC220", f"`{memory_limit}` is not a memory limit", hint='write it as "1GB" or "512MiB"')
    with ExitStack() as stack:
        with engine_errors("there is no space for the database", hint="set TMPDIR to a folder with enough space"):
            folder = stack.enter_context(scratch_folder("skc-fit"))
        config: dict[str, Any] = {**CONFINED, "memory_limit": memory_limit, "temp_directory": str(folder / "spill")}
        if threads is not None:
            config["threads"] = threads
        with engine_errors("the database cannot be opened"):
            connection = duckdb.connect(str(folder / "fit.duckdb"), config=config)
            stack.callback(connection.close)
            for name, value in SETTINGS.items():
                with suppress(duckdb.CatalogException):  # this version lacks the setting, and behaves as required
                    connection.execute(f"SET {name} = {literal(value)}")
            _unlink(connection, folder)
        yield Database(connection, folder, threads or os.cpu_count() or 1)


def _unlink(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Unlink the database's files, so that a kill leaves none of the rows stored in it.

    The log is created by the first change. Where an open file cannot be unlinked (Windows), it is removed with the
    folder.
    """
    connection.execute("CREATE TABLE skc_opened (x INTEGER)")
    connection.execute("DROP TABLE skc_opened")
    for file in folder.glob("fit.duckdb*"):
        with suppress(OSError):
            file.unlink()


@contextmanager
def engine_errors(
    what: str, *, code: Code = "SKC220", span: Span | None = None, hint: str | None = None
) -> Iterator[None]:
    """Turn any error of the engine into a diagnostic: what was being done, and the start of the engine's message."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        hint = "raise `memory_limit`, or use a temporary folder (TMPDIR) with more space"
        raise fail("SKC221", f"{what}: out of memory", span=span, hint=hint, notes=[_first_words(error)]) from error
    except UnicodeDecodeError as error:  # a message of the engine that quotes bytes of the data
        hint = hint or (WHOLE_HINT if code == "SKC203" else None)
        raise fail(code, what, span=span, hint=hint, notes=["it has bytes that are not UTF-8"]) from error
    except (duckdb.Error, pa.ArrowException, OSError) as error:
        if FULL.search(str(error)):
            notes = [_first_words(error)]
            raise fail("SKC226", f"no space for temporary files: {what}", hint=ROOM_HINT, notes=notes) from error
        hint = hint or (WHOLE_HINT if code == "SKC203" else None)
        raise fail(code, what, span=span, hint=hint, notes=[_first_words(error)]) from error


def _first_words(error: Exception) -> str:
    """The part of an engine's message that is about the data, not about the engine's settings."""
    text = re.split(r"\n\s*(?:Possible |LINE \d|Candidate )", str(error), maxsplit=1)[0]
    return " ".join(text.split())[:300]


def identifier(name: str) -> str:
    """A name as quoted SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as quoted SQL."""
    return "'" + text.replace("'", "''") + "'"


def file_list(files: Sequence[str]) -> str:
    """The names of files as quoted SQL; none of them is a pattern."""
    return ", ".join(literal(glob.escape(file)) for file in files)


def number(value: float) -> str:
    """A float as SQL: with an exponent, since the engine takes a bare 0.1 for a decimal."""
    if not math.isfinite(value):
        return f"CAST('{value}' AS DOUBLE)"
    text = repr(value)
    return text if "e" in text else f"{text}e0"


def scalar(value: bool | int | float | str | None) -> str:
    """A value of Python as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).upper()
    return literal(value) if isinstance(value, str) else number(value) if isinstance(value, float) else str(value)
