"""An artifact compared with the estimator that it was compiled from, or with another."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction import DictVectorizer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skc
import skc_runtime
from skc.cli import run

REPORT_SCHEMA = Path(__file__).parents[2] / "schemas" / "report.v1.schema.json"
ROWS = pd.DataFrame(
    {
        "age": [20.0, np.nan, 41.0, 63.0],
        "rooms": [1, 2, 3, 7],
        "is_new": [True, False, True, True],
        "city": ["Oslo", None, "Bergen", "Oslo"],
        "unused": ["a", "b", "c", "d"],
    }
)


def estimator(rows: pd.DataFrame = ROWS) -> Any:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    parts = [("num", numbers, ["age", "rooms", "is_new"]), ("city", OneHotEncoder(handle_unknown="ignore"), ["city"])]
    return ColumnTransformer(parts).fit(rows)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("against") / "artifact"
    compiled = skc.compile(estimator(), ROWS, path, rows=500)
    assert compiled.report is not None
    assert compiled.against is not None
    assert compiled.is_equal
    assert compiled.against.oracle.startswith("scikit-learn ")
    assert [i.name for i in compiled.artifact.manifest.inputs] == ["age", "rooms", "is_new", "city"]
    return path


def test_an_artifact_equals_the_estimator_that_it_was_compiled_from(artifact: Path) -> None:
    report = skc.verify(artifact, ROWS, rows=500, against=estimator())
    assert report.is_equal
    assert sum(check.refused_rows for check in report.checks) > 0  # infinities, among the hostile rows


def test_an_estimator_fitted_on_other_rows_differs_in_the_step_that_it_changes(artifact: Path) -> None:
    other = ROWS.assign(age=[20.0, np.nan, 41.0, 62.0])
    report = skc.verify(artifact, ROWS, rows=200, against=estimator(other))
    assert not report.is_equal
    assert {d.column for d in report.differences} == {"num__age"}


def refusing(value: float) -> Any:
    """The same estimator, which also refuses rows in which a scaled age is greater than a value."""
    made = estimator()
    serve = made.transform

    def transform(rows: pd.DataFrame) -> Any:
        if (rows["age"] > value).any():
            raise ValueError("too old")
        return serve(rows)

    made.transform = transform
    return made


def test_a_row_that_only_the_estimator_refuses_is_a_difference(artifact: Path) -> None:
    report = skc.verify(artifact, ROWS, rows=200, against=refusing(60.0))
    assert not report.is_equal
    assert "served" in {d.kind for d in report.differences}


def test_a_row_that_only_the_artifact_refuses_is_a_difference(artifact: Path) -> None:
    """An estimator that fills infinities in, which the artifact refuses."""
    made = estimator()
    serve = made.transform
    made.transform = lambda rows: serve(rows.assign(age=rows["age"].replace([np.inf, -np.inf], 0.0)))
    report = skc.verify(artifact, ROWS, rows=200, against=made)
    assert not report.is_equal
    assert "refused" in {d.kind for d in report.differences}


def test_the_report_says_where_the_estimator_differs_from_itself(artifact: Path) -> None:
    """NumPy sums a row alone in another order than in a batch; the artifact does not."""
    made = estimator()
    serve = made.transform

    def transform(rows: pd.DataFrame) -> Any:
        if len(rows) == 1 and rows["age"].iloc[0] == 63.0:
            raise ValueError("alone")
        output = np.array(serve(rows), dtype=np.float64)
        output[:, 1] += np.spacing(output[:, 1]) * (len(rows) == 1)
        return output

    made.transform = transform
    report = skc.verify(artifact, ROWS, rows=2000, against=made)
    assert report.is_equal
    alone = report.alone
    assert alone is not None
    assert alone.rows == 20
    assert alone.differing > alone.refused > 0
    assert alone.columns == ("x: num__rooms",)
    assert 0 < alone.worst_error < 1e-15
    assert "differs from itself: of 20 rows asked about alone, " in skc.render(report)
    jsonschema.validate(json.loads(skc.render(report, "json")), json.loads(REPORT_SCHEMA.read_text("utf-8")))


def test_an_estimator_that_agrees_with_itself(artifact: Path) -> None:
    report = skc.verify(artifact, ROWS, rows=400, against=estimator())
    assert (report.alone.rows, report.alone.differing) == (4, 0) if report.alone else False
    assert "differs from itself" not in skc.render(report)
    assert skc.verify(artifact, ROWS, rows=400).alone is None


def test_nothing_is_written_where_the_estimator_differs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made = refusing(60.0)
    compiled = skc.compile(made, ROWS, tmp_path / "artifact", rows=50)
    assert compiled.report is not None
    assert compiled.report.is_equal
    assert not compiled.is_equal
    assert compiled.path is None
    assert not (tmp_path / "artifact").exists()


def test_a_difference_when_compiling_is_shown_once_with_what_reproduces_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Column, step, both values, the row, and the command; from Python as from the command."""
    real = StandardScaler.transform
    monkeypatch.setattr(StandardScaler, "transform", lambda self, x: np.where(real(self, x) > 1, 7.0, real(self, x)))
    compiled = skc.compile(estimator(), ROWS, tmp_path / "artifact", rows=50)
    text = skc.render(compiled)
    assert text.count("NOT EQUAL") == 1
    assert "equals its reference" in text
    first = text[text.index("difference in output") :].splitlines()
    assert first[0] == "difference in output `x`, column `num__age` (data)"
    assert "num/standardscaler" in first[1]
    assert first[3].split() == ["scikit-learn", compiled.against.oracle.split()[1] + ":", "7.0"]
    assert first[4].split()[0] == "record:"
    assert "skc verify" in first[6]
    assert "--against MODULE:OBJECT --data ROWS --rows 50 --seed 0" in first[6]
    assert text.splitlines()[-1].endswith("--no-verify first")


def test_another_estimator_has_other_outputs(artifact: Path) -> None:
    with pytest.raises(skc.SkcError, match="other outputs") as caught:
        skc.verify(artifact, ROWS, against=StandardScaler().fit(ROWS[["age"]]))
    assert caught.value.code == "SKC157"
    (note,) = caught.value.diagnostics[0].notes
    assert note == "column 1 of `x` is `num__age` in the artifact, and `age` in what the estimator gives"


@pytest.mark.parametrize(
    "convert",
    [
        lambda rows: rows.astype({"rooms": "Int64"}),
        lambda rows: rows.astype({"city": "category"}),
        lambda rows: rows.astype({"city": object}).where(rows.notna(), None),
        lambda rows: rows.astype({"rooms": "int8"}),
    ],
    ids=["extension types", "category", "None", "int8"],
)
def test_rows_have_the_form_that_fit_was_given(convert: Callable[[pd.DataFrame], pd.DataFrame], tmp_path: Path) -> None:
    rows = convert(ROWS[["rooms", "city"]])
    parts = [("num", StandardScaler(), ["rooms"]), ("city", OneHotEncoder(handle_unknown="ignore"), ["city"])]
    made = ColumnTransformer(parts).fit(rows)
    assert skc.compile(made, rows, tmp_path / "artifact", rows=100).is_equal


def test_the_command_compares_and_says_with_what(
    artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import skops.io

    monkeypatch.chdir(tmp_path)
    skops.io.dump(deepcopy(estimator()), "model.skops")
    ROWS.to_parquet("sample.parquet")
    arguments = ["verify", str(artifact), "--rows", "50", "--data", "sample.parquet", "--against", "model.skops"]
    assert run(arguments) == 0
    assert "equals scikit-learn" in capsys.readouterr().out


def test_a_zero_agrees_with_a_negative_zero_which_sparse_tables_do_not_have(tmp_path: Path) -> None:
    rows = [{"a": -0.0, "s": "x"}, {"a": 1.0, "s": "y"}]
    compiled = skc.compile(DictVectorizer().fit(rows), rows, tmp_path / "artifact", rows=100)
    assert compiled.is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert np.signbit(transformer.transform(rows[0])["x"][0])
    assert not np.signbit(DictVectorizer().fit(rows).transform(rows).toarray()[0, 0])
