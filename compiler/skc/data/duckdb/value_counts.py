"""How often each value of a column occurs: by descending count, ties by value.

Why not the engine's ORDER BY: engines disagree on collation and on the order of ties, and a vocabulary must not. Groups
come as Arrow batches and are sorted here, strings by their UTF-8 bytes. Where only the first `limit` are wanted, the
engine keeps those whose rank by count alone is within it (ties all included) and each batch is merged into the best
so far.

Why one query per column of a tall table: an engine hashes one column at a time anyway. While it counts one, the last
result is put in order. Columns of a short table are counted together (see `long_form`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.duckdb.connection import AT_ONCE, Database
from skc.data.duckdb.long_form import Stacked, stacks
from skc.stats.requests import ValueCounts
from skc.values.types import DType, Scalar

BATCH = 1 << 16
STRINGS = 64  # columns of one query: strings may be long
Counted = tuple[tuple[Scalar, int], ...]


@dataclass(frozen=True)
class Counting:
    """A column, as SQL, whose values to count. Null does not count."""

    values: str
    dtype: DType
    request: ValueCounts


def count_values(
    database: Database,
    table: str,
    rows: int,
    wanted: Mapping[str, Counting],
    done: Callable[[str], None] = lambda key: None,
) -> dict[str, Counted]:
    """The counted values of columns of `table`, which has so many rows. `done` hears of each column that is counted."""
    waiting: list[tuple[Stacked, Future[list[Counted]]]] = []
    counter, sorter = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    try:
        for (dtype, request), columns in _alike(wanted).items():
            for stack in stacks(table, columns, rows, STRINGS if dtype == "string" else AT_ONCE):
                groups = counter.submit(_run, database, stack, dtype, request)
                groups.add_done_callback(partial(_tell, done, stack))
                waiting.append((stack, sorter.submit(_in_order, groups, len(stack.keys), dtype, request)))
        return {key: pairs for stack, future in waiting for key, pairs in zip(stack.keys, future.result(), strict=True)}
    finally:
        for pool in (counter, sorter):
            pool.shutdown(cancel_futures=True)


def _alike(wanted: Mapping[str, Counting]) -> dict[tuple[DType, ValueCounts], dict[str, str]]:
    """The columns by what one query may count together."""
    found: dict[tuple[DType, ValueCounts], dict[str, str]] = {}
    for key, counting in wanted.items():
        found.setdefault((counting.dtype, counting.request), {})[key] = counting.values
    return found


def _tell(done: Callable[[str], None], stack: Stacked, _: Future[pa.Table]) -> None:
    for key in stack.keys:
        done(key)


def _groups_of(stack: Stacked, request: ValueCounts) -> str:
    """A query for the distinct values of each column and how often they occur."""
    having = f" HAVING count(*) >= {request.min_count}" if request.min_count > 1 else ""
    groups = f"SELECT k, v, count(*) AS n FROM ({stack.sql}) GROUP BY k, v{having}"
    if request.limit is None:
        return groups
    ranked = f"SELECT *, rank() OVER (PARTITION BY k ORDER BY n DESC) AS rank FROM ({groups})"
    return f"SELECT k, v, n FROM ({ranked}) WHERE rank <= {request.limit}"


def _run(database: Database, stack: Stacked, dtype: DType, request: ValueCounts) -> pa.Table:
    """At least the groups that were asked for, in no order."""
    query = _groups_of(stack, request)
    if request.limit is None or len(stack.keys) > 1:
        return database.run(query)
    best: pa.Table | None = None
    for batch in database.batches(query, BATCH):
        more = pa.Table.from_batches([batch])
        both = more if best is None else pa.concat_tables([best, more])
        best = _sorted(both, dtype).slice(0, request.limit)
    return database.run(f"{query} LIMIT 0") if best is None else best


def _in_order(waiting: Future[pa.Table], columns: int, dtype: DType, request: ValueCounts) -> list[Counted]:
    """The counted values of each column as the statistic wants them."""
    groups = _sorted(waiting.result(), dtype)
    ends = np.searchsorted(groups["k"].to_numpy(), np.arange(columns), side="right").tolist()
    parts = (groups.slice(start, end - start) for start, end in pairwise([0, *ends]))
    return [_pairs(part.slice(0, request.limit)) for part in parts]


def _pairs(groups: pa.Table) -> Counted:
    return tuple(zip(groups["v"].to_pylist(), groups["n"].to_pylist(), strict=True))


def _sorted(groups: pa.Table, dtype: DType) -> pa.Table:
    """By column, by descending count, then by value: strings as bytes and booleans as numbers."""
    groups = groups.combine_chunks()
    values = groups["v"]
    if dtype == "string":
        values = values.cast(pa.large_string()).cast(pa.large_binary())
    elif dtype == "bool":
        values = values.cast(pa.int8())
    keys = pa.table({"k": groups["k"], "n": groups["n"], "v": values})
    order = [("k", "ascending"), ("n", "descending"), ("v", "ascending")]
    return groups.take(pc.sort_indices(keys, sort_keys=order))
