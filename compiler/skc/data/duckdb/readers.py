"""Each kind of source as raw rows: groups of files that are read alike, and how each input is read from them.

Why groups: files of one source may store a column as different types. Read by one query, they would be cast to a common
type before any value is checked (2^24 + 1 together with a float32 becomes 2^24). So every file is read by its own
types, and only typed values are combined. Consecutive files with the same columns form one group, since a query over
1,000 files is much faster than 1,000 queries, and rows stay in order.
Why one part per file: an error must name a file and a row, and only a single file read in order has row numbers.
Why Python reads the header of a CSV: the engine would take the first file's columns for all, by position.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from skc.data.contract import missing_column
from skc.data.duckdb.arrow_types import has_times_in_utc, is_readable, readable, too_many_digits
from skc.data.duckdb.connection import WHOLE_HINT, Database, engine_errors, file_list, identifier, literal
from skc.data.duckdb.conversion import Reading, read_csv_text, read_json, read_typed
from skc.data.duckdb.csv_trouble import check_structure, refused
from skc.data.duckdb.dressed import rewritten
from skc.data.duckdb.json_lines import check_records, objects, pointer
from skc.data.duckdb.sheets import rewritten_sheet, sheet_names
from skc.data.sources import TEXT, Source, as_arrow, folded, numbered, separator_of
from skc.data.text.lines import LONGEST
from skc.data.text.mending import header_changes, under_data
from skc.data.text.opening import UNREADABLE, packing
from skc.data.text.records import is_plain, long_fields
from skc.data.text.table import NAMES, TextError, column_names
from skc.diagnostics import SkcError, bug, did_you_mean, fail
from skc.ir import Input

ATTACHED = "skc_source"
MANY = 8  # groups
PARQUET_SCHEMAS = """SELECT file_name, string_agg(CAST(row(name, type, type_length, repetition_type, num_children,
converted_type, scale, precision, logical_type, duckdb_type) AS VARCHAR), chr(10) ORDER BY column_id)
FROM parquet_schema([{files}]) GROUP BY file_name"""
QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
GENERATED, COLLATED = "GENERATED ALWAYS AS", " COLLATE "  # in the engine's own text of CREATE TABLE
FILE, FILE_ROW = "file_index", "file_row_number"  # what the engine calls them
TYPES_HINT = "remove columns of types that DuckDB does not know, or convert them"


@dataclass(frozen=True)
class Part:
    """One file, or one table: what messages call it, and the SQL of its rows in order."""

    label: str
    sql: str


@dataclass(frozen=True)
class Group:
    """Parts with the same columns of the same types. `sql` selects all of their rows, as stored; `placed`, if the
    engine knows them, with the index of the part (FILE) and of the row in it (FILE_ROW) too.
    """

    sql: str
    parts: tuple[Part, ...]
    readings: Mapping[str, Reading]  # by input name
    columns: Mapping[str, str]  # stored type by name; for JSON lines only of the requested ones
    placed: str | None = None

    @property
    def label(self) -> str:
        """What messages call it."""
        more = len(self.parts) - 1
        return f"{self.parts[0].label} and {more} more" if more else self.parts[0].label


@dataclass(frozen=True)
class Raw:
    """An opened source; its rows are those of the groups, in order."""

    source: Source
    groups: tuple[Group, ...]

    @property
    def is_stored(self) -> bool:
        """Reading is so expensive that it must happen once: text is parsed, or many groups take long to plan."""
        return self.source.kind in TEXT or len(self.groups) > MANY

    def parts(self) -> Iterator[tuple[Group, Part]]:
        """All parts in order, each with its group."""
        return ((group, part) for group in self.groups for part in group.parts)


def open_files(database: Database, source: Source, inputs: Sequence[Input], others: Iterable[str]) -> Raw:
    """The raw rows of files; `others` are the columns other than inputs that `where` or `--keep` name.

    Raises SKC203 (unreadable), SKC204 (a column is missing), SKC205 (a column of the wrong type).
    """
    match source.kind:
        case "csv" | "tsv":
            return _open_csv(database, source, inputs)
        case "jsonl" | "json":
            return _open_json(database, source, inputs, others)
        case "xlsx":
            return _open_sheets(database, source, inputs)
        case "parquet":
            return _open_parquet(database, source, inputs)
        case "arrow":
            return _open_arrow(database, source, inputs)
        case "duckdb":
            return _open_duckdb(database, source, inputs)
        case "spark":
            message = f"{source.name} is read by Spark alone"
            hint = "`skc compile`, `fit` and `transform` read it, by Spark; here give files of its rows"
            raise fail("SKC202", message, span=source.span, hint=hint)
        case "ibis":
            return open_files(database, replace(source, kind="memory", frame=as_arrow(source.frame)), inputs, others)
        case "postgres":
            raise bug("a table of a database is copied")
        case "memory":
            assert source.frame is not None  # a source in memory has one
            _check_names(source.frame.column_names, source.name, source)
            with engine_errors(f"`{source.name}` cannot be read", code="SKC203", span=source.span, hint=TYPES_HINT):
                database.register("skc_memory", readable(source.frame))
            return Raw(
                source, (_typed_group(database, source, inputs, [Part(source.name, "SELECT * FROM skc_memory")]),)
            )


def _open_csv(database: Database, source: Source, inputs: Sequence[Input]) -> Raw:
    headers = {file: file_header(file, source) for file in source.files}
    is_direct = is_plain(source.options) and all(packing(file) in ("", ".gz") for file in source.files)
    for file, header in headers.items():
        _check_header(header, file, source, inputs, headers)
        if is_direct:
            check_structure(header, file, source)
    readings = {i.name: read_csv_text(i, source.options) for i in inputs}

    def group(files: Sequence[str]) -> Group:
        header = headers[files[0]]
        columns = dict.fromkeys(header, "VARCHAR")
        if is_direct:
            parts = tuple(Part(file, _csv_sql([file], header, source)) for file in files)
            return Group(_csv_sql(files, header, source), parts, readings, columns)
        parts = tuple(Part(file, rewritten(database, file, header, source)) for file in files)
        return Group(" UNION ALL ".join(part.sql for part in parts), parts, readings, columns)

    return Raw(source, tuple(group(files) for files in _runs(source.files, headers)))


def _runs(files: Sequence[str], keys: Mapping[str, Any]) -> Iterator[list[str]]:
    """Runs of consecutive files with the same key."""
    for _, run in groupby(files, lambda file: keys[file]):
        yield list(run)


def file_header(file: str, source: Source) -> tuple[str, ...]:
    """The names of the columns of a CSV file. Raises SKC203."""
    try:
        with long_fields():
            header = column_names(source.path(file), source.options, separator_of(source))
    except TextError as error:
        raise refused(file, error, source) from None
    except UNREADABLE as error:
        message, notes = f"`{file}`, the first line cannot be read", [str(error)[:300]]
        raise fail("SKC203", message, span=source.span, hint=WHOLE_HINT, notes=notes) from error
    if not header:
        hint = "the first line names the columns"
        raise fail("SKC203", f"`{file}` has no header", span=source.span, hint=hint)
    _check_names(header, file, source)
    return header


def _check_header(
    header: Sequence[str],
    file: str,
    source: Source,
    inputs: Sequence[Input],
    headers: Mapping[str, Sequence[str]],
) -> None:
    """Refuse a file without a column for each input, and say which options would find them, or which file has them."""
    errors = _missing_columns(inputs, header, file)
    if not errors:
        return
    separator = separator_of(source)
    changes = header_changes(source.path(file), source.options, separator, [i.name for i in inputs])
    likely = max(NAMES, key=header[0].count) if len(header) == 1 else separator
    if not changes and likely in header[0]:
        changes = {"separator": likely}
    if "separator" in changes:
        names = [NAMES.get(one, "white space") for one in (changes["separator"], separator)]
        shown = header[0] if len(header[0]) <= 80 else f"{header[0][:79]}…"
        message, notes = f"`{file}` has fields separated by {names[0]}, not {names[1]}", [f"its header is `{shown}`"]
        raise fail("SKC203", message, span=source.span, hint=f"write {under_data(changes)}", notes=notes)
    complete = next((other for other, names in headers.items() if not _missing_columns(inputs, names, other)), None)
    if changes or complete is not None:
        hint = f"give it the columns of `{complete}`, or name files without it"
        hint = f"write {under_data(changes)}" if changes else hint
        errors = [SkcError(*(replace(d, hint=hint) for d in error.diagnostics)) for error in errors]
    _raise_all(errors)


def _renaming_hint(names: Sequence[str], source: Source) -> str:
    """For a file of text whose first line has the names: the names, of which the later ones are numbered."""
    if source.kind not in ("csv", "tsv") or source.options.header is not True:
        return "rename one of them; names are compared without regard to case"
    changes = under_data({"header": numbered(names), "skip_rows": source.options.skip_rows + 1})
    return f"rename one of them; or write {changes}: names are compared without regard to case"


def _check_names(names: Iterable[str], label: str, source: Source) -> None:
    """Refuse columns that differ only in case: the engine would rename one of them, and that name may be taken."""
    names = list(names)
    spellings: dict[str, str] = {}
    for name in names:
        if folded(name) in spellings:
            subject = f"two columns `{name}`"
            if spellings[folded(name)] != name:
                subject = f"the columns `{spellings[folded(name)]}` and `{name}`, which the engine cannot distinguish"
            hint = _renaming_hint(names, source)
            raise fail("SKC203", f"`{label}` has {subject}", span=source.span, hint=hint)
        spellings[folded(name)] = name


def _paths(files: Sequence[str], source: Source) -> str:
    """Where some files lie, as SQL."""
    return file_list([source.path(file) for file in files])


def _csv_sql(files: Sequence[str], header: Sequence[str], source: Source) -> str:
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in header)
    names = ", ".join(map(literal, header))
    return (
        f"SELECT * FROM read_csv([{_paths(files, source)}], columns = {{{columns}}}, auto_detect = false, "
        f"hive_partitioning = false, header = true, delim = {literal(separator_of(source))}, "
        f"quote = '\"', escape = '\"', force_not_null = [{names}], "
        f"nullstr = 'unused', "  # not the empty text, for which an empty last line would be a row of a single column
        f"strict_mode = true, encoding = 'utf-8', max_line_size = {LONGEST})"
    )


def _open_json(database: Database, source: Source, inputs: Sequence[Input], others: Iterable[str]) -> Raw:
    _check_names((i.name for i in inputs), source.name, source)
    known = {folded(i.name) for i in inputs}
    names = dict.fromkeys([*(i.name for i in inputs), *(name for name in others if folded(name) not in known)])
    keys = ", ".join(f"json_extract(json, {literal(pointer(name))}) AS {identifier(name)}" for name in names)

    def sql(files: Sequence[str]) -> str:
        return f"SELECT {keys} FROM {objects(files, source)}"

    for file in source.files:
        check_records(database, file, source)
    parts = tuple(Part(file, sql([file])) for file in source.files)
    readings = {i.name: read_json(i, source.options) for i in inputs}
    return Raw(source, (Group(sql(source.files), parts, readings, dict.fromkeys(names, "JSON")),))


def _open_sheets(database: Database, source: Source, inputs: Sequence[Input]) -> Raw:
    readings = {i.name: read_json(i, source.options) for i in inputs}
    groups = []
    for file in source.files:
        header = sheet_names(file, source)
        _check_names(header, file, source)
        _raise_all(_missing_columns(inputs, header, file))
        part = Part(file, rewritten_sheet(database, file, header, source, inputs))
        groups.append(Group(part.sql, (part,), readings, dict.fromkeys(header, "JSON")))
    return Raw(source, tuple(groups))


def _open_parquet(database: Database, source: Source, inputs: Sequence[Input]) -> Raw:
    import pyarrow.parquet as pq  # takes a while to load, and only this kind needs it

    def sql(files: Sequence[str], columns: str = "*") -> str:
        return f"SELECT {columns} FROM read_parquet([{_paths(files, source)}], hive_partitioning = false)"

    groups: list[tuple[Sequence[Part], str]] = []
    placed: list[str | None] = []
    with engine_errors(f"`{source.name}` cannot be read as Parquet data", code="SKC203", span=source.span):
        by_file = dict(database.execute(PARQUET_SCHEMAS.format(files=_paths(source.files, source))))
        # a name written differently: its own group
        schemas = {file: by_file.get(source.path(file), file) for file in source.files}
        for files in _runs(source.files, schemas):
            schema = pq.read_schema(source.path(files[0]))
            _check_names(schema.names, files[0], source)
            _raise_all([*too_many_digits(schema, inputs, files[0])])
            if has_times_in_utc(pq.read_metadata(source.path(files[0])).schema, inputs):
                groups.append(_by_arrow(database, source, files))
                placed.append(None)
            else:
                groups.append(([Part(file, sql([file])) for file in files], sql(files)))
                is_free = not {FILE, FILE_ROW} & {*map(folded, schema.names)}
                placed.append(sql(files, f"*, {FILE}, {FILE_ROW}") if is_free else None)
    raw = _open_typed(database, source, inputs, groups)
    with_places = (replace(group, placed=rows) for group, rows in zip(raw.groups, placed, strict=True))
    return replace(raw, groups=tuple(with_places))


def _by_arrow(database: Database, source: Source, files: Sequence[str]) -> tuple[list[Part], str]:
    """Parquet files of one schema, read by Arrow."""
    import pyarrow.dataset as ds

    paths = [source.path(file) for file in files]
    parts = [
        Part(file, _registered(database, ds.dataset(path, format="parquet")))
        for file, path in zip(files, paths, strict=True)
    ]
    return parts, _registered(database, ds.dataset(paths, format="parquet"))


def _open_arrow(database: Database, source: Source, inputs: Sequence[Input]) -> Raw:
    import pyarrow.dataset as ds  # takes a while to load, and only this kind needs it

    with engine_errors(f"`{source.name}` cannot be read as Arrow data", code="SKC203", span=source.span):
        schemas = {file: ds.dataset(source.path(file), format="ipc").schema.remove_metadata() for file in source.files}
    keys = {file: [(f.name, str(f.type), f.metadata) for f in schema] for file, schema in schemas.items()}
    groups = []
    with engine_errors(f"`{source.name}` cannot be read", code="SKC203", span=source.span, hint=TYPES_HINT):
        for files in _runs(source.files, keys):
            _check_names(schemas[files[0]].names, files[0], source)
            sets = {file: ds.dataset(source.path(file), format="ipc") for file in files}
            is_direct = is_readable(schemas[files[0]])
            rows = {file: one if is_direct else readable(one.to_table()) for file, one in sets.items()}
            parts = [Part(file, _registered(database, one)) for file, one in rows.items()]
            all_rows = " UNION ALL ".join(part.sql for part in parts)
            if is_direct and len(parts) > 1:
                all_rows = _registered(database, ds.dataset([source.path(file) for file in files], format="ipc"))
            groups.append((parts, all_rows))
    return _open_typed(database, source, inputs, groups)


def _registered(database: Database, dataset: object) -> str:
    """The SQL of an Arrow dataset's rows."""
    name = database.new_name("arrow")
    database.register(name, dataset)
    return f"SELECT * FROM {name}"


def _open_duckdb(database: Database, source: Source, inputs: Sequence[Input]) -> Raw:
    """A table of an untrusted database: its data is read, and none of its SQL is run."""
    (file,) = source.files
    with engine_errors(f"`{file}` cannot be opened as a DuckDB file", code="SKC203", span=source.span):
        database.execute(f"ATTACH {literal(source.path(file))} AS {ATTACHED} (TYPE duckdb, READ_ONLY)")
        of_file = f"WHERE database_name = '{ATTACHED}'"
        catalogue = database.execute(f"SELECT schema_name, table_name, sql FROM duckdb_tables() {of_file}")
        views = database.execute(f"SELECT schema_name, view_name FROM duckdb_views() {of_file} AND NOT internal")
    tables = {_label(schema, table): (schema, table) for schema, table, _ in catalogue}
    name = source.table or ""
    if name in {_label(*view) for view in views} - tables.keys():
        raise _foreign_sql(file, name, "a view", source)
    if name not in tables:
        hint = did_you_mean(name, tables) or f"it has {', '.join(f'`{t}`' for t in sorted(tables)) or 'no table'}"
        raise fail("SKC204", f"`{file}` has no table `{name}`", span=source.span, hint=hint)
    (definition,) = (QUOTED.sub("", sql).upper() for schema, table, sql in catalogue if (schema, table) == tables[name])
    if GENERATED in definition:
        raise _foreign_sql(file, name, "a table with generated columns", source)
    rows = f"SELECT * FROM {'.'.join(map(identifier, (ATTACHED, *tables[name])))}"
    if COLLATED in definition:
        rows = _by_bytes(database, rows, file, source)
    return Raw(source, (_typed_group(database, source, inputs, [Part(f"{file}::{name}", rows)]),))


def _by_bytes(database: Database, rows: str, file: str, source: Source) -> str:
    """The rows with text compared by its bytes: a collation would count `a` and `A` as one."""
    texts = [identifier(name) for name, kind in _described(database, rows, file, source).items() if kind == "VARCHAR"]
    replaced = ", ".join(f'{text} COLLATE "binary" AS {text}' for text in texts)
    return f"SELECT * REPLACE ({replaced}) FROM ({rows})"


def _label(schema: str, table: str) -> str:
    return table if schema == "main" else f"{schema}.{table}"


def _foreign_sql(file: str, name: str, what: str, source: Source) -> SkcError:
    """SKC203: the table is computed by SQL in the file, which may read other files, the clock or random numbers."""
    quoted = ".".join(map(identifier, name.split(".", 1)))
    hint = f"store its rows as a table: `CREATE TABLE rides AS SELECT * FROM {quoted}`, and name that"
    message = f"`{name}` in `{file}` is {what}, and skc does not run SQL stored in a database file"
    return fail("SKC203", message, span=source.span, hint=hint)


def _open_typed(
    database: Database, source: Source, inputs: Sequence[Input], groups: Iterable[tuple[Sequence[Part], str]]
) -> Raw:
    return Raw(source, tuple(_typed_group(database, source, inputs, parts, sql) for parts, sql in groups))


def _typed_group(
    database: Database, source: Source, inputs: Sequence[Input], parts: Sequence[Part], sql: str | None = None
) -> Group:
    """Parts whose stored types are those of the first. Raises all of SKC204 and SKC205 at once."""
    all_rows, label = sql or parts[0].sql, parts[0].label
    types = _described(database, parts[0].sql, label, source)
    errors = _missing_columns(inputs, types, label)
    readings = {}
    for value in inputs:
        if value.name in types:
            try:
                readings[value.name] = read_typed(value, types[value.name], label)
            except SkcError as error:
                errors.append(error)
    _raise_all(errors)
    return Group(all_rows, tuple(parts), readings, types)


def _described(database: Database, sql: str, label: str, source: Source) -> dict[str, str]:
    """Column names and DuckDB types of a query."""
    with engine_errors(f"`{label}` cannot be read", code="SKC203", span=source.span):
        return {row[0]: row[1] for row in database.execute(f"DESCRIBE {sql}")}


def _raise_all(errors: Sequence[SkcError]) -> None:
    if errors:
        raise SkcError(*(d for error in errors for d in error.diagnostics))


def _missing_columns(inputs: Sequence[Input], columns: Iterable[str], label: str) -> list[SkcError]:
    present = set(columns)
    missing = [missing_column(i, present, label) for i in inputs if i.name not in present]
    if len(missing) <= 3:
        return missing
    # list the columns once, and so the mistake that caused all of the errors
    names = ", ".join(f"`{i.name}`" for i in inputs if i.name not in present)
    (first,) = missing[0].diagnostics
    return [SkcError(replace(first, message=f"{label} lacks {len(missing)} columns: {names}"))]
