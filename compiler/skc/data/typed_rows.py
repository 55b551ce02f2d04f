"""Rows of data in order, typed as a pipeline's inputs declare them, for verifying and transforming.

The rules for reading are those of fitting, so that a file cannot mean one thing in training and another in serving.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from skc.data.contract import nul_in_string
from skc.data.default import open_engine
from skc.data.engine import MEMORY_LIMIT, Aggregate, AnyRow, Column, Data, IsNull
from skc.data.sources import TEXT, resolve
from skc.diagnostics import fail
from skc.ir import DataSource, Input
from skc.values.arrow import runs_of
from skc.values.types import Block
from skc_runtime.kinds import Array

CHUNK = 16_384


@dataclass(frozen=True)
class Rows:
    """An open source: `total` rows, and the columns to `keep`."""

    data: Data
    total: int
    keep: tuple[str, ...] = ()

    def kept_schema(self) -> pa.Schema:
        """The columns to keep: inputs as the pipeline reads them, others as stored."""
        return self.data.kept_schema()

    def batches(self) -> Generator[tuple[dict[str, Block], pa.RecordBatch], None, None]:
        """Blocks [N, 1] by input name with the columns to keep of the same rows, in order, for a graph to run at once.

        Close it before the next query: the engine holds its result open.
        """
        inputs = self.data.inputs
        with closing(self.stored()) as batches:
            for batch, kept in batches:
                for rows in runs_of(batch, CHUNK):
                    part = batch.slice(rows.start, rows.stop - rows.start)
                    blocks = {i.name: _block(i, part.column(k)) for k, i in enumerate(inputs)}
                    yield blocks, kept.slice(rows.start, rows.stop - rows.start)

    def stored(self) -> Generator[tuple[pa.RecordBatch, pa.RecordBatch], None, None]:
        """The inputs as the engine stores them (times are int64), under their names, with the columns to keep."""
        inputs = [i.name for i in self.data.inputs]
        schema = self.kept_schema()
        with closing(self.data.batches([*inputs, *self.keep], CHUNK)) as batches:
            for batch in batches:
                columns = batch.columns
                rest = zip(columns[len(inputs) :], schema, strict=True)
                kept = [_as_type(column, field.type) for column, field in rest]
                yield (
                    pa.RecordBatch.from_arrays(columns[: len(inputs)], inputs),
                    pa.RecordBatch.from_arrays(kept, schema=schema),
                )

    def check(self) -> None:
        """Refuse nulls that are not allowed, and strings that no runtime accepts. Raises SKC209, SKC206."""
        _check_contract(self.data)

    def place(self, row: int) -> str:
        """The location of row `row` (from 0): file, row and line."""
        return self.data.find(AnyRow(), skip=row).place


def _as_type(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return column.cast(pa.int32()).cast(kind) if pa.types.is_date32(kind) else column.cast(kind)


def _block(value: Input, column: pa.Array) -> Block:
    values: Array = column.fill_null(value.kind.zero).to_numpy(zero_copy_only=False)
    values = values.astype(value.kind.numpy, copy=False)[:, None]
    if value.kind.is_float or not value.nullable:
        return Block(value.dtype, values)
    return Block(value.dtype, values, column.is_valid().to_numpy(zero_copy_only=False)[:, None])


@contextmanager
def open_rows(
    inputs: tuple[Input, ...],
    data: Any,
    declared: DataSource | None = None,
    keep: Sequence[str] = (),
    *,
    checked: bool = True,
) -> Iterator[Rows]:
    """Open data for reading in order; a `where` of the pipeline does not apply.

    Rows that are not `checked` are for a runtime, which refuses the same; then `Rows.check` says why. Unless their text
    is parsed first, one thread reads them, as fast as several, which would wait for each other to keep the order and
    hold rows of their own. Raises SKC200 to SKC206 (a NUL in a string too), and SKC209 for a null in an input that is
    not nullable.
    """
    without_where = None if declared is None else replace(declared, where=None)
    source, declared = resolve(data, without_where)
    with open_engine(None if checked or source.kind in TEXT else 1, MEMORY_LIMIT) as engine:
        opened = engine.load(source, inputs, DataSource(span=declared.span), keep)
        rows = Rows(opened, opened.count(), tuple(keep))
        if checked:
            rows.check()
        yield rows


def _check_contract(data: Data) -> None:
    """Refuse nulls that are not allowed, and strings that no runtime accepts."""
    columns = {i.name: Column(i.name, i.dtype, f"column `{i.name}`", i.span) for i in data.inputs}
    strings = [i for i in data.inputs if i.dtype == "string"]
    required = [i for i in data.inputs if not i.nullable]
    nul_checks = [Aggregate("has_nul", columns[i.name]) for i in strings]
    results = data.aggregate([*nul_checks, *(Aggregate("count", columns[i.name]) for i in required)])
    for value, has_nul in zip(strings, results[: len(strings)], strict=True):
        if has_nul:
            raise nul_in_string(data, value)
    for value, count in zip(required, results[len(strings) :], strict=True):
        nulls = data.count() - count
        if nulls:
            raise fail(
                "SKC209",
                f"{data.find(IsNull(value.name)).place}: `{value.name}` is null, and the input is not nullable",
                span=value.span,
                hint="fill it in, exclude such rows, or declare the input `nullable: true` and compile again",
                notes=[f"{nulls} of {data.count()} rows are null"],
            )
