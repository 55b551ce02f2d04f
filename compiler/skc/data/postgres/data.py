"""The training rows in Postgres as `skc.data.engine.Data`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import assert_never

import numpy as np
import pyarrow as pa

from skc.data.engine import AnyRow, Column, Condition, HoldsNul, IsNull, IsOutside, LocatedRow, RowRefusedError, Table
from skc.data.postgres.capabilities import not_exact
from skc.data.postgres.connection import READING, database_errors, identifier, own, scalar
from skc.data.postgres.counts import key_of
from skc.data.postgres.table import COUNTING, PostgresTable
from skc.data.sources import Source
from skc.ir import Input
from skc.values.types import Scalar

CTID = "ctid"  # where a row of a table is stored


@dataclass(frozen=True)
class Relation:
    """What is read: `sql` can be written after FROM. `keys` identify a row: its primary key, or CTID; a view and a
    query have none.
    """

    sql: str
    label: str
    keys: tuple[str, ...]

    @property
    def quoted_keys(self) -> list[str]:
        """The keys as SQL."""
        return [key if key == CTID else identifier(key) for key in self.keys]

    def place(self, texts: Sequence[str | None]) -> str:
        """What messages call the row with these keys, as texts."""
        where = " and ".join(f"{key} = {text}" for key, text in zip(self.keys, texts, strict=True))
        return f"{self.label}, the row with {where}" if where else f"{self.label}, a row"


@dataclass(frozen=True, eq=False, kw_only=True)
class PostgresData(PostgresTable):
    """The rows to fit on: one column per input, under its name. `keyed` also has the keys of the relation."""

    source: Source
    inputs: tuple[Input, ...]
    relation: Relation
    keyed: str
    narrow_inputs: frozenset[str] = frozenset()

    @property
    def has_where(self) -> bool:
        """See `Data`. It is refused: see `PostgresEngine.load`."""
        return False

    def unfiltered(self) -> PostgresData:
        """See `Data`."""
        return self

    def find(self, condition: Condition, skip: int = 0) -> LocatedRow:
        """See `Data`. By its key; rows have no order."""
        return self._found(_as_sql(condition), skip)

    def _found(self, condition: str, skip: int = 0) -> LocatedRow:
        keys, names = [own(f"key{k}") for k in range(len(self.relation.keys))], [i.name for i in self.inputs]
        chosen = ", ".join([*(f"{key}::text" for key in keys), *map(identifier, names)])
        order = f" ORDER BY {', '.join(keys)}" if keys else ""
        query = f"SELECT {chosen} FROM {self.keyed} WHERE {condition}{order} LIMIT 1 OFFSET {skip}"
        with database_errors("looking for a row failed", span=self.span):
            rows = self.connection.execute(query)
        if not rows:
            return LocatedRow(self.label, {})
        row = rows[0]
        place = self.relation.place(row[: len(keys)])
        return LocatedRow(place, dict(zip(names, row[len(keys) :], strict=True)))

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> Table:
        """See `Table`. A row that is refused is the first by its key with these values."""
        distinct = self.distinct(columns)
        try:
            return distinct.map_batches(function, columns, schema, size, done)
        except RowRefusedError as refused:
            row = distinct.distinct.rows_at(np.array([refused.row]), columns)
            located = self._found(
                " AND ".join([_is(c, one[0].as_py()) for c, one in zip(columns, row.columns, strict=True)])
            )
            raise RowRefusedError(refused.row, refused.why, located) from None

    def is_constant(self, name: str) -> bool:
        """See `Data`."""
        column = identifier(name)
        with database_errors(COUNTING, span=self.span):
            ((is_one,),) = self.connection.execute(f"SELECT min({column}) = max({column}) FROM {self.sql}")
        return bool(is_one)

    def narrow(self) -> frozenset[str]:
        """See `Data`."""
        return self.narrow_inputs

    def keys(self) -> None:
        """See `Data`. A table declares its columns."""
        return

    def cached(self) -> PostgresData:
        """See `Data`. The rows stay where they are."""
        return self

    def batches(self, names: Sequence[str], size: int) -> Generator[pa.RecordBatch, None, None]:
        """See `Data`. Fitting asks for none."""
        raise not_exact("columns to carry along", READING, self.span)
        yield

    def kept_schema(self) -> pa.Schema:
        """See `Data`. There are none: see `PostgresEngine.load`."""
        return pa.schema([])


def _is(column: Column, value: Scalar | None) -> str:
    """Whether a column has exactly this value."""
    if value is None:
        return f"{identifier(column.name)} IS NULL"
    constant = (
        f"float8send({scalar(value)})"
        if column.kind.is_float
        else scalar(int(value) if column.kind.is_ordered else value)
    )
    return f"{key_of(column)} = {constant}"


def _as_sql(condition: Condition) -> str:
    match condition:
        case AnyRow():
            return "true"
        case IsNull(name):
            return f"{identifier(name)} IS NULL"
        case HoldsNul():
            return "false"
        case IsOutside(name, low, high, besides):
            column = identifier(name)
            others = f" AND {column} NOT IN ({', '.join(map(str, besides))})" if besides else ""
            return f"({column} < {low} OR {column} > {high}){others}"
        case _:
            assert_never(condition)
