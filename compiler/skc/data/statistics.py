"""The statistics of `skc.stats.requests`, computed from the answers of an engine.

Each result equals the documented definition to the last bit, whatever the order of rows, the threads, the storage or
the engine. One query counts and bounds all columns, one computes all means, one all variances.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from fractions import Fraction
from operator import itemgetter
from typing import Any, assert_never

from skc.data.engine import Aggregate, Column, Deviation, Grouping, Places, Table, Term
from skc.diagnostics import SkcError, bug, fail
from skc.stats.answers import Answers, Summary, interpolated, neighbours
from skc.stats.requests import (
    ByTarget,
    Count,
    Covariance,
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
from skc.stats.value_counts import Counted, counted, cut, widest

NUL = "\0"


def summarise(table: Table, columns: Mapping[str, Column], to_count: Collection[str] = ()) -> dict[str, Summary]:
    """The summary of every column; a column under two keys counts once.

    One query for all of them, and one for those of `to_count`: columns for which `ValueCounts()` is needed anyway,
    which also gives the number of values. Reading long strings twice would double the time, and so would looking for a
    NUL in each of them when the distinct ones are already available.
    """
    rows = table.count()
    distinct = dict.fromkeys(columns.values())
    strings = dict.fromkeys(columns[key] for key in to_count if not columns[key].kind.is_ordered)
    aggregates = [aggregate for column in distinct if column not in strings for aggregate in _of_summary(column)]
    results = dict(zip(aggregates, table.aggregate(aggregates), strict=True))
    summaries = {column: _summary(rows, column, results) for column in distinct if column not in strings}
    numbered = {str(k): column for k, column in enumerate(strings)}
    counts = count_values(table, {key: Grouping(column) for key, column in numbered.items()})
    summaries |= {numbered[key]: _summary_of_counts(rows, values) for key, values in counts.items()}
    return {key: summaries[column] for key, column in columns.items()}


def _of_summary(column: Column) -> list[Aggregate]:
    if column.kind.is_ordered:
        return [Aggregate("count", column), Aggregate("least", column), Aggregate("greatest", column)]
    return [Aggregate("count", column), Aggregate("has_nul", column)]


def _summary(rows: int, column: Column, results: Mapping[Aggregate, Any]) -> Summary:
    count = results[Aggregate("count", column)]
    if not column.kind.is_ordered:
        return Summary(rows, count, has_nul=results[Aggregate("has_nul", column)])
    low, high = (_plain(results[bound], column) for bound in _of_summary(column)[1:])
    return Summary(rows, count, low, high)


def _summary_of_counts(rows: int, counts: Counted) -> Summary:
    has_nul = NUL in "".join(map(itemgetter(0), counts))
    return Summary(rows, sum(map(itemgetter(1), counts)), has_nul=has_nul, counts=counts)


def _plain(value: Any, column: Column) -> Any:
    is_float = column.kind.is_float and value is not None
    return value + 0.0 if is_float else value  # -0.0 + 0.0 is 0.0


def answer(
    table: Table,
    columns: Mapping[str, Column],
    requests_by_column: Mapping[str, Iterable[Stat]],
    summaries: Mapping[str, Summary],
    done: Callable[[str], None] = lambda key: None,
) -> dict[str, Answers]:
    """Every requested statistic of every column. `done` is called with each column whose own queries are finished.

    Raises SKC211 if more than counts are requested of a column with infinities, SKC212 if a result exceeds float64.
    """
    requested = {key: set(requests) for key, requests in requests_by_column.items()}
    results = {key: _from_summary(columns[key], summaries[key], requests) for key, requests in requested.items()}
    _add_moments(table, columns, requested, summaries, results)
    _add_quantiles(table, columns, requested, summaries, results)
    _add_value_counts(table, columns, requested, summaries, results, done)
    return results


def _from_summary(column: Column, summary: Summary, requests: set[Stat]) -> Answers:
    """The statistics known from the summary: counts, bounds, and None for every statistic if there is no value."""
    answers: Answers = {}
    for request in requests:
        match request:
            case Count():
                answers[request] = summary.count
            case NullCount():
                answers[request] = summary.nulls
            case (
                ValueCounts() | Covariance() | ByTarget() | Levels()
            ):  # answered by groups, jointly, and by steps before
                continue
            case Min() | Max() | Mean() | Variance() | Quantiles():
                _check_ordered(column, summary)
                if summary.count == 0:
                    answers[request] = None
                elif isinstance(request, Min | Max):
                    answers[request] = summary.low if isinstance(request, Min) else summary.high
            case _:
                assert_never(request)
    return answers


def _check_ordered(column: Column, summary: Summary) -> None:
    if not column.kind.is_ordered:
        raise bug(f"an op asks for an ordered statistic of the {column.dtype} column {column.label}")
    if summary.infinite:
        value = summary.high if summary.high == math.inf else summary.low
        raise fail(
            "SKC211",
            f"{column.label} contains an infinite value ({value}), which has no mean, bound or quantile",
            span=column.span,
            hint="clip the column before this step, or exclude such rows with `where`",
        )


def overflow(column: Column, what: str) -> SkcError:
    """SKC212: a result beyond the largest float64."""
    hint = "clip or rescale the column before this step"
    return fail("SKC212", f"{what} of {column.label} exceeds the range of float64", span=column.span, hint=hint)


def _add_moments(
    table: Table,
    columns: Mapping[str, Column],
    requested: Mapping[str, set[Stat]],
    summaries: Mapping[str, Summary],
    results: Mapping[str, Answers],
) -> None:
    """Add the means, then the variances, which need them."""
    keys = [k for k, requests in requested.items() if requests & {Mean(), Variance()} and summaries[k].count > 0]
    totals = table.sums([Term(columns[k]) for k in keys])
    means = {
        k: divided(total, summaries[k].count, columns[k], "the sum") for k, total in zip(keys, totals, strict=True)
    }
    varying = [k for k in keys if Variance() in requested[k]]
    totals = table.sums([_square_term(columns[k], summaries[k], means[k]) for k in varying])
    for key in keys:
        if Mean() in requested[key]:
            results[key][Mean()] = means[key]
    for key, total in zip(varying, totals, strict=True):
        results[key][Variance()] = divided(total, summaries[key].count, columns[key], "the variance")


def _square_term(column: Column, summary: Summary, mean: float) -> Term:
    """(x − mean)², in float64. Raises SKC212 if one overflows."""
    away = farthest(column, summary, mean)
    if not math.isfinite(away * away):
        raise overflow(column, "the variance")
    deviation = Deviation(column, mean)
    return Term((deviation, deviation))


def farthest(column: Column, summary: Summary, mean: float) -> float:
    """The largest deviation from the mean: rounding is monotone, so it is that of a bound. Raises SKC212."""
    deviation = max(abs(float(summary.low) - mean), abs(float(summary.high) - mean))
    if not math.isfinite(deviation):
        raise overflow(column, "the variance")
    return deviation


def divided(total: Fraction, count: int, column: Column, what: str) -> float:
    """The quotient, rounded once: a mean is between the bounds, and that of equal values is the value."""
    try:
        return float(total / count)
    except OverflowError:
        raise overflow(column, what) from None


def _add_quantiles(
    table: Table,
    columns: Mapping[str, Column],
    requested: Mapping[str, set[Stat]],
    summaries: Mapping[str, Summary],
    results: Mapping[str, Answers],
) -> None:
    requests_by_column = {
        key: [r for r in requested[key] if isinstance(r, Quantiles)] for key in requested if summaries[key].count
    }
    places = {
        key: {i for request in quantiles for q in request.q for i in neighbours(q, summaries[key].count)}
        for key, quantiles in requests_by_column.items()
        if quantiles
    }
    values = _values_at(table, columns, summaries, places)
    for key in places:
        for request in requests_by_column[key]:
            edges = tuple(interpolated(q, summaries[key].count, values[key]) for q in request.q)
            if not all(map(math.isfinite, edges)):
                raise overflow(columns[key], "a quantile")
            results[key][request] = edges


def _values_at(
    table: Table, columns: Mapping[str, Column], summaries: Mapping[str, Summary], places: Mapping[str, set[int]]
) -> dict[str, dict[int, float]]:
    """The values at 0-based indices of each sorted column; ties do not matter, because equal values are identical."""
    results = {key: {0: float(s.low), s.count - 1: float(s.high)} for key in places for s in [summaries[key]]}
    inner = {
        key: Places(columns[key], summaries[key].count, tuple(missing))
        for key, indices in places.items()
        if (missing := sorted(indices - results[key].keys()))
    }
    for part, part_columns in in_parts(table, {key: columns[key] for key in inner}):
        for key, values in part.places({key: inner[key] for key in part_columns}).items():
            results[key] |= {i: _number(value) for i, value in values.items()}
    return results


def in_parts(table: Table, columns: Mapping[str, Column]) -> Iterator[tuple[Table, dict[str, Column]]]:
    """As many columns at a time as the table wishes, with one in which these are cheap to sort, and stay sorted."""
    keys, width = list(columns), table.width() if columns else 1
    for start in range(0, len(keys), width):
        part = {key: columns[key] for key in keys[start : start + width]}
        yield table.held(list(part.values())), part


def _number(value: Any) -> float:
    return float(value) + 0.0


def _add_value_counts(
    table: Table,
    columns: Mapping[str, Column],
    requested: Mapping[str, set[Stat]],
    summaries: Mapping[str, Summary],
    results: Mapping[str, Answers],
    done: Callable[[str], None],
) -> None:
    """Count values for the widest request of each column, unless the summary has already counted them."""
    requests = {key: [r for r in requested[key] if isinstance(r, ValueCounts)] for key in requested}
    counts_by_column = {key: counts for key in requested if (counts := summaries[key].counts) is not None}
    widest_requests = {
        key: widest(counted_requests)
        for key, counted_requests in requests.items()
        if counted_requests and key not in counts_by_column
    }
    for key in requested:
        if key not in widest_requests:
            done(key)
    groupings = {
        key: Grouping(columns[key], request_.min_count, request_.limit) for key, request_ in widest_requests.items()
    }
    counts_by_column |= count_values(table, groupings, done)
    for key, counted_requests in requests.items():
        results[key].update({request: cut(counts_by_column[key], request) for request in counted_requests})


def count_values(
    table: Table, groupings: Mapping[str, Grouping], done: Callable[[str], None] = lambda key: None
) -> dict[str, Counted]:
    """The counted values of columns, sorting some while the engine counts the next."""
    waiting: list[tuple[Sequence[str], Future[list[Counted]]]] = []
    if not groupings:
        return {}
    sorter = ThreadPoolExecutor(1)
    try:
        for groups in table.groups(groupings):
            first = groupings[groups.keys[0]]
            ordered = sorter.submit(counted, groups.table, len(groups.keys), first.column.dtype, first.limit)
            waiting.append((groups.keys, ordered))
            for key in groups.keys:
                done(key)
        return {key: values for keys, future in waiting for key, values in zip(keys, future.result(), strict=True)}
    finally:
        sorter.shutdown(cancel_futures=True)
