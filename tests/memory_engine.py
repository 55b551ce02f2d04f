"""A second engine, in plain Python: the least that `skc.data.engine` asks for, done the obvious way.

It holds a table in memory, knows nothing of SQL, and pickles every function that it is given to run on rows.
"""

from __future__ import annotations

import math
import pickle
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.engine import (
    ARROW,
    Aggregate,
    AnyRow,
    Bins,
    Column,
    Condition,
    Deviation,
    Grouping,
    Groups,
    HoldsNul,
    IsNull,
    IsOutside,
    LocatedRow,
    Places,
    RowRefusedError,
    Term,
)
from skc.data.sources import Source
from skc.ir import DataSource, Input

BATCH = 7  # rows


@dataclass(frozen=True)
class MemoryTable:
    """Rows in order, NaN as null."""

    rows: tuple[Mapping[str, Any], ...]

    def values(self, column: Column) -> list[Any]:
        """One for every row, None where there is none."""
        found = (row[column.name] for row in self.rows)
        return [None if v != v or v in column.null_values else v for v in found]  # NaN alone is not itself

    def present(self, column: Column) -> list[Any]:
        """The values, with 0.0 for -0.0."""
        return [v + 0.0 if isinstance(v, float) else v for v in self.values(column) if v is not None]

    def count(self) -> int:
        return len(self.rows)

    def aggregate(self, wanted: Sequence[Aggregate]) -> list[Any]:
        return [self._aggregate(one) for one in wanted]

    def _aggregate(self, one: Aggregate) -> Any:
        values = self.present(one.column)
        return {
            "count": lambda: len(values),
            "least": lambda: min(values, default=None),
            "greatest": lambda: max(values, default=None),
            "has_nul": lambda: any("\0" in v for v in values),
            "distinct": lambda: len(set(values)),
            "equal": lambda: sum(v == one.value for v in values),
            "widened": lambda: len(_widened(values)),
            "least_widened": lambda: min(_widened(values), default=None),
        }[one.reduction]()

    def sums(self, terms: Sequence[Term]) -> list[Fraction]:
        return [sum(map(Fraction, self._addends(term)), Fraction()) for term in terms]

    def _addends(self, term: Term) -> list[Any]:
        if isinstance(term.of, Column):
            return self.present(term.of)
        left, right = map(self._deviations, term.of)
        return [a * b for a, b in zip(left, right, strict=True) if a is not None and b is not None]

    def _deviations(self, of: Deviation) -> list[float | None]:
        return [None if v is None else float(v) - of.mean for v in self.values(of.column)]

    def groups(self, wanted: Mapping[str, Grouping]) -> Iterator[Groups]:
        for key, grouping in wanted.items():
            counts = {v: n for v, n in Counter(self.present(grouping.column)).items() if n >= grouping.min_count}
            values = pa.array(list(counts), ARROW[grouping.column.dtype])
            numbers = {"k": pa.array([0] * len(counts), pa.int32()), "n": pa.array(counts.values(), pa.int64())}
            yield Groups((key,), pa.table({**numbers, "v": values}))

    def places(self, wanted: Mapping[str, Places]) -> dict[str, dict[int, Any]]:
        ordered = {key: sorted(self.present(places.column)) for key, places in wanted.items()}
        return {key: {i: ordered[key][i] for i in places.at} for key, places in wanted.items()}

    def bins(self, wanted: Mapping[str, Bins]) -> dict[str, tuple[int, ...]]:
        return {key: self._bins(one) for key, one in wanted.items()}

    def _bins(self, one: Bins) -> tuple[int, ...]:
        counts = Counter(bisect_left(one.edges, v) for v in self.present(one.column))
        return tuple(counts[k] for k in range(len(one.edges) + 1))

    def complete(self, columns: Sequence[Column]) -> MemoryTable:
        are_there = zip(*([v is not None for v in self.values(column)] for column in columns), strict=True)
        return MemoryTable(tuple(row for row, there in zip(self.rows, are_there, strict=True) if all(there)))

    def fold(self, function: Callable[[Any], Any], add: Callable[[Any, Any], Any], columns: Sequence[Column]) -> Any:
        """From the last batch to the first."""
        function = pickle.loads(pickle.dumps(function))
        results = [function(batch) for batch in self._batches(columns, BATCH)]
        return reduce(add, reversed(results)) if results else None

    def chosen(self, function: Callable[[Any], Any], columns: Sequence[Column]) -> Any:
        """Places from the last batch to the first, put in order."""
        function = pickle.loads(pickle.dumps(function))
        batches = list(enumerate(self._batches(columns, BATCH)))
        return np.sort(np.concatenate([np.asarray(function(b)) + k * BATCH for k, b in reversed(batches)]))

    def rows_at(self, places: Any, columns: Sequence[Column]) -> pa.RecordBatch:
        """One column after the other."""
        arrays = [pa.array(self.values(column), ARROW[column.dtype]) for column in columns]
        at = pa.array(places)
        return pa.RecordBatch.from_arrays([array.take(at) for array in arrays], [c.name for c in columns])

    def _batches(self, columns: Sequence[Column], size: int) -> Iterator[pa.RecordBatch]:
        arrays = [pa.array(self.values(column), ARROW[column.dtype]) for column in columns]
        whole = pa.table(arrays, [f"c{k}" for k in range(len(columns))])
        yield from whole.to_batches(max_chunksize=size)

    def map_batches(
        self,
        function: Callable[[pa.RecordBatch], pa.RecordBatch],
        columns: Sequence[Column],
        schema: pa.Schema,
        size: int,
        done: Callable[[int], None],
    ) -> MemoryTable:
        function = pickle.loads(pickle.dumps(function))
        rows: list[Mapping[str, Any]] = []
        for batch in self._batches(columns, min(size, BATCH)):
            try:
                rows += function(batch).to_pylist()
            except RowRefusedError as error:
                raise RowRefusedError(len(rows) + error.row, error.why) from None
            done(len(rows))
        return MemoryTable(tuple(rows))

    def held(self, columns: Sequence[Column]) -> MemoryTable:
        return self

    def width(self) -> int:
        return 2


@dataclass(frozen=True)
class MemoryData(MemoryTable):
    """The rows of an Arrow table whose columns have the declared types."""

    source: Source
    inputs: tuple[Input, ...]
    has_where: bool = False

    def unfiltered(self) -> MemoryTable:
        return self

    def find(self, condition: Condition, skip: int = 0) -> LocatedRow:
        meeting = [k for k, row in enumerate(self.rows) if _meets(row, condition)]
        return LocatedRow(f"the table, row {meeting[skip] + 1}", self.rows[meeting[skip]])

    def is_constant(self, name: str) -> bool:
        return len({row[name] for row in self.rows}) == 1

    def narrow(self) -> list[str]:
        assert self.source.frame is not None
        return [field.name for field in self.source.frame.schema if field.type == pa.float32()]

    def keys(self) -> None:
        return None

    def cached(self) -> MemoryData:
        return self

    def batches(self, names: Sequence[str], size: int) -> Generator[pa.RecordBatch, None, None]:
        assert self.source.frame is not None
        yield from self.source.frame.select(names).to_batches(max_chunksize=size)

    def kept_schema(self) -> pa.Schema:
        return pa.schema([])


def _widened(values: Sequence[float]) -> list[float]:
    with np.errstate(over="ignore"):
        return [v for v in values if np.float32(v) == v and float(str(np.float32(v))) != v]


def _meets(row: Mapping[str, Any], condition: Condition) -> bool:
    match condition:
        case AnyRow():
            return True
        case IsNull(name):
            return row[name] is None
        case HoldsNul(name):
            return row[name] is not None and "\0" in row[name]
        case IsOutside(name, low, high, besides):
            return row[name] is not None and not low <= row[name] <= high and row[name] not in besides


class MemoryEngine:
    """Loads an Arrow table."""

    def load(
        self, source: Source, inputs: tuple[Input, ...], declared: DataSource, keep: Sequence[str] = ()
    ) -> MemoryData:
        assert source.frame is not None
        names = [i.name for i in inputs]
        rows = [
            {name: None if isinstance(v, float) and math.isnan(v) else v for name, v in row.items()}
            for row in source.frame.select(names).to_pylist()
        ]
        return MemoryData(tuple(rows), source, inputs)


@contextmanager
def open_memory(threads: int | None, memory_limit: str) -> Iterator[MemoryEngine]:
    """For `fit(…, open_engine=open_memory)`."""
    yield MemoryEngine()
