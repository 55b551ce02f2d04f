"""Lower a fitted pipeline to an ONNX model, with the layout of its tensors.

The model has one float64 graph; every cast is explicit; the cast to the declared output dtype comes last. Signature
`columns` has one tensor [N, 1] per input, `packed` one tensor [N, k] per kind of element, in the order in
which the graph uses the columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import cast

import numpy as np
import onnx
from spox import Tensor, Var, argument

from skc.diagnostics import bug
from skc.emit import signals as emitted
from skc.emit.blocks import GraphBlock, GraphGuard, GraphSignal, concat_columns, no_columns, take_columns
from skc.emit.opset import const, op
from skc.emit.tensor_names import End, build_named, owner
from skc.infer import (
    ColumnNames,
    Types,
    column_groups,
    column_names,
    input_names,
    makes_null,
    output_columns,
    value_types,
)
from skc.ir import HOLDS, SOURCE, Input, Output, Pipeline, Ref, Step
from skc.ops import OPS
from skc.passes.fuse_siblings import fuse_siblings
from skc.passes.prune import prune
from skc.passes.skip_sources import skip_sources
from skc.values.tensors import GRAPH_DTYPES, PACKED
from skc.values.types import ValueType
from skc_runtime.kinds import ELEMENTS, KINDS, InputElement, OutputDType
from skc_runtime.manifest import (
    GuardColumn,
    Guards,
    InputSpec,
    OutputSpec,
    SignalColumn,
    SignalKind,
    Signals,
    Signature,
    Slot,
    TensorSpec,
)

GUARDS = "skc.guards"
SIGNALS = "skc.signals"


@dataclass(frozen=True)
class StepTensors:
    """The tensors that hold the value of a step and its `valid`; None where the model has no such tensor."""

    value: str | None
    valid: str | None

    @property
    def present(self) -> tuple[str, ...]:
        """Those that the model has."""
        return tuple(tensor for tensor in (self.value, self.valid) if tensor is not None)


@dataclass(frozen=True)
class Lowered:
    """The model, and what its manifest says about it. `pipeline` is what was lowered, with its steps fused into blocks;
    `steps` has the tensors of each.
    """

    pipeline: Pipeline
    model: onnx.ModelProto
    signature: Signature
    inputs: tuple[InputSpec, ...]
    tensors: tuple[TensorSpec, ...]
    outputs: tuple[OutputSpec, ...]
    guards: Guards | None
    steps: Mapping[str, StepTensors]
    signals: Signals | None = None

    def owner(self, tensor: str) -> str | None:
        """The step that a tensor or node belongs to; None for an input or a part of an output."""
        if any(tensor in (output.name, output.valid) for output in self.outputs):
            return next((step for step, tensors in self.steps.items() if tensor in tensors.present), None)
        return owner(tensor, self.steps)


@dataclass
class _Graph:
    """The graph under construction: for each value the place of its columns, and the Var of each place.

    A place is an input tensor (`tensor NAME`) or the result of a step (`step NAME`, `valid NAME`), because an input and
    a step may have the same name.
    """

    pipeline: Pipeline
    types: Types
    names: ColumnNames
    vars: dict[str, Var] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=dict)
    values: dict[str, tuple[str, int]] = field(default_factory=dict)  # value -> (place, first column)
    valid: dict[str, tuple[str, int]] = field(default_factory=dict)

    def add(self, key: str, var: Var, width: int) -> None:
        self.vars[key] = var
        self.widths[key] = width


@dataclass(frozen=True)
class _Parts:
    """A whole graph, of which a model can be built with signals or without: `results` has none. `ends` has those of
    each step, and those of its signals.
    """

    graph: _Graph
    signature: Signature
    inputs: tuple[InputSpec, ...]
    tensors: tuple[TensorSpec, ...]
    results: Mapping[str, Var]
    outputs: tuple[OutputSpec, ...]
    guards: tuple[GuardColumn, ...]
    ends: Sequence[tuple[Sequence[End], Sequence[End]]]
    signals: Sequence[tuple[Sequence[SignalColumn], Var]]


def lower(
    pipeline: Pipeline, signature: Signature = "columns", expose: Sequence[str] = (), *, optimise: bool = True
) -> Lowered:
    """Lower a fitted pipeline. Each value in `expose` becomes an additional output of that name.

    With `optimise=False` every step is lowered as written, so that a difference can be traced to one.
    """
    signals = pipeline.signals and not expose
    pipeline = optimised(pipeline) if optimise and not expose else prune(pipeline, expose)
    return _lowered(_parts(pipeline, signature, expose, signals=signals), signals=signals)


def lower_and_signal(pipeline: Pipeline, signature: Signature) -> tuple[Lowered, Lowered]:
    """A pipeline as `lower` has it, and the same with signals.

    Why both at once: making the constants of a graph, which may be a million keys, takes longer than building a model.
    """
    parts = _parts(optimised(pipeline), signature, (), signals=True)
    signalling = _lowered(parts, signals=True)
    return signalling if pipeline.signals else _lowered(parts, signals=False), signalling


def _parts(pipeline: Pipeline, signature: Signature, expose: Sequence[str], *, signals: bool) -> _Parts:
    graph = _Graph(pipeline, value_types(pipeline), column_names(pipeline))
    inputs, tensors = _declare_inputs(graph, signature)
    guards: list[GuardColumn] = []
    masks: list[Var] = []
    ends: list[tuple[list[End], list[End]]] = []
    signalled = list(_signals_of_inputs(graph)) if signals else []
    for step in pipeline.steps:
        result = _lower_step(graph, step)
        signals_of_step = tuple(_signals(graph, step, result)) if signals else ()
        ends.append((list(_ends(graph, step, result.guards)), list(_signal_ends(step, signals_of_step))))
        signalled += [(_signal_columns(signal, step, graph.names), signal.mask) for signal in signals_of_step]
        for guard in result.guards:
            guards += _guard_columns(guard, step, input_names(step, graph.names))
            masks.append(guard.mask)
    results: dict[str, Var] = {}
    outputs = tuple(_lower_output(graph, output, results) for output in pipeline.outputs)
    for value in expose:
        _expose(graph, value, results)
    if masks:
        _define(results, GUARDS, concat_columns(masks))
    return _Parts(graph, signature, inputs, tensors, results, outputs, tuple(guards), ends, signalled)


def _lowered(parts: _Parts, *, signals: bool) -> Lowered:
    """The model of a graph."""
    graph, results = parts.graph, {**parts.results}
    arguments = {tensor.name: graph.vars[f"tensor {tensor.name}"] for tensor in parts.tensors}
    counted = tuple(column for columns, _ in parts.signals for column in columns) if signals else ()
    if counted:
        _define(results, SIGNALS, concat_columns([mask for _, mask in parts.signals]))
    _check_names(arguments, results)
    ends = [end for own, of_signals in parts.ends for end in (*own, *(of_signals if signals else ()))]
    model, named = build_named(arguments, results, ends, in_place=bool(counted))
    _declare_widths(model, parts.outputs, {GUARDS: len(parts.guards), SIGNALS: len(counted)})
    tensor_by_name = {end.name: tensor for end, tensor in zip(ends, named, strict=True)}
    return Lowered(
        graph.pipeline,
        model,
        parts.signature,
        parts.inputs,
        parts.tensors,
        parts.outputs,
        Guards(GUARDS, parts.guards) if parts.guards else None,
        {
            step.name: StepTensors(tensor_by_name[step.name], tensor_by_name.get(f"{step.name}/valid"))
            for step in graph.pipeline.steps
        },
        Signals(SIGNALS, counted) if counted else None,
    )


def optimised(pipeline: Pipeline) -> Pipeline:
    """A fitted pipeline as it is lowered: only what an output needs, fused into blocks."""
    return fuse_siblings(skip_sources(prune(pipeline)))


def _define(results: dict[str, Var], name: str, var: Var) -> None:
    if name in results:
        raise bug(f"two outputs of the graph are called `{name}`")
    results[name] = var


def _check_names(arguments: Mapping[str, Var], results: Mapping[str, Var]) -> None:
    """Refuse duplicates: the tensors of a graph share one namespace. The front ends report a collision earlier."""
    for name in arguments:
        if name in results:
            raise bug(f"an input and an output of the graph are called `{name}`")


def _declare_widths(model: onnx.ModelProto, specs: Sequence[OutputSpec], masks: Mapping[str, int]) -> None:
    """Write [N, width] on every output: ONNX cannot always infer the width, and a runtime checks it."""
    widths = {spec.name: len(spec.columns) for spec in specs}
    widths |= {spec.valid: len(spec.columns) for spec in specs if spec.valid is not None}
    widths |= masks
    for output in model.graph.output:
        if output.name in widths:
            shape = output.type.tensor_type.shape
            del shape.dim[:]
            shape.dim.add().dim_param = "N"
            shape.dim.add().dim_value = widths[output.name]


def _declare_inputs(graph: _Graph, signature: Signature) -> tuple[tuple[InputSpec, ...], tuple[TensorSpec, ...]]:
    """One argument per tensor; every input gets the slots of its values and, where it can miss, `valid`."""
    slots: dict[str, Slot] = {}
    valid: dict[str, Slot] = {}
    widths: dict[str, int] = {}
    elements: dict[str, InputElement] = {}

    def take(tensor: str, element: InputElement) -> Slot:
        column = widths.get(tensor, 0)
        if column and signature == "columns":
            raise bug(f"two inputs of the graph are called `{tensor}`")
        widths[tensor], elements[tensor] = column + 1, element
        return Slot(tensor, column)

    for value in _inputs_by_use(graph.pipeline):
        element = value.kind.element
        slots[value.name] = take(value.name if signature == "columns" else PACKED[element], element)
    for value in _inputs_by_use(graph.pipeline):
        if value.nullable and not value.kind.is_float:
            valid[value.name] = take(f"{value.name}.valid" if signature == "columns" else PACKED["bool"], "bool")
    for value in graph.pipeline.inputs:
        slot = slots[value.name]
        graph.values[value.value] = (f"tensor {slot.tensor}", slot.column)
        if value.name in valid:
            slot = valid[value.name]
            graph.valid[value.value] = (f"tensor {slot.tensor}", slot.column)
    for tensor, width in widths.items():
        graph.add(f"tensor {tensor}", argument(Tensor(GRAPH_DTYPES[elements[tensor]], ("N", width))), width)
    inputs = tuple(_input_spec(i, slots[i.name], valid.get(i.name)) for i in graph.pipeline.inputs)
    return inputs, tuple(TensorSpec(tensor, elements[tensor], width) for tensor, width in widths.items())


def _input_spec(value: Input, slot: Slot, valid: Slot | None) -> InputSpec:
    zone = None if value.zone is None else value.zone.timezone
    return InputSpec(
        value.name, value.dtype, value.nullable, value.nan, slot.tensor, slot.column, valid, value.text, zone
    )


def _inputs_by_use(pipeline: Pipeline) -> tuple[Input, ...]:
    """Inputs in the order in which the graph first uses them, so that a packed block needs no Gather."""
    used = [ref.value for step in pipeline.steps for ref in step.inputs]
    used += [ref.value for output in pipeline.outputs for ref in output.refs]
    rank = {value: i for i, value in reversed(list(enumerate(used)))}
    return tuple(sorted(pipeline.inputs, key=lambda i: rank.get(i.value, len(used))))


def _lower_step(graph: _Graph, step: Step) -> GraphBlock:
    definition = OPS[step.op]
    if definition.is_variadic(step.params):
        result = definition.lower(step.params, step.state, *(_gather(graph, [ref]) for ref in step.inputs))
    else:
        block = _gather(graph, step.inputs)
        result = (
            definition.lower(step.params, step.state, block) if block.width else _nothing(block, graph.types[step.name])
        )
    graph.values[step.name] = (f"step {step.name}", 0)
    graph.add(f"step {step.name}", result.values, result.width)
    if result.valid is not None and graph.types[step.name].nullable:  # an op may add `valid` to a float64 to be safe
        graph.valid[step.name] = (f"valid {step.name}", 0)
        graph.add(f"valid {step.name}", result.valid, result.width)
    return result


def _ends(graph: _Graph, step: Step, guards: Iterable[GraphGuard]) -> Iterator[End]:
    """The results of a step: its value, `valid` and the masks of its guards."""
    yield End(step.name, step.name, graph.vars[f"step {step.name}"])
    if step.name in graph.valid:
        yield End(step.name, f"{step.name}/valid", graph.vars[f"valid {step.name}"])
    for guard in guards:
        yield End(step.name, f"{step.name}/{guard.code}", guard.mask)


def _signal_ends(step: Step, signals: Iterable[GraphSignal]) -> Iterator[End]:
    """The masks of its signals."""
    for signal in signals:
        yield End(step.name, f"{step.name}/{signal.kind}", signal.mask)


def _nothing(block: GraphBlock, x: ValueType) -> GraphBlock:
    """The result of a step with no output columns, such as a one-hot that drops its only category."""
    return no_columns(block.values, x.dtype, nullable=x.nullable)


def _guard_columns(guard: GraphGuard, step: Step, columns: tuple[str, ...]) -> list[GuardColumn]:
    """One for each column of the mask. A variadic op reports only its first input, as does one that takes a block where
    a result of all columns is refused.
    """
    shape = guard.mask.unwrap_tensor().shape
    op = OPS[step.op]
    is_one = op.is_variadic(step.params) or (
        op.arity(step.params) == "block" and shape is not None and shape[1:] == (1,)
    )
    width = 1 if is_one else len(columns)
    if shape is not None and len(shape) == 2 and isinstance(shape[1], int) and shape[1] != width:
        raise bug(f"a guard of `{step.name}` has the shape {shape}, and {width} columns are wanted")
    origins = step.origins or (step.name,) * len(columns)
    return [GuardColumn(guard.code, origins[k], columns[k]) for k in range(width)]


def _signals_of_inputs(graph: _Graph) -> Iterator[tuple[list[SignalColumn], Var]]:
    """Where inputs are null that no step normalises; any other is null where its `source` step says so."""
    normalised = {ref.value for step in graph.pipeline.steps if step.op == SOURCE for ref in step.inputs}
    nullable = [i for i in _inputs_by_use(graph.pipeline) if i.nullable and i.value not in normalised]
    floats = [i for i in nullable if i.kind.is_float]
    others = [i for i in nullable if not i.kind.is_float]
    if floats:
        yield _null_columns(floats), op.isnan(_gather(graph, [Ref(i.value) for i in floats]).values)
    if others:
        runs = _runs([Ref(i.value) for i in others], graph.valid, graph.names)
        yield _null_columns(others), op.not_(concat_columns([_take(graph, *run) for run in runs]))


def _null_columns(inputs: Iterable[Input]) -> list[SignalColumn]:
    return [SignalColumn("null", i.value, i.name) for i in inputs]


def _signals(graph: _Graph, step: Step, result: GraphBlock) -> Iterator[GraphSignal]:
    """What the op of a step signals, and where its values became null."""
    result = replace(result, valid=result.valid if graph.types[step.name].nullable else None)
    definition = OPS[step.op]
    if step.op == SOURCE:
        missing = emitted.is_null(result) if graph.types[step.name].nullable else None
        if missing is not None:
            yield GraphSignal("null", missing)
        return
    if not input_names(step, graph.names) or not result.width:
        return
    yield from result.signals
    if not makes_null(step, graph.types) or any(signal.kind == "unknown" for signal in result.signals):
        return
    if definition.is_columnwise(step.params):
        groups = [len(group) for group in column_groups(step, graph.names)]
        lost, width = emitted.became_null(_gather(graph, step.inputs), result, groups), len(groups)
    else:
        separate = [[ref] for ref in step.inputs] if definition.is_variadic(step.params) else [step.inputs]
        lost, width = emitted.all_became_null([_gather(graph, refs) for refs in separate], result), 1
    if lost is not None:
        yield GraphSignal(definition.made_null, lost, width)


def _signal_columns(signal: GraphSignal, step: Step, names: ColumnNames) -> list[SignalColumn]:
    """One for each column of the mask, which stand for the first input columns of the step."""
    if step.op == SOURCE:
        return [SignalColumn("null", ref.value, names[ref.value][0]) for ref in step.inputs]
    columns = input_names(step, names)
    shape = signal.mask.unwrap_tensor().shape
    width = len(columns)
    if signal.width is not None:
        width = signal.width
    elif shape is not None and len(shape) == 2 and isinstance(shape[1], int):
        width = shape[1]
    if width > len(columns):
        raise bug(f"a signal of `{step.name}` has the shape {shape}, and at most {len(columns)} columns are wanted")
    origins = step.origins or (step.name,) * len(columns)
    kind = cast(SignalKind, signal.kind)  # checked by what reads the manifest
    return [SignalColumn(kind, origins[k], columns[k]) for k in range(width)]


def _gather(graph: _Graph, refs: Sequence[Ref]) -> GraphBlock:
    """The columns of some values, joined as one block."""
    dtype = graph.types[refs[0].value].dtype
    refs = [ref for ref in refs if len(graph.names[ref.value][ref.start : ref.stop])] or refs[:1]
    runs = list(_runs(refs, graph.values, graph.names))
    width = sum(stop - start for _, start, stop in runs)
    values = concat_columns([_take(graph, *run) for run in runs])
    if KINDS[dtype].is_float or not any(ref.value in graph.valid for ref in refs):
        return GraphBlock(dtype, width, values)
    parts = []
    for has_valid, group in groupby(refs, key=lambda ref: ref.value in graph.valid):
        members = list(group)
        if has_valid:
            parts += [_take(graph, *run) for run in _runs(members, graph.valid, graph.names)]
        else:
            block = _gather(graph, members)
            parts.append(op.expand(const([[True]]), op.shape(block.values)))
    return GraphBlock(dtype, width, values, concat_columns(parts))


def _runs(
    refs: Sequence[Ref], places: Mapping[str, tuple[str, int]], names: ColumnNames
) -> Iterator[tuple[str, int, int]]:
    """(place, start, stop) of the referenced columns, with adjacent ranges merged."""
    run: tuple[str, int, int] | None = None
    for ref in refs:
        key, offset = places[ref.value]
        start, stop = (0, len(names[ref.value])) if ref.start is None else (ref.start, ref.stop or 0)
        start, stop = offset + start, offset + stop
        if run is not None and run[0] == key and run[2] == start:
            run = (key, run[1], stop)
            continue
        if run is not None:
            yield run
        run = (key, start, stop)
    if run is not None:
        yield run


def _take(graph: _Graph, key: str, start: int, stop: int) -> Var:
    var = graph.vars[key]
    return var if (start, stop) == (0, graph.widths[key]) else take_columns(var, start, stop)


def _lower_output(graph: _Graph, output: Output, results: dict[str, Var]) -> OutputSpec:
    types, names = graph.types, graph.names
    blocks = [
        _gather(graph, list(refs))
        for _, refs in groupby(output.refs, key=lambda ref: (types[ref.value].dtype, ref.value in graph.valid))
    ]
    _define(results, output.name, concat_columns([_cast(block, output.dtype) for block in blocks]))
    exact: list[bool] = []
    for ref in output.refs:
        exact += [types[ref.value].exact] * len(names[ref.value][ref.start : ref.stop])
    valid = None
    if not ELEMENTS[output.dtype].is_float and any(block.valid is not None for block in blocks):
        valid = f"{output.name}.valid"
        masks = [b.valid if b.valid is not None else op.expand(const([[True]]), op.shape(b.values)) for b in blocks]
        _define(results, valid, concat_columns(masks))
    return OutputSpec(output.name, output.dtype, output_columns(output, names), tuple(exact), valid)


def _cast(block: GraphBlock, dtype: OutputDType) -> Var:
    if block.dtype not in HOLDS[dtype]:
        raise bug(f"an output of dtype {dtype} cannot hold {block.dtype}")
    target = GRAPH_DTYPES[dtype]
    values = block.values
    if values.unwrap_tensor().dtype != np.dtype(target):
        values = op.cast(values, to=target)
    if block.valid is not None and ELEMENTS[dtype].is_float:
        values = op.where(block.valid, values, const(np.nan, target))
    return values


def _expose(graph: _Graph, value: str, results: dict[str, Var]) -> None:
    block = _gather(graph, [Ref(value)])
    _define(results, value, block.values)
    if block.valid is not None:
        _define(results, f"{value}#valid", block.valid)
