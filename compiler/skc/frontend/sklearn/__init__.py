"""The scikit-learn front end: a fitted estimator and a sample of rows become a frozen `Pipeline`.

Each step of scikit-learn becomes an existing op with the state that scikit-learn learned, so that everything below this
front end is the same as for a pipeline.yaml. The step's name is its path in the estimator, such as `num/scale`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skc.diagnostics import Diagnostic, fail
from skc.frontend.build import build
from skc.frontend.definitions import Name, OutputDefinition, PipelineDefinition
from skc.frontend.sklearn.claims import class_name
from skc.frontend.sklearn.columns import Recorder, Table
from skc.frontend.sklearn.sample import Sample, read_sample
from skc.frontend.sklearn.walk import CONTAINERS, check_fitted, read
from skc.ir import Pipeline
from skc_runtime.kinds import OutputDType

OUTPUT = "x"


@dataclass(frozen=True)
class SklearnPipeline:
    """An estimator that was read: the frozen pipeline, the sample that it was read with, and warnings."""

    pipeline: Pipeline
    estimator: Any
    sample: Sample
    warnings: tuple[Diagnostic, ...] = ()


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
    if class_name(estimator) not in CONTAINERS:
        check_fitted(estimator)
    names = getattr(estimator, "feature_names_in_", None)
    read_from = read_sample(
        sample, None if names is None else names.tolist(), getattr(estimator, "n_features_in_", None)
    )
    recorder = Recorder(read_from.inputs)
    raw = recorder.raw()
    x = read(
        estimator, raw if class_name(estimator) in CONTAINERS else raw.at(class_name(estimator).split(".")[-1].lower())
    )
    if not x.columns:
        hint = "it drops or selects away every column; compile one that keeps some"
        raise fail("SKC157", "the estimator has no output column", hint=hint)
    output = _output(estimator, x, recorder.sources(x.columns), dtype)
    definition = PipelineDefinition(name, *_used(recorder, x), outputs=(output,))
    pipeline, warnings = build(definition)
    return SklearnPipeline(pipeline, estimator, read_from, warnings)


def _used(recorder: Recorder, x: Table) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The inputs and features that the output is computed from: what a selector drops needs no place in a request."""
    used = {column.source for column in x.columns}
    for feature in reversed(recorder.features):
        if feature.name in used:
            used |= {source.text for source in feature.sources}  # type: ignore[union-attr]  # the recorder makes no selector
    inputs = tuple(i for i in recorder.inputs if f"inputs.{i.name}" in used)
    return inputs, tuple(feature for feature in recorder.features if feature.name in used)


def _output(estimator: Any, x: Table, sources: tuple[Name, ...], dtype: OutputDType) -> OutputDefinition:
    kinds = {column.x.dtype for column in x.columns}
    if "string" in kinds and len(kinds) > 1:
        name = next(column.name for column in x.columns if column.x.dtype == "string")
        raise fail(
            "SKC158",
            f"the output has numbers and text: column `{name}` is text",
            hint="encode it, or drop it: `remainder='drop'`",
        )
    return OutputDefinition(
        OUTPUT, sources, "string" if kinds == {"string"} else dtype, columns=_names_out(estimator, x)
    )


def _names_out(estimator: Any, x: Table) -> tuple[str, ...]:
    """The names that scikit-learn gives to the output columns, or those of skc where it gives none."""
    try:
        names = tuple(str(name) for name in estimator.get_feature_names_out())
    except (AttributeError, ValueError, NotImplementedError, TypeError):
        names = ()
    if len(names) == len(x.columns) and len(set(names)) == len(names):
        return names
    return tuple(f"x{i}" for i in range(len(x.columns)))


__all__ = ["SklearnPipeline", "is_estimator", "read_estimator"]
