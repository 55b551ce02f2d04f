"""A query in Postgres as an `skc.data.engine.Table`: SQL text, as for DuckDB, in the dialect of Postgres.

Only what is asked for comes here: one number, or distinct values with their counts; the rows of a column never do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, TypeVar, assert_never

import numpy as np
import pyarrow as pa

from skc.data.arrays import TermSums, named
from skc.data.blocks import DeviationProducts
from skc.data.counted.table import CountedTable
from skc.data.engine import ARROW, Aggregate, Bins, Column, Grouping, Groups, Places, Table, Term
from skc.data.held import sorted_width
from skc.data.postgres.capabilities import not_exact
from skc.data.postgres.columns import normal, ordered, summand, values
from skc.data.postgres.connection import Connection, database_errors, scalar
from skc.data.postgres.counts import distinct_rows
from skc.data.postgres.folds import groups_of, products_of
from skc.data.postgres.sample import sample_of
from skc.data.postgres.sums import exact_sums
from skc.data.targets import GroupSums
from skc.diagnostics import SkcError, Span, bug
from skc.values.types import Scalar
from skc_runtime.kinds import LARGEST_FLOAT32, Array

COLUMNS = 500  # results of one query: Postgres has at most 1,664
COUNTING, COMPUTING = "counting the training rows failed", "computing statistics of the training rows failed"
LEAST_FLOAT32 = 2.0**-149
T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class PostgresTable:
    """Typed rows; `sql` can be written after FROM, and messages call them `label`."""

    connection: Connection
    sql: str
    label: str
    span: Span | None

    @cached_property
    def _rows(self) -> int:
        with database_errors(COUNTING, span=self.span):
            return int(self.connection.execute(f"SELECT count(*) FROM {self.sql}")[0][0])

    def count(self) -> int:
        """See `Table`."""
        return self._rows

    def aggregate(self, aggregates: Sequence[Aggregate]) -> list[Any]:
        """See `Table`."""
        with database_errors(COUNTING, span=self.span):
            return self._row([_aggregate(aggregate) for aggregate in aggregates])

    def _row(self, expressions: Sequence[str]) -> list[Any]:
        """The results of aggregations."""
        results: list[Any] = []
        for start in range(0, len(expressions), COLUMNS):
            chunk = ", ".join(expressions[start : start + COLUMNS])
            results += self.connection.execute(f"SELECT {chunk} FROM {self.sql}")[0]
        return results

    def sums(self, terms: Sequence[Term]) -> list[Fraction]:
        """See `Table`."""
        columns = [term.of for term in terms if isinstance(term.of, Column)]
        whole = dict.fromkeys(column for column in columns if not column.kind.is_float)
        floats = dict.fromkeys(Term(column) for column in columns if column.kind.is_float)
        squares = dict.fromkeys(term for term in terms if not isinstance(term.of, Column))
        with database_errors(COMPUTING, span=self.span):
            integers = self._row([f"sum({_whole(column)})" for column in whole])
            known = {Term(c): Fraction(int(one or 0)) for c, one in zip(whole, integers, strict=True)}
            for chosen, squared in ((floats, False), (squares, True)):
                sums = exact_sums(self.connection, self.sql, list(map(summand, chosen)), squared=squared)
                known |= dict(zip(chosen, sums, strict=True))
        return [known[term] for term in terms]

    def groups(self, groupings: Mapping[str, Grouping]) -> Iterator[Groups]:
        """See `Table`."""
        for key, grouping in groupings.items():
            with database_errors(COMPUTING, span=self.span):
                yield Groups((key,), self._counted(grouping))

    def _counted(self, grouping: Grouping) -> pa.Table:
        kind = ARROW[grouping.column.dtype]
        parts = [[pa.array([], kind), pa.array([], pa.int64())]]
        for chunk in self.connection.chunks(_groups(self.sql, grouping)):
            parts.append(
                [pa.array(one, to) for one, to in zip(zip(*chunk, strict=True), (kind, pa.int64()), strict=True)]
            )
        different, counts = (pa.concat_arrays(arrays) for arrays in zip(*parts, strict=True))
        return pa.table({"k": pa.array(np.zeros(len(counts), np.int32)), "v": different, "n": counts})

    def places(self, requests: Mapping[str, Places]) -> dict[str, dict[int, Scalar]]:
        """See `Table`."""
        with database_errors(COMPUTING, span=self.span):
            return {
                key: dict(self.connection.execute(_places(self.sql, p))) if p.at else {} for key, p in requests.items()
            }

    def bins(self, requests: Mapping[str, Bins]) -> dict[str, tuple[int, ...]]:
        """See `Table`."""
        if not requests:
            return {}
        buckets = ", ".join(f"({k}, {_bucket(bins)})" for k, bins in enumerate(requests.values()))
        stacked = f"{self.sql} CROSS JOIN LATERAL (VALUES {buckets}) AS buckets (k, b)"
        query = f"SELECT buckets.k, buckets.b, count(*) FROM {stacked} WHERE buckets.b IS NOT NULL GROUP BY 1, 2"
        counts = {key: [0] * (len(bins.edges) + 1) for key, bins in requests.items()}
        keys = list(requests)
        with database_errors(COUNTING, span=self.span):
            for k, bucket, count in self.connection.execute(query):
                counts[keys[k]][bucket] = count
        return {key: tuple(of_key) for key, of_key in counts.items()}

    def complete(self, columns: Sequence[Column]) -> PostgresTable:
        """See `Table`."""
        present = " AND ".join(f"({values(column)}) IS NOT NULL" for column in columns)
        return PostgresTable(self.connection, _filtered(self.sql, present), self.label, self.span)

    def fold(
        self, function: Callable[[pa.RecordBatch], T], add: Callable[[T, T], T], columns: Sequence[Column]
    ) -> T | None:
        """See `Table`. A database runs no functions of Python: those that add up numbers are computed in SQL."""
        if not self.count():
            return None
        with database_errors(COMPUTING, span=self.span):
            match function:
                case TermSums():
                    result: Any = tuple(self.sums(function.terms))
                case DeviationProducts():
                    result = products_of(self.connection, self.sql, function, columns)
                case GroupSums():
                    result = groups_of(self.connection, self.sql, function, columns)
                case _:
                    raise bug(f"a database is given {type(function).__name__} to run")
        return result  # type: ignore[no-any-return]  # it is what the function gives

    def chosen(self, function: Callable[[pa.RecordBatch], Array], columns: Sequence[Column]) -> Array:
        """See `Table`. Rows have no places."""
        raise bug("rows of a database are asked for by what a function says of them")

    def rows_at(self, places: Array, columns: Sequence[Column]) -> pa.RecordBatch:
        """See `Table`. Rows have no places."""
        raise bug("rows of a database are asked for by their places")

    def drawn(self, columns: Sequence[Column], size: int) -> pa.RecordBatch:
        """See `RunsNoPython`."""
        with database_errors(COMPUTING, span=self.span):
            rows = self.connection.execute(sample_of(self.sql, columns, size, self.count())) if columns else []
        by_column = zip(*rows, strict=True) if rows else ((),) * len(columns)
        arrays = [pa.array(cells, ARROW[c.dtype]) for c, cells in zip(columns, by_column, strict=True)]
        return named(arrays, columns)

    def distinct(self, columns: Sequence[Column]) -> CountedTable:
        """See `RunsNoPython`."""
        with database_errors(COMPUTING, span=self.span):
            return distinct_rows(self.connection, self.sql, columns, self.span)

    def refused_ages(self, event: str, span: Span | None) -> SkcError:
        """See `RunsNoPython`."""
        return not_exact("values from after their label", f"`event_time` is `{event}`", span)

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> Table:
        """See `Table`. The function runs here, on distinct rows."""
        return self.distinct(columns).map_batches(function, columns, schema, size, done)

    def held(self, columns: Sequence[Column]) -> PostgresTable:
        """See `Table`. Nothing is held."""
        return self

    def width(self) -> int:
        """See `Table`."""
        return sorted_width(self.count())


def _filtered(rows: str, condition: str) -> str:
    return f"(SELECT * FROM {rows} WHERE {condition}) AS rows"


def _whole(column: Column) -> str:
    """What to sum: the result is a `numeric`, or an int8 for bools."""
    return f"({values(column)})::int" if column.dtype == "bool" else values(column)


def _aggregate(aggregate: Aggregate) -> str:
    sql = values(aggregate.column)
    match aggregate.reduction:
        case "count":
            return f"count({sql})"
        case "least" | "greatest":
            bound = "min" if aggregate.reduction == "least" else "max"
            if aggregate.column.dtype == "bool":
                return f"{bound}(({sql})::int)::bool"
            return f"{bound}({sql})"
        case "has_nul":
            return "false"  # Postgres stores none
        case "distinct":
            return f"count(DISTINCT {normal(aggregate.column)})"
        case "equal":
            assert aggregate.value is not None
            return f"count(*) FILTER (WHERE {sql} = {scalar(aggregate.value)})"
        case "widened":
            return f"count(*) FILTER (WHERE {_is_widened(sql)})"
        case "least_widened":
            return f"min({sql}) FILTER (WHERE {_is_widened(sql)})"
        case _:
            assert_never(aggregate.reduction)


def _is_widened(sql: str) -> str:
    """Whether the float64 is a float32, but not the float64 with the same shortest digits. A cast that overflows or
    underflows would be an error.
    """
    single = f"({sql})::float4"
    fits = f"abs({sql}) BETWEEN {scalar(LEAST_FLOAT32)} AND {scalar(LARGEST_FLOAT32)}"
    return f"CASE WHEN {fits} THEN {single}::float8 = {sql} AND {single}::text::float8 <> {sql} ELSE false END"


def _groups(rows: str, grouping: Grouping) -> str:
    having = f" HAVING count(*) >= {grouping.min_count}" if grouping.min_count > 1 else ""
    present = f"SELECT {normal(grouping.column)} AS v FROM {rows}"
    groups = f"SELECT v, count(*) AS n FROM ({present}) AS s WHERE v IS NOT NULL GROUP BY v{having}"
    if grouping.limit is None:
        return groups
    ranked = f"SELECT v, n, rank() OVER (ORDER BY n DESC) AS r FROM ({groups}) AS s"
    return f"SELECT v, n FROM ({ranked}) AS s WHERE r <= {grouping.limit}"


def _places(rows: str, places: Places) -> str:
    present = f"SELECT {ordered(places.column)} AS v FROM {rows}"
    numbered = f"SELECT v, row_number() OVER (ORDER BY v) - 1 AS i FROM ({present}) AS s WHERE v IS NOT NULL"
    return f"SELECT i, v FROM ({numbered}) AS s WHERE i IN ({', '.join(map(str, places.at))})"


def _bucket(bins: Bins) -> str:
    """How many edges are less than a value: `width_bucket` counts those that are not greater, so it is given the next
    values instead. Nothing exceeds an edge that is the last of its type.
    """
    sql, is_float = ordered(bins.column), bins.column.kind.is_float
    following = [math.nextafter(edge, math.inf) if is_float else int(edge) + 1 for edge in bins.edges]
    last = math.inf if is_float else 2**63 - 1
    edges = ", ".join(repr(one) for one, edge in zip(following, bins.edges, strict=True) if edge != last)
    kind = "float8" if is_float else "int8"
    return f"CASE WHEN {sql} IS NOT NULL THEN width_bucket(({sql})::{kind}, '{{{edges}}}'::{kind}[]) END"
