"""`skc check` of an estimator: every step by its path, and all refusals at once."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import LatentDirichletAllocation
from sklearn.impute import SimpleImputer
from sklearn.manifold import Isomap
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import skc
from skc.cli import run
from skc.frontend.sklearn.survey import survey

ROWS = pd.DataFrame({"a": [1.0, 2.0, 4.0], "b": [1.0, 5.0, 2.0], "s": ["x", None, "y"]})


def refused() -> Any:
    """Two steps that do not compile, in different branches, one after a step that does."""
    union = FeatureUnion([("topics", LatentDirichletAllocation(2)), ("scale", StandardScaler())])
    numbers = make_pipeline(SimpleImputer(), union)
    parts = [("num", numbers, ["a", "b"]), ("map", Isomap(n_neighbors=1), ["a", "b"]), ("cat", OneHotEncoder(), ["s"])]
    return ColumnTransformer(parts).fit(ROWS)


@pytest.mark.parametrize("sample", [None, ROWS], ids=["without rows", "with rows"])
def test_every_step_by_its_path(sample: Any) -> None:
    found = survey(refused(), "model", sample)
    assert {step.path: [d.code for d in step.refusals] for step in found.steps} == {
        "num/simpleimputer": [],
        "num/featureunion/topics": ["SKC150"],
        "num/featureunion/scale": [],
        "map": ["SKC150"],
        "cat": [],
    }
    assert not found.compiles
    assert found.others == ()


def test_what_was_learned_is_known_with_rows_alone() -> None:
    """A category None and a category NaN: two for scikit-learn, one null for skc."""
    rows = pd.DataFrame({"s": pd.Series(["x", None, np.nan], dtype=object)})
    encoder = ColumnTransformer([("cat", OneHotEncoder(), ["s"])]).fit(rows)
    assert survey(encoder, "model").compiles
    found = survey(encoder, "model", rows)
    assert [(step.path, [d.code for d in step.refusals]) for step in found.steps] == [("cat", ["SKC151"])]


def test_a_sample_that_does_not_fit_belongs_to_no_step() -> None:
    found = survey(ColumnTransformer([("n", StandardScaler(), ["a"])]).fit(ROWS), "model", ROWS[["b"]])
    assert [d.code for d in found.others] == ["SKC155"]
    assert not found.compiles


def test_a_search_and_its_best_estimator() -> None:
    search = GridSearchCV(make_pipeline(StandardScaler()), {}, scoring=lambda *_: 0.0, cv=2)
    assert [d.code for d in survey(search, "model").refusals] == ["SKC152"]
    search.fit(ROWS[["a", "b"]], [0, 1, 0])
    assert [step.path for step in survey(search, "model").steps] == ["standardscaler"]


def test_in_python() -> None:
    assert skc.check(StandardScaler().fit([[1.0]]), np.array([[1.0]])) == ()
    with pytest.raises(skc.SkcError) as caught:
        skc.check(refused())
    assert [d.code for d in caught.value.diagnostics] == ["SKC150", "SKC150"]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path("models_to_check.py").write_text(
        "from sklearn.pipeline import make_pipeline\nfrom sklearn.preprocessing import *\n"
        "good = make_pipeline(StandardScaler(), MinMaxScaler()).fit([[1.0], [2.0]])\n"
        "raw = StandardScaler()\n"
    )
    pd.DataFrame({"x0": [1.0]}).to_parquet("sample.parquet")
    assert run(["check", "models_to_check:good"]) == 0
    printed = capsys.readouterr().out
    assert "minmaxscaler" in printed
    assert "--data" in printed
    assert run(["check", "models_to_check:raw", "--format", "json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert [d["code"] for d in document["diagnostics"]] == ["SKC152"]
    assert document["compiles"] is False
