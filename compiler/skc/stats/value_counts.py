"""How often each value of a column occurs: by descending count, ties by value.

Why not the engine's ORDER BY: engines disagree on collation and on the order of ties, and a vocabulary must not. Groups
come as Arrow batches and are sorted here, strings by their UTF-8 bytes. Where only the first `limit` are wanted, the
engine keeps those whose rank by count alone is within it (ties all included) and each batch is merged into the best
so far.
"""

from __future__ import annotations

from typing import Any

import ibis
import pyarrow as pa
import pyarrow.compute as pc

from skc.stats.connection import Database
from skc.stats.requests import ValueCounts
from skc.types import DType, Scalar

BATCH = 1 << 16
Counted = tuple[tuple[Scalar, int], ...]


def count_values(database: Database, table: Any, values: Any, dtype: DType, request: ValueCounts) -> pa.Table:
    """The distinct values of one column of `table` and how often each occurs, in no order, for `in_order`."""
    present = table.select(v=values).filter(lambda t: t.v.notnull())
    groups = present.group_by("v").aggregate(n=lambda t: t.count())
    if request.min_count > 1:
        groups = groups.filter(groups.n >= request.min_count)
    if request.limit is None:
        return database.arrow(groups)
    rank = ibis.rank().over(order_by=ibis.desc(groups.n))
    groups = groups.mutate(rank=rank).filter(lambda t: t.rank < request.limit).drop("rank")
    best: pa.Table | None = None
    for batch in database.batches(groups, BATCH):
        more = pa.Table.from_batches([batch])
        both = more if best is None else pa.concat_tables([best, more])
        best = _sorted(both, dtype).slice(0, request.limit)
    return groups.schema().to_pyarrow().empty_table() if best is None else best


def in_order(groups: pa.Table, dtype: DType) -> Counted:
    """The counted values as the statistic wants them."""
    columns = (column.to_numpy().tolist() for column in _sorted(groups, dtype).columns)
    return tuple(zip(*columns, strict=True))


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
