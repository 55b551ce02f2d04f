"""The output columns of the rows of serving, counted in the bins of their profile: as they were served where a log has
them in full, else recomputed by the artifact.

Why in a fold: memory is that of the profile and of one batch.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from skc.data.engine import Column, Table
from skc.ir import Pipeline
from skc.output_values import OutputColumn, OutputGraph, StepKind, output_columns_of, output_graph
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
class FullColumns:
    """The columns of outputs as they were served, by label, in the rows of which `marker` is true."""

    marker: Column
    columns: Mapping[str, Column]


@dataclass(frozen=True)
class _Counts:
    """`counted` is of the rows that are served; `met` and `rows`, by part, of all of them. `alone` is of the columns
    that cannot be recomputed.
    """

    counted: Counted
    alone: Counted
    met: Mapping[Part, Array] = field(default_factory=dict)
    rows: Mapping[Part, int] = field(default_factory=dict)

    def plus(self, other: _Counts) -> _Counts:
        """Of both."""
        met, rows = dict(self.met), dict(self.rows)
        for part, n in other.rows.items():
            met[part] = met[part] + other.met[part] if part in met else other.met[part]
            rows[part] = rows.get(part, 0) + n
        return _Counts(self.counted.plus(other.counted), self.alone.plus(other.alone), met, rows)


@dataclass(frozen=True)
class _CountOutputs:
    """Counts the outputs of a batch: inputs, what `divide` reads, and if there is a `full` one, its marker and columns,
    those that can be recomputed first. `places` are theirs in the graph. It can be pickled.
    """

    graph: OutputGraph | None
    places: tuple[int, ...]
    count: Count
    alone: Count
    has_full: bool

    def __call__(self, batch: pa.RecordBatch) -> _Counts:
        inputs = 0 if self.graph is None else len(self.graph.reads)
        rest = inputs + len(self.count.divide.columns)
        parts, where = self.count.divide(batch.columns[inputs:rest], batch.num_rows)
        full: Array = np.zeros(batch.num_rows, bool)
        if self.has_full:
            full = batch.column(rest).to_numpy(zero_copy_only=False).astype(bool)
        served = batch.select(list(range(min(rest + 1, batch.num_columns), batch.num_columns))).filter(pa.array(full))
        number = len(self.count.bins)
        counted = self.count.of(served.select(list(range(number))), parts, where[full]) if self.has_full else None
        alone = self.alone.of(served.select(list(range(number, served.num_columns))), parts, where[full])
        met: Array = np.zeros((len(parts), 0), np.int64)
        if self.graph is not None:
            computed = self.graph(batch.select(list(range(inputs))))
            outputs = computed.columns.select(list(self.places)).filter(pa.array(~full[computed.served]))
            again = self.count.of(outputs, parts, where[computed.served & ~full])
            counted = again if counted is None else counted.plus(again)
            met = np.zeros((len(parts), len(self.graph.steps)), np.int64)
            rows, kinds = np.nonzero(computed.met)
            np.add.at(met, (where[rows], kinds), 1)
        assert counted is not None  # there is a graph, or features in full
        of_part = np.bincount(where, minlength=len(parts)).tolist()
        return _Counts(counted, alone, dict(zip(parts, met, strict=True)), dict(zip(parts, of_part, strict=True)))


def count_outputs(
    table: Table,
    pipeline: Pipeline,
    profile: OutputsProfile,
    available: Collection[str],
    divide: Divide,
    full: FullColumns | None = None,
) -> CountedOutputs:
    """Count the output columns of the profile: as served where rows have them in `full`, else recomputed, if they need
    no other inputs than those available.

    Raises SKC624 for too many parts.
    """
    frozen = {one.label: one for one in profile.columns}
    graph = output_graph(pipeline, available)
    if graph is None and full is None:
        return CountedOutputs()
    columns = () if graph is None else graph.columns
    chosen = [(k, column, frozen[column.label]) for k, column in enumerate(columns) if column.label in frozen]
    known = {column.label for column in columns}
    every = () if full is None else output_columns_of(pipeline)
    others = [(column, frozen[column.label]) for column in every if column.label in frozen.keys() - known]
    bins = tuple(Bins(Column(f"c{k}", column.dtype, column.label), one.column) for k, column, one in chosen)
    alone = tuple(Bins(Column(c.label, c.dtype, c.label), one.column) for c, one in others)
    count = _CountOutputs(
        graph, tuple(k for k, _, _ in chosen), Count(bins, divide), Count(alone, divide), full is not None
    )
    labels = [*(column.label for _, column, _ in chosen), *(column.label for column, _ in others)]
    served = () if full is None else (full.marker, *(full.columns[label] for label in labels))
    counts = table.fold(count, _Counts.plus, [*(() if graph is None else graph.reads), *divide.columns, *served])
    if counts is None:
        return CountedOutputs()
    pairs = [
        *_counted([(column, one) for _, column, one in chosen], bins, counts.counted),
        *_counted(others, alone, counts.alone),
    ]
    return CountedOutputs(tuple(pairs), () if graph is None else tuple(_steps(graph, profile, counts)))


def _counted(
    columns: Sequence[tuple[OutputColumn, OutputProfile]], bins: Sequence[Bins], counted: Counted
) -> Iterator[CountedOutput]:
    tallies = tallies_by_part(bins, counted)
    for i, (column, one) in enumerate(columns):
        yield CountedOutput(column, one, {part: row[i] for part, row in tallies.items()})


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
