"""The engines by name: the only place that says which there are, and which is the default."""

from __future__ import annotations

from skc.data.duckdb.engine import open_duckdb
from skc.data.engine import OpenEngine

open_engine: OpenEngine = open_duckdb


def engine_of(name: str, master: str | None) -> OpenEngine:
    """What opens an engine. `master` is the URL of a master of Spark; None is the session that is active, or a new one
    on this machine.
    """
    if name == "duckdb":
        return open_duckdb
    if name == "postgres":
        from skc.data.postgres.engine import open_postgres

        return open_postgres
    from skc.data.spark.engine import spark_at  # only where it is asked for

    return spark_at(master)
