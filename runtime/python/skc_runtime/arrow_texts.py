"""The strings of an Arrow array, read from its memory: UTF-8 with offsets, or views.

The memory under a null may contain anything, so it is not read.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from skc_runtime.kinds import Array
from skc_runtime.texts import FEW, Texts, decoded, padded

_VIEW = np.dtype([("size", "i4"), ("prefix", "V4"), ("buffer", "i4"), ("offset", "i4")])
_INLINE = 12  # bytes of a text that a view holds itself
_SPARSE = 4  # buffers with so many times the bytes of the texts are not copied as a whole


def numbers(address: int | None, dtype: str, start: int, length: int) -> Array:
    """A view of the producer's memory: copy it before the memory is released."""
    if length == 0 or not address:
        return np.empty(0, dtype=dtype)
    item = np.dtype(dtype).itemsize
    memory = (ctypes.c_char * (length * item)).from_address(address + start * item)
    view: Array = np.frombuffer(memory, dtype=dtype)  # type: ignore[call-overload]  # a ctypes array is a buffer
    return view


def read_texts(array: Any, start: int, length: int, valid: Array | None, offset_type: str) -> Array | Texts:
    """Texts behind one another; as str objects if they are few. Raises RecordError with the row."""
    if length == 0:
        return np.empty(0, dtype=object)
    offsets = numbers(array.buffers[1], offset_type, start, length + 1)
    first = int(offsets[0])
    size = int(offsets[-1]) - first
    if length >= FEW:
        data = padded(numbers(array.buffers[2], "u1", first, size))
        return Texts(data, offsets[:-1] - first, np.diff(offsets))
    text = ctypes.string_at(array.buffers[2] + first, size) if size else b""
    bounds = (offsets - first).tolist()
    return _objects(length, valid, lambda row: text[bounds[row] : bounds[row + 1]])


def read_views(array: Any, start: int, length: int, valid: Array | None) -> Array | Texts:
    """Views of 16 bytes: the length, then the text itself if it has up to 12 bytes, else prefix, buffer and
    offset.
    """
    if length == 0:
        return np.empty(0, dtype=object)
    raw = numbers(array.buffers[1], "u1", 16 * start, 16 * length)
    views = raw.view(_VIEW)
    if length < FEW:
        fields = views.tolist()

        def text(row: int) -> bytes:
            size, _, buffer, offset = fields[row]
            if size <= _INLINE:
                return raw[16 * row + 4 : 16 * row + 4 + size].tobytes()
            return ctypes.string_at(array.buffers[2 + buffer] + offset, size)

        return _objects(length, valid, text)
    sizes = views["size"].astype(np.int64)
    if valid is not None:
        sizes[~valid] = 0
    starts = 16 * np.arange(length) + 4
    far = np.flatnonzero(sizes > _INLINE)
    if len(far) == 0:
        return Texts(padded(raw), starts, sizes)
    parts, places = _far_texts(array, views["buffer"][far], views["offset"][far].astype(np.int64), sizes[far])
    starts[far] = len(raw) + places
    return Texts(padded(raw, *parts), starts, sizes)


def _far_texts(array: Any, buffers: Array, offsets: Array, sizes: Array) -> tuple[Sequence[Array], Array]:
    """Pieces of the buffers that contain the texts at these offsets, and where each text begins in them all."""
    low = np.full(int(buffers.max()) + 1, np.iinfo(np.int64).max)
    high = np.zeros(len(low), np.int64)
    np.minimum.at(low, buffers, offsets)
    np.maximum.at(high, buffers, offsets + sizes)
    used = np.where(high > 0, high - low, 0)
    if used.sum() <= _SPARSE * sizes.sum():
        pieces = [(buffer, low[buffer], used[buffer]) for buffer in np.flatnonzero(used)]
        places = (np.cumsum(used) - used - low)[buffers] + offsets
    else:
        pieces = list(zip(buffers, offsets, sizes, strict=True))
        places = np.cumsum(sizes) - sizes
    return [numbers(array.buffers[2 + b], "u1", int(start), int(size)) for b, start, size in pieces], places


def _objects(length: int, valid: Array | None, text: Callable[[int], bytes]) -> Array:
    """Texts as str objects, one by one."""
    present = [True] * length if valid is None else valid.tolist()
    return decoded(text(row) if present[row] else b"" for row in range(length))
