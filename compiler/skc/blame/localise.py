"""Which step is to blame: every step's value in the model itself, compared with its right value, for one row.

Why in the model and not only in a fresh lowering: the file itself may be wrong. A model that was edited, or built by
another tool, matches none of our lowerings, and a fresh one of the same plan is right in every step.

Tensors are named after their steps, so a model with the names of its plan is probed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx

from skc.blame.atlas import Atlas, Probe
from skc.equality.compare import compare
from skc.equality.sides import feeds, showing
from skc.infer import column_groups, column_names, value_types
from skc.ir import Pipeline, Ref, Step
from skc.lower import StepTensors
from skc.ops import OPS
from skc.oracle.protocol import Evaluate
from skc.rows.sampling import Record, to_blocks
from skc.values.types import Block, Scalar
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import Array
from skc_runtime.session import GraphSession


@dataclass(frozen=True)
class StepValue:
    """One column of one step for one row, on both sides; None is null. `is_shown` is False if the graph hides it.

    `is_foreign`: the graph computes it by other operations than the plan compiles to, so `got` is not comparable.
    """

    step: str
    op: str
    column: str
    got: Scalar
    want: Scalar
    differs: bool
    is_shown: bool = True
    is_foreign: bool = False


class Localiser:
    """Observes the values of steps. Built at the first difference, because most verifications have none."""

    def __init__(self, atlas: Atlas, model: bytes, evaluate: Evaluate) -> None:
        self._evaluate = evaluate
        self._pipeline = atlas.pipeline
        proto = onnx.load_from_string(model)
        self.is_what_the_plan_compiles_to = _graph_bytes(proto) == _graph_bytes(atlas.lowered.model)
        probes = [_probe_model(atlas, proto), atlas.steps]
        self._probes = [probe for probe in probes if probe is not None]

    def first_differing_step(self, record: Record, makers: tuple[str, ...]) -> str | None:
        """The first of some steps whose value is not the right one, or which the graph computes by other
        operations; None if all agree.
        """
        for walk in self._walks(record):
            for value in walk:
                if (value.differs or value.is_foreign) and value.step in makers:
                    return value.step
        return None

    def walk(self, record: Record) -> tuple[StepValue, ...]:
        """The value of every step for a row: from the first graph that shows a difference, else from the model."""
        walks = list(self._walks(record))
        return next((walk for walk in walks if any(value.differs for value in walk)), walks[0] if walks else ())

    def _walks(self, record: Record) -> Iterator[tuple[StepValue, ...]]:
        """One per graph that runs on the row."""
        blocks = to_blocks(self._pipeline.inputs, [record])
        for probe in self._probes:
            request = probe.feed(blocks)
            try:
                tensors = {**request, **probe.session.run(request)}  # a step may pass its input on
            except SkcRuntimeError:  # it fails on this row, so nothing can be observed
                continue
            yield tuple(_step_values(probe, tensors, self._evaluate(probe.pipeline, blocks).values))


def makers_of(pipeline: Pipeline, output: str, column: int) -> tuple[str, ...]:
    """The steps that an output column depends on, in order."""
    names = column_names(pipeline)
    refs = next(o.refs for o in pipeline.outputs if o.name == output)
    columns = [(ref.value, c) for ref in refs for c in _columns(ref, len(names[ref.value]))]
    return _ordered(pipeline, _ancestors(pipeline, [columns[column]]))


def makers_of_step(pipeline: Pipeline, name: str) -> tuple[str, ...]:
    """A step and the steps it depends on, in order."""
    width = len(column_names(pipeline)[name])
    return _ordered(pipeline, _ancestors(pipeline, [(name, k) for k in range(width)]) | {name})


def _ordered(pipeline: Pipeline, selected: set[str]) -> tuple[str, ...]:
    return tuple(step.name for step in pipeline.steps if step.name in selected)


def _ancestors(pipeline: Pipeline, columns: list[tuple[str, int]]) -> set[str]:
    """The steps that some columns of values depend on."""
    names, steps = column_names(pipeline), {step.name: step for step in pipeline.steps}
    ancestors: set[str] = set()
    while columns:
        value, column = columns.pop()
        if value not in steps:
            continue
        step = steps[value]
        ancestors.add(value)
        sources = [(ref.value, c) for ref in step.inputs for c in _columns(ref, len(names[ref.value]))]
        op = OPS[step.op]
        is_columnwise = op.is_columnwise(step.params)
        columns += [sources[_group_of(step, column, pipeline)]] if is_columnwise else sources
    return ancestors


def _columns(ref: Ref, width: int) -> range:
    return range(*slice(ref.start, ref.stop).indices(width))


def _group_of(step: Step, column: int, pipeline: Pipeline) -> int:
    """The input column of a columnwise step that output column `column` comes from."""
    groups = column_groups(step, column_names(pipeline))
    return [g for g, group in enumerate(groups) for _ in group][column]


def _step_values(
    probe: Probe, tensor_values: Mapping[str, Array], reference_values: Mapping[str, Block]
) -> Iterator[StepValue]:
    """Every column of every unfused step, for the single row."""
    types, names = value_types(probe.pipeline), column_names(probe.pipeline)
    for step in probe.pipeline.steps:
        want = reference_values[step.name]
        want_row = want.to_rows()[0]
        tensors, is_foreign = probe.steps[step.name], step.name in probe.foreign
        if tensors.value is None or is_foreign:
            for k, name in enumerate(names[step.name]):
                origin = _origin(probe, step, k)
                yield StepValue(origin, step.op, name, None, want_row[k], False, is_shown=False, is_foreign=is_foreign)
            continue
        got = tensor_values[tensors.value]
        valid = np.ones(got.shape, dtype=bool) if tensors.valid is None else tensor_values[tensors.valid]
        exact = [types[step.name].exact] * want.width
        differs = compare(got, want.values, exact, got_valid=valid, want_valid=want.present()).differs[0]
        for k, name in enumerate(names[step.name]):
            got_value = _scalar(got, valid, k)
            yield StepValue(_origin(probe, step, k), step.op, name, got_value, want_row[k], bool(differs[k]))


def _scalar(values: Array, valid: Array, k: int) -> Scalar:
    """One value of a graph's row; None where it is missing, or where the graph has fewer columns."""
    if values.ndim != 2 or k >= values.shape[1] or not valid[0, k]:
        return None
    value: Scalar = values[0, k].item() if isinstance(values[0, k], np.generic) else values[0, k]
    return None if isinstance(value, float) and value != value else value


def _origin(probe: Probe, step: Step, column: int) -> str:
    """The unfused step that a column of a fused step belongs to."""
    return step.origins[_group_of(step, column, probe.pipeline)] if step.origins else step.name


def _probe_model(atlas: Atlas, model: onnx.ModelProto) -> Probe | None:
    """The model itself, if its tensors have the names that this version gives them."""
    outputs = {name for node in model.graph.node for name in node.output}
    known = outputs | {value.name for value in model.graph.input}
    steps = {
        step: StepTensors(*(tensor if tensor in known else None for tensor in (ours.value, ours.valid)))
        for step, ours in atlas.lowered.steps.items()
    }
    try:
        session = GraphSession(
            showing(model, [t for step_tensors in steps.values() for t in step_tensors.present if t in outputs])
        )
    except SkcRuntimeError:  # it serves, but not with intermediate tensors as outputs
        return None
    return Probe(atlas.lowered.pipeline, session, partial(feeds, atlas.manifest), steps, _foreign_steps(atlas, model))


def _foreign_steps(atlas: Atlas, model: onnx.ModelProto) -> frozenset[str]:
    """The steps with a tensor that the model computes by another operation, or from other tensors, than the plan does.

    The values may be equal all the same: an unexpected null is in a separate tensor, `STEP/valid`.
    """
    ours, theirs = _operations(atlas.lowered.model.graph), _operations(model.graph)
    changed = (atlas.lowered.owner(name) for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    return frozenset(step for step in changed if step is not None)


def _operations(graph: onnx.GraphProto) -> dict[str, tuple[str, ...]]:
    """For every tensor the operation that computes it, and the inputs of that operation."""
    return {name: (node.op_type, *node.input) for node in graph.node for name in node.output}


def _graph_bytes(model: onnx.ModelProto) -> bytes:
    data: bytes = model.graph.SerializeToString(deterministic=True)
    return data
