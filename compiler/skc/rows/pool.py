"""Generated rows: for every input a column of seeded values, most of them from a pool of values that matter.

Everything here is a function of the pipeline and a seed. Training data is never used, so golden records reveal
nothing of it.

Why columns: drawn one by one, the values of a thousand inputs take longer than everything that is done with them.
Why from raw bits: NumPy keeps the streams of PCG64 and SeedSequence the same in every version, but not those of the
methods of a Generator. Each input has a stream of its own, so that the values of one do not depend on the others.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeGuard, assert_never

import numpy as np

from skc.ir import Input
from skc.rows.sampling import PLAIN, RowsOf
from skc.values.types import Block, Scalar, column_block
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN, Array

FROM_POOL = 0.8  # of the values; the others are random ones of the type
NULLS = 0.05  # of the random ones, where the input can be null
NEAR = 0.7  # of the random numbers and strings: near one of the pool, or between two
NEAREST = 100  # an integer is at most so far from one of the pool
EXPONENTS = (-40, 60)  # of floats that are near none
LONGEST = 12  # letters of a string that is near none
LETTERS = "abcxyzABCXYZ0129 -:/.,_éßİ中😀"


class Pool:
    """For every input the raw values worth trying: those that matter to its steps, and hostile ones."""

    def __init__(self, values: Mapping[str, Sequence[Scalar]]) -> None:
        self._values = values

    def generate(self, rows: int, seed: int, inputs: Sequence[Input]) -> RowsOf:
        """`rows` seeded rows: four values in five from the pool, the rest random of the type."""
        return RowsOf(inputs, {raw.name: self._column(raw, rows, _Draws(seed, k)) for k, raw in enumerate(inputs)})

    def _column(self, raw: Input, rows: int, draws: _Draws) -> Block:
        """A block [rows, 1] of legal values."""
        pool = self._values[raw.name] or [PLAIN[raw.dtype]]
        block = column_block(raw.dtype, pool, raw.nullable).taken(draws.below(len(pool), rows))
        is_random = draws.shares(rows) >= (FROM_POOL if self._values[raw.name] else 0)
        places = np.flatnonzero(is_random)
        block.values[places, 0] = self._random(raw, len(places), draws)
        if not raw.nullable:
            return block
        is_null = draws.shares(len(places)) < NULLS
        block.values[places[is_null], 0] = raw.kind.zero
        if block.valid is not None:
            block.valid[places, 0] = ~is_null
        return block

    def _random(self, raw: Input, rows: int, draws: _Draws) -> Array:
        """Random values [rows]: numbers near and between those of the pool and of any size, mutated strings."""
        pool = self._values[raw.name]
        match raw.dtype:
            case "float64" | "float32":
                return _floats([float(v) for v in pool if _is_finite(v)], raw.kind.numpy, rows, draws)
            case "bool":
                return np.asarray(draws.shares(rows) < 0.5)
            case "string":
                return _strings([v for v in pool if isinstance(v, str)], rows, draws)
            case "timestamp":
                return TIMESTAMP_MIN + draws.below(TIMESTAMP_MAX - TIMESTAMP_MIN + 1, rows)
            case "date":
                return DATE_MIN + draws.below(DATE_MAX - DATE_MIN + 1, rows)
            case "time":
                return draws.below(DAY_US, rows)
            case "int64":
                return _integers([int(v) for v in pool if _is_finite(v)], rows, draws)
        assert_never(raw.dtype)


class _Draws:
    """A stream of random numbers, named by integers that are not negative."""

    def __init__(self, *name: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(name))

    def shares(self, count: int) -> Array:
        """float64 [count], at least 0 and below 1."""
        return np.asarray((self._bits.random_raw(count) >> np.uint64(11)) * 2.0**-53)

    def below(self, limit: int, count: int) -> Array:
        """int64 [count], at least 0 and below `limit`."""
        return np.asarray(self._bits.random_raw(count) % np.uint64(limit)).astype(np.int64)


def _floats(pool: Sequence[float], dtype: np.dtype[np.floating], rows: int, draws: _Draws) -> Array:
    low, high = EXPONENTS
    exponents = low + draws.below(high - low + 1, rows)
    values = np.ldexp(2 * draws.shares(rows) - 1, exponents).astype(dtype)
    if not pool:
        return np.asarray(values)
    is_near = draws.shares(rows) < NEAR
    ends = np.array(pool)[draws.below(len(pool), 2 * rows)].reshape(2, rows)
    with np.errstate(over="ignore", invalid="ignore"):
        between = (ends[0] + (ends[1] - ends[0]) * draws.shares(rows)).astype(dtype)
    near = np.where(np.isfinite(between), between, ends[0].astype(dtype))
    return np.asarray(np.where(is_near, near, values))


def _integers(pool: Sequence[int], rows: int, draws: _Draws) -> Array:
    is_near = draws.shares(rows) < NEAR
    near = np.array(pool or [0], dtype=np.int64)[draws.below(max(1, len(pool)), rows)]
    near = np.where(is_near, near, 0)
    change = draws.below(2 * NEAREST + 1, rows) - NEAREST
    moved = near + change
    has_wrapped = (moved < near) != (change < 0)
    return np.where(has_wrapped, near, moved)


def _strings(pool: Sequence[str], rows: int, draws: _Draws) -> Array:
    is_near = (draws.shares(rows) < NEAR) & bool(pool)
    lengths = draws.below(LONGEST + 1, rows)
    letters = iter(draws.below(len(LETTERS), int(lengths.sum())).tolist())
    strings = np.empty(rows, dtype=object)
    strings[:] = ["".join(LETTERS[next(letters)] for _ in range(length)) for length in lengths.tolist()]
    places = np.flatnonzero(is_near)
    columns = (draws.below(limit, len(places)).tolist() for limit in (max(1, len(pool)), len(LETTERS), 3))
    shares = draws.shares(len(places)).tolist()
    for place, text, letter, kind, share in zip(places.tolist(), *columns, shares, strict=True):
        strings[place] = _mutated(pool[text], share, LETTERS[letter], kind)
    return strings


def _mutated(text: str, share: float, letter: str, kind: int) -> str:
    """A text with a letter inserted (kind 0), deleted (1) or replaced (2)."""
    k = int(share * (len(text) + 1))
    return text[:k] + ("" if kind == 1 else letter) + text[k if kind == 0 else k + 1 :]


def _is_finite(value: Scalar) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and math.isfinite(value)
