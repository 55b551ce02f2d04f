"""DuckDB as an `skc.data.engine.Engine`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from skc.data.duckdb.connection import Database, open_database
from skc.data.duckdb.describing import stored_columns
from skc.data.duckdb.loading import load_training
from skc.data.duckdb.sniffing import sniffed
from skc.data.engine import MEMORY_LIMIT, Data, Layout, Stored
from skc.data.sources import Source
from skc.ir import DataSource, Input


@dataclass(frozen=True)
class DuckEngine:
    """An engine with its own database for one source."""

    database: Database

    def load(self, source: Source, inputs: tuple[Input, ...], declared: DataSource, keep: Sequence[str] = ()) -> Data:
        """See `Engine`."""
        return load_training(self.database, source, inputs, declared, keep)

    def columns(self, source: Source) -> tuple[Stored, ...]:
        """See `Engine`."""
        return stored_columns(self.database, source)

    def layout(self, lines: str) -> Layout | None:
        """See `Engine`."""
        return sniffed(self.database, lines)


@contextmanager
def open_duckdb(threads: int | None = None, memory_limit: str = MEMORY_LIMIT) -> Iterator[DuckEngine]:
    """DuckDB on this machine; its files are removed at the end."""
    with open_database(threads, memory_limit) as database:
        yield DuckEngine(database)
