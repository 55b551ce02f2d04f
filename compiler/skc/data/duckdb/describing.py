"""The columns of a source, before anybody has declared inputs: their names, and the type that reads all their values.

A column of files of text is text. One of JSON, or of a sheet, has the type that its values have, all of which are
checked. A column that files store as different types has a type that reads all of them, or is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from skc.data.contract import missing_column
from skc.data.copies import with_copies
from skc.data.duckdb.connection import AT_ONCE, Database, engine_errors, identifier
from skc.data.duckdb.conversion import FLOATS, SMALL_INTEGERS, TYPED, WIDE_INTEGERS, read_typed
from skc.data.duckdb.json_lines import objects
from skc.data.duckdb.readers import Raw, file_header, open_files
from skc.data.engine import Stored
from skc.data.sources import JSON, Source, folded
from skc.diagnostics import SkcError, fail
from skc.ir import Input
from skc_runtime.kinds import KINDS, DType

WRITTEN = "VARCHAR"
MOST_WORDS = 5
JSON_INTEGERS, JSON_NUMBERS = {"BIGINT", "UBIGINT"}, {"BIGINT", "UBIGINT", "HUGEINT", "DOUBLE"}
NO_VALUE = '"NULL"'
NATURAL: Mapping[str, DType] = {
    **dict.fromkeys(FLOATS, "float64"),
    **dict.fromkeys((*SMALL_INTEGERS, *WIDE_INTEGERS), "int64"),
    "BOOLEAN": "bool",
    "VARCHAR": "string",
    "FLOAT": "float32",  # as which a request is rounded as the data was
    "DATE": "date",
    **dict.fromkeys(("TIME", "TIME_NS"), "time"),
    "UUID": "string",
    NO_VALUE: "string",
}


def stored_columns(database: Database, source: Source) -> tuple[Stored, ...]:
    """See `Engine.columns`."""
    with engine_errors(f"`{source.name}` cannot be copied", code="SKC203", span=source.span):
        source = with_copies(source, database.folder)
    if source.kind in ("csv", "tsv"):
        columns = _written(source)
    else:
        database.confine([source.path(file) for file in source.files])
        keys = _keys(database, source) if source.kind in JSON else []
        raw = open_files(database, source, (), keys)
        columns = [*(_of_json(database, raw) if source.kind in (*JSON, "xlsx") else _of_types(raw))]
    known = {folded(column.name) for column in columns}
    return (*columns, *(column for column in _of_folders(source) if folded(column.name) not in known))


def _written(source: Source) -> list[Stored]:
    headers = {file: file_header(file, source) for file in source.files}
    _check_alike(headers)
    return [Stored(name, WRITTEN, "string", is_written=True) for name in headers[source.files[0]]]


def _check_alike(columns: Mapping[str, tuple[str, ...]]) -> None:
    """Refuse files of which one lacks a column that another has."""
    first = next(iter(columns))
    for file, names in columns.items():
        for here, there, absent in ((first, file, names), (file, first, columns[first])):
            lacking = next((name for name in columns[here] if name not in absent), None)
            if lacking is not None:
                (error,) = missing_column(Input(lacking, "string"), {*absent}, there).diagnostics
                hint = error.hint if error.hint and error.hint.startswith("did you mean") else None
                hint = f"{hint or f'`{here}` has it'}; give all files the same columns, or name fewer files"
                raise fail("SKC204", error.message, hint=hint)


def _keys(database: Database, source: Source) -> list[str]:
    """The keys of all records, in the order in which they are first seen."""
    with engine_errors(f"`{source.name}` cannot be read", code="SKC203", span=source.span):
        keys = "unnest(json_keys(json)) AS k, generate_subscripts(json_keys(json), 1) AS i"
        records = f"SELECT row_number() OVER () AS r, {keys} FROM {objects(source.files, source)}"
        rows = database.execute(f"SELECT k FROM ({records}) GROUP BY k ORDER BY min(r), arg_min(i, r), k")
    return [key for (key,) in rows]


def _of_json(database: Database, raw: Raw) -> Iterator[Stored]:
    _check_alike({group.label: tuple(group.columns) for group in raw.groups})
    names = list(raw.groups[0].columns)
    for start in range(0, len(names), AT_ONCE):
        chunk = names[start : start + AT_ONCE]
        seen: list[set[str]] = [set() for _ in chunk]
        for group in raw.groups:
            kinds = ", ".join(f"list(DISTINCT json_type({identifier(name)}))" for name in chunk)
            with engine_errors(f"`{group.label}` cannot be read", code="SKC203", span=raw.source.span):
                (row,) = database.execute(f"SELECT {kinds} FROM ({group.sql})")
            for known, kinds in zip(seen, row, strict=True):
                known.update(kind for kind in kinds or () if kind is not None and kind != "NULL")
        yield from (_json_column(database, raw, name, kinds) for name, kinds in zip(chunk, seen, strict=True))


def _json_column(database: Database, raw: Raw, name: str, kinds: set[str]) -> Stored:
    label = " and ".join(sorted(kinds)) or NO_VALUE
    if kinds <= {"VARCHAR"}:
        return Stored(name, label, "string")
    if kinds == {"BOOLEAN"}:
        return Stored(name, label, "bool")
    dtype: DType = "int64" if kinds <= {*JSON_INTEGERS, "VARCHAR"} else "float64"
    if kinds <= JSON_NUMBERS:
        return Stored(name, label, dtype)
    words = _words(database, raw, name) if kinds <= {*JSON_NUMBERS, "VARCHAR"} else []
    if words and len(words) <= MOST_WORDS:
        return Stored(name, label, dtype, words=tuple(words))
    return Stored(name, label, None)


def _words(database: Database, raw: Raw, name: str) -> list[str]:
    """The texts of a column, as far as they are few."""
    column = identifier(name)
    words: set[str] = set()
    for group in raw.groups:
        texts = f"SELECT DISTINCT {column} ->> '$' AS t FROM ({group.sql}) WHERE json_type({column}) = 'VARCHAR'"
        words.update(text for (text,) in database.execute(f"SELECT t FROM ({texts}) ORDER BY t LIMIT {MOST_WORDS + 1}"))
    return sorted(words)


def _of_types(raw: Raw) -> Iterator[Stored]:
    _check_alike({group.label: tuple(group.columns) for group in raw.groups})
    for name, first in raw.groups[0].columns.items():
        kinds = [group.columns[name] for group in raw.groups]
        dtype = next((dtype for dtype in _types(first) if _reads_all(name, dtype, kinds)), None)
        other = next((group for group, kind in zip(raw.groups, kinds, strict=True) if kind != first), None)
        if dtype is None and other is not None:
            types = f"{first} in {raw.groups[0].label}, and {other.columns[name]} in {other.label}"
            hint = "store it as one type in all files, or name files that have the same type"
            raise fail("SKC205", f"column `{name}` is {types}", span=raw.source.span, hint=hint)
        yield Stored(name, first, dtype)


def _types(kind: str) -> list[DType]:
    """The types of input that may read a stored type, the most natural first."""
    natural = NATURAL.get(kind, "string" if kind.startswith("ENUM(") else None)
    if natural is None and kind.startswith("TIMESTAMP"):
        natural = "timestamp"
    order: list[DType] = [natural] if natural is not None else []
    return [*order, *(dtype for dtype in TYPED if dtype != natural and not KINDS[dtype].is_time)]


def _reads_all(name: str, dtype: DType, kinds: list[str]) -> bool:
    try:
        return all(read_typed(Input(name, dtype), kind, name) is not None for kind in kinds)
    except SkcError:
        return False


def _of_folders(source: Source) -> list[Stored]:
    names = dict.fromkeys(name for file in source.files for name, _ in source.partitions.get(file, ()))
    return [Stored(name, WRITTEN, "string", is_written=True) for name in names]
