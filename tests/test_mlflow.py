"""Artifacts as models of MLflow: logged to a local folder, loaded, and called with what MLflow makes of a table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skc
import skc_runtime
from skc.artifact import read

mlflow = pytest.importorskip("mlflow")
YAML = """
skc: 1
name: p
inputs:
  x: float64
  y: {type: float64, nullable: true}
  n: {type: int64, nullable: true}
  k: int64
  b: bool
  s: {type: string, nullable: true}
  t: timestamp
features:
  hour: {from: t, apply: [{datetime_part: {part: hour, timezone: UTC}}]}
  positive: {from: x, apply: [{log1p: {invalid: error}}]}
outputs:
  f: {features: [positive, y, hour, b], dtype: float32}
  i: {features: [n, k], dtype: int64}
  text: {features: [s], dtype: string}
"""
ROWS = pd.DataFrame(
    {
        "x": [0.5, 2.0],
        "y": [np.nan, 1.0],
        "n": pd.array([2**53 + 1, None], dtype="Int64"),
        "k": [2**53 + 1, -1],
        "b": [True, False],
        "s": ["a", None],
        "t": pd.to_datetime(["2024-01-01T05:00:00Z", "2024-01-01T23:59:59Z"]),
    }
)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mlflow")
    (folder / "p.yaml").write_text(YAML, encoding="utf-8")
    skc.compile(folder / "p.yaml", out=folder / "artifact", rows=100)
    return folder / "artifact"


@pytest.fixture
def tracked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    monkeypatch.setenv("GIT_PYTHON_REFRESH", "quiet")
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    return tmp_path


@pytest.mark.filterwarnings("ignore")  # of MLflow about itself
def test_a_logged_artifact_serves_what_it_serves_elsewhere(artifact: Path, tracked: Path) -> None:
    with mlflow.start_run():
        logged = skc.mlflow.log_model(artifact, metadata={"team": "rides"})
    expected = skc_runtime.load(artifact).transform(ROWS)
    given = mlflow.pyfunc.load_model(logged.model_uri).predict(ROWS)
    assert list(given) == ["f.positive", "f.y", "f.hour", "f.b", "i.n", "i.k", "text.s"]
    np.testing.assert_array_equal(given.iloc[:, :4].to_numpy(np.float32), expected["f"])
    assert given["i.n"].tolist() == [2**53 + 1, None]  # every digit of it
    assert given["i.k"].tolist() == [2**53 + 1, -1]
    assert given["text.s"].tolist() == ["a", None]
    loaded = skc.mlflow.load_model(logged.model_uri)
    assert loaded.identity == read(artifact).identity
    assert loaded.transform(ROWS)["f"].tobytes() == expected["f"].tobytes()


@pytest.mark.filterwarnings("ignore")
def test_the_signature_declares_the_inputs(artifact: Path, tmp_path: Path) -> None:
    skc.mlflow.save_model(artifact, tmp_path / "model")
    model = mlflow.models.Model.load(str(tmp_path / "model"))
    declared = {column.name: (column.type, column.required) for column in model.signature.inputs}
    types = {name: str(getattr(type_, "name", type_)).lower() for name, (type_, _) in declared.items()}
    assert {name for name, (_, required) in declared.items() if not required} == {"y", "n", "s"}
    assert {k: v for k, v in types.items() if k not in "nt"} == {
        "x": "double",
        "y": "double",
        "k": "long",
        "b": "boolean",
        "s": "string",
    }
    assert "any" in types["n"]
    assert "any" in types["t"]
    assert [column.name for column in model.signature.outputs][:2] == ["f.positive", "f.y"]
    served = mlflow.pyfunc.load_model(str(tmp_path / "model"))
    assert served.predict(ROWS.drop(columns=["y", "n", "s"])).shape == (2, 7)  # nullable inputs may be left out
    with pytest.raises(mlflow.exceptions.MlflowException, match="missing inputs"):
        served.predict(ROWS.drop(columns=["x"]))
    with pytest.raises(skc_runtime.RecordError) as refused:
        served.predict(ROWS.assign(x=[1.0, -3.0]))
    assert (refused.value.code, refused.value.row) == ("invalid-value", 1)


@pytest.mark.filterwarnings("ignore")
def test_the_example_of_the_page_runs(artifact: Path, tracked: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(artifact.parent)
    page = (Path(__file__).parents[1] / "docs" / "scikit-learn.md").read_text(encoding="utf-8")
    (block,) = (b for b in re.findall(r"^```python\n(.*?)^```", page, flags=re.DOTALL | re.MULTILINE) if "mlflow" in b)
    names: dict[str, Any] = {}
    exec(block, names)
    assert names["served"].predict(ROWS)["i.k"].tolist() == [2**53 + 1, -1]
    assert names["transformer"].identity == read(artifact).identity


@pytest.mark.filterwarnings("ignore")
def test_a_model_with_its_predictions(tmp_path: Path) -> None:
    rows = pd.DataFrame({"a": [0.0, 1.0, 2.0, 5.0], "b": [1.0, 0.0, 3.0, 2.0]})
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, [0, 0, 1, 1])
    skc.compile(model, rows, tmp_path / "artifact", rows=100)
    skc.mlflow.save_model(tmp_path / "artifact", tmp_path / "model")
    given = mlflow.pyfunc.load_model(str(tmp_path / "model")).predict(rows)
    assert given["prediction.prediction"].tolist() == model.predict(rows).tolist()
    probability = given.filter(like="probability.").to_numpy()
    np.testing.assert_array_max_ulp(probability, model.predict_proba(rows), maxulp=4000)


@pytest.mark.filterwarnings("ignore")
def test_what_is_refused(artifact: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(mlflow.pyfunc.PythonModel):  # type: ignore[misc]  # MLflow has no types
        def predict(self, context: Any, model_input: list[str], params: Any = None) -> list[str]:
            return model_input

    mlflow.pyfunc.save_model(str(tmp_path / "own"), python_model=Own())
    for code, call in (
        ("SKC404", lambda: skc.mlflow.load_model(str(tmp_path / "own"))),
        ("SKC404", lambda: skc.mlflow.save_model(tmp_path, tmp_path / "model")),
    ):
        with pytest.raises(skc.SkcError) as caught:
            call()
        assert caught.value.code == code
    assert mlflow.pyfunc.load_model(str(tmp_path / "own")).predict(["a"]) == ["a"]  # as the hint says
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    with pytest.raises(skc.SkcError, match="MLflow is not installed") as missing:
        skc.mlflow.save_model(artifact, tmp_path / "model")
    assert missing.value.code == "SKC159"
