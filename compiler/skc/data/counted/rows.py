"""Distinct rows of some columns with how often each occurs: all that a statistic of them can depend on.

An Arrow table with the columns `c0`, `c1`, … and the counts `n`. A number, a time or a bool is the 64 bits of its
value, so that -0.0 stays -0.0; a text is itself. `in_order` sorts by the columns, numbers by their bits as an int64 and
texts by their bytes, null last, so that the same rows are stored as the same bytes, whatever order they were read in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import ARROW, Column
from skc_runtime.kinds import Array

COUNT = "n"
WORD = 8  # bytes of a number, of a count, and of the offset of a text


@dataclass(frozen=True)
class TooLarge:
    """Distinct rows that take more bytes than there may be."""


Counts = tuple[pa.Table, ...] | TooLarge  # tables to be brought together; the first has every row once


@dataclass(frozen=True)
class CountRows:
    """For `Table.fold`: maps a batch of `columns` to the distinct rows of some of them, for each of `tables`: indices
    into the columns. A table may take `limit` bytes. It can be pickled.
    """

    columns: tuple[Column, ...]
    tables: tuple[tuple[int, ...], ...]
    limit: int

    def __call__(self, batch: pa.RecordBatch) -> tuple[Counts, ...]:
        encoded = [_encoded(array, column) for array, column in zip(batch.columns, self.columns, strict=True)]
        once = pa.array(np.ones(batch.num_rows, np.int64))
        return tuple(
            _together([pa.table([*(encoded[k] for k in table), once], names(len(table)))], self.limit)
            for table in self.tables
        )

    def add(self, left: Sequence[Counts], right: Sequence[Counts]) -> tuple[Counts, ...]:
        """Of two batches together. Tables are brought together once they are as long as what they are added to."""
        return tuple(_added(a, b, self.limit) for a, b in zip(left, right, strict=True))

    def finished(self, counts: Sequence[Counts] | None) -> tuple[pa.Table | TooLarge, ...]:
        """The tables of all batches; None if there was none."""
        if counts is None:
            return tuple(_empty([self.columns[k] for k in table]) for table in self.tables)
        return tuple(one if isinstance(one, TooLarge) else merged(one, self.limit) for one in counts)


def names(columns: int) -> list[str]:
    """Of the columns of a table."""
    return [*(f"c{k}" for k in range(columns)), COUNT]


def schema_of(columns: Sequence[Column]) -> pa.Schema:
    """Of a table."""
    kinds = [pa.int64() if column.kind.is_ordered else pa.large_string() for column in columns]
    return pa.schema([*(pa.field(f"c{k}", kind) for k, kind in enumerate(kinds)), pa.field(COUNT, pa.int64())])


def merged(tables: Iterable[pa.Table], limit: int) -> pa.Table | TooLarge:
    """Tables of the same columns as one, in any order."""
    counts = _together(list(tables), limit)
    return counts if isinstance(counts, TooLarge) else counts[0]


def size_of(table: pa.Table) -> int:
    """The bytes of a table: a function of its rows alone."""
    texts = [column for column in table.columns if pa.types.is_large_string(column.type)]
    return int(WORD * table.num_rows * table.num_columns) + sum(pc.sum(pc.binary_length(t)).as_py() or 0 for t in texts)


def decoded(values: pa.Array, column: Column) -> pa.Array:
    """A column of a table as `skc.data.engine.ARROW` has it."""
    if not column.kind.is_ordered:
        return values
    if not column.kind.is_float:
        return values.cast(ARROW[column.dtype])
    bits: Array = values.fill_null(0).to_numpy(zero_copy_only=False).view(np.float64)
    return pa.array(bits, mask=values.is_null().to_numpy(zero_copy_only=False))


def _encoded(values: pa.Array, column: Column) -> pa.Array:
    if not column.kind.is_ordered:
        return values.cast(pa.large_string())
    if not column.kind.is_float:
        return values.cast(pa.int64())
    numbers = values.to_numpy(zero_copy_only=False)
    return pa.array(np.ascontiguousarray(numbers).view(np.int64), mask=np.isnan(numbers))


def _added(left: Counts, right: Counts, limit: int) -> Counts:
    if isinstance(left, TooLarge) or isinstance(right, TooLarge):
        return TooLarge()
    both = [*left, *right]
    if sum(table.num_rows for table in both) <= 2 * max(table.num_rows for table in both):
        return tuple(sorted(both, key=_length, reverse=True))
    return _together(both, limit)


def _length(table: pa.Table) -> int:
    return int(table.num_rows)


def _together(tables: Sequence[pa.Table], limit: int) -> tuple[pa.Table] | TooLarge:
    """One table, in any order."""
    whole = pa.concat_tables(tables)
    keys = whole.column_names[:-1]
    if len(keys) == 1 and pa.types.is_int64(whole[keys[0]].type) and not whole[keys[0]].null_count:
        table = _numbers_together(whole)
        return TooLarge() if size_of(table) > limit else (table,)
    counted = whole.group_by(keys, use_threads=False).aggregate([(COUNT, "sum")])
    table = counted.select([*keys, f"{COUNT}_sum"]).rename_columns([*keys, COUNT])
    return TooLarge() if size_of(table) > limit else (table,)


def _numbers_together(whole: pa.Table) -> pa.Table:
    """A single column without a null, in several times less than a group by takes."""
    values, counts = whole[0].to_numpy(), whole[1].to_numpy()
    order = np.argsort(values, kind="stable")
    values, counts = values[order], counts[order]
    starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(values) else order
    counts = np.add.reduceat(counts, starts) if len(starts) else counts
    return pa.table([pa.array(values[starts]), pa.array(counts)], whole.column_names)


def in_order(table: pa.Table) -> pa.Table:
    """A table as it is stored, with the same bytes for the same rows: what is below a null is zero."""
    keys = [c.cast(pa.large_binary()) if pa.types.is_large_string(c.type) else c for c in table.columns[:-1]]
    order = pc.sort_indices(
        pa.table(keys, table.column_names[:-1]), sort_keys=[(name, "ascending") for name in table.column_names[:-1]]
    )
    return pa.table([_plain(column.take(order)) for column in table.columns], table.column_names)


def _plain(values: pa.ChunkedArray) -> pa.Array:
    array = values.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # without a chunk
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], values.type)
    if pa.types.is_large_string(array.type):
        return pa.array(array.to_numpy(zero_copy_only=False), pa.large_string()) if array.null_count else array
    missing = array.is_null().to_numpy(zero_copy_only=False)
    return pa.array(array.fill_null(0).to_numpy(zero_copy_only=False), mask=missing if missing.any() else None)


def _empty(columns: Sequence[Column]) -> pa.Table:
    return schema_of(columns).empty_table()


def bits_of(counts: Array) -> list[tuple[int, Array]]:
    """Counts as sums of powers of two: the exponents, and for each the indices of the counts that have it."""
    every = int(reduce(np.bitwise_or, counts, np.int64(0))) if len(counts) < 64 else int(np.bitwise_or.reduce(counts))
    exponents = [k for k in range(every.bit_length()) if every >> k & 1]
    return [(k, np.flatnonzero(counts >> k & 1)) for k in exponents]
