"""A frame of Spark as an `skc.data.engine.Table`: every operation is a fold where the rows lie, or a few of them."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from skc.data.arrays import TermSums, added, columns_of, named, nan_as_null
from skc.data.engine import (
    ARROW,
    Aggregate,
    AnyRow,
    Bins,
    Column,
    Grouping,
    Groups,
    Places,
    RowRefusedError,
    Table,
    Term,
)
from skc.data.spark import places as order
from skc.data.spark.aggregates import Aggregates, BinCounts, FoldOf, Scan, bins_added, infinities, rows_of
from skc.data.spark.groups import Counts, counted
from skc.data.spark.jobs import Batches, Folded, folded, mapped, state_batch, states
from skc.data.spark.rows import PLACE, Local, bare, block, block_schema, ddl
from skc.data.spark.session import Frame, spark_errors
from skc.diagnostics import bug
from skc.values.types import Scalar
from skc_runtime.kinds import Array

COUNTING, COMPUTING = "counting the training rows failed", "computing statistics of the training rows failed"
RUNNING = "running the training rows through the graph failed"
T = TypeVar("T")


@dataclass(frozen=True)
class Taken:
    """For `mapInArrow`: the rows at given places, with their places; `starts` is the place of each part's first row."""

    local: Local
    starts: Array
    places: Array

    def __call__(self, batches: Batches) -> Batches:
        for placed in self.local.placed(batches):
            places = self.starts[placed.parts] + placed.rows
            at = np.flatnonzero(np.isin(places, self.places))
            if len(at):
                yield state_batch((places[at], placed.table.rows_at(at, self.local.columns)))


@dataclass(frozen=True)
class Chosen:
    """For `mapInArrow`: the places of the rows that a function chooses."""

    local: Local
    starts: Array
    function: Callable[[pa.RecordBatch], Array]
    columns: tuple[Column, ...]

    def __call__(self, batches: Batches) -> Batches:
        for placed in self.local.placed(batches):
            chosen = placed.table.chosen(self.function, self.columns)
            if len(chosen):
                yield state_batch(self.starts[placed.parts[chosen]] + placed.rows[chosen])


@dataclass(frozen=True)
class Computed:
    """For `mapInArrow`: new columns of all rows, in batches of at most `size`; or of a batch the first row that is
    refused, in the last column, with nulls.
    """

    local: Local
    function: Callable[[pa.RecordBatch], pa.RecordBatch]
    columns: tuple[Column, ...]
    schema: pa.Schema
    size: int

    def __call__(self, batches: Batches) -> Batches:
        for one in self.local.blocks(batches):
            table = self.local.joined([one]).table
            for start in range(0, one.n, self.size):
                rows = table.rows_at(np.arange(start, min(start + self.size, one.n)), self.columns)
                yield self._computed(one.part, one.row + start, rows)

    def _computed(self, part: int, row: int, rows: pa.RecordBatch) -> pa.RecordBatch:
        try:
            batch = nan_as_null(self.function(rows))
        except RowRefusedError as error:
            return block(part, row + error.row, 0, [*(None for _ in self.schema), pickle.dumps(error.why)])
        typed = [array.cast(kind) for array, kind in zip(batch.columns, self.schema.types, strict=True)]
        return block(part, row, batch.num_rows, [*typed, None])


@dataclass(frozen=True, eq=False)
class SparkTable:
    """A frame, whose columns `c0`, … have these names. `starts` is the place of the first row of each part, and of the
    end, or None if rows have no places; `complete_in` are the columns that have a value in all rows of the table, which
    are then not all of the frame. Frames that executors keep until the engine is closed are in `kept`.

    Every question is a pass over the rows, so answers are remembered: `known`, `totals`, the counted values in `counts`
    where they are few, and up to two different values of columns of text in `texts`.
    """

    frame: Frame
    names: tuple[str, ...]
    starts: Array | None
    partitions: int
    kept: list[Frame]
    complete_in: tuple[Column, ...] = ()
    known: dict[Aggregate | AnyRow, Any] = field(default_factory=dict)
    totals: dict[Term, Fraction] = field(default_factory=dict)
    counts: dict[Column, Counts] = field(default_factory=dict)
    texts: dict[Column, pa.Array] = field(default_factory=dict)

    def _local(self, columns: Sequence[Column]) -> tuple[Frame, Local]:
        """The part of the frame that some columns need, and what makes tables of it."""
        read = bare([*columns, *self.complete_in])
        chosen = [f"c{self.names.index(column.name)}" for column in read]
        return self.frame.select(*PLACE.names, *chosen), Local(read, self.complete_in)

    def _folded(
        self, columns: Sequence[Column], function: Callable[[Table], T | None], add: Callable[[T, T], T], what: str
    ) -> T | None:
        frame, local = self._local(columns)
        return folded(frame, self.partitions, Folded(local, function, add), what)

    def count(self) -> int:
        """See `Table`."""
        if self.starts is not None and not self.complete_in:
            return int(self.starts[-1])
        if AnyRow() not in self.known:
            self.known[AnyRow()] = self._folded((), rows_of, _plus, COUNTING) or 0
        return int(self.known[AnyRow()])

    def aggregate(self, aggregates: Sequence[Aggregate]) -> list[Any]:
        """See `Table`."""
        unknown = [a for a in dict.fromkeys(aggregates) if a not in self.known]
        if summed := [a for a in unknown if a.reduction != "distinct"]:
            self._scan(summed)
        columns = [a.column for a in unknown if a.reduction == "distinct"]
        counts = {**self.counts, **self._counted({c: () for c in columns if c not in self.counts})}
        self.known.update((Aggregate("distinct", column), counts[column].distinct) for column in columns)
        return [self.known[a] for a in aggregates]

    def _scan(self, unknown: Sequence[Aggregate]) -> None:
        """Learn some aggregates, and in the same pass what is likely to be asked of their columns next."""
        columns = dict.fromkeys(a.column for a in unknown)
        numbers = tuple(c for c in columns if c.kind.is_ordered and Term(c) not in self.totals)
        texts = tuple(c for c in columns if not c.kind.is_ordered and c not in self.texts)
        likely = [a for c in numbers for a in (Aggregate("equal", c, 0.0), *infinities(c)) if c.dtype != "bool"]
        function = Scan(Aggregates(tuple(dict.fromkeys([*unknown, *likely]))), numbers, texts)
        scanned = self._folded([*columns], function, function.added, COUNTING)
        if scanned is None:
            self.known.update((a, _of_none(a)) for a in function.aggregates.of)
            self.known[AnyRow()] = 0
            return
        self.known[AnyRow()], results, sums, values = scanned
        self.known.update(zip(function.aggregates.of, results, strict=True))
        self.totals.update((Term(c), total) for c, total in zip(numbers, sums, strict=True) if total is not None)
        self.texts.update(zip(texts, values, strict=True))

    def sums(self, terms: Sequence[Term]) -> list[Fraction]:
        """See `Table`."""
        new = tuple(term for term in dict.fromkeys(terms) if term not in self.totals)
        if new:
            columns = columns_of(new)
            totals = self.fold(TermSums(columns, new), added, columns)
            self.totals.update(zip(new, [Fraction(0)] * len(new) if totals is None else totals, strict=True))
        return [self.totals[term] for term in terms]

    def groups(self, groupings: Mapping[str, Grouping]) -> Iterator[Groups]:
        """See `Table`."""
        by_column: dict[Column, list[Grouping]] = {}
        for grouping in groupings.values():
            known = self.counts.get(grouping.column)
            if known is None or not known.is_small:
                by_column.setdefault(grouping.column, []).append(grouping)
        new = self._counted(by_column)
        for key, grouping in groupings.items():
            counts = new[grouping.column] if grouping.column in new else self.counts[grouping.column]
            yield counts.groups(key, grouping)

    def _counted(self, by_column: Mapping[Column, Sequence[Grouping]]) -> dict[Column, Counts]:
        """The counts of the values of some columns, of which small ones are remembered."""
        if not by_column:
            return {}
        frame, local = self._local([*by_column])
        rows = self.count() if self.starts is None else int(self.starts[-1])
        new = counted(frame, local, by_column, self.partitions, rows)
        self.counts.update((column, counts) for column, counts in new.items() if counts.is_small)
        return new

    def places(self, requests: Mapping[str, Places]) -> dict[str, dict[int, Scalar]]:
        """See `Table`."""

        def counts(function: order.PatternCounts, columns: Sequence[Column]) -> order.Counted | None:
            return self.fold(function, order.added, columns)

        return order.places_of(requests, counts)

    def bins(self, requests: Mapping[str, Bins]) -> dict[str, tuple[int, ...]]:
        """See `Table`."""
        if not requests:
            return {}
        columns = [bins.column for bins in requests.values()]
        counts = self._folded(columns, BinCounts(tuple(requests.items())), bins_added, COUNTING)
        if counts is None:
            return {key: (0,) * (len(bins.edges) + 1) for key, bins in requests.items()}
        return dict(zip(requests, counts, strict=True))

    def complete(self, columns: Sequence[Column]) -> SparkTable:
        """See `Table`."""
        complete_in = (*self.complete_in, *columns)
        return SparkTable(self.frame, self.names, self.starts, self.partitions, self.kept, complete_in)

    def fold(
        self, function: Callable[[pa.RecordBatch], T], add: Callable[[T, T], T], columns: Sequence[Column]
    ) -> T | None:
        """See `Table`."""
        return self._folded(columns, FoldOf(function, add, tuple(columns)), add, COMPUTING)

    def chosen(self, function: Callable[[pa.RecordBatch], Array], columns: Sequence[Column]) -> Array:
        """See `Table`."""
        starts = self._places()
        frame, local = self._local(columns)
        parts = states(frame, Chosen(local, starts, function, tuple(columns)), COMPUTING)
        chosen: Array = np.sort(np.concatenate([np.array([], np.int64), *parts]))
        return chosen

    def rows_at(self, places: Array, columns: Sequence[Column]) -> pa.RecordBatch:
        """See `Table`."""
        starts = self._places()
        frame, local = self._local(columns)
        parts = states(frame, Taken(local, starts, np.asarray(places)), COMPUTING)
        if not parts or not columns:
            return named([pa.nulls(0, ARROW[column.dtype]) for column in columns], columns)
        rows = pa.Table.from_batches([batch for _, batch in parts])
        rows = rows.take(pa.array(np.argsort(np.concatenate([at for at, _ in parts])))).combine_chunks()
        return named([column.combine_chunks() for column in rows.select([c.name for c in columns]).columns], columns)

    def _places(self) -> Array:
        if self.starts is None or self.complete_in:
            raise bug("a row is asked for by its place among those that have none")
        return self.starts

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> SparkTable:
        """See `Table`. The new table is kept by the executors, on disk where it does not fit into memory."""
        starts = self._places()
        frame, local = self._local(columns)
        computed = Computed(local, function, tuple(columns), schema, size)
        with spark_errors(RUNNING):
            new = mapped(frame, computed, ddl(block_schema(len(schema) + 1))).persist()
            self.kept.append(new)
            refused = new.filter(f"c{len(schema)} IS NOT NULL").orderBy("part", "row").limit(1).collect()
        if refused:
            (first,) = refused
            raise RowRefusedError(int(starts[first[0]]) + first[1], pickle.loads(first[-1]))
        done(self.count())
        return SparkTable(new, tuple(schema.names), starts, self.partitions, self.kept)

    def held(self, columns: Sequence[Column]) -> SparkTable:
        """See `Table`. The frame is kept by the executors already."""
        return self

    def width(self) -> int:
        """See `Table`. A question about many columns is one pass."""
        return sys.maxsize


def _plus(a: int, b: int) -> int:
    return a + b


def _of_none(aggregate: Aggregate) -> Any:
    """The result of an empty table."""
    return {"count": 0, "equal": 0, "widened": 0, "has_nul": False}.get(aggregate.reduction)
