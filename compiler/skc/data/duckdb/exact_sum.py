"""The sums of `skc.stats.exact_sum` as SQL, for many columns in one scan.

Why each part is a separate SELECT around the previous one: written as one expression, the remainder of the third part
contains that of the first four times over, and the engine spends longer finding common subexpressions than adding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from skc.data.duckdb.connection import AT_ONCE, Database, identifier, number
from skc.stats.exact_sum import SCALE, must_scale, splitter


@dataclass(frozen=True)
class Addend:
    """A float64 column to sum, as SQL: at most `count` values, none larger in magnitude than `bound`. Nulls are
    ignored. `parts` are split off in each scan.
    """

    values: str
    count: int
    bound: float
    parts: int
    weight: Fraction = Fraction(1)


Named = tuple[int, Addend]


def exact_sums(database: Database, table: str, addends: Mapping[int, Addend]) -> dict[int, Fraction]:
    """The exact sum of each addend over the rows of `table`, in as few scans as the data needs (usually one)."""
    totals = dict.fromkeys(addends, Fraction(0))
    scaled = [(name, half) for name, addend in addends.items() for half in _within_range(addend) if half.bound > 0]
    for start in range(0, len(scaled), AT_ONCE):
        _add_sums(database, table, scaled[start : start + AT_ONCE], totals)
    return totals


def _add_sums(database: Database, table: str, addends: Sequence[Named], totals: dict[int, Fraction]) -> None:
    """Scan until no addend has a remainder."""
    stored: list[str] = []
    while addends:
        parts = _parts(table, addends)
        answers = database.row(_sums_of(parts, addends))
        for i, (name, addend) in enumerate(addends):
            for k in range(addend.parts):
                totals[name] += addend.weight * Fraction(answers[f"s{i}_{k}"] or 0.0)
        remainders = [answers[f"r{i}"] or 0.0 for i in range(len(addends))]
        unfinished = [i for i, remainder in enumerate(remainders) if remainder > 0]
        if unfinished:
            stored.append(database.new_name("rest"))
            _keep_remainders(database, parts, unfinished, stored[-1])
            table = identifier(stored[-1])
        addends = [(addends[i][0], replace(addends[i][1], values=f"x{i}", bound=remainders[i])) for i in unfinished]
    for table_name in stored:
        database.execute(f"DROP TABLE {identifier(table_name)}")


def _within_range(addend: Addend) -> list[Addend]:
    """The addend itself; if M would overflow, its large values scaled down and its small ones unscaled."""
    if not must_scale(addend.count, addend.bound):
        return [addend]
    is_large = f"abs({addend.values}) >= {number(1.0)}"
    large = f"CASE WHEN {is_large} THEN {addend.values} * {number(2.0**-SCALE)} ELSE {number(0.0)} END"
    small = f"CASE WHEN {is_large} THEN {number(0.0)} ELSE {addend.values} END"
    return [
        replace(addend, values=large, bound=addend.bound * 2.0**-SCALE, weight=addend.weight * 2**SCALE),
        replace(addend, values=small, bound=1.0),
    ]


def _parts(table: str, addends: Sequence[Named]) -> str:
    """A query with the parts `q{i}_{k}` of every addend i, and its remainder `x{i}`.

    Columns are listed, never `*`: the engine takes quadratic time to expand a star with replacements.
    """
    # A null adds nothing as 0.0, and vectors without nulls are faster.
    columns = [f"coalesce({addend.values}, {number(0.0)}) AS x{i}" for i, (_, addend) in enumerate(addends)]
    query = f"SELECT {', '.join(columns)} FROM {table}"
    split: list[str] = []
    for k in range(max(addend.parts for _, addend in addends)):
        splitters = {
            i: number(splitter(addend.count, addend.bound, k))
            for i, (_, addend) in enumerate(addends)
            if k < addend.parts
        }
        columns_so_far = [*split, *(f"x{i}" for i in range(len(addends)))]
        parts = [f"(x{i} + {big}) - {big} AS q{i}_{k}" for i, big in splitters.items()]
        query = f"SELECT {', '.join([*columns_so_far, *parts])} FROM ({query})"
        split += [f"q{i}_{k}" for i in splitters]
        remainders = [f"x{i} - q{i}_{k} AS x{i}" if i in splitters else f"x{i}" for i in range(len(addends))]
        query = f"SELECT {', '.join([*split, *remainders])} FROM ({query})"
    return query


def _sums_of(parts: str, addends: Sequence[Named]) -> str:
    sums = [f"sum(q{i}_{k}) AS s{i}_{k}" for i, (_, addend) in enumerate(addends) for k in range(addend.parts)]
    remainders = [f"max(abs(x{i})) AS r{i}" for i in range(len(addends))]
    return f"SELECT {', '.join([*sums, *remainders])} FROM ({parts})"


def _keep_remainders(database: Database, parts: str, unfinished: Sequence[int], name: str) -> None:
    """Store the rows with a remainder, so that expressions do not grow with every scan."""
    columns = ", ".join(f"x{i}" for i in unfinished)
    condition = " OR ".join(f"x{i} <> {number(0.0)}" for i in unfinished)
    database.execute(f"CREATE TEMP TABLE {identifier(name)} AS SELECT {columns} FROM ({parts}) WHERE {condition}")
