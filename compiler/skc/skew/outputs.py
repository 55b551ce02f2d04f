"""The output columns of the rows of serving, counted in the bins of their profile: recomputed by the artifact.

Why recomputed, and in a fold: a log need not hold features, and memory is that of the profile and of one batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from skc.data.engine import Column, Table
from skc.ir import Pipeline
from skc.output_values import OutputColumn, OutputGraph, StepKind, output_graph
from skc.profile.document import OutputProfile, OutputsProfile
from skc.skew.counting import Bins, Count, Counted, tallies_by_part
from skc.skew.effects import Tally
from skc.skew.parts import WHOLE, Divide, Part
from skc_runtime.kinds import Array


@dataclass(frozen=True)
class CountedOutput:
    """An output column on both sides: in the profile, and in serving, all of it and by part."""

    column: OutputColumn
    profile: OutputProfile
    tallies: Mapping[Part, Tally]


@dataclass(frozen=True)
class CountedStep:
    """What a step met on both sides: in how many rows, of how many; in serving all of it and by part."""

    kind: StepKind
    training: int
    training_rows: int
    serving: Mapping[Part, tuple[int, int]]


@dataclass(frozen=True)
class CountedOutputs:
    """The output columns that could be computed, and what the steps on the way met."""

    columns: tuple[CountedOutput, ...] = ()
    steps: tuple[CountedStep, ...] = ()


@dataclass(frozen=True)
class _Counts:
    """`counted` is of the rows that are served; `met` and `rows`, by part, of all of them."""

    counted: Counted
    met: Mapping[Part, Array] = field(default_factory=dict)
    rows: Mapping[Part, int] = field(default_factory=dict)

    def plus(self, other: _Counts) -> _Counts:
        """Of both."""
        met, rows = dict(self.met), dict(self.rows)
        for part, n in other.rows.items():
            met[part] = met[part] + other.met[part] if part in met else other.met[part]
            rows[part] = rows.get(part, 0) + n
        return _Counts(self.counted.plus(other.counted), met, rows)


@dataclass(frozen=True)
class _CountOutputs:
    """Counts the outputs of a batch of inputs, those at `places`. It can be pickled."""

    graph: OutputGraph
    places: tuple[int, ...]
    count: Count

    def __call__(self, batch: pa.RecordBatch) -> _Counts:
        inputs = len(self.graph.reads)
        parts, where = self.count.divide(batch.columns[inputs:], batch.num_rows)
        computed = self.graph(batch.select(list(range(inputs))))
        outputs = computed.columns.select(list(self.places))
        counted = self.count.of(outputs, parts, where[computed.served])
        met = np.zeros((len(parts), len(self.graph.steps)), np.int64)
        rows, kinds = np.nonzero(computed.met)
        np.add.at(met, (where[rows], kinds), 1)
        of_part = np.bincount(where, minlength=len(parts)).tolist()
        return _Counts(counted, dict(zip(parts, met, strict=True)), dict(zip(parts, of_part, strict=True)))


def count_outputs(
    table: Table, pipeline: Pipeline, profile: OutputsProfile, available: Collection[str], divide: Divide
) -> CountedOutputs:
    """Count the output columns of the profile that need no other inputs than those available.

    Raises SKC624 for too many parts.
    """
    frozen = {one.label: one for one in profile.columns}
    graph = output_graph(pipeline, available)
    if graph is None:
        return CountedOutputs()
    chosen = [(k, column, frozen[column.label]) for k, column in enumerate(graph.columns) if column.label in frozen]
    bins = tuple(Bins(Column(f"c{k}", column.dtype, column.label), one.column) for k, column, one in chosen)
    count = _CountOutputs(graph, tuple(k for k, _, _ in chosen), Count(bins, divide))
    counts = table.fold(count, _Counts.plus, [*graph.reads, *divide.columns])
    if counts is None:
        return CountedOutputs()
    tallies = tallies_by_part(bins, counts.counted)
    columns = [
        CountedOutput(column, one, {part: row[i] for part, row in tallies.items()})
        for i, (_, column, one) in enumerate(chosen)
    ]
    return CountedOutputs(tuple(columns), tuple(_steps(graph, profile, counts)))


def _steps(graph: OutputGraph, profile: OutputsProfile, counts: _Counts) -> Iterator[CountedStep]:
    """Those that training counted too. A guard is met in rows that are refused, anything else in those that are not."""
    frozen = {(step.step, step.input, step.kind): step.rows for step in profile.steps}
    for k, kind in enumerate(graph.steps):
        training = frozen.get((kind.step, kind.input, kind.kind))
        if training is not None:
            before = profile.rows + (profile.refused if kind.refuses else 0)
            rows = counts.rows if kind.refuses else counts.counted.rows
            serving = {part: (int(counts.met[part][k]), rows[part]) for part in rows}
            whole = tuple(map(sum, zip(*serving.values(), strict=True)))
            yield CountedStep(kind, training, before, {**serving, WHOLE: (whole[0], whole[1])})
