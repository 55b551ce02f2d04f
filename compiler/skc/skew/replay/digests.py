"""The digest of every row of an output, as `skc_runtime.log_lines.digest` defines it for one."""

from __future__ import annotations

import zlib

import numpy as np

from skc_runtime.kinds import Array
from skc_runtime.log_lines import digest


def digests(values: Array) -> list[int]:
    """The CRC-32 of each row of an output [N, K]."""
    if values.dtype.kind == "O":
        return [digest(row) for row in values]
    if values.dtype.kind == "f":
        is_nan = values != values
        if is_nan.any():
            values = np.where(is_nan, values.dtype.type(np.nan), values)
    rows = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    data, size = rows.tobytes(), rows.itemsize * rows.shape[1]
    crc = zlib.crc32
    return [crc(data[at : at + size]) for at in range(0, size * len(rows), size)] if size else [crc(b"")] * len(rows)
