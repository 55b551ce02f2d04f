"""What a user gives `skc compile`, as a pipeline: a pipeline.yaml, a `Pipeline`, or an estimator of scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skc.diagnostics import Diagnostic, fail
from skc.frontend.sklearn import SklearnPipeline, is_estimator, read_estimator
from skc.frontend.sklearn.claims import versions
from skc.frontend.sklearn.load import Trust, is_reference, load
from skc.frontend.sklearn.sample import read_rows
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import Pipeline
from skc.options import CheckOptions, CompileOptions, VerifyOptions

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
        unused = [name for name in OF_SKLEARN if getattr(options, name)]
        if unused:
            flag = unused[0].replace("_", "-")
            raise fail("SKC140", f"--{flag} is for estimators of scikit-learn", hint="leave it out for a pipeline")
        pipeline, warnings = (subject, ()) if isinstance(subject, Pipeline) else read_pipeline(Path(subject))
        return Origin(pipeline, warnings, options.data, options.data)
    source = read_source(subject, options.data, options)
    fitted_with = versions(source.estimator)
    return Origin(source.pipeline, source.warnings, None, source.sample.table, source, fitted_with)


def load_estimator(subject: Any, options: CompileOptions | VerifyOptions | CheckOptions) -> Any:
    """An estimator, or that which is kept somewhere. Raises SkcError."""
    is_path = isinstance(subject, str | os.PathLike)
    trust = Trust(options.trust_pickle, options.trust_type, options.allow_version)
    estimator = load(os.fspath(subject), trust) if is_path else subject
    if not is_estimator(estimator):
        hint = "give the path of a pipeline.yaml, or a fitted estimator of scikit-learn"
        raise fail("SKC140", f"`{type(subject).__qualname__}` is not something that skc compiles", hint=hint)
    return estimator


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
