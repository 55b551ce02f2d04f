"""The training rows in Spark as `skc.data.engine.Data`."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.engine import AnyRow, Column, Condition, LocatedRow
from skc.data.sources import JSON, Source
from skc.data.spark.aggregates import both, text_values
from skc.data.spark.jobs import Refused, mapped, state_of, states
from skc.data.spark.parts import Asking, FileParts, Found, InOrder, Reader, all_keys, tasks_of_pass
from skc.data.spark.rows import ddl
from skc.data.spark.session import Frame, spark_errors
from skc.data.spark.table import SparkTable
from skc.diagnostics import SkcError
from skc.ir import Input

READING = "reading the rows failed"


@dataclass(frozen=True, eq=False, kw_only=True)
class SparkData(SparkTable):
    """The rows to fit on: one column per input, under its name. `raw` is the frame that `reader` reads."""

    source: Source
    reader: Reader
    raw: Frame
    narrow_inputs: frozenset[str]

    @property
    def inputs(self) -> tuple[Input, ...]:
        """See `Data`."""
        return self.reader.inputs

    @property
    def has_where(self) -> bool:
        """See `Data`."""
        return self.reader.declared.where is not None

    def unfiltered(self) -> SparkTable:
        """See `Data`. Each question reads the parts again."""
        if not self.has_where:
            return self
        reader = replace(self.reader, declared=replace(self.reader.declared, where=None), is_again=True)
        frame = _rows_of(mapped(self.raw, reader, ddl(reader.schema)), reader)
        return SparkTable(frame, self.names, None, self.partitions, self.kept)

    def find(self, condition: Condition, skip: int = 0) -> LocatedRow:
        """See `Data`. The parts are read again, or the part of a row that is known by its number, with those that were
        read with it.
        """
        nothing = LocatedRow(self.source.name, {})
        if isinstance(condition, AnyRow):
            starts = self._places()
            part = int(np.searchsorted(starts, skip, side="right")) - 1
            if part >= len(starts) - 1:
                return nothing
            rows_by_part = self._ask(Found(condition, skip - int(starts[part]), 1), self._read_with(part))
            skip = 0
        else:
            rows_by_part = self._ask(Found(condition, 0, skip + 1), most=skip + 1)
        rows: list[LocatedRow] = [row for of_part in rows_by_part for row in of_part]
        return rows[skip] if skip < len(rows) else nothing

    def _read_with(self, part: int) -> range:
        """The part, and those up to the next of which a row is known: its rows may be theirs, see `Facts`."""
        starts = self._places()
        following = int(np.searchsorted(starts, starts[part + 1], side="right"))
        return range(part, following - 1 if following < len(starts) else sys.maxsize)

    def _ask(self, question: Callable[[Any], Any], among: range | None = None, most: int = sys.maxsize) -> list[Any]:
        """What is found in the parts, in order; at least `most` of all that there is."""
        answers = states(self.raw, Asking(self.reader, question, among, most), READING)
        return [answer for _, answer in sorted(answers, key=lambda pair: int(pair[0]))]

    def is_constant(self, name: str) -> bool:
        """See `Data`."""
        for column, values in self.texts.items():
            if column.name == name and not (column.null_values and values.null_count):
                return len(values) == 1
        for column, counts in self.counts.items():
            if column.name == name and counts.rows == self.count():
                return counts.distinct == 1
        columns = [Column(i.name, i.dtype, f"column `{i.name}`") for i in self.inputs if i.dtype == "string"]
        values = self.fold(text_values, both, columns)
        assert values is not None  # rows of which something is asked
        self.texts.update(zip(columns, values, strict=True))
        return self.is_constant(name)

    def narrow(self) -> frozenset[str]:
        """See `Data`."""
        return self.narrow_inputs

    def keys(self) -> frozenset[str] | None:
        """See `Data`."""
        if self.source.kind not in JSON:
            return None
        return frozenset().union(*self._ask(all_keys))

    def cached(self) -> SparkData:
        """See `Data`. The typed rows are kept by the executors."""
        return self

    def batches(self, names: Sequence[str], size: int) -> Generator[pa.RecordBatch, None, None]:
        """See `Data`. One partition at a time comes to the driver."""
        types = {i.name: i.dtype for i in self.inputs}
        columns = [Column(name, types[name], f"column `{name}`") for name in names]
        frame, local = self._local(columns)
        with spark_errors(READING):
            ordered = mapped(frame.orderBy("part", "row"), InOrder(local, tuple(columns)), "state binary")
            for row in ordered.toLocalIterator():
                batch = state_of(row.state)
                renamed = batch.rename_columns([f"c{k}" for k in range(len(names))])
                for start in range(0, batch.num_rows, size):
                    yield renamed.slice(start, size)

    def kept_schema(self) -> pa.Schema:
        """See `Data`. There are none: see `SparkEngine.load`."""
        return pa.schema([])


def read_rows(source: Source, raw: Frame, reader: Reader, cores: int, kept: list[Frame]) -> SparkData:
    """The typed rows of all parts, read once and kept by the executors. `raw` is what the reader reads; if that are
    fewer files than `cores`, their rows are then divided among these.

    Raises what the first part with something to refuse raises: SKC203 to SKC207, SKC209, SKC225; SKC220, SKC221.
    """
    last = f"c{len(reader.inputs)}"
    with spark_errors(f"`{source.name}` cannot be read"):
        typed = mapped(raw, reader, ddl(reader.schema))
        if isinstance(reader.parts, FileParts) and reader.parts.count < cores:
            typed = typed.repartition(cores)
        typed = typed.persist()
        kept.append(typed)
        closing = typed.filter(f"{last} IS NOT NULL").select(last).collect()
    facts = [pickle.loads(row[0]) for row in closing]
    refused = [fact for fact in facts if isinstance(fact, Refused)]
    if refused:
        raise SkcError(*min(refused, key=attrgetter("part")).diagnostics)
    rows = {part: n for fact in facts for part, n in fact.rows.items()}
    counts = np.zeros(1 + max(rows, default=-1), np.int64)
    counts[[*rows]] = [*rows.values()]
    names = tuple(i.name for i in reader.inputs)
    narrow = frozenset(name for fact in facts for name in fact.narrow)
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return SparkData(
        frame=_rows_of(typed, reader),
        names=names,
        starts=starts,
        partitions=min(max(cores, len(rows)), tasks_of_pass(cores)),
        kept=kept,
        source=source,
        reader=reader,
        raw=raw,
        narrow_inputs=narrow,
    )


def _rows_of(frame: Frame, reader: Reader) -> Frame:
    """Without what a reader says of each part."""
    return frame.filter(f"c{len(reader.inputs)} IS NULL")
