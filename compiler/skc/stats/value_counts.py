"""How often each value of a column occurs: by descending count, ties by value.

Why not the engine's ORDER BY: engines disagree on collation and on the order of ties, and a vocabulary must not. Groups
come as Arrow batches and are sorted here, strings by their UTF-8 bytes. Where only the first `limit` are wanted, the
engine keeps those whose rank by count alone is within it (ties all included) and each batch is merged into the best so far.
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


def value_counts(database: Database, table: Any, values: Any, dtype: DType, request: ValueCounts) -> Counted:
    """The answer to `request` for one column of `table`."""
    present = table.select(v=values).filter(lambda t: t.v.notnull())
    groups = present.group_by("v").aggregate(n=lambda t: t.count())
    if request.min_count > 1:
        groups = groups.filter(groups.n >= request.min_count)
    if request.limit is None:
        return _pairs(_sorted(_comparable(database.arrow(groups), dtype)), dtype)
    rank = ibis.rank().over(order_by=ibis.desc(groups.n))
    groups = groups.mutate(rank=rank).filter(lambda t: t.rank < request.limit).drop("rank")
    best: pa.Table | None = None
    for batch in database.batches(groups, BATCH):
        more = _comparable(pa.Table.from_batches([batch]), dtype)
        best = _sorted(more if best is None else pa.concat_tables([best, more])).slice(0, request.limit)
    return () if best is None else _pairs(best, dtype)


def _comparable(groups: pa.Table, dtype: DType) -> pa.Table:
    """Strings as bytes and booleans as numbers, so that there is one order to speak of."""
    values = groups["v"]
    if dtype == "string":
        values = values.cast(pa.large_string()).cast(pa.large_binary())
    elif dtype == "bool":
        values = values.cast(pa.int8())
    return pa.table({"v": values, "n": groups["n"]}).combine_chunks()


def _sorted(groups: pa.Table) -> pa.Table:
    order = pc.sort_indices(groups, sort_keys=[("n", "descending"), ("v", "ascending")])
    return groups.take(order)


def _pairs(groups: pa.Table, dtype: DType) -> Counted:
    back = {"string": pa.large_string(), "bool": pa.bool_()}.get(dtype)
    values = groups["v"] if back is None else groups["v"].cast(back)
    columns = (column.to_numpy().tolist() for column in (values, groups["n"]))
    return tuple(zip(*columns, strict=True))
