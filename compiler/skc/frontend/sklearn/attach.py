"""Puts a fitted model behind a fitted pipeline: the model's steps read the columns of one output, its features.

Why after fitting: how many columns a feature has, and so what the model is given, is known only then. The model is read
as the last step of a scikit-learn pipeline is, with those columns as inputs; its steps are then joined to the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from skc.carry import carry_back
from skc.diagnostics import fail
from skc.frontend.build import build
from skc.frontend.definitions import ALWAYS_INPUT, PipelineDefinition
from skc.frontend.sklearn.columns import Column, Recorder, Table
from skc.frontend.sklearn.outputs import METHODS, Call, model_outputs
from skc.frontend.sklearn.walk import check_fitted, predict, predicts
from skc.infer import column_names, output_columns, value_types
from skc.ir import SOURCE, Input, Output, Pipeline, Ref, Step
from skc.ops import OPS

PATH = "model"  # of the model's steps


@dataclass(frozen=True)
class Attached:
    """A pipeline with the outputs of a model, and for each of these the method that gives it.

    `names` are those of the columns that the model was fitted with, None where with an array.
    """

    pipeline: Pipeline
    calls: Mapping[str, Call]
    names: tuple[str, ...] | None


def attach(pipeline: Pipeline, estimator: Any, features: str) -> Attached:
    """The fitted pipeline with a fitted model behind its output `features`.

    Raises SkcError: SKC150 and SKC151 for a model that does not compile, SKC152 for one that is not fitted, SKC155 for
    one that was fitted on other columns.
    """
    check_fitted(estimator)
    if not predicts(estimator):
        hint = "name a fitted model, or a pipeline of scikit-learn that ends in one"
        raise fail("SKC150", f"`{type(estimator).__qualname__}` does not predict", hint=hint)
    output = next(o for o in pipeline.outputs if o.name == features)
    names = output_columns(output, column_names(pipeline))
    fitted = _check_columns(estimator, output, names)
    singles = list(_single_columns(pipeline, output))
    types = value_types(pipeline, before_carrying=True)  # those of the model are, once it is joined
    inputs = [Input(f"c{i}", types[r.value].dtype, types[r.value].nullable) for i, r in enumerate(singles)]
    recorder = Recorder(inputs, taken={step.name for step in pipeline.steps} | {f.name for f in pipeline.features})
    columns = [
        Column(f"{ALWAYS_INPUT}c{i}", 0, types[r.value].with_(width=1), name)
        for i, (r, name) in enumerate(zip(singles, names, strict=True))
    ]
    predicted = predict(estimator, Table(recorder, PATH, tuple(columns)).numbers())
    outputs = tuple(model_outputs(recorder, predicted.model))
    model, _ = build(PipelineDefinition(PATH, tuple(inputs), tuple(recorder.features), outputs))
    calls = {o.name: getattr(estimator, METHODS[o.name]) for o in outputs}
    return Attached(_joined(pipeline, model, singles), calls, names if fitted else None)


def _check_columns(estimator: Any, output: Output, names: tuple[str, ...]) -> bool:
    """Whether the model was fitted with names of columns. Raises SKC155 where not with those of the output."""
    fitted, count = getattr(estimator, "feature_names_in_", None), getattr(estimator, "n_features_in_", len(names))
    hint = f"fit the model on the output `{output.name}` of this pipeline"
    if count != len(names):
        message = f"the model was fitted on {count} columns, and the output `{output.name}` has {len(names)}"
        raise fail("SKC155", message, hint=hint)
    if fitted is None or list(fitted) == [f"Column_{i}" for i in range(len(names))]:  # LightGBM's, of an array
        return False
    for have, want in zip(names, map(str, fitted), strict=True):
        if have != want:
            message = f"the model was fitted on the column `{want}`, where the output `{output.name}` has `{have}`"
            raise fail("SKC155", message, hint=hint)
    return True


def _single_columns(pipeline: Pipeline, output: Output) -> Iterator[Ref]:
    widths = {value: len(names) for value, names in column_names(pipeline).items()}
    for ref in output.refs:
        start, stop = (ref.start, ref.stop) if ref.start is not None else (0, widths[ref.value])
        for k in range(start, stop or 0):
            yield Ref(ref.value) if widths[ref.value] == 1 else Ref(ref.value, k, k + 1)


def _joined(pipeline: Pipeline, model: Pipeline, singles: list[Ref]) -> Pipeline:
    """One pipeline, in which the columns of the first are the inputs of the second."""
    widths = {value: len(names) for value, names in column_names(pipeline).items()}
    places = {f"inputs/c{i}": ref for i, ref in enumerate(singles)}
    places |= {step.name: places[step.inputs[0].value] for step in model.steps if step.op == SOURCE}

    def refs(step: Step) -> tuple[Ref, ...]:
        placed = tuple(places.get(ref.value, ref) for ref in step.inputs)
        return placed if OPS[step.op].is_variadic(step.params) else _merged(placed, widths)

    steps = [replace(step, inputs=refs(step)) for step in model.steps if step.op != SOURCE]
    added = [replace(o, refs=tuple(places.get(r.value, r) for r in o.refs)) for o in model.outputs]
    joined = replace(pipeline, outputs=(*pipeline.outputs, *added), model=None)
    return carry_back(joined.with_steps([*pipeline.steps, *steps]))


def _merged(refs: tuple[Ref, ...], widths: Mapping[str, int]) -> tuple[Ref, ...]:
    """Neighbouring columns of one value as one reference, and all of its columns as the value."""
    merged: list[Ref] = []
    for ref in refs:
        last = merged[-1] if merged else None
        if last is not None and last.value == ref.value and last.stop is not None and last.stop == ref.start:
            merged[-1] = Ref(ref.value, last.start, ref.stop)
        else:
            merged.append(ref)
    return tuple(Ref(r.value) if r.start == 0 and r.stop == widths.get(r.value) else r for r in merged)
