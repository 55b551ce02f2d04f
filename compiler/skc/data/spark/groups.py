"""Distinct values with their counts: counted where the rows lie, brought together by Spark, and collected once.

A value goes through Spark as its bits, or as the bytes of a text, so that no rule of SQL about NaN, -0.0 or collations
says which values are the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import ARROW, Column, Grouping, Groups
from skc.data.spark.jobs import Batches, mapped, state_batch, states
from skc.data.spark.rows import Local, ddl
from skc.data.spark.session import Frame
from skc_runtime.kinds import Array

COUNTED = pa.schema([("k", pa.int32()), ("bits", pa.int64()), ("text", pa.binary()), ("n", pa.int64())])
COUNTING = "counting the values of the training rows failed"


@dataclass(frozen=True)
class ValueCounts:
    """For `mapInArrow`: the counted values of columns; `k` says which column."""

    local: Local
    columns: tuple[Column, ...]

    def __call__(self, batches: Batches) -> Batches:
        groupings = {str(k): Grouping(column) for k, column in enumerate(self.columns)}
        for table in self.local.tables(batches):
            for groups in table.groups(groupings):
                yield _encoded(int(groups.keys[0]), groups.table, self.columns[int(groups.keys[0])])


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
class Frequent:
    """For `mapInArrow`: those of the counted values that occur often enough, as states; `least` is by `k`."""

    least: tuple[int, ...]

    def __call__(self, batches: Batches) -> Batches:
        least = np.array(self.least, np.int64)
        for batch in batches:
            k, n = batch.column(0).to_numpy(), batch.column(3).to_numpy()
            kept = batch.filter(pa.array(n >= least[k]))
            if kept.num_rows:
                yield state_batch(kept)


@dataclass(frozen=True)
class CountsOfCounts:
    """For `mapInArrow`: how many values of each column occur how often, as states: `k`, `n` and how many, [3, N]."""

    def __call__(self, batches: Batches) -> Batches:
        for batch in batches:
            pairs = np.stack([batch.column(0).to_numpy().astype(np.int64), batch.column(3).to_numpy()])
            unique, values = np.unique(pairs, axis=1, return_counts=True)
            yield state_batch(np.concatenate([unique, values[None].astype(np.int64)]))


def together(frame: Frame, local: Local, columns: Sequence[Column], partitions: int) -> Frame:
    """The counted values of all rows: `k`, `bits`, `text` and `n`. All counts of a value come to one partition."""
    names = COUNTED.names[:3]
    counted = mapped(frame, ValueCounts(local, tuple(columns)), ddl(COUNTED)).repartition(partitions, *names)
    return counted.groupBy(*names).sum("n").withColumnRenamed("sum(n)", "n").select(*COUNTED.names)


def _counts_of_counts(counted: Frame) -> Array:
    return np.concatenate([np.zeros((3, 0), np.int64), *states(counted, CountsOfCounts(), COUNTING)], axis=1)


def distinct(frame: Frame, local: Local, columns: Sequence[Column], partitions: int) -> list[int]:
    """How many different values each column has."""
    k, _, values = _counts_of_counts(together(frame, local, columns, partitions))
    return [int(values[k == one].sum()) for one in range(len(columns))]


def groups_of(frame: Frame, local: Local, groupings: Mapping[str, Grouping], partitions: int) -> Iterator[Groups]:
    """The groups of every key; only those that are asked for reach the driver."""
    columns = [grouping.column for grouping in groupings.values()]
    counted = together(frame, local, columns, partitions)
    is_limited = any(grouping.limit is not None for grouping in groupings.values())
    if is_limited:
        counted = counted.persist()
    try:
        least = _least(counted, list(groupings.values())) if is_limited else [g.min_count for g in groupings.values()]
        batches = states(counted, Frequent(tuple(least)), COUNTING)
    finally:
        if is_limited:
            counted.unpersist()
    whole = pa.Table.from_batches(batches, COUNTED).combine_chunks()
    order = np.argsort(whole["k"].to_numpy(), kind="stable")
    ends = np.searchsorted(whole["k"].to_numpy()[order], np.arange(len(columns) + 1))
    for k, (key, grouping) in enumerate(groupings.items()):
        part = whole.take(pa.array(order[ends[k] : ends[k + 1]])).combine_chunks()
        of_key = pa.RecordBatch.from_arrays([_one(part, name) for name in COUNTED.names], schema=COUNTED)
        values = _decoded(of_key, grouping.column)
        zeros = pa.array(np.zeros(len(values), np.int32))
        yield Groups((key,), pa.table({"k": zeros, "v": values, "n": of_key["n"]}))


def _one(table: pa.Table, name: str) -> pa.Array:
    column = table[name].combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _least(counted: Frame, groupings: Sequence[Grouping]) -> list[int]:
    """The least count of each column's values to collect: of the first `limit` by count, with all ties."""
    k, n, values = _counts_of_counts(counted)
    return [
        max(grouping.min_count, _rank(n[k == one], values[k == one], grouping.limit))
        for one, grouping in enumerate(groupings)
    ]


def _rank(counts: Array, values: Array, limit: int | None) -> int:
    """The count of the last of the first `limit` values, by counts and how many values have each."""
    if limit is None or values.sum() <= limit:
        return 0
    if limit == 0:
        return int(counts.max()) + 1
    order = np.argsort(-counts)
    return int(counts[order][np.searchsorted(np.cumsum(values[order]), limit)])


def text_values(batch: pa.RecordBatch) -> tuple[pa.Array, ...]:
    """For `Table.fold`: up to two different values of each column, None among them."""
    return tuple(map(_two, batch.columns))


def both(left: Sequence[pa.Array], right: Sequence[pa.Array]) -> tuple[pa.Array, ...]:
    """The same of two batches together."""
    return tuple(_two(pa.concat_arrays([a, b])) for a, b in zip(left, right, strict=True))


def _two(values: pa.Array) -> pa.Array:
    different = pc.unique(values)
    return different.take(pa.array(range(min(2, len(different)))))  # a slice would be sent with all that it is of
