"""The distinct values of columns and how often they occur, as the engine's queries.

Why one query per column of a tall table: an engine hashes one column at a time anyway. Columns of a short table are
counted together (see `long_form`). If only the first `limit` of a column are needed, the engine keeps those whose
rank by count alone is within it (including all ties), and each batch is merged into the best so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pyarrow as pa

from skc.data.duckdb.columns import normal
from skc.data.duckdb.connection import AT_ONCE, Database
from skc.data.duckdb.long_form import Stacked, stacks
from skc.data.engine import Grouping, Groups
from skc.stats.value_counts import first_groups
from skc_runtime.kinds import DType

BATCH = 1 << 16
STRINGS = 64  # columns per query: strings may be long


def groups_of(database: Database, table: str, rows: int, groupings: Mapping[str, Grouping]) -> Iterator[Groups]:
    """The groups of columns of `table`, which has `rows` rows."""
    alike: dict[tuple[DType, int, int | None], dict[str, str]] = {}  # by what must be equal to share a query
    for key, grouping in groupings.items():
        kind = (grouping.column.dtype, grouping.min_count, grouping.limit)
        alike.setdefault(kind, {})[key] = normal(grouping.column)
    for (dtype, min_count, limit), columns in alike.items():
        for stack in stacks(table, columns, rows, STRINGS if dtype == "string" else AT_ONCE):
            query = _query(stack, min_count, limit)
            yield Groups(stack.keys, _run(database, query, dtype, limit if len(stack.keys) == 1 else None))


def _query(stack: Stacked, min_count: int, limit: int | None) -> str:
    having = f" HAVING count(*) >= {min_count}" if min_count > 1 else ""
    if len(stack.keys) == 1:  # hashing a constant as well takes a sixth longer
        groups = f"SELECT 0 AS k, v, n FROM (SELECT v, count(*) AS n FROM ({stack.sql}) GROUP BY v{having})"
    else:
        groups = f"SELECT k, v, count(*) AS n FROM ({stack.sql}) GROUP BY k, v{having}"
    if limit is None:
        return groups
    ranked = f"SELECT *, rank() OVER (PARTITION BY k ORDER BY n DESC) AS rank FROM ({groups})"
    return f"SELECT k, v, n FROM ({ranked}) WHERE rank <= {limit}"


def _run(database: Database, query: str, dtype: DType, limit: int | None) -> pa.Table:
    """All groups, or the first `limit` of a single column."""
    if limit is None:
        return database.run(query)
    best = first_groups(database.batches(query, BATCH), dtype, limit)
    return database.run(f"{query} LIMIT 0") if best is None else best
