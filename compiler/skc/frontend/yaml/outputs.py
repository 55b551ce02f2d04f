"""The `outputs` of a pipeline, `name: {features: […], dtype: …}`, and which values may leave in which type.

Why so few casts: an output may change how a number is stored, never what it says. What would (text to
number, fraction to integer, instant to float) is a step that the user writes. An integer that a float cannot hold is
refused row by row, by a `narrow` step.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, get_args

from skc.diagnostics import Span, fail
from skc.frontend.yaml.features import Resolver, Target
from skc.frontend.yaml.fields import (
    Problems,
    as_choice,
    as_map,
    bad_name,
    check_keys,
    has_control_character,
)
from skc.frontend.yaml.nodes import Node, ScalarNode, shown
from skc.frontend.yaml.selectors import Name, read_names
from skc.infer import Types
from skc.ir import HOLDS, NARROW, Input, Output, OutputDType, Pipeline, Ref, Step
from skc.op import NoState
from skc.ops import OPS
from skc.values.types import DType

OUTPUT_DTYPES: tuple[OutputDType, ...] = get_args(OutputDType)
RESERVED = ("f64", "i64", "bool", "str")  # the input tensors of the signature `packed`
INSTANTS = "`datetime_part` or `elapsed` makes a number of it; an output of dtype int64 keeps it as it is"
# For an output that refuses it: the way out, by the type of the value.
HINTS: Mapping[DType, str] = {
    "string": "encode it with `one_hot`, `ordinal` or `vocabulary`, or write an output of dtype string",
    "timestamp": INSTANTS,
    "date": INSTANTS,
    "float64": "put a `cast` after it, or write an output of dtype float64",
    "int64": "put a `cast` after it, or write an output of dtype int64",
    "bool": "put a `cast` after it, or write an output of dtype bool",
}


@dataclass(frozen=True)
class OutputDefinition:
    """One output as written."""

    name: str
    names: tuple[Name, ...]
    dtype: OutputDType
    span: Span


def read_outputs(node: Node, inputs: Sequence[Input], problems: Problems) -> tuple[OutputDefinition, ...]:
    """The outputs, in order."""
    hint = "write `name: {features: [a, b], dtype: float32}`"
    section = as_map(node, "`outputs`", hint)
    if not section.entries:
        raise fail("SKC107", "`outputs` must not be empty", span=section.span, hint=hint)
    found = []
    taken = {i.name for i in inputs}
    for key, value in section.entries:
        with problems.collect():
            _check_name(key, taken)
            found.append(_read_output(key, value))
    return tuple(found)


def _check_name(key: ScalarNode, taken: Collection[str]) -> None:
    name = key.text
    if not name:
        raise bad_name(key, "an output", "the name is empty")
    if has_control_character(name) or "/" in name or "#" in name:
        raise bad_name(key, "an output", "it holds `/`, `#` or a control character")
    if name.startswith("skc.") or name.endswith(".valid") or name in RESERVED:
        raise bad_name(key, "an output", "the graph needs such names for itself")
    if name in taken:
        raise bad_name(key, "an output", "an input has that name, and the tensors of a graph share one space of names")


def _read_output(key: ScalarNode, node: Node) -> OutputDefinition:
    what = f"output `{shown(key.text)}`"
    body = as_map(node, what, "write {features: [a, b], dtype: float32}")
    check_keys(body, what, ["features", "dtype"])
    parts = {name.text: value for name, value in body.entries}
    names = read_names(parts["features"], f"`features` of {what}")
    hint = "in an output both are int64" if _text(parts["dtype"]) in ("timestamp", "date") else None
    dtype = as_choice(parts["dtype"], f"`dtype` of {what}", OUTPUT_DTYPES, hint)
    return OutputDefinition(key.text, names, cast(OutputDType, dtype), key.span)  # as_choice gives one of them


def _text(node: Node) -> str | None:
    return node.text if isinstance(node, ScalarNode) else None


def resolve_outputs(
    definitions: Sequence[OutputDefinition], resolver: Resolver, problems: Problems
) -> dict[str, tuple[tuple[Name, Target], ...]]:
    """What the names of every output mean; a name without a meaning is a problem, and left out."""
    found: dict[str, tuple[tuple[Name, Target], ...]] = {}
    for definition in definitions:
        targets = []
        for name in definition.names:
            with problems.collect():
                targets.append((name, resolver.target(name)))
        found[definition.name] = tuple(targets)
    return found


def build_output(
    definition: OutputDefinition,
    targets: Sequence[tuple[Name, Target]],
    resolver: Resolver,
    draft: Pipeline,
    types: Types,
) -> tuple[Output, tuple[Step, ...]]:
    """The output, its values checked against its dtype, and the steps that guard integers in it. Raises SKC116."""
    refs: list[Ref] = []
    labels: list[str] = []
    steps: list[Step] = []
    small = _small_values(draft, types)
    for name, target in targets:
        for ref in resolver.refs(target):
            _check_type(definition, name, types[ref.value].dtype)
            is_float = definition.dtype in ("float32", "float64")
            if is_float and types[ref.value].dtype == "int64" and ref.value not in small:
                step = _narrow(definition, target, len(steps), ref)
                steps.append(step)
                ref = Ref(step.name)
            refs.append(ref)
            labels.append(target.name)
    return Output(definition.name, tuple(refs), definition.dtype, tuple(labels), definition.span), tuple(steps)


def _small_values(pipeline: Pipeline, types: Types) -> frozenset[str]:
    """The values whose integers every float can hold."""
    found = {i.value for i in pipeline.inputs if i.dtype == "bool"}
    for step in pipeline.steps:
        inputs_are = all(ref.value in found for ref in step.inputs)
        if types[step.name].dtype == "bool" or OPS[step.op].is_small(step.params, inputs_are):
            found.add(step.name)
    return frozenset(found)


def _narrow(definition: OutputDefinition, target: Target, number: int, ref: Ref) -> Step:
    name = f"outputs/{definition.name}/{number}:{target.name}"
    return Step(name, NARROW, OPS[NARROW].params(to=definition.dtype), (ref,), NoState(), span=definition.span)


def _check_type(definition: OutputDefinition, name: Name, dtype: DType) -> None:
    if dtype in HOLDS[definition.dtype]:
        return
    message = f"`{shown(name.text)}` is {dtype}, which an output of dtype {definition.dtype} cannot hold"
    takes = " or ".join(sorted(HOLDS[definition.dtype]))
    notes = [f"{definition.dtype} takes {takes}", f"in output `{definition.name}`"]
    raise fail("SKC116", message, span=name.span, notes=notes, hint=HINTS[dtype])
