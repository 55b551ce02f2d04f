"""Estimators from where they are kept: modules, skops files and pickles, by the command and from Python."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

import skc
import skc_runtime
from skc.cli import run

MODULE = """
import pandas as pd
from sklearn.preprocessing import StandardScaler

ROWS = pd.DataFrame({"a": [1.0, 2.0, 4.0]})
model = StandardScaler().fit(ROWS)
number = 3


def make():
    return model


def fails():
    raise RuntimeError("out of luck")


class holder:
    inner = model
"""


class Exploding:
    """What a pickle may do."""

    def __reduce__(self) -> Any:
        return (open, ("exploded", "w"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a module, a sample and models in files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "my_training", raising=False)
    Path("my_training.py").write_text(MODULE)
    rows = pd.DataFrame({"a": [1.0, 2.0, 4.0], "s": ["x", None, "y"]})
    rows.to_parquet("sample.parquet")
    model = ColumnTransformer(
        [("n", StandardScaler(), make_column_selector(dtype_include="number")), ("s", OneHotEncoder(), ["s"])]
    ).fit(rows)
    skops.io.dump(model, "model.skops")
    joblib.dump(model, "model.joblib")
    Path("model.pkl").write_bytes(pickle.dumps(model))
    Path("evil.pkl").write_bytes(pickle.dumps(Exploding()))
    Path("broken.skops").write_bytes(b"PK\x03\x04 and nothing else")
    Path("text.skops").write_text("a text")
    Path("broken.joblib").write_text("a text")
    return tmp_path


@pytest.mark.parametrize("name", ["my_training:model", "my_training:make", "my_training:holder.inner"])
def test_an_object_of_a_module(name: str, folder: Path) -> None:
    assert run(["compile", name, "--data", "sample.parquet", "-o", "made", "--rows", "50"]) == 0
    with skc_runtime.load("made") as transformer:
        assert transformer.manifest.name == name.split(":")[1].split(".")[-1]
        got = transformer.transform({"a": 4.0})["x"][0]
    assert got == StandardScaler().fit([[1.0], [2.0], [4.0]]).transform([[4.0]])[0]


@pytest.mark.parametrize(
    "arguments", [["model.skops"], ["model.joblib", "--trust-pickle"], ["model.pkl", "--trust-pickle"]]
)
def test_a_file(arguments: list[str], folder: Path) -> None:
    assert run(["compile", *arguments, "--data", "sample.parquet", "-o", "made", "--rows", "50"]) == 0
    manifest = json.loads(Path("made/manifest.json").read_bytes())
    assert manifest["built_with"]["scikit-learn"]
    assert run(["verify", "made", "--rows", "20"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["evil.pkl"], "SKC154", "--trust-pickle"),
        (["model.joblib"], "SKC154", "--trust-pickle"),
        (["broken.skops"], "SKC156", "BadZipFile"),
        (["text.skops"], "SKC156", "not a skops file"),
        (["broken.joblib", "--trust-pickle"], "SKC156", "raises"),
        (["nowhere.skops"], "SKC156", "No such file"),
        (["my_trainin:model"], "SKC156", "my_training"),
        (["my_training:modl"], "SKC156", "model"),
        (["my_training:number"], "SKC156", "of type `int`"),
        (["my_training:fails"], "SKC156", "out of luck"),
        (["pipeline.yml", "--trust-pickle"], "SKC140", "scikit-learn"),
    ],
)
def test_what_cannot_be_loaded(
    arguments: list[str], code: str, says: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    yaml = "skc: 1\nname: p\ninputs: {a: float64}\noutputs: {x: {features: [a], dtype: float64}}\n"
    Path("pipeline.yml").write_text(yaml, encoding="utf-8")
    assert run(["compile", *arguments, "--data", "sample.parquet", "-o", "made"]) == 2
    printed = capsys.readouterr().err
    assert code in printed
    assert says in printed
    assert "Traceback" not in printed
    assert not Path("made").exists()
    assert not Path("exploded").exists()


def test_a_type_is_trusted_by_name(folder: Path) -> None:
    """A function of the user's own module is not: a skops file could name any that is installed."""
    skops.io.dump(make_pipeline(FunctionTransformer(sorted), StandardScaler()).fit([[1.0]]), "own.skops")
    with pytest.raises(skc.SkcError, match=r"builtins\.sorted") as caught:
        skc.compile("own.skops", pd.DataFrame({"x0": [1.0]}))
    assert caught.value.code == "SKC154"
    with pytest.raises(skc.SkcError) as caught:
        skc.compile("own.skops", np.array([[1.0]]), trust_type=["builtins.sorted"])
    assert caught.value.code == "SKC150"


def test_another_version_needs_a_flag(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scaler = StandardScaler().fit([[1.0], [2.0]])
    with monkeypatch.context() as patch:
        patch.setattr("sklearn.base.__version__", "1.3.9")
        Path("old.pkl").write_bytes(pickle.dumps(scaler))
    with pytest.raises(skc.SkcError, match=r"1\.3\.9") as caught:
        skc.compile("old.pkl", np.array([[1.0]]), trust_pickle=True)
    assert caught.value.code == "SKC153"
    skc.compile("old.pkl", np.array([[1.0]]), trust_pickle=True, allow_version=True, rows=20)


def test_an_estimator_in_python(folder: Path) -> None:
    """The artifact's features are float32 if so asked, each rounded once from float64."""
    rows = np.array([[1.0], [2.0], [4.0]])
    scaler = StandardScaler().fit(rows)
    skc.compile(scaler, rows, "made", dtype="float32", rows=50)
    with skc_runtime.load("made") as transformer:
        got = transformer.transform_columns({"x0": rows[:, 0]})["x"]
    assert got.dtype == np.float32
    assert (got == scaler.transform(rows).astype(np.float32)).all()


@pytest.mark.parametrize(("given", "code"), [(StandardScaler(), "SKC152"), (3, "SKC140"), (StandardScaler, "SKC140")])
def test_what_is_no_fitted_estimator(given: Any, code: str) -> None:
    with pytest.raises(skc.SkcError) as caught:
        skc.compile(given, np.array([[1.0]]))
    assert caught.value.code == code


def test_an_estimator_needs_a_sample() -> None:
    with pytest.raises(skc.SkcError, match="sample") as caught:
        skc.compile(StandardScaler().fit([[1.0]]))
    assert caught.value.code == "SKC200"
