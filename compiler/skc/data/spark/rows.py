"""Rows of a table as a frame of Spark holds them, and as tables in memory where they lie.

A row of a frame is a block of rows of the table, which are next to each other in one part: their `part`, the 0-based
`row` of the first in it, how many they are, `n`, and then the columns `c0`, `c1`, …: the values of a column as bytes, a
compressed stream of Arrow. So Spark keeps, moves and reads columns without looking at a value, which would take it
longer than all that is computed of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import numpy as np
import pyarrow as pa

from skc.data.arrays import Columns, aligned
from skc.data.engine import ARROW, Column, Table
from skc.data.held import HeldTable
from skc_runtime.kinds import Array

VALUES = 1 << 20  # of the rows that are one table in memory, if they are so many
IN_BLOCK = 1 << 17  # values of a block
AT_ONCE = 1 << 24  # values that Spark hands to Python in one batch
PLACE = pa.schema([("part", pa.int32()), ("row", pa.int64()), ("n", pa.int64())])
SQL = {pa.int32(): "int", pa.int64(): "bigint", pa.binary(): "binary"}
WRITTEN = pa.ipc.IpcWriteOptions(compression="lz4")


def ddl(schema: pa.Schema) -> str:
    """The schema of a frame, as Spark reads it."""
    return ", ".join(f"{field.name} {SQL[field.type]}" for field in schema)


def block_schema(columns: int) -> pa.Schema:
    """Of a frame with so many columns."""
    return pa.schema([*PLACE, *((f"c{k}", pa.binary()) for k in range(columns))])


def rows_of_block(columns: int) -> int:
    """At most."""
    return max(1024, IN_BLOCK // max(1, columns))


def blocks_at_once(columns: int) -> int:
    """How many Spark hands to Python in one batch: it counts the rows of a frame, and not their bytes."""
    return max(1, AT_ONCE // (rows_of_block(columns) * max(1, columns)))


def block(part: int, row: int, n: int, columns: Sequence[pa.Array | bytes | None]) -> pa.RecordBatch:
    """`n` rows from `row` on as one row of a frame; bytes are what they are."""
    cells = [written([column]) if isinstance(column, pa.Array) else column for column in columns]
    values = [pa.array([value], kind) for value, kind in zip((part, row, n), PLACE.types, strict=True)]
    arrays = [*values, *(pa.array([cell], pa.binary()) for cell in cells)]
    return pa.RecordBatch.from_arrays(arrays, schema=block_schema(len(columns)))


def written(columns: Sequence[pa.Array]) -> bytes:
    """Columns of one length as bytes."""
    sink = pa.BufferOutputStream()
    batch = pa.record_batch(columns, list(map(str, range(len(columns)))))
    with pa.ipc.new_stream(sink, batch.schema, options=WRITTEN) as writer:
        writer.write_batch(batch)
    compressed: bytes = sink.getvalue().to_pybytes()
    return compressed


def read(cell: pa.Scalar) -> list[pa.Array]:
    """The columns that a cell of a frame has as bytes."""
    # of bytes of its own: those of a cell begin anywhere, and Arrow wants its buffers aligned
    with pa.ipc.open_stream(pa.py_buffer(cell.as_py())) as stream:
        columns: list[pa.Array] = stream.read_next_batch().columns
        return columns


@dataclass(frozen=True)
class Block:
    """A row of a frame, read."""

    part: int
    row: int
    n: int
    arrays: tuple[pa.Array, ...]

    @property
    def place(self) -> tuple[int, int]:
        """By which blocks are in order."""
        return self.part, self.row


@dataclass(frozen=True)
class Placed:
    """A table in memory, with the part and the row of each of its rows, int64 [N]."""

    parts: Array
    rows: Array
    table: HeldTable


@dataclass(frozen=True)
class Local:
    """Turns rows of a frame, of `columns` after the place of each, into tables in memory. It can be pickled.

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
        """All rows, those of a table in the order of their places. Small blocks become one table."""
        least, waiting = max(1024, VALUES // max(1, len(self.columns))), list[Block]()
        for one in self.blocks(batches):
            waiting.append(one)
            if sum(block.n for block in waiting) >= least:
                yield self.joined(waiting)
                waiting = []
        if waiting:
            yield self.joined(waiting)

    def blocks(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Block]:
        """As they are."""
        kinds = [ARROW[column.dtype] for column in self.columns]
        for batch in batches:
            for part, row, n, *cells in zip(*batch.columns, strict=True):
                arrays = tuple(read(cell)[0].cast(kind) for cell, kind in zip(cells, kinds, strict=True))
                yield Block(part.as_py(), row.as_py(), n.as_py(), arrays)

    def joined(self, blocks: Sequence[Block]) -> Placed:
        """Blocks as one table."""
        ordered = sorted(blocks, key=attrgetter("place"))
        parts = np.repeat(np.array([b.part for b in ordered], np.int64), [b.n for b in ordered])
        rows = np.concatenate([np.arange(b.row, b.row + b.n) for b in ordered])
        arrays = [pa.concat_arrays(pieces) for pieces in zip(*(b.arrays for b in ordered), strict=True)]
        return Placed(parts, rows, self._held(arrays, len(rows)))

    def _held(self, arrays: Sequence[pa.Array], rows: int) -> HeldTable:
        pairs = list(zip(self.columns, arrays, strict=True))
        numbers = {c.name: aligned(array, c) for c, array in pairs if c.kind.is_ordered}
        texts = {c.name: array for c, array in pairs if not c.kind.is_ordered}
        return HeldTable(None, rows, Columns(numbers, texts), 1)


def bare(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns as they are stored, each once."""
    return tuple({column.name: replace(column, null_values=()) for column in columns}.values())
