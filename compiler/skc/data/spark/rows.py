"""Rows of a table as a frame of Spark holds them, and as tables in memory where they lie.

A frame has a row's `part` and its 0-based `row` in that, which say which row it is whatever partition Spark has it in,
and then the columns `c0`, `c1`, …, of the types of `skc.data.engine.ARROW`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from skc.data.arrays import Columns, aligned
from skc.data.engine import ARROW, Column, Table
from skc.data.held import HeldTable
from skc_runtime.kinds import Array

VALUES = 1 << 20  # of the rows that are one table in memory, if they are so many
PLACE = pa.schema([("part", pa.int32()), ("row", pa.int64())])
SQL = {
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.string(): "string",
    pa.large_string(): "string",
    pa.binary(): "binary",
}


def ddl(schema: pa.Schema) -> str:
    """The schema of a frame, as Spark reads it."""
    return ", ".join(f"{field.name} {SQL[field.type]}" for field in schema)


def stored_schema(kinds: Iterable[pa.DataType]) -> pa.Schema:
    """Of a frame with columns of these types."""
    return pa.schema([*PLACE, *((f"c{k}", _stored(kind)) for k, kind in enumerate(kinds))])


def _stored(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_large_string(kind) else kind


def stored_batch(places: Sequence[pa.Array], columns: Sequence[pa.Array]) -> pa.RecordBatch:
    """Columns as a frame has them, with the part and the row of each row."""
    schema = stored_schema(column.type for column in columns)
    return pa.RecordBatch.from_arrays(
        [array.cast(field.type) for array, field in zip([*places, *columns], schema, strict=True)], schema=schema
    )


@dataclass(frozen=True)
class Placed:
    """A table in memory, with the part and the row of each of its rows, int64 [N]."""

    parts: Array
    rows: Array
    table: HeldTable


@dataclass(frozen=True)
class Local:
    """Turns batches of a frame, of `columns` after the place of each row, into tables in memory. It can be pickled.

    If `complete` is not empty, the tables have those columns alone, and the rows in which all of them have a value.
    """

    columns: tuple[Column, ...]
    complete: tuple[Column, ...] = ()

    def tables(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Table]:
        """The rows in any order; no table is without rows."""
        for placed in self.placed(batches):
            table = placed.table.complete(self.complete) if self.complete else placed.table
            if table.count():
                yield table

    def placed(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Placed]:
        """All rows, those of a table in the order of their places."""
        for batch in _joined(batches, max(1024, VALUES // max(1, len(self.columns)))):
            ordered = _ordered(batch)
            parts, rows, *arrays = ordered.columns
            yield Placed(parts.to_numpy().astype(np.int64), rows.to_numpy(), self._held(arrays, batch.num_rows))

    def _held(self, arrays: Sequence[pa.Array], rows: int) -> HeldTable:
        pairs = [(c, array.cast(ARROW[c.dtype])) for c, array in zip(self.columns, arrays, strict=True)]
        numbers = {c.name: aligned(array, c) for c, array in pairs if c.kind.is_ordered}
        texts = {c.name: array for c, array in pairs if not c.kind.is_ordered}
        return HeldTable(None, rows, Columns(numbers, texts), 1)


def bare(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns as they are stored, each once."""
    return tuple({column.name: replace(column, null_values=()) for column in columns}.values())


def _joined(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of at least so many, but for the last."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(one.num_rows for one in waiting) >= size:
            yield pa.concat_batches(waiting)
            waiting = []
    if sum(one.num_rows for one in waiting):
        yield pa.concat_batches(waiting)


def _ordered(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The rows in the order of their places."""
    parts, rows = (batch.column(k).to_numpy() for k in (0, 1))
    order = np.lexsort((rows, parts))
    return batch if (np.diff(order) == 1).all() else batch.take(pa.array(order))
