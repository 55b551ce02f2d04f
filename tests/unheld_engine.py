"""DuckDB with no column in memory, as it is for a table that is too large."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from skc.data.duckdb.engine import DuckEngine, open_duckdb


@contextmanager
def open_unheld(threads: int | None, memory_limit: str) -> Iterator[DuckEngine]:
    """For `fit(…, open_engine=open_unheld)`."""
    with (
        mock.patch("skc.data.arrays.HELD", -1),
        mock.patch("skc.data.arrays.SHORT", -1),
        open_duckdb(threads, memory_limit) as engine,
    ):
        yield engine
