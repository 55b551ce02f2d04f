"""The Arrow types in which the types of `skc_runtime.kinds` are written to files."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from skc_runtime.kinds import DType, OutputDType, for_every_element, for_every_kind

# Of outputs.
WRITTEN: Mapping[OutputDType, pa.DataType] = for_every_element(
    {
        "float32": pa.float32(),
        "float64": pa.float64(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "string": pa.string(),
    }
)
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
