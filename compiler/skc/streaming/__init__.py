"""Features of data of any size, chunk by chunk, into one table: a Parquet, CSV or Arrow file, or a stream of bytes."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self, get_args

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from skc.data.pools import in_order
from skc.data.typed_rows import Rows
from skc.diagnostics import SkcError, fail
from skc.progress import Progress
from skc.publish import publish_file
from skc_runtime import RecordError, SkcRuntimeError, Transformer
from skc_runtime.manifest import Manifest
from skc_runtime.tables import REFUSED, Form, feature_columns, located
from skc_runtime.transformer import cores

TableFormat = Literal["parquet", "csv", "arrow"]
SUFFIXES: Mapping[str, TableFormat] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".arrow": "arrow",
    ".feather": "arrow",
}
VALUES_AT_ONCE = 1 << 20  # inputs and outputs of the rows that are transformed at once, which become a row group
BYTES_AT_ONCE = 1 << 26  # of these rows, if they have long texts
SAMPLE = 4096  # rows
THREADS = 8  # that compute at most: with more, they would wait for the rows


class ParquetTable:
    """A Parquet file. Numbers that hardly repeat have no dictionary, which would make the file larger, and take most of
    the time of writing: whole numbers are written as differences; the first rows of the table tell.
    """

    def __init__(self, file: Any, schema: pa.Schema) -> None:
        self._file, self._schema = file, schema
        self._writer: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._opened(self._schema.empty_table()).close()

    def write_table(self, table: pa.Table) -> None:
        """Append rows as one row group."""
        self._opened(table).write_table(table, row_group_size=max(1, table.num_rows))

    def _opened(self, table: pa.Table) -> Any:
        if self._writer is None:
            unique = _hardly_repeating(table.slice(0, SAMPLE))
            whole = [name for name in unique if pa.types.is_integer(self._schema.field(name).type)]
            self._writer = pq.ParquetWriter(
                self._file,
                self._schema,
                use_dictionary=[name for name in self._schema.names if name not in unique],
                column_encoding=dict.fromkeys(whole, "DELTA_BINARY_PACKED"),
            )
        return self._writer


def _hardly_repeating(sample: pa.Table) -> list[str]:
    """The columns of numbers in which a value occurs fewer than eight times, on average."""
    kinds = {field.name: field.type for field in sample.schema}
    numbers = [name for name, kind in kinds.items() if pa.types.is_floating(kind) or pa.types.is_integer(kind)]
    return [name for name in numbers if 8 * len(sample.column(name).unique()) > sample.num_rows]


# CSV quotes every text, so that "" is a text and a blank is null; floats have the digits that give their bits back.
WRITERS: Mapping[TableFormat, Callable[[Any, pa.Schema], Any]] = {
    "parquet": ParquetTable,
    "csv": pyarrow.csv.CSVWriter,
    "arrow": pa.ipc.new_file,
}
TO_STREAMS = {**WRITERS, "arrow": pa.ipc.new_stream}  # a file of Arrow is read from its end


@dataclass(frozen=True)
class Table:
    """Where a table goes: a file, which appears whole or not at all, or a stream, which gets all of it or nothing."""

    target: Path | BinaryIO
    kind: TableFormat


def open_table(out: Any, kind: str | None, *, force: bool) -> Table:
    """Refuse what cannot or must not be written, before any work is done. Raises SKC410, SKC414.

    `kind` is that of the suffix if it is not given, and CSV for a stream.
    """
    if kind is not None and kind not in get_args(TableFormat):
        raise fail("SKC414", f"`{kind}` is not a format of tables", hint=f"use {', '.join(get_args(TableFormat))}")
    if hasattr(out, "write"):
        return Table(out, kind or "csv")  # type: ignore[arg-type]  # checked above
    target = Path(out)
    kind = kind or SUFFIXES.get(target.suffix.lower())
    if kind is None:
        hint = f"call it `{target.with_suffix('.parquet').name}`, .csv or .arrow, or give its format by --table"
        raise fail("SKC414", f"the name of `{target}` does not say in which format to write", hint=hint)
    if target.exists() and not (target.is_file() or target.is_dir()):  # as root, a rename would replace /dev/null
        hint = "name another file, or `-` for stdout"
        raise fail("SKC412", f"cannot write `{target}`: it is a device or a pipe", hint=hint)
    if target.exists() and not force:
        raise fail("SKC410", f"`{target}` already exists", hint="choose another file, or replace it with --force")
    return Table(target, kind)  # type: ignore[arg-type]  # checked above


def write_features(
    transformer: Transformer, rows: Rows, table: Table, progress: Progress | None, form: Form
) -> tuple[list[str], int]:
    """Write the features of all rows, then the columns to keep, and return the names of the columns, and how many rows
    are refused.

    Leaves no file, and writes nothing to a stream, if a row is refused as an error.
    """
    schema = schema_of(transformer.manifest, form, rows.kept_schema())
    refused = 0

    def write(file: Any, writers: Mapping[TableFormat, Callable[[Any, pa.Schema], Any]] = WRITERS) -> None:
        with writers[table.kind](file, schema) as writer:
            nonlocal refused
            refused = _write_all(transformer, rows, writer, form, schema, progress)

    try:
        if isinstance(table.target, Path):
            publish_file(write, table.target)
        else:
            with tempfile.TemporaryFile() as file:
                write(pa.PythonFile(file, "w"), TO_STREAMS)
                file.seek(0)
                shutil.copyfileobj(file, table.target)
                table.target.flush()
    except BrokenPipeError:  # the reader of the stream has seen enough
        pass
    except OSError as error:
        where = f"`{table.target}`" if isinstance(table.target, Path) else "to the stream"
        raise fail("SKC412", f"cannot write {where}: {error.strerror}", hint="check the folder and its space") from None
    return list(schema.names), refused


def schema_of(manifest: Manifest, form: Form, kept: pa.Schema) -> pa.Schema:
    """Of the table to write. Raises SKC413."""
    try:
        return form.schema(manifest, kept.types)
    except SkcRuntimeError as error:
        hint = "leave it out of --keep, or give the feature another name"
        if form.plain_names:
            hint = "leave --plain-names out, or give one of them another name"
        raise fail("SKC413", error.message, hint=hint) from None


def _write_all(
    transformer: Transformer,
    rows: Rows,
    writer: Any,
    form: Form,
    schema: pa.Schema,
    progress: Progress | None,
) -> int:
    """Write all rows, and return how many of them are refused. Some rows are read while those before them are
    transformed, and the features of those before these written.

    A thread for each processor computes a part from its columns to its features, so that none waits while another
    thread does what cannot be shared.
    """
    done = refused = 0
    limit = rows_at_once(schema, rows)
    threads = min(cores(), THREADS)

    def transformed(part: tuple[pa.Table, pa.Table]) -> pa.Table:
        return features_of(transformer, part, form, schema)

    def counted(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
        nonlocal done, refused
        for table in tables:
            yield table
            done += table.num_rows
            refused += refused_rows(table, form)
            if progress is not None:
                progress("transform", done, rows.total)

    try:
        with (
            ThreadPoolExecutor(threads) as computing,
            ThreadPoolExecutor(1) as writing,
            closing(rows.stored()) as batches,
        ):
            tables = in_order(computing, transformed, joined(batches, limit), threads + 2)
            for _ in in_order(writing, writer.write_table, counted(tables), 2):
                pass
    except RecordError as error:
        raise refusal(rows, error, done) from None
    return refused


def rows_at_once(schema: pa.Schema, rows: Rows) -> int:
    """How many rows are transformed at once, if they have no long texts."""
    return max(1, VALUES_AT_ONCE // (len(schema) + len(rows.data.inputs)))


def features_of(transformer: Transformer, part: tuple[pa.Table, pa.Table], form: Form, schema: pa.Schema) -> pa.Table:
    """The table of some rows, given their inputs and the columns to keep."""
    inputs, kept = part
    features, refused = feature_columns(transformer, inputs, form)
    return pa.Table.from_arrays([*features, *kept.columns, *([] if refused is None else [refused])], schema=schema)


def refused_rows(table: pa.Table, form: Form) -> int:
    """How many rows of a table of features are refused, which a column says."""
    return len(table) - int(table.column(REFUSED).null_count) if form.refused == "column" else 0


def joined(batches: Iterable[tuple[pa.RecordBatch, pa.RecordBatch]], limit: int) -> Iterator[tuple[pa.Table, pa.Table]]:
    """Batches of inputs and columns to keep, as tables of about `limit` rows, fewer if they have long texts."""
    parts: list[tuple[pa.RecordBatch, pa.RecordBatch]] = []
    for part in batches:
        parts.append(part)
        if sum(b.num_rows for b, _ in parts) >= limit or sum(b.nbytes for pair in parts for b in pair) > BYTES_AT_ONCE:
            yield _as_tables(parts)
            parts = []
    if parts:
        yield _as_tables(parts)


def _as_tables(parts: Sequence[tuple[pa.RecordBatch, pa.RecordBatch]]) -> tuple[pa.Table, pa.Table]:
    inputs, kept = zip(*parts, strict=True)
    return pa.Table.from_batches(inputs), pa.Table.from_batches(kept)


def refusal(rows: Rows, error: RecordError, before: int) -> SkcError:
    """What to say of the first row that is refused, in a part that so many rows come before: the reason of its column,
    or of its value.
    """
    try:
        rows.check()
    except SkcError as of_column:
        return of_column
    location = rows.place(before + (error.row or 0))
    hint = error.hint or "correct the row, or exclude it"
    return fail("SKC502", f"{location}: {located(error)} [{error.code}]", hint=hint)
