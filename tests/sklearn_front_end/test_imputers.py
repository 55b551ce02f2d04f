"""SimpleImputer and MissingIndicator as artifacts, for what else may stand for a missing value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn_front_end.rows import assert_equal

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

NUMBERS = pd.DataFrame(
    {"a": [1.0, -1.0, 4.0, 4.0], "b": [-1.0, -1.0, -1.0, -1.0], "c": [0.5, 0.25, 7.0, 7.0], "n": [1, -1, 3, 3]}
)
HOSTILE = pd.DataFrame(
    {
        "a": [np.nan, np.inf, -1.0, np.nextafter(-1.0, 0.0), -0.0],
        "b": [1.0, 1.0, -1.0, 5e-324, 1e308],
        "c": [1.0, -1.0, -np.inf, -1.0, 0.0],
        "n": [-1, 1, 0, 2, 2**53 - 1],
    }
)
NAN = NUMBERS[["a", "b", "c"]].replace(-1.0, np.nan)
HOSTILE_NAN = HOSTILE[["a", "b", "c"]].replace(-1.0, np.nan)


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.filterwarnings("ignore:Skipping features")
def test_sentinels(strategy: str, keep: bool, tmp_path: Path) -> None:
    imputer = SimpleImputer(missing_values=-1, strategy=strategy, keep_empty_features=keep, add_indicator=True)
    assert_equal(imputer.fit(NUMBERS), NUMBERS, tmp_path / "floats", HOSTILE)
    imputer.fit(NUMBERS[["n"]])
    assert_equal(imputer, NUMBERS[["n"]], tmp_path / "integers", HOSTILE[["n"]])


@pytest.mark.parametrize("strategy", ["mean", "constant", np.max])
@pytest.mark.parametrize("missing", [np.nan, pd.NA])
@pytest.mark.filterwarnings("ignore:Skipping features")
def test_nan(strategy: Any, missing: Any, tmp_path: Path) -> None:
    rows, hostile = (NAN, HOSTILE_NAN) if strategy != np.max else (NAN[["a", "c"]], HOSTILE_NAN[["a", "c"]])
    imputer = SimpleImputer(missing_values=missing, strategy=strategy, add_indicator=True)
    assert_equal(imputer.fit(rows), rows, tmp_path, hostile)


def test_text(tmp_path: Path) -> None:
    rows = pd.DataFrame({"s": ["x", "?", "y", "x"], "t": ["?", "u", "v", "v"]})
    hostile = pd.DataFrame({"s": ["?", "??", None], "t": ["", "?", "u"]})
    for strategy, fill in (("most_frequent", None), ("constant", "gone"), ("constant", None)):
        imputer = SimpleImputer(missing_values="?", strategy=strategy, fill_value=fill)
        steps = Pipeline([("i", imputer), ("o", OneHotEncoder(handle_unknown="ignore"))])
        assert_equal(steps.fit(rows), rows, tmp_path / f"{strategy}{fill}", hostile)


@pytest.mark.parametrize("features", ["missing-only", "all"])
@pytest.mark.parametrize("error", [False, True])
def test_indicators(features: str, error: bool, tmp_path: Path) -> None:
    marked = MissingIndicator(features=features, error_on_new=error).fit(NAN)
    assert_equal(marked, NAN, tmp_path / "nan", HOSTILE_NAN)
    marked = MissingIndicator(missing_values=-1, features=features, error_on_new=error).fit(NUMBERS)
    union = FeatureUnion([("i", marked), ("p", SimpleImputer())]).fit(NUMBERS)
    assert_equal(union, NUMBERS, tmp_path / "sentinel", HOSTILE)


@pytest.mark.parametrize(
    ("imputer", "rows"),
    [
        (SimpleImputer(strategy="constant", fill_value=3), pd.DataFrame({"s": ["x", np.nan]})),
        (SimpleImputer(strategy="most_frequent", add_indicator=True), pd.DataFrame({"s": ["x", np.nan]})),
        (SimpleImputer(missing_values=2**60, strategy="most_frequent"), pd.DataFrame({"n": [1, 2**60]})),
    ],
)
def test_refusals(imputer: Any, rows: pd.DataFrame) -> None:
    with pytest.raises(SkcError) as error:
        read_estimator(imputer.fit(rows), rows)
    assert error.value.code == "SKC151"
