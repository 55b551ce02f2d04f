"""Rules for the names of a pipeline and of its inputs, features, steps and outputs.

Names come from data, so they may contain blanks, dots and any script. A name is refused if it cannot name a tensor,
would break tables and logs, or is reserved for the graph's own values.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import replace

from skc.diagnostics import SkcError, Span, fail
from skc.frontend.definitions import (
    ALWAYS_INPUT,
    FeatureDefinition,
    OutputDefinition,
    PipelineDefinition,
    StepDefinition,
)
from skc.frontend.problems import Problems, shown
from skc.ir import Input
from skc.values.tensors import PACKED

PIPELINE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,127}")
# Names that the graph gives to its own values: of a companion, a source step, a step.
GRAPH_NAMES = re.compile(r".*(\.valid|#valid|/source|/local_time|/[0-9]+:[a-z0-9_]+)", re.DOTALL)
NEEDED_BY_GRAPH = "such names are reserved for the graph"
TENSORS_SHARE = "and the tensors of a graph share one namespace"


def check_names(definition: PipelineDefinition, problems: Problems) -> PipelineDefinition:
    """The definition without the outputs whose names are unusable, which are reported as problems (SKC109, SKC105).

    Raises all problems if any other name is unusable: references to it would cause misleading errors.
    """
    inputs = [i.name for i in definition.inputs]
    steps = [step for feature in definition.features for step in feature.steps if step.name is not None]
    is_usable = [
        problems.passes(_check_pipeline, definition),
        *(problems.passes(_check_input, i) for i in definition.inputs),
        *(problems.passes(_check_feature, feature) for feature in definition.features),
        *(problems.passes(_check_step, step, inputs) for step in steps),
        problems.passes(_check_unique, "an input", definition.inputs),
        problems.passes(_check_unique, "a feature", definition.features),
        problems.passes(_check_unique, "a step", steps),
        problems.passes(_check_unique, "an output", definition.outputs),
    ]
    outputs = tuple(o for o in definition.outputs if problems.passes(_check_output, o, inputs))
    if not all(is_usable):
        raise problems.error()
    return replace(definition, outputs=outputs)


def _check_pipeline(definition: PipelineDefinition) -> None:
    if not PIPELINE_NAME.fullmatch(definition.name):
        message = "a pipeline's name consists of letters, digits, `_`, `.` and `-`, and starts with a letter or `_`"
        notes = [f"found: `{shown(definition.name)}`"]
        raise fail("SKC109", message, span=definition.span, notes=notes, hint="choose another name")


def is_usable_input(name: str) -> bool:
    """Whether an input may have that name."""
    try:
        _check_input(Input(name, "string"))
    except SkcError:
        return False
    return True


def _check_input(value: Input) -> None:
    name = value.name
    hint = "rename the column in the data"
    if not name:
        raise _unusable(name, value.span, "an input", "the name is empty")
    if _has_control_character(name):
        raise _unusable(name, value.span, "an input", "it contains a control character", hint)
    if name.startswith(("skc.", ALWAYS_INPUT)) or GRAPH_NAMES.fullmatch(name):
        raise _unusable(name, value.span, "an input", NEEDED_BY_GRAPH, hint)


def _check_feature(feature: FeatureDefinition) -> None:
    name = feature.name
    _check_plain(name, feature.span, "a feature")
    if name == "inputs" or name.startswith((ALWAYS_INPUT, "skc.")):
        raise _unusable(name, feature.span, "a feature", "such names are reserved")


def _check_step(step: StepDefinition, inputs: Collection[str]) -> None:
    """Check a step name chosen by the author, a path such as `num/scale`: it becomes the name of a tensor."""
    name = step.name or ""
    if not name:
        raise _unusable(name, step.span, "a step", "the name is empty")
    if _has_control_character(name):
        raise _unusable(name, step.span, "a step", "it contains a control character")
    if name.startswith(("inputs/", "outputs/", "skc.")) or GRAPH_NAMES.fullmatch(name):
        raise _unusable(name, step.span, "a step", NEEDED_BY_GRAPH)
    if name in inputs:
        raise _unusable(name, step.span, "a step", f"an input already has that name, {TENSORS_SHARE}")


def _check_output(output: OutputDefinition, inputs: Collection[str]) -> None:
    name = output.name
    _check_plain(name, output.span, "an output")
    if name.startswith("skc.") or name.endswith(".valid") or name in PACKED.values():
        raise _unusable(name, output.span, "an output", NEEDED_BY_GRAPH)
    if name in inputs:
        raise _unusable(name, output.span, "an output", f"an input already has that name, {TENSORS_SHARE}")


def _check_plain(name: str, span: Span | None, role: str) -> None:
    """`/` and `#` separate the parts of generated names."""
    if not name:
        raise _unusable(name, span, role, "the name is empty")
    if _has_control_character(name) or "/" in name or "#" in name:
        raise _unusable(name, span, role, "it contains `/`, `#` or a control character")


def _check_unique(
    role: str, definitions: Iterable[Input | FeatureDefinition | StepDefinition | OutputDefinition]
) -> None:
    names = set()
    for definition in definitions:
        if definition.name in names:
            message = f"{role} is defined twice: `{shown(definition.name or '')}`"
            raise fail("SKC105", message, span=definition.span, hint="choose another name for one of them")
        names.add(definition.name)


def _unusable(name: str, span: Span | None, role: str, reason: str, hint: str = "choose another name") -> SkcError:
    return fail("SKC109", f"{role} cannot be named `{shown(name)}`: {reason}", span=span, hint=hint)


def _has_control_character(name: str) -> bool:
    """Control characters and line separators: they break tables, logs and error messages."""
    return any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in name)
