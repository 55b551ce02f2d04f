"""Models of LightGBM, XGBoost and CatBoost on people's data: compiled by the command's function, then served."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import pytest
import toolchains
import xgboost
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

import skc
import skc_runtime

MODELS = {
    "LightGBM": lightgbm.LGBMClassifier(n_estimators=30, num_leaves=10, verbose=-1, n_jobs=1),
    "XGBoost": xgboost.XGBClassifier(n_estimators=30, max_depth=4, n_jobs=1),
    "CatBoost": catboost.CatBoostClassifier(
        iterations=30, depth=4, silent=True, thread_count=1, allow_writing_files=False
    ),
}
NUMBERS = ["age", "fare", "pclass", "sibsp", "parch"]
CATEGORIES = ["sex", "embarked"]


def titanic() -> pd.DataFrame:
    toolchains.need("real data")
    return pd.read_csv(toolchains.real_data() / "titanic.csv", nrows=400)


@pytest.mark.parametrize("name", MODELS)
def test_passengers_get_the_class_that_the_library_gives_them(name: str, tmp_path: Path) -> None:
    frame = titanic()
    columns = ColumnTransformer(
        [("text", OneHotEncoder(handle_unknown="ignore"), CATEGORIES), ("number", "passthrough", NUMBERS)]
    )
    model = make_pipeline(columns, MODELS[name]).fit(frame[NUMBERS + CATEGORIES], frame["survived"])
    check(model, frame[NUMBERS + CATEGORIES], tmp_path, name)


def test_lightgbm_takes_categories_of_pandas(tmp_path: Path) -> None:
    frame = titanic()
    rows = frame[NUMBERS + CATEGORIES].astype(dict.fromkeys(CATEGORIES, "category"))
    check(MODELS["LightGBM"].fit(rows, frame["survived"]), rows, tmp_path, "LightGBM")


def check(model: Any, rows: pd.DataFrame, tmp_path: Path, library: str) -> None:
    compiled = skc.compile(model, rows, tmp_path / "artifact", rows=100)
    assert compiled.is_equal
    assert compiled.against is not None
    assert library.lower() in compiled.against.oracle
    assert library.lower() in compiled.artifact.manifest.built_with
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        served = transformer.transform(rows)
    assert served["prediction"][:, 0].tolist() == model.predict(rows).tolist()
    assert np.abs(served["probability"] - model.predict_proba(rows)).max() < 3e-7
