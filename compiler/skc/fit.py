"""Fitting: from a pipeline and training rows to a pipeline in which every step has its state.

Fitting proceeds in stages. A stage consists of all statistics whose inputs are known. Those of raw inputs are computed
where the data is; those of an intermediate value are computed from the output of the compiled graph for the training
rows, run in chunks and written back for the engine. So no op has a third implementation, and a state is a function of
the rows alone, not of their order, files, threads or format.

What can go wrong
-----------------
SKC200  no training rows are named               SKC207  `where` is not one predicate on the data
SKC201  no such file                             SKC208  there is no row
SKC202  a kind of data that skc cannot read        SKC209  a null or NaN that is not allowed
SKC203  the data cannot be read                  SKC21x  an op cannot be fitted on such a column (see the op)
SKC204  a column is missing                      SKC220  the engine failed; SKC221: it ran out of memory
SKC205  a column has the wrong type              SKC222, SKC223 (warnings): a column has no value, or only one
SKC206  a value is not of the declared type      SKC224  a row violates a policy of `error`
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any

import pyarrow as pa

from skc import concerns
from skc.carry import carry_back
from skc.data.blocks import covariance
from skc.data.contract import check_contract
from skc.data.default import open_engine as open_default
from skc.data.engine import MEMORY_LIMIT, Column, Data, OpenEngine, RunsNoPython, Table
from skc.data.sources import Source, resolve
from skc.data.statistics import answer, summarise
from skc.data.stored import stored_columns
from skc.data.targets import by_target
from skc.demands import columns_in_place, key_of, promised, requests_of, summarised, with_target
from skc.diagnostics import Diagnostic, SkcError, bug
from skc.infer import (
    ColumnNames,
    Types,
    column_groups,
    column_names,
    input_levels,
    input_names,
    located,
    step_input_types,
    step_levels,
    value_types,
)
from skc.ir import DataSource, Input, Pipeline, ProfileOptions, Step
from skc.lineage import column_inputs
from skc.op import Known
from skc.ops import OPS
from skc.output_values import rows_to_profile
from skc.passes.narrow import narrow
from skc.profile.ages import column_of, find_moment, has_age, measure_ages
from skc.profile.before_where import measure_before
from skc.profile.document import Profile
from skc.profile.measure import measure
from skc.progress import Progress
from skc.stage_values import Place, stage_values
from skc.stats.answers import Answers, Summary
from skc.stats.requests import ByTarget, Covariance, Grouped, Joint, Levels, Stat, ValueCounts

Block = tuple[str, ...]  # columns with a joint statistic, by key


@dataclass(frozen=True)
class Fitted:
    """A pipeline in which every step has its state, and facts about the fit. `profile_rows` are training rows, all or a
    sample, whose outputs are to be profiled.
    """

    pipeline: Pipeline
    rows: int
    stages: int
    warnings: tuple[Diagnostic, ...]
    seconds: float
    profile: Profile | None = None
    profile_rows: pa.RecordBatch | None = None


@dataclass
class _Work:
    """Fitting in progress: the steps with the states learned so far, and the column names of every known value."""

    pipeline: Pipeline
    types: Types
    progress: Progress
    steps: list[Step]
    names: dict[str, tuple[str, ...]]
    requests: dict[str, tuple[Stat, ...]]  # the statistics that each step needs of every input column
    opened: Data | None = None
    target: Input | None = None  # of the training rows, if a step learns from it
    moment: Input | None = None  # of the training rows, if ages are profiled; no input has it if it is not one itself
    rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)  # what the engine can read in place
    summaries: dict[str, Summary] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)
    levels: dict[str, tuple[Known, ...]] = field(default_factory=dict)  # all values that columns of a step's input hold
    apart: bool = False

    @cached_property
    def read(self) -> frozenset[str]:
        """The values that some step has as its input."""
        return frozenset(ref.value for step in self.steps for ref in step.inputs)

    @property
    def data(self) -> Data:
        if self.opened is None:
            raise bug("statistics are asked for, and no data was read")
        return self.opened


def fit(
    pipeline: Pipeline,
    data: Any = None,
    *,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
    progress: Progress | None = None,
    open_engine: OpenEngine = open_default,
    profile: ProfileOptions | None = None,
    apart: bool = False,
) -> Fitted:
    """Learn the state of every step that has none yet.

    `data` overrides the path that the pipeline declares: a path, a glob or `file.duckdb::table`, a pandas,
    Polars or PyArrow table, or a `DataSource` (see `skc.data.sources`). `open_engine` opens the engine with `threads`
    and `memory_limit`; none of the three changes a bit of the result. With `profile`, the inputs are profiled too. With
    `apart`, what steps compute from different inputs is computed apart, for an engine that does not know whole rows.
    Where no step learns anything and `data` is None, nothing is read.
    """
    started = time.perf_counter()
    pipeline.verify()
    names: dict[str, tuple[str, ...]] = {i.value: (i.name,) for i in pipeline.inputs}
    types = value_types(pipeline, before_carrying=True)
    work = _Work(
        pipeline,
        types,
        progress or _silent,
        list(pipeline.steps),
        names,
        {step.name: requests_of(step, types) for step in pipeline.steps},
        levels={i.value: input_levels(i) for i in pipeline.inputs},
        apart=apart,
    )
    has_data = data is not None or (pipeline.data is not None and pipeline.data.path is not None)
    if not has_data and not any(work.requests[step.name] for step in pipeline.steps if step.state is None):
        _next_wave(work)
        return Fitted(carry_back(pipeline.with_steps(work.steps)), 0, 0, (), time.perf_counter() - started)
    source, declared = resolve(data, pipeline.data)
    _add_target(work, declared)
    is_known = not apart or pipeline.freshness.event_time in {None, *(i.name for i in pipeline.inputs)}
    if profile is not None and is_known:
        work.moment = _moment(pipeline, source, threads, open_engine)
    added = () if work.moment is None or work.moment in pipeline.inputs else (work.moment,)
    with open_engine(threads, memory_limit) as engine:
        work.progress("reading", 0, None)
        work.opened = engine.load(source, (*work.pipeline.inputs, *added), declared).cached()
        work.apart |= isinstance(work.opened, RunsNoPython)
        work.warnings += _look_at_inputs(work)
        stages = 0
        while wave := _next_wave(work):
            stages += 1
            _run_stage(work, wave, stages)
        measured = None if profile is None else _profile(work, profile, declared.where)
        rows = None if profile is None else _rows_to_profile(work, pipeline)
    seconds = time.perf_counter() - started
    fitted, warnings = carry_back(pipeline.with_steps(work.steps)), tuple(work.warnings)
    return Fitted(fitted, work.rows, stages, warnings, seconds, measured, rows)


def _silent(what: str, done: int, total: int | None) -> None:
    """The default `progress`, which reports nothing."""


def _moment(pipeline: Pipeline, source: Source, threads: int | None, open_engine: OpenEngine) -> Input | None:
    """The moments of the training rows, if ages are to be profiled. Raises SKC623."""
    stored = partial(stored_columns, source, threads, open_engine)
    try:
        return find_moment(pipeline.inputs, pipeline.freshness.event_time, stored)
    except SkcError as error:
        span = None if pipeline.data is None else pipeline.data.span
        raise SkcError(*(replace(d, span=d.span or span) for d in error.diagnostics)) from None


def _add_target(work: _Work, declared: DataSource) -> None:
    """Read the target like an input, if a step learns from it."""
    work.pipeline, work.target = with_target(work.pipeline, work.types, declared)
    if work.target is not None:
        work.types = value_types(work.pipeline, before_carrying=True)
        work.names[work.target.value] = (work.target.name,)


def _look_at_inputs(work: _Work) -> list[Diagnostic]:
    """Summarise all inputs, as the steps see them, and check them against the contract."""
    data = work.data
    inputs = work.pipeline.inputs  # the target is one of them, a moment need not be
    work.columns = columns_in_place(work.steps, inputs)
    columns = summarised(work.steps, inputs, work.requests)
    counting = [step for step in work.steps if ValueCounts() in work.requests[step.name]]
    counted = {key_of(ref.value, 0) for step in counting for ref in step.inputs}
    work.rows, work.summaries = data.count(), summarise(data, columns, counted & columns.keys())
    summaries = {name: work.summaries[key] for name, key in promised(work.steps, inputs).items()}
    warnings = check_contract(data, work.rows, summaries, work.target)
    work.progress("reading", work.rows, work.rows)
    warnings += concerns.of_instants(inputs, summaries)
    return warnings + concerns.of_float32(data, work.pipeline, work.types)


def _rows_to_profile(work: _Work, pipeline: Pipeline) -> pa.RecordBatch:
    """Rows whose outputs are profiled once the pipeline is compiled, as they are stored."""
    work.progress("rows to profile", 0, None)
    return rows_to_profile(work.data, pipeline)


def _profile(work: _Work, options: ProfileOptions, where: str | None) -> Profile:
    """The profile of all inputs, after their `source` steps: a sentinel is a null. Also before `where`, if it says
    which rows to fit on.
    """
    work.progress("profile", 0, None)
    keys = promised(work.steps, [i for i in work.pipeline.inputs if i != work.target])
    columns = {name: work.columns[key] for name, key in keys.items()}
    summaries = {name: work.summaries[keys[name]] for name in columns}
    profile = measure(work.data, columns, options, "training", summaries)
    if work.moment is not None:
        aged = {i.name: columns[i.name] for i in work.pipeline.inputs if i != work.target and has_age(i)}
        moment = columns.get(work.moment.name) or column_of(work.moment)
        profile = replace(profile, ages=measure_ages(work.data, aged, moment, options))
    if where is None:
        return profile
    return replace(profile, before=measure_before(work.data.unfiltered(), columns, where, options))


def _next_wave(work: _Work) -> list[Step]:
    """Freeze all steps that need no statistics, as far as widths are known; return those that wait for statistics."""
    wave = []
    for i, step in enumerate(work.steps):
        if any(ref.value not in work.names for ref in step.inputs):
            continue
        if step.state is None and work.requests[step.name]:
            wave.append(step)
            continue
        if step.state is None:
            work.steps[i] = _frozen(work, step, [{} for _ in input_names(step, work.names)])
        _know(work, work.steps[i])
    return wave


def _frozen(work: _Work, step: Step, stats: Sequence[Answers]) -> Step:
    op = OPS[step.op]
    try:
        x = step_input_types(step, work.types)[0]
        return replace(step, state=op.freeze(step.params, x, stats))
    except SkcError as error:
        raise located(error, step) from None


def _know(work: _Work, step: Step) -> None:
    """Record the columns of a fitted step, and for steps after it the values that they can hold, which may be many."""
    work.names[step.name] = tuple(name for group in column_groups(step, work.names) for name in group)
    if step.name in work.read:
        work.levels[step.name] = step_levels(step, work.types, work.names, _levels(work, step))


def _levels(work: _Work, step: Step) -> list[Known]:
    """For each input column of a step, all values that it can hold."""
    return [known for ref in step.inputs for known in work.levels[ref.value][ref.start : ref.stop]]


def _places(work: _Work, step: Step) -> list[Place]:
    """The input columns of a step, in order."""
    return [
        (ref.value, j) for ref in step.inputs for j in range(len(work.names[ref.value]))[slice(ref.start, ref.stop)]
    ]


@dataclass
class _Question:
    """The statistics requested of one column; messages name the first step that needs them."""

    place: Place
    step: Step
    stats: dict[Stat, None] = field(default_factory=dict)


def _run_stage(work: _Work, wave: Sequence[Step], number: int) -> None:
    """Compute the statistics for the steps of a wave, each column once, and freeze them."""
    questions: dict[str, _Question] = {}
    blocks: dict[Block, None] = {}
    targets: dict[tuple[ByTarget, Block], None] = {}
    for step in wave:
        places = _places(work, step)
        for column in places:
            question = questions.setdefault(key_of(*column), _Question(column, step))
            question.stats.update(dict.fromkeys(work.requests[step.name]))
        keys = [key_of(*column) for column in places]
        blocks.update(dict.fromkeys(_block(request, keys) for request in _joint(work, step)))
        for request, _, block in _with_target(work, step, keys):
            targets[request, block] = None
            questions.setdefault(block[-1], _Question((_target_value(work), 0), step))
    answers: dict[str, Answers] = {}
    joints: dict[Block, list[Joint | None]] = {}
    grouped: dict[tuple[ByTarget, Block], Grouped] = {}
    emptied: set[str] = set()  # columns without any value that no warning has mentioned yet
    together: list[Block] = [*blocks, *(block for _, block in targets)]
    for table, columns, summaries in _tables(work, questions, together, number):
        stats_by_column = {key: questions[key].stats for key in columns}
        answers |= _answers(work, table, columns, stats_by_column, summaries, f"stage {number}: statistics")
        for block in blocks:
            if columns.keys() >= set(block):
                joints[block] = covariance(table, [columns[key] for key in block], [summaries[key] for key in block])
        for request, block in targets:
            if columns.keys() >= set(block):
                chosen = [columns[key] for key in block], [summaries[key] for key in block]
                grouped[request, block] = by_target(table, *chosen, request)
        emptied |= {key for key in columns if key not in work.columns and summaries[key].count == 0}
    index = {step.name: i for i, step in enumerate(work.steps)}
    for step in wave:
        _settle(work, index[step.name], answers, joints, grouped, emptied)


def _settle(
    work: _Work,
    i: int,
    answers: Mapping[str, Answers],
    joints: Mapping[Block, Sequence[Joint | None]],
    grouped: Mapping[tuple[ByTarget, Block], Grouped],
    emptied: Collection[str],
) -> None:
    """Freeze the i-th step, whose statistics are known."""
    step = work.steps[i]
    keys = [key_of(*place) for place in _places(work, step)]
    stats = [{**answers[key], Levels(): known} for key, known in zip(keys, _levels(work, step), strict=True)]
    for request in _joint(work, step):
        columns = range(len(keys)) if request.columns is None else request.columns
        for k, joint in zip(columns, joints[_block(request, keys)], strict=True):
            stats[k][request] = joint
    for by_class, k, block in _with_target(work, step, keys):
        stats[k][by_class] = grouped[by_class, block]
    work.steps[i] = _frozen(work, step, stats)
    empty = [key in emptied for key in keys]
    summaries = [work.summaries.get(key) for key in keys]
    names = input_names(step, work.names)
    work.warnings += concerns.of_step(work.steps[i], work.types, names, stats, summaries, empty)
    _know(work, work.steps[i])


def _joint(work: _Work, step: Step) -> list[Covariance]:
    """The joint statistics that a step needs of several columns."""
    return [request for request in work.requests[step.name] if isinstance(request, Covariance)]


def _with_target(work: _Work, step: Step, keys: Sequence[str]) -> Iterator[tuple[ByTarget, int, Block]]:
    """The statistics that a step needs of its input columns and the target: for each column, that column, the one of
    the folds, and the target.
    """
    for request in work.requests[step.name]:
        if isinstance(request, ByTarget):
            target = key_of(_target_value(work), 0)
            others = (k for k in range(len(keys)) if k != request.fold)
            yield from ((request, k, (keys[k], keys[request.fold], target)) for k in others)


def _target_value(work: _Work) -> str:
    if work.target is None:
        raise bug("a statistic of a target is asked for, and none was read")
    return work.target.value


def _block(request: Covariance, keys: Sequence[str]) -> Block:
    """Those of the step's input columns that a request is about."""
    return tuple(keys if request.columns is None else [keys[k] for k in request.columns])


def _tables(
    work: _Work, questions: Mapping[str, _Question], blocks: Collection[Block], number: int
) -> Iterator[tuple[Table, dict[str, Column], Mapping[str, Summary]]]:
    """The tables to query, each with its columns: the data, and the output of the graph fitted so far.

    The columns of a block must be in one table: if one is computed, all are.
    """
    computed = {key for key in questions if key not in work.columns}
    while mixed := [block for block in blocks if not computed.isdisjoint(block) and not computed.issuperset(block)]:
        computed.update(*mixed)
    direct = {key: _asked(work, work.columns[key], q) for key, q in questions.items() if key not in computed}
    if direct:
        yield work.data, direct, work.summaries
    for part in _parts(work, {key: q.place for key, q in questions.items() if key in computed}, blocks):
        chosen = {key: question for key, question in questions.items() if key in part}
        table = _computed(work, [question.place for question in chosen.values()], number)
        columns = {
            key: _asked(work, Column(f"c{k}", work.types[question.place[0]].dtype, ""), question)
            for k, (key, question) in enumerate(chosen.items())
        }
        yield table, columns, summarise(table, columns)


def _parts(work: _Work, computed: Mapping[str, Place], blocks: Collection[Block]) -> list[Collection[str]]:
    """Which columns to compute together: all, or those of the same inputs and those of a block."""
    if not work.apart:
        return [computed] if computed else []
    known = column_inputs(work.pipeline, [step for step in work.steps if step.name in work.names], work.names)
    parts: dict[frozenset[str], set[str]] = {}
    for key, (value, k) in computed.items():
        parts.setdefault(known[value][k], set()).add(key)
    return [*parts.values(), *(block for block in blocks if computed.keys() >= set(block))]


def _asked(work: _Work, column: Column, question: _Question) -> Column:
    """The column, with a label that names the step."""
    (value, k), step = question.place, question.step
    label = f"column `{work.names[value][k]}` before step `{step.name}`"
    return replace(column, label=label, span=step.span or column.span)


def _answers(
    work: _Work,
    table: Table,
    columns: Mapping[str, Column],
    stats_by_column: Mapping[str, Mapping[Stat, None]],
    summaries: Mapping[str, Summary],
    what: str,
) -> dict[str, Answers]:
    """The engine's answers, with progress by columns done."""
    over: list[str] = []

    def done(key: str) -> None:
        over.append(key)
        work.progress(what, work.rows * len(over) // len(columns), work.rows)

    work.progress(what, 0, work.rows)
    return answer(table, columns, stats_by_column, summaries, done)


def _computed(work: _Work, places: Sequence[Place], number: int) -> Table:
    """The output of the graph fitted so far for all training rows."""
    fitted = [step for step in work.steps if step.name in work.names]

    def done(rows: int) -> None:
        work.progress(f"stage {number}: graph", rows, work.rows)

    pipeline = replace(work.pipeline, features=(), outputs=(), steps=tuple(fitted))
    names: ColumnNames = work.names
    if work.apart:
        pipeline, places = narrow(pipeline, places)
        names = column_names(pipeline)
    widths = {value: len(columns) for value, columns in names.items()}
    pipeline = carry_back(pipeline)
    return stage_values(work.data, pipeline, value_types(pipeline), widths, places, done)
