"""The types of `skc_runtime.kinds` in Arrow, as they are written to files."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from skc_runtime.kinds import DType, OutputDType, for_every_element, for_every_kind

# Of outputs, as they are written.
WRITTEN: Mapping[OutputDType, pa.DataType] = for_every_element(
    {
        "float32": pa.float32(),
        "float64": pa.float64(),
        "int64": pa.int64(),
        "bool": pa.bool_(),
        "string": pa.string(),
    }
)
# Of inputs that are kept as people read them; None is the type that the column has.
KEPT: Mapping[DType, pa.DataType | None] = for_every_kind(
    {
        "float64": None,
        "int64": None,
        "bool": None,
        "string": None,
        "timestamp": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
    }
)
