"""The examples of examples/sklearn, as a user runs them: compiled by the command, then compared with scikit-learn."""

from __future__ import annotations

import contextlib
import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import sklearn_examples as examples

import skc
import skc_runtime
from skc import cli
from skc_runtime.agreement import agree

ROWS = 1500
METHODS = {"x": "transform", "prediction": "predict", "probability": "predict_proba", "decision": "decision_function"}


@pytest.mark.parametrize("reference", examples.REFUSED)
def test_refused_for_a_reason(reference: str) -> None:
    """One that compiles now is to be compared with scikit-learn."""
    assert examples.refusal(reference) == examples.REFUSED[reference], "run `python tests/sklearn_examples.py`"


@pytest.mark.parametrize("reference", examples.COMPILING)
@pytest.mark.filterwarnings("ignore")  # of scikit-learn, in fitting
def test_equal_to_scikit_learn(reference: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "artifact"
    monkeypatch.chdir(examples.FOLDER)
    compile_example(reference, tmp_path / "sample.parquet", out)
    fresh = examples.rows(reference, ROWS, 2)
    with skc_runtime.load(out) as transformer:
        fresh = without_ties(transformer, fresh)
        answers = transformer.transform(fresh)
        for output in transformer.manifest.outputs:
            assert_equal(answers[output.name], expected(examples.estimator(reference), output.name, fresh))
        one = transformer.transform(examples.records(fresh)[7], extra="ignore")
        for name, values in answers.items():
            np.testing.assert_array_equal(one[name], values[7])


def without_ties(transformer: skc_runtime.Transformer, rows: Any) -> Any:
    """The rows whose nearest neighbours do not hang on rounding errors; numbers with one decimal tie in one of ten."""
    refused: list[int] = []
    with contextlib.suppress(skc_runtime.RecordError):
        transformer.transform(rows)
        return rows
    for i in range(len(rows)):
        try:
            transformer.transform(rows[i : i + 1])
        except skc_runtime.RecordError as error:
            assert error.code == "tie"
            refused.append(i)
    assert len(refused) < 0.15 * len(rows)
    return rows.drop(rows.index[refused])


def compile_example(reference: str, sample: Path, out: Path) -> None:
    """By the command, with the rows in a file, also where the estimator takes dicts."""
    pd.DataFrame(examples.rows(reference, 1000, 1)).to_parquet(sample)
    assert cli.run(["compile", reference, "--data", str(sample), "-o", str(out), "--rows", "300"]) == 0


def expected(estimator: Any, output: str, fresh: Any) -> Any:
    """What scikit-learn gives for an output."""
    if output == "x" and hasattr(estimator, "predict"):
        estimator = getattr(estimator, "best_estimator_", estimator)[:-1]
    found = getattr(estimator, METHODS[output])(fresh)
    found = np.asarray(found.toarray() if hasattr(found, "toarray") else found)
    return found.reshape(len(found), -1)


def assert_equal(ours: Any, theirs: Any) -> None:
    """To 1e-6 for floats, exactly for all else."""
    if ours.dtype.kind == "f":
        assert agree(ours, theirs.astype(float), False).all()
    else:
        np.testing.assert_array_equal(ours, theirs)


def test_an_unknown_category_is_refused_where_scikit_learn_refuses_it(tmp_path: Path) -> None:
    reference = "churn_strict:preprocess"
    estimator, fresh = examples.estimator(reference), examples.rows(reference, 5, 2)
    skc.compile(estimator, examples.rows(reference, 1000, 1), tmp_path / "artifact", rows=100)
    unknown = {**examples.records(fresh)[0], "state": "DE-BE"}
    with pytest.raises(ValueError, match="Found unknown categories"):
        estimator.transform(fresh.assign(state="DE-BE"))
    with skc_runtime.load(tmp_path / "artifact") as transformer, pytest.raises(skc_runtime.RecordError) as caught:
        transformer.transform(unknown, extra="ignore")
    assert (caught.value.code, caught.value.input) == ("unknown-category", "state")


def test_the_modules_are_those_that_are_listed() -> None:
    modules = {path.stem for path in examples.FOLDER.glob("*.py")} - {"rows"}
    assert {name.split(":")[0] for name in examples.EXAMPLES} == modules
    for name in modules:
        text = (examples.FOLDER / f"{name}.py").read_text(encoding="utf-8")
        functions = set(
            re.findall(r"^def (\w+)\(\) -> (?:Pipeline|ColumnTransformer|GridSearchCV|Any):", text, re.MULTILINE)
        )
        listed = {reference.split(":")[1] for reference in examples.EXAMPLES if reference.startswith(f"{name}:")}
        assert listed <= functions, name


def test_the_rows_are_the_same_for_the_same_seed(tmp_path: Path) -> None:
    rows = examples.module("rows")
    for name in rows.MADE_BY:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            first, second = rows.rows(name, 50)[0], rows.rows(name, 50)[0]
        pd.testing.assert_frame_equal(first, second)
