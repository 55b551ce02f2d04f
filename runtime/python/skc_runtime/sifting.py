"""Which rows of a table are refused before the graph runs, and why: all of them, where `Marshaller` names the first.

Why by halves: what is refused is known by one row at a time, and reading a column costs far more than reading a value
of it. So a part of a column with a refusal is divided until each refused row is alone, and the others are read in few
parts. Nulls, the most common reason, are seen at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from skc_runtime import arrow, columns, scalars
from skc_runtime.errors import RecordError
from skc_runtime.manifest import InputSpec, Manifest
from skc_runtime.marshal import Batch, Marshaller


def sifted(manifest: Manifest, marshaller: Marshaller, table: Any) -> tuple[Batch, dict[int, RecordError]]:
    """The rows of a table of PyArrow that are not refused, in order, and the errors of the others by row: each of the
    first input, in the manifest's order, whose value is refused.

    Raises RecordError without a row for what refuses the table.
    """
    try:
        return _batch(marshaller, table), {}
    except RecordError as error:
        if error.row is None:
            raise
    refused: dict[int, RecordError] = {}
    for spec in manifest.inputs:
        if spec.name in table.schema.names:
            for row, refusal in _refusals(spec, table.column(spec.name)):
                refused.setdefault(row, refusal)
    kept = np.delete(np.arange(len(table)), list(refused))
    return _batch(marshaller, table.take(kept)), refused


def _batch(marshaller: Marshaller, table: Any) -> Batch:
    batch = marshaller.request(table, "ignore")
    assert isinstance(batch, Batch)  # it is a table
    return batch


def _refusals(spec: InputSpec, column: Any) -> Iterator[tuple[int, RecordError]]:
    """The refused rows of a column, in any order."""
    rows = np.arange(len(column))
    if not spec.nullable and column.null_count:
        missing = np.asarray(column.is_null())
        yield from ((row, scalars.null_refused(spec.name, row)) for row in rows[missing].tolist())
        rows, column = rows[~missing], column.filter(~missing)
    parts = [(0, len(column))]
    while parts:
        start, stop = parts.pop()
        try:
            columns.from_raw(spec, arrow.read_column(column.slice(start, stop - start)))
        except RecordError as error:
            if error.row is None:
                raise error.at(spec.name) from None
            if stop - start == 1:
                row = int(rows[start])
                yield row, error.at(spec.name, row)
            else:
                middle = (start + stop) // 2
                parts += [(start, middle), (middle, stop)]
