"""What a plan compiles to, and graphs whose steps can be observed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from skc.equality.sides import feeds
from skc.ir import Pipeline
from skc.lower import Lowered, StepTensors, lower
from skc.values.types import Block
from skc_runtime.kinds import Array
from skc_runtime.manifest import Manifest
from skc_runtime.session import GraphSession


@dataclass(frozen=True)
class Probe:
    """A graph whose steps can be observed: its feeds, the steps it has, and their tensors.

    `foreign` are the steps that it computes by other operations than the plan compiles to: a tensor with such a step's
    name may hold something else.
    """

    pipeline: Pipeline
    session: GraphSession
    feed: Callable[[Mapping[str, Block]], dict[str, Array]]
    steps: Mapping[str, StepTensors]
    foreign: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Atlas:
    """What a plan compiles to, built once for any number of models; `steps` is a graph of the unfused steps."""

    pipeline: Pipeline
    manifest: Manifest
    lowered: Lowered
    origins: Mapping[str, frozenset[str]]  # for each step of `lowered`, the unfused steps that it combines
    steps: Probe

    def owners(self, tensor: str) -> frozenset[str]:
        """The unfused steps that a tensor or node is part of; empty if it is only part of an output."""
        step = self.lowered.owner(tensor)
        return frozenset() if step is None else self.origins[step]


def draw_atlas(pipeline: Pipeline, manifest: Manifest) -> Atlas:
    """The atlas of a fitted pipeline, pruned."""
    lowered = lower(pipeline, manifest.signature)
    origins = {step.name: frozenset(step.origins or (step.name,)) for step in lowered.pipeline.steps}
    return Atlas(pipeline, manifest, lowered, origins, _steps_alone(pipeline))


def _steps_alone(pipeline: Pipeline) -> Probe:
    """The unfused steps, lowered without optimisation."""
    names = [step.name for step in pipeline.steps]
    lowered = lower(pipeline, expose=names, optimise=False)
    outputs = {output.name for output in lowered.model.graph.output}
    steps = {name: StepTensors(name, valid if (valid := f"{name}#valid") in outputs else None) for name in names}
    return Probe(pipeline, GraphSession(lowered.model.SerializeToString()), partial(feeds, lowered), steps)
