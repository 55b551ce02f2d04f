"""Which step a node of a model belongs to: the one whose value is made through it, with no other step in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

import onnx

from skc.blame.atlas import Atlas
from skc.ir import Step
from skc.lower import GUARDS

Owners = Mapping[str, frozenset[str]]  # tensor -> the steps, as written


def owners_of_tensors(atlas: Atlas) -> Owners:
    """For every tensor of a plan's own graph the steps that it is part of; none where it is part of an output alone."""
    graph = atlas.fresh.graph
    makers = {name: node for node in graph.node for name in node.output}
    tensors = {step.name: _tensors(atlas, step) for step in atlas.fused.steps}
    ends = frozenset(name for names in tensors.values() for name in names)
    found: dict[str, set[str]] = {}
    for step in atlas.fused.steps:
        for name in _behind(tensors[step.name], ends, makers):
            found.setdefault(name, set()).update(step.origins or (step.name,))
    for mask, guarded in _masks(atlas, makers):
        for name in _behind([mask], ends, makers):
            if not found.get(name, guarded) <= guarded:  # part of a step's value too
                continue
            found.setdefault(name, set()).update(guarded)
    return {name: frozenset(steps) for name, steps in found.items()}


def _masks(atlas: Atlas, makers: Mapping[str, onnx.NodeProto]) -> list[tuple[str, set[str]]]:
    """The tensors that the guards are put together from, each with the steps whose guard it is."""
    if atlas.manifest.guards is None:
        return []
    fused = {origin: step.name for step in atlas.fused.steps for origin in (step.origins or (step.name,))}
    columns = [(fused.get(g.step, g.step), g.code, g.step) for g in atlas.manifest.guards.columns]
    groups = [{step for _, _, step in group} for _, group in groupby(columns, key=lambda column: column[:2])]
    node = makers[GUARDS]
    while node.op_type == "Identity":
        node = makers[node.input[0]]
    if node.op_type == "Concat" and len(node.input) == len(groups):
        return list(zip(node.input, groups, strict=True))
    return [(GUARDS, {step for group in groups for step in group})]


def _tensors(atlas: Atlas, step: Step) -> list[str]:
    return [places[step.name] for places in (atlas.values, atlas.valid) if step.name in places]


def _behind(starts: Iterable[str], ends: frozenset[str], makers: Mapping[str, onnx.NodeProto]) -> Iterable[str]:
    """The tensors that some are made of, up to where other steps end."""
    own = set(starts)
    seen: set[str] = set()
    left = list(own)
    while left:
        name = left.pop()
        if name in seen or name not in makers or (name in ends and name not in own):
            continue
        seen.update(makers[name].output)
        left += makers[name].input
    return seen
