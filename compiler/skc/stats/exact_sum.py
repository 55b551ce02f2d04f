"""Sums of float64 columns that no order of rows can change, correctly rounded, in plain + and − that any engine has.

Why: floating-point addition is not associative, so an engine's own sum depends on threads, partitions and versions.

How: take n values, none larger than m in magnitude, and M = 1.5·2^e with 2^e ≥ 2·n·m. The part q = (x + M) − M of
every x is a multiple of u = 2^(e−52), and n of them together stay below 2^e: every partial sum is a multiple of u of
at most 53 bits, so adding them is exact in any order. The remainder r = x − q is exact too, and |r| ≤ 2^(e−53), which
gives the next M without looking at the data. Of 2,000,000 values three parts sum up the first 90 bits below the
largest, enough for most columns (squares want four); where a remainder is left, it is stored and goes through the same
again, until it is zero for every row. So the total is exact for any data whatever; it is kept as a fraction and
rounded once. (Demmel and Nguyen, "Fast reproducible floating-point summation", 2013, without state between rows.)

Where 2·n·m would overflow, values from 1 on are added up as x·2^−200, which is exact for them, and those below 1 apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from skc.diagnostics import bug
from skc.stats.connection import Database, identifier

LEAST_EXPONENT = -1022  # with M = 1.5·2^-1022 every part is a multiple of the least denormal: nothing is left
SCALE = 200


@dataclass(frozen=True)
class Term:
    """A float64 column of which to take the sum: at most `count` values, none larger in magnitude than `bound`."""

    values: Any  # ibis.ir.FloatingColumn; null does not count
    count: int
    bound: float
    parts: int = 3
    weight: Fraction = Fraction(1)


def exact_sums(database: Database, table: Any, terms: Mapping[str, Term]) -> dict[str, Fraction]:
    """The exact sum of each term over the rows of `table`, all in as few scans as the data need (usually one)."""
    totals = dict.fromkeys(terms, Fraction(0))
    open_terms = [(name, part) for name, term in terms.items() for part in _within_range(term) if part.bound > 0]
    stored: list[str] = []
    while open_terms:
        answers, remainders = _one_scan(database, table, open_terms)
        left: list[tuple[str, Term]] = []
        for i, (name, term) in enumerate(open_terms):
            for k in range(term.parts):
                totals[name] += term.weight * Fraction(answers[f"s{i}_{k}"] or 0.0)
            rest = answers[f"r{i}"] or 0.0
            if rest > 0:
                left.append((name, replace(term, values=remainders[i], bound=rest)))
        open_terms = []
        if left:
            stored.append(database.new_name("rest"))
            table, open_terms = _keep_remainders(database, table, left, stored[-1])
    for name in stored:
        database.execute(f"DROP TABLE {identifier(name)}")
    return totals


def _within_range(term: Term) -> list[Term]:
    """The term itself, or where M would overflow its large values scaled down and its small ones as they are."""
    if not math.isfinite(term.bound) or term.count >= 2**45:
        raise bug(f"a sum of {term.count} values up to {term.bound}")
    if _first_exponent(term.count, term.bound) < 1023:
        return [term]
    is_large = term.values.abs() >= 1.0
    large = is_large.ifelse(term.values * 2.0**-SCALE, 0.0)
    small = is_large.ifelse(0.0, term.values)
    return [
        replace(term, values=large, bound=term.bound * 2.0**-SCALE, weight=term.weight * 2**SCALE),
        replace(term, values=small, bound=1.0),
    ]


def _first_exponent(count: int, bound: float) -> int:
    """The least e with 2^e >= 2·count·bound that this way of counting bits can promise."""
    return math.frexp(bound)[1] + count.bit_length() + 1


def _one_scan(database: Database, table: Any, terms: list[tuple[str, Term]]) -> tuple[dict[str, Any], list[Any]]:
    """The sums of the first parts of every term, and what is left of each: its largest magnitude, its column."""
    wanted: dict[str, Any] = {}
    remainders = []
    for i, (_, term) in enumerate(terms):
        rest = term.values.fill_null(0.0)  # adds nothing, and vectors without nulls are faster
        e = _first_exponent(term.count, term.bound)
        for k in range(term.parts):
            e = max(e, LEAST_EXPONENT)
            big = 1.5 * 2.0**e
            part = (rest + big) - big
            wanted[f"s{i}_{k}"] = part.sum()
            rest = rest - part
            e += term.count.bit_length() - 52  # 2·count·2^(e−53) is the new 2·n·m
        wanted[f"r{i}"] = rest.abs().max()
        remainders.append(rest)
    return database.row(table.aggregate(**wanted)), remainders


def _keep_remainders(
    database: Database, table: Any, left: list[tuple[str, Term]], name: str
) -> tuple[Any, list[tuple[str, Term]]]:
    """Store the rows that have something left, so that expressions do not grow with every scan."""
    columns = {f"c{i}": term.values for i, (_, term) in enumerate(left)}
    rest = table.select(**columns)
    some = rest.c0 != 0.0
    for i in range(1, len(left)):
        some = some | (rest[f"c{i}"] != 0.0)
    stored = database.store(name, rest.filter(some))
    return stored, [(n, replace(t, values=stored[f"c{i}"])) for i, (n, t) in enumerate(left)]
