"""Columns in memory: which of a table's columns fit, how they are read, and their exact sums by NumPy.

Which columns are held: with at most SHORT values in all, every column; else those of numbers, times and bools, as long
as they have at most HELD values. So memory is bounded, whatever the number of rows and columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pyarrow as pa

from skc.data.engine import ARROW, Column, Term
from skc.data.pools import in_order
from skc.stats.exact_sum import BLOCK, exact_sum, sum_of_blocks, whole_sum
from skc_runtime.kinds import Array, DType

HELD = 1 << 25  # values of numbers in memory, in 256 MB
SHORT = 1 << 22  # values of a table that is held whole, if its texts are short enough
TEXTS = 1 << 28  # bytes of texts
Aligned = tuple[Array, Array | None]  # one element per row, and where it is missing; None for floats, and if nowhere


@dataclass(frozen=True)
class Columns:
    """Columns by name: those of texts as Arrow arrays, all others as arrays."""

    numbers: Mapping[str, Aligned]
    texts: Mapping[str, pa.Array]

    def __contains__(self, name: str) -> bool:
        return name in self.numbers or name in self.texts

    def __len__(self) -> int:
        return len(self.numbers) + len(self.texts)

    def with_others(self, others: Columns) -> Columns:
        """These and others."""
        return Columns({**self.numbers, **others.numbers}, {**self.texts, **others.texts})

    def part(self, columns: Sequence[Column], start: int, stop: int) -> Columns:
        """Some rows of some columns, which are not copied."""
        numbers = {
            c.name: (values[start:stop], None if missing is None else missing[start:stop])
            for c in columns
            if c.kind.is_ordered
            for values, missing in [self.numbers[c.name]]
        }
        texts = {c.name: self.texts[c.name].slice(start, stop - start) for c in columns if not c.kind.is_ordered}
        return Columns(numbers, texts)

    def taken(self, columns: Sequence[Column], places: Array) -> Columns:
        """The rows of some columns at some places."""
        numbers = {
            c.name: (values[places], None if missing is None else missing[places])
            for c in columns
            if c.kind.is_ordered
            for values, missing in [self.numbers[c.name]]
        }
        at = pa.array(places, pa.int64())
        return Columns(numbers, {c.name: self.texts[c.name].take(at) for c in columns if not c.kind.is_ordered})


def names_to_hold(rows: int, columns: Iterable[Column]) -> list[str]:
    """Which columns of a table to read into memory."""
    columns = list(dict.fromkeys(columns))
    ordered = [column.name for column in columns if column.kind.is_ordered]
    if is_held(rows, len(columns), len(columns) - len(ordered)):
        return [column.name for column in columns]
    return ordered if is_held(rows, len(ordered), 0) else []


def is_held(rows: int, columns: int, texts: int) -> bool:
    """Whether so many columns, some of them texts, are few enough."""
    return rows * columns <= (SHORT if texts else HELD)


def collected(batches: Iterable[pa.RecordBatch], columns: Sequence[Column], rows: int, threads: int) -> Columns:
    """Columns read into memory, each once; without those of texts if these are too long. Threads copy numbers while the
    next batch is made.
    """
    texts: dict[str, list[pa.Array]] = {c.name: [] for c in columns if not c.kind.is_ordered}
    numbers: dict[str, Array] = {
        c.name: np.empty(rows, ARROW[c.dtype].to_pandas_dtype()) for c in columns if c.kind.is_ordered
    }
    missing: dict[str, Array] = {}

    def copy(part: tuple[int, pa.RecordBatch]) -> int:
        start, batch = part
        stop = start + batch.num_rows
        for column, array in zip(columns, batch.columns, strict=True):
            if column.kind.is_ordered:
                numbers[column.name][start:stop], where = aligned(array, column)
                if where is not None:
                    missing.setdefault(column.name, np.zeros(rows, bool))[start:stop] = where
        return sum(
            array.nbytes for column, array in zip(columns, batch.columns, strict=True) if not column.kind.is_ordered
        )

    def parts() -> Iterator[tuple[int, pa.RecordBatch]]:
        start = 0
        for batch in batches:
            for column, array in zip(columns, batch.columns, strict=True):
                if column.name in texts:
                    texts[column.name].append(array.cast(pa.large_string()))
            yield start, batch
            start += batch.num_rows

    size = 0
    with ThreadPoolExecutor(threads) as pool:
        for bytes_of_texts in in_order(pool, copy, parts(), threads + 1):
            size += bytes_of_texts
            if size > TEXTS:
                texts.clear()
    return Columns(
        {name: (values, missing.get(name)) for name, values in numbers.items()},
        {name: pa.chunked_array(arrays, pa.large_string()).combine_chunks() for name, arrays in texts.items()},
    )


def named(arrays: Sequence[pa.Array], columns: Sequence[Column]) -> pa.RecordBatch:
    """Arrays as a batch of these columns, under their names."""
    schema = pa.schema([(column.name, ARROW[column.dtype]) for column in columns])
    return pa.RecordBatch.from_arrays([a.cast(f.type) for a, f in zip(arrays, schema, strict=True)], schema=schema)


def sized(function: Callable[[pa.RecordBatch], Array], batch: pa.RecordBatch) -> tuple[Array, int]:
    """What a function says of a batch, and how many rows it has."""
    return function(batch), batch.num_rows


def places_of(chosen: Iterable[tuple[Array, int]]) -> Array:
    """The places in all rows of those that were chosen in each batch, in the order of the batches."""
    parts, start = [np.array([], np.int64)], 0
    for places, rows in chosen:
        parts.append(places + start)
        start += rows
    joined: Array = np.concatenate(parts)
    return joined


def dtype_of(kind: pa.DataType) -> DType:
    """A type of columns that Arrow stores so."""
    return next(dtype for dtype, arrow in ARROW.items() if arrow == kind)


def aligned(values: pa.Array, column: Column) -> Aligned:
    """The elements of an Arrow array of numbers, times or bools, and where they are missing."""
    if column.kind.is_float or not values.null_count:
        return values.to_numpy(zero_copy_only=False), None
    filled = values.fill_null(column.kind.zero).to_numpy(zero_copy_only=False)
    return filled, values.is_null().to_numpy(zero_copy_only=False)


def to_arrow(of: Aligned, column: Column) -> pa.Array:
    """The same as an Arrow array with nulls."""
    values, missing = of
    return pa.array(values, ARROW[column.dtype], mask=missing, from_pandas=missing is None)


def nan_as_null(batch: pa.RecordBatch) -> pa.RecordBatch:
    """A batch in which NaN is null."""
    columns = [
        pa.array(array.to_numpy(zero_copy_only=False), from_pandas=True) if pa.types.is_floating(array.type) else array
        for array in batch.columns
    ]
    return pa.record_batch(columns, schema=batch.schema)


def without_sentinels(of: Aligned, column: Column) -> Aligned:
    """The same with values that count as null missing."""
    values, missing = of
    if not column.null_values:
        return of
    is_null = np.isin(values, np.array(column.null_values, values.dtype))
    if column.kind.is_float:
        return np.where(is_null, np.nan, values), None
    return values, is_null if missing is None else missing | is_null


def present(of: Aligned) -> Array:
    """The values, without the rows that have none."""
    values, missing = of
    if values.dtype.kind != "f":
        return values if missing is None else values[~missing]
    there = values == values  # NaN is not equal to itself
    return values if there.all() else values[there]


def sorted_values(of: Aligned) -> Array:
    """The values in ascending order, without the rows that have none: NaN, which sorting puts last."""
    if of[0].dtype.kind != "f":
        return np.sort(present(of))
    values = np.sort(of[0])
    return values[: np.searchsorted(values, np.nan)]


def total(term: Term, of: Callable[[Column], Aligned]) -> Fraction:
    """The exact sum of a term."""
    if isinstance(term.of, Column):
        return exact_sum(of(term.of)[0]) if term.of.kind.is_float else Fraction(whole_sum(present(of(term.of))))
    left, right = ((of(deviation.column), deviation.mean) for deviation in term.of)
    is_square, rows = term.of[0] == term.of[1], len(left[0][0])

    def products(start: int) -> Array:
        deviations = _deviations(*left, start)
        return deviations * (deviations if is_square else _deviations(*right, start))

    return sum_of_blocks(products(start) for start in range(0, rows, BLOCK))


def _deviations(of: Aligned, mean: float, start: int) -> Array:
    """Those of the BLOCK rows from `start` on; NaN where there is no value."""
    values, missing = of
    deviations: Array = np.subtract(values[start : start + BLOCK], mean, dtype=np.float64)
    if missing is not None:
        deviations[missing[start : start + BLOCK]] = np.nan
    return deviations


@dataclass(frozen=True)
class TermSums:
    """For `Table.fold`: the exact sums of terms over a batch of `columns`."""

    columns: tuple[Column, ...]
    terms: tuple[Term, ...]

    def __call__(self, batch: pa.RecordBatch) -> tuple[Fraction, ...]:
        arrays = {c: aligned(values, c) for c, values in zip(self.columns, batch.columns, strict=True)}
        return tuple(total(term, arrays.__getitem__) for term in self.terms)


def added(left: Sequence[Fraction], right: Sequence[Fraction]) -> tuple[Fraction, ...]:
    """The sums of two batches together."""
    return tuple(a + b for a, b in zip(left, right, strict=True))


def columns_of(terms: Sequence[Term]) -> tuple[Column, ...]:
    """The columns that some terms read, each once."""
    parts = (part for term in terms for part in ((term.of,) if isinstance(term.of, Column) else term.of))
    return tuple(dict.fromkeys(part if isinstance(part, Column) else part.column for part in parts))
