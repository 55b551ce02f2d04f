"""A column of typed rows as SQL: its values in the form that each kind of query needs."""

from __future__ import annotations

import math

from skc.data.engine import Column, Term
from skc.data.postgres.connection import identifier, scalar
from skc.diagnostics import bug

NUL = "\0"  # which no text of Postgres has


def values(column: Column) -> str:
    """The values, null where there is no value."""
    name = identifier(column.name)
    sentinels = [v for v in column.null_values if v is not None and not (isinstance(v, str) and NUL in v)]
    if not sentinels:
        return name
    return f"CASE WHEN {name} IN ({', '.join(map(scalar, sentinels))}) THEN NULL ELSE {name} END"


def normal(column: Column) -> str:
    """The values with -0.0 replaced by 0.0."""
    sql = values(column)
    return f"CASE WHEN {sql} = 0 THEN 0::float8 ELSE {sql} END" if column.kind.is_float else sql


def ordered(column: Column) -> str:
    """The values as numbers."""
    return f"({values(column)})::int" if column.dtype == "bool" else normal(column)


def as_double(column: Column) -> str:
    """The values as float64, the nearest of a whole number."""
    sql = f"({values(column)})"
    return f"{sql}::int::float8" if column.dtype == "bool" else f"{sql}::float8"


def _largest_without_square() -> float:
    """The largest float64 whose square is rounded to zero, where Postgres raises an error."""
    number = math.sqrt(2.0**-1074) * math.sqrt(0.5)
    while number * number > 0:
        number = math.nextafter(number, 0)
    while math.nextafter(number, 1) ** 2 == 0:
        number = math.nextafter(number, 1)
    return number


VANISHING = _largest_without_square()


def summand(term: Term) -> str:
    """What a term adds up, or the deviation whose square it adds up, as float64."""
    if isinstance(term.of, Column):
        return as_double(term.of)
    left, right = term.of
    if left != right:
        raise bug("products of two columns are asked for as rounded terms")  # `exact_products` does not round
    return f"({as_double(left.column)} - {scalar(left.mean)})"


def square(sql: str) -> str:
    """The square of a float64, rounded once."""
    return f"CASE WHEN abs({sql}) <= {scalar(VANISHING)} THEN 0::float8 ELSE {sql} * {sql} END"
