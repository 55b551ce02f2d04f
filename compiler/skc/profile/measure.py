"""Measures a profile where the rows are, from the operations that every engine has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from skc.data.engine import Aggregate, Bins, Column, Grouping, Places, Table
from skc.data.statistics import answer, count_values, in_parts, summarise
from skc.ir import ProfileOptions
from skc.profile.document import Categories, ColumnProfile, Numbers, Profile, Rows
from skc.stats.answers import Answers, Summary
from skc.stats.requests import Mean, Stat, ValueCounts, Variance
from skc.stats.value_counts import Counted, cut

PARTS = 100  # quantiles divide the values into as many parts
FEW = 1000  # distinct integers are also listed one by one
LARGEST = 1e150  # whose square is finite: beyond, no moments are asked for


def measure(
    table: Table,
    columns: Mapping[str, Column],
    options: ProfileOptions,
    of: Rows = "training",
    summaries: Mapping[str, Summary] | None = None,
) -> Profile:
    """The profile of columns, by the names of the inputs. `summaries` are theirs, where they are known already."""
    chosen = {name: column for name, column in columns.items() if name not in options.omit}
    return Profile(of, table.count(), measure_columns(table, chosen, options, summaries))


def measure_columns(
    table: Table,
    chosen: Mapping[str, Column],
    options: ProfileOptions,
    summaries: Mapping[str, Summary] | None = None,
) -> tuple[ColumnProfile, ...]:
    """The profile of each column, by the names that they get."""
    known = summarise(table, chosen) if summaries is None else {name: summaries[name] for name in chosen}
    distinct: dict[str, int] = {}
    numbers: dict[str, Numbers] = {}
    rest = {name: column for name, column in chosen.items() if not column.kind.is_ordered}  # counted with the first
    for part, columns_of_part in in_parts(table, {n: c for n, c in chosen.items() if c.kind.is_ordered}):
        distinct |= _distinct(part, {**rest, **columns_of_part}, known)
        numbers |= _numbers(part, columns_of_part, known, options)
        rest = {}
    distinct |= _distinct(table, rest, known)
    categories = _categories(table, chosen, known, distinct, options)
    return tuple(
        ColumnProfile(name, column.dtype, known[name].nulls, distinct[name], numbers.get(name), categories.get(name))
        for name, column in chosen.items()
    )


def _distinct(table: Table, columns: Mapping[str, Column], known: Mapping[str, Summary]) -> dict[str, int]:
    counted = {name: len(counts) for name in columns if (counts := known[name].counts) is not None}
    rest = [name for name in columns if name not in counted]
    results = table.aggregate([Aggregate("distinct", columns[name]) for name in rest])
    return {**counted, **dict(zip(rest, results, strict=True))}


def _numbers(
    table: Table, columns: Mapping[str, Column], known: Mapping[str, Summary], options: ProfileOptions
) -> dict[str, Numbers]:
    """Of every column of an ordered type other than bool that has a value."""
    names = [n for n, c in columns.items() if c.kind.is_ordered and c.dtype != "bool" and known[n].count]
    chosen = {name: columns[name] for name in names}
    special = _special(table, chosen, known)
    averages = moments(table, chosen, known)
    places = {name: _places(columns[name], known[name].count) for name in names}
    values = table.places(places)
    edges = {name: _edges(values[name][i] for i in places[name].at) for name in names}
    counts = table.bins({name: Bins(columns[name], edges[name]) for name in names})
    return {
        name: Numbers(
            *special[name],
            low=known[name].low if options.bounds else None,
            high=known[name].high if options.bounds else None,
            mean=averages[name].get(Mean()),
            deviation=None if (variance := averages[name].get(Variance())) is None else math.sqrt(variance),
            edges=edges[name],
            counts=counts[name],
        )
        for name in names
    }


def _places(column: Column, count: int) -> Places:
    """The indices of x_⌈k·n/100⌉, k = 1 … 99."""
    return Places(column, count, tuple(sorted({-(-k * count // PARTS) - 1 for k in range(1, PARTS)})))


def _edges(values: Iterable[Any]) -> tuple[float | int, ...]:
    return tuple(sorted(set(values)))


def _special(
    table: Table, columns: Mapping[str, Column], known: Mapping[str, Summary]
) -> dict[str, tuple[int, tuple[int, int]]]:
    """The number of zeros, and of the infinities."""
    requests = {
        (name, value): Aggregate("equal", column, value)
        for name, column in columns.items()
        for value in (-math.inf, 0.0, math.inf)
        if value == 0.0 or known[name].infinite
    }
    counts = dict(zip(requests, table.aggregate(list(requests.values())), strict=True))
    return {n: (counts[n, 0.0], (counts.get((n, -math.inf), 0), counts.get((n, math.inf), 0))) for n in columns}


def moments(table: Table, columns: Mapping[str, Column], known: Mapping[str, Summary]) -> dict[str, Answers]:
    """The mean and the variance, where no sum can overflow."""
    tame = {
        name: column
        for name, column in columns.items()
        if max(abs(float(known[name].low)), abs(float(known[name].high))) < LARGEST
    }
    requests: tuple[Stat, ...] = (Mean(), Variance())
    answers = answer(table, tame, dict.fromkeys(tame, requests), known)
    return {name: answers.get(name, {}) for name in columns}


def _categories(
    table: Table,
    columns: Mapping[str, Column],
    known: Mapping[str, Summary],
    distinct: Mapping[str, int],
    options: ProfileOptions,
) -> dict[str, Categories]:
    """Of strings and bools, and of integers that are few."""
    request = ValueCounts(options.minimum, options.top)
    names = [
        name
        for name, column in columns.items()
        if not column.kind.is_ordered or column.dtype == "bool" or (column.dtype == "int64" and distinct[name] <= FEW)
    ]
    ready: dict[str, Counted] = {name: counts for name in names if (counts := known[name].counts) is not None}
    groupings = {name: Grouping(columns[name], options.minimum, options.top) for name in names if name not in ready}
    counted = {**ready, **count_values(table, groupings)}
    return {name: _listed(cut(counted[name], request), known[name], distinct[name]) for name in names}


def _listed(counts: Counted, summary: Summary, distinct: int) -> Categories:
    rows: Any = sum(n for _, n in counts)
    return Categories(counts, distinct - len(counts), summary.count - rows)
