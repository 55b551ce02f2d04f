"""Sums of float64 columns that no order of rows can change, correctly rounded, in plain + and − that any engine has.

Why: floating-point addition is not associative, so an engine's own sum depends on threads, partitions and versions.

How: take n values, none larger than m in magnitude, and M = 1.5·2^e with 2^e ≥ 2·n·m. The part q = (x + M) − M of
every x is a multiple of u = 2^(e−52), and n of them together stay below 2^e: every partial sum is a multiple of u of
at most 53 bits, so adding them is exact in any order. The remainder r = x − q is exact too, and |r| ≤ 2^(e−53), which
gives the next M without looking at the data. Of 2,000,000 values three parts sum up the first 90 bits below the
largest, enough for most columns (squares want four); where a remainder is left, it is stored and goes through the same
again, until it is zero for every row. So the total is exact for any data whatever; it is kept as a fraction and
rounded once. (Demmel and Nguyen, "Fast reproducible floating-point summation", 2013, without state between rows.)

Why each part is a SELECT of its own around the last: written as one expression, the remainder of the third part holds
that of the first four times over, and the engine spends longer on finding common parts than on adding up.

Where 2·n·m would overflow, values from 1 on are added up as x·2^−200, which is exact for them, and those below 1 apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from skc.data.duckdb.connection import AT_ONCE, Database, identifier, number
from skc.diagnostics import bug

LEAST_EXPONENT = -1022  # with M = 1.5·2^-1022 every part is a multiple of the least denormal: nothing is left
SCALE = 200


@dataclass(frozen=True)
class Term:
    """A float64 column, as SQL, of which to take the sum: at most `count` values, none larger in magnitude than
    `bound`. Null does not count.
    """

    values: str
    count: int
    bound: float
    parts: int = 3
    weight: Fraction = Fraction(1)


Named = tuple[str, Term]


def exact_sums(database: Database, table: str, terms: Mapping[str, Term]) -> dict[str, Fraction]:
    """The exact sum of each term over the rows of `table`, all in as few scans as the data need (usually one)."""
    totals = dict.fromkeys(terms, Fraction(0))
    named = [(name, part) for name, term in terms.items() for part in _within_range(term) if part.bound > 0]
    for start in range(0, len(named), AT_ONCE):
        _add_sums(database, table, named[start : start + AT_ONCE], totals)
    return totals


def _add_sums(database: Database, table: str, terms: Sequence[Named], totals: dict[str, Fraction]) -> None:
    """Scan until nothing is left of any term."""
    stored: list[str] = []
    while terms:
        parts = _parts(table, terms)
        answers = database.row(_sums_of(parts, terms))
        for i, (name, term) in enumerate(terms):
            for k in range(term.parts):
                totals[name] += term.weight * Fraction(answers[f"s{i}_{k}"] or 0.0)
        rests = [answers[f"r{i}"] or 0.0 for i in range(len(terms))]
        left = [i for i, rest in enumerate(rests) if rest > 0]
        if left:
            stored.append(database.new_name("rest"))
            _keep_remainders(database, parts, left, stored[-1])
            table = identifier(stored[-1])
        terms = [(terms[i][0], replace(terms[i][1], values=f"x{i}", bound=rests[i])) for i in left]
    for name in stored:
        database.execute(f"DROP TABLE {identifier(name)}")


def _within_range(term: Term) -> list[Term]:
    """The term itself, or where M would overflow its large values scaled down and its small ones as they are."""
    if not math.isfinite(term.bound) or term.count >= 2**45:
        raise bug(f"a sum of {term.count} values up to {term.bound}")
    if _first_exponent(term.count, term.bound) < 1023:
        return [term]
    is_large = f"abs({term.values}) >= {number(1.0)}"
    large = f"CASE WHEN {is_large} THEN {term.values} * {number(2.0**-SCALE)} ELSE {number(0.0)} END"
    small = f"CASE WHEN {is_large} THEN {number(0.0)} ELSE {term.values} END"
    return [
        replace(term, values=large, bound=term.bound * 2.0**-SCALE, weight=term.weight * 2**SCALE),
        replace(term, values=small, bound=1.0),
    ]


def _first_exponent(count: int, bound: float) -> int:
    """The least e with 2^e >= 2·count·bound that this way of counting bits can promise."""
    return math.frexp(bound)[1] + count.bit_length() + 1


def _parts(table: str, terms: Sequence[Named]) -> str:
    """A query with the parts `q{i}_{k}` of every term i, and what is left of it, `x{i}`.

    Columns are listed, never `*`: the engine takes quadratic time to expand a star with replacements.
    """
    # A null adds nothing as 0.0, and vectors without nulls are faster.
    columns = [f"coalesce({term.values}, {number(0.0)}) AS x{i}" for i, (_, term) in enumerate(terms)]
    query = f"SELECT {', '.join(columns)} FROM {table}"
    made: list[str] = []
    for k in range(max(term.parts for _, term in terms)):
        splitters = {i: number(_splitter(term, k)) for i, (_, term) in enumerate(terms) if k < term.parts}
        old = [*made, *(f"x{i}" for i in range(len(terms)))]
        parts = [f"(x{i} + {big}) - {big} AS q{i}_{k}" for i, big in splitters.items()]
        query = f"SELECT {', '.join([*old, *parts])} FROM ({query})"
        made += [f"q{i}_{k}" for i in splitters]
        rests = [f"x{i} - q{i}_{k} AS x{i}" if i in splitters else f"x{i}" for i in range(len(terms))]
        query = f"SELECT {', '.join([*made, *rests])} FROM ({query})"
    return query


def _splitter(term: Term, k: int) -> float:
    """M of the k-th part: 2·count·2^(e−53) is the next 2·n·m."""
    e = max(_first_exponent(term.count, term.bound), LEAST_EXPONENT)
    for _ in range(k):
        e = max(e + term.count.bit_length() - 52, LEAST_EXPONENT)
    return 1.5 * 2.0**e


def _sums_of(parts: str, terms: Sequence[Named]) -> str:
    sums = [f"sum(q{i}_{k}) AS s{i}_{k}" for i, (_, term) in enumerate(terms) for k in range(term.parts)]
    rests = [f"max(abs(x{i})) AS r{i}" for i in range(len(terms))]
    return f"SELECT {', '.join([*sums, *rests])} FROM ({parts})"


def _keep_remainders(database: Database, parts: str, left: Sequence[int], name: str) -> None:
    """Store the rows that have something left, so that expressions do not grow with every scan."""
    columns = ", ".join(f"x{i}" for i in left)
    some = " OR ".join(f"x{i} <> {number(0.0)}" for i in left)
    database.execute(f"CREATE TEMP TABLE {identifier(name)} AS SELECT {columns} FROM ({parts}) WHERE {some}")
