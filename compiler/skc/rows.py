"""Rows of data in order, typed as a pipeline's inputs declare them: what verifying and transforming read.

The same reading rules as for fitting, so that a file cannot mean one thing in training and another in serving.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skc.diagnostics import fail
from skc.ir import DataSource, Input
from skc.stats.connection import engine_errors, identifier, open_database
from skc.stats.sources import resolve
from skc.stats.training import Training, load_training
from skc.types import NUMPY_DTYPES, ZEROS, Array, Block

CHUNK = 16_384


@dataclass(frozen=True)
class Rows:
    """An open source: `total` rows. `batches()` gives them in order, once."""

    training: Training
    total: int

    def batches(self) -> Iterator[tuple[dict[str, Block], pa.RecordBatch]]:
        """Blocks [N, 1] by input name, and the same rows as Arrow (with the columns to keep)."""
        inputs = self.training.inputs
        table = self.training.table
        columns = {f"v{k}": table[i.name].fill_null(ZEROS[i.dtype]) for k, i in enumerate(inputs)}
        columns |= {f"p{k}": table[i.name].notnull() for k, i in enumerate(inputs)}
        columns |= {f"k:{name}": table[name] for name in table.columns}
        with engine_errors("reading the rows failed"):
            for batch in self.training.database.batches(table.select(**columns), CHUNK):
                blocks = {i.name: _block(i, batch, k) for k, i in enumerate(inputs)}
                yield blocks, _kept(batch)

    def place(self, row: int) -> str:
        """Where row `row` (from 0) stands: file, row and line."""
        return self.training.locate("true", skip=row)


def _block(value: Input, batch: pa.RecordBatch, k: int) -> Block:
    values: Array = batch.column(f"v{k}").to_numpy(zero_copy_only=False)
    values = values.astype(NUMPY_DTYPES[value.dtype], copy=False)[:, None]
    if value.dtype == "float64" or not value.nullable:
        return Block(value.dtype, values)
    return Block(value.dtype, values, batch.column(f"p{k}").to_numpy(zero_copy_only=False)[:, None])


def _kept(batch: pa.RecordBatch) -> pa.RecordBatch:
    names = [name for name in batch.schema.names if name.startswith("k:")]
    arrays = [batch.column(name) for name in names]
    return pa.RecordBatch.from_arrays(arrays, names=[name.removeprefix("k:") for name in names])


@contextmanager
def open_rows(
    inputs: tuple[Input, ...], data: Any, declared: DataSource | None = None, keep: Sequence[str] = ()
) -> Iterator[Rows]:
    """Open data for reading in order; a `where` of the pipeline does not apply.

    Raises SKC200 to SKC206, and SKC209 for a null in an input that is not nullable.
    """
    without_where = None if declared is None else DataSource(declared.path, None, declared.table, declared.span)
    source, declared = resolve(data, without_where)
    with open_database() as database:
        training = load_training(database, source, inputs, DataSource(span=declared.span), keep)
        _check_nulls(training)
        with engine_errors("counting the rows failed"):
            (total,) = training.table.aggregate(n=training.table.count()).to_pyarrow()["n"].to_pylist()
        yield Rows(training, int(total))


def _check_nulls(training: Training) -> None:
    required = [i for i in training.inputs if not i.nullable]
    if not required:
        return
    with engine_errors("looking for nulls failed"):
        counts = {f"c{k}": training.table[i.name].isnull().sum() for k, i in enumerate(required)}
        (found,) = training.table.aggregate(**counts).to_pyarrow().to_pylist()
    for k, value in enumerate(required):
        if found[f"c{k}"]:
            place = training.locate(f"{identifier(value.name)} IS NULL")
            raise fail(
                "SKC209",
                f"{place}: `{value.name}` is null, and the pipeline says it never is ({found[f'c{k}']} rows)",
                span=value.span,
                hint="declare the input `nullable: true`, or mend the data",
            )
