"""How often each value of a column occurs: by descending count, ties by value.

Why not the engine's ORDER BY: engines differ in collation and in the order of ties, and a vocabulary must not. The
engine returns groups as Arrow tables in any order, and they are sorted here, strings by their UTF-8 bytes.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.stats.requests import ValueCounts
from skc.values.types import Scalar
from skc_runtime.kinds import DType

Counted = tuple[tuple[Scalar, int], ...]


def counted(groups: pa.Table, columns: int, dtype: DType, limit: int | None) -> list[Counted]:
    """The counted values of each column, of groups with `k` (which column), `v` (a value) and `n` (how often)."""
    ordered = _sorted(groups, dtype, is_one=columns == 1)
    ends = np.searchsorted(ordered["k"].to_numpy(), np.arange(columns), side="right").tolist()
    parts = (ordered.slice(start, end - start) for start, end in pairwise([0, *ends]))
    return [_pairs(part.slice(0, limit)) for part in parts]


def first_groups(batches: Iterable[pa.RecordBatch], dtype: DType, limit: int) -> pa.Table | None:
    """The first groups of a single column, merged batch by batch; None if there is no batch."""
    best: pa.Table | None = None
    for batch in batches:
        groups = pa.Table.from_batches([batch])
        both = groups if best is None else pa.concat_tables([best, groups])
        best = _sorted(both, dtype, is_one=True).slice(0, limit)
    return best


def _pairs(groups: pa.Table) -> Counted:
    with _without_collecting():
        return tuple(zip(groups["v"].to_pylist(), groups["n"].to_pylist(), strict=True))


@contextmanager
def _without_collecting() -> Iterator[None]:
    """No collection of garbage meanwhile. Why: a million new tuples would be looked through again and again, and none
    of them can be in a cycle.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _sorted(groups: pa.Table, dtype: DType, *, is_one: bool) -> pa.Table:
    """By column unless it is one, by descending count, then by value: strings as bytes and booleans as numbers."""
    groups = groups.combine_chunks()
    values = groups["v"]
    if dtype == "string":
        values = values.cast(pa.large_string()).cast(pa.large_binary())
    elif dtype == "bool":
        values = values.cast(pa.int8())
    keys = pa.table({"k": groups["k"], "n": groups["n"], "v": values})
    order = [("k", "ascending"), ("n", "descending"), ("v", "ascending")]
    return groups.take(pc.sort_indices(keys, sort_keys=order[1:] if is_one else order))


def widest(requests: Sequence[ValueCounts]) -> ValueCounts:
    """A request whose answer contains those of all the others."""
    limits = [request.limit for request in requests if request.limit is not None]
    min_count = min(request.min_count for request in requests)
    return ValueCounts(min_count, max(limits) if len(limits) == len(requests) else None)


def cut(values: Counted, request: ValueCounts) -> Counted:
    """The answer to a request, derived from that to a wider one."""
    if values and values[-1][1] < request.min_count:
        values = tuple(pair for pair in values if pair[1] >= request.min_count)
    return values[: request.limit]
