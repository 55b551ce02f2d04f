"""Counts the values of serving in the bins that a profile froze: one scan of the rows, wherever they are.

Why a fold and not a query per column: every batch is counted for all columns, windows and groups at once, so a file of
text is read once; counts are added, which is exact in any order; and memory is that of the profile, however many
values a column has. Both engines run the same few lines of NumPy and Arrow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import ARROW, Column, Table
from skc.diagnostics import fail
from skc.profile.document import ColumnProfile
from skc.skew.effects import Tally
from skc.skew.parts import WHOLE, Divide, Part
from skc.values.types import Scalar
from skc_runtime.kinds import Array

MOST_PARTS = 1000  # windows and groups
MOST_COUNTS = 1 << 25  # of all columns and parts together
EXAMPLES = 3  # of values that training has not seen
NULLS, ZEROS, LESS, GREATER, BELOW, ABOVE = range(6)  # the first counts of a column; LESS and GREATER are of ±∞
FIRST = 6


@dataclass(frozen=True)
class Counted:
    """The counts of every part of the rows: its number of rows, and of every column one array, which can be added.

    `examples` are of all parts together, by column.
    """

    rows: Mapping[Part, int]
    counts: Mapping[Part, tuple[Array, ...]]
    examples: tuple[tuple[Scalar, ...], ...]

    def plus(self, other: Counted) -> Counted:
        """The counts of both; exact, and the same in any order."""
        rows, counts = dict(self.rows), dict(self.counts)
        for part, n in other.rows.items():
            known = counts.get(part)
            rows[part] = rows.get(part, 0) + n
            counts[part] = other.counts[part] if known is None else _added(known, other.counts[part])
        _check_parts(len(rows), sum(map(len, next(iter(counts.values()), ()))))
        pairs = zip(self.examples, other.examples, strict=True)
        return Counted(rows, counts, tuple(_least({*a, *b}) for a, b in pairs))

    def whole(self) -> Counted:
        """All parts as one."""
        (first, *others) = self.counts.values()
        total = reduce(_added, others, first)
        return Counted({WHOLE: sum(self.rows.values())}, {WHOLE: total}, self.examples)


def _added(some: tuple[Array, ...], others: tuple[Array, ...]) -> tuple[Array, ...]:
    return tuple(a + b for a, b in zip(some, others, strict=True))


@dataclass(frozen=True)
class Bins:
    """A column to count, and the bins that its profile froze."""

    column: Column
    profile: ColumnProfile

    @cached_property
    def edges(self) -> Array:
        """The edges between the bins of numbers; empty where there are none."""
        numbers = self.profile.numbers
        kind = np.float64 if self.column.kind.is_float else np.int64
        return np.array(() if numbers is None else numbers.edges, kind)

    @cached_property
    def listed(self) -> pa.Array | None:
        """The categories, each once."""
        categories = self.profile.categories
        if categories is None:
            return None
        return pa.array([value for value, _ in categories.counts], ARROW[self.column.dtype])

    @property
    def size(self) -> int:
        """How many counts there are: see `count`."""
        return FIRST + self._bins + self._listed

    @property
    def _bins(self) -> int:
        return 0 if self.profile.numbers is None else len(self.edges) + 1

    @property
    def _listed(self) -> int:
        return 0 if self.listed is None else len(self.listed) + 1

    def count(self, values: pa.Array, where: Array, parts: int) -> Array:
        """Counts [parts, size]: what NULLS to ABOVE say, then the bins, then the categories and what is none.

        `where` has the part of every row.
        """
        counts = np.zeros((parts, self.size), np.int64)
        present = values.is_valid().to_numpy(zero_copy_only=False)
        counts[:, NULLS] = np.bincount(where[~present], minlength=parts)
        values, where = values.drop_null(), where[present]
        if self.profile.numbers is not None:
            numbers = values.to_numpy(zero_copy_only=False)
            self._count_special(numbers, where, counts)
            codes = np.searchsorted(self.edges, numbers, side="left")
            counts[:, FIRST : FIRST + self._bins] = _table(where, codes, parts, self._bins)
        if self.listed is not None:
            counts[:, FIRST + self._bins :] = _table(where, self._codes(values), parts, self._listed)
        return counts

    def _codes(self, values: pa.Array) -> Array:
        """The index of each value among the categories, and their number for any other."""
        indices = pc.index_in(values, value_set=self.listed)
        codes: Array = indices.fill_null(self._listed - 1).to_numpy(zero_copy_only=False)
        return codes

    def _count_special(self, numbers: Array, where: Array, counts: Array) -> None:
        profile = self.profile.numbers
        assert profile is not None
        masks = {ZEROS: numbers == 0}
        if self.column.kind.is_float:
            masks |= {LESS: numbers == -np.inf, GREATER: numbers == np.inf}
        if profile.low is not None:
            masks |= {BELOW: numbers < profile.low, ABOVE: numbers > profile.high}
        for place, mask in masks.items():
            counts[:, place] = np.bincount(where[mask], minlength=len(counts))

    def examples(self, values: pa.Array) -> tuple[Scalar, ...]:
        """The least of the values that are not listed."""
        if self.listed is None:
            return ()
        values = values.drop_null()
        others = values.filter(pc.invert(pc.is_in(values, value_set=self.listed))).unique()
        if len(others) > EXAMPLES:  # millions of texts are not made objects of Python
            others = others.take(pc.bottom_k_unstable(others, k=EXAMPLES))
        return _least(set(others.to_pylist()))

    def tally(self, rows: int, counts: Array, examples: tuple[Scalar, ...]) -> Tally:
        """The counts of one part by name."""
        numbers = [int(n) for n in counts]
        bins, categories = numbers[FIRST : FIRST + self._bins], numbers[FIRST + self._bins :]
        return Tally(
            rows,
            numbers[NULLS],
            numbers[ZEROS],
            (numbers[LESS], numbers[GREATER]),
            numbers[BELOW],
            numbers[ABOVE],
            tuple(bins),
            tuple(categories[:-1]),
            categories[-1] if categories else 0,
            examples,
        )


def _table(where: Array, codes: Array, parts: int, size: int) -> Array:
    """How many values of every part have each code, [parts, size]."""
    return np.bincount(where * size + codes, minlength=parts * size).reshape(parts, size)


def _least(values: set[Any]) -> tuple[Scalar, ...]:
    """The first few in the order of the values, so that they do not depend on that of the rows."""
    return tuple(sorted(values)[:EXAMPLES])


def _check_parts(parts: int, counts: int) -> None:
    """Memory is that of the counts, of which a profile of many categories has many for each part."""
    most = max(1, min(MOST_PARTS, MOST_COUNTS // max(1, counts)))
    if parts > most:
        hint = "give a longer --window, or a column for --group that has fewer values"
        raise fail("SKC624", f"the rows divide into more than {most:,} windows and groups", hint=hint)


@dataclass(frozen=True)
class Count:
    """Counts a batch, whose columns are those of `bins`, then those that `divide` reads. It can be pickled."""

    bins: tuple[Bins, ...]
    divide: Divide

    def __call__(self, batch: pa.RecordBatch) -> Counted:
        return self.of(batch, *self.divide(batch.columns[len(self.bins) :], batch.num_rows))

    def of(self, batch: pa.RecordBatch, parts: Sequence[Part], where: Array) -> Counted:
        """Counts the columns of `bins`, which come first; `where` has the part of every row."""
        _check_parts(len(parts), sum(one.size for one in self.bins))
        columns = [one.count(batch.column(k), where, len(parts)) for k, one in enumerate(self.bins)]
        rows = np.bincount(where, minlength=len(parts))
        return Counted(
            {part: int(rows[p]) for p, part in enumerate(parts)},
            {part: tuple(counts[p] for counts in columns) for p, part in enumerate(parts)},
            tuple(one.examples(batch.column(k)) for k, one in enumerate(self.bins)),
        )


def count(table: Table, bins: Sequence[Bins], divide: Divide) -> dict[Part, tuple[Tally, ...]]:
    """The tally of every column, of the whole and of every part of the rows, in the order of the parts.

    Raises SKC623 for a time that cannot be read, SKC624 for too many parts.
    """
    columns = [*(one.column for one in bins), *divide.columns]
    if not columns:  # a log may hide every input
        return {WHOLE: ()}
    counted = table.fold(Count(tuple(bins), divide), Counted.plus, columns)
    if counted is None:
        nothing = tuple(np.zeros(one.size, np.int64) for one in bins)
        counted = Counted({WHOLE: 0}, {WHOLE: nothing}, ((),) * len(bins))
    return tallies_by_part(bins, counted)


def tallies_by_part(bins: Sequence[Bins], counted: Counted) -> dict[Part, tuple[Tally, ...]]:
    """The tally of every column, of the whole and of every part, in the order of the parts."""
    tallies = {part: tallies_of(bins, counted, part) for part in counted.rows if part != WHOLE}
    tallies[WHOLE] = tallies_of(bins, counted.whole(), WHOLE)
    return {part: tallies[part] for part in sorted(tallies, key=Part.order)}


def tallies_of(bins: Sequence[Bins], counted: Counted, part: Part) -> tuple[Tally, ...]:
    """The tally of every column of a part."""
    arrays = zip(bins, counted.counts[part], counted.examples, strict=True)
    return tuple(one.tally(counted.rows[part], counts, examples) for one, counts, examples in arrays)
