"""A table with columns in memory: counts, bounds, sums, order statistics and bins by NumPy, in microseconds a column.

Why: for a short table an engine takes far longer to bind and plan a query about a thousand columns than to run it, and
for any column that fits into memory NumPy sorts faster than an engine that has to be able to spill. Only columns that
are not held, and rows that must be found in their files, are left to the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Hashable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from typing import Any, TypeVar, assert_never

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.arrays import (
    Aligned,
    Columns,
    collected,
    columns_of,
    dtype_of,
    is_held,
    named,
    places_of,
    present,
    sized,
    sorted_values,
    to_arrow,
    total,
    without_sentinels,
)
from skc.data.engine import (
    ARROW,
    Aggregate,
    Bins,
    Column,
    Condition,
    Data,
    Grouping,
    Groups,
    LocatedRow,
    Places,
    RowRefusedError,
    Table,
    Term,
)
from skc.data.pools import in_order
from skc.data.sources import Source
from skc.diagnostics import bug
from skc.ir import Input
from skc.values.types import Scalar
from skc_runtime.kinds import Array

SORTED = 1 << 22  # values of sorted columns that are kept for the next question
PARALLEL = 1 << 15  # rows of a column for which a thread is worth starting
BATCH = 1 << 22  # values of a batch for `fold`
NUL = "\0"
T = TypeVar("T")
U = TypeVar("U")
K = TypeVar("K", bound=Hashable)


def sorted_width(rows: int) -> int:
    """How many columns of a table stay sorted at once."""
    return max(1, SORTED // max(1, rows))


@dataclass(frozen=True, eq=False)
class HeldTable:
    """`base`, which has `rows` rows, with some of its columns in memory; None if all are."""

    base: Table | None
    rows: int
    columns: Columns
    threads: int
    _sorted: dict[Column, Array] = field(default_factory=dict)
    _sums: dict[Term, Fraction] = field(default_factory=dict)  # a profile has those of steps too

    def count(self) -> int:
        """See `Table`."""
        return self.rows

    def aggregate(self, aggregates: Sequence[Aggregate]) -> list[Any]:
        """See `Table`."""
        by_column: dict[Column, list[Aggregate]] = {}
        for aggregate in dict.fromkeys(aggregates):
            if self._holds([aggregate.column]) and "widened" not in aggregate.reduction:
                by_column.setdefault(aggregate.column, []).append(aggregate)
        results = self._of_each(by_column, lambda column: self._aggregate(column, by_column[column]))
        known = {
            a: result for c, of_column in results.items() for a, result in zip(by_column[c], of_column, strict=True)
        }
        rest = [aggregate for aggregate in dict.fromkeys(aggregates) if aggregate not in known]
        if rest:
            known |= dict(zip(rest, self._base.aggregate(rest), strict=True))
        return [known[aggregate] for aggregate in aggregates]

    def sums(self, terms: Sequence[Term]) -> list[Fraction]:
        """See `Table`."""
        new = [term for term in dict.fromkeys(terms) if term not in self._sums]
        held = [term for term in new if self._holds(columns_of([term]))]
        self._sums.update(self._of_each(held, lambda term: total(term, self._aligned)))
        rest = [term for term in new if term not in self._sums]
        if rest:
            self._sums.update(zip(rest, self._base.sums(rest), strict=True))
        return [self._sums[term] for term in terms]

    def groups(self, groupings: Mapping[str, Grouping]) -> Iterator[Groups]:
        """See `Table`."""
        held = {key: grouping for key, grouping in groupings.items() if self._holds([grouping.column])}
        rest = {key: grouping for key, grouping in groupings.items() if key not in held}
        if rest:
            yield from self._base.groups(rest)
        for key, grouping in held.items():
            yield Groups((key,), self._counted(grouping))

    def places(self, requests: Mapping[str, Places]) -> dict[str, dict[int, Scalar]]:
        """See `Table`."""

        def places(key: str) -> dict[int, Scalar]:
            request = requests[key]
            values = self._ordered(request.column)[np.array(request.at, np.int64)] + 0  # -0.0 + 0 is 0.0
            return dict(zip(request.at, values.tolist(), strict=True))

        held = {key: None for key, request in requests.items() if self._holds([request.column])}
        rest = {key: request for key, request in requests.items() if key not in held}
        return self._of_each(held, places) | (self._base.places(rest) if rest else {})

    def bins(self, requests: Mapping[str, Bins]) -> dict[str, tuple[int, ...]]:
        """See `Table`."""

        def bins(key: str) -> tuple[int, ...]:
            values = self._ordered(requests[key].column)
            edges = np.array(requests[key].edges, values.dtype)
            up_to = np.searchsorted(values, edges, side="right")
            counts: list[int] = np.diff(up_to, prepend=0, append=len(values)).tolist()
            return tuple(counts)

        held = {key: None for key, request in requests.items() if self._holds([request.column])}
        rest = {key: request for key, request in requests.items() if key not in held}
        return self._of_each(held, bins) | (self._base.bins(rest) if rest else {})

    def complete(self, columns: Sequence[Column]) -> Table:
        """See `Table`."""
        if not self._holds(columns):
            return self._base.complete(columns)
        arrays = {column: self._arrow(column) for column in columns}
        there = reduce(pc.and_, [array.is_valid() for array in arrays.values()])
        rows = pc.sum(there).as_py() or 0
        kept = pa.record_batch([array.filter(there) for array in arrays.values()], [c.name for c in arrays])
        return HeldTable(None, rows, collected([kept], list(arrays), rows, self.threads), self.threads)

    def fold(
        self, function: Callable[[pa.RecordBatch], T], add: Callable[[T, T], T], columns: Sequence[Column]
    ) -> T | None:
        """See `Table`."""
        if not self._holds(columns):
            return self._base.fold(function, add, columns)
        with ThreadPoolExecutor(self.threads) as pool:
            parts = self._parts(columns, max(1024, BATCH // len(columns)))
            results = in_order(pool, lambda part: function(part.batch(columns)), parts, self.threads + 1)
            first = next(results, None)
            return None if first is None else reduce(add, results, first)

    def chosen(self, function: Callable[[pa.RecordBatch], Array], columns: Sequence[Column]) -> Array:
        """See `Table`."""
        if not self._holds(columns):
            return self._base.chosen(function, columns)
        parts = self._parts(columns, max(1024, BATCH // len(columns)))
        with ThreadPoolExecutor(self.threads) as pool:
            sizes = in_order(pool, lambda part: sized(function, part.batch(columns)), parts, self.threads + 1)
            return places_of(sizes)

    def rows_at(self, places: Array, columns: Sequence[Column]) -> pa.RecordBatch:
        """See `Table`."""
        held, rest = ([column for column in columns if self._holds([column]) is kind] for kind in (True, False))
        some = HeldTable(None, len(places), self.columns.taken(held, places), self.threads)
        taken = {column.name: some._arrow(column) for column in held}
        if rest:
            batch = self._base.rows_at(places, rest)
            taken |= dict(zip(batch.schema.names, batch.columns, strict=True))
        return named([taken[column.name] for column in columns], columns)

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> Table:
        """See `Table`."""
        kinds = [pa.types.is_large_string(kind) for kind in schema.types]
        if not self._holds(columns) or not is_held(self.rows, len(kinds), sum(kinds)):
            return self._base.map_batches(function, columns, schema, size, done)
        fields = [Column(name, dtype_of(kind), "") for name, kind in zip(schema.names, schema.types, strict=True)]
        with ThreadPoolExecutor(self.threads) as pool:
            parts = self._parts(columns, size)
            batches = in_order(pool, lambda part: function(part.batch(columns, nan=True)), parts, self.threads + 1)
            columns_computed = collected(_counting(batches, done), fields, self.rows, self.threads)
        return HeldTable(None, self.rows, columns_computed, self.threads)

    def held(self, columns: Sequence[Column]) -> Table:
        """See `Table`."""
        return self if self._holds(columns) else self._base.held(columns)

    def width(self) -> int:
        """See `Table`."""
        return sorted_width(self.rows)

    @property
    def _base(self) -> Table:
        if self.base is None:
            raise bug("a column is asked for that a table in memory does not have")
        return self.base

    def _holds(self, columns: Iterable[Column]) -> bool:
        return all(column.name in self.columns for column in columns)

    def _of_each(self, keys: Iterable[K], function: Callable[[K], U]) -> dict[K, U]:
        """The result for each of some columns or questions, in threads if that is worth while."""
        keys = list(keys)
        if self.threads == 1 or self.rows < PARALLEL:
            return {key: function(key) for key in keys}
        with ThreadPoolExecutor(self.threads) as pool:
            return dict(zip(keys, pool.map(function, keys), strict=True))

    def _aligned(self, column: Column) -> Aligned:
        return without_sentinels(self.columns.numbers[column.name], column)

    def _arrow(self, column: Column, *, nan: bool = False) -> pa.Array:
        """The elements of a column, null where there is no value; with `nan` NaN in a float, which is faster."""
        if column.kind.is_ordered:
            of = self._aligned(column)
            return pa.array(of[0]) if nan and column.kind.is_float else to_arrow(of, column)
        texts = self.columns.texts[column.name]
        if not column.null_values:
            return texts
        sentinels = pa.array(column.null_values, texts.type)
        return pc.if_else(pc.is_in(texts, value_set=sentinels), pa.scalar(None, texts.type), texts)

    def _ordered(self, column: Column) -> Array:
        """The values in ascending order; -0.0 and 0.0 are equal."""
        values = self._sorted.get(column)
        if values is None:
            values = sorted_values(self._aligned(column))
            if sum(map(len, list(self._sorted.values()))) + len(values) > SORTED:
                self._sorted.clear()
            self._sorted[column] = values
        return values

    def _aggregate(self, column: Column, aggregates: Sequence[Aggregate]) -> list[Any]:
        """Results about one column that is held."""
        if not column.kind.is_ordered:
            return [self._of_text(aggregate) for aggregate in aggregates]
        ordered = self._sorted.get(column)
        values = present(self._aligned(column)) if ordered is None else ordered
        return [self._of_numbers(aggregate, values, is_sorted=ordered is not None) for aggregate in aggregates]

    def _of_numbers(self, aggregate: Aggregate, values: Array, *, is_sorted: bool) -> Any:
        match aggregate.reduction:
            case "count":
                return len(values)
            case "least":
                return values.min().item() if len(values) else None
            case "greatest":
                return values.max().item() if len(values) else None
            case "equal" if is_sorted and values.dtype.kind == "f":
                value = np.float64(aggregate.value)
                return int(np.searchsorted(values, value, side="right") - np.searchsorted(values, value))
            case "equal":
                return int(np.count_nonzero(values == aggregate.value))
            case "distinct":
                ordered = self._ordered(aggregate.column)
                return int(np.count_nonzero(ordered[1:] != ordered[:-1])) + bool(len(ordered))
            case "has_nul" | "widened" | "least_widened":
                raise bug(f"`{aggregate.reduction}` is asked of {aggregate.column.label} in memory")
            case _:
                assert_never(aggregate.reduction)

    def _of_text(self, aggregate: Aggregate) -> Any:
        texts = self._arrow(aggregate.column)
        match aggregate.reduction:
            case "count":
                return len(texts) - texts.null_count
            case "has_nul":
                return bool(pc.any(pc.match_substring(texts, NUL)).as_py())
            case "distinct":
                return pc.count_distinct(texts).as_py()
            case _:
                raise bug(f"`{aggregate.reduction}` is asked of the texts of {aggregate.column.label}")

    def _counted(self, grouping: Grouping) -> pa.Table:
        """The groups of one column that is held."""
        column = grouping.column
        if column.kind.is_ordered:
            values = self._ordered(column)
            starts = _starts(values)
            values, counts = values[starts] + np.zeros(1, values.dtype), np.diff(starts, append=len(values))
        else:
            pairs = pc.value_counts(self._arrow(column).drop_null())
            values, counts = pairs.field("values"), pairs.field("counts").to_numpy(zero_copy_only=False)
        least = max(grouping.min_count, _rank(counts, grouping.limit))
        kept = np.flatnonzero(counts >= least)
        values = pa.array(values, ARROW[column.dtype]) if column.kind.is_ordered else values
        return pa.table({"k": pa.array(np.zeros(len(kept), np.int32)), "v": values.take(kept), "n": counts[kept]})

    def _parts(self, columns: Sequence[Column], size: int) -> Iterator[HeldTable]:
        """The rows of some columns in order. A thread that has a part makes a batch of it."""
        for start in range(0, self.rows, size):
            rows = min(size, self.rows - start)
            yield HeldTable(None, rows, self.columns.part(columns, start, start + rows), self.threads)

    def batch(self, columns: Sequence[Column], *, nan: bool = False) -> pa.RecordBatch:
        """All rows of some columns."""
        names = [f"c{k}" for k in range(len(columns))]
        return pa.record_batch([self._arrow(column, nan=nan) for column in columns], names)


@dataclass(frozen=True, eq=False)
class HeldData(HeldTable):
    """The rows of a source with some of its columns in memory."""

    data: Data = field(kw_only=True)

    @property
    def source(self) -> Source:
        """See `Data`."""
        return self.data.source

    @property
    def inputs(self) -> tuple[Input, ...]:
        """See `Data`."""
        return self.data.inputs

    @property
    def has_where(self) -> bool:
        """See `Data`."""
        return self.data.has_where

    def unfiltered(self) -> Table:
        """See `Data`."""
        return self.data.unfiltered()

    def find(self, condition: Condition, skip: int = 0) -> LocatedRow:
        """See `Data`."""
        return self.data.find(condition, skip)

    def is_constant(self, name: str) -> bool:
        """See `Data`."""
        if name not in self.columns.texts:
            return self.data.is_constant(name)
        texts = self.columns.texts[name]
        return bool(pc.all(pc.equal(texts, texts[0])).as_py())

    def narrow(self) -> Collection[str]:
        """See `Data`."""
        return self.data.narrow()

    def keys(self) -> Collection[str] | None:
        """See `Data`."""
        return self.data.keys()

    def cached(self) -> Data:
        """See `Data`."""
        return self

    def batches(self, names: Sequence[str], size: int) -> Generator[pa.RecordBatch, None, None]:
        """See `Data`."""
        return self.data.batches(names, size)

    def kept_schema(self) -> pa.Schema:
        """See `Data`."""
        return self.data.kept_schema()


def _counting(batches: Iterator[pa.RecordBatch], done: Callable[[int], None]) -> Iterator[pa.RecordBatch]:
    """The same batches. `done` is called with the rows so far, to which the row of a RowRefusedError is added."""
    rows = 0
    try:
        for batch in batches:
            yield batch
            rows += batch.num_rows
            done(rows)
    except RowRefusedError as error:
        raise RowRefusedError(rows + error.row, error.why) from None


def _starts(values: Array) -> Array:
    """Where the runs of equal values of a sorted column start."""
    return np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1]])) if len(values) else np.array([], int)


def _rank(counts: Array, limit: int | None) -> int:
    """The count of the last of the first `limit` values by count; 0 if there are not so many."""
    if limit is None or limit >= len(counts):
        return 0
    return int(np.partition(counts, len(counts) - limit)[len(counts) - limit]) if limit else int(counts.max()) + 1
