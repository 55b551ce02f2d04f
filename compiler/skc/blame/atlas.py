"""What a plan compiles to, and which of its tensors is which step's.

The plan is lowered once more with every step as an output. Walked back from their outputs side by side, that graph and
the plain one tell where in it the value of a step lies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import onnx

from skc.equality.sides import feeds
from skc.ir import Pipeline
from skc.lower import Lowered, lower, optimised
from skc.values.types import Block
from skc_runtime.kinds import Array
from skc_runtime.manifest import Manifest
from skc_runtime.session import GraphSession


@dataclass(frozen=True)
class Probe:
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
    steps: Probe


def draw_atlas(pipeline: Pipeline, manifest: Manifest) -> Atlas:
    """The atlas of a fitted pipeline, pruned."""
    fresh = lower(pipeline, manifest.signature).model
    fused = optimised(pipeline)
    names = [step.name for step in fused.steps]
    same = _same_tensors(lower(fused, manifest.signature, expose=names, optimise=False), fresh)
    values = {name: same[name] for name in names if name in same}
    valid = {name: same[f"{name}#valid"] for name in names if f"{name}#valid" in same}
    return Atlas(pipeline, manifest, fresh, fused, values, valid, _steps_alone(pipeline))


def _steps_alone(pipeline: Pipeline) -> Probe:
    """The steps as they are written, lowered anew."""
    names = [step.name for step in pipeline.steps]
    lowered = lower(pipeline, expose=names, optimise=False)
    made = {output.name for output in lowered.model.graph.output}
    valid = {name: f"{name}#valid" for name in names if f"{name}#valid" in made}
    session = GraphSession(lowered.model.SerializeToString())
    return Probe(pipeline, session, partial(feeds, lowered), {name: name for name in names}, valid)


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
