"""Report the values of a file that are not of the declared type: all columns at once, and what would mend them.

Of each column the first such value is named with its line, and what else is wrong in the first rows with one: which
texts, how many, where. The option that a hint suggests was tried on the data: with it, the column has no such value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice
from typing import Any

from skc.data.duckdb.connection import Database, identifier, literal
from skc.data.duckdb.conversion import read_csv_text
from skc.data.duckdb.readers import Group, Part, Raw
from skc.data.duckdb.training import ROW, places_of_rows
from skc.data.sources import separator_of
from skc.data.text.records import long_fields
from skc.data.text.splitting import BLANKS
from skc.data.text.table import TextError, rows
from skc.data.text.value_mending import value_hint
from skc.diagnostics import SkcError, fail
from skc.ir import Input
from skc_runtime.kinds import LARGEST_FLOAT32, DType, for_every_kind

MOST_ROWS = 1000  # with a bad value, of which all are reported
MOST_TEXTS = 5  # shown of a column
TRIED_ROWS = 100_000  # of a file, to find an option that mends it
WIDE_HINT = (
    "the number does not fit the type and would be changed: if it is an id, declare it `string` and write it as "
    "text in the data; if it fits 64 bits, declare it int64"
)


@dataclass
class _BadColumn:
    """The bad values of a column: the first, and the rows of each text among the first rows."""

    value: Input
    group: Group
    part: Part
    row: int
    text: str
    rows: dict[str, list[tuple[Part, int]]] = field(default_factory=dict)


def bad_values(database: Database, raw: Raw, inputs: Sequence[Input]) -> dict[str, SkcError]:
    """SKC206 (or SKC209 for a forbidden NaN) for every column, at its first value that does not convert."""
    bad_columns: dict[str, _BadColumn] = {}
    for group, part in raw.parts():
        missing = [i for i in inputs if group.readings[i.name].bad and i.name not in bad_columns]
        for value, row, text in _first_values(database, group, part, missing):
            bad_columns[value.name] = _BadColumn(value, group, part, row, text)
    if not bad_columns:
        raise fail("SKC203", f"`{raw.source.name}` changed while it was being read", span=raw.source.span)
    _add_rows(database, raw, bad_columns)
    places = places_of_rows(raw.source, [*((f.part, f.row) for f in bad_columns.values()), *_shown_rows(bad_columns)])
    return {name: _refused(database, raw, one, inputs, places) for name, one in bad_columns.items()}


def _first_values(
    database: Database, group: Group, part: Part, checked: Sequence[Input]
) -> Iterator[tuple[Input, int, str]]:
    if not checked:
        return
    firsts = ", ".join(f"min({ROW}) FILTER (b{k}), arg_min(t{k}, {ROW}) FILTER (b{k})" for k in range(len(checked)))
    ((*values,),) = database.execute(f"SELECT {firsts} FROM ({_flagged(group, part, checked)})")
    for value, row, text in zip(checked, values[::2], values[1::2], strict=True):
        if row is not None:
            yield value, row, text


def _flagged(group: Group, part: Part, checked: Sequence[Input]) -> str:
    """For every row its number, whether each input is bad (`b0`, …), and its text (`t0`, …)."""
    flags = [f"coalesce({group.readings[i.name].bad}, false) AS b{k}" for k, i in enumerate(checked)]
    texts = [f"CAST({identifier(i.name)} AS VARCHAR) AS t{k}" for k, i in enumerate(checked)]
    return f"SELECT {', '.join([f'row_number() OVER () AS {ROW}', *flags, *texts])} FROM ({part.sql})"


def _add_rows(database: Database, raw: Raw, bad_columns: Mapping[str, _BadColumn]) -> None:
    """Everything that is bad in the first rows in which something is."""
    left = MOST_ROWS
    for group, part in raw.parts():
        checked = [one.value for one in bad_columns.values() if group.readings[one.value.name].bad]
        if not checked or not left:
            continue
        is_bad = " OR ".join(f"b{k}" for k in range(len(checked)))
        columns = ", ".join([ROW, *(f"CASE WHEN b{k} THEN t{k} END" for k in range(len(checked)))])
        rows = f"SELECT {columns} FROM ({_flagged(group, part, checked)}) WHERE {is_bad} ORDER BY {ROW} LIMIT {left}"
        for row, *texts in database.execute(rows):
            left -= 1
            for value, text in zip(checked, texts, strict=True):
                if text is not None:
                    bad_columns[value.name].rows.setdefault(text, []).append((part, row))


def _shown_rows(bad_columns: Mapping[str, _BadColumn]) -> Iterator[tuple[Part, int]]:
    """The row of each text that a note shows."""
    for one in bad_columns.values():
        yield from (rows[0] for rows in list(one.rows.values())[:MOST_TEXTS])


def _refused(
    database: Database, raw: Raw, bad: _BadColumn, inputs: Sequence[Input], places: Mapping[tuple[str, int], str]
) -> SkcError:
    value, text, place = bad.value, bad.text, places[bad.part.label, bad.row]
    if value.kind.is_float and text.strip('"+-').lower() == "nan":
        hint = f"`{value.name}` has `nan: error`; remove that to read NaN as null"
        return fail("SKC209", f"{bad.part.label}, {place}: `{value.name}` is NaN", span=value.span, hint=hint)
    is_wide = re.fullmatch(WIDE.get(value.dtype, "(?!)"), text) is not None
    message = f"{bad.part.label}, {place}: `{_short(text)}` in column `{value.name}` is not {_article(value.dtype)}"
    mended = None
    if not is_wide and raw.source.kind in ("csv", "tsv"):
        bad_before = _bad_counts(database, bad, inputs, raw, {})
        mends = partial(_is_mended, database, bad, inputs, raw, bad_before)
        mended = value_hint(value, [*bad.rows] or [text], raw.source.options, mends)
    hint = WIDE_HINT if is_wide else mended or _writing_hint(value, raw.source.options.decimal)
    return fail("SKC206", message, span=value.span, hint=hint, notes=_notes(bad, places))


def _writing_hint(value: Input, decimal: str) -> str:
    if value.zone is not None:
        return (
            "write ISO 8601 without an offset, such as 2024-05-01T12:00:00; if the times have an offset, leave out "
            "`timezone`"
        )
    if value.kind.is_float and decimal != ".":
        return (
            f"write a number like -1234{decimal}5 or 1e-3, with the marks that `decimal` and `thousands` under `data` "
            "name; list strings that mean null in `null_values`"
        )
    return TO_WRITE[value.dtype]


def _notes(bad: _BadColumn, places: Mapping[tuple[str, int], str]) -> list[str]:
    """What else is wrong in the column."""
    count = sum(map(len, bad.rows.values()))
    if count < 2:
        return []
    shown = [
        f"`{_short(text)}` in {places[rows[0][0].label, rows[0][1]]}"
        + (f" and {len(rows) - 1} more" if rows[1:] else "")
        for text, rows in list(bad.rows.items())[:MOST_TEXTS]
    ]
    others = len(bad.rows) - len(shown)
    return [
        f"{count:,} such values in the first {MOST_ROWS:,} rows that have one: {'; '.join(shown)}"
        + (f"; {others} other texts" if others else "")
    ]


def _is_mended(
    database: Database,
    bad: _BadColumn,
    inputs: Sequence[Input],
    raw: Raw,
    before: Mapping[str, int],
    changes: Mapping[str, Any],
) -> bool:
    """Whether with some options the column has no bad value any more, and no other column has more of them."""
    if "trim" in changes and not _is_trimmed(bad, raw):
        return False
    after = _bad_counts(database, bad, inputs, raw, changes)
    return after[bad.value.name] == 0 and all(after[name] <= before[name] for name in after)


def _is_trimmed(bad: _BadColumn, raw: Raw) -> bool:
    """Whether `trim` would take the blanks of the first bad value: they are not in quotes."""
    source, options = raw.source, replace(raw.source.options, trim=True)
    column = [*bad.group.columns].index(bad.value.name)
    with long_fields(), suppress(TextError):
        records = rows(source.path(bad.part.label), options, separator_of(source))
        record = next(islice(records, bad.row - 1, None), None)
        return record is not None and record.fields[column] != bad.text
    return False


def _bad_counts(
    database: Database, bad: _BadColumn, inputs: Sequence[Input], raw: Raw, changes: Mapping[str, Any]
) -> dict[str, int]:
    """How many values of each input are bad in the file, as far as it is tried, if its options were changed."""
    options = replace(raw.source.options, **changes)
    conditions = {i.name: sql for i in inputs if (sql := read_csv_text(i, options).bad)}
    counts = ", ".join(f"count(*) FILTER ({sql})" for sql in conditions.values())
    tried = f"SELECT * FROM ({bad.part.sql}) LIMIT {TRIED_ROWS}"
    if options.trim and not raw.source.options.trim:
        trimmed = (f"trim({identifier(i.name)}, {literal(BLANKS)}) AS {identifier(i.name)}" for i in inputs)
        tried = f"SELECT * REPLACE ({', '.join(trimmed)}) FROM ({tried})"
    (results,) = database.execute(f"SELECT {counts} FROM ({tried})")
    return dict(zip(conditions, results, strict=True))


# What to write, by declared type; a number with many digits has its own hint.
TO_WRITE: Mapping[DType, str] = for_every_kind(
    {
        "float64": "write a number like -1234.5 or 1e-3: a decimal point, no blanks, units or thousands separators; "
        "list strings that mean null in `null_values`",
        "float32": f"write a number of at most {LARGEST_FLOAT32!r}, like -1234.5 or 1e-3: a decimal point, no blanks, "
        "units or thousands separators; list strings that mean null in `null_values`",
        "int64": "write a whole number like -1234, or declare it float64; list strings that mean null in `null_values`",
        "bool": "write true or false; list strings that mean null in `null_values`",
        "timestamp": "write ISO 8601 with an offset, such as 2024-05-01T12:00:00Z; "
        "for any other format declare it `string` and use `parse_datetime`",
        "time": "write HH:MM, HH:MM:SS or HH:MM:SS.f; "
        "for any other format declare it `string` and use `parse_datetime`",
        "date": "write YYYY-MM-DD; for any other format declare it `string` and use `parse_datetime`",
        "string": "declare the type that the data has",
    }
)
WIDE: Mapping[DType, str] = {"float64": "-?[0-9]{16,}", "float32": "-?[0-9]{16,38}", "int64": "[+-]?[0-9]{16,}([.]0*)?"}


def _short(text: str) -> str:
    return text if len(text) <= 80 else text[:79] + "…"


def _article(dtype: str) -> str:
    return f"an {dtype}" if dtype == "int64" else f"a {dtype}"
