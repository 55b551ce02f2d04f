"""Frames of Spark in plain Python, for what our functions do in a job: they are called as Spark calls them, partition
by partition, without Java. That Spark itself calls them so is tested in `spark/test_spark.py`.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import OpenEngine
from skc.data.spark.engine import SparkEngine
from skc.data.spark.rows import SQL

TYPES = {name: kind for kind, name in SQL.items()}
ROWS = 50  # of a batch


def open_in_memory(cores: int = 3) -> OpenEngine:
    """For `fit(…, open_engine=…)`: the engine with frames of so many partitions."""

    @contextmanager
    def opened(threads: int | None, memory_limit: str) -> Iterator[SparkEngine]:
        yield SparkEngine(MemorySession(cores), memory_limit)

    return opened


class MemorySettings(dict[str, str]):
    """Those of a session, by name."""

    set = dict.__setitem__
    unset = dict.__delitem__


@dataclass(frozen=True)
class MemorySession:
    """As much of a session as the engine uses."""

    defaultParallelism: int  # noqa: N815  # Spark's name
    conf: MemorySettings = field(default_factory=MemorySettings)

    @property
    def sparkContext(self) -> MemorySession:  # Spark's name
        return self

    def range(self, start: int, stop: int, step: int, partitions: int) -> MemoryFrame:
        numbers = list(range(start, stop, step))
        cuts = [len(numbers) * k // partitions for k in range(partitions + 1)]
        return MemoryFrame([pa.table({"id": numbers[a:b]}) for a, b in pairwise(cuts)])


@dataclass(frozen=True)
class MemoryFrame:
    """Rows in partitions. Every operation is done at once."""

    partitions: Sequence[pa.Table]

    def _each(self, function: Callable[[pa.Table], pa.Table]) -> MemoryFrame:
        return MemoryFrame([function(one) for one in self.partitions])

    def select(self, *names: str) -> MemoryFrame:
        return self._each(lambda one: one.select(list(names)))

    def filter(self, condition: str) -> MemoryFrame:
        name, _, is_what = condition.partition(" IS ")
        check = {"NULL": pc.is_null, "NOT NULL": pc.is_valid}[is_what]
        return self._each(lambda one: one.filter(check(one[name])))

    def mapInArrow(self, run: Callable[..., Any], ddl: str) -> MemoryFrame:  # Spark's name
        schema = pa.schema([(name, TYPES[kind]) for name, kind in (one.split(" ") for one in ddl.split(", "))])
        return self._each(
            lambda one: pa.Table.from_batches(
                [batch.cast(schema) for batch in run(iter(one.to_batches(max_chunksize=ROWS)))], schema
            )
        )

    def repartition(self, partitions: int, *keys: str) -> MemoryFrame:
        whole = pa.concat_tables(self.partitions)
        values = [whole[key].to_pylist() for key in keys] or [range(len(whole))]
        to = pa.array([hash(one) % partitions for one in zip(*values, strict=True)], pa.int64())
        return MemoryFrame([whole.filter(pc.equal(to, k)) for k in range(partitions)])

    def coalesce(self, partitions: int) -> MemoryFrame:
        groups = [self.partitions[k::partitions] for k in range(min(partitions, len(self.partitions)))]
        return MemoryFrame([pa.concat_tables(group) for group in groups])

    def sortWithinPartitions(self, name: str) -> MemoryFrame:  # Spark's name
        return self._each(lambda one: one.sort_by(name))

    def persist(self) -> MemoryFrame:
        return self

    def unpersist(self) -> None:
        pass

    def orderBy(self, *names: str) -> MemoryFrame:  # Spark's name
        return MemoryFrame([pa.concat_tables(self.partitions).sort_by([(name, "ascending") for name in names])])

    def limit(self, rows: int) -> MemoryFrame:
        return MemoryFrame([pa.concat_tables(self.partitions).slice(0, rows)])

    def collect(self) -> list[Any]:
        whole = pa.concat_tables(self.partitions)
        row = namedtuple("row", whole.column_names)  # its fields are those of the frame
        return [row(*values) for values in zip(*(one.to_pylist() for one in whole.columns), strict=True)]

    def toLocalIterator(self) -> Iterator[Any]:  # Spark's name
        return iter(self.collect())
