"""Jobs of Spark: one function over all rows where they lie, whose results are added up on the way to the driver.

A function gives one small state for each partition. Those of many partitions are added by executors first, so that the
driver holds the square root of their number at most. What a function refuses is a state too, since an error of Python
becomes a text in Java.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any, Generic, TypeVar

import pyarrow as pa

from skc.data.engine import Table
from skc.data.spark.rows import Local
from skc.data.spark.session import Frame, spark_errors
from skc.diagnostics import Diagnostic, SkcError

T = TypeVar("T")
STATE = pa.schema([("state", pa.binary())])
ADDED = 64  # partitions whose states the driver adds by itself
Batches = Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Refused:
    """What a function refused, in which part if that is known."""

    diagnostics: tuple[Diagnostic, ...]
    part: int = 0


@dataclass(frozen=True)
class Folded(Generic[T]):
    """For `mapInArrow`: the sum of a function over the tables of a partition."""

    local: Local
    function: Callable[[Table], T | None]
    add: Callable[[T, T], T]

    def __call__(self, batches: Batches) -> Batches:
        results = (self.function(table) for table in self.local.tables(batches))
        yield from _state(self.add, results)


@dataclass(frozen=True)
class Added(Generic[T]):
    """For `mapInArrow`: the sum of states."""

    add: Callable[[T, T], T]

    def __call__(self, batches: Batches) -> Batches:
        states = (state_of(state) for batch in batches for state in batch.column(0).to_pylist())
        yield from _state(self.add, states)


def _state(add: Callable[[Any, Any], Any], results: Iterable[Any]) -> Batches:
    """One batch of one state; none without a result."""
    total: Any = None
    try:
        for result in results:
            if isinstance(result, Refused):
                total = result
                break
            if result is not None:
                total = result if total is None else add(total, result)
    except SkcError as error:
        total = Refused(error.diagnostics)
    if total is not None:
        yield state_batch(total)


def state_batch(state: object) -> pa.RecordBatch:
    """A batch of one state, compressed: Java hands bytes to the driver one by one, and most of a state are counts."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        pickle.dump(state, stream)
    return pa.RecordBatch.from_arrays([pa.array([sink.getvalue().to_pybytes()], pa.binary())], schema=STATE)


def state_of(cell: bytes) -> Any:
    """The state that a batch has."""
    with pa.CompressedInputStream(pa.py_buffer(cell), "zstd") as stream:
        return pickle.load(stream)


def mapped(frame: Frame, function: Callable[[Batches], Batches], ddl: str) -> Frame:
    """`mapInArrow`, of a function that is a value."""

    def run(batches: Batches) -> Batches:
        return function(batches)

    return frame.mapInArrow(run, ddl)


def states(frame: Frame, function: Callable[[Batches], Batches], what: str) -> list[Any]:
    """The states that a function gives. Raises SKC220 and SKC221, and what the function raised."""
    with spark_errors(what):
        rows = mapped(frame, function, "state binary").collect()
    results = [state_of(row.state) for row in rows]
    for result in results:
        if isinstance(result, Refused):
            raise SkcError(*result.diagnostics)
    return results


def folded(frame: Frame, partitions: int, function: Folded[T], what: str) -> T | None:
    """The sum of a function over all tables; None without rows."""
    if partitions <= ADDED:
        results = states(frame, function, what)
    else:
        some = mapped(frame, function, "state binary").repartition(math.isqrt(partitions))
        results = states(some, Added(function.add), what)
    return reduce(function.add, results) if results else None
