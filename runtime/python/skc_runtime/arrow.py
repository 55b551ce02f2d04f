"""Tables and columns of any Arrow library, read through the Arrow C data interface with only ctypes.

Why not pyarrow: a serving image should not carry 100 MB for three structs that have been frozen since 2020
(https://arrow.apache.org/docs/format/CDataInterface.html). Everything is copied out before the producer's
memory is released.
"""

from __future__ import annotations

import ctypes
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from ctypes import POINTER, c_char_p, c_int, c_int32, c_int64, c_void_p
from dataclasses import replace
from itertools import accumulate
from typing import Any

import numpy as np

from skc_runtime.arrow_texts import numbers, read_texts, read_views
from skc_runtime.columns import RawColumn
from skc_runtime.errors import RecordError
from skc_runtime.kinds import Array
from skc_runtime.texts import Texts, blank, concatenated, of_objects


class _Schema(ctypes.Structure):
    pass


_Schema._fields_ = [
    ("format", c_char_p),
    ("name", c_char_p),
    ("metadata", c_void_p),
    ("flags", c_int64),
    ("n_children", c_int64),
    ("children", POINTER(POINTER(_Schema))),
    ("dictionary", POINTER(_Schema)),
    ("release", ctypes.CFUNCTYPE(None, POINTER(_Schema))),
    ("private_data", c_void_p),
]


class _Array(ctypes.Structure):
    pass


_Array._fields_ = [
    ("length", c_int64),
    ("null_count", c_int64),
    ("offset", c_int64),
    ("n_buffers", c_int64),
    ("n_children", c_int64),
    ("buffers", POINTER(c_void_p)),
    ("children", POINTER(POINTER(_Array))),
    ("dictionary", POINTER(_Array)),
    ("release", ctypes.CFUNCTYPE(None, POINTER(_Array))),
    ("private_data", c_void_p),
]


class _Stream(ctypes.Structure):
    pass


_Stream._fields_ = [
    ("get_schema", ctypes.CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Schema))),
    ("get_next", ctypes.CFUNCTYPE(c_int, POINTER(_Stream), POINTER(_Array))),
    ("get_last_error", ctypes.CFUNCTYPE(c_char_p, POINTER(_Stream))),
    ("release", ctypes.CFUNCTYPE(None, POINTER(_Stream))),
    ("private_data", c_void_p),
]

_get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_get_pointer.restype = c_void_p
_get_pointer.argtypes = [ctypes.py_object, c_char_p]

_PRIMITIVES = {
    "c": "i1",
    "C": "u1",
    "s": "i2",
    "S": "u2",
    "i": "i4",
    "I": "u4",
    "l": "i8",
    "L": "u8",
    "e": "f2",
    "f": "f4",
    "g": "f8",
    "tts": "i4",
    "ttm": "i4",
    "ttu": "i8",
    "ttn": "i8",
    "tdD": "i4",
    "tdm": "i8",
    "tss": "i8",
    "tsm": "i8",
    "tsu": "i8",
    "tsn": "i8",
}
_TIMESTAMP_UNITS = {"tss": "s", "tsm": "ms", "tsu": "us", "tsn": "ns"}
_CLOCK_UNITS = {"tts": 1_000_000, "ttm": 1_000, "ttu": 1}  # microseconds; nanoseconds are `ttn`
_DAY_MS = 86_400_000
_NAMES = {  # unsupported types, by the beginning of their format string
    "z": "binary",
    "Z": "large_binary",
    "vz": "binary_view",
    "w:": "fixed_size_binary",
    "tD": "duration",
    "ti": "interval",
    "+l": "list",
    "+L": "large_list",
    "+vl": "list_view",
    "+vL": "large_list_view",
    "+w": "fixed_size_list",
    "+s": "struct",
    "+m": "map",
    "+u": "union",
    "+r": "run_end_encoded",
}


class NotExportedError(Exception):
    """A library cannot export its data as Arrow; it may be readable in another way."""


def can_read(data: object) -> bool:
    """Whether an object exports Arrow data."""
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__")


def read_table(data: Any, names: frozenset[str]) -> tuple[dict[str, RawColumn], int]:
    """The wanted columns of a table, and its number of rows. Raises RecordError with input and row."""
    parts: dict[str, list[RawColumn]] = {}
    rows = 0
    for schema, array in _chunks(data):
        if schema.format != b"+s":
            message = "expected a table, got a single Arrow column"
            raise RecordError(
                "unsupported-data",
                message,
                hint="a column goes to `transform_columns`; one row of a pandas table is table.iloc[[i]]",
            )
        for name, k in _wanted_columns(schema, names).items():
            parts.setdefault(name, [])
            if array is None:
                continue
            try:
                child = _read(schema.children[k].contents, array.children[k].contents, array.offset, array.length)
            except RecordError as error:
                raise error.at(name, None if error.row is None else rows + error.row) from None
            parts[name].append(child)
        rows += _rows(array)
    return {name: _concatenated(columns) for name, columns in parts.items()}, rows


def _rows(array: Any) -> int:
    """The length of a chunk of a table."""
    if array is None:
        return 0
    if _validity(array, array.offset, array.length) is not None:
        raise RecordError("unsupported-data", "an Arrow struct that is itself null is not a row of a table")
    return int(array.length)


def read_column(data: Any) -> RawColumn:
    """A single column. Raises RecordError with the row."""
    parts: list[RawColumn] = []
    rows = 0
    for schema, array in _chunks(data):
        if array is None:
            continue
        try:
            parts.append(_read(schema, array, 0, array.length))
        except RecordError as error:
            raise error.at(row=None if error.row is None else rows + error.row) from None
        rows += array.length
    return _concatenated(parts)


def _wanted_columns(schema: Any, names: frozenset[str]) -> dict[str, int]:
    """The index of each wanted column."""
    indices: dict[str, int] = {}
    for k in range(schema.n_children):
        name = (schema.children[k].contents.name or b"").decode("utf-8", "replace")
        if name in indices:
            raise RecordError("duplicate-column", "the table has several columns of this name", name)
        if name in names:
            indices[name] = k
    return indices


def _chunks(data: Any) -> Iterator[tuple[Any, Any]]:
    """(schema, array) of each chunk, released after use. The last chunk is (schema, None)."""
    if not hasattr(data, "__arrow_c_stream__"):
        schema_capsule, array_capsule = _exported(data.__arrow_c_array__)  # the capsules release what they hold
        schema = _Schema.from_address(_get_pointer(schema_capsule, b"arrow_schema"))
        yield schema, _Array.from_address(_get_pointer(array_capsule, b"arrow_array"))
        yield schema, None
        return
    capsule = _exported(data.__arrow_c_stream__)  # likewise
    stream = _Stream.from_address(_get_pointer(capsule, b"arrow_array_stream"))
    schema = _Schema()
    _check(stream, stream.get_schema(ctypes.byref(stream), ctypes.byref(schema)))
    try:
        yield from _stream_chunks(stream, schema)
        yield schema, None
    finally:
        schema.release(ctypes.byref(schema))


def _exported(export: Callable[[], Any]) -> Any:
    """The result of a library's export. The caller handles an ImportError (pandas without pyarrow)."""
    try:
        return export()
    except ImportError:
        raise
    except Exception as error:  # any error of any library, for example for objects of several types in one column
        raise NotExportedError(str(error)) from error


def _stream_chunks(stream: Any, schema: Any) -> Iterator[tuple[Any, Any]]:
    while True:
        array = _Array()
        _check(stream, stream.get_next(ctypes.byref(stream), ctypes.byref(array)))
        if not array.release:
            return
        try:
            yield schema, array
        finally:
            array.release(ctypes.byref(array))


def _check(stream: Any, code: int) -> None:
    if code != 0:
        message = stream.get_last_error(ctypes.byref(stream)) or b"no reason given"
        raise RecordError("unsupported-data", f"the Arrow stream failed: {message.decode(errors='replace')}")


def _concatenated(parts: Sequence[RawColumn]) -> RawColumn:
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return RawColumn(np.empty(0, dtype=np.float64), np.empty(0, dtype=bool))
    valid = None
    if any(part.valid is not None for part in parts):
        valid = np.concatenate([np.ones(p.rows, bool) if p.valid is None else p.valid for p in parts])
    coded = [part.codes for part in parts if part.codes is not None]
    if len(coded) == len(parts):
        starts = accumulate((len(part.values) for part in parts), initial=0)
        codes = np.concatenate([code + start for code, start in zip(coded, starts, strict=False)])
        return replace(parts[0], values=_joined([part.values for part in parts]), valid=valid, codes=codes)
    values = _joined([part.expanded().values for part in parts])
    return replace(parts[0], values=values, valid=valid, codes=None)


def _joined(parts: Sequence[Array | Texts]) -> Array | Texts:
    arrays = [part for part in parts if not isinstance(part, Texts)]
    if len(arrays) == len(parts):
        return np.concatenate(arrays)
    return concatenated([part if isinstance(part, Texts) else _as_texts(part) for part in parts])


def _as_texts(values: Array) -> Texts:
    """Those of a chunk of few rows, or of one that is all null, which may have another type."""
    return of_objects(values) if values.dtype.kind == "O" else blank(len(values))


def _read(schema: Any, array: Any, offset: int, length: int) -> RawColumn:
    """Rows `offset` to `offset + length` of an array (in addition to its own offset), copied."""
    form = schema.format.decode()
    start = array.offset + offset
    if form == "n":
        return RawColumn(np.zeros(length), np.zeros(length, dtype=bool))
    valid = _validity(array, start, length)
    if schema.dictionary:
        return _dictionary(schema, array, start, length, valid)
    if form == "b":
        return RawColumn(_bits(array.buffers[1], start, length), valid)
    if form in ("u", "U"):
        return RawColumn(read_texts(array, start, length, valid, "i4" if form == "u" else "i8"), valid)
    if form == "vu":
        return RawColumn(read_views(array, start, length, valid), valid)
    if form.startswith("d:"):
        return _decimals(form, array.buffers[1], start, length, valid)
    if form == UUID_FORM and _extension(schema) == b"arrow.uuid":
        return RawColumn(_uuids(array.buffers[1], start, length), valid)
    kind, _, zone = form.partition(":") if form.startswith("ts") else (form, "", "")
    if kind not in _PRIMITIVES:
        raise _unsupported(form)
    return _primitive(kind, zone, numbers(array.buffers[1], _PRIMITIVES[kind], start, length).copy(), valid)


UUID_FORM = "w:16"


def _extension(schema: Any) -> bytes | None:
    """The name of the extension type in the metadata of a column: counted pairs of a key and a value."""
    if not schema.metadata:
        return None
    texts: list[bytes] = []
    address = schema.metadata + 4
    for _ in range(2 * _int32(schema.metadata)):
        texts.append(ctypes.string_at(address + 4, _int32(address)))
        address += 4 + len(texts[-1])
    return dict(zip(texts[::2], texts[1::2], strict=True)).get(b"ARROW:extension:name")


def _int32(address: int) -> int:
    return c_int32.from_address(address).value


def _uuids(address: int | None, start: int, length: int) -> Array:
    """Their canonical text, in lower case."""
    data = numbers(address, "V16", start, length).tobytes()
    return np.array([str(uuid.UUID(bytes=data[k : k + 16])) for k in range(0, len(data), 16)], dtype=object)


def _decimals(form: str, address: int | None, start: int, length: int, valid: Array | None) -> RawColumn:
    """`d:precision,scale`, of 128 bits, or of another number of them: `d:precision,scale,bits`."""
    _, scale, *bits = map(int, form[2:].split(","))
    size = (bits[0] if bits else 128) // 8
    data = numbers(address, f"V{size}", start, length).tobytes()
    integers = [int.from_bytes(data[k : k + size], sys.byteorder, signed=True) for k in range(0, len(data), size)]
    return RawColumn(np.array(integers, dtype=object), valid, scale=scale)


def _unsupported(form: str) -> RecordError:
    matching = [start for start in _NAMES if form.startswith(start)]
    name = _NAMES[max(matching, key=len)] if matching else f"format {form!r}"
    return RecordError(
        "unsupported-type",
        f"a column of Arrow type {name} is not supported",
        hint="cast it to bool, a number, string, timestamp, date or time",
    )


def _primitive(kind: str, zone: str, values: Array, valid: Array | None) -> RawColumn:
    if kind in _TIMESTAMP_UNITS:
        return RawColumn(values.view(f"M8[{_TIMESTAMP_UNITS[kind]}]"), valid, zoned=bool(zone))
    if kind in _CLOCK_UNITS:
        return RawColumn(values.astype(np.int64) * _CLOCK_UNITS[kind], valid, is_clock=True)
    if kind == "ttn":
        broken = values % 1000 != 0 if valid is None else (values % 1000 != 0) & valid
        if broken.any():
            row = int(broken.argmax())
            raise RecordError("not-exact", f"time64 {values[row]} ns is not exact as microseconds", row=row)
        return RawColumn(values // 1000, valid, is_clock=True)
    if kind == "tdD":
        return RawColumn(values.astype(np.int64).view("M8[D]"), valid)
    if kind == "tdm":
        broken = values % _DAY_MS != 0 if valid is None else (values % _DAY_MS != 0) & valid
        if broken.any():
            row = int(broken.argmax())
            raise RecordError("not-integral", f"date64 {values[row]} ms is not a whole day", row=row)
        return RawColumn((values // _DAY_MS).view("M8[D]"), valid)
    return RawColumn(values, valid)


def _dictionary(schema: Any, array: Any, start: int, length: int, valid: Array | None) -> RawColumn:
    entries = array.dictionary.contents
    values = _read(schema.dictionary.contents, entries, 0, entries.length)
    indices = numbers(array.buffers[1], _PRIMITIVES[schema.format.decode()], start, length).astype(np.int64)
    if len(values.values) == 0:  # then every row is null
        return RawColumn(np.zeros(length), np.zeros(length, dtype=bool))
    if valid is not None:
        indices = np.where(valid, indices, 0)
    if values.valid is not None:
        present = values.valid[indices]
        valid = present if valid is None else valid & present
    return replace(values, valid=valid, codes=indices)


def _validity(array: Any, start: int, length: int) -> Array | None:
    if array.n_buffers == 0 or array.null_count == 0 or not array.buffers[0]:
        return None
    return _bits(array.buffers[0], start, length)


def _bits(address: int | None, start: int, length: int) -> Array:
    first, shift = divmod(start, 8)
    packed = numbers(address, "u1", first, (shift + length + 7) // 8)
    return np.unpackbits(packed, bitorder="little")[shift : shift + length].astype(bool)
