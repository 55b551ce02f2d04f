"""What a user gives `skc compile`, as a pipeline: a pipeline.yaml, a `Pipeline`, or an estimator of scikit-learn."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skc.diagnostics import Diagnostic, fail
from skc.frontend.sklearn.load import Trust, is_reference, load
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import Pipeline
from skc.options import CompileOptions

OF_SKLEARN = ("dtype", "trust_pickle", "trust_type", "allow_version")


@dataclass(frozen=True)
class Origin:
    """A pipeline, with the data to fit it on (None: that which it declares, if any) and the rows to verify it on.

    `fitted_with` has the versions of the libraries that fitted it, if skc will not.
    """

    pipeline: Pipeline
    warnings: tuple[Diagnostic, ...]
    to_fit: Any
    rows: Any
    fitted_with: Mapping[str, str] = field(default_factory=dict)


def read_origin(given: Any, options: CompileOptions) -> Origin:
    """Read what is to be compiled. Raises SkcError."""
    is_path = isinstance(given, str | os.PathLike)
    if isinstance(given, Pipeline) or (is_path and not is_reference(os.fspath(given))):
        unused = [name for name in OF_SKLEARN if getattr(options, name)]
        if unused:
            flag = unused[0].replace("_", "-")
            raise fail("SKC140", f"--{flag} is for estimators of scikit-learn", hint="leave it out for a pipeline")
        pipeline, warnings = (given, ()) if isinstance(given, Pipeline) else read_pipeline(Path(given))
        return Origin(pipeline, warnings, options.data, options.data)
    return _estimator(given, is_path, options)


def _estimator(given: Any, is_path: bool, options: CompileOptions) -> Origin:
    from skc.frontend.sklearn import is_estimator, read_estimator
    from skc.frontend.sklearn.sample import read_rows

    trust = Trust(options.trust_pickle, options.trust_type, options.allow_version)
    estimator = load(os.fspath(given), trust) if is_path else given
    if not is_estimator(estimator):
        hint = "give the path of a pipeline.yaml, or a fitted estimator of scikit-learn"
        raise fail("SKC140", f"`{type(given).__qualname__}` is not something that skc compiles", hint=hint)
    if options.data is None:
        hint = "give `data`: some rows of what `fit` was given, such as `--data sample.parquet`"
        raise fail("SKC200", "an estimator needs a sample of rows, which say what its columns are", hint=hint)
    rows = read_rows(options.data) if isinstance(options.data, str | os.PathLike) else options.data
    name = "pipeline" if not is_path else _name(os.fspath(given))
    result = read_estimator(estimator, rows, options.dtype or "float64", name)
    import sklearn

    versions = {"scikit-learn": sklearn.__version__}
    return Origin(result.pipeline, result.warnings, None, result.sample.table, versions)


def _name(text: str) -> str:
    """The last word of `module:object`, or the stem of a file, as the name of a pipeline."""
    last = text.rpartition(":")[2].rpartition(".")[2] if ":" in text else Path(text).stem
    letters = "".join(c if c.isascii() and (c.isalnum() or c in "_.-") else "_" for c in last)
    return letters if letters[:1].isalpha() or letters[:1] == "_" else f"_{letters}"
