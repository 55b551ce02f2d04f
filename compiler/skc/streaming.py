"""Features of data of any size, chunk by chunk, into one Parquet file."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from skc.diagnostics import SkcError, fail
from skc.rows import Rows
from skc.types import Array, Block
from skc_runtime import RecordError, Transformer
from skc_runtime.manifest import Manifest

Progress = Callable[[str, int, int | None], None]
_ARROW = {
    "float32": pa.float32(),
    "float64": pa.float64(),
    "int64": pa.int64(),
    "bool": pa.bool_(),
    "string": pa.string(),
}


def write_features(
    transformer: Transformer, rows: Rows, target: Path, keep: Sequence[str], progress: Progress | None
) -> list[str]:
    """Write the features of all rows; the names of the columns. Nothing is left behind when a row is refused."""
    schema = _schema(transformer.manifest, rows, keep)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
            staging = Path(folder) / "features.parquet"
            with pq.ParquetWriter(staging, schema) as writer:
                _write_all(transformer, rows, writer, schema, keep, progress)
            staging.replace(target)
    except OSError as error:
        raise fail(
            "SKC412", f"cannot write `{target}`: {error.strerror}", hint="check the folder and its space"
        ) from None
    return list(schema.names)


def _schema(manifest: Manifest, rows: Rows, keep: Sequence[str]) -> pa.Schema:
    kept = rows.training.table.select(*keep).schema().to_pyarrow() if keep else pa.schema([])
    prefix = len(manifest.outputs) > 1
    fields = list(kept) + [
        pa.field(f"{output.name}.{column}" if prefix else column, _ARROW[output.dtype])
        for output in manifest.outputs
        for column in output.columns
    ]
    names = [field.name for field in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise fail(
            "SKC413", f"two columns would be called `{twice[0]}`", hint="leave it out of --keep, or rename the output"
        )
    return pa.schema(fields)


def _write_all(
    transformer: Transformer,
    rows: Rows,
    writer: pq.ParquetWriter,
    schema: pa.Schema,
    keep: Sequence[str],
    progress: Progress | None,
) -> None:
    done = 0
    for blocks, batch in rows.batches():
        try:
            made = transformer.transform({name: _column(block) for name, block in blocks.items()})
        except RecordError as error:
            raise _refused(rows, error, done) from None
        arrays = [batch.column(name) for name in keep]
        for output in transformer.manifest.outputs:
            valid = None if output.valid is None else made[output.valid]
            arrays += [
                _arrow(made[output.name][:, k], None if valid is None else valid[:, k], _ARROW[output.dtype])
                for k in range(len(output.columns))
            ]
        writer.write_batch(pa.RecordBatch.from_arrays(arrays, schema=schema))
        done += batch.num_rows
        if progress is not None:
            progress("transform", done, rows.total)


def _column(block: Block) -> Array:
    """A block [N, 1] as a column of a request: plain where nothing is missing, else with None."""
    if block.valid is None or bool(block.valid.all()):
        return np.ascontiguousarray(block.values[:, 0])
    column: Array = block.values[:, 0].astype(object)
    column[~block.valid[:, 0]] = None
    return column


def _arrow(values: Array, valid: Array | None, kind: pa.DataType) -> pa.Array:
    return pa.array(np.ascontiguousarray(values), type=kind, mask=None if valid is None else ~valid)


def _refused(rows: Rows, error: RecordError, before: int) -> SkcError:
    place = rows.place(before + (error.row or 0))
    name = "" if error.input is None else f" in `{error.input}`"
    return fail(
        "SKC502", f"{place}: {error.message}{name} [{error.code}]", hint=error.hint or "mend the row, or leave it out"
    )
