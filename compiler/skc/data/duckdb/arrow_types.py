"""Types of Arrow and Parquet columns that the engine does not read, or changes: read as others with the same values, or
refused.

Why refused: the engine reads decimals of more than 38 digits in Parquet as float64, and not always as the nearest one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa

from skc.diagnostics import SkcError, fail
from skc.ir import Input

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MOST_DIGITS = 38  # of a decimal of the engine


def is_readable(schema: pa.Schema) -> bool:
    """Whether the engine reads every column as it is."""
    return all(_readable(kind) == kind for kind in schema.types)


def readable(table: pa.Table) -> pa.Table:
    """The same rows: 16-bit floats as 32-bit ones, decimals of 256 bits as those of 128.

    Raises pa.ArrowInvalid for a decimal with more digits than those hold.
    """
    for k, column in enumerate(table.schema):
        kind = _readable(column.type)
        if kind != column.type:
            table = table.set_column(k, column.with_type(kind), table.column(k).cast(kind))
    return table


def _readable(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_float16(kind):
        return pa.float32()
    return pa.decimal128(MOST_DIGITS, kind.scale) if pa.types.is_decimal256(kind) else kind


def too_many_digits(schema: pa.Schema, inputs: Sequence[Input], label: str) -> Iterator[SkcError]:
    """SKC205 for each input whose column in a Parquet file is a decimal that the engine does not read exactly."""
    kinds = dict(zip(schema.names, schema.types, strict=True))
    for value in inputs:
        kind = kinds.get(value.name)
        if kind is not None and pa.types.is_decimal(kind) and kind.precision > MOST_DIGITS:
            message = f"{label}: column `{value.name}` is DECIMAL({kind.precision},{kind.scale})"
            yield fail(
                "SKC205",
                f"{message}, which has more than {MOST_DIGITS} digits",
                span=value.span,
                hint=f"store it as DECIMAL of at most {MOST_DIGITS} digits, or as DOUBLE",
            )


def has_times_in_utc(schema: pq.ParquetSchema, inputs: Sequence[Input]) -> bool:
    """Whether the column of an input of times of day is marked as UTC in a Parquet file, as PyArrow did until 22.

    The engine reads it as a time with a zone, and cuts its nanoseconds off.
    """
    names = {value.name for value in inputs if value.dtype == "time"}
    columns = [schema.column(k) for k in range(len(schema))]
    types = [json.loads(c.logical_type.to_json()) for c in columns if c.path in names]
    return any(kind.get("Type") == "Time" and kind.get("isAdjustedToUTC") for kind in types)
