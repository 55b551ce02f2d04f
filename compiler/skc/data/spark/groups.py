"""Distinct values with their counts: counted where the rows lie, brought together by Spark, and collected once.

One job says how many values there are, and which, where they are few; only the most frequent of many are asked again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import Column, Grouping, Groups
from skc.data.spark.buckets import COUNTED, decoded, shuffled, together
from skc.data.spark.jobs import Batches, state_batch, states
from skc.data.spark.rows import Local
from skc.data.spark.session import Frame
from skc_runtime.kinds import Array

FEW = 1 << 18  # values of all columns that come to the driver although nobody may ask for them
LEAST_FEW = 16  # of these, values of a column in a partition
KEPT = 1 << 16  # values of a column that are remembered
COUNTING = "counting the values of the training rows failed"


@dataclass(frozen=True)
class Tally:
    """For `mapInArrow`: of the counted values of each column, by `k`, how many occur how often, as a state: `k`, `n`
    and how many, [3, N]; whether they are more than `most`; and if not, those that occur at least `least` times.

    Values of a column without a limit are states of their own, so that a state stays small.
    """

    most: tuple[float, ...]
    least: tuple[int, ...]

    def __call__(self, batches: Batches) -> Batches:
        most, least = np.array(self.most), np.array(self.least, np.int64)
        seen, counts, kept = np.zeros(len(most), np.int64), np.zeros((3, 0), np.int64), []
        for values in together(batches):
            k, n = values["k"].to_numpy().astype(np.int64), values["n"].to_numpy()
            counts = _added(np.concatenate([counts, np.stack([k, n, np.ones_like(k)])], axis=1))
            seen += np.bincount(k, minlength=len(most))
            is_wanted = n >= least[k]
            whole = values.filter(pa.array(is_wanted & np.isinf(most[k])))
            if whole.num_rows:
                yield state_batch(whole)
            kept.append(values.filter(pa.array(is_wanted & (seen[k] <= most[k]) & ~np.isinf(most[k]))))
        if seen.any():
            few = pa.concat_tables(kept)
            is_few = pa.array((seen <= most)[few["k"].to_numpy()])
            yield state_batch((counts, seen > most, few.filter(is_few)))


@dataclass(frozen=True)
class Frequent:
    """For `mapInArrow`: those of the counted values that occur often enough, as states; `least` is by `k`."""

    least: tuple[float, ...]

    def __call__(self, batches: Batches) -> Batches:
        least = np.array(self.least)
        for values in together(batches):
            kept = values.filter(pa.array(values["n"].to_numpy() >= least[values["k"].to_numpy()]))
            if kept.num_rows:
                yield state_batch(kept)


@dataclass(frozen=True)
class Counts:
    """Of the values of a column how many occur how often, [2, N]; and the values, as in COUNTED, or None if they are
    many and were not asked for.
    """

    of_counts: Array
    values: pa.Table | None

    @property
    def distinct(self) -> int:
        """How many values there are."""
        return int(self.of_counts[1].sum())

    @property
    def rows(self) -> int:
        """How many rows have one."""
        return int((self.of_counts[0] * self.of_counts[1]).sum())

    @property
    def is_small(self) -> bool:
        """Whether all values are there, and may be kept."""
        return self.values is not None and self.values.num_rows == self.distinct <= KEPT

    def groups(self, key: str, grouping: Grouping) -> Groups:
        """Those that are asked for."""
        assert self.values is not None
        least = least_count(grouping, self.of_counts)
        part = self.values.filter(pc.greater_equal(self.values["n"], least))
        zeros = pa.array(np.zeros(part.num_rows, np.int32))
        return Groups((key,), pa.table({"k": zeros, "v": decoded(part, grouping.column), "n": part["n"]}))


def _added(counts: Array) -> Array:
    """The same numbers of values, those with one `k` and `n` together."""
    grouped = pa.table([*counts], ["k", "n", "values"]).group_by(["k", "n"], use_threads=False)
    together = grouped.aggregate([("values", "sum")])
    return np.stack([column.to_numpy() for column in together.columns])


def counted(
    frame: Frame, local: Local, by_column: Mapping[Column, Sequence[Grouping]], partitions: int, rows: int
) -> dict[Column, Counts]:
    """The counts of the values of columns, in one job; the values that some groupings ask for are there too, for which
    another job is needed if they have a limit and are not few. The frame has at most so many `rows`.
    """
    few = max(LEAST_FEW, FEW // (partitions * len(by_column)))
    unlimited = [bool(groupings) and any(g.limit is None for g in groupings) for groupings in by_column.values()]
    least = tuple(min((g.min_count for g in groupings), default=1) for groupings in by_column.values())
    most = tuple(math.inf if whole else few for whole in unlimited)
    blocks = shuffled(frame, local, tuple(by_column), partitions, rows)
    is_limited = any(groupings and not whole for groupings, whole in zip(by_column.values(), unlimited, strict=True))
    if is_limited:
        blocks = blocks.persist()
    try:
        counts, many, values = _tallied(states(blocks, Tally(most, least), COUNTING), len(by_column))
        missing = [k for k, groupings in enumerate(by_column.values()) if many[k] and groupings]
        if missing:
            last = [math.inf] * len(by_column)
            for k in missing:
                last[k] = min(least_count(g, counts[k]) for g in [*by_column.values()][k])
            values += states(blocks, Frequent(tuple(last)), COUNTING)
    finally:
        if is_limited:
            blocks.unpersist()
    tables = _by_column(values, len(by_column))
    has_values = [not many[k] or k in missing for k in range(len(by_column))]
    return {c: Counts(counts[k], tables[k] if has_values[k] else None) for k, c in enumerate(by_column)}


def _tallied(results: Sequence[Any], columns: int) -> tuple[list[Array], Array, list[pa.Table]]:
    """What the states of `Tally` say: the counts of each column, whether it has many values, and values."""
    tables: list[pa.Table] = []
    many, counts = np.zeros(columns, bool), [np.zeros((3, 0), np.int64)]
    for state in results:
        if isinstance(state, pa.Table):
            tables.append(state)
            continue
        of_partition, is_many, few = state
        many |= is_many
        counts.append(of_partition)
        tables.append(few)
    k, n, values = _added(np.concatenate(counts, axis=1))
    of_each = [np.stack([n[k == one], values[k == one]]) for one in range(columns)]
    is_left = [table.filter(pa.array(~many[table["k"].to_numpy()])) for table in tables]
    return of_each, many, is_left


def _by_column(tables: Sequence[pa.Table], columns: int) -> list[pa.Table]:
    whole = pa.concat_tables([COUNTED.empty_table(), *tables]).combine_chunks()
    order = np.argsort(whole["k"].to_numpy(), kind="stable")
    ends = np.searchsorted(whole["k"].to_numpy()[order], np.arange(columns + 1))
    return [whole.take(pa.array(order[ends[k] : ends[k + 1]])) for k in range(columns)]


def least_count(grouping: Grouping, of_counts: Array) -> int:
    """The least count of the values that are asked for: of the first `limit` by count, with all ties."""
    return max(grouping.min_count, _rank(of_counts[0], of_counts[1], grouping.limit))


def _rank(counts: Array, values: Array, limit: int | None) -> int:
    """The count of the last of the first `limit` values, by counts and how many values have each."""
    if limit is None or values.sum() <= limit:
        return 0
    if limit == 0:
        return int(counts.max()) + 1
    order = np.argsort(-counts)
    return int(counts[order][np.searchsorted(np.cumsum(values[order]), limit)])
