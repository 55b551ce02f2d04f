"""Builds a `Pipeline` from its definition. Every front end shares this code.

A front end (`skc.frontend.yaml`, say) parses the author's file into a `PipelineDefinition` and reports syntax errors.
The meaning of the definition is decided here, once: which names are allowed and what they refer to, the order and
names of the steps, the `source` steps that normalise raw inputs, the casts of integers that a step takes as float64,
the types of all values, what an output can hold, the labels of its columns, and the `narrow` steps that guard integers
that a float may not be able to hold.

    >>> from skc.frontend.definitions import FeatureDefinition, Name, OutputDefinition, PipelineDefinition
    >>> from skc.frontend.definitions import StepDefinition
    >>> from skc.ir import Input
    >>> from skc.ops.numeric import standard_scale
    >>> scale = StepDefinition(
    ...     standard_scale.OP,
    ...     standard_scale.Params(),
    ...     state=standard_scale.State(mean=(2.0,), scale=(0.5,)),  # learned elsewhere; None has skc fit the step
    ...     name="num/scale",
    ... )
    >>> pipeline, warnings = build(
    ...     PipelineDefinition(
    ...         "people",
    ...         inputs=(Input("age", "float64"),),
    ...         features=(FeatureDefinition("scaled", (Name("age"),), (scale,)),),
    ...         outputs=(OutputDefinition("x", (Name("scaled"),), "float32", columns=("num__age",)),),
    ...     )
    ... )
    >>> print(pipeline.text())
    pipeline people
      inputs/age: float64
      num/scale = standard_scale(inputs/age) Params(with_mean=True, with_std=True) State(mean=(2.0,), scale=(0.5,))
      -> x: float32 = num/scale
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from skc.carry import carry_back
from skc.codes import Code
from skc.diagnostics import Diagnostic, SkcError, Span, did_you_mean, fail
from skc.frontend.casts import with_casts
from skc.frontend.definitions import Name, OutputDefinition, PipelineDefinition, StepDefinition
from skc.frontend.names import check_names
from skc.frontend.problems import Problems, shown
from skc.frontend.resolve import Resolver, Target
from skc.infer import Types, check_shapes, needs_target, value_types
from skc.ir import HOLDS, LOCAL_TIME, MODEL_OUTPUTS, NARROW, SOURCE, Input, ModelSource, Output, Pipeline, Ref, Step
from skc.op import NoState, cannot_fit, is_small_kind
from skc.ops import OPS
from skc.values.types import rounded
from skc_runtime.kinds import ELEMENTS, LIMITS, DType, for_every_kind

Warnings = tuple[Diagnostic, ...]
Targets = tuple[tuple[Name, Target], ...]
INSTANTS = "turn it into a number with `datetime_part` or `elapsed`, or write an output of dtype int64"
# The hint when an output cannot hold a value, by the type of the value.
HINTS: Mapping[DType, str] = for_every_kind(
    {
        "string": "encode it with `one_hot`, `ordinal` or `vocabulary`, or write an output of dtype string",
        "timestamp": INSTANTS,
        "date": INSTANTS,
        "time": "turn it into a number with `datetime_part` or `cast`, or write an output of dtype int64",
        "float64": "put a `cast` after it, or write an output of dtype float64",
        "float32": "put a `cast` after it, or write an output of dtype float64",
        "int64": "put a `cast` after it, or write an output of dtype int64",
        "bool": "put a `cast` after it, or write an output of dtype bool",
    }
)


def build(definition: PipelineDefinition, problems: Problems | None = None) -> tuple[Pipeline, Warnings]:
    """The pipeline, and warnings about inputs and features that nothing uses.

    The pipeline is frozen if every step that learns has a state; otherwise pass it to `skc.fit.fit`. `problems` are
    those that a reader found in outputs, which are then missing from the definition; they are raised together with
    those found here.

    Raises SkcError with all errors that are independent of each other, each with its code, its location if the
    definition has one, and a hint: SKC104 to SKC118 for names and outputs, SKC12x for types, SKC137 for expressions.
    """
    problems = Problems() if problems is None else problems
    _check_parts(definition, problems)
    checked = check_names(definition, problems)
    sources = tuple(step for value in checked.inputs for step in _source_steps(value))
    resolver = Resolver(checked.inputs, sources, checked.features)
    targets = {output.name: _targets(output, resolver, problems) for output in checked.outputs}
    roots = [target for names in targets.values() for _, target in names]
    steps: tuple[Step, ...] | None = None
    with problems.collect():
        steps = (*sources, *resolver.steps(roots, problems))
    if steps is None:
        raise problems.error()
    draft = Pipeline(
        checked.name, checked.inputs, with_casts(checked.inputs, steps), tuple(resolver.features()), (), checked.data
    )
    draft.verify()
    types: Types = {}
    with problems.collect():
        types = _typed(draft, resolver)
        draft = carry_back(draft)
        types = value_types(draft, before_carrying=True)  # what is not fitted yet is carried back then
        _check_target(definition, draft, types)
    outputs: list[Output] = []
    guards: list[Step] = []
    for output in checked.outputs if types else ():
        with problems.collect():
            result, narrowing = _output(output, targets[output.name], resolver, draft, types)
            outputs.append(result)
            guards += narrowing
    if definition.model is not None:
        with problems.collect():
            _check_model(definition.model, definition.outputs)
    problems.stop_if_any()
    pipeline = replace(
        draft,
        steps=(*draft.steps, *guards),
        outputs=tuple(outputs),
        model=definition.model,
        profile=definition.profile,
        log=definition.log,
        drift=definition.drift,
        signals=definition.signals,
        freshness=definition.freshness,
    )
    pipeline.verify()
    check_shapes(pipeline, types)
    return pipeline, _warnings(checked, resolver)


def _check_parts(definition: PipelineDefinition, problems: Problems) -> None:
    """Check what the types of a definition allow but no file format can express. Outputs that a reader could not
    parse are not reported as missing.
    """
    for section, parts in (("inputs", definition.inputs), ("outputs", definition.outputs)):
        if not parts and not problems:
            raise fail("SKC107", f"`{section}` must not be empty", span=definition.span, hint="define at least one")
    for output in definition.outputs:
        if not output.features:
            message = f"output `{shown(output.name)}` has no features"
            raise fail("SKC106", message, span=output.span, hint="name the inputs or features that it holds")
    for feature in definition.features:
        for step in feature.steps:
            _check_step(step)


def _check_step(step: StepDefinition) -> None:
    for field, value, expected in (("parameters", step.params, step.op.params), ("state", step.state, step.op.state)):
        if not isinstance(value, expected) and not (field == "state" and value is None):
            message = f"the {field} of a `{step.op.name}` step must be {_full(expected)}, not {_full(type(value))}"
            hint = f"`{step.op.name}` takes no other class; make one of that"
            raise fail("SKC107", message, span=step.span, hint=hint)
    if step.state is None and step.op.is_fitted_elsewhere:
        raise cannot_fit(f"`{step.op.name}`", step.span)
    refusal = None if step.state is not None else step.op.unlearnable(step.params)
    if refusal is not None:
        raise SkcError(*(replace(d, span=step.span) for d in refusal.diagnostics))


def _full(cls: type[Any]) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _source_steps(value: Input) -> Iterator[Step]:
    """The internal steps that normalise an input, if it needs any, and that read its local times."""
    null_values = _own_null_values(value)
    is_masked = value.nullable and not value.kind.is_float
    if not (null_values or is_masked or value.dtype in LIMITS or value.kind.widens_to):
        return
    params = OPS[SOURCE].params(null_values=null_values)
    source = f"{value.value}/{SOURCE}"
    yield Step(source, SOURCE, params, (Ref(value.value),), NoState(), span=value.span)
    if value.zone is not None:
        params = OPS[LOCAL_TIME].params(**asdict(value.zone))
        yield Step(f"{value.value}/{LOCAL_TIME}", LOCAL_TIME, params, (Ref(source),), NoState(), span=value.span)


def _own_null_values(value: Input) -> tuple[bool | int | float | str, ...]:
    """The null values of the input's own type, rounded as a request is; the others apply only when text is parsed."""
    own = (v for v in value.null_values if v is not None and isinstance(v, str) == (value.dtype == "string"))
    return tuple(rounded(value.dtype, v) if isinstance(v, float) else v for v in own)


def _targets(output: OutputDefinition, resolver: Resolver, problems: Problems) -> Targets:
    """What the names of an output refer to. An unknown name is a problem, and is left out."""
    targets: list[tuple[Name, Target]] = []
    for name in output.features:
        with problems.collect():
            targets.append((name, resolver.target(name)))
    return tuple(targets)


def _typed(draft: Pipeline, resolver: Resolver) -> Types:
    """The types of all values. An error notes where a feature shadows an input of the same name."""
    try:
        return value_types(draft, before_carrying=True)
    except SkcError as error:
        shadow_notes = {
            step.span: resolver.shadowing(step.name.split("/")[0]) for step in draft.steps if step.span is not None
        }
        diagnostics = [
            replace(d, notes=(*d.notes, *(shadow_notes.get(d.span, ()) if d.span else ()))) for d in error.diagnostics
        ]
        raise SkcError(*diagnostics) from None


def _output(
    definition: OutputDefinition, targets: Targets, resolver: Resolver, draft: Pipeline, types: Types
) -> tuple[Output, tuple[Step, ...]]:
    """The output, its values checked against its dtype, and the steps that guard integers in it. Raises SKC116."""
    refs: list[Ref] = []
    labels: list[str] = []
    guards: list[Step] = []
    small = _small_values(draft, types)
    for name, target in targets:
        for ref in resolver.refs(name, target):
            dtype = types[ref.value].dtype
            _check_type(definition, name, dtype)
            if dtype == "int64" and ELEMENTS[definition.dtype].is_float and ref.value not in small:
                guards.append(_narrow(definition, target, len(guards), ref))
                ref = Ref(guards[-1].name)
            refs.append(ref)
            labels.append(target.name)
    output = Output(
        definition.name, tuple(refs), definition.dtype, tuple(labels), definition.columns, span=definition.span
    )
    return output, tuple(guards)


def _small_values(pipeline: Pipeline, types: Types) -> frozenset[str]:
    """The values whose integers are exact in every float type."""
    small = {i.value for i in pipeline.inputs if is_small_kind(i.dtype)}
    for step in pipeline.steps:
        has_small_inputs = all(ref.value in small for ref in step.inputs)
        if is_small_kind(types[step.name].dtype) or OPS[step.op].is_small(step.params, has_small_inputs):
            small.add(step.name)
    return frozenset(small)


def _narrow(definition: OutputDefinition, target: Target, number: int, ref: Ref) -> Step:
    name = f"outputs/{definition.name}/{number}:{target.name}"
    return Step(name, NARROW, OPS[NARROW].params(to=definition.dtype), (ref,), NoState(), span=definition.span)


def _check_target(definition: PipelineDefinition, draft: Pipeline, types: Types) -> None:
    """Refuse a step that learns from a target that is not declared, and a target that is an input of requests."""
    target = None if definition.data is None else definition.data.target
    taken = [i.name for i in definition.inputs]
    if target is not None and target.name in taken:
        message = f"`{shown(target.name)}` is the target and an input, and requests do not have the target"
        raise fail("SKC105", message, span=target.span, hint="remove the input, and what is made from it")
    for step in draft.steps if target is None else ():
        if step.state is None and needs_target(step, types):
            message = f"step `{step.name}` learns from a target, and none is declared"
            hint = "declare it under `data`: `target: {column: NAME, type: float64}`"
            raise fail("SKC106", message, span=step.span, hint=hint)


def _check_model(model: ModelSource, outputs: Sequence[OutputDefinition]) -> None:
    """Refuse a model whose features are not an output of numbers, or whose outputs would have a name that is taken."""
    by_name = {output.name: output for output in outputs}
    features = by_name.get(model.features)
    if features is None:
        example = f", such as `{outputs[0].name}`" if outputs else ""  # those that were refused are not among them
        hint = did_you_mean(model.features, [*by_name]) or f"name an output{example}"
        raise fail("SKC104", f"`{shown(model.features)}` is not an output", span=model.span, hint=hint)
    if features.dtype != "float64":
        message = f"the features of the model are the output `{shown(features.name)}` of dtype {features.dtype}"
        hint = f"write `dtype: float64` for `{features.name}`, and fit the model on that"
        raise fail("SKC116", message, span=features.span, hint=hint)
    for output in outputs:
        if output.name in MODEL_OUTPUTS:
            message = f"the output `{output.name}` has the name of an output of the model"
            raise fail("SKC105", message, span=output.span, hint="give it another name")


def _check_type(definition: OutputDefinition, name: Name, dtype: DType) -> None:
    if dtype in HOLDS[definition.dtype]:
        return
    message = f"`{shown(name.text)}` is {dtype}, which an output of dtype {definition.dtype} cannot hold"
    takes = " or ".join(sorted(HOLDS[definition.dtype]))
    notes = [f"{definition.dtype} takes {takes}", f"in output `{definition.name}`"]
    raise fail("SKC116", message, span=name.span, notes=notes, hint=HINTS[dtype])


def _warnings(definition: PipelineDefinition, resolver: Resolver) -> Warnings:
    """Warnings about inputs and features that are declared but never used."""
    inputs = [i for i in definition.inputs if Target(i.name, is_input=True) not in resolver.used]
    features = [f for f in definition.features if Target(f.name, is_input=False) not in resolver.used]
    return (
        *(_unused("SKC117", f"input `{shown(i.name)}`", i.span, "remove it, or use it") for i in inputs),
        *(
            _unused("SKC118", f"feature `{shown(f.name)}`", f.span, "add it to an output, or remove it")
            for f in features
        ),
    )


def _unused(code: Code, subject: str, span: Span | None, hint: str) -> Diagnostic:
    return Diagnostic(code, f"{subject} is not used", span, hint, severity="warning")
