"""Rows to try a fitted pipeline on: values that are legal or hostile, and records held as changes or as columns."""

from __future__ import annotations

import math
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import assert_never, overload

import numpy as np

from skc.ir import Input
from skc.values.types import Block, Scalar, column_block, repeated, rounded, stack_blocks
from skc_runtime.kinds import (
    DATE_MAX,
    DATE_MIN,
    DAY_US,
    INT64_MAX,
    INT64_MIN,
    LARGEST_FLOAT32,
    TIMESTAMP_MAX,
    TIMESTAMP_MIN,
    Array,
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
    """The values without repetition, in order."""
    values = list(values)
    return list(dict(zip(identities(values), values, strict=True)).values())


def identity(value: Scalar) -> Hashable:
    """What tells values apart: -0.0 and 0.0 differ, as do 1, 1.0 and True; any NaN is the same."""
    if type(value) in _DISTINCT:
        return value
    if isinstance(value, float) and (not value or value != value):
        return float, repr(value)
    return type(value), value


_DISTINCT = {str, int, type(None)}  # values of these are equal only if they are the same


def identities(values: Sequence[Scalar]) -> Sequence[Hashable]:
    """The identity of each; there may be a million keys."""
    return values if _DISTINCT.issuperset(map(type, values)) else [*map(identity, values)]


def hostile_values(raw: Input) -> list[Scalar]:
    """Values of an input's type that are known to break preprocessing code."""
    values = [*HOSTILE[raw.dtype], *(raw.null_values), None]
    return unique(v for v in values if is_legal(raw, v))


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

    def blocks(self, inputs: Sequence[Input], rows: Sequence[int]) -> dict[str, Block]:
        """Some of the records as blocks, without building each."""
        changed: dict[str, tuple[list[int], list[Scalar]]] = {i.name: ([], []) for i in inputs}
        for place, row in enumerate(rows):
            if row:
                name, value = self.changes[row - 1]
                places, values = changed[name]
                places.append(place)
                values.append(value)
        blocks = {}
        for i in inputs:
            places, values = changed[i.name]
            block = repeated(column_block(i.dtype, [self._base[i.name]], i.nullable), len(rows))
            other = column_block(i.dtype, values, i.nullable)
            block.values[places] = other.values
            if block.valid is not None and other.valid is not None:
                block.valid[places] = other.valid
            blocks[i.name] = block
        return blocks


class RowsOf(Sequence[Record]):
    """Blocks [N, 1] per input, seen as records."""

    def __init__(self, inputs: Sequence[Input], blocks: Mapping[str, Block]) -> None:
        self._blocks = {i.name: blocks[i.name] for i in inputs}
        self._cells = [(name, block.values, block.valid) for name, block in self._blocks.items()]

    def __len__(self) -> int:
        return next(iter(self._blocks.values())).rows

    @overload
    def __getitem__(self, i: int) -> Record: ...
    @overload
    def __getitem__(self, i: slice) -> Sequence[Record]: ...
    def __getitem__(self, i: int | slice) -> Record | Sequence[Record]:
        if isinstance(i, slice):
            columns = [block.taken(i).column(0) for block in self._blocks.values()]
            return [dict(zip(self._blocks, row, strict=True)) for row in zip(*columns, strict=True)]
        k = range(len(self))[i]
        return {name: _cell(values, valid, k) for name, values, valid in self._cells}

    def blocks(self, inputs: Sequence[Input], rows: Sequence[int]) -> dict[str, Block]:
        """Some of the rows as blocks."""
        index = slice(rows.start, rows.stop, rows.step) if isinstance(rows, range) else np.array(rows, dtype=np.int64)
        return {i.name: self._blocks[i.name].taken(index) for i in inputs}


def _cell(values: Array, valid: Array | None, row: int) -> Scalar:
    value: Scalar = values.item(row, 0)
    is_null = value != value if valid is None else not valid.item(row, 0)
    return None if is_null else value


def spread(count: int, limit: int) -> list[int]:
    """Up to `wanted` of `count` indices, evenly spaced from the first to the last."""
    if limit <= 0 or count <= 0:
        return []
    return sorted({round(k * (count - 1) / max(1, min(count, limit) - 1)) for k in range(min(count, limit))})


def to_blocks(inputs: Sequence[Input], records: Sequence[Mapping[str, Scalar]]) -> dict[str, Block]:
    """Records as one block [N, 1] per input."""
    return {i.name: column_block(i.dtype, [r[i.name] for r in records], i.nullable) for i in inputs}


def blocks_at(inputs: Sequence[Input], records: Sequence[Record], rows: Sequence[int]) -> dict[str, Block]:
    """Some of the records, by their positions, as one block [N, 1] per input."""
    if isinstance(records, Variations | RowsOf):
        return records.blocks(inputs, rows)
    return to_blocks(inputs, [records[k] for k in rows])


def stacked(inputs: Sequence[Input], parts: Sequence[Mapping[str, Block]]) -> RowsOf:
    """The rows of some blocks [N, 1] per input, one part below the other."""
    return RowsOf(inputs, {i.name: stack_blocks([part[i.name] for part in parts]) for i in inputs})
