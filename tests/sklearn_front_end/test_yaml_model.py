"""A model of scikit-learn behind a pipeline.yaml: its outputs are those of the model on the pipeline's features."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import skc
import skc_runtime
from skc.cli import run
from skc.diagnostics import SkcError

FEATURES = """\
skc: 1
name: people
data: rows.csv
inputs:
  age: {type: float64, nullable: true}
  rooms: int64
  is_new: {type: bool, nullable: true}
  city: {type: string, nullable: true}
features:
  scaled: {from: age, apply: [impute, standard_scale]}
  town: {from: city, apply: [{one_hot: {unknown: zeros}}]}
  fresh: {from: is_new, apply: [{cast: {to: float64}}, {impute: {value: 0.5}}]}
outputs:
  x: {features: [scaled, town, rooms, fresh], dtype: float64}
  flag: {features: [is_new], dtype: bool}
"""
MODEL = "model: {from: model.skops, features: x}\n"


@pytest.fixture
def rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    """Rows in the current folder, with a pipeline that makes features of them."""
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": random.normal(40, 9, 60).round(1),
            "rooms": random.integers(1, 5, 60),
            "is_new": random.choice(["true", "false", ""], 60),
            "city": random.choice(["Oslo", "Bergen", ""], 60),
        }
    )
    frame.loc[:3, "age"] = np.nan
    frame.to_csv("rows.csv", index=False)
    Path("features.yaml").write_text(FEATURES)
    Path("people.yaml").write_text(FEATURES + MODEL)
    return frame


def features_of(rows: pd.DataFrame) -> Any:
    skc.compile("features.yaml", out="features", rows=50)
    with skc_runtime.load("features") as transformer:
        return transformer.transform(records(rows))["x"]


def records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "age": None if np.isnan(age) else age,
            "rooms": rooms,
            "is_new": {"true": True, "false": False}.get(is_new),
            "city": city,
        }
        for age, rooms, is_new, city in zip(*(rows[name].tolist() for name in rows), strict=True)
    ]


def target(rows: pd.DataFrame) -> Any:
    return np.where(rows["rooms"] + (rows["city"] == "Oslo") > 3, "large", "small")


MODELS: dict[str, Callable[[], Any]] = {
    "logistic regression": LogisticRegression,
    "a pipeline": lambda: make_pipeline(StandardScaler(), LogisticRegression()),
    "a tree": lambda: DecisionTreeClassifier(max_depth=4, random_state=0),
}


@pytest.mark.parametrize("name", MODELS)
def test_its_outputs_are_those_of_the_model(rows: pd.DataFrame, name: str) -> None:
    x = features_of(rows)
    model = MODELS[name]().fit(x, target(rows))
    skops.io.dump(model, "model.skops")
    compiled = skc.compile("people.yaml", out="people", rows=200)
    assert compiled.is_equal
    assert compiled.against is not None
    assert compiled.against.oracle.startswith("scikit-learn ")
    assert "scikit-learn" in compiled.artifact.manifest.built_with
    with skc_runtime.load("people") as transformer:
        served = transformer.transform(records(rows))
        names = [output.name for output in transformer.manifest.outputs]
    assert names == ["x", "flag", "prediction", "probability", *(["decision"] if "tree" not in name else [])]
    np.testing.assert_array_equal(served["x"], x)
    assert served["prediction"][:, 0].tolist() == model.predict(x).tolist()
    assert np.abs(served["probability"] - model.predict_proba(x)).max() < 1e-14
    assert skc.verify("people", rows=50).is_equal
    assert skc.explain("people", json.dumps(records(rows)[0])).is_equal


def test_an_artifact_is_compared_with_the_model_behind_its_features(
    rows: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without rows, because the reference makes the features, and with the user's own."""
    x = features_of(rows)
    skops.io.dump(LogisticRegression().fit(x, target(rows)), "model.skops")
    skops.io.dump(LogisticRegression(C=0.01).fit(x, target(rows)), "other.skops")
    assert skc.compile("people.yaml", out="people", rows=50).is_equal
    for given in ([], ["--data", "rows.csv"]):
        options = ["verify", "people", "--rows", "50", *given, "--against"]
        assert run([*options, "model.skops"]) == 0
        assert "equals scikit-learn" in capsys.readouterr().out
        assert run([*options, "other.skops"]) == 1
        out = capsys.readouterr().out
        assert "difference in output `probability`" in out
        assert "difference in output `x`" not in out  # the reference makes them on both sides
        assert " ".join(["reproduce:          skc verify people --against other.skops", *given, "--rows 50"]) in out
        assert "If it was compiled from this very estimator" in out


def test_an_artifact_with_a_model_is_shown_and_tried_like_any_other(
    rows: pd.DataFrame, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other commands that read a plan."""
    skops.io.dump(LogisticRegression().fit(features_of(rows), target(rows)), "model.skops")
    assert run(["compile", "people.yaml", "-o", "people", "--rows", "50"]) == 0
    assert run(["compile", "people.yaml", "-o", "again", "--rows", "50"]) == 0
    assert run(["inspect", "people"]) == 0
    assert run(["diff", "people", "again"]) == 0
    record = json.dumps({"age": 30.0, "rooms": 2, "is_new": None, "city": "Oslo"})
    assert run(["explain", "people", "--record", record]) == 0
    out = capsys.readouterr().out
    assert all(text in out for text in ("linear_map", "no change", "prediction", "served; graph: served"))
    faults = skc.self_check("people", rows=100, per_kind=2)
    assert sum(outcome.fate == "found" for outcome in faults.outcomes) > 20


def test_a_model_with_names_of_columns_must_have_those_of_the_output(rows: pd.DataFrame) -> None:
    x = features_of(rows)
    columns = [*skc_runtime.load("features").manifest.outputs[0].columns]
    for given, text in (
        (columns, None),
        ([*columns[:-1], "new"], "the column `new`"),
        (columns[:-1], f"{len(columns) - 1} columns"),
    ):
        frame = pd.DataFrame(x[:, : len(given)], columns=given)
        skops.io.dump(LinearRegression().fit(frame, rows["rooms"]), "model.skops")
        if text is None:
            assert skc.compile("people.yaml", rows=50).is_equal
            continue
        with pytest.raises(SkcError, match=text) as caught:
            skc.compile("people.yaml", rows=50)
        assert caught.value.code == "SKC155"
        assert caught.value.diagnostics[0].span is not None


def test_lightgbm_sees_floats_whatever_the_features_were(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """Integers beyond float32, which it would round in an array of integers."""
    Path("features.yaml").write_text(FEATURES.replace("[scaled, town, rooms, fresh]", "[rooms]"))
    big = rows.assign(rooms=2**25 + np.arange(60))
    big.to_csv("rows.csv", index=False)
    x = features_of(big)
    model = lightgbm.LGBMRegressor(n_estimators=5, min_child_samples=1, verbose=-1, n_jobs=1).fit(x, np.arange(60) % 2)
    Path("people.yaml").write_text(Path("features.yaml").read_text() + "model: {from: 'boosted:model', features: x}\n")
    monkeypatch.setitem(sys.modules, "boosted", SimpleNamespace(model=model))  # type: ignore[arg-type]  # not a module
    compiled = skc.compile("people.yaml", out="people", rows=50, trust_model=True)
    assert compiled.is_equal
    assert "lightgbm" in compiled.artifact.manifest.built_with
    with skc_runtime.load("people") as transformer:
        assert transformer.transform(records(big))["prediction"][:, 0].tolist() == model.predict(x).tolist()


@pytest.mark.parametrize(("steps", "code"), [("[impute, log1p]", None), ("[impute, log1p, normalize]", "SKC121")])
def test_splits_behind_a_logarithm_are_carried_back(rows: pd.DataFrame, steps: str, code: str | None) -> None:
    """Where each column is computed from another alone."""
    text = FEATURES.replace("{from: age, apply: [impute, standard_scale]}", f"{{from: [age, rooms2], apply: {steps}}}")
    text = text.replace("features:\n", "features:\n  rooms2: {from: rooms, apply: [{cast: {to: float64}}]}\n", 1)
    Path("features.yaml").write_text(text)
    Path("people.yaml").write_text(text + MODEL)
    model = DecisionTreeClassifier(random_state=0).fit(features_of(rows), rows["age"] > 40)
    skops.io.dump(model, "model.skops")
    if code is None:
        assert skc.compile("people.yaml", rows=200).is_equal
        return
    with pytest.raises(SkcError) as caught:
        skc.compile("people.yaml", rows=50)
    assert caught.value.code == code


def test_a_pipeline_alone_imports_and_unpickles_nothing(rows: pd.DataFrame, capsys: pytest.CaptureFixture[str]) -> None:
    Path("evil.py").write_text("from pathlib import Path\nPath('ran').touch()\nmodel = None\n")
    for reference in ("evil:model", "evil.pkl"):
        Path("people.yaml").write_text(FEATURES + f"model: {{from: '{reference}', features: x}}\n")
        assert run(["check", "people.yaml"]) == 0
        capsys.readouterr()
        assert run(["compile", "people.yaml", "-o", "people"]) == 2
        assert "SKC154" in capsys.readouterr().err
    assert not Path("ran").exists()
    Path("people.yaml").write_text(FEATURES + "model: {from: 'evil:model', features: x}\n")
    assert run(["compile", "people.yaml", "-o", "people", "--trust-model"]) == 2
    assert "SKC156" in capsys.readouterr().err
    assert Path("ran").exists()


def test_what_does_not_predict_is_refused(rows: pd.DataFrame) -> None:
    skops.io.dump(StandardScaler().fit(features_of(rows)), "model.skops")
    with pytest.raises(SkcError, match="does not predict") as caught:
        skc.compile("people.yaml", rows=50)
    assert caught.value.code == "SKC150"
