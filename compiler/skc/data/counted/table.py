"""Distinct rows with how often each occurs, as an `skc.data.engine.Table`: every answer is that of all the rows.

A count is a sum of powers of two, so the rows are sets of distinct ones that occur 2^k times: what is exact in any
order is asked of each set, and doubled k times. So nothing takes longer because a row occurs often.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, reduce
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.arrays import Aligned, Columns, aligned, dtype_of, without_sentinels
from skc.data.counted.rows import COUNT, bits_of, decoded
from skc.data.engine import ARROW, Aggregate, Bins, Column, Grouping, Groups, Places, RowRefusedError, Table, Term
from skc.data.held import HeldTable, sorted_width
from skc.data.spark.aggregates import Aggregates
from skc.values.types import Scalar
from skc_runtime.kinds import Array

ADDED = ("count", "equal", "widened")  # aggregates of all rows; the others are those of the distinct ones
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class CountedTable:
    """`distinct` rows of `columns`, in memory, and how often each occurs, int64 [N]."""

    distinct: HeldTable
    columns: tuple[Column, ...]
    counts: Array

    @cached_property
    def _sets(self) -> list[tuple[int, HeldTable]]:
        """The rows that occur 2^k times, by k."""
        whole = self.distinct.rows
        return [(k, self.distinct if len(at) == whole else self._taken(at).distinct) for k, at in bits_of(self.counts)]

    def _taken(self, at: Array) -> CountedTable:
        """The distinct rows at some places."""
        columns = self.distinct.columns.taken(self.columns, at)
        return CountedTable(HeldTable(None, len(at), columns, 1), self.columns, self.counts[at])

    def count(self) -> int:
        """See `Table`."""
        return int(self.counts.sum())

    def aggregate(self, aggregates: Sequence[Aggregate]) -> list[Any]:
        """See `Table`."""
        added = tuple(dict.fromkeys(a for a in aggregates if a.reduction in ADDED))
        others = tuple(dict.fromkeys(a for a in aggregates if a.reduction not in ADDED))
        results: dict[Aggregate, Any] = dict.fromkeys(added, 0)
        for k, rows in self._sets if added else ():
            for a, result in zip(added, Aggregates(added)(rows), strict=True):
                results[a] += result << k
        if others:
            results |= zip(others, Aggregates(others)(self.distinct), strict=True)
        return [results[a] for a in aggregates]

    def sums(self, terms: Sequence[Term]) -> list[Fraction]:
        """See `Table`."""
        totals = [Fraction(0)] * len(terms)
        for k, rows in self._sets if terms else ():
            totals = [a + b * (1 << k) for a, b in zip(totals, rows.sums(terms), strict=True)]
        return totals

    def groups(self, groupings: Mapping[str, Grouping]) -> Iterator[Groups]:
        """See `Table`."""
        for key, grouping in groupings.items():
            values, n = self._counted(grouping.column)
            kept = np.flatnonzero(n >= grouping.min_count)
            zeros = pa.array(np.zeros(len(kept), np.int32))
            yield Groups((key,), pa.table({"k": zeros, "v": values.take(pa.array(kept)), "n": n[kept]}))

    def places(self, requests: Mapping[str, Places]) -> dict[str, dict[int, Scalar]]:
        """See `Table`."""

        def places(request: Places) -> dict[int, Scalar]:
            values, n = self._ordered(request.column)
            at_places = values[np.searchsorted(np.cumsum(n), np.array(request.at, np.int64), side="right")]
            return dict(zip(request.at, at_places.tolist(), strict=True))

        return {key: places(request) for key, request in requests.items()}

    def bins(self, requests: Mapping[str, Bins]) -> dict[str, tuple[int, ...]]:
        """See `Table`."""

        def bins(request: Bins) -> tuple[int, ...]:
            values, n = self._ordered(request.column)
            before = np.concatenate([[0], np.cumsum(n)]).astype(np.int64)
            up_to = before[np.searchsorted(values, np.array(request.edges, values.dtype), side="right")]
            counts: list[int] = np.diff(up_to, prepend=0, append=before[-1]).tolist()
            return tuple(counts)

        return {key: bins(request) for key, request in requests.items()}

    def complete(self, columns: Sequence[Column]) -> CountedTable:
        """See `Table`."""
        arrays = self.distinct.batch(columns).columns
        there = reduce(pc.and_, [array.is_valid() for array in arrays])
        return self._taken(np.flatnonzero(there.to_numpy(zero_copy_only=False)))

    def fold(
        self, function: Callable[[pa.RecordBatch], T], add: Callable[[T, T], T], columns: Sequence[Column]
    ) -> T | None:
        """See `Table`."""
        total: T | None = None
        for k, rows in self._sets:
            result = rows.fold(function, add, columns)
            assert result is not None  # a set has rows
            for _ in range(k):
                result = add(result, result)
            total = result if total is None else add(total, result)
        return total

    def chosen(self, function: Callable[[pa.RecordBatch], Array], columns: Sequence[Column]) -> Array:
        """See `Table`. Equal rows are next to each other."""
        chosen = self.distinct.chosen(function, columns)
        starts, counts = (np.cumsum(self.counts) - self.counts)[chosen], self.counts[chosen]
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        places: Array = np.repeat(starts, counts) + within
        return places

    def rows_at(self, places: Array, columns: Sequence[Column]) -> pa.RecordBatch:
        """See `Table`."""
        at = np.searchsorted(np.cumsum(self.counts), np.asarray(places, np.int64), side="right")
        return self.distinct.rows_at(at, columns)

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> Table:
        """See `Table`. A row that is refused is known by its place among the distinct ones."""
        computed = [Column(name, dtype_of(kind), "") for name, kind in zip(schema.names, schema.types, strict=True)]
        batches = []
        for start in range(0, self.distinct.rows, size):
            rows = min(size, self.distinct.rows - start)
            part = HeldTable(None, rows, self.distinct.columns.part(columns, start, start + rows), 1)
            try:
                batches.append(function(part.batch(columns, nan=True)))
            except RowRefusedError as refused:
                raise RowRefusedError(start + refused.row, refused.why) from None
        whole = pa.Table.from_batches(batches, schema).combine_chunks()
        done(self.count())
        return _counted([one(whole[name]) for name in schema.names], computed, self.counts)

    def held(self, columns: Sequence[Column]) -> Table:
        """See `Table`."""
        return self

    def width(self) -> int:
        """See `Table`."""
        return sorted_width(self.count())

    def _ordered(self, column: Column) -> tuple[Array, Array]:
        """The different values in ascending order, and how often each occurs. -0.0 is 0.0."""
        if column not in self._known:
            values, missing = without_sentinels(self.distinct.columns.numbers[column.name], column)
            there = values == values if missing is None else ~missing  # NaN is not equal to itself
            values, n = values[there] + np.zeros(1, values.dtype), self.counts[there]
            order = np.argsort(values, kind="stable")
            values, n = values[order], n[order]
            starts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(values) else order
            self._known[column] = values[starts], np.add.reduceat(n, starts) if len(n) else n
        return self._known[column]

    @cached_property
    def _known(self) -> dict[Column, tuple[Array, Array]]:
        return {}

    def _counted(self, column: Column) -> tuple[pa.Array, Array]:
        """The different values in any order, and how often each occurs."""
        if column.kind.is_ordered:
            values, n = self._ordered(column)
            return pa.array(values, ARROW[column.dtype]), n
        rows = pa.table({"v": self.distinct.batch([column]).column(0), "n": self.counts})
        counted = rows.filter(rows["v"].is_valid()).group_by("v", use_threads=False).aggregate([("n", "sum")])
        return one(counted["v"]), counted["n_sum"].to_numpy()


def one(column: pa.ChunkedArray) -> pa.Array:
    """A column as one array."""
    array = column.combine_chunks()
    return array if isinstance(array, pa.Array) else pa.concat_arrays(array.chunks)


def counted_table(table: pa.Table, columns: Sequence[Column]) -> CountedTable:
    """A table of `skc.data.counted.rows`, of these columns."""
    arrays = [decoded(one(table[f"c{k}"]), column) for k, column in enumerate(columns)]
    return _counted(arrays, columns, table[COUNT].to_numpy())


def _counted(arrays: Sequence[pa.Array], columns: Sequence[Column], counts: Array) -> CountedTable:
    pairs = list(zip(columns, arrays, strict=True))
    numbers: dict[str, Aligned] = {c.name: aligned(a, c) for c, a in pairs if c.kind.is_ordered}
    texts = {c.name: a.cast(pa.large_string()) for c, a in pairs if not c.kind.is_ordered}
    distinct = HeldTable(None, len(counts), Columns(numbers, texts), 1)
    return CountedTable(distinct, tuple(columns), np.asarray(counts, np.int64))
