"""Columns of random rows for a database, and what fitting on them comes to."""

from __future__ import annotations

import math
import random
import struct
from typing import Any

import pyarrow as pa

from skc.diagnostics import SkcError
from skc.fit import fit
from skc.ir import Pipeline, ProfileOptions
from skc_runtime.kinds import DType

TYPES: dict[str, tuple[DType, str, pa.DataType]] = {  # what an input is declared, and what stores it
    "float64": ("float64", "double precision", pa.float64()),
    "real": ("float64", "real", pa.float32()),
    "int64": ("int64", "bigint", pa.int64()),
    "bool": ("bool", "boolean", pa.bool_()),
    "string": ("string", "text", pa.string()),
}
SENTINELS: dict[DType, tuple[Any, ...]] = {"float64": (-1.0, 0.1), "int64": (0, 7), "string": ("a", "")}
TEXTS = ["a", "A", "ä", "a\u0308", "", "\U0001f600", "\uffff", " a", "a ", "Z"]
ENDS = [2**62, -(2**63), 2**53 + 1, 2**63 - 1]


def value(draw: random.Random, kind: str, style: int) -> Any:
    if draw.random() < 0.1:
        return None
    single = struct.unpack("f", struct.pack("f", draw.gauss(0, 100)))[0]
    if kind == "float64":
        hard = draw.choice([0.1, -0.0, 0.0, 5e-324, 1e-200, -1e100, math.nan, 1 / 3])
        return (hard, draw.gauss(0, 1), float(draw.randrange(-5, 5)), single)[style]
    return {
        "real": draw.choice([single, -0.0, 1.5]),
        "int64": draw.choice([draw.randrange(-9, 9), draw.choice(ENDS)]) if style else draw.randrange(100),
        "bool": draw.random() < 0.3,
        "string": draw.choice([*TEXTS, str(draw.randrange(30))]),
    }[kind]


def outcome(made: Pipeline, data: Any, **options: Any) -> Any:
    try:
        fitted = fit(made, data, profile=ProfileOptions((), 10, 1), **options)
    except SkcError as error:
        return [(d.code, d.message) for d in error.diagnostics]
    return fitted.pipeline, fitted.profile, [warning.text() for warning in fitted.warnings]
