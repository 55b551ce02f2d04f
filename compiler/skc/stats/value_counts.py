"""How often each value of a column occurs: by descending count, ties by value.

Why not the engine's ORDER BY: engines disagree on collation and on the order of ties, and a vocabulary must not. Groups
come as Arrow batches and are sorted here, strings by their UTF-8 bytes. Where only the first `limit` are wanted, the
engine keeps those whose rank by count alone is within it (ties all included) and each batch is merged into the best
so far.

Why one query per column: an engine hashes one column at a time anyway. While it counts one, the next query is written
and the last result put in order.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from skc.stats.connection import Database
from skc.stats.requests import ValueCounts
from skc.types import DType, Scalar

BATCH = 1 << 16
Counted = tuple[tuple[Scalar, int], ...]


@dataclass(frozen=True)
class Counting:
    """A column whose values to count. Null does not count."""

    values: Any  # ibis.ir.Column
    dtype: DType
    request: ValueCounts


def count_values(
    database: Database, table: Any, wanted: Mapping[str, Counting], done: Callable[[str], None] = lambda key: None
) -> dict[str, Counted]:
    """The counted values of columns of `table`. `done` hears of each column whose query is over."""
    waiting: dict[str, Future[Counted]] = {}
    counter, sorter = ThreadPoolExecutor(1), ThreadPoolExecutor(1)
    try:
        for key, counting in wanted.items():
            query = database.sql(_groups_of(table, counting))
            groups = counter.submit(_run, database, query, counting)
            groups.add_done_callback(partial(_tell, done, key))
            waiting[key] = sorter.submit(_in_order, groups, counting.dtype)
        return {key: future.result() for key, future in waiting.items()}
    finally:
        for pool in (counter, sorter):
            pool.shutdown(cancel_futures=True)


def _tell(done: Callable[[str], None], key: str, _: Future[pa.Table | None]) -> None:
    done(key)


def _groups_of(table: Any, counting: Counting) -> Any:
    """The expression for the distinct values and how often each occurs."""
    request = counting.request
    present = table.select(v=counting.values).filter(lambda t: t.v.notnull())
    groups = present.group_by("v").aggregate(n=lambda t: t.count())
    if request.min_count > 1:
        groups = groups.filter(groups.n >= request.min_count)
    if request.limit is None:
        return groups
    rank = ibis.rank().over(order_by=ibis.desc(groups.n))
    return groups.mutate(rank=rank).filter(lambda t: t.rank < request.limit).drop("rank")


def _run(database: Database, query: str, counting: Counting) -> pa.Table | None:
    """At least the groups that were asked for, in no order; None where there is none."""
    limit = counting.request.limit
    if limit is None:
        return database.run(query)
    best: pa.Table | None = None
    for batch in database.batches(query, BATCH):
        more = pa.Table.from_batches([batch])
        both = more if best is None else pa.concat_tables([best, more])
        best = _sorted(both, counting.dtype).slice(0, limit)
    return best


def _in_order(waiting: Future[pa.Table | None], dtype: DType) -> Counted:
    """The counted values as the statistic wants them."""
    groups = waiting.result()
    if groups is None:
        return ()
    return tuple(zip(*(column.to_pylist() for column in _sorted(groups, dtype).columns), strict=True))


def _sorted(groups: pa.Table, dtype: DType) -> pa.Table:
    """By descending count, then by value: strings as bytes and booleans as numbers."""
    groups = groups.combine_chunks()
    values = groups["v"]
    if dtype == "string":
        values = values.cast(pa.large_string()).cast(pa.large_binary())
    elif dtype == "bool":
        values = values.cast(pa.int8())
    keys = pa.table({"n": groups["n"], "v": values})
    return groups.take(pc.sort_indices(keys, sort_keys=[("n", "descending"), ("v", "ascending")]))
