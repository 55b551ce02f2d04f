"""Aggregates of a table, as sums of those of its parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from skc.data.default import open_engine
from skc.data.engine import MEMORY_LIMIT, Aggregate, Bins, Column, Table, Term
from skc.data.sources import Source
from skc.data.spark.rows import bare
from skc.ir import DataSource, Input

Scanned = tuple[int, tuple[Any, ...], tuple[Fraction | None, ...], tuple[pa.Array, ...]]


def _smaller(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else min(a, b)


def _larger(a: Any, b: Any) -> Any:
    return b if a is None else a if b is None else max(a, b)


def _sum(a: Any, b: Any) -> Any:
    return a + b


def _either(a: Any, b: Any) -> Any:
    return a or b


ADDING: dict[str, Callable[[Any, Any], Any]] = {
    "count": _sum,
    "least": _smaller,
    "greatest": _larger,
    "has_nul": _either,
    "equal": _sum,
    "widened": _sum,
    "least_widened": _smaller,
}  # `distinct` cannot be added up


@dataclass(frozen=True)
class Aggregates:
    """The results of aggregates, and their sum by `added`. It can be pickled."""

    of: tuple[Aggregate, ...]

    def __call__(self, table: Table) -> tuple[Any, ...]:
        """Of a table in memory; what that cannot compute, the engine of one machine does."""
        widened = [a for a in self.of if "widened" in a.reduction]
        known = dict(zip(widened, _by_engine(table, widened), strict=True)) if widened else {}
        rest = [a for a in self.of if a not in known]
        known |= dict(zip(rest, table.aggregate(rest), strict=True))
        return tuple(known[a] for a in self.of)

    def added(self, left: Sequence[Any], right: Sequence[Any]) -> tuple[Any, ...]:
        """Of two tables together."""
        return tuple(ADDING[a.reduction](x, y) for a, x, y in zip(self.of, left, right, strict=True))


@dataclass(frozen=True)
class Scan:
    """What one pass tells of a table: its rows; aggregates, among them how many values of each float of `summed` are
    infinite; the exact sum of each column of `summed` that has none; up to two different values of each of `texts`. It
    can be pickled.
    """

    aggregates: Aggregates
    summed: tuple[Column, ...]
    texts: tuple[Column, ...]

    def __call__(self, table: Table) -> Scanned:
        """Of a table in memory, which is not empty."""
        results = self.aggregates(table)
        known = dict(zip(self.aggregates.of, results, strict=True))
        finite = [c for c in self.summed if not any(known.get(infinite) for infinite in infinities(c))]
        sums = dict(zip(finite, table.sums([Term(c) for c in finite]), strict=True))
        texts = () if not self.texts else table.fold(text_values, both, self.texts)
        return table.count(), results, tuple(map(sums.get, self.summed)), texts or ()

    def added(self, left: Scanned, right: Scanned) -> Scanned:
        """Of two tables together."""
        sums = (None if a is None or b is None else a + b for a, b in zip(left[2], right[2], strict=True))
        results = self.aggregates.added(left[1], right[1])
        return left[0] + right[0], results, tuple(sums), both(left[3], right[3])


def infinities(column: Column) -> list[Aggregate]:
    """How many values are infinite, of either sign."""
    return [Aggregate("equal", column, value) for value in (-math.inf, math.inf)] if column.kind.is_float else []


def text_values(batch: pa.RecordBatch) -> tuple[pa.Array, ...]:
    """For `Table.fold`: up to two different values of each column, None among them."""
    return tuple(map(_two, batch.columns))


def both(left: Sequence[pa.Array], right: Sequence[pa.Array]) -> tuple[pa.Array, ...]:
    """The same of two batches together."""
    return tuple(_two(pa.concat_arrays([a, b])) for a, b in zip(left, right, strict=True))


def _two(values: pa.Array) -> pa.Array:
    """The first value, and the first other one."""
    first = values[0]
    others = pc.not_equal(values, first).fill_null(True) if first.is_valid else values.is_valid()
    at = pc.index(others, True).as_py()
    return values.take(pa.array([0] if at < 0 else [0, at]))  # a slice would be sent with all that it is of


def _by_engine(table: Table, aggregates: Sequence[Aggregate]) -> list[Any]:
    columns = bare(aggregate.column for aggregate in aggregates)
    rows = table.fold(_batches, _joined, columns) or []
    named = pa.Table.from_batches([batch.rename_columns([c.name for c in columns]) for batch in rows])
    inputs = tuple(Input(c.name, c.dtype, nullable=True) for c in columns)
    with open_engine(1, MEMORY_LIMIT) as engine:
        return engine.load(Source("memory", frame=named), inputs, DataSource()).aggregate(aggregates)


def _batches(batch: pa.RecordBatch) -> list[pa.RecordBatch]:
    return [batch]


def _joined(left: list[pa.RecordBatch], right: list[pa.RecordBatch]) -> list[pa.RecordBatch]:
    return left + right


@dataclass(frozen=True)
class BinCounts:
    """How many values of a table are in each bin of each key. It can be pickled."""

    of: tuple[tuple[str, Bins], ...]

    def __call__(self, table: Table) -> tuple[tuple[int, ...], ...]:
        """Of a table in memory."""
        counts = table.bins(dict(self.of))
        return tuple(counts[key] for key, _ in self.of)


def bins_added(left: Sequence[Sequence[int]], right: Sequence[Sequence[int]]) -> tuple[tuple[int, ...], ...]:
    """Of two tables together."""
    return tuple(tuple(map(sum, zip(a, b, strict=True))) for a, b in zip(left, right, strict=True))


@dataclass(frozen=True)
class FoldOf:
    """`Table.fold` of a table in memory. It can be pickled."""

    function: Callable[[pa.RecordBatch], Any]
    add: Callable[[Any, Any], Any]
    columns: tuple[Any, ...]

    def __call__(self, table: Table) -> Any:
        """None if there are no rows."""
        return table.fold(self.function, self.add, self.columns)


def rows_of(table: Table) -> int:
    """How many there are."""
    return table.count()
