"""A database to fit in, and a table as each engine holds it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest
from memory_engine import MemoryTable
from source_tables import OTHERS

from skc.data.arrays import dtype_of
from skc.data.duckdb.connection import Database, open_database
from skc.data.duckdb.table import DuckTable
from skc.data.engine import Column, Table


@pytest.fixture
def database() -> Iterator[Database]:
    with open_database(threads=2) as opened, OTHERS:
        yield opened


@pytest.fixture(scope="module", params=["duckdb", "held", "memory"])
def table_of(request: pytest.FixtureRequest) -> Iterator[Callable[[pa.Table], Table]]:
    """An Arrow table as each engine holds it."""
    if request.param == "memory":
        yield lambda rows: MemoryTable(tuple(rows.to_pylist()))
        return
    with open_database(threads=2) as opened:

        def registered(rows: pa.Table) -> Table:
            name = opened.new_name("tested")
            opened.register(name, rows)
            table = DuckTable(opened, name)
            columns = [Column(field.name, dtype_of(field.type), "") for field in rows.schema]
            return table if request.param == "duckdb" else table.held(columns)

        yield registered
