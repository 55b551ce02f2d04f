"""A DuckDB table as an `skc.data.engine.Table`: SQL text for many columns per query.

An engine sorts or hashes one column at a time anyway, so places and groups take one query for each column of a tall
table. For a short one, where writing and planning queries would take longer than running them, a query takes as many
columns as fit.

Why SQL text: it is written in microseconds per column, whatever an expression library would take to translate it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial, reduce
from pathlib import Path
from typing import Any, TypeVar, assert_never

import pyarrow as pa

from skc.data.arrays import (
    Columns,
    TermSums,
    added,
    collected,
    columns_of,
    named,
    names_to_hold,
    nan_as_null,
    places_of,
    sized,
)
from skc.data.duckdb.columns import holds_nul, normal, ordered, values
from skc.data.duckdb.connection import AT_ONCE, Database, engine_errors, identifier, scalar
from skc.data.duckdb.grouping import groups_of
from skc.data.duckdb.long_form import Stacked, stacks
from skc.data.engine import Aggregate, Bins, Column, Grouping, Groups, Places, RowRefusedError, Table, Term
from skc.data.held import HeldTable, sorted_width
from skc.data.pools import in_order
from skc.values.types import Scalar
from skc_runtime.kinds import Array

BOUNDS = 3 * AT_ONCE  # aggregates in one query
HISTOGRAMS = 32  # in one query, each with up to a hundred edges as literals
DISTINCT = 16  # in one query: each takes a table of its own
FOLDED = 1 << 22  # values per batch of a fold
FETCHED = 1 << 23  # values read into memory by one query: the engine takes as much again for more than these
BATCH = 1 << 20  # values per batch of them
COUNTING, COMPUTING = "counting the training rows failed", "computing statistics of the training rows failed"
T = TypeVar("T")


@dataclass(frozen=True)
class DuckTable:
    """A table or view of a database."""

    database: Database
    name: str

    @property
    def sql(self) -> str:
        """The name as SQL."""
        return identifier(self.name)

    @cached_property
    def _rows(self) -> int:
        with engine_errors(COUNTING):
            return int(self.database.execute(f"SELECT count(*) FROM {self.sql}")[0][0])

    def count(self) -> int:
        """See `Table`."""
        return self._rows

    def aggregate(self, aggregates: Sequence[Aggregate]) -> list[Any]:
        """See `Table`."""
        with engine_errors(COUNTING):
            results = {
                kind: iter(self._row([_aggregate(a) for a in aggregates if (a.reduction == "distinct") is kind], most))
                for kind, most in ((False, BOUNDS), (True, DISTINCT))
            }
        return [next(results[a.reduction == "distinct"]) for a in aggregates]

    def _row(self, expressions: Sequence[str], limit: int) -> list[Any]:
        """The results of aggregations, at most `most` per query."""
        results: list[Any] = []
        for start in range(0, len(expressions), limit):
            chunk = ", ".join(expressions[start : start + limit])
            results += self.database.execute(f"SELECT {chunk} FROM {self.sql}")[0]
        return results

    def sums(self, terms: Sequence[Term]) -> list[Fraction]:
        """See `Table`."""
        columns = columns_of(terms)
        totals = self.fold(TermSums(columns, tuple(terms)), added, columns) if terms else ()
        return [Fraction(0)] * len(terms) if totals is None else list(totals)

    def groups(self, groupings: Mapping[str, Grouping]) -> Iterator[Groups]:
        """See `Table`."""
        if not groupings:
            return
        with engine_errors(COMPUTING):
            yield from groups_of(self.database, self.sql, self._rows, groupings)

    def places(self, requests: Mapping[str, Places]) -> dict[str, dict[int, Scalar]]:
        """See `Table`."""
        results: dict[str, dict[int, Scalar]] = {key: {} for key in requests}
        with engine_errors(COMPUTING):
            for is_float in (True, False):  # only values of one type can be sorted together
                chunk = {key: p for key, p in requests.items() if (p.column.kind.is_float) == is_float and p.at}
                for stack in stacks(self.sql, {key: ordered(p.column) for key, p in chunk.items()}, self._rows):
                    self._add_places(stack, chunk, results)
        return results

    def _add_places(
        self, stack: Stacked, requests: Mapping[str, Places], results: Mapping[str, dict[int, Scalar]]
    ) -> None:
        """Sort the stacked columns, and take the values at the wanted places of each."""
        starts = itertools.accumulate((requests[key].count for key in stack.keys), initial=0)
        positions = [
            (start + i, key, i) for key, start in zip(stack.keys, starts, strict=False) for i in requests[key].at
        ]
        name = self.database.new_name("places")  # a table, since a list of 200,000 literals takes minutes to plan
        self.database.register(name, pa.table({"i": pa.array([position for position, _, _ in positions], pa.int64())}))
        numbered = f"SELECT v, row_number() OVER (ORDER BY k, v) - 1 AS i FROM ({stack.sql})"
        rows = self.database.run(f"SELECT i, v FROM ({numbered}) SEMI JOIN {identifier(name)} USING (i)")
        by_position = dict(zip(rows["i"].to_pylist(), rows["v"].to_pylist(), strict=True))
        for position, key, i in positions:
            results[key][i] = by_position[position]

    def bins(self, requests: Mapping[str, Bins]) -> dict[str, tuple[int, ...]]:
        """See `Table`."""
        with engine_errors(COUNTING):
            histograms = self._row([_histogram(bins) for bins in requests.values()], HISTOGRAMS)
        return {
            key: _counts(bins, histogram) for (key, bins), histogram in zip(requests.items(), histograms, strict=True)
        }

    def complete(self, columns: Sequence[Column]) -> DuckTable:
        """See `Table`."""
        name = self.database.new_name("complete")
        present = " AND ".join(f"({values(column)}) IS NOT NULL" for column in columns)
        with engine_errors(COMPUTING):
            self.database.execute(f"CREATE TEMP VIEW {identifier(name)} AS SELECT * FROM {self.sql} WHERE {present}")
        return DuckTable(self.database, name)

    def fold(
        self, function: Callable[[pa.RecordBatch], T], add: Callable[[T, T], T], columns: Sequence[Column]
    ) -> T | None:
        """See `Table`."""
        batches = self.database.batches(self._select(columns), max(1024, FOLDED // len(columns)))
        with engine_errors(COMPUTING), closing(batches), ThreadPoolExecutor(self.database.threads) as pool:
            results = in_order(pool, function, batches, self.database.threads + 1)
            first = next(results, None)
            return None if first is None else reduce(add, results, first)

    def chosen(self, function: Callable[[pa.RecordBatch], Array], columns: Sequence[Column]) -> Array:
        """See `Table`."""
        batches = self.database.batches(self._select(columns), max(1024, FOLDED // len(columns)))
        with engine_errors(COMPUTING), closing(batches), ThreadPoolExecutor(self.database.threads) as pool:
            return places_of(in_order(pool, partial(sized, function), batches, self.database.threads + 1))

    def rows_at(self, places: Array, columns: Sequence[Column]) -> pa.RecordBatch:
        """See `Table`. Only these rows become Arrow: converting texts takes longer than reading them."""
        name = self.database.new_name("rows")
        self.database.register(name, pa.table({"i": pa.array(places, pa.int64())}))
        chosen = f"SELECT * FROM ({self._numbered(columns)}) SEMI JOIN {identifier(name)} USING (i)"
        with engine_errors(COMPUTING):
            table = self.database.run(chosen).sort_by("i").combine_chunks()
        return named([column.combine_chunks() for column in table.columns[:-1]], columns)

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> DuckTable:
        """See `Table`. The new table is a file that is mapped into memory."""
        file = self.database.folder / f"{self.database.new_name('stage')}.arrow"
        batches = self.database.batches(self._select(columns), size)
        rows = 0
        with (
            engine_errors("running the training rows through the graph failed"),
            closing(batches),
            ThreadPoolExecutor(self.database.threads) as pool,
            pa.OSFile(str(file), "wb") as sink,
            pa.ipc.new_file(sink, schema) as writer,
        ):
            try:
                for batch in in_order(pool, function, batches, self.database.threads + 1):
                    writer.write_batch(nan_as_null(batch))
                    rows += batch.num_rows
                    done(rows)
            except RowRefusedError as error:
                raise RowRefusedError(rows + error.row, error.why) from None
        return _mapped(self.database, file)

    def held(self, columns: Sequence[Column]) -> Table:
        """See `Table`."""
        held = self.in_memory(columns)
        return HeldTable(self, self._rows, held, self.database.threads) if held else self

    def width(self) -> int:
        """See `Table`."""
        return sorted_width(self._rows)

    def in_memory(self, columns: Sequence[Column]) -> Columns:
        """Those of the columns that fit into memory."""
        names = set(names_to_hold(self._rows, columns))
        by_name = {column.name: replace(column, null_values=()) for column in columns if column.name in names}
        chosen = list(by_name.values())
        held, width = Columns({}, {}), max(1, FETCHED // max(1, self._rows))
        with engine_errors(COMPUTING):
            for start in range(0, len(chosen), width):
                part = chosen[start : start + width]
                with closing(
                    self.database.batches(self._select(part, self._for_memory(part)), max(1024, BATCH // len(part)))
                ) as batches:
                    held = held.with_others(collected(batches, part, self._rows, self.database.threads))
        return held

    def _for_memory(self, columns: Sequence[Column]) -> str:
        """These columns of all rows, where NaN may be null, as SQL."""
        return self.sql

    def _numbered(self, columns: Sequence[Column]) -> str:
        """A query for columns, and the place of each row as `i`."""
        return f"SELECT *, row_number() OVER () - 1 AS i FROM ({self._select(columns)})"

    def _select(self, columns: Sequence[Column], rows: str | None = None) -> str:
        """A query for columns, in order."""
        return f"SELECT {listed(columns)} FROM {rows or self.sql}"


def listed(columns: Sequence[Column]) -> str:
    """Columns as the list of a query, in order."""
    return ", ".join(f"{values(column)} AS c{k}" for k, column in enumerate(columns))


def _aggregate(aggregate: Aggregate) -> str:
    sql = values(aggregate.column)
    match aggregate.reduction:
        case "count":
            return f"count({sql})"
        case "least" | "greatest":
            bound = "min" if aggregate.reduction == "least" else "max"
            if aggregate.column.dtype == "bool":
                return f"CAST({bound}(CAST({sql} AS TINYINT)) AS BOOLEAN)"
            return f"{bound}({sql})"
        case "has_nul":
            return f"coalesce(bool_or({holds_nul(sql)}), false)"
        case "distinct":
            return f"count(DISTINCT {normal(aggregate.column)})"
        case "equal":
            return f"count(*) FILTER ({sql} = {scalar(aggregate.value)})"
        case "widened":
            return f"count(*) FILTER ({_is_widened(sql)})"
        case "least_widened":
            return f"min({sql}) FILTER ({_is_widened(sql)})"
        case _:
            assert_never(aggregate.reduction)


def _histogram(bins: Bins) -> str:
    """The number of values, and of those up to each edge by edge. Values above the last edge are left out, since the
    engine counts them under a key that may be an edge.
    """
    sql = ordered(bins.column)
    if not bins.edges:
        return f"struct_pack(total := count({sql}), by_edge := NULL)"
    edges = ", ".join(map(scalar, bins.edges))
    counted = f"histogram({sql}, [{edges}]) FILTER ({sql} <= {scalar(bins.edges[-1])})"
    return f"struct_pack(total := count({sql}), by_edge := {counted})"


def _counts(bins: Bins, histogram: Mapping[str, Any]) -> tuple[int, ...]:
    by_edge = histogram["by_edge"] or {}
    counts = [int(by_edge.get(edge, 0)) for edge in bins.edges]
    return (*counts, int(histogram["total"]) - sum(counts))


def _is_widened(sql: str) -> str:
    """Whether the float64 is a float32, but not the float64 with the same shortest digits."""
    single = f"TRY_CAST({sql} AS FLOAT)"
    return f"CAST({single} AS DOUBLE) = {sql} AND CAST(CAST({single} AS VARCHAR) AS DOUBLE) <> {sql}"


def _mapped(database: Database, file: Path) -> DuckTable:
    """The written file, mapped into memory: the engine reads it without a copy, and the system can drop pages."""
    name = database.new_name("stage")
    database.register(name, pa.ipc.open_file(pa.memory_map(str(file))).read_all())
    with suppress(OSError):  # the map keeps the rows, and a kill then leaves none; Windows keeps the name too
        file.unlink()
    return DuckTable(database, name)
