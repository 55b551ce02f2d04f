"""The default engine: the only place that names it."""

from __future__ import annotations

from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import OpenEngine

open_engine: OpenEngine = open_duckdb
