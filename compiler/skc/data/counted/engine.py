"""Rows of which only what statistics depend on is known, as an `skc.data.engine.Engine`: fitting learns from it what it
would learn from the rows.

Some columns together are a table of their distinct rows; of others a few aggregates and sums are known. Whether that is
enough for a pipeline is decided before: see `skc.state`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, TypeVar

import pyarrow as pa

from skc.data.arrays import columns_of
from skc.data.counted.table import CountedTable
from skc.data.engine import (
    Aggregate,
    Bins,
    Column,
    Condition,
    Grouping,
    Groups,
    Layout,
    LocatedRow,
    OpenEngine,
    Places,
    Stored,
    Table,
    Term,
)
from skc.data.held import sorted_width
from skc.data.sampling import sampled
from skc.data.sources import Source
from skc.diagnostics import SkcError, bug
from skc.ir import DataSource, Input
from skc.values.types import Scalar
from skc_runtime.kinds import Array

PLACE = "the merged rows"  # whose files and numbers are not known
T = TypeVar("T")


@dataclass(frozen=True)
class Known:
    """What is known of the rows besides `tables`, which are by the names of their columns.

    `rows` is their number, `aggregates` and `sums` (of columns) are of single columns, `narrow` and `keys` as in
    `Data`, `constant` names the texts that are the same in all rows. `before` has the aggregates of all rows that
    `where` selected from, and their number; None without `where`. `whole` names the columns of the table that rows are
    taken from; if there is none, `sample` is a sample of all rows.
    """

    rows: int
    tables: Mapping[frozenset[str], CountedTable]
    aggregates: Mapping[Aggregate, Any] = field(default_factory=dict)
    sums: Mapping[Column, Fraction] = field(default_factory=dict)
    narrow: Collection[str] = ()
    keys: Collection[str] | None = None
    constant: Collection[str] = ()
    before: tuple[int, Mapping[Aggregate, Any]] | None = None
    whole: frozenset[str] = frozenset()
    sample: pa.RecordBatch | None = None


@dataclass(frozen=True, eq=False)
class KnownData:
    """See `skc.data.engine.Data`."""

    source: Source
    inputs: tuple[Input, ...]
    known: Known

    @property
    def has_where(self) -> bool:
        """See `Data`."""
        return self.known.before is not None

    def unfiltered(self) -> Table:
        """See `Data`."""
        if self.known.before is None:
            return self
        rows, aggregates = self.known.before
        return replace(self, known=Known(rows, {}, aggregates))

    def table(self, columns: Iterable[Column]) -> CountedTable:
        """The smallest table with these columns."""
        names = frozenset(column.name for column in columns)
        able = [table for of, table in self.known.tables.items() if names <= of]
        if not able:
            raise unknown(names)
        return min(able, key=lambda table: len(table.columns))

    def _has(self, column: Column) -> bool:
        return any(column.name in names for names in self.known.tables)

    def count(self) -> int:
        """See `Table`."""
        return self.known.rows

    def aggregate(self, aggregates: Sequence[Aggregate]) -> list[Any]:
        """See `Table`."""
        by_column: dict[Column, list[Aggregate]] = {}
        for a in dict.fromkeys(aggregates):
            by_column.setdefault(a.column, []).append(a)
        results: dict[Aggregate, Any] = {}
        for column, of_column in by_column.items():
            if self._has(column):
                results |= zip(of_column, self.table([column]).aggregate(of_column), strict=True)
            elif all(a in self.known.aggregates for a in of_column):
                results |= {a: self.known.aggregates[a] for a in of_column}
            else:
                raise unknown([column.name])
        return [results[a] for a in aggregates]

    def sums(self, terms: Sequence[Term]) -> list[Fraction]:
        """See `Table`."""
        return [self._sum(term) for term in terms]

    def _sum(self, term: Term) -> Fraction:
        is_known = isinstance(term.of, Column) and term.of in self.known.sums
        if is_known and not self._has(term.of):  # type: ignore[arg-type]  # it is a column
            return self.known.sums[term.of]  # type: ignore[index]  # likewise
        return self.table(columns_of([term])).sums([term])[0]

    def groups(self, groupings: Mapping[str, Grouping]) -> Iterator[Groups]:
        """See `Table`."""
        for key, grouping in groupings.items():
            yield from self.table([grouping.column]).groups({key: grouping})

    def places(self, requests: Mapping[str, Places]) -> dict[str, dict[int, Scalar]]:
        """See `Table`."""
        return {key: self.table([one.column]).places({key: one})[key] for key, one in requests.items()}

    def bins(self, requests: Mapping[str, Bins]) -> dict[str, tuple[int, ...]]:
        """See `Table`."""
        return {key: self.table([one.column]).bins({key: one})[key] for key, one in requests.items()}

    def complete(self, columns: Sequence[Column]) -> CountedTable:
        """See `Table`."""
        return self.table(columns).complete(columns)

    def fold(
        self, function: Callable[[pa.RecordBatch], T], add: Callable[[T, T], T], columns: Sequence[Column]
    ) -> T | None:
        """See `Table`."""
        return self.table(columns).fold(function, add, columns)

    def chosen(self, function: Callable[[pa.RecordBatch], Array], columns: Sequence[Column]) -> Array:
        """See `Table`. The places are those of one table."""
        return self._whole().chosen(function, columns)

    def rows_at(self, places: Array, columns: Sequence[Column]) -> pa.RecordBatch:
        """See `Table`."""
        return self._whole().rows_at(places, columns)

    def drawn(self, columns: Sequence[Column], size: int) -> pa.RecordBatch:
        """See `DrawsSample`."""
        if self.known.sample is not None:
            return self.known.sample.select([column.name for column in columns])
        return sampled(self._whole(), columns, size)

    def _whole(self) -> CountedTable:
        if self.known.whole not in self.known.tables:
            raise unknown(self.known.whole)
        return self.known.tables[self.known.whole]

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> Table:
        """See `Table`."""
        return self.table(columns).map_batches(function, columns, schema, size, done)

    def held(self, columns: Sequence[Column]) -> Table:
        """See `Table`."""
        return self

    def width(self) -> int:
        """See `Table`."""
        return sorted_width(self.count())

    def find(self, condition: Condition, skip: int = 0) -> LocatedRow:
        """See `Data`. It is not known where a row came from."""
        return LocatedRow(PLACE, {})

    def is_constant(self, name: str) -> bool:
        """See `Data`."""
        return name in self.known.constant

    def narrow(self) -> Collection[str]:
        """See `Data`. Only those whose values can be looked at."""
        return [name for name in self.known.narrow if any(name in names for names in self.known.tables)]

    def keys(self) -> Collection[str] | None:
        """See `Data`."""
        return self.known.keys

    def cached(self) -> KnownData:
        """See `Data`."""
        return self

    def batches(self, names: Sequence[str], size: int) -> Generator[pa.RecordBatch, None, None]:
        """See `Data`."""
        raise bug("rows that were merged are asked for in order")

    def kept_schema(self) -> pa.Schema:
        """See `Data`."""
        return pa.schema([])


def unknown(names: Iterable[str]) -> SkcError:
    """What is asked of columns that are not known together: what is missing is refused before fitting."""
    return bug(f"what is known of rows does not have the values of {', '.join(sorted(names))}")


@dataclass(frozen=True)
class KnownEngine:
    """See `skc.data.engine.Engine`."""

    known: Known

    def load(
        self, source: Source, inputs: tuple[Input, ...], declared: DataSource, keep: Sequence[str] = ()
    ) -> KnownData:
        """See `Engine`."""
        return KnownData(source, inputs, self.known)

    def columns(self, source: Source) -> tuple[Stored, ...]:
        """See `Engine`."""
        raise bug("the columns of rows that were merged are asked for")

    def layout(self, lines: str) -> Layout | None:
        """See `Engine`."""
        return None


def engine_of_known(known: Known) -> OpenEngine:
    """What opens an engine that knows this, and no more."""

    @contextmanager
    def open_known(threads: int | None, memory_limit: str) -> Iterator[KnownEngine]:
        yield KnownEngine(known)

    return open_known
