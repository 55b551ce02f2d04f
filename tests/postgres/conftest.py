"""One Postgres on the loopback address for all tests of this folder; they are skipped by name where there is none."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pyarrow as pa
import pytest
import toolchains
from servers import postgres_on_loopback

TYPES = {"int64": "bigint", "double": "double precision", "float": "real", "bool": "boolean", "string": "text"}


@pytest.fixture(scope="session")
def database() -> Iterator[Any]:
    """A connection as its owner; its URL is that of `url_of`."""
    toolchains.need("postgres")
    with postgres_on_loopback() as words, psycopg.connect(words, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def url(database: Any) -> str:
    return f"postgresql://postgres@127.0.0.1:{database.info.port}/postgres"


@pytest.fixture(scope="session")
def stored(database: Any, url: str) -> Callable[[pa.Table], str]:
    """Writes a table into the database, without a key, and says where it is."""
    numbers = itertools.count()

    def store(table: pa.Table, types: str | None = None) -> str:
        name = f"rows_{next(numbers)}"
        declared = types or ", ".join(f'"{f.name}" {TYPES[str(f.type).removeprefix("large_")]}' for f in table.schema)
        database.execute(f"CREATE TABLE {name} ({declared})")
        with database.cursor().copy(f"COPY {name} FROM STDIN") as copy:
            for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
                copy.write_row(row)
        return f"{url}::{name}"

    return store
