"""Reading a source into DuckDB: typed as declared, and filtered by `where`.

Text is parsed once and stored; typed data is read in place, as often as necessary. `where` sees every input as its
declared type (a timestamp as an instant in UTC, a date as a date) after the rules for null text, and every other column
as it is stored in that file, which for CSV and JSON lines is text. Every row must parse, including those that `where`
excludes. Files of one source are independent in this sense: together they are accepted if each is accepted alone, and
their values are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import duckdb

from skc.data.contract import combined, refused_null
from skc.data.copies import with_copies
from skc.data.duckdb.bad_values import bad_values
from skc.data.duckdb.connection import TIME_LIMIT, Database, engine_errors, identifier
from skc.data.duckdb.csv_trouble import csv_trouble
from skc.data.duckdb.raw import open_raw
from skc.data.duckdb.readers import Group, Raw
from skc.data.duckdb.training import BAD, ROW, Training, typed_sql
from skc.data.predicate import Predicate, parse_predicate
from skc.data.sources import JSON, Source
from skc.diagnostics import SkcError, did_you_mean, fail
from skc.ir import DataSource, Input

OK = f"{BAD} IS NOT TRUE"
# Types that Arrow or Parquet lacks, or that Arrow represents differently (an UHUGEINT arrives as a signed number); a
# field name is followed by a space.
NOT_KEPT = re.compile(r"UNION\(|\b(INTERVAL|UHUGEINT|BIGNUM|VARINT|BIT|VARIANT)(?=[\[,)]|$)")


def load_training(
    database: Database,
    source: Source,
    inputs: tuple[Input, ...],
    declared: DataSource,
    keep: Sequence[str] = (),
) -> Training:
    """Read the source into the engine. Raises SKC203 to SKC207.

    `keep` names columns to carry along as stored; those that are not inputs come after the inputs in the table.
    """
    where = None if declared.where is None else parse_predicate(declared.where, declared.span)
    names = [i.name for i in inputs]
    carried = [name for name in dict.fromkeys(keep) if name not in names]
    others = [] if where is None else [name for name in where.columns if name not in names]
    with engine_errors(f"`{source.name}` cannot be copied", code="SKC203", span=source.span):
        source = with_copies(source, database.folder)
    database.confine([source.path(file) for file in source.files])
    if where is not None:
        database.limit(partial(_too_slow, declared))
    raw = open_raw(database, source, inputs, [*others, *carried])
    _check_kept(raw, carried)
    if where is not None:
        for group in raw.groups:
            _check_where(database, group, inputs, where, declared)
    # When several threads read JSON lines, a last line without a line end comes first; numbering keeps the order.
    numbered = source.kind in JSON
    sql = " UNION ALL ".join(
        typed_sql(group, group.sql, inputs, where, numbered=numbered, extra=carried) for group in raw.groups
    )
    extra = f"{ROW}, {BAD}" if numbered else BAD
    read, name = database.new_name("read"), database.new_name("training")
    reading = engine_errors(f"`{source.name}` cannot be read", code="SKC203", span=source.span)
    with csv_trouble(source), reading, _where_errors(where, declared):
        if raw.is_stored:
            database.execute(f"CREATE TABLE {read} AS {sql}")
        else:
            read = f"({sql})"
        database.execute(f"CREATE VIEW {name} AS SELECT * EXCLUDE ({extra}) FROM {read}")
        training = Training(database, name, raw, inputs, where, tuple(keep))
        if where is not None or any(r.bad for group in raw.groups for r in group.readings.values()):
            bad_rows = database.execute(f"SELECT count(*) FILTER ({BAD}) FROM {read}")
            if bad_rows[0][0]:
                bad = bad_values(database, raw, inputs)
                raise combined(bad | _forbidden_nulls(training, read, [i for i in inputs if i.name not in bad]))
    return training


def _check_kept(raw: Raw, keep: Sequence[str]) -> None:
    """Every group must have the columns to keep, with the same type: the engine would cast them to a common one."""
    first = raw.groups[0]
    for group in raw.groups:
        for name in keep:
            if name not in group.columns:
                hint = did_you_mean(name, group.columns) or f"the data has: {', '.join(group.columns)}"
                raise fail("SKC204", f"{group.label} has no column `{name}`", hint=hint)
            if group.columns[name] != first.columns[name]:
                types = f"{first.columns[name]} in {first.label}, and {group.columns[name]} in {group.label}"
                hint = "write it as one type in all files, or leave it out of --keep"
                raise fail("SKC205", f"column `{name}` is {types}", hint=hint)
    for name in keep:
        if NOT_KEPT.search(first.columns[name]):
            message = f"column `{name}` of {first.label} is {first.columns[name]}, which a Parquet file cannot hold"
            hint = "store it as another type in the data, such as VARCHAR, or leave it out of --keep"
            raise fail("SKC205", message, hint=hint)


def _check_where(
    database: Database, group: Group, inputs: Sequence[Input], where: Predicate, declared: DataSource
) -> None:
    """Refuse a predicate that names a column that the data does not have, or does not match the types."""
    known = {name.lower() for name in group.columns}
    for name in where.columns:
        if name.lower() not in known:
            hint = did_you_mean(name, group.columns)
            message = f"`where` names `{name}`, which is not a column of {group.label}"
            raise fail("SKC207", message, span=declared.span, hint=hint)
    sql = typed_sql(group, group.parts[0].sql, inputs, where, numbered=False)
    hint = "inputs have their declared types; other columns of a text file are strings: write `CAST(x AS DOUBLE)`"
    message = f"`where` does not fit the data of {group.label}"
    with engine_errors(message, code="SKC207", span=declared.span, hint=hint):
        database.execute(f"EXPLAIN {sql}")


def _too_slow(declared: DataSource, seconds: float) -> SkcError:
    """SKC225: a query that computes `where` took too long."""
    message = f"a query with `where` took longer than {seconds:g} seconds"
    hint = f"write a simpler `where`, put its result into a column of the data, or set {TIME_LIMIT} to more seconds"
    return fail("SKC225", message, span=declared.span, hint=hint, notes=[f"where: {declared.where}"])


@contextmanager
def _where_errors(where: Predicate | None, declared: DataSource) -> Iterator[None]:
    """Blame the predicate for an error in a value: our own conversions never raise."""
    try:
        yield
    except duckdb.Error as error:
        if where is None or not _is_of_a_value(error):
            raise
        message = "`where` cannot be computed for every row"
        notes = [" ".join(str(error).split())[:300]]
        hint = "write `TRY_CAST(x AS …)`, or `try_strptime`, if some values may not fit"
        raise fail("SKC207", message, span=declared.span, hint=hint, notes=notes) from error


def _is_of_a_value(error: duckdb.Error) -> bool:
    """Whether an expression failed, rather than reading a file."""
    kinds = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.TypeMismatchException)
    is_of_strptime = isinstance(error, duckdb.InvalidInputException) and "format specifier" in str(error)
    return isinstance(error, kinds) or is_of_strptime


def _forbidden_nulls(training: Training, read: str, inputs: Sequence[Input]) -> dict[str, SkcError]:
    """Errors for the other columns that have nulls they must not have, in rows without a bad value: for a row with one
    it is unknown whether `where` would select it.
    """
    checked = [i for i in inputs if not i.nullable]
    counts = ", ".join(["count(*)", *(f"count(*) FILTER ({identifier(i.name)} IS NULL)" for i in checked)])
    ((rows, *nulls),) = training.database.execute(f"SELECT {counts} FROM {read} WHERE {OK}")
    null_counts = {i: n for i, n in zip(checked, nulls, strict=True) if n}
    places = {i: training.find_where(f"{identifier(i.name)} IS NULL AND {OK}").place for i in null_counts}
    return {i.name: refused_null(places[i], i, n, rows) for i, n in null_counts.items()}
