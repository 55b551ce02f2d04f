"""Many columns of a short table as one column, one behind the other, so that one query sorts or groups all of them.

Why: a query costs milliseconds before it reads a row, and binds all columns of its table, so that one query for each of
K columns makes the time grow with the square of K. Why not always: a row of its own for every value is what a tall
table is better off without.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skc.data.duckdb.connection import AT_ONCE

VALUES = 1 << 21  # of one query, unless it is about a single column


@dataclass(frozen=True)
class Stacked:
    """Columns of one type, and a query whose rows are their values that are not null: `v`, and `k`, which of `keys`."""

    keys: tuple[str, ...]
    sql: str


def stacks(table: str, columns: Mapping[str, str], rows: int, most: int = AT_ONCE) -> Iterator[Stacked]:
    """The columns (SQL by key, all of one type) of a table of so many rows, at most `most` in one query."""
    keys = tuple(columns)
    width = max(1, min(most, VALUES // max(1, rows)))
    for start in range(0, len(keys), width):
        some = keys[start : start + width]
        yield Stacked(some, f"SELECT k, v FROM ({_stacked(table, [columns[key] for key in some])}) WHERE v IS NOT NULL")


def _stacked(table: str, columns: Sequence[str]) -> str:
    if len(columns) == 1:
        return f"SELECT 0 AS k, {columns[0]} AS v FROM {table}"
    numbers = ", ".join(map(str, range(len(columns))))
    return f"SELECT unnest([{numbers}]) AS k, unnest([{', '.join(columns)}]) AS v FROM {table}"
