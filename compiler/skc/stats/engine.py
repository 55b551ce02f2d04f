"""The statistics of `skc.stats.requests`, computed by Ibis expressions, many columns per query.

Each answer equals the written definition to the last bit, whatever the order of rows, the threads or the storage.
One query counts and bounds all columns, one adds up all means, one all variances; quantiles and value counts take one
query per column, because an engine sorts or hashes one column at a time anyway.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import ibis
import pyarrow as pa

from skc.diagnostics import SkcError, Span, bug, fail
from skc.stats.connection import Database, engine_errors
from skc.stats.exact_sum import Term, exact_sums
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
from skc.stats.value_counts import Counted, Counting, count_values
from skc.types import DType

Answers = dict[Stat, Any]
ORDERED: tuple[DType, ...] = ("float64", "int64", "timestamp", "date", "bool")
NUL = "\0"


@ibis.udf.scalar.builtin(name="chr")  # type: ignore[untyped-decorator]  # Ibis has no stubs
def _character(code: int) -> str:  # type: ignore[empty-body]  # the engine's own; SQL text cannot hold a NUL
    """The character of a code point."""


@dataclass(frozen=True)
class Column:
    """A column of the engine's table. Null is null there; float64 holds no NaN. `label` is what messages call it."""

    values: Any  # ibis.ir.Column
    dtype: DType
    label: str
    span: Span | None = None

    @property
    def normal(self) -> Any:
        """The values with 0.0 for -0.0."""
        return (self.values == 0.0).ifelse(0.0, self.values) if self.dtype == "float64" else self.values


@dataclass(frozen=True)
class Summary:
    """How many rows and values a column has, and its bounds; None for strings and where there is no value.

    `has_nul` says that a string holds a NUL. `counts` are those of all its values, where the summary had to count
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
    database: Database, table: Any, columns: Mapping[str, Column], counted: Collection[str] = ()
) -> tuple[int, dict[str, Summary]]:
    """The number of rows and the summary of every column; a column under two keys counts once.

    One query for all of them, and one for each key of `counted`: columns that somebody will ask for `ValueCounts()`
    anyway, which says how many values there are too. Reading long strings twice would double the time, and so would
    looking for a NUL in each of them where the distinct ones are at hand.
    """
    distinct = {id(column): column for column in columns.values()}
    once = {id(columns[key]) for key in counted if columns[key].dtype not in ORDERED}
    wanted: dict[str, Any] = {"rows": table.count()}
    for i, column in distinct.items():
        if i in once:
            continue
        wanted[f"n{i}"] = column.values.count()
        if column.dtype in ORDERED:
            values = column.values.cast("int8") if column.dtype == "bool" else column.values
            wanted[f"a{i}"], wanted[f"b{i}"] = values.min(), values.max()
        else:
            wanted[f"z{i}"] = holds_nul(column.values)
    with engine_errors("counting the training rows failed"):
        found = database.row(table.aggregate(**wanted))
        strings = {str(i): Counting(distinct[i].values, distinct[i].dtype, ValueCounts()) for i in once}
        counts = count_values(database, table, strings)
    rows = int(found["rows"])
    made = {i: _summary_of(rows, found, i, c) for i, c in distinct.items() if i not in once}
    made |= {int(i): _summary_of_counts(rows, pairs) for i, pairs in counts.items()}
    return rows, {key: made[id(column)] for key, column in columns.items()}


def holds_nul(strings: Any) -> Any:
    """Whether any string of a column holds a NUL; null where there is none at all."""
    return strings.contains(_character(0)).any()


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
    table: Any,
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
        for key, requests in asked.items():
            _add_quantiles(database, table, columns[key], summaries[key], requests, results[key])
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
    table: Any,
    columns: Mapping[str, Column],
    asked: Mapping[str, set[Stat]],
    results: dict[str, Answers],
) -> None:
    keys = [key for key, requests in asked.items() if DistinctCount() in requests]
    if not keys:
        return
    found = table.aggregate(**{f"d{i}": columns[key].normal.nunique() for i, key in enumerate(keys)})
    row = database.row(found)
    for i, key in enumerate(keys):
        results[key][DistinctCount()] = int(row[f"d{i}"])


def _add_moments(
    database: Database,
    table: Any,
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
    away = _as_float(column) - mean
    farthest = max(abs(float(summary.low) - mean), abs(float(summary.high) - mean))
    bound = farthest * farthest
    if not math.isfinite(bound):
        raise _overflow(column, "the variance")
    return Term(away * away, summary.count, bound, parts=4)


def _as_float(column: Column) -> Any:
    values = column.values.cast("int64") if column.dtype == "bool" else column.values
    return values if column.dtype == "float64" else values.cast("float64")


def _divided(total: Fraction, count: int, column: Column, what: str) -> float:
    try:
        return float(
            total / count
        )  # rounded once: a mean lies between the bounds, and that of equal values is the value
    except OverflowError:
        raise _overflow(column, what) from None


def _integer_sums(database: Database, table: Any, columns: Mapping[str, Column]) -> dict[str, Fraction]:
    """Exact sums of whole numbers: 38 decimal digits hold 2^63 values of 2^63."""
    if not columns:
        return {}
    whole = {key: c.values.cast("int64").cast("decimal(38, 0)").sum() for key, c in columns.items()}
    row = database.row(table.aggregate(**{f"t{i}": total for i, total in enumerate(whole.values())}))
    return {key: Fraction(int(row[f"t{i}"])) for i, key in enumerate(columns)}


def _add_quantiles(
    database: Database, table: Any, column: Column, summary: Summary, requests: set[Stat], found: Answers
) -> None:
    wanted = [request for request in requests if isinstance(request, Quantiles)]
    if not wanted or summary.count == 0:
        return
    places = {i for request in wanted for q in request.q for i in _neighbours(q, summary.count)}
    ordered = _order_statistics(database, table, column, summary, places)
    for request in wanted:
        values = tuple(_interpolated(q, summary.count, ordered) for q in request.q)
        if not all(map(math.isfinite, values)):
            raise _overflow(column, "the range")
        found[request] = values


def _neighbours(q: float, count: int) -> tuple[int, int]:
    low = math.floor((count - 1) * q)
    return low, min(low + 1, count - 1)


def _interpolated(q: float, count: int, ordered: Mapping[int, float]) -> float:
    """Hyndman & Fan's type 7, between the neighbours of h = (n − 1)·q, in the operations of `numpy.quantile`."""
    low, high = _neighbours(q, count)
    a, b, t = ordered[low], ordered[high], (count - 1) * q - low
    return a + t * (b - a) if t < 0.5 else b - (1 - t) * (b - a)


def _order_statistics(
    database: Database, table: Any, column: Column, summary: Summary, places: set[int]
) -> dict[int, float]:
    """The values at these 0-based places of the sorted column; equal values are alike, so ties do not matter."""
    found = {0: float(summary.low), summary.count - 1: float(summary.high)}
    inner = sorted(places - found.keys())
    if inner:
        values = column.values.cast("int8") if column.dtype == "bool" else column.normal
        present = table.select(v=values).filter(lambda t: t.v.notnull())
        placed = present.mutate(i=ibis.row_number().over(order_by=present.v))
        name = database.new_name("places")  # a table, since a list of 200,000 literals takes minutes to plan
        database.register(name, pa.table({"i": pa.array(inner, pa.int64())}))
        rows = database.arrow(placed.semi_join(database.table(name), "i"))
        found.update(zip(rows["i"].to_pylist(), map(float, rows["v"].to_pylist()), strict=True))
    return found


def _add_value_counts(
    database: Database,
    table: Any,
    columns: Mapping[str, Column],
    asked: Mapping[str, set[Stat]],
    summaries: Mapping[str, Summary],
    results: dict[str, Answers],
    done: Callable[[str], None],
) -> None:
    """One query per column, for its widest request, unless the summary has counted already."""
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
    found |= count_values(database, table, wanted, done)
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
