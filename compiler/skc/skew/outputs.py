"""The output columns of the rows of serving, counted in the bins of their profile: recomputed by the artifact.

Why recomputed, and in a fold: a log need not hold features, and memory is that of the profile and of one batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pyarrow as pa

from skc.data.engine import Column, Table
from skc.ir import Pipeline
from skc.output_values import OutputColumn, OutputGraph, StepKind, output_graph
from skc.profile.document import OutputProfile, OutputsProfile
from skc.skew.counting import Bins, Count, Counted, tallies_of
from skc.skew.effects import Tally
from skc.skew.parts import WHOLE, Divide
from skc_runtime.kinds import Array


@dataclass(frozen=True)
class CountedOutput:
    """An output column on both sides: in the profile, and in serving."""

    column: OutputColumn
    profile: OutputProfile
    tally: Tally


@dataclass(frozen=True)
class CountedStep:
    """What a step met on both sides: in how many rows, of how many."""

    kind: StepKind
    training: int
    training_rows: int
    serving: int
    serving_rows: int


@dataclass(frozen=True)
class CountedOutputs:
    """The output columns that could be computed, and what the steps on the way met."""

    columns: tuple[CountedOutput, ...] = ()
    steps: tuple[CountedStep, ...] = ()


@dataclass(frozen=True)
class _Counts:
    counted: Counted
    met: Array
    served: int
    refused: int

    def plus(self, other: _Counts) -> _Counts:
        """Of both."""
        rows = self.served + other.served, self.refused + other.refused
        return _Counts(self.counted.plus(other.counted), self.met + other.met, *rows)


@dataclass(frozen=True)
class _CountOutputs:
    """Counts the outputs of a batch of inputs, those at `places`. It can be pickled."""

    graph: OutputGraph
    places: tuple[int, ...]
    count: Count

    def __call__(self, batch: pa.RecordBatch) -> _Counts:
        computed = self.graph(batch)
        counted = self.count(computed.columns.select(list(self.places)))
        return _Counts(counted, computed.met, computed.columns.num_rows, computed.refused)


def count_outputs(
    table: Table, pipeline: Pipeline, profile: OutputsProfile, available: Collection[str]
) -> CountedOutputs:
    """Count the output columns of the profile that need no other inputs than those available."""
    frozen = {one.label: one for one in profile.columns}
    graph = output_graph(pipeline, available)
    if graph is None:
        return CountedOutputs()
    chosen = [(k, column, frozen[column.label]) for k, column in enumerate(graph.columns) if column.label in frozen]
    bins = tuple(Bins(Column(f"c{k}", column.dtype, column.label), one.column) for k, column, one in chosen)
    count = _CountOutputs(graph, tuple(k for k, _, _ in chosen), Count(bins, Divide()))
    counts = table.fold(count, _Counts.plus, graph.reads)
    if counts is None:
        return CountedOutputs()
    tallies = tallies_of(bins, counts.counted, WHOLE)
    columns = [CountedOutput(column, one, tally) for (_, column, one), tally in zip(chosen, tallies, strict=True)]
    return CountedOutputs(tuple(columns), tuple(_steps(graph, profile, counts)))


def _steps(graph: OutputGraph, profile: OutputsProfile, counts: _Counts) -> Iterator[CountedStep]:
    """Those that training counted too. A guard is met in rows that are refused, anything else in those that are not."""
    frozen = {(step.step, step.input, step.kind): step.rows for step in profile.steps}
    for kind, n in zip(graph.steps, counts.met.tolist(), strict=True):
        training = frozen.get((kind.step, kind.input, kind.kind))
        if training is not None:
            before, after = (profile.refused, counts.refused) if kind.refuses else (0, 0)
            yield CountedStep(kind, training, profile.rows + before, n, counts.served + after)
