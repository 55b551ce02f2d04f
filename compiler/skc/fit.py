"""Fitting: from a pipeline and training rows to a pipeline in which every step has its state.

Goes stage by stage. A stage is all statistics whose inputs are known. Those on raw inputs are computed where the
data lie; those on an intermediate value on what the compiled graph itself gives for the training rows, run in
chunks and written back for the engine. So no op has a third implementation, and a state is a function of the rows
alone: not of their order, files, threads or format.

What can go wrong
-----------------
SKC200  no training rows are named               SKC207  `where` is not one predicate on the data
SKC201  no such file                             SKC208  there is no row
SKC202  not a kind of data that skc reads        SKC209  a null or NaN where none may be
SKC203  the data cannot be read                  SKC21x  an op cannot be fitted on such a column (see the op)
SKC204  a column is missing                      SKC220  the engine failed; SKC221: it ran out of memory
SKC205  a column has the wrong type              SKC222, SKC223 (warnings): a column has no value, or only one
SKC206  a value is not of the declared type      SKC224  a row breaks a policy of `error`
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa

from skc import concerns
from skc.data.contract import check_contract
from skc.data.duckdb.connection import MEMORY_LIMIT, Database, engine_errors, identifier, open_database, scalar
from skc.data.duckdb.training import Training, at_hand, load_training
from skc.data.sources import resolve
from skc.data.statistics import Answers, Column, Summary, answer, summarise
from skc.diagnostics import Diagnostic, SkcError, bug, fail
from skc.infer import (
    Types,
    column_groups,
    input_levels,
    input_names,
    located,
    step_input_types,
    step_levels,
    value_types,
)
from skc.ir import SOURCE, Input, Pipeline, Step
from skc.lower import GUARDS, lower
from skc.op import Known
from skc.ops import OPS
from skc.passes.prune import prune
from skc.stats.requests import Levels, Stat, ValueCounts
from skc.values.types import ZEROS, Array, Scalar
from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.manifest import Guards, InputSpec
from skc_runtime.session import GraphSession

CHUNK = 65_536  # rows that go through the graph at once, fewer where they are wide
CHUNK_VALUES = 1 << 23
Progress = Callable[[str, int, int], None]  # what is being done, rows done, rows in all (0 where that is not known)
Place = tuple[str, int]  # a value and a column of it
_T = TypeVar("_T")
_U = TypeVar("_U")


@dataclass(frozen=True)
class Fitted:
    """A pipeline in which every step has its state, and how it came about."""

    pipeline: Pipeline
    rows: int
    stages: int
    warnings: tuple[Diagnostic, ...]
    seconds: float


@dataclass
class _Work:
    """Fitting under way: the steps with the states found so far, and the column names of every value known."""

    pipeline: Pipeline
    types: Types
    progress: Progress
    threads: int
    steps: list[Step]
    names: dict[str, tuple[str, ...]]
    requests: dict[str, tuple[Stat, ...]]  # what each step asks of every input column
    training: Training | None = None
    rows: int = 0
    columns: dict[str, Column] = field(default_factory=dict)  # what the engine can read where it lies
    summaries: dict[str, Summary] = field(default_factory=dict)
    warnings: list[Diagnostic] = field(default_factory=list)
    levels: dict[str, tuple[Known, ...]] = field(default_factory=dict)  # the only values that columns can hold

    @property
    def data(self) -> Training:
        if self.training is None:
            raise bug("statistics are asked for, and no data was read")
        return self.training


def fit(
    pipeline: Pipeline,
    data: Any = None,
    *,
    threads: int | None = None,
    memory_limit: str = MEMORY_LIMIT,
    progress: Progress | None = None,
) -> Fitted:
    """Learn the state of every step that has none yet.

    `data` takes the place of the path that the pipeline declares: a path, a glob or `file.duckdb::table`, a pandas,
    Polars or PyArrow table, or a `DataSource` (see `skc.data.sources`). `threads` and `memory_limit` are the
    engine's; neither changes a bit of the result. Where no step learns anything and `data` is None, nothing is
    read.
    """
    started = time.perf_counter()
    pipeline.verify()
    names: dict[str, tuple[str, ...]] = {i.value: (i.name,) for i in pipeline.inputs}
    types = value_types(pipeline)
    work = _Work(
        pipeline,
        types,
        progress or _silent,
        threads or os.cpu_count() or 1,
        list(pipeline.steps),
        names,
        {step.name: _requests(step, types) for step in pipeline.steps},
        levels={i.value: input_levels(i) for i in pipeline.inputs},
    )
    has_data = data is not None or (pipeline.data is not None and pipeline.data.path is not None)
    if not has_data and not any(work.requests[step.name] for step in pipeline.steps if step.state is None):
        _next_wave(work)
        return Fitted(pipeline.with_steps(work.steps), 0, 0, (), time.perf_counter() - started)
    source, declared = resolve(data, pipeline.data)
    with open_database(threads, memory_limit) as database:
        work.progress("reading", 0, 0)
        work.training = at_hand(load_training(database, source, pipeline.inputs, declared))
        work.warnings += _look_at_inputs(work)
        stages = 0
        while wave := _next_wave(work):
            stages += 1
            _run_stage(work, wave, stages)
    seconds = time.perf_counter() - started
    return Fitted(pipeline.with_steps(work.steps), work.rows, stages, tuple(work.warnings), seconds)


def _silent(what: str, done: int, total: int) -> None:
    """The progress of somebody who does not ask."""


def _requests(step: Step, types: Types) -> tuple[Stat, ...]:
    """The statistics a step asks of every input column. A variadic op asks for none."""
    op = OPS[step.op]
    return () if op.is_variadic(step.params) else op.needs(step.params, *step_input_types(step, types))


def _look_at_inputs(work: _Work) -> list[Diagnostic]:
    """Summarise all inputs, as the steps see them, and hold them against the contract."""
    training = work.data
    for i in training.inputs:
        work.columns[_key(i.value, 0)] = Column(identifier(i.name), i.dtype, f"column `{i.name}`", i.span)
    for step in work.steps:
        below = work.columns.get(_key(step.inputs[0].value, 0))
        if step.op == SOURCE and below is not None:
            work.columns[_key(step.name, 0)] = _without_sentinels(below, step.params.null_values)
    promised = _promised(work.steps, training.inputs)
    asked = {ref.value for step in work.steps if work.requests[step.name] for ref in step.inputs}
    needed = {*promised.values(), *(_key(value, 0) for value in asked)}
    columns = {key: column for key, column in work.columns.items() if key in needed}
    counting = [step for step in work.steps if ValueCounts() in work.requests[step.name]]
    counted = {_key(ref.value, 0) for step in counting for ref in step.inputs}
    work.rows, work.summaries = summarise(
        training.database, identifier(training.name), columns, counted & columns.keys()
    )
    with engine_errors("checking the training rows failed"):
        summaries = {name: work.summaries[key] for name, key in promised.items()}
        warnings = check_contract(training, work.rows, summaries)
    work.progress("reading", work.rows, work.rows)
    warnings += concerns.of_instants(training.inputs, summaries)
    return warnings + concerns.of_float32(training, work.pipeline, work.types)


def _without_sentinels(column: Column, sentinels: Sequence[Scalar]) -> Column:
    """The column behind its `source` step, whose rule for nulls is a rule of reading."""
    if not sentinels:
        return column
    return replace(
        column,
        values=f"CASE WHEN {column.values} IN ({', '.join(map(scalar, sentinels))}) THEN NULL ELSE {column.values} END",
    )


def _promised(steps: Sequence[Step], inputs: Sequence[Input]) -> dict[str, str]:
    """For each input the column its contract is about: that behind its `source` step, where sentinels mean null."""
    behind = {step.inputs[0].value: step.name for step in reversed(steps) if step.op == SOURCE}
    return {i.name: _key(behind.get(i.value, i.value), 0) for i in inputs}


def _key(value: str, column: int) -> str:
    return f"{value}[{column}]"


def _next_wave(work: _Work) -> list[Step]:
    """Freeze all steps that need no statistics, as far as widths are known; the steps that wait for statistics now."""
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
        return replace(step, state=op.freeze(step.params, x, [] if op.is_variadic(step.params) else stats))
    except SkcError as error:
        raise located(error, step) from None


def _know(work: _Work, step: Step) -> None:
    """Note the columns of a fitted step, and what they can hold."""
    work.names[step.name] = tuple(name for group in column_groups(step, work.names) for name in group)
    work.levels[step.name] = step_levels(step, work.types, work.names, _levels(work, step))


def _levels(work: _Work, step: Step) -> list[Known]:
    """For each column that goes into a step the only values it can hold."""
    return [known for ref in step.inputs for known in work.levels[ref.value][ref.start : ref.stop]]


def _places(work: _Work, step: Step) -> list[Place]:
    """The columns that go into a step, in order."""
    return [
        (ref.value, j) for ref in step.inputs for j in range(len(work.names[ref.value]))[slice(ref.start, ref.stop)]
    ]


def _run_stage(work: _Work, wave: Sequence[Step], number: int) -> None:
    """Compute what the steps of a wave ask for, each column once, and freeze them."""
    wanted: dict[Place, dict[Stat, None]] = {}
    askers: dict[Place, Step] = {}
    for step in wave:
        for place in _places(work, step):
            wanted.setdefault(place, {}).update(dict.fromkeys(work.requests[step.name]))
            askers.setdefault(place, step)
    answers: dict[str, Answers] = {}
    emptied: set[str] = set()  # columns that have no value at all, of which nobody has heard yet
    direct = [place for place in wanted if _key(*place) in work.columns]
    computed = [place for place in wanted if _key(*place) not in work.columns]
    what = f"stage {number}: statistics"
    if direct:
        columns = {_key(*p): _asked(work, work.columns[_key(*p)], p, askers[p]) for p in direct}
        answers |= _answers(
            work, identifier(work.data.name), columns, {_key(*p): wanted[p] for p in direct}, work.summaries, what
        )
    if computed:
        table = _graph_values(work, computed, number)
        columns = {
            _key(*p): _asked(work, Column(f"c{k}", work.types[p[0]].dtype, ""), p, askers[p])
            for k, p in enumerate(computed)
        }
        _, summaries = summarise(work.data.database, table, columns)
        answers |= _answers(work, table, columns, {_key(*p): wanted[p] for p in computed}, summaries, what)
        emptied = {key for key, summary in summaries.items() if summary.count == 0}
    index = {step.name: i for i, step in enumerate(work.steps)}
    for step in wave:
        i = index[step.name]
        keys = [_key(*place) for place in _places(work, step)]
        stats = [{**answers[key], Levels(): known} for key, known in zip(keys, _levels(work, step), strict=True)]
        work.steps[i] = _frozen(work, step, stats)
        empty = [key in emptied for key in keys]
        seen = [work.summaries.get(key) for key in keys]
        names = input_names(step, work.names)
        work.warnings += concerns.of_step(work.steps[i], work.types, names, stats, seen, empty)
        _know(work, work.steps[i])


def _asked(work: _Work, column: Column, place: Place, step: Step) -> Column:
    """The column, with words for who asks."""
    name = work.names[place[0]][place[1]]
    return replace(column, label=f"column `{name}` before step `{step.name}`", span=step.span or column.span)


def _answers(
    work: _Work,
    table: str,
    columns: dict[str, Column],
    wanted: dict[str, dict[Stat, None]],
    summaries: dict[str, Summary],
    what: str,
) -> dict[str, Answers]:
    """The engine's answers, with progress by columns done."""
    over: list[str] = []

    def done(key: str) -> None:
        over.append(key)
        work.progress(what, work.rows * len(over) // len(columns), work.rows)

    work.progress(what, 0, work.rows)
    return answer(work.data.database, table, columns, wanted, summaries, done)


def _graph_values(work: _Work, places: Sequence[Place], number: int) -> str:
    """Run the graph fitted so far on all training rows; the name of a table whose column `ck` is the k-th place."""
    values = list(dict.fromkeys(value for value, _ in places))
    partial = _partial(work, values)
    lowered = lower(partial, expose=values)
    session = GraphSession(lowered.model.SerializeToString())
    schema = pa.schema([(f"c{k}", ARROW[work.types[value].dtype]) for k, (value, _) in enumerate(places)])

    def run(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, Array | None]:
        made = _run(session, _feeds(batch, lowered.inputs))
        arrays = [_to_arrow(made, value, j, schema.types[k]) for k, (value, j) in enumerate(places)]
        return pa.record_batch(arrays, schema=schema), made.get(GUARDS)

    database = work.data.database
    file = database.folder / f"stage{number}.arrow"
    width = sum(len(work.names[value]) for value in [*values, *(i.value for i in partial.inputs)])
    query = _feed_columns(work.data.name, lowered.inputs)
    batches = database.batches(query, min(CHUNK, max(1024, CHUNK_VALUES // width)))
    done = 0
    with (
        engine_errors("running the training rows through the graph failed"),
        closing(batches),
        ThreadPoolExecutor(work.threads) as pool,
        pa.OSFile(str(file), "wb") as sink,
        pa.ipc.new_file(sink, schema) as writer,
    ):
        for batch, hits in _in_order(pool, run, batches, work.threads + 1):
            if lowered.guards is not None and hits is not None and hits.any():
                batches.close()
                raise _guarded(work, lowered.guards, hits, done)
            writer.write_batch(batch)
            done += batch.num_rows
            work.progress(f"stage {number}: graph", done, work.rows)
    return _as_table(database, file)


def _in_order(pool: Executor, function: Callable[[_T], _U], items: Iterable[_T], ahead: int) -> Iterator[_U]:
    """The results in the order of the items, with at most `ahead` of them under way."""
    waiting: deque[Future[_U]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _as_table(database: Database, file: Path) -> str:
    """What was written, mapped into memory: the engine reads it without a copy, the system drops pages as it must."""
    name = database.new_name("stage")
    database.register(name, pa.ipc.open_file(pa.memory_map(str(file))).read_all())
    with suppress(OSError):  # the map keeps the rows, and a kill then leaves none; Windows keeps the name too
        file.unlink()
    return identifier(name)


ARROW = {
    "float64": pa.float64(),
    "int64": pa.int64(),
    "timestamp": pa.int64(),
    "date": pa.int64(),
    "bool": pa.bool_(),
    "string": pa.large_string(),
}


def _partial(work: _Work, values: Sequence[str]) -> Pipeline:
    """The part of the pipeline that makes some values, with only the inputs that they need."""
    fitted = [step for step in work.steps if step.name in work.names]
    partial = prune(replace(work.pipeline, features=(), outputs=(), steps=tuple(fitted)), values)
    used = {ref.value for step in partial.steps for ref in step.inputs} | set(values)
    return replace(partial, inputs=tuple(i for i in partial.inputs if i.value in used))


def _feed_columns(table: str, inputs: Sequence[InputSpec]) -> str:
    """The inputs as the graph wants them: the zero of the type under a null, and beside it whether there is a value."""
    columns = [f"coalesce({identifier(i.name)}, {scalar(ZEROS[i.type])}) AS v{k}" for k, i in enumerate(inputs)]
    columns += [f"{identifier(i.name)} IS NOT NULL AS p{k}" for k, i in enumerate(inputs) if i.valid is not None]
    return f"SELECT {', '.join(columns)} FROM {identifier(table)}"


def _feeds(batch: pa.RecordBatch, inputs: Sequence[InputSpec]) -> dict[str, Array]:
    """One tensor [N, 1] per input; numbers are not copied."""
    feeds = {}
    for k, i in enumerate(inputs):
        feeds[i.tensor] = batch.column(f"v{k}").to_numpy(zero_copy_only=False)[:, None]
        if i.valid is not None:
            feeds[i.valid.tensor] = batch.column(f"p{k}").to_numpy(zero_copy_only=False)[:, None]
    return feeds


def _run(session: GraphSession, feeds: dict[str, Array]) -> dict[str, Array]:
    try:
        return session.run(feeds)
    except SkcRuntimeError as error:
        raise bug(f"the graph of a fitting stage does not run: {error}") from error


def _to_arrow(made: dict[str, Array], value: str, column: int, dtype: pa.DataType) -> pa.Array:
    """One column of a value; NaN is null, and so is what is not valid."""
    values = np.ascontiguousarray(made[value][:, column])
    if values.dtype == np.float64:
        return pa.array(values, from_pandas=bool(np.isnan(values.min(initial=np.inf))))
    valid = made.get(f"{value}#valid")
    return pa.array(values, dtype, mask=None if valid is None else ~valid[:, column])


def _inputs_of(work: _Work, step: str) -> list[Input]:
    """The inputs that a step's values come from."""
    wanted = {step}
    for s in reversed(work.steps):
        if s.name in wanted:
            wanted.update(ref.value for ref in s.inputs)
    return [i for i in work.pipeline.inputs if i.value in wanted]


def _guarded(work: _Work, declared: Guards, hits: Array, before: int) -> SkcError:
    """SKC224 for the first row that a policy of `error` refuses; `before` rows went through well."""
    row = int(np.flatnonzero(hits.any(axis=1))[0])
    spec = declared.columns[int(np.flatnonzero(hits[row])[0])]
    found = work.data.find("true", skip=before + row)
    raw = [f"`{i.name}` = {shown(found.values[i.name])}" for i in _inputs_of(work, spec.step) if i.name in found.values]
    return fail(
        "SKC224",
        f"{found.place}: step `{spec.step}` refuses the value of `{spec.input}` ({spec.code})",
        span=next((s.span for s in work.steps if s.name == spec.step), None),
        notes=[f"the row: {', '.join(raw)}"] if raw else [],
        hint="leave such rows out by `where`, or choose another policy than `error`",
    )
