"""Constants in a pipeline, converted to the column's own type: exactly, or refused."""

from __future__ import annotations

import math

from skc.op import refuse
from skc_runtime.kinds import RANGES, DType, for_every_kind

Constant = float | int | bool | str

# How a constant of each type is written in a pipeline.
WRITTEN: dict[DType, str] = for_every_kind(
    {
        "float64": "a finite number that float64 holds exactly",
        "float32": "a finite number that float32 holds exactly",
        "int64": "an integer, without a point",
        "bool": "true or false",
        "string": "text, in quotes, without NUL",
        "timestamp": "an integer: microseconds since 1970-01-01 UTC, within the years 1 to 9999",
        "time": "an integer: microseconds since midnight, within the day",
        "date": "an integer: days since 1970-01-01, within the years 1 to 9999",
    }
)


def constant_of(value: Constant, dtype: DType, parameter: str) -> Constant:
    """`value` as a value of `dtype`; an integer for a float64 column becomes the float.

    Raises SKC123 for anything else.
    """
    if dtype == "float64" and isinstance(value, int | float) and _is_exact_float(value):
        return float(value) + 0.0  # -0.0 becomes 0.0: ONNX Runtime's Where does not preserve it
    if dtype in RANGES and isinstance(value, int) and not isinstance(value, bool):
        low, high = RANGES[dtype]
        if low <= value <= high:
            return value
    if dtype == "bool" and isinstance(value, bool):
        return value
    if dtype == "string" and isinstance(value, str) and _is_text(value):
        return value
    raise refuse(
        "SKC123", f"`{parameter}: {value!r}` is not of type {dtype}, but the column is", hint=f"write {WRITTEN[dtype]}"
    )


def _is_exact_float(value: float) -> bool:
    if isinstance(value, bool):
        return False
    try:
        return math.isfinite(value) and float(value) == value
    except OverflowError:  # an integer beyond float64
        return False


def _is_text(value: str) -> bool:
    """Text without NUL, at which several bindings truncate a string, and without lone surrogates, which UTF-8 cannot
    encode.
    """
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)
