"""The output of the steps fitted so far for the training rows, from which the next stage learns.

Why the compiled graph and not the reference: a state is then learned from exactly the bits that serving will produce,
and no op needs a third implementation. Why fused into blocks, as served: a graph of a thousand steps takes longer to
write than to run. Why a function that can be pickled: an engine runs it where the rows are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from skc.batch_graph import BatchGraph
from skc.data.engine import ARROW, AnyRow, Data, RowRefusedError, Table
from skc.diagnostics import SkcError, bug, fail
from skc.infer import Types
from skc.ir import Output, Pipeline, Ref, Step
from skc.lower import GUARDS, Lowered, lower, optimised
from skc.values.arrow import runs_of
from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.kinds import Array
from skc_runtime.manifest import Guards

CHUNK = 65_536  # rows per run of the graph, fewer if they are wide
CHUNK_VALUES = 1 << 23
Place = tuple[str, int]  # a value and a column of it


class GraphFunction:
    """Maps a batch of inputs to a batch of columns of the graph's values. Raises RowRefusedError."""

    def __init__(self, lowered: Lowered, places: Sequence[Place], schema: pa.Schema) -> None:
        self.graph = BatchGraph(lowered)
        self._places, self._schema = tuple(places), schema

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
        try:
            results = self.graph.run(batch)
        except SkcRuntimeError as error:
            raise bug(f"the graph of a fitting stage does not run: {error}") from error
        _check_guards(results.get(GUARDS))
        columns = {name: np.ascontiguousarray(values.T) for name, values in results.items()}
        pairs = zip(self._places, self._schema.types, strict=True)
        return pa.record_batch([_to_arrow(columns, *place, kind) for place, kind in pairs], schema=self._schema)


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
    partial, moved = _partial(pipeline, values)
    lowered = lower(partial, "packed", list(dict.fromkeys(value for value, _ in moved.values())))
    schema = pa.schema([(f"c{k}", ARROW[types[value].dtype]) for k, (value, _) in enumerate(places)])
    fused = [(moved[value][0], moved[value][1] + k) for value, k in places]
    function = GraphFunction(lowered, fused, schema)
    width = sum(widths[value] for value in [*values, *(i.value for i in partial.inputs)])
    try:
        return data.map_batches(
            function, function.graph.reads, schema, min(CHUNK, max(1024, CHUNK_VALUES // width)), done
        )
    except RowRefusedError as refused:
        assert lowered.guards is not None  # one of them refused the row
        raise _guarded(data, pipeline, lowered.guards, refused) from None


def _partial(pipeline: Pipeline, values: Sequence[str]) -> tuple[Pipeline, Mapping[str, Place]]:
    """The part of the pipeline that computes some values, with only the inputs that they need, fused into blocks; and
    for each of the values the block that contains it, and its first column there.
    """
    all_values = Output("values", tuple(map(Ref, values)), "float64")
    fused = optimised(replace(pipeline, features=(), outputs=(all_values,)))
    (refs,) = (output.refs for output in fused.outputs)
    used = {ref.value for step in fused.steps for ref in step.inputs} | {ref.value for ref in refs}
    partial = replace(fused, outputs=(), inputs=tuple(i for i in fused.inputs if i.value in used))
    return partial, {value: (ref.value, ref.start or 0) for value, ref in zip(values, refs, strict=True)}


def _check_guards(guards: Array | None) -> None:
    """Raise RowRefusedError for the first row that violates a policy of `error`, with the index of the guard."""
    if guards is not None and guards.any():
        row = int(np.flatnonzero(guards.any(axis=1))[0])
        raise RowRefusedError(row, int(np.flatnonzero(guards[row])[0]))


def _to_arrow(columns: Mapping[str, Array], value: str, k: int, dtype: pa.DataType) -> pa.Array:
    """One column of a value, null where it is not valid."""
    values = columns[value][k]
    if values.dtype.kind == "f":
        return pa.array(values)
    valid = columns.get(f"{value}#valid")
    return pa.array(values, dtype, mask=None if valid is None else ~valid[k])


def _guarded(data: Data, pipeline: Pipeline, declared: Guards, refused: RowRefusedError) -> SkcError:
    spec = declared.columns[refused.why]
    row = refused.located or data.find(AnyRow(), skip=refused.row)
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
