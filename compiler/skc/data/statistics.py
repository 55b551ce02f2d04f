"""The statistics of `skc.stats.requests`, computed in SQL, many columns per query.

Each answer equals the written definition to the last bit, whatever the order of rows, the threads or the storage.
One query counts and bounds all columns, one adds up all means, one all variances. An engine sorts or hashes one column
at a time anyway, so quantiles and value counts take one query for each column of a tall table; of a short one, where
writing and planning queries would take longer than running them, for as many as VALUES allow.

Why SQL text: it is written in microseconds per column. As expressions of Ibis, a table of 1,000 columns took minutes to
be translated and planned.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyarrow as pa

from skc.data.duckdb.connection import AT_ONCE, Database, engine_errors, identifier, number
from skc.data.duckdb.exact_sum import Term, exact_sums
from skc.data.duckdb.long_form import Stacked, stacks
from skc.data.duckdb.value_counts import Counted, Counting, count_values
from skc.diagnostics import SkcError, Span, bug, fail
from skc.stats.requests import (
    Count,
    DistinctCount,
    Levels,
    Max,
    Mean,
    Min,
    NullCount,
    Quantiles,
    Stat,
    ValueCounts,
    Variance,
)
from skc.values.types import DType

Answers = dict[Stat, Any]
ORDERED: tuple[DType, ...] = ("float64", "int64", "timestamp", "date", "bool")
NUL = "\0"


@dataclass(frozen=True)
class Column:
    """A column of the engine's table, as SQL: null where there is no value, never NaN. Messages call it `label`."""

    values: str
    dtype: DType
    label: str
    span: Span | None = None

    @property
    def normal(self) -> str:
        """The values with 0.0 for -0.0."""
        zero = number(0.0)
        is_float = self.dtype == "float64"
        return f"CASE WHEN {self.values} = {zero} THEN {zero} ELSE {self.values} END" if is_float else self.values

    @property
    def ordered(self) -> str:
        """The values as numbers."""
        return f"CAST({self.values} AS TINYINT)" if self.dtype == "bool" else self.normal


@dataclass(frozen=True)
class Summary:
    """How many rows and values a column has, and its bounds; None for strings and where there is no value.

    `has_nul` says that a string contains a NUL. `counts` are those of all its values, where the summary had to count
    them.
    """

    rows: int
    count: int
    low: Any = None
    high: Any = None
    has_nul: bool = False
    counts: Counted | None = None

    @property
    def nulls(self) -> int:
        return self.rows - self.count

    @property
    def infinite(self) -> bool:
        """There is an infinity among the values."""
        return any(isinstance(v, float) and math.isinf(v) for v in (self.low, self.high))


def summarise(
    database: Database, table: str, columns: Mapping[str, Column], counted: Collection[str] = ()
) -> tuple[int, dict[str, Summary]]:
    """The number of rows of `table` and the summary of every column; a column under two keys counts once.

    One query for all of them, and one for each key of `counted`: columns that somebody will ask for `ValueCounts()`
    anyway, which says how many values there are too. Reading long strings twice would double the time, and so would
    looking for a NUL in each of them where the distinct ones are at hand.
    """
    distinct = {id(column): column for column in columns.values()}
    once = {id(columns[key]) for key in counted if columns[key].dtype not in ORDERED}
    bounded = [(i, column) for i, column in distinct.items() if i not in once]
    with engine_errors("counting the training rows failed"):
        found = database.row(f"SELECT count(*) AS rows FROM {table}")
        for start in range(0, len(bounded), AT_ONCE):
            wanted = ", ".join(
                f"{sql} AS {name}" for i, column in bounded[start : start + AT_ONCE] for name, sql in _bounds(i, column)
            )
            found |= database.row(f"SELECT {wanted} FROM {table}")
        rows = int(found["rows"])
        strings = {str(i): Counting(distinct[i].values, distinct[i].dtype, ValueCounts()) for i in once}
        counts = count_values(database, table, rows, strings)
    made = {i: _summary_of(rows, found, i, c) for i, c in bounded}
    made |= {int(i): _summary_of_counts(rows, pairs) for i, pairs in counts.items()}
    return rows, {key: made[id(column)] for key, column in columns.items()}


def _bounds(i: int, column: Column) -> Iterator[tuple[str, str]]:
    """The name and the SQL of what the summary of column `i` is made of."""
    yield f"n{i}", f"count({column.values})"
    if column.dtype in ORDERED:
        values = f"CAST({column.values} AS TINYINT)" if column.dtype == "bool" else column.values
        yield f"a{i}", f"min({values})"
        yield f"b{i}", f"max({values})"
    else:
        yield f"z{i}", holds_nul(column.values)


def holds_nul(strings: str) -> str:
    """SQL: whether any string of a column contains a NUL; null where there is none at all."""
    return f"bool_or(contains({strings}, chr(0)))"  # SQL text cannot hold a NUL


def _summary_of(rows: int, found: Mapping[str, Any], i: int, column: Column) -> Summary:
    low, high = (_plain(found.get(f"{bound}{i}"), column) for bound in "ab")
    return Summary(rows, int(found[f"n{i}"]), low, high, bool(found.get(f"z{i}")))


def _summary_of_counts(rows: int, counts: Counted) -> Summary:
    has_nul = any(NUL in str(value) for value, _ in counts)
    return Summary(rows, sum(n for _, n in counts), has_nul=has_nul, counts=counts)


def _plain(value: Any, column: Column) -> Any:
    if value is None:
        return None
    if column.dtype == "bool":
        return bool(value)
    return value + 0.0 if column.dtype == "float64" else value  # -0.0 + 0.0 is 0.0


def answer(
    database: Database,
    table: str,
    columns: Mapping[str, Column],
    wanted: Mapping[str, Iterable[Stat]],
    summaries: Mapping[str, Summary],
    done: Callable[[str], None] = lambda key: None,
) -> dict[str, Answers]:
    """Every wanted statistic of every column. `done` hears of each column whose own queries are over.

    Raises SKC211 where a column with infinities is asked for more than counts, SKC212 where an answer exceeds float64.
    """
    results: dict[str, Answers] = {key: {} for key in wanted}
    asked = {key: set(requests) for key, requests in wanted.items()}
    for key, requests in asked.items():
        results[key].update(_from_summary(columns[key], summaries[key], requests))
    with engine_errors("computing statistics of the training rows failed"):
        _add_distinct_counts(database, table, columns, asked, results)
        _add_moments(database, table, columns, asked, summaries, results)
        _add_quantiles(database, table, columns, asked, summaries, results)
        _add_value_counts(database, table, columns, asked, summaries, results, done)
    return results


def _from_summary(column: Column, summary: Summary, requests: set[Stat]) -> Answers:
    """What the summary already says: counts, bounds, and None for every statistic of no value."""
    found: Answers = {}
    for request in requests:
        match request:
            case Count():
                found[request] = summary.count
            case NullCount():
                found[request] = summary.nulls
            case ValueCounts() | DistinctCount() | Levels():  # the last is no matter of data: `fit` answers it
                continue
            case Min() | Max() | Mean() | Variance() | Quantiles():
                _check_ordered(column, summary)
                if summary.count == 0:
                    found[request] = None
                elif isinstance(request, Min | Max):
                    found[request] = summary.low if isinstance(request, Min) else summary.high
    return found


def _check_ordered(column: Column, summary: Summary) -> None:
    if column.dtype not in ORDERED:
        raise bug(f"an op asks for an ordered statistic of the {column.dtype} column {column.label}")
    if summary.infinite:
        value = summary.high if summary.high == math.inf else summary.low
        raise fail(
            "SKC211",
            f"{column.label} holds an infinite value ({value}), which has no mean, bound or quantile",
            span=column.span,
            hint="clip the column before this step, or leave such rows out by `where`",
        )


def _overflow(column: Column, what: str) -> SkcError:
    hint = "clip or rescale the column before this step"
    return fail("SKC212", f"{what} of {column.label} exceeds the range of float64", span=column.span, hint=hint)


def _add_distinct_counts(
    database: Database,
    table: str,
    columns: Mapping[str, Column],
    asked: Mapping[str, set[Stat]],
    results: dict[str, Answers],
) -> None:
    keys = [key for key, requests in asked.items() if DistinctCount() in requests]
    if not keys:
        return
    wanted = ", ".join(f"count(DISTINCT {columns[key].normal}) AS d{i}" for i, key in enumerate(keys))
    row = database.row(f"SELECT {wanted} FROM {table}")
    for i, key in enumerate(keys):
        results[key][DistinctCount()] = int(row[f"d{i}"])


def _add_moments(
    database: Database,
    table: str,
    columns: Mapping[str, Column],
    asked: Mapping[str, set[Stat]],
    summaries: Mapping[str, Summary],
    results: dict[str, Answers],
) -> None:
    """Means, then the variances that need them."""
    keys = [k for k, requests in asked.items() if requests & {Mean(), Variance()} and summaries[k].count > 0]
    floats = {k: _value_term(columns[k], summaries[k]) for k in keys if columns[k].dtype == "float64"}
    totals = exact_sums(database, table, floats) | _integer_sums(
        database, table, {k: columns[k] for k in keys if k not in floats}
    )
    means = {k: _divided(totals[k], summaries[k].count, columns[k], "the sum") for k in keys}
    varying = [k for k in keys if Variance() in asked[k]]
    squares = {k: _square_term(columns[k], summaries[k], means[k]) for k in varying}
    totals = exact_sums(database, table, squares)
    for key in keys:
        if Mean() in asked[key]:
            results[key][Mean()] = means[key]
    for key in varying:
        results[key][Variance()] = _divided(totals[key], summaries[key].count, columns[key], "the variance")


def _value_term(column: Column, summary: Summary) -> Term:
    return Term(column.values, summary.count, max(abs(summary.low), abs(summary.high)))


def _square_term(column: Column, summary: Summary, mean: float) -> Term:
    """(x − mean)², in float64; rounding is monotone, so the bounds of x give that of the squares."""
    away = f"({_as_float(column)} - {number(mean)})"
    farthest = max(abs(float(summary.low) - mean), abs(float(summary.high) - mean))
    bound = farthest * farthest
    if not math.isfinite(bound):
        raise _overflow(column, "the variance")
    return Term(f"{away} * {away}", summary.count, bound, parts=4)


def _as_float(column: Column) -> str:
    values = f"CAST({column.values} AS BIGINT)" if column.dtype == "bool" else column.values
    return values if column.dtype == "float64" else f"CAST({values} AS DOUBLE)"


def _divided(total: Fraction, count: int, column: Column, what: str) -> float:
    try:
        return float(
            total / count
        )  # rounded once: a mean lies between the bounds, and that of equal values is the value
    except OverflowError:
        raise _overflow(column, what) from None


def _integer_sums(database: Database, table: str, columns: Mapping[str, Column]) -> dict[str, Fraction]:
    """Exact sums of whole numbers: 38 decimal digits hold 2^63 values of 2^63."""
    found: dict[str, Fraction] = {}
    keys = list(columns)
    for start in range(0, len(keys), AT_ONCE):
        some = keys[start : start + AT_ONCE]
        whole = (f"CAST(CAST({columns[key].values} AS BIGINT) AS DECIMAL(38, 0))" for key in some)
        row = database.row(f"SELECT {', '.join(f'sum({v}) AS t{i}' for i, v in enumerate(whole))} FROM {table}")
        found |= {key: Fraction(int(row[f"t{i}"])) for i, key in enumerate(some)}
    return found


def _add_quantiles(
    database: Database,
    table: str,
    columns: Mapping[str, Column],
    asked: Mapping[str, set[Stat]],
    summaries: Mapping[str, Summary],
    results: dict[str, Answers],
) -> None:
    wanted = {key: [r for r in asked[key] if isinstance(r, Quantiles)] for key in asked if summaries[key].count}
    places = {
        key: {i for request in some for q in request.q for i in _neighbours(q, summaries[key].count)}
        for key, some in wanted.items()
        if some
    }
    ordered = _order_statistics(database, table, columns, summaries, places)
    for key in places:
        for request in wanted[key]:
            values = tuple(_interpolated(q, summaries[key].count, ordered[key]) for q in request.q)
            if not all(map(math.isfinite, values)):
                raise _overflow(columns[key], "a quantile")
            results[key][request] = values


def _neighbours(q: float, count: int) -> tuple[int, int]:
    low = math.floor((count - 1) * q)
    return low, min(low + 1, count - 1)


def _interpolated(q: float, count: int, ordered: Mapping[int, float]) -> float:
    """Hyndman & Fan's type 7, between the neighbours of h = (n − 1)·q, in the operations of `numpy.quantile`."""
    low, high = _neighbours(q, count)
    a, b, t = ordered[low], ordered[high], (count - 1) * q - low
    return a + t * (b - a) if t < 0.5 else b - (1 - t) * (b - a)


def _order_statistics(
    database: Database,
    table: str,
    columns: Mapping[str, Column],
    summaries: Mapping[str, Summary],
    places: Mapping[str, set[int]],
) -> dict[str, dict[int, float]]:
    """The values at 0-based places of each sorted column; equal values are alike, so ties do not matter."""
    found: dict[str, dict[int, float]] = {}
    inner: dict[str, list[int]] = {}
    for key, wanted in places.items():
        summary = summaries[key]
        found[key] = {0: float(summary.low), summary.count - 1: float(summary.high)}
        if left := sorted(wanted - found[key].keys()):
            inner[key] = left
    for kind in ("float64", "int64"):  # sorted side by side are values of one type
        some = {key: columns[key].ordered for key in inner if (columns[key].dtype == "float64") == (kind == "float64")}
        for stack in stacks(table, some, max((summaries[key].rows for key in some), default=0)):
            _add_order_statistics(database, stack, inner, summaries, found)
    return found


def _add_order_statistics(
    database: Database,
    stack: Stacked,
    inner: Mapping[str, Sequence[int]],
    summaries: Mapping[str, Summary],
    found: dict[str, dict[int, float]],
) -> None:
    """Sort the columns one behind the other, and take the values at the places that are wanted of each."""
    starts = itertools.accumulate((summaries[key].count for key in stack.keys), initial=0)
    asked = [(start + i, key, i) for key, start in zip(stack.keys, starts, strict=False) for i in inner[key]]
    name = database.new_name("places")  # a table, since a list of 200,000 literals takes minutes to plan
    database.register(name, pa.table({"i": pa.array([place for place, _, _ in asked], pa.int64())}))
    placed = f"SELECT v, row_number() OVER (ORDER BY k, v) - 1 AS i FROM ({stack.sql})"
    rows = database.run(f"SELECT i, v FROM ({placed}) SEMI JOIN {identifier(name)} USING (i)")
    values = dict(zip(rows["i"].to_pylist(), rows["v"].to_pylist(), strict=True))
    for place, key, i in asked:
        found[key][i] = float(values[place])


def _add_value_counts(
    database: Database,
    table: str,
    columns: Mapping[str, Column],
    asked: Mapping[str, set[Stat]],
    summaries: Mapping[str, Summary],
    results: dict[str, Answers],
    done: Callable[[str], None],
) -> None:
    """Counted for the widest request of each column, unless the summary has counted already."""
    requests = {key: [r for r in asked[key] if isinstance(r, ValueCounts)] for key in asked}
    found = {key: counts for key in asked if (counts := summaries[key].counts) is not None}
    wanted = {
        key: Counting(columns[key].normal, columns[key].dtype, _widest(some))
        for key, some in requests.items()
        if some and key not in found
    }
    for key in asked:
        if key not in wanted:
            done(key)
    rows = max((summaries[key].rows for key in wanted), default=0)
    found |= count_values(database, table, rows, wanted, done)
    for key, some in requests.items():
        results[key].update({request: _cut(found[key], request) for request in some})


def _widest(requests: Sequence[ValueCounts]) -> ValueCounts:
    """A request whose answer holds those of all the others."""
    limits = [request.limit for request in requests if request.limit is not None]
    least = min(request.min_count for request in requests)
    return ValueCounts(least, max(limits) if len(limits) == len(requests) else None)


def _cut(counted: Counted, request: ValueCounts) -> Counted:
    if counted and counted[-1][1] < request.min_count:
        counted = tuple(pair for pair in counted if pair[1] >= request.min_count)
    return counted[: request.limit]
