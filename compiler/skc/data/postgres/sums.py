"""Exact sums of float64 values and of their products in SQL: whole numbers, added up for each exponent.

A float64 is m·2^e with a whole number m of at most 53 bits. `sum` of int8 is a `numeric` in Postgres, which is exact
whatever the number of rows, their order and the workers that share them. So one query returns, for each of its terms
and each exponent that occurs, of which there are at most 2,047, one whole number.

Why not `x::numeric`: Postgres converts 15 digits of a float64, and `x::text` has the shortest digits that identify it;
neither is the number itself. Why `OFFSET 0`: the planner would otherwise compute the bits again for each part of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement

from skc.data.postgres.columns import square
from skc.data.postgres.connection import Connection

AT_ONCE = 100  # terms in one query
MANTISSA, HIDDEN, EXPONENT = 2**52 - 1, 2**52, 2**11 - 1
UNIT = 1075  # a float64 whose bits have the exponent e, at least 1, is its mantissa times 2^(e − UNIT)


def exact_sums(connection: Connection, rows: str, summands: Sequence[str], *, squared: bool = False) -> list[Fraction]:
    """The sum of each of some expressions of type float8, or of their squares, over all rows; none is infinite or NaN,
    and nulls are ignored.

    `rows` can be written after FROM.
    """
    number = square("terms.v") if squared else "terms.v"
    totals = [Fraction(0)] * len(summands)
    for start in range(0, len(summands), AT_ONCE):
        stacked = ", ".join(f"({k}, {sql})" for k, sql in enumerate(summands[start : start + AT_ONCE]))
        each = f"SELECT terms.k, terms.v FROM {rows} CROSS JOIN LATERAL (VALUES {stacked}) AS terms (k, v)"
        terms = f"({each} WHERE terms.v <> 0 OFFSET 0) AS terms"
        query = f"SELECT k, e0, sum(m0) FROM {numbered(terms, [number], {'k': 'terms.k'})} GROUP BY k, e0"
        for k, exponent, mantissas in connection.execute(query):
            totals[start + k] += scaled(mantissas, exponent - UNIT)
    return totals


def exact_products(connection: Connection, rows: str, factors: Sequence[str]) -> dict[tuple[int, int], Fraction]:
    """The sum of the product of each pair of some expressions of type float8, which have a value in every row; the
    products are not rounded. Pairs (i, j) with i ≤ j.
    """
    pairs = list(combinations_with_replacement(range(len(factors)), 2))
    totals = dict.fromkeys(pairs, Fraction(0))
    for start in range(0, len(pairs), AT_ONCE):
        chunk = pairs[start : start + AT_ONCE]
        used = sorted({k for pair in chunk for k in pair})
        place = {k: n for n, k in enumerate(used)}
        stacked = ", ".join(
            f"({n}, e{place[i]} + e{place[j]}, m{place[i]}::numeric * m{place[j]})" for n, (i, j) in enumerate(chunk)
        )
        parts = numbered(rows, [factors[k] for k in used], {})
        query = (
            f"SELECT k, e, sum(m) FROM {parts} CROSS JOIN LATERAL (VALUES {stacked}) AS terms (k, e, m) GROUP BY k, e"
        )
        for n, exponent, products in connection.execute(query):
            totals[chunk[n]] += scaled(products, exponent - 2 * UNIT)
    return totals


def numbered(rows: str, numbers: Sequence[str], others: Mapping[str, str]) -> str:
    """What can be written after FROM: `m0`, `e0`, … of expressions of type float8, and other expressions by name."""
    bits = [f"('x' || encode(float8send({sql}), 'hex'))::bit(64)::int8 AS b{k}" for k, sql in enumerate(numbers)]
    named = [f"{sql} AS {name}" for name, sql in others.items()]
    read = f"SELECT {', '.join([*named, *bits])} FROM {rows} OFFSET 0"
    parts = [part for k in range(len(numbers)) for part in _parts(k)]
    return f"(SELECT {', '.join([*others, *parts])} FROM ({read}) AS bits OFFSET 0) AS parts"


def _parts(k: int) -> Iterator[str]:
    stored = f"(b{k} >> 52) & {EXPONENT}"
    mantissa = f"(b{k} & {MANTISSA}) + CASE WHEN {stored} = 0 THEN 0 ELSE {HIDDEN} END"
    yield f"greatest({stored}, 1) AS e{k}"
    yield f"CASE WHEN b{k} < 0 THEN -({mantissa}) ELSE {mantissa} END AS m{k}"


def scaled(whole: object, exponent: int) -> Fraction:
    """A sum of whole numbers times a power of two; None is that of no rows."""
    return Fraction(int(whole or 0)) * Fraction(2) ** exponent  # type: ignore[call-overload]  # a Decimal
