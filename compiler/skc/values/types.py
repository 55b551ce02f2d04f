"""The value types of a pipeline, and `Block`: N rows of K columns of one type, as NumPy holds them.

Why: null has a single representation. In float64 it is NaN; in every other type it is a False in `valid`, and the value
stored under it is the zero of its type, so that code cannot come to depend on an arbitrary value there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from skc_runtime.kinds import KINDS, Array, DType, Kind

Scalar = float | int | bool | str | None


@dataclass(frozen=True)
class ValueType:
    """What is known about a value before any data is read.

    `exact`: the value has the same bits on every machine, because no transcendental function precedes it.
    `carries`: it is not exact, but computed from an exact float64 column by steps that each take one column, so that
    comparisons of it can be carried back to that column. False once they were (`skc.carry`).
    `width` is the number of columns, None if it is known only after fitting.
    """

    dtype: DType
    nullable: bool = False
    exact: bool = True
    carries: bool = False
    width: int | None = 1

    @property
    def kind(self) -> Kind:
        """What is known of its type."""
        return KINDS[self.dtype]

    def __str__(self) -> str:
        return f"{self.dtype}?" if self.nullable else self.dtype

    def with_(self, **changes: Any) -> ValueType:
        """A copy with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True)
class Guard:
    """Rows that must not be served: `mask[i, j]` is True where row i, input column j violated a policy of `error`.

    `code` is a runtime error code of `schemas/errors.v1.json`.
    """

    code: str
    mask: Array  # bool [N, K]


@dataclass(frozen=True)
class Block:
    """N rows of K columns of one type.

    `values` is [N, K]. `valid` is bool [N, K], or None where nothing is missing; always None for floats.
    `guards` are the violations found by the step that made the block.
    """

    dtype: DType
    values: Array
    valid: Array | None = None
    guards: tuple[Guard, ...] = field(default=())

    @property
    def kind(self) -> Kind:
        """What is known of its type."""
        return KINDS[self.dtype]

    @property
    def rows(self) -> int:
        return int(self.values.shape[0])

    @property
    def width(self) -> int:
        return int(self.values.shape[1])

    def present(self) -> Array:
        """bool [N, K]: where there is a value."""
        if self.kind.is_float:
            return ~np.isnan(self.values)
        return np.ones(self.values.shape, dtype=bool) if self.valid is None else self.valid

    def guard(self, code: str, mask: Array) -> Block:
        """The same block, with one more guard."""
        return replace(self, guards=(*self.guards, Guard(code, mask)))

    def some(self, rows: slice | Array) -> Block:
        """Some of the rows, without guards."""
        return Block(self.dtype, self.values[rows], None if self.valid is None else self.valid[rows])

    def columns(self, start: int, stop: int) -> Block:
        """Columns start to stop, without guards."""
        valid = None if self.valid is None else self.valid[:, start:stop]
        return Block(self.dtype, self.values[:, start:stop], valid)

    def taken(self, rows: Array | slice) -> Block:
        """Some of the rows, by index or mask, without guards."""
        return Block(self.dtype, self.values[rows], None if self.valid is None else self.valid[rows])

    def column(self, k: int) -> list[Scalar]:
        """Column k as plain Python values, None where null."""
        values: list[Scalar] = self.values[:, k].tolist()
        present = self.columns(k, k + 1).present()[:, 0]
        if present.all():
            return values
        return [value if ok else None for value, ok in zip(values, present.tolist(), strict=True)]

    def to_rows(self) -> list[list[Scalar]]:
        """Plain Python values, None where null."""
        present = self.present()
        return [
            [value if ok else None for value, ok in zip(row, oks, strict=True)]
            for row, oks in zip(self.values.tolist(), present.tolist(), strict=True)
        ]


def rounded(dtype: DType, value: float) -> float:
    """The nearest value of a type of float; an infinity beyond the largest."""
    if not KINDS[dtype].widens_to:  # float64; this is called for every value
        return float(value)
    with np.errstate(over="ignore"):
        return float(KINDS[dtype].numpy.type(value))


def make_block(dtype: DType, values: Array, valid: Array | None = None) -> Block:
    """A block whose values under a False `valid` are the zero of the type (NaN for float64)."""
    values = np.asarray(values, dtype=KINDS[dtype].numpy)
    if valid is None:
        return Block(dtype, values)
    zeroed = np.where(valid, values, np.array(KINDS[dtype].zero, dtype=KINDS[dtype].numpy))
    return Block(dtype, zeroed, None if KINDS[dtype].is_float else valid)


def column_block(dtype: DType, values: Sequence[Scalar], nullable: bool) -> Block:
    """A block [N, 1] from plain Python values; None is null."""
    zero = KINDS[dtype].zero
    array = np.array([zero if v is None else v for v in values], dtype=KINDS[dtype].numpy)[:, None]
    if KINDS[dtype].is_float or not nullable:
        return Block(dtype, array)
    return Block(dtype, array, np.array([v is not None for v in values], dtype=bool)[:, None])


def concat_blocks(blocks: Sequence[Block]) -> Block:
    """Blocks of one type side by side, in order. Guards are dropped."""
    if len(blocks) == 1:
        return replace(blocks[0], guards=())
    values = np.concatenate([block.values for block in blocks], axis=1)
    if all(block.valid is None for block in blocks):
        return Block(blocks[0].dtype, values)
    return Block(blocks[0].dtype, values, np.concatenate([block.present() for block in blocks], axis=1))


def stack_blocks(blocks: Sequence[Block]) -> Block:
    """Blocks of one type one below the other. Guards are dropped."""
    values = np.concatenate([block.values for block in blocks])
    if all(block.valid is None for block in blocks):
        return Block(blocks[0].dtype, values)
    return Block(blocks[0].dtype, values, np.concatenate([block.present() for block in blocks]))


def repeated(block: Block, rows: int) -> Block:
    """A block of one row as `rows` equal rows, which may be changed. Guards are dropped."""
    valid = None if block.valid is None else np.repeat(block.valid, rows, axis=0)
    return Block(block.dtype, np.repeat(block.values, rows, axis=0), valid)
