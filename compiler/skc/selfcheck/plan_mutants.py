"""Faults that a compiler or its user could make: the model of a plan with other parameters, compared with the plan.

Such a model is well-formed, but does not compute what the plan says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, replace
from functools import partial
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import onnx
from onnx.shape_inference import InferenceError

from skc.artifact import MODEL, Artifact
from skc.diagnostics import SkcError
from skc.ir import Pipeline, Ref, Step
from skc.lower import Lowered, lower, optimised
from skc.op import Fault
from skc.ops import OPS
from skc.selfcheck.mutant import Mutant

Change = Callable[[Step], Step]
OTHER_ZONES = ("America/New_York", "Asia/Kolkata")  # the second is used if the first is the right one


def plan_mutants(artifact: Artifact, pipeline: Pipeline) -> Iterator[Mutant]:
    """Every fault of these kinds, step by step. `pipeline` is the artifact's, pruned."""
    for step in pipeline.steps:
        for field in fields(step.params):
            current = getattr(step.params, field.name)
            for other in _others(step, field.name, current):
                what = f"`{step.name}`: {field.name} is {other!r}, not {current!r}"
                yield _mutant(artifact, pipeline, "another parameter", what, step, **{field.name: other})
        for fault in OPS[step.op].faults(step.params, step.state):
            yield _with_fault(artifact, pipeline, step, fault)
        if len(step.inputs) > 1:
            yield _with_inputs_swapped(artifact, pipeline, step)
        if OPS[step.op].replaces_null:
            yield from _imputed_later(artifact, pipeline, step)


def _others(step: Step, name: str, current: object) -> list[object]:
    """The other values of a parameter that has a closed set of them."""
    if name == "timezone" and isinstance(current, str):
        return [next(zone for zone in OTHER_ZONES if zone != current)]
    if name == "seed" and isinstance(current, int):
        return [current ^ 1]
    return [value for value in _choices(get_type_hints(type(step.params))[name]) if value != current]


def _choices(hint: Any) -> list[object]:
    """The values that a type hint lists: the strings of a Literal, true and false, None."""
    if get_origin(hint) in (Union, UnionType):
        choices = [value for part in get_args(hint) for value in _choices(part)]
        return [*choices, None] if choices and type(None) in get_args(hint) else choices
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    return [False, True] if hint is bool else []


def _mutant(artifact: Artifact, pipeline: Pipeline, kind: str, what: str, step: Step, **changed: object) -> Mutant:
    return Mutant(
        kind,
        what,
        frozenset({step.name}),
        lambda: _model(artifact, pipeline, {step.name: lambda s: replace(s, params=replace(s.params, **changed))}),
    )


def _with_fault(artifact: Artifact, pipeline: Pipeline, step: Step, fault: Fault) -> Mutant:
    change = partial(_with_state, fault.state)
    what = f"`{step.name}`: {fault.what}"
    return Mutant(fault.kind, what, frozenset({step.name}), lambda: _model(artifact, pipeline, {step.name: change}))


def _with_state(state: object, step: Step) -> Step:
    return replace(step, state=state)


def _with_inputs_swapped(artifact: Artifact, pipeline: Pipeline, step: Step) -> Mutant:
    def change(s: Step) -> Step:
        return replace(s, inputs=(s.inputs[1], s.inputs[0], *s.inputs[2:]))

    what = f"`{step.name}`: its first two inputs swapped"
    return Mutant(
        "columns swapped", what, frozenset({step.name}), lambda: _model(artifact, pipeline, {step.name: change})
    )


def _imputed_later(artifact: Artifact, pipeline: Pipeline, step: Step) -> Iterator[Mutant]:
    """Nulls are replaced after the step that should have received the replacement."""
    for user in pipeline.steps:
        if user.inputs == (Ref(step.name),):
            changes = {step.name: _in_place_of(user), user.name: _in_place_of(step)}
            what = f"`{user.name}` before `{step.name}`"
            make = partial(_model, artifact, pipeline, changes)
            yield Mutant("null replaced at the wrong step", what, frozenset({step.name, user.name}), make)


def _in_place_of(other: Step) -> Change:
    """The op, parameters and state of another step, applied to the step's own inputs."""
    return lambda s: replace(other, name=s.name, inputs=s.inputs)


def _model(artifact: Artifact, pipeline: Pipeline, changes: Mapping[str, Change]) -> bytes | None:
    """The model of a pipeline with some steps changed; None where it is the same, or has another layout."""
    steps = [changes.get(step.name, _same)(step) for step in pipeline.steps]
    manifest = artifact.manifest
    try:
        lowered = lower(pipeline.with_steps(steps), manifest.signature)
    except (SkcError, ValueError, TypeError, AttributeError, LookupError, ArithmeticError, InferenceError):
        # parameters and a state that do not belong together may make an op raise anything
        return None
    expected, actual = ([(o.name, len(o.columns)) for o in specs.outputs] for specs in (lowered, manifest))
    layout = (manifest.inputs, manifest.tensors, manifest.guards, actual)
    if (lowered.inputs, lowered.tensors, lowered.guards, expected) != layout:
        return None
    sound = onnx.load_from_string(artifact.files[MODEL])
    if lowered.model.graph == sound.graph or _only_ends_a_fusion(pipeline, lowered, pipeline.with_steps(steps)):
        return None  # the parameter matters only for fitting
    data: bytes = lowered.model.SerializeToString()
    return data


def _only_ends_a_fusion(pipeline: Pipeline, lowered: Lowered, changed: Pipeline) -> bool:
    """The graph differs in nothing but the steps that are fused."""
    if [step.name for step in optimised(pipeline).steps] == [step.name for step in lowered.pipeline.steps]:
        return False
    before, after = (lower(variant, optimise=False).model.graph for variant in (pipeline, changed))
    return bool(before == after)


def _same(step: Step) -> Step:
    return step
