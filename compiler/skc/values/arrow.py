"""The Arrow types in which the types of `skc_runtime.kinds` are written, and the rows that a graph runs at once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc_runtime.chunks import cuts
from skc_runtime.kinds import Array, DType, for_every_kind

# Of inputs copied by `keep`, in readable form; None keeps the type of the column.
KEPT: Mapping[DType, pa.DataType | None] = for_every_kind(
    {
        "float64": None,
        "float32": pa.float32(),
        "int64": None,
        "bool": None,
        "string": None,
        "timestamp": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
        "time": pa.time64("us"),
    }
)


def runs_of(batch: pa.RecordBatch, most: int) -> list[slice]:
    """Rows that a graph may run at once: at most so many, and fewer where a text is long, as in serving."""
    texts = [
        column for column in batch.columns if pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    ]
    lengths: Array = np.zeros(batch.num_rows, np.int64)
    for column in texts:
        lengths = np.maximum(lengths, pc.binary_length(column).fill_null(0).to_numpy(zero_copy_only=False))
    return list(cuts(batch.num_rows, int(lengths.max(initial=0)), lengths.tolist, most))
