"""The parts of a source, each read by one executor as if it were a source of its own: files, or partitions of a frame.

Files of one source are read independently by every engine (see `skc.data.duckdb.loading`), so a part is read by the
same engine as on one machine where it lies. What a text or a type means, `where`, and what is refused with
which words, is then written once; Spark brings together what was read.
"""

from __future__ import annotations

import os
import pickle
import sys
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.default import open_engine
from skc.data.engine import ARROW, Column, Condition, Data, Engine, LocatedRow
from skc.data.remote import is_remote
from skc.data.sources import Source
from skc.data.sources import numbered as numbered_names
from skc.data.spark.jobs import Batches, Refused, state_batch
from skc.data.spark.rows import Local, block, block_schema
from skc.data.spark.session import Frame
from skc.diagnostics import SkcError
from skc.ir import DataSource, Input
from skc.scratch import scratch_folder

T = TypeVar("T")
SMALL = 1 << 24  # bytes of parts that are read together, about
MOST = 128  # parts that are read together
TASKS = 8  # of a pass for each core, at most


class Parts(Protocol):
    """Of a source; it can be pickled."""

    @property
    def carried(self) -> str | None:
        """The column of each source that has the number of the part of each row; None if there is none, because parts
        that come together follow one another.
        """

    def sources(self, batches: Batches, among: range | None = None) -> Iterator[Several]:
        """The parts that the batches of a partition of Spark are, or name, or those `among` certain numbers: small ones
        together, since opening an engine takes as long as reading some megabytes. They are there until the next are
        asked for.
        """


@dataclass(frozen=True)
class Several:
    """Parts by number, and the source whose files they are, in this order; a table in memory is one part."""

    numbers: tuple[int, ...]
    source: Source

    @property
    def are_adjacent(self) -> bool:
        """Whether no other part lies between them."""
        return self.numbers[-1] - self.numbers[0] < len(self.numbers)

    def halves(self) -> tuple[Several, Several]:
        """Of more than one."""
        half = len(self.numbers) // 2
        return self._only(slice(half)), self._only(slice(half, None))

    def _only(self, chosen: slice) -> Several:
        return Several(self.numbers[chosen], replace(self.source, files=self.source.files[chosen]))


@dataclass(frozen=True)
class FileParts:
    """The files of a source, in order; or the table in memory that it is. Batches have their numbers."""

    source: Source
    carried: None = None

    @property
    def count(self) -> int:
        """How many there are."""
        return max(1, len(self.source.files))

    def sources(self, batches: Batches, among: range | None = None) -> Iterator[Several]:
        """See `Parts`."""
        numbers = (part for batch in batches for part in batch.column(0).to_pylist())
        chosen = (part for part in numbers if among is None or part in among)
        for together in _together(chosen, self._bytes):
            files = tuple(file for part in together for file in self.source.files[part : part + 1])
            yield Several(tuple(together), replace(self.source, files=files))

    def _bytes(self, part: int) -> int:
        if not self.source.files:
            return SMALL
        file = self.source.path(self.source.files[part])
        try:
            return SMALL if is_remote(file) else os.path.getsize(file)  # to fetch one takes longer than an engine
        except OSError:
            return SMALL  # the engine that reads it says so


def file_parts(source: Source) -> FileParts:
    """The parts of a source of files, whose names hold in every folder."""
    copies = {file: os.path.abspath(file) for file in source.files if not is_remote(file)}
    return FileParts(replace(source, copies=copies))


@dataclass(frozen=True)
class FrameParts:
    """The partitions of a frame, whose rows are the batches: written to the disk of the executor while they are read.
    The columns have `names`, which need not be those in the frame; behind them is the number of the partition, since a
    task has several.
    """

    names: tuple[str, ...]

    @property
    def carried(self) -> str:
        """See `Parts`."""
        return numbered_names([*self.names, "skc: part"])[-1]

    def sources(self, batches: Batches, among: range | None = None) -> Iterator[Several]:
        """See `Parts`. A partition without rows is none."""
        with scratch_folder("skc-part") as folder:
            partitions = groupby(self._pieces(batches), itemgetter(0))
            chosen = ((part, pieces) for part, pieces in partitions if among is None or part in among)
            written = ((part, self._written(pieces, folder / f"{part}.arrow")) for part, pieces in chosen)
            for together in _together(written, lambda one: one[1].stat().st_size):
                copies = {f"partition {part}": str(path) for part, path in together}
                yield Several(tuple(part for part, _ in together), Source("arrow", tuple(copies), copies=copies))
                for _, path in together:
                    path.unlink()

    def _pieces(self, batches: Batches) -> Iterator[tuple[int, pa.RecordBatch]]:
        """The batches, divided where a partition ends, each with its number."""
        names = [*self.names, self.carried]
        for batch in batches:
            for part, start, end in runs(batch.column(len(self.names))):
                yield part, batch.rename_columns(names).slice(start, end - start)

    def _written(self, pieces: Iterable[tuple[int, pa.RecordBatch]], path: Path) -> Path:
        _, first = next(rows := iter(pieces))
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, first.schema) as writer:
            for batch in chain([first], (batch for _, batch in rows)):
                writer.write_batch(batch)
        return path


def tasks_of_pass(cores: int) -> int:
    """At most: each pass starts each task, so many parts are several to a task."""
    return TASKS * cores


def numbered(frame: Frame) -> Frame:
    """A frame as `FrameParts` reads it, whose columns are called `c0`, `c1`, …"""
    return frame.selectExpr("*", "spark_partition_id() AS part")


def runs(numbers: pa.Array) -> Iterator[tuple[int, int, int]]:
    """Equal numbers that follow one another: the number, and from which to which row, exclusive."""
    encoded = pc.run_end_encode(numbers)
    ends = encoded.run_ends.to_pylist()
    yield from zip(encoded.values.to_pylist(), [0, *ends], ends, strict=False)


def _together(parts: Iterable[T], size: Callable[[T], int]) -> Iterator[list[T]]:
    """The parts in order, small ones together; `size` in bytes."""
    waiting, bytes_of_them = list[T](), 0
    for part in parts:
        waiting.append(part)
        bytes_of_them += size(part)
        if bytes_of_them >= SMALL or len(waiting) == MOST:
            yield waiting
            waiting, bytes_of_them = [], 0
    if waiting:
        yield waiting


@dataclass(frozen=True)
class Facts:
    """What was read: how many rows of each part `where` left, those of adjacent parts that were read together all as
    the first's, and `Data.narrow`.
    """

    rows: Mapping[int, int]
    narrow: frozenset[str]


@dataclass(frozen=True)
class Reader:
    """For `mapInArrow`: the typed rows of the parts, and behind those that were read together, in the last column,
    their facts or what was refused; if they are read `is_again`, nothing is refused any more unless they changed, which
    is an error. Blocks have `block_rows` rows at most.
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
        for several in self.parts.sources(batches):
            yield from self._read(several)

    def _read(self, several: Several) -> Generator[pa.RecordBatch, None, bool]:
        """Returns whether they were accepted. Of several parts the first that is not is found by halves: the parts of a
        source are accepted together if each is, so its words and counts are what it alone gets.
        """
        with open_engine(1, self.memory_limit) as engine:
            try:
                data = self._loaded(engine, several)
            except SkcError as error:
                if len(several.numbers) == 1:
                    yield from self._refused(several, error)
                    return False
            else:
                return (yield from self._accepted(several, data))
        for half in several.halves():
            if not (yield from self._read(half)):
                return False
        return True

    def _accepted(self, several: Several, data: Data) -> Generator[pa.RecordBatch, None, bool]:
        try:
            yield from self._blocks(several, data)
        except SkcError as error:
            yield from self._refused(several, error)
            return False
        return True

    def _refused(self, several: Several, error: SkcError) -> Batches:
        if self.is_again:
            raise error
        first = several.numbers[0]
        yield self._closing(first, Refused(error.diagnostics, first))

    def _loaded(self, engine: Engine, several: Several) -> Data:
        return engine.load(several.source, self.inputs, self.declared, self._carried)

    @property
    def _carried(self) -> tuple[str, ...]:
        return () if self.parts.carried is None else (self.parts.carried,)

    def _blocks(self, several: Several, data: Data) -> Batches:
        names = [*(i.name for i in self.inputs), *self._carried]
        first = several.numbers[0]
        rows = Counter[int]()
        for batch in data.batches(names, self.block_rows):
            whole = [(first, 0, batch.num_rows)]
            for part, start, end in runs(batch.columns[-1]) if self._carried else whole:
                block_of = self._typed(batch.slice(start, end - start))
                yield block(part, rows[part], end - start, [*block_of, None])
                rows[part] += end - start
        yield self._closing(first, Facts(dict(rows), frozenset(data.narrow())))

    def _typed(self, batch: pa.RecordBatch) -> list[pa.Array]:
        columns = batch.columns[: len(self.inputs)]  # the number of the part may follow
        return [array.cast(ARROW[i.dtype]) for i, array in zip(self.inputs, columns, strict=True)]

    def _closing(self, part: int, fact: Facts | Refused) -> pa.RecordBatch:
        return block(part, -1, 0, [*(None for _ in self.inputs), pickle.dumps(fact)])


@dataclass(frozen=True)
class Asking:
    """For `mapInArrow`: what a question finds in the parts, or in those `among` certain numbers, read again; with the
    number of the first of them. No more than `most` finds are wanted.
    """

    reader: Reader
    question: Callable[[Data], Any]
    among: range | None = None
    most: int = sys.maxsize

    def __call__(self, batches: Batches) -> Batches:
        for several in self.reader.parts.sources(batches, self.among):
            try:
                for answer in self._answers(several):
                    yield state_batch(answer)
            except SkcError as error:
                yield state_batch(Refused(error.diagnostics))

    def _answers(self, several: Several) -> Iterator[tuple[int, Any]]:
        """One, unless parts between these are elsewhere: then what is found is found in each by itself."""
        with open_engine(1, self.reader.memory_limit) as engine:
            answer = self.question(engine.load(several.source, self.reader.inputs, self.reader.declared))
        if not answer or several.are_adjacent:
            yield several.numbers[0], answer
            return
        rows = 0
        for half in several.halves():
            if rows >= self.most:
                return
            for number, answer in self._answers(half):
                rows += len(answer)
                yield number, answer


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
