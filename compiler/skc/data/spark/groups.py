"""Distinct values with their counts: counted where the rows lie, brought together by Spark, and collected once.

One job says how many values there are, and which, where they are few; only the most frequent of many are asked again.

A value goes through Spark as its bits, or as the bytes of a text, so that no rule of SQL about NaN, -0.0 or collations
says which values are the same.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import ARROW, Column, Grouping, Groups
from skc.data.spark.jobs import Batches, mapped, state_batch, states
from skc.data.spark.rows import Local, ddl
from skc.data.spark.session import Frame
from skc_runtime.kinds import Array

COUNTED = pa.schema([("k", pa.int32()), ("bits", pa.int64()), ("text", pa.binary()), ("n", pa.int64())])
WAITING = 1 << 21  # counted values of a partition in memory
FEW = 1 << 18  # values of all columns that come to the driver although nobody may ask for them
LEAST_FEW = 16  # of these, values of a column in a partition
KEPT = 1 << 16  # values of a column that are remembered
COUNTING = "counting the values of the training rows failed"


@dataclass(frozen=True)
class ValueCounts:
    """For `mapInArrow`: the counted values of columns; `k` says which column. What repeats in a partition is added up
    before Spark sees it, as far as it fits into memory.
    """

    local: Local
    columns: tuple[Column, ...]

    def __call__(self, batches: Batches) -> Batches:
        waiting: list[pa.RecordBatch] = []
        for batch in self._counted(batches):
            waiting.append(batch)
            if sum(one.num_rows for one in waiting) >= WAITING:
                waiting = _added(waiting)
                if sum(one.num_rows for one in waiting) >= WAITING // 2:  # they hardly repeat
                    yield from waiting
                    waiting = []
        if waiting:
            yield from _added(waiting)

    def _counted(self, batches: Batches) -> Batches:
        groupings = {str(k): Grouping(column) for k, column in enumerate(self.columns)}
        for table in self.local.tables(batches):
            for groups in table.groups(groupings):
                yield _encoded(int(groups.keys[0]), groups.table, self.columns[int(groups.keys[0])])


def _added(batches: Sequence[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Each value once. Keys are bits and bytes, so equal ones are the same value."""
    keys = COUNTED.names[:3]
    grouped = pa.Table.from_batches(batches, COUNTED).group_by(keys, use_threads=False).aggregate([("n", "sum")])
    together: list[pa.RecordBatch] = grouped.rename_columns(COUNTED.names).cast(COUNTED).to_batches()
    return together


def _encoded(k: int, counted: pa.Table, column: Column) -> pa.RecordBatch:
    values, n = counted["v"].combine_chunks(), counted["n"].combine_chunks()
    nulls = [pa.nulls(len(n), kind) for kind in (pa.int64(), pa.binary())]
    if column.kind.is_ordered:
        nulls[0] = pa.array(_bits(values))
    else:
        nulls[1] = values.cast(pa.large_binary()).cast(pa.binary())
    return pa.RecordBatch.from_arrays([pa.array(np.full(len(n), k, np.int32)), *nulls, n], schema=COUNTED)


def _bits(values: pa.Array) -> Array:
    numbers = values.to_numpy(zero_copy_only=False)
    bits: Array = numbers.view(np.int64) if numbers.dtype.kind == "f" else numbers.astype(np.int64)
    return bits


def _decoded(part: pa.RecordBatch, column: Column) -> pa.Array:
    kind = ARROW[column.dtype]
    if not column.kind.is_ordered:
        return part["text"].cast(pa.large_binary()).cast(kind)
    bits = part["bits"].to_numpy()
    return pa.array(bits.view(np.float64)) if column.kind.is_float else pa.array(bits).cast(kind)


@dataclass(frozen=True)
class Tally:
    """For `mapInArrow`: of the counted values of each column, by `k`, how many occur how often, as a state: `k`, `n`
    and how many, [3, N]; whether they are more than `most`; and if not, those that occur at least `least` times.

    Values of a column without a limit are states of their own, so that a state stays small.
    """

    most: tuple[float, ...]
    least: tuple[int, ...]

    def __call__(self, batches: Batches) -> Batches:
        most, least = np.array(self.most), np.array(self.least, np.int64)
        seen, counts, kept = np.zeros(len(most), np.int64), np.zeros((3, 0), np.int64), []
        for batch in batches:
            k, n = batch.column(0).to_numpy().astype(np.int64), batch.column(3).to_numpy()
            counts = _together(np.concatenate([counts, np.stack([k, n, np.ones_like(k)])], axis=1))
            seen += np.bincount(k, minlength=len(most))
            is_wanted = n >= least[k]
            whole = batch.filter(pa.array(is_wanted & np.isinf(most[k])))
            if whole.num_rows:
                yield state_batch(whole)
            kept.append(batch.filter(pa.array(is_wanted & (seen[k] <= most[k]) & ~np.isinf(most[k]))))
        if seen.any():
            few = pa.Table.from_batches(kept, COUNTED).combine_chunks()
            is_few = pa.array((seen <= most)[few["k"].to_numpy()])
            yield state_batch((counts, seen > most, few.filter(is_few)))


@dataclass(frozen=True)
class Frequent:
    """For `mapInArrow`: those of the counted values that occur often enough, as states; `least` is by `k`."""

    least: tuple[float, ...]

    def __call__(self, batches: Batches) -> Batches:
        least = np.array(self.least)
        for batch in batches:
            k, n = batch.column(0).to_numpy(), batch.column(3).to_numpy()
            kept = batch.filter(pa.array(n >= least[k]))
            if kept.num_rows:
                yield state_batch(kept)


@dataclass(frozen=True)
class Counts:
    """Of the values of a column how many occur how often, [2, N]; and the values, as in COUNTED, or None if they are
    many and were not asked for.
    """

    of_counts: Array
    values: pa.Table | None

    @property
    def distinct(self) -> int:
        """How many values there are."""
        return int(self.of_counts[1].sum())

    @property
    def rows(self) -> int:
        """How many rows have one."""
        return int((self.of_counts[0] * self.of_counts[1]).sum())

    @property
    def is_small(self) -> bool:
        """Whether all values are there, and may be kept."""
        return self.values is not None and self.values.num_rows == self.distinct <= KEPT

    def groups(self, key: str, grouping: Grouping) -> Groups:
        """Those that are asked for."""
        assert self.values is not None
        least = least_count(grouping, self.of_counts)
        part = self.values.filter(pc.greater_equal(self.values["n"], least)).combine_chunks()
        of_key = pa.RecordBatch.from_arrays([_one(part, name) for name in COUNTED.names], schema=COUNTED)
        zeros = pa.array(np.zeros(of_key.num_rows, np.int32))
        return Groups((key,), pa.table({"k": zeros, "v": _decoded(of_key, grouping.column), "n": of_key["n"]}))


def _together(counts: Array) -> Array:
    """The same numbers of values, those with one `k` and `n` together."""
    pairs, at = np.unique(counts[:2], axis=1, return_inverse=True)
    return np.concatenate([pairs, np.bincount(at.ravel(), counts[2], pairs.shape[1])[None].astype(np.int64)])


def counted(
    frame: Frame, local: Local, by_column: Mapping[Column, Sequence[Grouping]], partitions: int
) -> dict[Column, Counts]:
    """The counts of the values of columns, in one job; the values that some groupings ask for are there too, for which
    another job is needed if they have a limit and are not few.
    """
    few = max(LEAST_FEW, FEW // (partitions * len(by_column)))
    unlimited = [bool(groupings) and any(g.limit is None for g in groupings) for groupings in by_column.values()]
    least = tuple(min((g.min_count for g in groupings), default=1) for groupings in by_column.values())
    most = tuple(math.inf if whole else few for whole in unlimited)
    names = COUNTED.names[:3]
    values = mapped(frame, ValueCounts(local, tuple(by_column)), ddl(COUNTED)).repartition(partitions, *names)
    together = values.groupBy(*names).sum("n").withColumnRenamed("sum(n)", "n").select(*COUNTED.names)
    is_limited = any(groupings and not whole for groupings, whole in zip(by_column.values(), unlimited, strict=True))
    if is_limited:
        together = together.persist()
    try:
        counts, many, batches = _tallied(states(together, Tally(most, least), COUNTING), len(by_column))
        missing = [k for k, groupings in enumerate(by_column.values()) if many[k] and groupings]
        if missing:
            last = [math.inf] * len(by_column)
            for k in missing:
                last[k] = min(least_count(g, counts[k]) for g in [*by_column.values()][k])
            batches += states(together, Frequent(tuple(last)), COUNTING)
    finally:
        if is_limited:
            together.unpersist()
    tables = _by_column(batches, len(by_column))
    has_values = [not many[k] or k in missing for k in range(len(by_column))]
    return {c: Counts(counts[k], tables[k] if has_values[k] else None) for k, c in enumerate(by_column)}


def _tallied(results: Sequence[Any], columns: int) -> tuple[list[Array], Array, list[pa.RecordBatch]]:
    """What the states of `Tally` say: the counts of each column, whether it has many values, and values."""
    batches: list[pa.RecordBatch] = []
    many, counts = np.zeros(columns, bool), [np.zeros((3, 0), np.int64)]
    for state in results:
        if isinstance(state, pa.RecordBatch):
            batches.append(state)
            continue
        of_partition, is_many, few = state
        many |= is_many
        counts.append(of_partition)
        batches += few.to_batches()
    k, n, values = _together(np.concatenate(counts, axis=1))
    of_each = [np.stack([n[k == one], values[k == one]]) for one in range(columns)]
    is_left = [batch.filter(pa.array(~many[batch["k"].to_numpy()])) for batch in batches]
    return of_each, many, is_left


def _by_column(batches: Sequence[pa.RecordBatch], columns: int) -> list[pa.Table]:
    whole = pa.Table.from_batches(batches, COUNTED).combine_chunks()
    order = np.argsort(whole["k"].to_numpy(), kind="stable")
    ends = np.searchsorted(whole["k"].to_numpy()[order], np.arange(columns + 1))
    return [whole.take(pa.array(order[ends[k] : ends[k + 1]])) for k in range(columns)]


def _one(table: pa.Table, name: str) -> pa.Array:
    column = table[name].combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def least_count(grouping: Grouping, of_counts: Array) -> int:
    """The least count of the values that are asked for: of the first `limit` by count, with all ties."""
    return max(grouping.min_count, _rank(of_counts[0], of_counts[1], grouping.limit))


def _rank(counts: Array, values: Array, limit: int | None) -> int:
    """The count of the last of the first `limit` values, by counts and how many values have each."""
    if limit is None or values.sum() <= limit:
        return 0
    if limit == 0:
        return int(counts.max()) + 1
    order = np.argsort(-counts)
    return int(counts[order][np.searchsorted(np.cumsum(values[order]), limit)])
