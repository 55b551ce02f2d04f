"""A sample of rows that is a function of the rows alone: not of their order, files or engine.

Of c rows that are equal ⌊c s + u⌋ are taken, where s is the share of rows to take, and u in [0, 1) a hash of their
values. So a row that is often there is taken in proportion, and one that is rare by chance, but always the same one.

Why hashes in NumPy, and not a function of the engine: it must be the same in every engine, and in every version of it.
Why rows are first distinguished by a few numbers alone, then by all numbers: every column takes its time, and texts
most of it. If hardly any two rows have the same numbers, all rows with the chosen ones are taken. Memory is that of
BUCKETS counts and of a few times the sample.

Two rows with one hash count as equal: of ten million rows, any two have with a probability of 3e-6.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.engine import Column, DrawsSample, Table
from skc_runtime.kinds import Array

BUCKETS = 1 << 20
BLOCK = 1 << 14  # rows that are hashed together, in the cache of a processor
ALIKE = 1.5  # rows with the same numbers as a row, itself included, on average: more, and texts are hashed too
FEW = 5  # columns of numbers that are tried first: of three, a thousandth of the rows have none if a tenth is null
LONG = 256  # bytes of a text, from which it is hashed by itself
FIRST, SECOND, NULL = (np.uint64(n) for n in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0x9E3779B97F4A7C15))
WORD = 8  # bytes


@dataclass(frozen=True)
class Sample:
    """Which rows to take, by the hash of the columns of these names: a share of all hashes, or those in `hashes`, and
    of the rows with such a hash `copies` times one. It can be pickled.
    """

    names: frozenset[str]
    share: float
    hashes: Array | None = None  # ascending
    copies: Array | None = None

    def __call__(self, batch: pa.RecordBatch) -> Array:
        """The rows of a batch of these columns to take; of equal ones the first."""
        if self.hashes is None:
            parts = _hashed_blocks(batch, range(batch.num_columns))
            return np.concatenate([start + np.flatnonzero(_uniform(some) + self.share >= 1) for start, some in parts])
        hashes = _hashed(batch, range(batch.num_columns))
        chosen = np.flatnonzero(np.isin(hashes, self.hashes))
        _, first = np.unique(hashes[chosen], return_index=True)
        return np.sort(chosen[first])

    def repeated(self, hashes: Array) -> Array:
        """The indices of rows that were taken, from all batches, as often as each is in the sample."""
        assert self.hashes is not None
        assert self.copies is not None
        once, first = np.unique(hashes, return_index=True)
        repeated: Array = np.repeat(first, self.copies[np.searchsorted(self.hashes, once)])
        return repeated


def sampled(table: Table, columns: Sequence[Column], size: int) -> pa.RecordBatch:
    """About `size` rows of some columns, under their names, in any order; all, if there are no more."""
    if isinstance(table, DrawsSample):
        return table.drawn(columns, size)
    chosen = sample(table, columns, size) if columns else None
    if chosen is None:
        return table.rows_at(np.arange(table.count() if columns else 0), columns)
    read = [column for column in columns if column.name in chosen.names]
    rows = table.rows_at(table.chosen(chosen, read), columns)
    return rows if chosen.hashes is None else rows.take(pa.array(chosen.repeated(_hashed(rows, range(len(columns))))))


def sample(table: Table, columns: Sequence[Column], size: int) -> Sample | None:
    """About `size` rows; None if that is all of them."""
    rows = table.count()
    if rows <= size:
        return None
    share = size / rows
    for some in distinguishing(columns):
        if are_distinguished(buckets(table, some), rows):
            return Sample(frozenset(column.name for column in some), share)
    counts = table.fold(partial(_buckets, len(columns)), np.add, columns)
    assert counts is not None  # there are rows
    candidates = table.fold(_Candidates(len(columns), share, counts), _joined, columns)
    hashes, times = np.unique(np.array([], np.uint64) if candidates is None else candidates, return_counts=True)
    copies = np.floor(times * share + _uniform(hashes)).astype(np.int64)
    return Sample(frozenset(c.name for c in columns), share, hashes[copies > 0], copies[copies > 0])


def distinguishing(columns: Sequence[Column]) -> list[tuple[Column, ...]]:
    """The columns by which rows are distinguished first, and if that is not enough, next."""
    numbers = tuple(column for column in columns if column.kind.is_ordered)
    return [some for some in dict.fromkeys((numbers[:FEW], numbers)) if some]


def buckets(table: Table, columns: Sequence[Column]) -> Array:
    """How many rows have a hash in each bucket, int64 [BUCKETS]."""
    counts: Array | None = table.fold(partial(_buckets, len(columns)), np.add, columns)
    return np.zeros(BUCKETS, np.int64) if counts is None else counts


def are_distinguished(counts: Array, rows: int) -> bool:
    """Whether hardly any two rows have the same hash, by the number of rows in each bucket."""
    return alike(counts, rows) <= ALIKE


def alike(counts: Array, rows: int) -> float:
    """How many rows have the hash of a row, itself included: what buckets hold beyond chance."""
    together = float(np.square(counts.astype(np.float64)).sum())
    return (together - rows * (rows - 1) / BUCKETS) / rows


def _buckets(width: int, batch: pa.RecordBatch) -> Array:
    counts: Array = np.bincount(_bucket(_hashed(batch, range(width))), minlength=BUCKETS)
    return counts


def _bucket(hashes: Array) -> Array:
    """The lower bits."""
    bucket: Array = (hashes & np.uint64(BUCKETS - 1)).view(np.int64)
    return bucket


@dataclass(frozen=True)
class _Candidates:
    """The hashes of the rows of a batch that may be taken, given how many rows their bucket has."""

    width: int
    share: float
    counts: Array

    def __call__(self, batch: pa.RecordBatch) -> Array:
        hashes = _hashed(batch, range(self.width))
        most = self.counts[_bucket(hashes)]
        chosen: Array = hashes[most * self.share + _uniform(hashes) >= 1]
        return chosen


def _joined(some: Array, others: Array) -> Array:
    joined: Array = np.concatenate([some, others])
    return joined


def _uniform(hashes: Array) -> Array:
    """In [0, 1), by the upper bits; the lower ones name the bucket."""
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _hashed(batch: pa.RecordBatch, columns: Sequence[int]) -> Array:
    """One hash for each row, uint64."""
    hashes: Array = np.empty(batch.num_rows, np.uint64)
    for start, some in _hashed_blocks(batch, columns):
        hashes[start : start + len(some)] = some
    return hashes


def _hashed_blocks(batch: pa.RecordBatch, columns: Sequence[int]) -> Iterator[tuple[int, Array]]:
    """The first row of each block, of which there is at least one, and the hashes of its rows."""
    for start in range(0, max(1, batch.num_rows), BLOCK):
        block = batch.slice(start, BLOCK)
        hashes: Array = np.zeros(block.num_rows, np.uint64)
        for k in columns:
            column = block.column(k)
            is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
            hashes ^= _of_texts(column.cast(pa.large_string())) if is_text else _of_numbers(column)
            hashes = _mixed(hashes)
        yield start, hashes


def _mixed(hashes: Array) -> Array:
    """The finish of SplitMix64, in place."""
    hashes += NULL
    hashes ^= hashes >> np.uint64(30)
    hashes *= FIRST
    hashes ^= hashes >> np.uint64(27)
    hashes *= SECOND
    hashes ^= hashes >> np.uint64(31)
    return hashes


def _of_numbers(column: pa.Array) -> Array:
    """The bits of numbers; those of a fixed one for null. -0.0 is 0.0."""
    kind = column.type
    if pa.types.is_floating(kind):
        return np.asarray(column.fill_null(np.nan).to_numpy(zero_copy_only=False) + 0.0).view(np.uint64)
    zero: Any = False if pa.types.is_boolean(kind) else 0
    values: Array = column.fill_null(zero).to_numpy(zero_copy_only=False).astype(np.int64).view(np.uint64)
    return np.where(column.is_valid().to_numpy(zero_copy_only=False), values, NULL) if column.null_count else values


def _of_texts(column: pa.Array) -> Array:
    """A hash of the bytes of every text, eight at a time."""
    _, offsets_of, data = column.buffers()
    offsets = np.frombuffer(offsets_of, np.int64)[column.offset : column.offset + len(column) + 1]
    starts, lengths = offsets[:-1], np.diff(offsets)
    if column.null_count:
        lengths = np.where(column.is_valid().to_numpy(zero_copy_only=False), lengths, -1)  # its bytes may be any
    hashes = _mixed(lengths.astype(np.int64).view(np.uint64).copy())
    if data is None or not len(column):
        return hashes
    first, last = int(offsets[0]), int(offsets[-1])
    padded = np.frombuffer(bytes(memoryview(data)[first:last]) + bytes(WORD), np.uint8)
    words: Array = np.ndarray((len(padded) - WORD + 1,), "<u8", buffer=padded, strides=(1,))
    for i in np.flatnonzero(lengths > LONG):
        text = padded[starts[i] - first : starts[i] - first + lengths[i]].tobytes()
        hashes[i] = int.from_bytes(hashlib.blake2b(text, digest_size=WORD).digest(), "little")
    rest = np.flatnonzero((lengths > 0) & (lengths <= LONG))
    at, left = starts[rest] - first, lengths[rest]
    while len(rest):
        bits = (WORD * np.maximum(WORD - left, 0)).astype(np.uint64)
        hashes[rest] = _mixed(hashes[rest] ^ (words[at] << bits))
        more = left > WORD
        rest, at, left = rest[more], at[more] + WORD, left[more] - WORD
    return hashes
