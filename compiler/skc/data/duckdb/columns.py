"""A column of a table as SQL: its values in the form that each kind of query needs."""

from __future__ import annotations

from skc.data.duckdb.connection import identifier, number, scalar
from skc.data.engine import Column


def values(column: Column) -> str:
    """The values, null where there is no value."""
    name = identifier(column.name)
    if not column.null_values:
        return name
    return f"CASE WHEN {name} IN ({', '.join(map(scalar, column.null_values))}) THEN NULL ELSE {name} END"


def normal(column: Column) -> str:
    """The values with -0.0 replaced by 0.0."""
    sql, zero = values(column), number(0.0)
    return f"CASE WHEN {sql} = {zero} THEN {zero} ELSE {sql} END" if column.kind.is_float else sql


def ordered(column: Column) -> str:
    """The values as numbers."""
    return f"CAST({values(column)} AS TINYINT)" if column.dtype == "bool" else normal(column)


def holds_nul(strings: str) -> str:
    """Whether a string contains a NUL, which SQL text cannot write."""
    return f"contains({strings}, chr(0))"
