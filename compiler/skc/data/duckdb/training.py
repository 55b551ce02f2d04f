"""The training rows as one table in DuckDB, which knows the file and row that each of them comes from."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import assert_never

import pyarrow as pa

from skc.data.duckdb.columns import holds_nul
from skc.data.duckdb.connection import engine_errors, identifier, literal
from skc.data.duckdb.json_lines import all_keys
from skc.data.duckdb.readers import FILE, FILE_ROW, Group, Part, Raw
from skc.data.duckdb.table import COUNTING, DuckTable, listed
from skc.data.engine import AnyRow, Column, Condition, Data, HoldsNul, IsNull, IsOutside, LocatedRow
from skc.data.held import HeldData
from skc.data.predicate import Predicate
from skc.data.sheet import numbers_in_sheet
from skc.data.sources import JSON, Source, separator_of
from skc.data.text.table import lines_of
from skc.ir import Input
from skc.values.arrow import KEPT

ROW, BAD = '"skc: row"', '"skc: bad"'
HEAD = 1000


@dataclass(frozen=True)
class Training(DuckTable):
    """The rows to fit on as `skc.data.engine.Data`: one column per input, under its name."""

    raw: Raw
    inputs: tuple[Input, ...]
    where: Predicate | None
    keep: tuple[str, ...] = ()

    @property
    def source(self) -> Source:
        """See `Data`."""
        return self.raw.source

    @property
    def has_where(self) -> bool:
        """See `Data`."""
        return self.where is not None

    def unfiltered(self) -> DuckTable:
        """See `Data`. Text is parsed again: what was stored has only the rows that were selected."""
        rows = (typed_sql(g, g.sql, self.inputs, None, numbered=False) for g in self.raw.groups)
        name = self.database.new_name("unfiltered")
        with engine_errors(COUNTING):
            self.database.execute(f"CREATE VIEW {name} AS SELECT * EXCLUDE ({BAD}) FROM ({' UNION ALL '.join(rows)})")
        return DuckTable(self.database, name)

    @cached_property
    def _rows(self) -> int:
        """Counted without typing every column, which takes long for many, unless `where` reads them."""
        if self.where is not None or self.raw.is_stored:
            return super()._rows
        rows = " UNION ALL ".join(f"SELECT count(*) FROM ({group.sql})" for group in self.raw.groups)
        with engine_errors(COUNTING):
            return int(sum(count for (count,) in self.database.execute(rows)))

    def _for_memory(self, columns: Sequence[Column]) -> str:
        """NaN stays as it is, since binding a condition for each of many columns takes quadratic time."""
        if self.raw.is_stored:
            return super()._for_memory(columns)
        names = {column.name for column in columns}
        inputs = [i for i in self.inputs if i.name in names]
        inputs = list(self.inputs) if self.where is not None else inputs
        rows = (typed_sql(g, g.sql, inputs, self.where, numbered=False, nan=True) for g in self.raw.groups)
        return f"({' UNION ALL '.join(rows)})"

    def _numbered(self, columns: Sequence[Column]) -> str:
        """Files of Parquet know the numbers of their rows, which only one thread can count."""
        first, *others = self.raw.groups
        if first.placed is None or others or self.where is not None or self.raw.is_stored:
            return super()._numbered(columns)
        names = {column.name for column in columns}
        inputs = [i for i in self.inputs if i.name in names]
        rows = typed_sql(first, first.placed, inputs, None, numbered=False, extra=(FILE, FILE_ROW))
        return f"SELECT {listed(columns)}, {self._place(first)} AS i FROM ({rows})"

    def _place(self, group: Group) -> str:
        """The place of a row among those of all files, as SQL."""
        if len(group.parts) == 1:
            return FILE_ROW
        counts = dict(self.database.execute(f"SELECT {FILE}, count(*) FROM ({group.placed}) GROUP BY {FILE}"))
        starts = accumulate((counts.get(k, 0) for k in range(len(group.parts) - 1)), initial=0)
        return f"[{', '.join(map(str, starts))}][CAST({FILE} AS BIGINT) + 1] + {FILE_ROW}"

    def find(self, condition: Condition, skip: int = 0) -> LocatedRow:
        """See `Data`."""
        with engine_errors("looking for a row failed"):
            return self.find_where(_as_sql(condition), skip)

    def find_where(self, condition: str, skip: int = 0) -> LocatedRow:
        """Among the rows selected by `where`, the one after `skip` others that meets a condition on stored values."""
        columns = ", ".join([ROW, *(identifier(i.name) for i in self.inputs)])
        for group, part in self.raw.parts():
            rows = typed_sql(group, part.sql, self.inputs, self.where, numbered=True)
            hits = self.database.execute(
                f"SELECT {columns} FROM ({rows}) WHERE {condition} ORDER BY {ROW} LIMIT 1 OFFSET {skip}"
            )
            for number, *stored in hits:
                location = f"{part.label}, {place_of_row(self.source, part, number)}"
                return LocatedRow(location, dict(zip([i.name for i in self.inputs], stored, strict=True)))
            passed = self.database.execute(f"SELECT count(*) FROM ({rows}) WHERE {condition}")
            skip -= passed[0][0]
        return LocatedRow(self.source.name, {})

    def is_constant(self, name: str) -> bool:
        """See `Data`. If two of the first rows differ, the others are not read."""
        column = identifier(name)
        with engine_errors(COUNTING):
            head = f"SELECT {column} AS v FROM {self.sql} LIMIT {HEAD}"
            first, last = self.database.execute(f"SELECT min(v), max(v) FROM ({head})")[0]
            if first != last:
                return False
            others = f"SELECT 1 FROM {self.sql} WHERE {column} <> {literal(first)} LIMIT 1"
            return not self.database.execute(others)

    def narrow(self) -> frozenset[str]:
        """See `Data`. The engine reads 16-bit floats as 32-bit ones."""
        return frozenset(i.name for i in self.inputs for g in self.raw.groups if g.columns.get(i.name) == "FLOAT")

    def keys(self) -> set[str] | None:
        """See `Data`."""
        if self.source.kind not in JSON:
            return None
        with engine_errors(COUNTING):
            return all_keys(self.database, self.source)

    def cached(self) -> Data:
        """See `Data`.

        Why: for every query, a view of typed files is bound again, column by column, and its expressions are computed
        again. That is negligible for a tall table, but takes most of the time for a short and wide one.
        """
        columns = [Column(i.name, i.dtype, f"column `{i.name}`", i.span) for i in self.inputs]
        held = self.in_memory(columns)
        return HeldData(self, self.count(), held, self.database.threads, data=self) if held else self

    def batches(self, names: Sequence[str], size: int) -> Generator[pa.RecordBatch, None, None]:
        """See `Data`."""
        columns = ", ".join(f"{identifier(name)} AS c{k}" for k, name in enumerate(names))
        with engine_errors("reading the rows failed"):
            yield from self.database.batches(f"SELECT {columns} FROM {self.sql}", size)

    def kept_schema(self) -> pa.Schema:
        """See `Data`."""
        if not self.keep:
            return pa.schema([])
        columns = dict.fromkeys(self.keep)
        with engine_errors("reading the rows failed"):
            stored = self.database.run(f"SELECT {', '.join(map(identifier, columns))} FROM {self.sql} LIMIT 0").schema
        return pa.schema([pa.field(name, self._time(name) or _plain(stored.field(name).type)) for name in self.keep])

    def _time(self, name: str) -> pa.DataType | None:
        """The type of an input that statistics see as a number, but that is a time in the data."""
        value = next((i for i in self.inputs if i.name == name), None)
        readings = [group.readings[name] for group in self.raw.groups] if value is not None else []
        if value is None or all(reading.stored == identifier(name) for reading in readings):
            return None
        return KEPT[value.dtype]


def _plain(kind: pa.DataType) -> pa.DataType:
    """An enum's values may differ between files, so it is kept as text."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _as_sql(condition: Condition) -> str:
    match condition:
        case AnyRow():
            return "true"
        case IsNull(name):
            return f"{identifier(name)} IS NULL"
        case HoldsNul(name):
            return holds_nul(identifier(name))
        case IsOutside(name, low, high, besides):
            column = identifier(name)
            others = f" AND {column} NOT IN ({', '.join(map(str, besides))})" if besides else ""
            return f"({column} < {low} OR {column} > {high}){others}"
        case _:
            assert_never(condition)


def typed_sql(
    group: Group,
    rows: str,
    inputs: Sequence[Input],
    where: Predicate | None,
    *,
    numbered: bool,
    extra: Sequence[str] = (),
    nan: bool = False,
) -> str:
    """The stored values of all inputs, and whether a raw value is bad; with `numbered` also the row within its part.
    With `nan` the null of a float may be NaN.

    Only `where` may read other columns: without it all columns are listed, because the engine takes quadratic time to
    expand a star with replacements.
    """
    if numbered:
        rows = f"SELECT row_number() OVER () AS {ROW}, * FROM ({rows})"
    readings = group.readings
    others = [*([ROW] if numbered else []), *map(identifier, extra)]
    values = [f"{readings[i.name].value} AS {identifier(i.name)}" for i in inputs]
    read = ", ".join([*values, *others]) if where is None else f"* REPLACE ({', '.join(values)})"
    bad = " OR ".join(f"({readings[i.name].bad})" for i in inputs if readings[i.name].bad) or "false"
    inner = f"SELECT {read}, ({bad}) AS {BAD} FROM ({rows})"
    columns = [
        identifier(i.name) if nan and i.kind.is_float else f"{readings[i.name].stored} AS {identifier(i.name)}"
        for i in inputs
    ]
    stored = ", ".join([*columns, *map(identifier, extra)])
    row = f"{ROW}, " if numbered else ""
    keep = f" WHERE ({where.sql}) OR {BAD}" if where is not None else ""
    return f"SELECT {row}{stored}, {BAD} FROM ({inner}){keep}"


def place_of_row(source: Source, part: Part, row: int) -> str:
    """`row 3 (line 12)` for a row of a CSV file, whose fields may hold line ends; `row 3` for other kinds."""
    return places_of_rows(source, [(part, row)])[part.label, row]


def places_of_rows(source: Source, rows: Iterable[tuple[Part, int]]) -> dict[tuple[str, int], str]:
    """The place of each row, by the label of its part and its number. Each file is read once."""
    by_label: dict[str, set[int]] = {}
    for part, row in rows:
        by_label.setdefault(part.label, set()).add(row)
    places = {}
    for label, numbers in by_label.items():
        is_text, what = source.kind in ("csv", "tsv"), "line"
        lines = lines_of(source.path(label), source.options, separator_of(source), numbers) if is_text else {}
        if source.kind == "xlsx":
            lines, what = numbers_in_sheet(source.path(label), source.options, numbers), "row of the sheet"
        for row in numbers:
            places[label, row] = f"row {row} ({what} {lines[row]})" if row in lines else f"row {row}"
    return places
