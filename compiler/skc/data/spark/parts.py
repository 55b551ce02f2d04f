"""The parts of a source, each read by one executor as if it were a source of its own: files, or partitions of a frame.

Files of one source are read independently by every engine (see `skc.data.duckdb.loading`), so a part is read by the
same engine as on one machine where it lies. What a text or a type means, `where`, and what is refused with
which words, is then written once; Spark brings together what was read.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from skc.data.default import open_engine
from skc.data.engine import ARROW, Column, Condition, Data, LocatedRow
from skc.data.remote import is_remote
from skc.data.sources import Source
from skc.data.spark.jobs import Batches, Refused, state_batch
from skc.data.spark.rows import Local, block, block_schema
from skc.data.spark.session import Frame
from skc.diagnostics import SkcError
from skc.ir import DataSource, Input
from skc.scratch import scratch_folder


class Parts(Protocol):
    """Of a source; it can be pickled."""

    def sources(self, batches: Batches) -> Iterator[tuple[int, Source]]:
        """The number of every part that the batches of a partition of Spark are, or name, and its source, which is
        there until the next is asked for.
        """


@dataclass(frozen=True)
class FileParts:
    """The files of a source, in order; or the table in memory that it is. Batches have their numbers."""

    source: Source

    @property
    def count(self) -> int:
        """How many there are."""
        return max(1, len(self.source.files))

    def sources(self, batches: Batches) -> Iterator[tuple[int, Source]]:
        """See `Parts`."""
        for batch in batches:
            for part in batch.column(0).to_pylist():
                yield part, replace(self.source, files=self.source.files[part : part + 1])


def file_parts(source: Source) -> FileParts:
    """The parts of a source of files, whose names hold in every folder."""
    copies = {file: os.path.abspath(file) for file in source.files if not is_remote(file)}
    return FileParts(replace(source, copies=copies))


@dataclass(frozen=True)
class FrameParts:
    """The partitions of a frame, whose rows are the batches: written to the disk of the executor while it is read. The
    columns have `names`, which need not be those in the frame; behind them is the number of the partition, which a task
    that has several does not know.
    """

    names: tuple[str, ...]

    def sources(self, batches: Batches) -> Iterator[tuple[int, Source]]:
        """See `Parts`. A partition without rows is none."""
        first = next(batches, None)
        if first is None:
            return
        part = first.column(len(self.names))[0].as_py()
        with scratch_folder("skc-part") as folder:
            path, label = str(folder / "rows.arrow"), f"partition {part}"
            with pa.OSFile(path, "wb") as sink, pa.ipc.new_file(sink, self._rows(first).schema) as writer:
                for batch in chain([first], batches):
                    writer.write_batch(self._rows(batch))
            yield part, Source("arrow", (label,), copies={label: path})

    def _rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return batch.select([*range(len(self.names))]).rename_columns(list(self.names))


def numbered(frame: Frame) -> Frame:
    """A frame as `FrameParts` reads it, whose columns are called `c0`, `c1`, …"""
    return frame.selectExpr("*", "spark_partition_id() AS part")


@dataclass(frozen=True)
class PartFacts:
    """A part that was read: how many rows `where` left, and `Data.narrow`."""

    part: int
    rows: int
    narrow: frozenset[str]


@dataclass(frozen=True)
class Reader:
    """For `mapInArrow`: the typed rows of the parts, and behind those of each part, in the last column, its facts or
    what was refused; if they are read `is_again`, nothing is refused any more unless they changed, which is an error.
    Blocks have `block_rows` rows at most.
    """

    parts: Parts
    inputs: tuple[Input, ...]
    declared: DataSource
    memory_limit: str
    block_rows: int
    is_again: bool = False

    @property
    def schema(self) -> pa.Schema:
        """Of the frame."""
        return block_schema(len(self.inputs) + 1)

    def __call__(self, batches: Batches) -> Batches:
        for part, source in self.parts.sources(batches):
            try:
                yield from self._read(part, source)
            except SkcError as error:
                if self.is_again:
                    raise
                yield self._closing(part, Refused(error.diagnostics, part))

    def _read(self, part: int, source: Source) -> Batches:
        names = [i.name for i in self.inputs]
        rows = 0
        with open_engine(1, self.memory_limit) as engine:
            data = engine.load(source, self.inputs, self.declared)
            for batch in data.batches(names, self.block_rows):
                yield block(part, rows, batch.num_rows, [*self._typed(batch), None])
                rows += batch.num_rows
            facts = PartFacts(part, rows, frozenset(data.narrow()))
        yield self._closing(part, facts)

    def _typed(self, batch: pa.RecordBatch) -> list[pa.Array]:
        return [array.cast(ARROW[i.dtype]) for i, array in zip(self.inputs, batch.columns, strict=True)]

    def _closing(self, part: int, fact: PartFacts | Refused) -> pa.RecordBatch:
        return block(part, -1, 0, [*(None for _ in self.inputs), pickle.dumps(fact)])


@dataclass(frozen=True)
class Asking:
    """For `mapInArrow`: what a question finds in every part, or in the part `only`, read again."""

    reader: Reader
    question: Callable[[Data], Any]
    only: int | None = None

    def __call__(self, batches: Batches) -> Batches:
        for part, source in self.reader.parts.sources(batches):
            if self.only not in (None, part):
                continue
            try:
                with open_engine(1, self.reader.memory_limit) as engine:
                    data = engine.load(source, self.reader.inputs, self.reader.declared)
                    yield state_batch((part, self.question(data)))
            except SkcError as error:
                yield state_batch(Refused(error.diagnostics))


@dataclass(frozen=True)
class Found:
    """A question: the rows that meet a condition, after `skip` others, at most `most`."""

    condition: Condition
    skip: int
    most: int

    def __call__(self, data: Data) -> list[LocatedRow]:
        rows: list[LocatedRow] = []
        for k in range(self.most):
            row = data.find(self.condition, self.skip + k)
            if not row.values:
                break
            rows.append(row)
        return rows


def all_keys(data: Data) -> frozenset[str]:
    """A question: `Data.keys` of a source that has them."""
    return frozenset(data.keys() or ())


@dataclass(frozen=True)
class InOrder:
    """For `mapInArrow`: batches of a frame that is in order, as states."""

    local: Local
    columns: tuple[Column, ...]

    def __call__(self, batches: Batches) -> Batches:
        for placed in self.local.placed(batches):
            yield state_batch(placed.table.rows_at(np.arange(len(placed.rows)), self.columns))
