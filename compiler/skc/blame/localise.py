"""Which step is to blame: every step's value in the model itself, held against the reference, for one row.

Why in the model and not in a fresh lowering alone: what differs may be the file. A model that was edited, or built by
something else, agrees with no lowering of ours, and a fresh one of the same plan is right in every step.

The atlas of the plan tells which tensor is which step's; a model whose tensors bear the same names is probed there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx

from skc import reference
from skc.blame.atlas import Atlas, Probe
from skc.blame.owners import owners_of_tensors
from skc.equality.compare import compare
from skc.equality.sides import feeds, showing
from skc.infer import column_groups, column_names, value_types
from skc.ir import Pipeline, Ref, Step
from skc.ops import OPS
from skc.rows.sampling import Record, to_blocks
from skc.values.types import Block, Scalar
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.kinds import Array
from skc_runtime.session import GraphSession


@dataclass(frozen=True)
class StepValue:
    """One column of one step for one row, on both sides; None is null. `is_shown` is False where the graph keeps it.

    `is_foreign`: the graph makes it by other operations than the plan compiles to, and `got` is nothing to go by.
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
    """Made at the first difference, for most verifications have none."""

    def __init__(self, atlas: Atlas, model: bytes) -> None:
        self._pipeline = atlas.pipeline
        given = onnx.load_from_string(model)
        self.is_what_the_plan_compiles_to = _graph_bytes(given) == _graph_bytes(atlas.fresh)
        probes = [_probe_model(atlas, given), atlas.steps]
        self._probes = [probe for probe in probes if probe is not None]

    def first_differing_step(self, record: Record, makers: tuple[str, ...]) -> str | None:
        """The first of some steps whose value is not the reference's, or which the graph makes by other operations;
        None where all agree.
        """
        for walk in self._walks(record):
            for value in walk:
                if (value.differs or value.is_foreign) and value.step in makers:
                    return value.step
        return None

    def walk(self, record: Record) -> tuple[StepValue, ...]:
        """The value of every step for a row: of the graph that shows a difference, else of the model itself."""
        walks = list(self._walks(record))
        return next((walk for walk in walks if any(value.differs for value in walk)), walks[0] if walks else ())

    def _walks(self, record: Record) -> Iterator[tuple[StepValue, ...]]:
        """One per graph that runs on the row."""
        blocks = to_blocks(self._pipeline.inputs, [record])
        for probe in self._probes:
            given = probe.feed(blocks)
            try:
                found = {**given, **probe.session.run(given)}  # a step may pass on what it is given
            except SkcRuntimeError:  # it fails on this row, and shows nothing
                continue
            yield tuple(_step_values(probe, found, reference.run(probe.pipeline, blocks).values))


def makers_of(pipeline: Pipeline, output: str, column: int) -> tuple[str, ...]:
    """The steps that an output column is made by, in their order."""
    names = column_names(pipeline)
    refs = next(o.refs for o in pipeline.outputs if o.name == output)
    columns = [(ref.value, c) for ref in refs for c in _columns(ref, len(names[ref.value]))]
    return _ordered(pipeline, _ancestors(pipeline, [columns[column]]))


def makers_of_step(pipeline: Pipeline, name: str) -> tuple[str, ...]:
    """A step and the steps it needs, in their order."""
    width = len(column_names(pipeline)[name])
    return _ordered(pipeline, _ancestors(pipeline, [(name, k) for k in range(width)]) | {name})


def _ordered(pipeline: Pipeline, found: set[str]) -> tuple[str, ...]:
    return tuple(step.name for step in pipeline.steps if step.name in found)


def _ancestors(pipeline: Pipeline, columns: list[tuple[str, int]]) -> set[str]:
    """The steps behind some columns of values."""
    names, steps = column_names(pipeline), {step.name: step for step in pipeline.steps}
    found: set[str] = set()
    while columns:
        value, column = columns.pop()
        if value not in steps:
            continue
        step = steps[value]
        found.add(value)
        sources = [(ref.value, c) for ref in step.inputs for c in _columns(ref, len(names[ref.value]))]
        op = OPS[step.op]
        is_columnwise = op.is_columnwise(step.params)
        columns += [sources[_group_of(step, column, pipeline)]] if is_columnwise else sources
    return found


def _columns(ref: Ref, width: int) -> range:
    return range(*slice(ref.start, ref.stop).indices(width))


def _group_of(step: Step, column: int, pipeline: Pipeline) -> int:
    """The input column of a columnwise step that output column `column` comes from."""
    groups = column_groups(step, column_names(pipeline))
    return [g for g, group in enumerate(groups) for _ in group][column]


def _step_values(probe: Probe, found: Mapping[str, Array], wanted: Mapping[str, Block]) -> Iterator[StepValue]:
    """Every column of every step as written, for the one row there is."""
    types, names = value_types(probe.pipeline), column_names(probe.pipeline)
    for step in probe.pipeline.steps:
        want = wanted[step.name]
        wanted_row = want.to_rows()[0]
        if step.name not in probe.values or step.name in probe.foreign:
            for k, name in enumerate(names[step.name]):
                is_foreign = step.name in probe.foreign
                origin = _origin(probe, step, k)
                yield StepValue(
                    origin, step.op, name, None, wanted_row[k], False, is_shown=False, is_foreign=is_foreign
                )
            continue
        got = found[probe.values[step.name]]
        valid = found[probe.valid[step.name]] if step.name in probe.valid else np.ones(got.shape, dtype=bool)
        exact = [types[step.name].exact] * want.width
        differs = compare(got, want.values, exact, got_valid=valid, want_valid=want.present()).differs[0]
        for k, name in enumerate(names[step.name]):
            given = _scalar(got, valid, k)
            yield StepValue(_origin(probe, step, k), step.op, name, given, wanted_row[k], bool(differs[k]))


def _scalar(values: Array, valid: Array, k: int) -> Scalar:
    """One value of a graph's row; None where it is missing, or where the graph has fewer columns."""
    if values.ndim != 2 or k >= values.shape[1] or not valid[0, k]:
        return None
    value: Scalar = values[0, k].item() if isinstance(values[0, k], np.generic) else values[0, k]
    return None if isinstance(value, float) and value != value else value


def _origin(probe: Probe, step: Step, column: int) -> str:
    """The step as written that a column of a fused step belongs to."""
    return step.origins[_group_of(step, column, probe.pipeline)] if step.origins else step.name


def _probe_model(atlas: Atlas, given: onnx.ModelProto) -> Probe | None:
    """The model itself, where its tensors bear the names that this version gives them."""
    made = {name for node in given.graph.node for name in node.output}
    known = made | {value.name for value in given.graph.input}
    values = {name: tensor for name, tensor in atlas.values.items() if tensor in known}
    valid = {name: tensor for name, tensor in atlas.valid.items() if tensor in known}
    try:
        session = GraphSession(showing(given, [t for t in (*values.values(), *valid.values()) if t in made]))
        foreign = _foreign_steps(atlas, given)
        return Probe(atlas.fused, session, partial(feeds, atlas.manifest), values, valid, foreign)
    except SkcRuntimeError:  # it serves, but not with its middle shown
        return None


def _foreign_steps(atlas: Atlas, given: onnx.ModelProto) -> frozenset[str]:
    """The steps that a model makes by other operations than the plan compiles to, or that it adds some to.

    Added is what looks into the middle of a step: a null that the step should not give shows behind it alone.
    """
    ours, theirs = _shapes_of(atlas.fresh.graph), _shapes_of(given.graph)
    ends = [(name, places[name]) for places in (atlas.values, atlas.valid) for name in places]
    found = {name for name, tensor in ends if ours.get(tensor) != theirs.get(tensor)}
    return frozenset(found | _looked_into(atlas, given, ours, theirs))


def _looked_into(atlas: Atlas, given: onnx.ModelProto, ours: Mapping[str, int], theirs: Mapping[str, int]) -> set[str]:
    """The steps of which a node that the plan has not takes a tensor that is neither their value nor its `valid`."""
    fused = {origin: step.name for step in atlas.fused.steps for origin in (step.origins or (step.name,))}
    ends = {*atlas.values.values(), *atlas.valid.values()}
    insides: dict[int, set[str]] = {}  # by shape, the steps that such a tensor is part of
    constants = {name for node in atlas.fresh.graph.node if node.op_type == "Constant" for name in node.output}
    for tensor, steps in owners_of_tensors(atlas).items():
        if tensor not in constants and tensor not in ends:
            insides.setdefault(ours[tensor], set()).update(fused[step] for step in steps)
    shapes = {*ours.values()}
    # what comes behind such a node is another one too, and tells nothing
    added = (
        node
        for node in given.graph.node
        if theirs[node.output[0]] not in shapes and all(theirs.get(name) in shapes for name in node.input)
    )
    looked = (insides.get(theirs.get(name, 0), set()) for node in added for name in node.input)
    return {step for steps in looked if len(steps) == 1 for step in steps}


def _shapes_of(graph: onnx.GraphProto) -> dict[str, int]:
    """For every tensor a hash of the operations that it is made by, whatever their constants are."""
    found = {value.name: hash(value.name) for value in graph.input}
    for node in graph.node:
        shape = (node.op_type, *(found.get(name, 0) for name in node.input))
        found.update({name: hash((*shape, k)) for k, name in enumerate(node.output)})
    return found


def _graph_bytes(model: onnx.ModelProto) -> bytes:
    data: bytes = model.graph.SerializeToString(deterministic=True)
    return data
