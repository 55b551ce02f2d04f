"""The output columns of a fitted pipeline for rows that an engine holds, as the compiled graph computes them.

Why the graph and not the reference: what is profiled, and compared with it later, are the bits that serving produces,
at the speed of serving. Rows that a runtime refuses have no outputs; they are counted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.batch_graph import BatchGraph
from skc.data.arrays import collected
from skc.data.engine import ARROW, Column, Table
from skc.data.held import HeldTable
from skc.data.sampling import sampled
from skc.data.typed_rows import open_rows
from skc.infer import column_names, output_columns, value_types
from skc.ir import Output, Pipeline, ProfileOptions, Ref
from skc.lineage import lineages
from skc.lower import GUARDS, SIGNALS, Lowered, lower
from skc.profile.document import OutputProfile, OutputsProfile, Profile, StepCount
from skc.profile.measure import measure, measure_columns
from skc.values.arrow import runs_of
from skc_runtime.kinds import KINDS, Array, OutputDType
from skc_runtime.manifest import InputSpec

CHUNK = 16_384  # rows per run of the graph
ROWS = 32_768  # that are profiled
VALUES = 1 << 24  # of all outputs of these; at least LEAST_ROWS rows
LEAST_ROWS = 1_000
NUL = "\0"


@dataclass(frozen=True)
class OutputColumn:
    """A column of an output, and the inputs that it is computed from. It `follows_calendar` if it is computed from one
    instant or date and nothing else, and so moves with it.
    """

    output: str
    name: str
    dtype: OutputDType
    inputs: tuple[str, ...]
    steps: tuple[str, ...]
    follows_calendar: bool

    @property
    def label(self) -> str:
        """As reports call it."""
        return f"{self.output}.{self.name}"


@dataclass(frozen=True)
class StepKind:
    """What is counted of a step: see `StepCount`. `inputs` are those that it is computed from."""

    step: str
    input: str
    kind: str
    inputs: tuple[str, ...]
    refuses: bool


@dataclass(frozen=True)
class Computed:
    """The output columns of the rows that were not refused, as `ARROW` has them. `served` has which these are, and
    `met` [rows, steps] in which rows each `StepKind` was met.
    """

    columns: pa.RecordBatch
    served: Array
    met: Array

    @property
    def refused(self) -> int:
        """How many rows have no outputs."""
        return len(self.served) - int(self.columns.num_rows)


class OutputGraph:
    """Maps a batch of inputs to the output columns. It can be pickled."""

    def __init__(self, lowered: Lowered, columns: Sequence[OutputColumn], pipeline: Pipeline) -> None:
        """`columns` are all those of the outputs of what was lowered."""
        self.columns = tuple(columns)
        self.steps = tuple(_step_kinds(lowered, pipeline))
        self._graph = BatchGraph(lowered)
        self._places = tuple((o.name, k, o.valid) for o in lowered.outputs for k in range(len(o.columns)))

    @property
    def reads(self) -> tuple[Column, ...]:
        """The columns of a batch, in order."""
        return self._graph.reads

    @property
    def schema(self) -> pa.Schema:
        """The output columns."""
        return pa.schema([(f"c{k}", ARROW[column.dtype]) for k, column in enumerate(self.columns)])

    def __call__(self, batch: pa.RecordBatch) -> Computed:
        """The output columns of the rows of a batch that are not refused."""
        served = is_allowed(self._graph.inputs, batch)
        allowed = batch if served.all() else batch.filter(pa.array(served))
        parts = [self._run(allowed.slice(run.start, run.stop - run.start)) for run in runs_of(allowed, CHUNK)]
        met: Array = np.zeros((batch.num_rows, len(self.steps)), bool)
        if parts:
            met[served] = np.concatenate([met for _, _, met in parts])
            served[np.flatnonzero(served)] = np.concatenate([kept for _, kept, _ in parts])
        return Computed(pa.concat_batches([columns for columns, _, _ in parts] or [_empty(self.schema)]), served, met)

    def _run(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Array, Array]:
        """The columns of the rows that no guard refuses, which these are, and in which rows the steps met what."""
        results = self._graph.run(batch)
        guards, signals = (results.pop(name, np.zeros((batch.num_rows, 0), bool)) for name in (GUARDS, SIGNALS))
        refused: Array = np.asarray(guards.any(axis=1))
        first = guards & (guards.cumsum(axis=1) == 1)  # which is what the runtime reports
        met: Array = np.concatenate([signals & ~refused[:, None], first], axis=1)
        columns = {name: np.ascontiguousarray(values[~refused].T) for name, values in results.items()}
        arrays = [
            _array(columns[name][k], None if valid is None else columns[valid][k], kind)
            for (name, k, valid), kind in zip(self._places, self.schema.types, strict=True)
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema), ~refused, met


def output_graph(
    pipeline: Pipeline, available: Collection[str], signalling: Lowered | None = None
) -> OutputGraph | None:
    """The graph of the output columns that need no other inputs; None if there are none. `signalling` is the whole
    pipeline with its signals, if it is lowered already.
    """
    outputs, columns = _computable(pipeline, available)
    if not columns:
        return None
    needed = pipeline.behind(ref.value for output in outputs for ref in output.refs)
    inputs = tuple(i for i in pipeline.inputs if i.value in needed)
    is_whole = inputs == pipeline.inputs and [o.refs for o in outputs] == [o.refs for o in pipeline.outputs]
    if signalling is None or not is_whole:
        part = replace(pipeline, inputs=inputs, features=(), outputs=outputs, signals=True)
        signalling = lower(part, "packed")
    return OutputGraph(signalling, columns, pipeline)


def output_columns_of(pipeline: Pipeline) -> tuple[OutputColumn, ...]:
    """All columns of the outputs."""
    return _computable(pipeline, [i.name for i in pipeline.inputs])[1]


def rows_to_profile(table: Table, pipeline: Pipeline) -> pa.RecordBatch:
    """The rows that `profile_outputs` runs: all of a table, or a sample.

    Why a sample: running millions of rows through the graph takes longer than fitting them, and ROWS rows are as good
    a reference for every test of drift.
    """
    columns = [Column(i.name, i.dtype, f"column `{i.name}`") for i in pipeline.inputs]
    return sampled(table, columns, sample_size(len(columns)))


def sample_size(columns: int) -> int:
    """How many rows of so many columns are profiled."""
    return max(LEAST_ROWS, min(ROWS, VALUES // max(1, columns)))


def of_sample(
    pipeline: Pipeline, data: Any, options: ProfileOptions | None
) -> tuple[Profile | None, pa.RecordBatch | None]:
    """The profile of the rows that were given with an estimator, which need not be those that it was fitted on, and
    those whose outputs are to be profiled.
    """
    if options is None or data is None:
        return None, None
    with open_rows(pipeline.inputs, data) as rows:
        columns = {i.name: Column(i.name, i.dtype, f"column `{i.name}`") for i in pipeline.inputs}
        return measure(rows.data, columns, options, "sample"), rows_to_profile(rows.data, pipeline)


def profile_outputs(
    pipeline: Pipeline, rows: pa.RecordBatch, options: ProfileOptions, signalling: Lowered | None = None
) -> OutputsProfile | None:
    """The profile of the output columns of some rows; not of those that need an input that is left out. None if no
    column remains. `signalling` is as in `output_graph`.
    """
    graph = output_graph(pipeline, [i.name for i in pipeline.inputs if i.name not in options.omit], signalling)
    return None if graph is None else graph_profile(graph, rows, options)


def graph_profile(graph: OutputGraph, rows: pa.RecordBatch, options: ProfileOptions) -> OutputsProfile:
    """The profile of all columns of a graph."""
    size = max(1024, VALUES // len(graph.columns))
    batches, refused, met = [], 0, np.zeros(len(graph.steps), np.int64)
    for start in range(0, rows.num_rows, size):
        computed = graph(rows.slice(start, size).select([column.name for column in graph.reads]))
        batches.append(computed.columns)
        refused, met = refused + computed.refused, met + computed.met.sum(axis=0)
    n = sum(batch.num_rows for batch in batches)
    columns = {c.label: Column(f"c{k}", c.dtype, c.label) for k, c in enumerate(graph.columns)}
    held = HeldTable(None, n, collected(batches, list(columns.values()), n, 1), 1)
    measured = measure_columns(held, columns, options)
    profiles = [
        OutputProfile(c.output, replace(profile, name=c.name))
        for c, profile in zip(graph.columns, measured, strict=True)
    ]
    pairs = zip(graph.steps, met.tolist(), strict=True)
    steps = tuple(StepCount(kind.step, kind.input, kind.kind, count) for kind, count in pairs)
    return OutputsProfile(n, refused, tuple(profiles), steps)


@dataclass(frozen=True)
class _Behind:
    """The names of the inputs that a value is computed from, and whether one of the values on the way is a time."""

    inputs: frozenset[str]
    has_time: bool


def _behind(pipeline: Pipeline) -> Mapping[str, _Behind]:
    """Of every value, from the inputs on: `Pipeline.behind` would pass all steps for each."""
    types = value_types(pipeline)
    known = {i.value: _Behind(frozenset([i.name]), i.kind.is_time) for i in pipeline.inputs}
    for step in pipeline.steps:
        below = [known[ref.value] for ref in step.inputs]
        has_time = KINDS[types[step.name].dtype].is_time or any(value.has_time for value in below)
        known[step.name] = _Behind(frozenset[str]().union(*(value.inputs for value in below)), has_time)
    return known


def _computable(pipeline: Pipeline, available: Collection[str]) -> tuple[tuple[Output, ...], tuple[OutputColumn, ...]]:
    """The outputs with those of their values that need no other inputs, and their columns."""
    names, traced, behind = column_names(pipeline), lineages(pipeline), _behind(pipeline)
    known = frozenset(available)
    outputs: list[Output] = []
    columns: list[OutputColumn] = []
    for output in pipeline.outputs:
        kept: list[Ref] = []
        start = 0
        labels = output_columns(output, names)
        for ref in output.refs:
            stop = start + len(names[ref.value][ref.start : ref.stop])
            of_value = behind[ref.value]
            if of_value.inputs <= known:
                kept.append(ref)
                columns += [
                    OutputColumn(
                        output.name,
                        label,
                        output.dtype,
                        lineage.inputs,
                        lineage.steps,
                        of_value.has_time and len(lineage.inputs) == 1,
                    )
                    for label, lineage in zip(labels[start:stop], traced[output.name][start:stop], strict=True)
                ]
            start = stop
        if kept:
            outputs.append(Output(output.name, tuple(kept), output.dtype))
    return tuple(outputs), tuple(columns)


def _step_kinds(lowered: Lowered, pipeline: Pipeline) -> Iterator[StepKind]:
    """In the order of the signals, then of the guards. An input without a value is a null of the input."""
    signals = () if lowered.signals is None else lowered.signals.columns
    guards = () if lowered.guards is None else lowered.guards.columns
    behind, order = _behind(pipeline), {i.name: k for k, i in enumerate(pipeline.inputs)}
    inputs = {value: tuple(sorted(of.inputs, key=order.__getitem__)) for value, of in behind.items()}
    for signal in signals:
        yield StepKind(signal.step, signal.input, signal.kind, inputs[signal.step], refuses=False)
    for guard in guards:
        yield StepKind(guard.step, guard.input, guard.code, inputs[guard.step], refuses=True)


def is_allowed(inputs: Sequence[InputSpec], batch: pa.RecordBatch) -> Array:
    """The rows that a runtime does not refuse before it runs the graph."""
    checks = []
    for value, column in zip(inputs, batch.columns, strict=True):
        if not value.nullable and column.null_count:
            checks.append(column.is_valid())
        if value.kind.range is not None and value.type != "int64":
            low, high = value.kind.range
            inside = pc.and_(pc.greater_equal(column, low), pc.less_equal(column, high))
            checks.append(inside.fill_null(True))
        if value.type == "string":
            checks.append(pc.invert(pc.match_substring(column, NUL)).fill_null(True))
    allowed: Array = np.ones(batch.num_rows, bool)
    for check in checks:
        allowed &= check.to_numpy(zero_copy_only=False)
    return allowed


def _array(values: Array, valid: Array | None, kind: pa.DataType) -> pa.Array:
    """As `ARROW` has it: a NaN is null."""
    if values.dtype.kind == "f":
        wide = values.astype(np.float64, copy=False)
        return pa.array(wide, mask=np.isnan(wide))
    return pa.array(values, kind, mask=None if valid is None else ~valid)


def _empty(schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([pa.array([], kind) for kind in schema.types], schema=schema)
