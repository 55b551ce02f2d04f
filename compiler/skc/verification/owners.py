"""Which step a node of a model belongs to: the one whose value is made through it, with no other step in between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import onnx

from skc.ir import Step
from skc.lower import GUARDS
from skc.verification.localise import Atlas

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
    guarded = {g.step for g in atlas.manifest.guards.columns} if atlas.manifest.guards is not None else set()
    for name in _behind([GUARDS], ends, makers) if guarded else ():
        if name not in found:
            found[name] = set(guarded)
    return {name: frozenset(steps) for name, steps in found.items()}


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
