"""A database to fit in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from source_tables import OTHERS

from skc.data.duckdb.connection import Database, open_database


@pytest.fixture
def database() -> Iterator[Database]:
    with open_database(threads=2) as opened, OTHERS:
        yield opened
