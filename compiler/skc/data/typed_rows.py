"""Rows of data in order, typed as a pipeline's inputs declare them: what verifying and transforming read.

The same reading rules as for fitting, so that a file cannot mean one thing in training and another in serving.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skc.data.contract import nul_in_string
from skc.data.duckdb.connection import engine_errors, identifier, open_database, scalar
from skc.data.duckdb.training import Training, load_training
from skc.data.sources import resolve
from skc.data.statistics import holds_nul
from skc.diagnostics import fail
from skc.ir import DataSource, Input
from skc.values.types import NUMPY_DTYPES, ZEROS, Array, Block

CHUNK = 16_384
_TIMES = {"timestamp": pa.timestamp("us", tz="UTC"), "date": pa.date32()}


@dataclass(frozen=True)
class Rows:
    """An open source: `total` rows, and the columns of it to `keep`."""

    training: Training
    total: int
    keep: tuple[str, ...] = ()

    def kept_schema(self) -> pa.Schema:
        """The columns to keep: an input as the pipeline reads it, any other as it is stored."""
        if not self.keep:
            return pa.schema([])
        stored = self.training.table.select(*dict.fromkeys(self.keep)).schema().to_pyarrow()
        return pa.schema([pa.field(name, self._instant(name) or stored.field(name).type) for name in self.keep])

    def _instant(self, name: str) -> pa.DataType | None:
        """The type of an input that statistics see as a number, but that is a time in the data."""
        value = next((i for i in self.training.inputs if i.name == name), None)
        readings = [group.readings[name] for group in self.training.raw.groups] if value is not None else []
        if value is None or all(reading.stored == identifier(name) for reading in readings):
            return None
        return _TIMES.get(value.dtype)

    def batches(self) -> Generator[tuple[dict[str, Block], pa.RecordBatch], None, None]:
        """Blocks [N, 1] by input name, and the columns to keep of the same rows, in order.

        Close it before the next query: the engine holds its result open.
        """
        inputs = self.training.inputs
        columns = [f"coalesce({identifier(i.name)}, {scalar(ZEROS[i.dtype])}) AS v{k}" for k, i in enumerate(inputs)]
        columns += [f"{identifier(i.name)} IS NOT NULL AS p{k}" for k, i in enumerate(inputs)]
        columns += [f"{identifier(name)} AS k{k}" for k, name in enumerate(self.keep)]
        query = f"SELECT {', '.join(columns)} FROM {identifier(self.training.name)}"
        schema = self.kept_schema()
        with engine_errors("reading the rows failed"):
            for batch in self.training.database.batches(query, CHUNK):
                blocks = {i.name: _block(i, batch, k) for k, i in enumerate(inputs)}
                kept = [_as_type(batch.column(f"k{k}"), field.type) for k, field in enumerate(schema)]
                yield blocks, pa.RecordBatch.from_arrays(kept, schema=schema)

    def place(self, row: int) -> str:
        """Where row `row` (from 0) stands: file, row and line."""
        return self.training.locate("true", skip=row)


def _as_type(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column.cast(pa.int32()).cast(kind) if pa.types.is_date32(kind) else column.cast(kind)


def _block(value: Input, batch: pa.RecordBatch, k: int) -> Block:
    values: Array = batch.column(f"v{k}").to_numpy(zero_copy_only=False)
    values = values.astype(NUMPY_DTYPES[value.dtype], copy=False)[:, None]
    if value.dtype == "float64" or not value.nullable:
        return Block(value.dtype, values)
    return Block(value.dtype, values, batch.column(f"p{k}").to_numpy(zero_copy_only=False)[:, None])


@contextmanager
def open_rows(
    inputs: tuple[Input, ...], data: Any, declared: DataSource | None = None, keep: Sequence[str] = ()
) -> Iterator[Rows]:
    """Open data for reading in order; a `where` of the pipeline does not apply.

    Raises SKC200 to SKC206 (a NUL in a string too), and SKC209 for a null in an input that is not nullable.
    """
    without_where = None if declared is None else DataSource(declared.path, None, declared.table, declared.span)
    source, declared = resolve(data, without_where)
    with open_database() as database:
        training = load_training(database, source, inputs, DataSource(span=declared.span), keep)
        total = _check_contract(training)
        yield Rows(training, total, tuple(keep))


def _check_contract(training: Training) -> int:
    """The number of rows, after a look for nulls where none may be, and for strings that no runtime takes."""
    required = [i for i in training.inputs if not i.nullable]
    strings = [i for i in training.inputs if i.dtype == "string"]
    counts = [f"count(*) - count({identifier(i.name)}) AS c{k}" for k, i in enumerate(required)]
    nuls = [f"{holds_nul(identifier(i.name))} AS z{k}" for k, i in enumerate(strings)]
    with engine_errors("looking for nulls failed"):
        asked = ", ".join(["count(*) AS n", *counts, *nuls])
        found = training.database.row(f"SELECT {asked} FROM {identifier(training.name)}")
    for k, value in enumerate(strings):
        if found[f"z{k}"]:
            raise nul_in_string(training, value)
    for k, value in enumerate(required):
        if found[f"c{k}"]:
            place = training.locate(f"{identifier(value.name)} IS NULL")
            raise fail(
                "SKC209",
                f"{place}: `{value.name}` is null, and the input is not nullable",
                span=value.span,
                hint="fill it in, leave such rows out, or declare the input `nullable: true` and compile again",
                notes=[f"{found[f'c{k}']} of {found['n']} rows are null"],
            )
    return int(found["n"])
