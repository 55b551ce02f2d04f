"""What a user gives `skc compile`, as a pipeline: a pipeline.yaml, a `Pipeline`, or an estimator of scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from skc import concerns
from skc.artifact import Artifact
from skc.diagnostics import Diagnostic, SkcError, fail
from skc.frontend.references import is_reference
from skc.frontend.sklearn import SklearnPipeline, is_estimator, read_estimator
from skc.frontend.sklearn.attach import attach
from skc.frontend.sklearn.claims import versions
from skc.frontend.sklearn.load import Trust, load
from skc.frontend.sklearn.outputs import METHODS, Call
from skc.frontend.sklearn.sample import read_rows
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import ModelSource, Pipeline
from skc.options import CheckOptions, CompileOptions, VerifyOptions
from skc.oracle.default import EVALUATE
from skc.oracle.protocol import Evaluation
from skc.oracle.sklearn import Source, check_outputs
from skc.passes.prune import prune
from skc.values.types import Block

OF_SKLEARN = ("dtype", "trust_pickle", "trust_type", "allow_version")


@dataclass(frozen=True)
class Origin:
    """A pipeline, with the data to fit it on (None: that which it declares, if any) and the rows to verify it on.

    `source` is the estimator that it was read from, if it was, and `fitted_with` the versions of the libraries that
    fitted it.
    """

    pipeline: Pipeline
    warnings: tuple[Diagnostic, ...]
    to_fit: Any
    rows: Any
    source: SklearnPipeline | None = None
    fitted_with: Mapping[str, str] = field(default_factory=dict)


def read_origin(subject: Any, options: CompileOptions) -> Origin:
    """Read what is to be compiled. Raises SkcError."""
    is_path = isinstance(subject, str | os.PathLike)
    if isinstance(subject, Pipeline) or (is_path and not is_reference(os.fspath(subject))):
        pipeline, warnings = (subject, ()) if isinstance(subject, Pipeline) else read_pipeline(Path(subject))
        unused = [name for name in OF_SKLEARN if getattr(options, name) and (pipeline.model is None or name == "dtype")]
        if unused:
            flag = unused[0].replace("_", "-")
            raise fail("SKC140", f"--{flag} is for estimators of scikit-learn", hint="leave it out for a pipeline")
        if pipeline.model is not None:
            _check_trust(pipeline.model, options)
        return Origin(pipeline, warnings, options.data, options.data)
    if options.engine != "duckdb":
        hint = "leave out --engine: --data is a sample, which is read on this machine"
        raise fail(
            "SKC140", f"nothing is fitted with an estimator, and --engine {options.engine} is for that", hint=hint
        )
    source = read_source(subject, options.data, options)
    fitted_with = versions(source.estimator)
    warnings = (*source.warnings, *concerns.of_estimator(source.concerns))
    return Origin(source.pipeline, warnings, None, source.sample.table, source, fitted_with)


def _check_trust(model: ModelSource, options: CompileOptions) -> None:
    """A pipeline.yaml alone runs no code: its reader must say that the model may be imported, or unpickled."""
    if options.trust_model or Path(model.reference).suffix.lower() == ".skops":
        return
    message = f"the pipeline has the model `{model.reference}`, and importing or unpickling it runs code"
    hint = "give --trust-model if you know what it is; or write it with `skops.io.dump`, and name the .skops file"
    raise fail("SKC154", message, span=model.span, hint=hint)


@dataclass(frozen=True)
class FeatureModel:
    """A model behind a fitted pipeline, as the source of an oracle: the reference makes its features.

    `methods` are the model's by output; `names` are those of the columns of a DataFrame, None if the model was fitted
    on an array.
    """

    pipeline: Pipeline
    features: str
    estimator: Any
    methods: Mapping[str, Call]
    names: tuple[str, ...] | None

    @property
    def calls(self) -> Mapping[str, Call]:
        """The outputs of the reference, and the methods of the model on one of them."""
        own = {output.name: partial(_output, name=output.name) for output in self.pipeline.outputs}
        return {**own, **{name: partial(self._predicted, method) for name, method in self.methods.items()}}

    def _predicted(self, method: Call, evaluation: Evaluation) -> Any:
        values = evaluation.outputs[self.features]
        if self.names is None:
            return method(values)
        import pandas as pd

        return method(pd.DataFrame(values, columns=list(self.names)))

    def rows(self, blocks: Mapping[str, Block]) -> Evaluation:
        """What the reference makes of rows. Raises ValueError if it refuses one of them."""
        evaluation = EVALUATE(self.pipeline, blocks)
        if any(hit.mask.any() for hit in evaluation.guards):
            raise ValueError("a row is refused before the model")
        return evaluation


def _output(evaluation: Evaluation, name: str) -> Any:
    """[N, K], with None where a value is missing."""
    values, valid = evaluation.outputs[name], evaluation.valid.get(name)
    if valid is None:
        return values
    objects = values.astype(object)
    objects[~valid] = None
    return objects


def with_model(
    pipeline: Pipeline, origin: Origin, options: CompileOptions
) -> tuple[Pipeline, Source | None, Mapping[str, str]]:
    """A fitted pipeline with the model that it names behind it, what to compare that with, and who fitted it.

    Raises SkcError, at the location of `model`.
    """
    if pipeline.model is None:
        return pipeline, origin.source, origin.fitted_with
    features, reference = pipeline.model.features, pipeline.model.reference
    try:
        trust = Trust(options.trust_pickle or options.trust_model, options.trust_type, options.allow_version)
        estimator = load(reference, trust)
        attached = attach(pipeline, estimator, features)
    except SkcError as error:
        span = pipeline.model.span
        raise SkcError(*(replace(d, span=span) if d.span is None else d for d in error.diagnostics)) from None
    before = replace(pipeline, model=None)
    source = FeatureModel(before, features, estimator, attached.calls, attached.names)
    return attached.pipeline, source, versions(estimator)


def load_estimator(subject: Any, options: CompileOptions | VerifyOptions | CheckOptions) -> Any:
    """An estimator, or that which is kept somewhere. Raises SkcError."""
    is_path = isinstance(subject, str | os.PathLike)
    trust = Trust(options.trust_pickle, options.trust_type, options.allow_version)
    estimator = load(os.fspath(subject), trust) if is_path else subject
    if not is_estimator(estimator):
        hint = "give the path of a pipeline.yaml, or a fitted estimator of scikit-learn"
        raise fail("SKC140", f"`{type(subject).__qualname__}` is not something that skc compiles", hint=hint)
    return estimator


def compared_with(artifact: Artifact, options: VerifyOptions) -> tuple[Source, VerifyOptions]:
    """The estimator that an artifact is to be compared with, and the options with rows that both take.

    It is the one that the artifact was compiled from, which needs `data`, or the model behind a pipeline.yaml, which is
    given the features of the reference. Raises SkcError.
    """
    estimator = load_estimator(options.against, options)
    behind = _model_behind(artifact, estimator)
    if behind is not None and options.data is None:
        return behind, options
    try:
        source = read_source(estimator, options.data, options)
        check_outputs(source.pipeline, artifact.manifest)
    except SkcError:
        if behind is None:
            raise
        return behind, options
    return source, replace(options, data=source.sample.table)


def _model_behind(artifact: Artifact, estimator: Any) -> FeatureModel | None:
    """The estimator behind that output of the artifact which it takes as features; None where there is none."""
    pipeline = artifact.pipeline
    own = tuple(output for output in pipeline.outputs if output.name not in METHODS)
    if not own or len(own) == len(pipeline.outputs):
        return None
    before = prune(replace(pipeline, outputs=own, model=None))
    for output in own:
        try:
            attached = attach(before, estimator, output.name)
            check_outputs(attached.pipeline, artifact.manifest)
        except SkcError:
            continue
        return FeatureModel(before, output.name, estimator, attached.calls, attached.names)
    return None


def read_source(subject: Any, data: Any, options: CompileOptions | VerifyOptions) -> SklearnPipeline:
    """An estimator, or where one is kept, read with a sample of rows. Raises SkcError."""
    is_path = isinstance(subject, str | os.PathLike)
    estimator = load_estimator(subject, options)
    if data is None:
        hint = "give `data`: some rows of what `fit` was given, such as `--data sample.parquet`"
        raise fail("SKC200", "an estimator needs a sample of rows, which say what its columns are", hint=hint)
    rows = read_rows(data) if isinstance(data, str | os.PathLike) else data
    name = "pipeline" if not is_path else _name(os.fspath(subject))
    dtype = (options.dtype if isinstance(options, CompileOptions) else None) or "float64"
    return read_estimator(estimator, rows, dtype, name)


def _name(text: str) -> str:
    """The last word of `module:object`, or the stem of a file, as the name of a pipeline."""
    last = text.rpartition(":")[2].rpartition(".")[2] if ":" in text else Path(text).stem
    letters = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "_" for c in last)
    return letters if letters[:1].isalpha() or letters[:1] == "_" else f"_{letters}"
