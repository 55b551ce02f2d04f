"""The sample of all rows, of parts that are too large to be kept: see `skc.data.sampling`.

A row is in the sample if its hash is in a share of all hashes, and the share falls with the number of rows. So what is
in the sample of all rows is in that of its part. Whether the hash distinguishes rows well enough is known by how many
rows have a hash in each bucket, which is added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from skc.data.counted.rows import CountRows, TooLarge, merged
from skc.data.counted.table import counted_table
from skc.data.engine import Column, Table
from skc.data.sampling import BUCKETS, Sample, alike, are_distinguished, buckets, distinguishing
from skc_runtime.kinds import Array

UNLIMITED = 1 << 62
MOST_ALIKE = 64  # rows with the same hash as a row, on average: of more, a share of hashes may be nearly all rows


@dataclass(frozen=True, eq=False)
class Candidates:
    """By one of the choices of `distinguishing`: how many rows have a hash in each bucket, int64 [BUCKETS], and the
    rows that may be in the sample, as a table of `skc.data.counted.rows`.
    """

    buckets: Array
    rows: pa.Table


Choices = tuple[Candidates | None, ...]  # None where too many rows have the same hash


def candidates(table: Table, columns: Sequence[Column], size: int, *, is_counted: bool) -> Choices:
    """Of a table, for a sample of `size` rows. One that `is_counted` takes no longer for rows that are alike."""
    return tuple(_candidates(table, columns, some, size, is_counted) for some in distinguishing(columns))


def _candidates(
    table: Table, columns: Sequence[Column], some: Sequence[Column], size: int, is_counted: bool
) -> Candidates | None:
    counts, rows = buckets(table, some), table.count()
    if rows and not is_counted and alike(counts, rows) > MOST_ALIKE:
        return None
    batch = table.rows_at(table.chosen(_share(some, rows, size), some), columns)
    counting = CountRows(tuple(columns), (tuple(range(len(columns))),), UNLIMITED)
    (chosen,) = counting.finished(counting(batch) if batch.num_rows else None)
    assert not isinstance(chosen, TooLarge)  # there is no limit
    return Candidates(counts, chosen)


def _share(columns: Sequence[Column], rows: int, size: int) -> Sample:
    return Sample(frozenset(column.name for column in columns), size / max(rows, size))


def together(parts: Sequence[Choices], columns: Sequence[Column], rows: int, size: int) -> Choices:
    """The candidates of all `rows` rows."""
    choices = zip(distinguishing(columns), zip(*parts, strict=True), strict=True)
    return tuple(_together(of_parts, columns, some, rows, size) for some, of_parts in choices)


def _together(
    parts: Sequence[Candidates | None], columns: Sequence[Column], some: Sequence[Column], rows: int, size: int
) -> Candidates | None:
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    table = merged([part.rows for part in known], UNLIMITED)
    assert not isinstance(table, TooLarge)  # there is no limit
    places = counted_table(table, columns).distinct.chosen(_share(some, rows, size), some)
    counts = sum((part.buckets for part in known), np.zeros(BUCKETS, np.int64))
    return Candidates(counts, table.take(pa.array(places)).combine_chunks())


def drawn(choices: Choices, columns: Sequence[Column], rows: int, size: int) -> pa.RecordBatch | None:
    """The sample of all `rows` rows; None if it cannot be told."""
    for choice in choices:
        if choice is not None and (rows <= size or are_distinguished(choice.buckets, rows)):
            table = counted_table(choice.rows, columns)
            return table.rows_at(np.arange(table.count()), columns)
        if choice is None:
            return None
    return None
