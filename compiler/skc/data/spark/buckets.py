"""Counted values on their way through Spark: as blocks of those whose hashes are near, which it does not look at.

A value is its bits, or the bytes of a text, so that no rule of SQL about NaN, -0.0 or collations says which values are
the same. Each partition adds up what repeats in it; each bucket of hashes is then brought together in one task, which
holds the values of one bucket at a time.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import numpy as np
import pyarrow as pa

from skc.data.engine import ARROW, Column, Grouping
from skc.data.spark.jobs import Batches, mapped
from skc.data.spark.rows import Local, ddl, read, written
from skc.data.spark.session import Frame
from skc_runtime.kinds import Array

COUNTED = pa.schema([("k", pa.int32()), ("bits", pa.int64()), ("text", pa.large_binary()), ("n", pa.int64())])
HASHED = COUNTED.append(pa.field("near", pa.uint16()))
KEYS = COUNTED.names[:3]
BLOCKS = pa.schema([("bucket", pa.int32()), ("counted", pa.binary())])
WAITING = 1 << 21  # counted values of a partition in memory
WAITING_BYTES = 1 << 28
IN_BUCKET = 1 << 18  # values, if none repeats, unless that were more than BUCKETS
BUCKETS = 1 << 12
IN_TASK = 4  # buckets of a task at least, so that tasks get as many each
NEAR = 1 << 16  # the leading bits of a hash, by which values are sorted
AT_ONCE = 1 << 15  # values that are added up together: what is known of them stays in the cache of a processor
MIXING = np.uint64(0x9E37_79B9_7F4A_7C15)  # 2^64 over the golden ratio, odd: D. Knuth, TAOCP vol. 3, 6.4


@dataclass(frozen=True)
class ValueCounts:
    """For `mapInArrow`: the counted values of columns, in blocks; `k` says which column. What repeats in a partition is
    added up before Spark gets it, as far as it fits into memory.
    """

    local: Local
    columns: tuple[Column, ...]
    buckets: int

    def __call__(self, batches: Batches) -> Batches:
        for values in self._added(batches):
            if values.num_rows:
                yield _blocks(values, self.buckets)

    def _added(self, batches: Batches) -> Iterator[pa.Table]:
        waiting, size = list[pa.Table](), 0.0
        for counted in self._counted(batches):
            waiting.append(counted)
            size += _size(counted)
            if size >= 1:
                waiting = [added(waiting)]
                size = _size(waiting[0])
                if size >= 0.5:  # they hardly repeat
                    yield waiting.pop()
                    size = 0.0
        if waiting:
            yield added(waiting)

    def _counted(self, batches: Batches) -> Iterator[pa.Table]:
        groupings = {str(k): Grouping(column) for k, column in enumerate(self.columns)}
        for table in self.local.tables(batches):
            for groups in table.groups(groupings):
                k = int(groups.keys[0])
                yield _encoded(k, groups.table, self.columns[k])


def _size(counted: pa.Table) -> float:
    """The share that they take of what may wait."""
    rows, size = int(counted.num_rows), int(counted.nbytes)
    return max(rows / WAITING, size / WAITING_BYTES)


def added(counted: Sequence[pa.Table]) -> pa.Table:
    """Each value once, with all its counts, in the order of `near`. Keys are bits and bytes, so equal ones are the same
    value.
    """
    whole = pa.concat_tables(counted)
    near = whole["near"].to_numpy()
    order = np.argsort(near, kind="stable")  # of uint16: a radix sort
    parts = [_grouped(part) for part in _parts(whole.take(pa.array(order)), near[order])]
    return pa.concat_tables(parts).cast(HASHED)


def _parts(whole: pa.Table, near: Array) -> Iterator[pa.Table]:
    """Sorted values, about AT_ONCE at a time; those with one `near` are in one part."""
    marks = near[np.arange(AT_ONCE, len(near), AT_ONCE)]
    ends = np.unique([0, *np.searchsorted(near, marks), len(near)]).tolist()
    if len(ends) == 1:
        yield whole
    for start, end in pairwise(ends):
        yield whole.slice(start, end - start)


def _grouped(part: pa.Table) -> pa.Table:
    grouped = part.group_by(KEYS, use_threads=False).aggregate([("n", "sum"), ("near", "min")])
    return grouped.select([*KEYS, "n_sum", "near_min"]).rename_columns(HASHED.names)


def _encoded(k: int, counted: pa.Table, column: Column) -> pa.Table:
    values, n = counted["v"].combine_chunks(), counted["n"].combine_chunks()
    nulls = [pa.nulls(len(n), COUNTED.field(name).type) for name in ("bits", "text")]
    if column.kind.is_ordered:
        nulls[0] = pa.array(_bits(values))
    else:
        nulls[1] = values.cast(pa.large_binary())
    return _hashed(pa.table([pa.array(np.full(len(n), k, np.int32)), *nulls, n], schema=COUNTED))


def _bits(values: pa.Array) -> Array:
    numbers = values.to_numpy(zero_copy_only=False)
    bits: Array = numbers.view(np.int64) if numbers.dtype.kind == "f" else numbers.astype(np.int64)
    return bits


def decoded(counted: pa.Table, column: Column) -> pa.Array:
    """The values of one column."""
    kind = ARROW[column.dtype]
    if not column.kind.is_ordered:
        return counted["text"].combine_chunks().cast(kind)
    bits = counted["bits"].to_numpy()
    return pa.array(bits.view(np.float64)) if column.kind.is_float else pa.array(bits).cast(kind)


def _blocks(counted: pa.Table, buckets: int) -> pa.RecordBatch:
    """A block of the values of each bucket that has some; they are in the order of `near`."""
    of_each = counted["near"].to_numpy().astype(np.int64) * buckets // NEAR
    used, starts = np.unique(of_each, return_index=True)
    sizes = np.diff(starts, append=len(of_each))
    columns = [column.combine_chunks() for column in counted.select(COUNTED.names).columns]
    cells = [
        written([column.slice(start, size) for column in columns])
        for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)
    ]
    return pa.RecordBatch.from_arrays([pa.array(used, pa.int32()), pa.array(cells, pa.binary())], schema=BLOCKS)


def _hashed(counted: pa.Table) -> pa.Table:
    """With the leading bits of the hash of each value, which are the same in every process."""
    bits = counted["bits"].fill_null(0).to_numpy().view(np.uint64)
    texts = counted["text"]
    if texts.null_count < len(texts):
        crcs = (0 if text is None else zlib.crc32(text) for text in texts.to_pylist())
        bits = bits ^ np.fromiter(crcs, np.uint64, len(texts))
    columns = counted["k"].to_numpy().astype(np.uint64) << np.uint64(40)
    mixed = (bits ^ (bits >> np.uint64(32)) ^ columns) * MIXING
    near = (mixed >> np.uint64(48)).astype(np.uint16)
    return counted.append_column(HASHED.field("near"), pa.array(near))


def shuffled(frame: Frame, local: Local, columns: Sequence[Column], partitions: int, rows: int) -> Frame:
    """The counted values of some columns of a frame of at most `rows` rows, in blocks: all of a bucket are in one
    partition, next to each other.
    """
    buckets = max(1, min(BUCKETS, -(-rows * len(columns) // IN_BUCKET)))
    tasks = min(partitions, -(-buckets // IN_TASK))
    values = mapped(frame, ValueCounts(local, tuple(columns), buckets), ddl(BLOCKS))
    return values.repartition(tasks, "bucket").sortWithinPartitions("bucket")


def together(batches: Batches) -> Iterator[pa.Table]:
    """Each value of a partition of blocks once, bucket by bucket."""
    blocks = ((bucket.as_py(), cell) for batch in batches for bucket, cell in zip(*batch.columns, strict=True))
    for _, of_bucket in groupby(blocks, lambda block: block[0]):
        yield added([_hashed(pa.table(read(cell), schema=COUNTED)) for _, cell in of_bucket]).select(COUNTED.names)
