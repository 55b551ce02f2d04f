"""Long arrays of a plan as base64: `{"$f64": "…", "shape": [K, M]}`, little endian.

Why: a matrix or a forest has millions of numbers, each of which JSON would write as 20 characters and a reader would
check alone. Only tuples of floats, ints or booleans of one type are packed, and rectangular tuples of such tuples of
floats, and only from `LONG` numbers on, so that what people read stays legible.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from types import UnionType
from typing import Any, get_args, get_origin

import numpy as np

from skc_runtime.kinds import Array

LONG = 1000
# key -> the type of a number in Python, and in the bytes
TYPES: Mapping[str, tuple[type, np.dtype[Any]]] = {
    "$f64": (float, np.dtype("<f8")),
    "$i64": (int, np.dtype("<i8")),
    "$bool": (bool, np.dtype("u1")),
}


def pack(values: tuple[Any, ...]) -> dict[str, Any] | None:
    """The array of a long tuple of numbers of one type; None for any other."""
    width = len(values[0]) if values and isinstance(values[0], tuple) else None
    if len(values) * (1 if width is None else width) < LONG:
        return None
    flat = values if width is None else [v for row in values if isinstance(row, tuple) for v in row]
    is_rectangle = width is None or all(isinstance(row, tuple) and len(row) == width for row in values)
    kinds = {*map(type, flat)}
    key = next((key for key, (kind, _) in TYPES.items() if kinds == {kind}), None)
    if not is_rectangle or key is None or (width is not None and key != "$f64"):
        return None
    try:
        array = np.array(flat, dtype=TYPES[key][1])
    except OverflowError:
        return None
    if key == "$f64":
        array[np.isnan(array)] = np.nan  # one NaN, one text
    shape = [len(values)] if width is None else [len(values), width]
    return {key: base64.b64encode(array.tobytes()).decode("ascii"), "shape": shape}


def is_packed(data: Any) -> bool:
    """Whether this part of a plan is an array."""
    return isinstance(data, dict) and "shape" in data and bool(data.keys() & TYPES.keys())


def unpack(data: Any, annotation: Any) -> tuple[Any, ...]:
    """The tuple that an array stands for, where a field is annotated as one. Raises ValueError where it is not."""
    ((key, text),) = [(name, data[name]) for name in data if name != "shape"]
    kind, dtype = TYPES[key]
    array, shape = _decoded(text, dtype), data["shape"]
    if not isinstance(shape, list) or not all(type(n) is int and n > 0 for n in shape) or array.size < LONG:
        raise ValueError(f"the shape {shape} is not that of an array")
    if len(shape) > 2 or not _can_hold(annotation, kind, len(shape)) or math.prod(shape) != array.size:
        raise ValueError(f"an array of the shape {shape} does not belong here")
    if key == "$bool":
        array = array.astype(np.bool_)
    return tuple(array.tolist()) if len(shape) == 1 else tuple(map(tuple, array.reshape(shape).tolist()))


def _can_hold(annotation: Any, kind: type, rank: int) -> bool:
    """Whether a field annotated like `tuple[int | None, ...]` can hold an array of that rank and type of number."""
    for _ in range(rank):
        if get_origin(annotation) is not tuple:
            return False
        annotation, _ = get_args(annotation)
    return kind in (get_args(annotation) if isinstance(annotation, UnionType) else (annotation,))


def _decoded(text: Any, dtype: np.dtype[Any]) -> Array:
    if not isinstance(text, str):
        raise ValueError("an array is written as base64")
    array = np.frombuffer(base64.b64decode(text, validate=True), dtype=dtype)
    if dtype == np.uint8 and (array > 1).any():
        raise ValueError("a boolean is 0 or 1")
    return array
