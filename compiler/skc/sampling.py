"""Rows to try a fitted pipeline on: the boundaries of its steps carried back to raw inputs, generated and hostile ones.

Everything here is a function of the pipeline and a seed. Training data is never used, so golden records reveal
nothing of it.

How a boundary gets to a raw input: a step names the values of its input column that matter (`Op.boundaries`); every
step before it that treats its columns by themselves says which of its inputs give them (`Op.carry_back`). Where a
chain ends in a step that mixes columns, the boundary stays unreached from outside, and the report says so.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from skc.infer import ColumnNames, column_groups, column_names, step_input_types, value_types
from skc.ir import Input, Pipeline, Ref, Step
from skc.ops import OPS
from skc.types import (
    DATE_MAX,
    DATE_MIN,
    TIMESTAMP_MAX,
    TIMESTAMP_MIN,
    Block,
    DType,
    Scalar,
    block_from_rows,
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


@dataclass(frozen=True)
class StepBoundaries:
    """The boundaries of one input column of one step, as that step sees them and as raw input values."""

    step: str
    column: int
    name: str
    values: tuple[Scalar, ...]
    raw_input: str | None  # None: no raw input could be found that gives them
    raw_values: tuple[Scalar, ...]


def step_boundaries(pipeline: Pipeline) -> tuple[StepBoundaries, ...]:
    """The boundaries of every step of a fitted pipeline, carried back as far as they go."""
    types, names = value_types(pipeline), column_names(pipeline)
    steps = {step.name: step for step in pipeline.steps}
    found = []
    for step in pipeline.steps:
        op = OPS[step.op]
        sources = [(ref.value, c, name) for ref in step.inputs for c, name in _ref_columns(ref, names)]
        kinds = step_input_types(step, types)
        for k, (value, column, name) in enumerate(sources):
            x = kinds[min(k, len(kinds) - 1)]
            wanted = _unique(op.boundaries(step.params, step.state, k, x))
            raw_input, raw = _to_raw(pipeline, steps, names, value, column, wanted)
            found.append(StepBoundaries(step.name, k, name, tuple(wanted), raw_input, tuple(raw)))
    return tuple(found)


def _ref_columns(ref: Ref, names: ColumnNames) -> Iterable[tuple[int, str]]:
    start, stop = ref.start or 0, len(names[ref.value]) if ref.stop is None else ref.stop
    return ((c, names[ref.value][c]) for c in range(start, stop))


def _to_raw(
    pipeline: Pipeline, steps: Mapping[str, Step], names: ColumnNames, value: str, column: int, wanted: list[Scalar]
) -> tuple[str | None, list[Scalar]]:
    """Walk from column `column` of `value` back to a raw input."""
    while value in steps:
        step = steps[value]
        op = OPS[step.op]
        if op.carry_back is None or op.variadic or not op.columnwise(step.params):
            return None, []
        group = _group_of(column_groups(step, names), column)
        carried = op.carry_back(step.params, step.state, group, wanted)
        wanted = _unique(neighbour for v in carried for neighbour in _around(v))
        sources = [(ref.value, c) for ref in step.inputs for c, _ in _ref_columns(ref, names)]
        value, column = sources[group]
    raw = next(i for i in pipeline.inputs if i.value == value)
    return raw.name, [v for v in wanted if _is_legal(raw, v)]


def _group_of(groups: Sequence[Sequence[str]], column: int) -> int:
    """The input column that output column `column` comes from."""
    end = 0
    for g, group in enumerate(groups):
        end += len(group)
        if column < end:
            return g
    raise IndexError(column)


def _around(value: Scalar) -> Iterable[Scalar]:
    """A float is carried back only nearly, so its neighbours are tried too: one of them hits."""
    if not isinstance(value, float) or not math.isfinite(value):
        return [value]
    return [math.nextafter(value, -math.inf), value, math.nextafter(value, math.inf)]


def _is_legal(raw: Input, value: Scalar) -> bool:
    """The runtime accepts the value for this input."""
    is_null = value is None or (isinstance(value, float) and math.isnan(value))
    if is_null:
        return raw.nullable
    match raw.dtype:
        case "float64":
            return isinstance(value, float)
        case "bool":
            return isinstance(value, bool)
        case "string":
            return isinstance(value, str) and "\0" not in value
        case _:
            return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _unique(values: Iterable[Scalar]) -> list[Scalar]:
    """The values without repetition, in order; -0.0 and 0.0 differ, as do 1, 1.0 and True."""
    return list({(type(v), repr(v)): v for v in values}.values())


def hostile_values(raw: Input) -> list[Scalar]:
    """Values of an input's type that have broken some preprocessing somewhere."""
    values = [*HOSTILE[raw.dtype], *(raw.null_values), None]
    return _unique(v for v in values if _is_legal(raw, v))


@dataclass(frozen=True)
class Pool:
    """For every input the raw values worth trying: what steps care about, and hostile ones."""

    values: Mapping[str, Sequence[Scalar]]

    def generate(self, rows: int, seed: int, inputs: Sequence[Input]) -> list[Record]:
        """`rows` seeded records: four values in five from the pool, the rest random of the type."""
        source = random.Random(seed)
        return [{i.name: self._draw(i, source) for i in inputs} for _ in range(rows)]

    def _draw(self, raw: Input, source: random.Random) -> Scalar:
        pool = self.values[raw.name]
        return source.choice(pool) if pool and source.random() < 0.8 else random_value(raw, pool, source)


def random_value(raw: Input, pool: Sequence[Scalar], source: random.Random) -> Scalar:
    """A random legal value: numbers near and between those of the pool and of any size, mutated strings."""
    if raw.nullable and source.random() < 0.05:
        return None
    numbers = [v for v in pool if isinstance(v, int | float) and math.isfinite(v)]
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
            return _random_string(pool, source)
        case "timestamp":
            return source.randint(TIMESTAMP_MIN, TIMESTAMP_MAX)
        case "date":
            return source.randint(DATE_MIN, DATE_MAX)
        case "int64":
            near = int(source.choice(numbers)) if numbers and source.random() < 0.7 else 0
            moved = near + source.randint(-100, 100)
            return moved if -(2**63) <= moved < 2**63 else near


_LETTERS = "abcxyzABCXYZ0129 -:/.,_éßİ中😀"


def _random_string(pool: Sequence[Scalar], source: random.Random) -> str:
    strings = [v for v in pool if isinstance(v, str)]
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
    return {i.name: block_from_rows(i.dtype, [[r[i.name]] for r in records], 1, i.nullable) for i in inputs}
