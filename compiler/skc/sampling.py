"""Rows to try a fitted pipeline on: hostile ones, and generated mixtures of values that its steps care about.

Everything here is a function of the pipeline and a seed. Training data is never used, so golden records reveal
nothing of it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard, assert_never

from skc.ir import Input
from skc.types import (
    DATE_MAX,
    DATE_MIN,
    TIMESTAMP_MAX,
    TIMESTAMP_MIN,
    Block,
    DType,
    Scalar,
    column_block,
)

Record = dict[str, Scalar]
_INT_EDGES = (0, 1, -1, 2**24 + 1, 2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63))
HOSTILE: dict[DType, tuple[Scalar, ...]] = {
    "float64": (
        *(0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, 5e-324, -5e-324, 2.2250738585072014e-308),
        *(float(2**24 + 1), float(2**53), 1e15 + 0.3, 1.7976931348623157e308, -1.7976931348623157e308),
        *(math.inf, -math.inf),
    ),
    "int64": _INT_EDGES,
    "bool": (False, True),
    "string": (
        *("", " ", "\t", "\n", "0", "-1", "1.5", "1,5", "NaN", "nan", "null", "None", "true", "é", "e\u0301"),
        *("İ", "ı", "ß", "ẞ", "Ω", "中文", "𠮷", "😀", "👩‍👩‍👧", "\u202eabc", "\ufeff", "a" * 300, "0:", "1:x"),
    ),
    "timestamp": (TIMESTAMP_MIN, TIMESTAMP_MAX, -1, 0, 1, TIMESTAMP_MIN - 1, TIMESTAMP_MAX + 1),
    "date": (DATE_MIN, DATE_MAX, -1, 0, 1, DATE_MIN - 1, DATE_MAX + 1),
}

PLAIN: dict[DType, Scalar] = {
    "float64": 1.0,
    "int64": 1,
    "bool": False,
    "string": "a",
    "timestamp": 1_000_000_000_000_000,
    "date": 10_000,
}


def is_legal(raw: Input, value: Scalar) -> bool:
    """The runtime accepts the value for this input. None stands for null, NaN for itself."""
    if value is None:
        return raw.nullable
    match raw.dtype:
        case "float64":
            is_nan = isinstance(value, float) and math.isnan(value)
            return isinstance(value, float) and (not is_nan or (raw.nullable and raw.nan == "null"))
        case "bool":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str) and "\0" not in value
        case "int64" | "timestamp" | "date":
            return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
    assert_never(raw.dtype)


def unique(values: Iterable[Scalar]) -> list[Scalar]:
    """The values without repetition, in order; -0.0 and 0.0 differ, as do 1, 1.0 and True."""
    return list({(type(v), repr(v)): v for v in values}.values())


def hostile_values(raw: Input) -> list[Scalar]:
    """Values of an input's type that have broken some preprocessing somewhere."""
    values = [*HOSTILE[raw.dtype], *(raw.null_values), None]
    return unique(v for v in values if is_legal(raw, v))


class Pool:
    """For every input the raw values worth trying: what steps care about, and hostile ones."""

    def __init__(self, values: Mapping[str, Sequence[Scalar]]) -> None:
        self._values = values
        self._numbers = {name: [v for v in given if _is_finite(v)] for name, given in values.items()}
        self._strings = {name: [v for v in given if isinstance(v, str)] for name, given in values.items()}

    def generate(self, rows: int, seed: int, inputs: Sequence[Input]) -> list[Record]:
        """`rows` seeded records: four values in five from the pool, the rest random of the type."""
        source = random.Random(seed)
        return [{i.name: self._draw(i, source) for i in inputs} for _ in range(rows)]

    def _draw(self, raw: Input, source: random.Random) -> Scalar:
        pool = self._values[raw.name]
        return source.choice(pool) if pool and source.random() < 0.8 else self._random_value(raw, source)

    def _random_value(self, raw: Input, source: random.Random) -> Scalar:
        """A random legal value: numbers near and between those of the pool and of any size, mutated strings."""
        if raw.nullable and source.random() < 0.05:
            return None
        numbers = self._numbers[raw.name]
        match raw.dtype:
            case "float64":
                if numbers and source.random() < 0.7:
                    low, high = float(source.choice(numbers)), float(source.choice(numbers))
                    between = low + (high - low) * source.random()
                    return between if math.isfinite(between) else low
                return math.ldexp(source.uniform(-1, 1), source.randint(-40, 60))
            case "bool":
                return source.random() < 0.5
            case "string":
                return _random_string(self._strings[raw.name], source)
            case "timestamp":
                return source.randint(TIMESTAMP_MIN, TIMESTAMP_MAX)
            case "date":
                return source.randint(DATE_MIN, DATE_MAX)
            case "int64":
                near = int(source.choice(numbers)) if numbers and source.random() < 0.7 else 0
                moved = near + source.randint(-100, 100)
                return moved if -(2**63) <= moved < 2**63 else near
        assert_never(raw.dtype)


def _is_finite(value: Scalar) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and math.isfinite(value)


_LETTERS = "abcxyzABCXYZ0129 -:/.,_éßİ中😀"


def _random_string(strings: Sequence[str], source: random.Random) -> str:
    if not strings or source.random() < 0.3:
        return "".join(source.choice(_LETTERS) for _ in range(source.randint(0, 12)))
    text = source.choice(strings)
    at = source.randint(0, len(text))
    letter = source.choice(_LETTERS)
    return source.choice(
        [text[:at] + letter + text[at:], text[:at] + text[at + 1 :], text[:at] + letter + text[at + 1 :]]
    )


def to_blocks(inputs: Sequence[Input], records: Sequence[Mapping[str, Scalar]]) -> dict[str, Block]:
    """Records as one block [N, 1] per input."""
    return {i.name: column_block(i.dtype, [r[i.name] for r in records], i.nullable) for i in inputs}
