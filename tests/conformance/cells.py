"""Values as the conformance suite writes them: cells of requests, expected outputs as decimals beside their bits."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skc.values.types import Scalar

Cell = Any
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0.0": -0.0}


def cell(value: Scalar) -> Cell:
    """A value of an input as a cell."""
    if isinstance(value, float):
        return {"float": float_word(value)} if isinstance(float_word(value), str) else value
    if isinstance(value, int) and not isinstance(value, bool):
        return {"int": str(value)}
    return value


def float_word(value: float) -> float | str:
    """The value, or the word for one that JSON or many a parser cannot hold."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    return "-0.0" if value == 0 and math.copysign(1.0, value) < 0 else value


def record(values: Mapping[str, Scalar]) -> dict[str, Cell]:
    """A whole record as cells."""
    return {name: cell(value) for name, value in values.items()}


def bits(dtype: str, value: Any) -> Any:
    """A value of an output as an executor answers it."""
    if dtype in ("float32", "float64"):
        return "nan" if math.isnan(value) else struct.pack(">f" if dtype == "float32" else ">d", value).hex()
    return str(int(value)) if dtype == "int64" else value


def expected(values: np.ndarray[Any, Any]) -> list[Any]:
    """One row of an output: floats as [shortest decimal or word, bits], the others as an executor answers them."""
    dtype = "string" if values.dtype == object else values.dtype.name
    if dtype not in ("float32", "float64"):
        return [bits(dtype, v) for v in values.tolist()]
    return [[float_word(float(v)), bits(dtype, v)] for v in values.tolist()]


def to_float(dtype: str, text: str) -> float:
    """The float whose bits an executor answered."""
    if text == "nan":
        return math.nan
    (value,) = struct.unpack(">f" if dtype == "float32" else ">d", bytes.fromhex(text))
    return float(value)


def flat(outputs: Mapping[str, Any], row: int | None) -> dict[str, Sequence[Any]]:
    """The answered values of one row by output; of a single record where `row` is None."""
    found = {}
    for name, tensor in outputs.items():
        width = tensor["shape"][-1]
        start = 0 if row is None else row * width
        found[name] = tensor["values"][start : start + width]
    return found
