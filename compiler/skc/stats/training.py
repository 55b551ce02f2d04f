"""The training rows as one table in the engine: typed as declared, filtered by `where`, and held against the contract.

Text is parsed once and stored; what is stored typed already is read where it lies, as often as it takes. `where` sees
every input as its declared type (a timestamp as an instant in UTC, a date as a date) after the rules for null text,
and every other column as it is stored, which for CSV and JSON lines is text. Every row must parse, also those that
`where` leaves out.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from skc.diagnostics import Diagnostic, SkcError, did_you_mean, fail
from skc.ir import DataSource, Input
from skc.stats.connection import Database, engine_errors, identifier, literal
from skc.stats.csv_trouble import csv_trouble, long_fields
from skc.stats.engine import Summary
from skc.stats.predicate import Predicate, parse_predicate
from skc.stats.readers import Raw, json_keys, missing_column, open_raw
from skc.stats.sources import Source
from skc.types import DATE_MAX, DATE_MIN, TIMESTAMP_MAX, TIMESTAMP_MIN
from skc_runtime.errors import shown

ROW, BAD = '"skc: row"', '"skc: bad"'
RANGES = {"timestamp": (TIMESTAMP_MIN, TIMESTAMP_MAX), "date": (DATE_MIN, DATE_MAX)}
HEAD = 1000


@dataclass(frozen=True)
class Found:
    """One row of the data: where it is, and its stored values by input name (none where the row is gone)."""

    place: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Training:
    """The rows to fit on. `table` is an Ibis expression with one column per input, under its name; `name` is SQL's."""

    database: Database
    name: str
    raw: Raw
    inputs: tuple[Input, ...]
    where: Predicate | None
    table: Any

    def find(self, condition: str, skip: int = 0) -> Found:
        """The row that, after `where` and `skip` others, is the next to meet a condition on stored values."""
        columns = ", ".join([ROW, *(identifier(i.name) for i in self.inputs)])
        for part in self.raw.parts:
            rows = _typed_sql(self.raw, part.sql, self.inputs, self.where, numbered=True)
            found = self.database.execute(
                f"SELECT {columns} FROM ({rows}) WHERE {condition} ORDER BY {ROW} LIMIT 1 OFFSET {skip}"
            )
            for number, *values in found:
                place = f"{part.label}, row {number}{_line(self.raw.source, part.label, number)}"
                return Found(place, dict(zip([i.name for i in self.inputs], values, strict=True)))
            passed = self.database.execute(f"SELECT count(*) FROM ({rows}) WHERE {condition}")
            skip -= passed[0][0]
        return Found(self.raw.source.name, {})

    def locate(self, condition: str, skip: int = 0) -> str:
        """Where that row is."""
        return self.find(condition, skip).place


def load_training(
    database: Database,
    source: Source,
    inputs: tuple[Input, ...],
    declared: DataSource,
    keep: Sequence[str] = (),
) -> Training:
    """Read the source into the engine. Raises SKC203 to SKC207.

    `keep` names columns to carry along as they are stored; those that are not inputs follow them in `table`.
    """
    where = None if declared.where is None else parse_predicate(declared.where, declared.span)
    names = [i.name for i in inputs]
    kept = [name for name in dict.fromkeys(keep) if name not in names]
    others = [] if where is None else [name for name in where.columns if name not in names]
    raw = open_raw(database, source, inputs, [*others, *kept])
    _check_kept(raw, kept)
    if where is not None:
        _check_where(database, raw, inputs, where, declared)
    # Several threads reading JSON lines bring a last line without a line end to the front; numbering keeps the order.
    numbered = source.kind == "jsonl"
    sql = _typed_sql(raw, raw.sql, inputs, where, numbered=numbered, kept=kept)
    extra = f"{ROW}, {BAD}" if numbered else BAD
    read, name = database.new_name("read"), database.new_name("training")
    reading = engine_errors(f"`{source.name}` cannot be read", code="SKC203", span=source.span)
    with csv_trouble(source, "\t" if source.kind == "tsv" else ","), reading, _where_errors(where, declared):
        database.execute(f"CREATE {'TABLE' if raw.is_text else 'VIEW'} {read} AS {sql}")
        database.execute(f"CREATE VIEW {name} AS SELECT * EXCLUDE ({extra}) FROM {read}")
        if where is not None or any(r.bad for r in raw.readings.values()):
            bad_rows = database.execute(f"SELECT count(*) FILTER ({BAD}) FROM {read}")
            if bad_rows[0][0]:
                raise _bad_value(database, raw, inputs)
    return Training(database, name, raw, inputs, where, database.table(name))


def _typed_sql(
    raw: Raw,
    rows: str,
    inputs: Sequence[Input],
    where: Predicate | None,
    *,
    numbered: bool,
    kept: Sequence[str] = (),
) -> str:
    """The stored values of all inputs, and whether a raw value is bad; with `numbered` also the row within its part."""
    if numbered:
        rows = f"SELECT row_number() OVER () AS {ROW}, * FROM ({rows})"
    readings = raw.readings
    values = ", ".join(f"{readings[i.name].value} AS {identifier(i.name)}" for i in inputs)
    bad = " OR ".join(f"({readings[i.name].bad})" for i in inputs if readings[i.name].bad) or "false"
    inner = f"SELECT * REPLACE ({values}), ({bad}) AS {BAD} FROM ({rows})"
    columns = [f"{readings[i.name].stored} AS {identifier(i.name)}" for i in inputs]
    stored = ", ".join([*columns, *map(identifier, kept)])
    row = f"{ROW}, " if numbered else ""
    keep = f" WHERE ({where.sql}) OR {BAD}" if where is not None else ""
    return f"SELECT {row}{stored}, {BAD} FROM ({inner}){keep}"


def _check_kept(raw: Raw, keep: Sequence[str]) -> None:
    for name in keep:
        if name not in raw.columns:
            hint = did_you_mean(name, raw.columns) or f"the data has: {', '.join(raw.columns)}"
            raise fail("SKC204", f"`{name}` is no column of {raw.source.name}", hint=hint)


def _check_where(database: Database, raw: Raw, inputs: Sequence[Input], where: Predicate, declared: DataSource) -> None:
    """Refuse a predicate that names no column of the data, or does not fit the types."""
    known = {name.lower(): name for name in raw.columns}
    for name in where.columns:
        if name.lower() not in known:
            hint = did_you_mean(name, raw.columns)
            raise fail("SKC207", f"`where` names `{name}`, which is no column", span=declared.span, hint=hint)
    sql = _typed_sql(raw, raw.sql, inputs, where, numbered=False)
    hint = "inputs have their declared types; the other columns of a text file are text: write `CAST(x AS DOUBLE)`"
    with engine_errors("`where` does not fit the data", code="SKC207", span=declared.span, hint=hint):
        database.execute(f"EXPLAIN {sql}")


@contextmanager
def _where_errors(where: Predicate | None, declared: DataSource) -> Iterator[None]:
    """What goes wrong in a value is the predicate's fault: our own conversions never raise."""
    try:
        yield
    except (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.TypeMismatchException) as error:
        if where is None:
            raise
        message = "`where` cannot be computed for every row"
        notes = [" ".join(str(error).split())[:300]]
        hint = "write `TRY_CAST(x AS …)` where some values may not fit"
        raise fail("SKC207", message, span=declared.span, hint=hint, notes=notes) from error


def _bad_value(database: Database, raw: Raw, inputs: Sequence[Input]) -> SkcError:
    """SKC206 (or SKC209 for a forbidden NaN) for the first value that does not fit, found by reading in order."""
    checked = [i for i in inputs if raw.readings[i.name].bad]
    flags = ", ".join(f"coalesce({raw.readings[i.name].bad}, false)" for i in checked)
    shown = ", ".join(f"CAST({identifier(i.name)} AS VARCHAR)" for i in checked)
    for part in raw.parts:
        numbered = f"SELECT row_number() OVER () AS {ROW}, * FROM ({part.sql})"
        query = f"SELECT {ROW}, [{flags}] AS flags, [{shown}] FROM ({numbered}) WHERE list_contains(flags, true)"
        for row, bad, texts in database.execute(f"{query} ORDER BY {ROW} LIMIT 1"):
            k = bad.index(True)
            place = f"{part.label}, row {row}{_line(raw.source, part.label, row)}"
            return _refused_value(checked[k], texts[k], place)
    return fail("SKC203", f"`{raw.source.name}` changed while it was read", span=raw.source.span)


def _refused_value(value: Input, text: str, place: str) -> SkcError:
    if value.dtype == "float64" and text.strip('"+-').lower() == "nan":
        hint = f"`{value.name}` says `nan: error`; remove that to read NaN as null"
        return fail("SKC209", f"{place}: `{value.name}` is NaN", span=value.span, hint=hint)
    hints = {
        "float64": "write a number like -1234.5 or 1e-3: a decimal point, no blanks, units or thousands separators; "
        "list texts that mean null in `null_values`",
        "int64": "write a whole number like -1234, or declare it float64; list texts that mean null in `null_values`",
        "bool": "write true or false; list texts that mean null in `null_values`",
        "timestamp": "write ISO 8601 with an offset, such as 2024-05-01T12:00:00Z; "
        "for any other form declare it `string` and use `parse_datetime`",
        "date": "write YYYY-MM-DD; for any other form declare it `string` and use `parse_datetime`",
        "string": "declare the type that the data has",
    }
    shown = text if len(text) <= 80 else text[:79] + "…"
    message = f"{place}: `{shown}` in column `{value.name}` is not {_article(value.dtype)}"
    return fail("SKC206", message, span=value.span, hint=hints[value.dtype])


def _article(dtype: str) -> str:
    return f"an {dtype}" if dtype == "int64" else f"a {dtype}"


def _line(source: Source, file: str, row: int) -> str:
    """` (line 12)` for a row of a CSV file, whose fields may hold line ends; nothing for other kinds."""
    if source.kind not in ("csv", "tsv"):
        return ""
    opened: Any = gzip.open if file.lower().endswith(".gz") else open
    with opened(file, "rt", encoding="utf-8-sig", newline="", errors="replace") as lines, long_fields():
        reader = csv.reader(lines, delimiter="\t" if source.kind == "tsv" else ",")
        seen, start = -1, 1  # the header is record 0
        for record in reader:
            seen += bool(record)
            if seen == row:
                return f" (line {start})"
            start = reader.line_num + 1
    return ""


def check_contract(training: Training, rows: int, summaries: Mapping[str, Summary]) -> list[Diagnostic]:
    """Hold the rows against what the inputs promise; the warnings. `summaries` are by input name.

    Raises SKC206 (a NUL in a string), SKC208 (no rows), SKC209 (a null where none may be), SKC222 (no value at all),
    SKC224 (an impossible date).
    """
    if rows == 0:
        source = training.raw.source
        left = ", after `where`" if training.where else ""
        hint = "widen `where`" if training.where else "give data with rows"
        raise fail("SKC208", f"there is no row to fit on in {source.name}{left}", span=source.span, hint=hint)
    errors = [error for value in training.inputs for error in _broken_promises(training, value, summaries[value.name])]
    if errors:
        raise SkcError(*(d for error in errors for d in error.diagnostics))
    single = [value for value in training.inputs if _has_one_value(training, value, summaries[value.name])]
    return [
        Diagnostic(
            "SKC223",
            f"column `{value.name}` has the same value in all {rows} training rows",
            value.span,
            "it says nothing to a model; drop it, or check the data",
            severity="warning",
        )
        for value in single
        if rows > 1
    ]


def _broken_promises(training: Training, value: Input, summary: Summary) -> list[SkcError]:
    column = identifier(value.name)
    if summary.count == 0:
        source = training.raw.source
        if source.kind == "jsonl":
            keys = json_keys(training.database, source)
            if value.name not in keys:
                return [missing_column(value, keys, source.name)]
        hint = "drop the input, or look whether the column is filled under another name"
        return [
            fail(
                "SKC222",
                f"column `{value.name}` has no value in any training row",
                span=value.span,
                hint=hint,
            )
        ]
    if summary.nulls and not value.nullable:
        place = training.locate(f"{column} IS NULL")
        hint = f"declare it `{{type: {value.dtype}, nullable: true}}`, or leave such rows out by `where`"
        message = f"{place}: `{value.name}` is null, and the input is not nullable"
        return [
            fail(
                "SKC209",
                message,
                span=value.span,
                hint=hint,
                notes=[f"{summary.nulls} of {summary.rows} rows are null"],
            )
        ]
    if summary.has_nul:
        return [nul_in_string(training, value)]
    if value.dtype not in RANGES:
        return []
    low, high = RANGES[value.dtype]
    if low <= summary.low and summary.high <= high:
        return []
    sentinels = [str(v) for v in value.null_values if type(v) is int]
    others = f" AND {column} NOT IN ({', '.join(sentinels)})" if sentinels else ""
    condition = f"({column} < {low} OR {column} > {high}){others}"
    message = f"{training.locate(condition)}: `{value.name}` lies outside the years 1 to 9999 (out-of-range)"
    return [fail("SKC224", message, span=value.span, hint="leave such rows out by `where`")]


def nul_in_string(training: Training, value: Input) -> SkcError:
    """SKC206 for the first string that no runtime could take."""
    found = training.find(f"contains({identifier(value.name)}, chr(0))")
    message = (
        f"{found.place}: {shown(found.values.get(value.name))} in column `{value.name}` holds a NUL (nul-in-string)"
    )
    hint = "every runtime refuses such a string, since C ends a text there: take the NUL out, or leave the row out"
    return fail("SKC206", message, span=value.span, hint=hint)


def _has_one_value(training: Training, value: Input, summary: Summary) -> bool:
    """Bounds tell it for ordered types. Of strings, two that differ among the first rows spare looking at all."""
    if summary.nulls:
        return False
    if value.dtype != "string":
        return bool(summary.low == summary.high)
    column = identifier(value.name)
    head = f"SELECT {column} AS v FROM {training.name} LIMIT {HEAD}"
    first, last = training.database.execute(f"SELECT min(v), max(v) FROM ({head})")[0]
    if first != last:
        return False
    others = f"SELECT 1 FROM {training.name} WHERE {column} <> {literal(first)} LIMIT 1"
    return not training.database.execute(others)
