"""Rows to try a fitted pipeline on: hostile ones, and generated mixtures of values that matter to its steps.

Everything here is a function of the pipeline and a seed. Training data is never used, so golden records reveal
nothing of it.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard, assert_never, overload

import numpy as np

from skc.ir import Input
from skc.values.types import Block, Scalar, column_block, rounded
from skc_runtime.kinds import (
    DATE_MAX,
    DATE_MIN,
    DAY_US,
    INT64_MAX,
    INT64_MIN,
    LARGEST_FLOAT32,
    TIMESTAMP_MAX,
    TIMESTAMP_MIN,
    DType,
    for_every_kind,
)

Record = dict[str, Scalar]
_INT_EDGES = (0, 1, -1, 2**24 + 1, 2**53, 2**53 + 1, -(2**53) - 1, INT64_MAX, INT64_MIN)
HOSTILE: dict[DType, tuple[Scalar, ...]] = for_every_kind(
    {
        "float64": (
            *(0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, 5e-324, -5e-324, 2.2250738585072014e-308),
            *(float(2**24 + 1), float(2**53), 1e15 + 0.3, 1.7976931348623157e308, -1.7976931348623157e308),
            *(math.inf, -math.inf),
        ),
        "float32": tuple(
            float(np.float32(value))
            for value in (
                *(0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -0.5, 0.1, 0.7, 1e-45, -1e-45, 1.1754943508222875e-38),
                *(2**24, 2**24 + 2, 2**53, LARGEST_FLOAT32, -LARGEST_FLOAT32, math.inf, -math.inf),
            )
        ),
        "int64": _INT_EDGES,
        "bool": (False, True),
        "string": (
            *("", " ", "\t", "\n", "0", "-1", "1.5", "1,5", "NaN", "nan", "null", "None", "true", "é", "e\u0301"),
            *("İ", "ı", "ß", "ẞ", "Ω", "中文", "𠮷", "😀", "👩‍👩‍👧", "\u202eabc", "\ufeff", "a" * 300, "0:", "1:x"),
        ),
        "timestamp": (TIMESTAMP_MIN, TIMESTAMP_MAX, -1, 0, 1, TIMESTAMP_MIN - 1, TIMESTAMP_MAX + 1),
        "date": (DATE_MIN, DATE_MAX, -1, 0, 1, DATE_MIN - 1, DATE_MAX + 1),
        "time": (0, 1, DAY_US // 2, DAY_US - 1, -1, DAY_US, INT64_MAX),
    }
)

PLAIN: dict[DType, Scalar] = for_every_kind(
    {
        "float64": 1.0,
        "float32": 1.0,
        "int64": 1,
        "bool": False,
        "string": "a",
        "timestamp": 1_000_000_000_000_000,
        "date": 10_000,
        "time": 36_000_000_000,
    }
)


_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # Python's strings can hold one, no encoding can


def is_legal(raw: Input, value: Scalar) -> bool:
    """The runtime accepts the value for this input. None stands for null, NaN for itself."""
    if value is None:
        return raw.nullable
    match raw.dtype:
        case "float64":
            is_nan = isinstance(value, float) and math.isnan(value)
            return isinstance(value, float) and (not is_nan or (raw.nullable and raw.nan == "null"))
        case "float32":  # a request may have any float64, and then means the nearest float32
            is_nan = isinstance(value, float) and math.isnan(value)
            if not isinstance(value, float) or is_nan:
                return is_nan and raw.nullable and raw.nan == "null"
            return rounded(raw.dtype, value) == value
        case "bool":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str) and "\0" not in value and not _LONE_SURROGATE.search(value)
        case "int64" | "timestamp" | "date" | "time":
            return isinstance(value, int) and not isinstance(value, bool) and INT64_MIN <= value <= INT64_MAX
    assert_never(raw.dtype)


def unique(values: Iterable[Scalar]) -> list[Scalar]:
    """The values without repetition, in order; -0.0 and 0.0 differ, as do 1, 1.0 and True."""
    return list({(type(v), repr(v) if isinstance(v, float) else v): v for v in values}.values())


def hostile_values(raw: Input) -> list[Scalar]:
    """Values of an input's type that are known to break preprocessing code."""
    values = [*HOSTILE[raw.dtype], *(raw.null_values), None]
    return unique(v for v in values if is_legal(raw, v))


class Pool:
    """For every input the raw values worth trying: those that matter to its steps, and hostile ones."""

    def __init__(self, values: Mapping[str, Sequence[Scalar]]) -> None:
        self._values = values
        self._numbers = {name: [v for v in candidates if _is_finite(v)] for name, candidates in values.items()}
        self._strings = {name: [v for v in candidates if isinstance(v, str)] for name, candidates in values.items()}

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
            case "float64" | "float32":
                if numbers and source.random() < 0.7:
                    low, high = float(source.choice(numbers)), float(source.choice(numbers))
                    between = rounded(raw.dtype, low + (high - low) * source.random())
                    return between if math.isfinite(between) else low
                return rounded(raw.dtype, math.ldexp(source.uniform(-1, 1), source.randint(-40, 60)))
            case "bool":
                return source.random() < 0.5
            case "string":
                return _random_string(self._strings[raw.name], source)
            case "timestamp":
                return source.randint(TIMESTAMP_MIN, TIMESTAMP_MAX)
            case "date":
                return source.randint(DATE_MIN, DATE_MAX)
            case "time":
                return source.randrange(DAY_US)
            case "int64":
                near = int(source.choice(numbers)) if numbers and source.random() < 0.7 else 0
                moved = near + source.randint(-100, 100)
                return moved if INT64_MIN <= moved <= INT64_MAX else near
        assert_never(raw.dtype)


def _is_finite(value: Scalar) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and math.isfinite(value)


_LETTERS = "abcxyzABCXYZ0129 -:/.,_éßİ中😀"


def _random_string(strings: Sequence[str], source: random.Random) -> str:
    if not strings or source.random() < 0.3:
        return "".join(source.choice(_LETTERS) for _ in range(source.randint(0, 12)))
    text = source.choice(strings)
    position = source.randint(0, len(text))
    letter = source.choice(_LETTERS)
    return source.choice(
        [
            text[:position] + letter + text[position:],
            text[:position] + text[position + 1 :],
            text[:position] + letter + text[position + 1 :],
        ]
    )


class Variations(Sequence[Record]):
    """A base record, and the records that differ from it in one input, made on access: there may be very many."""

    def __init__(self, base: Record, changes: Sequence[tuple[str, Scalar]]) -> None:
        self._base = base
        self.changes = changes

    def __len__(self) -> int:
        return 1 + len(self.changes)

    @overload
    def __getitem__(self, i: int) -> Record: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Record]: ...
    def __getitem__(self, i: int | slice) -> Record | Sequence[Record]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        k = range(len(self))[i]  # IndexError beyond the end, where iteration stops
        return {**self._base, **dict([self.changes[k - 1]] if k else [])}

    def blocks(self, inputs: Sequence[Input], start: int, stop: int) -> dict[str, Block]:
        """Records start to stop as blocks, without building each record."""
        rows = range(max(start, 1), min(stop, len(self)))
        places: dict[str, list[int]] = {i.name: [] for i in inputs}
        for row in rows:
            places[self.changes[row - 1][0]].append(row)
        blocks = {}
        for i in inputs:
            values: list[Scalar] = [self._base[i.name]] * (min(stop, len(self)) - start)
            for row in places[i.name]:
                values[row - start] = self.changes[row - 1][1]
            blocks[i.name] = column_block(i.dtype, values, i.nullable)
        return blocks


class RowsOf(Sequence[Record]):
    """Blocks [N, 1] per input, seen as records."""

    def __init__(self, inputs: Sequence[Input], blocks: Mapping[str, Block]) -> None:
        self._blocks = {i.name: blocks[i.name] for i in inputs}

    def __len__(self) -> int:
        return next(iter(self._blocks.values())).rows

    @overload
    def __getitem__(self, i: int) -> Record: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Record]: ...
    def __getitem__(self, i: int | slice) -> Record | Sequence[Record]:
        if isinstance(i, slice):
            return [self[k] for k in range(*i.indices(len(self)))]
        return {name: _scalar(block, i) for name, block in self._blocks.items()}


def _scalar(block: Block, row: int) -> Scalar:
    valid = None if block.valid is None else block.valid[row : row + 1]
    return Block(block.dtype, block.values[row : row + 1], valid).to_rows()[0][0]


def spread(count: int, limit: int) -> list[int]:
    """Up to `wanted` of `count` indices, evenly spaced from the first to the last."""
    if limit <= 0 or count <= 0:
        return []
    return sorted({round(k * (count - 1) / max(1, min(count, limit) - 1)) for k in range(min(count, limit))})


def to_blocks(inputs: Sequence[Input], records: Sequence[Mapping[str, Scalar]]) -> dict[str, Block]:
    """Records as one block [N, 1] per input."""
    return {i.name: column_block(i.dtype, [r[i.name] for r in records], i.nullable) for i in inputs}
