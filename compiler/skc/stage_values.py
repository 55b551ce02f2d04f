"""The output of the steps fitted so far for the training rows, from which the next stage learns.

Why the compiled graph and not the reference: a state is then learned from exactly the bits that serving will produce,
and no op needs a third implementation. Why a function that can be pickled: an engine runs it where the rows are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from skc.data.engine import ARROW, AnyRow, Column, Data, RowRefusedError, Table
from skc.diagnostics import SkcError, bug, fail
from skc.infer import Types
from skc.ir import Pipeline, Step
from skc.lower import GUARDS, lower
from skc.passes.prune import prune
from skc.values.arrow import runs_of
from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.kinds import KINDS, Array
from skc_runtime.manifest import Guards, InputSpec
from skc_runtime.session import GraphSession

CHUNK = 65_536  # rows per run of the graph, fewer if they are wide
CHUNK_VALUES = 1 << 23
Place = tuple[str, int]  # a value and a column of it


class GraphFunction:
    """Maps a batch of inputs to a batch of columns of the graph's values. Raises RowRefusedError."""

    def __init__(self, model: bytes, inputs: Sequence[InputSpec], places: Sequence[Place], schema: pa.Schema) -> None:
        self._made_of = (model, inputs, places, schema)
        self._session = GraphSession(model)

    def __reduce__(self) -> tuple[type[GraphFunction], tuple[object, ...]]:
        return GraphFunction, self._made_of

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        runs = runs_of(batch, max(1, batch.num_rows))
        if len(runs) <= 1:
            return self._run(batch)
        parts = []
        for run in runs:
            try:
                parts.append(self._run(batch.slice(run.start, run.stop - run.start)))
            except RowRefusedError as error:
                raise RowRefusedError(run.start + error.row, error.why) from None
        return pa.concat_batches(parts)

    def _run(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        _, inputs, places, schema = self._made_of
        try:
            results = self._session.run(_tensors(batch, inputs))
        except SkcRuntimeError as error:
            raise bug(f"the graph of a fitting stage does not run: {error}") from error
        _check_guards(results.get(GUARDS))
        arrays = [_to_arrow(results, value, j, schema.types[k]) for k, (value, j) in enumerate(places)]
        return pa.record_batch(arrays, schema=schema)


def stage_values(
    data: Data,
    pipeline: Pipeline,
    types: Types,
    widths: Mapping[str, int],
    places: Sequence[Place],
    done: Callable[[int], None],
) -> Table:
    """A table whose column `ck` is the k-th place. `pipeline` has only the fitted steps.

    Raises SKC224 for the first row that a policy of `error` refuses.
    """
    values = list(dict.fromkeys(value for value, _ in places))
    partial = _partial(pipeline, values)
    lowered = lower(partial, expose=values)
    schema = pa.schema([(f"c{k}", ARROW[types[value].dtype]) for k, (value, _) in enumerate(places)])
    function = GraphFunction(lowered.model.SerializeToString(), lowered.inputs, places, schema)
    width = sum(widths[value] for value in [*values, *(i.value for i in partial.inputs)])
    columns = [Column(i.name, i.type, f"column `{i.name}`") for i in lowered.inputs]
    try:
        return data.map_batches(function, columns, schema, min(CHUNK, max(1024, CHUNK_VALUES // width)), done)
    except RowRefusedError as refused:
        assert lowered.guards is not None  # one of them refused the row
        raise _guarded(data, pipeline, lowered.guards, refused) from None


def _partial(pipeline: Pipeline, values: Sequence[str]) -> Pipeline:
    """The part of the pipeline that computes some values, with only the inputs that they need."""
    partial = prune(replace(pipeline, features=(), outputs=()), values)
    used = {ref.value for step in partial.steps for ref in step.inputs} | set(values)
    return replace(partial, inputs=tuple(i for i in partial.inputs if i.value in used))


def _tensors(batch: pa.RecordBatch, inputs: Sequence[InputSpec]) -> dict[str, Array]:
    """One tensor [N, 1] per input, with the zero of the type under a null; avoids copying numbers."""
    tensors = {}
    for column, i in zip(batch.columns, inputs, strict=True):
        values = column.fill_null(KINDS[i.type].zero).to_numpy(zero_copy_only=False)
        tensors[i.tensor] = values.astype(KINDS[i.type].numpy, copy=False)[:, None]
        if i.valid is not None:
            tensors[i.valid.tensor] = column.is_valid().to_numpy(zero_copy_only=False)[:, None]
    return tensors


def _check_guards(guards: Array | None) -> None:
    """Raise RowRefusedError for the first row that violates a policy of `error`, with the index of the guard."""
    if guards is not None and guards.any():
        row = int(np.flatnonzero(guards.any(axis=1))[0])
        raise RowRefusedError(row, int(np.flatnonzero(guards[row])[0]))


def _to_arrow(results: Mapping[str, Array], value: str, column: int, dtype: pa.DataType) -> pa.Array:
    """One column of a value; NaN is null, as is any value that is not valid."""
    values = np.ascontiguousarray(results[value][:, column])
    if values.dtype.kind == "f":
        return pa.array(values, from_pandas=bool(np.isnan(values.min(initial=np.inf))))
    valid = results.get(f"{value}#valid")
    return pa.array(values, dtype, mask=None if valid is None else ~valid[:, column])


def _guarded(data: Data, pipeline: Pipeline, declared: Guards, refused: RowRefusedError) -> SkcError:
    spec = declared.columns[refused.why]
    row = data.find(AnyRow(), skip=refused.row)
    behind = pipeline.behind([spec.step])
    inputs = [i for i in pipeline.inputs if i.value in behind and i.name in row.values]
    step: Step | None = next((s for s in pipeline.steps if s.name == spec.step), None)
    return fail(
        "SKC224",
        f"{row.place}: step `{spec.step}` refuses the value of `{spec.input}` ({spec.code})",
        span=None if step is None else step.span,
        notes=[f"the row: {', '.join(f'`{i.name}` = {shown(row.values[i.name])}' for i in inputs)}"] if inputs else [],
        hint="exclude such rows with `where`, or choose a policy other than `error`",
    )
