"""Full pipelines on real data: compiled, verified, trained on, and served one row at a time with the same bits."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import toolchains
from sklearn.linear_model import Ridge

import skc
import skc_runtime

HERE = Path(__file__).parent
NUMBERS = {"float64": float, "int64": int, "bool": lambda text: text.lower() == "true"}


def data_file(name: str) -> Path:
    toolchains.need("real data")
    return toolchains.real_data() / f"{name}.csv"


@pytest.fixture(scope="module", params=["taxis", "titanic"])
def compiled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Path]:
    out = tmp_path_factory.mktemp(request.param) / "artifact"
    return skc.compile(HERE / f"{request.param}.yaml", str(data_file(request.param)), out), data_file(request.param)


def records(path: Path, manifest: Any) -> list[dict[str, Any]]:
    """The file as requests: empty numbers are null, strings as they are."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{i.name: _value(row[i.name], i) for i in manifest.inputs} for row in csv.DictReader(file)]


def _value(text: str, declared: Any) -> Any:
    if declared.type == "string":
        return text
    return NUMBERS[declared.type](text) if text else None


def test_verified_without_a_difference(compiled: tuple[Any, Path]) -> None:
    done, _ = compiled
    assert done.report.is_equal, skc.render(done.report)
    assert {check.name for check in done.report.checks} >= {"data", "boundaries", "generated", "hostile", "batch 1"}
    assert all(check.rows > 0 for check in done.report.checks)
    assert all(column.worst_ulp == 0 for column in done.report.columns if column.exact)


def test_serving_gives_the_features_of_training(compiled: tuple[Any, Path]) -> None:
    """Features of a training split, made in one batch, and of every row served alone: the same bits."""
    done, path = compiled
    with skc_runtime.load(done.path) as transformer:
        rows = records(path, transformer.manifest)
        batch = transformer.transform(rows)
        for i in range(len(rows)):
            one = transformer.transform(rows[i])
            for name, value in one.items():
                assert value.tobytes() == batch[name][i].tobytes(), (i, name)


def test_a_model_trains_on_a_period_and_predicts_the_next(compiled: tuple[Any, Path]) -> None:
    done, path = compiled
    with path.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    if done.artifact.pipeline.name == "taxis":
        label = np.array([float(row["total"]) for row in table])
        before = np.array([row["pickup"] < "2019-03-25" for row in table])
    else:
        label = np.array([float(row["survived"]) for row in table])
        before = np.arange(len(table)) < 600
    with skc_runtime.load(done.path) as transformer:
        features = transformer.transform(records(path, transformer.manifest))["x"]
        served = np.stack([transformer.transform(r)["x"] for r in records(path, transformer.manifest)[-50:]])
    model = Ridge().fit(features[before], label[before])
    assert model.score(features[~before], label[~before]) > 0.3
    np.testing.assert_array_equal(model.predict(served), model.predict(features[-50:]))


@pytest.mark.parametrize(("name", "target"), [("taxis", "tip"), ("titanic", "survived")])
def test_a_draft_compiles_without_an_edit(name: str, target: str, tmp_path: Path) -> None:
    """`skc init`, then `skc compile`: verified, without a warning, and every row is served."""
    drafted = skc.init(data_file(name), tmp_path / "pipeline.yaml", target=target)
    assert {column.name for column in drafted.columns if column.role is None} == {target}
    done = skc.compile(tmp_path / "pipeline.yaml", out=tmp_path / "artifact", rows=500)
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    assert done.warnings == ()
    done = skc.transform(tmp_path / "artifact", str(data_file(name)), tmp_path / "x.parquet")
    assert done["rows"] == drafted.rows
