"""Many columns of a short table stacked into one column, so that one query sorts or groups all of them.

Why: a query costs milliseconds before it reads a row, and binds all columns of its table, so that one query for each of
K columns takes time quadratic in K. Why not always: for a tall table, a separate row for every value costs more than it
saves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from skc.data.duckdb.connection import AT_ONCE

VALUES = 1 << 21  # per query, unless it is about a single column


@dataclass(frozen=True)
class Stacked:
    """Columns of one type, and a query whose rows are their non-null values: `v`, and `k`, the index into `keys`."""

    keys: tuple[str, ...]
    sql: str


def stacks(table: str, columns: Mapping[str, str], rows: int, at_once: int = AT_ONCE) -> Iterator[Stacked]:
    """The columns (SQL by key, all of one type) of a table with `rows` rows, at most `most` per query."""
    keys = tuple(columns)
    width = max(1, min(at_once, VALUES // max(1, rows)))
    for start in range(0, len(keys), width):
        chunk = keys[start : start + width]
        yield Stacked(
            chunk, f"SELECT k, v FROM ({_stacked(table, [columns[key] for key in chunk])}) WHERE v IS NOT NULL"
        )


def _stacked(table: str, columns: Sequence[str]) -> str:
    if len(columns) == 1:
        return f"SELECT 0 AS k, {columns[0]} AS v FROM {table}"
    numbers = ", ".join(map(str, range(len(columns))))
    return f"SELECT unnest([{numbers}]) AS k, unnest([{', '.join(columns)}]) AS v FROM {table}"
