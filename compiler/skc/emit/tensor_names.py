"""Tensors and nodes are named after their steps.

Why: lowering knows which tensor holds the value of which step. Recording it in the names means that it never has to be
inferred again, that Netron shows the steps of the pipeline, and that ONNX Runtime names the step in its messages.

The value of a step has the name of the step. `STEP/valid` is true where the value is not null, `STEP/CODE` is the mask
of a guard, and `STEP/Where_0`, `STEP/Where_1`, … are intermediate results, numbered by operation, so that changing one
step does not rename the tensors of another. The node that assembles an output is `outputs/NAME/Concat_0`. A node has
the name of its tensor (no op of the allow-list has two outputs). If an input or output already has the name, the tensor
gets a numbered name instead.

A tensor that is an output as it is becomes one through an Identity, which ONNX Runtime removes unless another node
reads the tensor. Signals do, and an Identity would cost a row a fifth of what they cost: in a graph with signals such a
tensor has the name of the output.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING

from spox import build

from skc.emit.opset import finish

if TYPE_CHECKING:
    import onnx
    from spox import Var

SHOWN = "skc.shown."  # prefix of temporary outputs; no input or output of a pipeline may have such a name


@dataclass(frozen=True)
class End:
    """A result of a step (its value, its validity or a guard), and the name that its tensor will have."""

    step: str
    name: str
    var: Var


def owner(tensor: str, steps: Container[str]) -> str | None:
    """The step that a tensor or node belongs to, by its name; None for an input or a part of an output."""
    head = tensor.rpartition("/")[0]
    return tensor if tensor in steps else head if head in steps else None


def build_named(
    arguments: Mapping[str, Var], results: Mapping[str, Var], ends: Sequence[End], *, in_place: bool = False
) -> tuple[onnx.ModelProto, tuple[str | None, ...]]:
    """The finished model, and the tensor of each end. Ends must be grouped by step, in the order of the steps.

    The tensor has another name where a step passes its input on unchanged, or where it is an output `in_place`, without
    an Identity that would be kept; it is None where no output needs it.
    """
    shown = {f"{SHOWN}{i}": end.var for i, end in enumerate(ends)}
    model = build({**arguments}, {**results, **shown})
    tensors = _hidden(model.graph, list(shown))
    if in_place:
        direct = _without_kept_identities(model.graph)
        tensors = [direct.get(tensor, tensor) for tensor in tensors]
    finish(model)
    new = _new_names(model.graph, ends, tensors)
    for node in model.graph.node:
        for names in (node.input, node.output):
            names[:] = [new.get(name, name) for name in names]
        node.name = node.output[0]
    existing = {*arguments, *(node.name for node in model.graph.node)}
    named = (new.get(tensor, tensor) for tensor in tensors)
    return model, tuple(tensor if tensor in existing else None for tensor in named)


def _hidden(graph: onnx.GraphProto, shown: Sequence[str]) -> list[str]:
    """Remove the temporary outputs, and the nodes that only they needed. Returns the tensors that were shown."""
    sources = {node.output[0]: node.input[0] for node in graph.node if node.output[0].startswith(SHOWN)}
    outputs = [output for output in graph.output if output.name not in sources]
    needed = {output.name for output in outputs}
    nodes = []
    for node in reversed(graph.node):
        if node.output[0] in needed:
            needed.update(node.input)
            nodes.append(node)
    del graph.output[:], graph.node[:]
    graph.output.extend(outputs)
    graph.node.extend(nodes[::-1])
    return [sources[name] for name in shown]


def _without_kept_identities(graph: onnx.GraphProto) -> dict[str, str]:
    """Let nodes whose results are outputs, and are read by others too, make the outputs. Returns output by old name."""
    readers = Counter(name for node in graph.node for name in node.input)
    outputs = {output.name for output in graph.output}
    makers = {node.output[0] for node in graph.node if node.op_type not in ("Identity", "Constant")}
    direct: dict[str, str] = {}
    for node in graph.node:
        is_kept = node.op_type == "Identity" and readers[node.input[0]] > 1
        if is_kept and node.output[0] in outputs and node.input[0] in makers - outputs:
            direct.setdefault(node.input[0], node.output[0])
    nodes = [node for node in graph.node if direct.get(node.input[0] if node.input else "") != node.output[0]]
    for node in nodes:
        for names in (node.input, node.output):
            names[:] = [direct.get(name, name) for name in names]
    del graph.node[:]
    graph.node.extend(nodes)
    return direct


def _new_names(graph: onnx.GraphProto, ends: Sequence[End], tensors: Sequence[str]) -> dict[str, str]:
    """Old name to new name, for every tensor that a node produces, except the outputs."""
    makers = {node.output[0]: node for node in graph.node}
    outputs = [output.name for output in graph.output]
    taken = {*(value.name for value in graph.input), *outputs}
    owners: dict[str, str] = {}
    new: dict[str, str] = {}
    for end, tensor in zip(ends, tensors, strict=True):
        owners.update(dict.fromkeys(_behind(tensor, owners, makers), end.step))
        if owners.get(tensor) == end.step and tensor not in {*new, *outputs} and end.name not in taken:
            new[tensor] = end.name
            taken.add(end.name)
    for output in outputs:
        owners.update(dict.fromkeys(_behind(output, owners, makers), f"outputs/{output}"))
    taken |= {end.name for end in ends}
    numbers: defaultdict[str, Iterator[int]] = defaultdict(count)
    for tensor, node in makers.items():
        if tensor not in new and tensor not in outputs:
            base = f"{owners[tensor]}/{node.op_type}"
            new[tensor] = next(name for k in numbers[base] if (name := f"{base}_{k}") not in taken)
    return new


def _behind(tensor: str, known: Container[str], makers: Mapping[str, onnx.NodeProto]) -> set[str]:
    """The tensors that one is computed from, back to the inputs and the tensors already known."""
    tensors_behind: set[str] = set()
    pending = [tensor]
    while pending:
        name = pending.pop()
        if name in makers and name not in known and name not in tensors_behind:
            tensors_behind.add(name)
            pending += makers[name].input
    return tensors_behind
