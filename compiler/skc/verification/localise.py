"""Which step is to blame: every step's value in the model itself, held against the reference, for one row.

Why in the model and not in a fresh lowering alone: what differs may be the file. A model that was edited, or built by
something else, agrees with no lowering of ours, and a fresh one of the same plan is right in every step.

How the value of a step is found in a model: the plan is lowered once more with every step as an output. Walked back
from their outputs side by side, that graph and the plain one tell which tensor is which step's, and a model whose
tensors bear the same names is probed there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import onnx

from skc import reference
from skc.infer import column_groups, column_names, value_types
from skc.ir import Pipeline, Ref, Step
from skc.lower import Lowered, lower, optimised
from skc.ops import OPS
from skc.sampling import Record, to_blocks
from skc.types import Array, Block, Scalar
from skc.verification.compare import compare
from skc.verification.subject import feeds, showing
from skc_runtime.errors import SkcRuntimeError
from skc_runtime.manifest import Manifest
from skc_runtime.session import GraphSession


@dataclass(frozen=True)
class _Probe:
    """A graph whose steps can be read: how it is fed, the steps it has, the tensors of their values and of `valid`.

    `foreign` are the steps that it makes by other operations than the plan compiles to: what bears a step's name may
    be something else there.
    """

    pipeline: Pipeline
    session: GraphSession
    feed: Callable[[Mapping[str, Block]], dict[str, Array]]
    values: Mapping[str, str]
    valid: Mapping[str, str]
    foreign: frozenset[str] = frozenset()


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


@dataclass(frozen=True)
class Atlas:
    """What a plan compiles to, and where in it the values of its steps lie: made once, for any number of models.

    `fused` has the steps of that graph, `values` and `valid` their tensors; `steps` is a graph of the steps as written.
    """

    pipeline: Pipeline
    manifest: Manifest
    fresh: onnx.ModelProto
    fused: Pipeline
    values: Mapping[str, str]
    valid: Mapping[str, str]
    steps: _Probe


def draw_atlas(pipeline: Pipeline, manifest: Manifest) -> Atlas:
    """The atlas of a fitted pipeline, pruned."""
    fresh = lower(pipeline, manifest.signature).model
    fused = optimised(pipeline)
    names = [step.name for step in fused.steps]
    same = _same_tensors(lower(fused, manifest.signature, expose=names, optimise=False), fresh)
    values = {name: same[name] for name in names if name in same}
    valid = {name: same[f"{name}#valid"] for name in names if f"{name}#valid" in same}
    return Atlas(pipeline, manifest, fresh, fused, values, valid, _probe_steps(pipeline))


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
        is_columnwise = not op.variadic and op.columnwise(step.params)
        columns += [sources[_group_of(step, column, pipeline)]] if is_columnwise else sources
    return found


def _columns(ref: Ref, width: int) -> range:
    return range(*slice(ref.start, ref.stop).indices(width))


def _group_of(step: Step, column: int, pipeline: Pipeline) -> int:
    """The input column of a columnwise step that output column `column` comes from."""
    groups = column_groups(step, column_names(pipeline))
    return [g for g, group in enumerate(groups) for _ in group][column]


def _step_values(probe: _Probe, found: Mapping[str, Array], wanted: Mapping[str, Block]) -> Iterator[StepValue]:
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


def _origin(probe: _Probe, step: Step, column: int) -> str:
    """The step as written that a column of a fused step belongs to."""
    return step.origins[_group_of(step, column, probe.pipeline)] if step.origins else step.name


def _probe_steps(pipeline: Pipeline) -> _Probe:
    """The steps as they are written, lowered anew."""
    names = [step.name for step in pipeline.steps]
    lowered = lower(pipeline, expose=names, optimise=False)
    made = {output.name for output in lowered.model.graph.output}
    valid = {name: f"{name}#valid" for name in names if f"{name}#valid" in made}

    def feed(blocks: Mapping[str, Block]) -> dict[str, Array]:
        tensors = {slot.tensor: blocks[name].values for name, slot in lowered.values.items()}
        return tensors | {slot.tensor: blocks[name].present() for name, slot in lowered.valid.items()}

    session = GraphSession(lowered.model.SerializeToString())
    return _Probe(pipeline, session, feed, {name: name for name in names}, valid)


def _probe_model(atlas: Atlas, given: onnx.ModelProto) -> _Probe | None:
    """The model itself, where its tensors bear the names that this version gives them."""
    made = {name for node in given.graph.node for name in node.output}
    known = made | {value.name for value in given.graph.input}
    values = {name: tensor for name, tensor in atlas.values.items() if tensor in known}
    valid = {name: tensor for name, tensor in atlas.valid.items() if tensor in known}
    try:
        session = GraphSession(showing(given, [t for t in (*values.values(), *valid.values()) if t in made]))
        foreign = _foreign_steps(atlas, given)
        return _Probe(atlas.fused, session, partial(feeds, atlas.manifest), values, valid, foreign)
    except SkcRuntimeError:  # it serves, but not with its middle shown
        return None


def _foreign_steps(atlas: Atlas, given: onnx.ModelProto) -> frozenset[str]:
    """The steps whose tensors are made by other operations in a model than in the one the plan compiles to."""
    ours, theirs = _shapes_of(atlas.fresh.graph), _shapes_of(given.graph)
    return frozenset(
        name
        for name in atlas.values
        for places in (atlas.values, atlas.valid)
        if name in places and ours.get(places[name]) != theirs.get(places[name])
    )


def _shapes_of(graph: onnx.GraphProto) -> dict[str, int]:
    """For every tensor a hash of the operations that it is made by, whatever their constants are."""
    found = {value.name: hash(value.name) for value in graph.input}
    for node in graph.node:
        shape = (node.op_type, *(found.get(name, 0) for name in node.input))
        found.update({name: hash((*shape, k)) for k, name in enumerate(node.output)})
    return found


def _same_tensors(shown: Lowered, fresh: onnx.ModelProto) -> dict[str, str]:
    """For every tensor of the one graph its name in the other, which has the same nodes under other names."""
    a, b = _producers(shown.model.graph), _producers(fresh.graph)
    pairs = [(output.name, output.name) for output in fresh.graph.output]
    same: dict[str, str] = {}
    while pairs:
        x, y = pairs.pop()
        if x in same:
            continue
        same[x] = y
        if x in a and a[x].op_type == "Identity":
            pairs.append((a[x].input[0], y))
        elif y in b and b[y].op_type == "Identity":
            del same[x]
            pairs.append((x, b[y].input[0]))
        elif x in a and y in b:
            pairs += zip(a[x].input, b[y].input, strict=False)
            pairs += zip(a[x].output, b[y].output, strict=False)
    return same | {
        o.name: same[source] for o in shown.model.graph.output if (source := _through_identity(o.name, a)) in same
    }


def _through_identity(name: str, producers: Mapping[str, onnx.NodeProto]) -> str:
    while name in producers and producers[name].op_type == "Identity":
        name = producers[name].input[0]
    return name


def _producers(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    return {name: node for node in graph.node for name in node.output}


def _graph_bytes(model: onnx.ModelProto) -> bytes:
    data: bytes = model.graph.SerializeToString(deterministic=True)
    return data
