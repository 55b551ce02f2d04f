"""The scikit-learn front end: a fitted estimator and a sample of rows become a frozen `Pipeline`.

Each step of scikit-learn becomes an existing op with the state that scikit-learn learned, so that everything below this
front end is the same as for a pipeline.yaml. The step's name is its path in the estimator, such as `num/scale`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from skc.diagnostics import Diagnostic
from skc.frontend.build import build
from skc.frontend.definitions import ALWAYS_INPUT, FeatureDefinition, OutputDefinition, PipelineDefinition, Selector
from skc.frontend.sklearn.claims import CANNOT, class_name, unclaimed
from skc.frontend.sklearn.columns import Recorder
from skc.frontend.sklearn.outputs import METHODS, Call, features_output, model_outputs
from skc.frontend.sklearn.rows import rows_for
from skc.frontend.sklearn.sample import Sample, fitted_names, in_form, read_sample
from skc.frontend.sklearn.walk import CONTAINERS, check_fitted, form_of_rows, innermost, predict, predicts, read
from skc.ir import Input, Pipeline
from skc.op import Concern
from skc.values.types import Block
from skc_runtime.kinds import OutputDType


@dataclass(frozen=True)
class SklearnPipeline:
    """An estimator that was read: the frozen pipeline, the sample that it was read with, and warnings.

    `calls` has for each output the method of the estimator that gives it, of rows as `fit` takes them. `concerns` are
    about a step, each with the name of a column.
    """

    pipeline: Pipeline
    estimator: Any
    sample: Sample
    calls: Mapping[str, Call]
    warnings: tuple[Diagnostic, ...] = ()
    concerns: tuple[tuple[str, Concern, str], ...] = ()

    def rows(self, blocks: Mapping[str, Block]) -> Any:
        """Blocks [N, 1] per input in the form in which the estimator was fitted."""
        return rows_for(self.sample, blocks)


def is_estimator(value: Any) -> bool:
    """Whether a value has the interface of an estimator of scikit-learn."""
    return hasattr(value, "get_params") and hasattr(value, "fit") and not isinstance(value, type)


def read_estimator(
    estimator: Any, sample: Any, dtype: OutputDType = "float64", name: str = "pipeline"
) -> SklearnPipeline:
    """The pipeline that a fitted estimator stands for. `sample` has some rows of what `fit` was given: its types.

    Raises SkcError: SKC150 and SKC151 for classes and parameters that do not compile, all at once and each with the
    path of its step, SKC152 where it is not fitted, SKC155 for the sample.
    """
    if class_name(estimator) in CANNOT:  # whatever the sample is
        raise unclaimed(class_name(estimator))
    if class_name(estimator) not in CONTAINERS:
        check_fitted(estimator)
    sample = in_form(sample, form_of_rows(estimator))
    read_from = read_sample(sample, fitted_names(estimator, sample), getattr(estimator, "n_features_in_", None))
    recorder = Recorder(read_from.inputs, read_from.marks)
    raw = recorder.raw()
    inner = innermost(estimator)
    if class_name(inner) not in CONTAINERS:  # the only step, which is named after its class, as in `make_pipeline`
        raw = raw.at(class_name(inner).split(".")[-1].lower())
    if predicts(estimator):
        of = predict(estimator, raw)
        outputs = [*model_outputs(recorder, of.model)]
        calls: dict[str, Call] = {o.name: getattr(estimator, METHODS[o.name]) for o in outputs}
        if of.transformer is not None:
            outputs.insert(0, features_output(recorder, of.transformer, of.features, dtype))
            calls[outputs[0].name] = of.transformer.transform
    else:
        outputs = [features_output(recorder, estimator, read(estimator, raw), dtype)]
        calls = {outputs[0].name: estimator.transform}
    definition = PipelineDefinition(name, *_used(recorder, outputs), outputs=tuple(outputs))
    pipeline, warnings = build(definition)
    return SklearnPipeline(pipeline, estimator, read_from, calls, warnings, tuple(recorder.concerns))


def _used(
    recorder: Recorder, outputs: Sequence[OutputDefinition]
) -> tuple[tuple[Input, ...], tuple[FeatureDefinition, ...]]:
    """The inputs and features that outputs are computed from: what a selector drops, and never refuses, needs no
    place in a request.
    """
    used = {name.text for output in outputs for name in output.features}
    for feature in reversed(recorder.features):
        if feature.name in used and not isinstance(feature.sources, Selector):
            used |= {source.text for source in feature.sources}
    inputs = tuple(i for i in recorder.inputs if f"{ALWAYS_INPUT}{i.name}" in used)
    return inputs, tuple(feature for feature in recorder.features if feature.name in used)


__all__ = ["SklearnPipeline", "is_estimator", "read_estimator"]
