"""Open a file as bytes, unpacked as its name says."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Mapping
from typing import Any


def _zstd(file: str) -> Any:
    import pyarrow as pa  # the standard library unpacks it only since Python 3.14

    return pa.input_stream(file, compression="zstd")


PACKED: Mapping[str, Callable[[str], Any]] = {
    ".gz": gzip.open,
    ".zst": _zstd,
    ".bz2": bz2.open,
    ".xz": lzma.open,
}
PACKED_ERRORS = (EOFError, zlib.error, lzma.LZMAError)  # what unpacking a file raises, besides OSError
UNREADABLE = (OSError, *PACKED_ERRORS)  # what opening and unpacking a file raise


def opened(file: str) -> Any:
    """A file as bytes, unpacked if its name says that it is compressed."""
    unpack = PACKED.get(packing(file))
    return open(file, "rb") if unpack is None else unpack(file)


def packing(file: str) -> str:
    """The suffix that says how a file is compressed, "" if it is not."""
    return next((suffix for suffix in PACKED if file.lower().endswith(suffix)), "")
