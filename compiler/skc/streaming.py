"""Features of data of any size, chunk by chunk, into one Parquet file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from skc.data.typed_rows import Rows
from skc.diagnostics import SkcError, fail
from skc.progress import Progress
from skc.publish import publish_file
from skc.values.arrow import WRITTEN
from skc.values.types import Block
from skc_runtime import RecordError, Transformer
from skc_runtime.kinds import Array
from skc_runtime.manifest import Manifest
from skc_runtime.pyfunc import column_name

SUFFIXES = (".parquet", ".pq")


def check_target(target: Path, *, force: bool) -> None:
    """Refuse a file that cannot or must not be written, before any work is done. Raises SKC410, SKC414."""
    if target.suffix.lower() not in SUFFIXES:
        hint = f"call it `{target.with_suffix('.parquet').name}`; pandas, Polars and DuckDB read it"
        raise fail("SKC414", f"`{target}` is not the name of a Parquet file", hint=hint)
    if target.exists() and not force:
        raise fail("SKC410", f"`{target}` already exists", hint="choose another file, or replace it with --force")


def write_features(transformer: Transformer, rows: Rows, target: Path, progress: Progress | None) -> list[str]:
    """Write the features of all rows, and return the names of the columns. Leaves no file if a row is refused."""
    schema = _schema(transformer.manifest, rows)

    def write(file: Path) -> None:
        with pq.ParquetWriter(file, schema) as writer:
            _write_all(transformer, rows, writer, schema, progress)

    try:
        publish_file(write, target)
    except OSError as error:
        raise fail(
            "SKC412", f"cannot write `{target}`: {error.strerror}", hint="check the folder and its space"
        ) from None
    return list(schema.names)


def _schema(manifest: Manifest, rows: Rows) -> pa.Schema:
    fields = list(rows.kept_schema()) + [
        pa.field(column_name(manifest, output, column), WRITTEN[output.dtype])
        for output in manifest.outputs
        for column in output.columns
    ]
    names = [field.name for field in fields]
    duplicates = sorted({name for name in names if names.count(name) > 1})
    if duplicates:
        raise fail(
            "SKC413",
            f"two columns would be named `{duplicates[0]}`",
            hint="leave it out of --keep, or give the feature another name",
        )
    return pa.schema(fields)


def _write_all(
    transformer: Transformer,
    rows: Rows,
    writer: pq.ParquetWriter,
    schema: pa.Schema,
    progress: Progress | None,
) -> None:
    done = 0
    try:
        with closing(rows.batches()) as batches:
            for blocks, kept in batches:
                outputs = transformer.transform_columns({name: _column(block) for name, block in blocks.items()})
                features = _features(transformer.manifest, outputs)
                writer.write_batch(pa.RecordBatch.from_arrays([*kept.columns, *features], schema=schema))
                done += next(iter(blocks.values())).rows  # `kept` may have no column to count by
                if progress is not None:
                    progress("transform", done, rows.total)
    except RecordError as error:
        raise _refused(rows, error, done) from None


def _features(manifest: Manifest, outputs: Mapping[str, Array]) -> Iterator[pa.Array]:
    """One column per output column; null where its companion `valid` is false."""
    for output in manifest.outputs:
        valid = None if output.valid is None else outputs[output.valid]
        for k in range(len(output.columns)):
            present = None if valid is None else valid[:, k]
            yield _arrow(outputs[output.name][:, k], present, WRITTEN[output.dtype])


def _column(block: Block) -> Array:
    """A block [N, 1] as a column of a request: the plain array if nothing is missing, else with None."""
    if block.valid is None or bool(block.valid.all()):
        return np.ascontiguousarray(block.values[:, 0])
    column: Array = block.values[:, 0].astype(object)
    column[~block.valid[:, 0]] = None
    return column


def _arrow(values: Array, valid: Array | None, kind: pa.DataType) -> pa.Array:
    return pa.array(np.ascontiguousarray(values), type=kind, mask=None if valid is None else ~valid)


def _refused(rows: Rows, error: RecordError, before: int) -> SkcError:
    location = rows.place(before + (error.row or 0))
    input_note = "" if error.input is None or error.step is not None else f" (input `{error.input}`)"
    hint = error.hint or "correct the row, or exclude it"
    return fail("SKC502", f"{location}: {error.message}{input_note} [{error.code}]", hint=hint)
