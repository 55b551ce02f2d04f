"""SimpleImputer and MissingIndicator as artifacts, for what else may stand for a missing value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # makes the next import work
from sklearn.impute import IterativeImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LassoCV, Ridge
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeRegressor
from sklearn_front_end.rows import assert_equal

import skc
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
@pytest.mark.filterwarnings("ignore:Currently, when `keep_empty_feature=False`")  # before 1.8
def test_sentinels(strategy: str, keep: bool, tmp_path: Path) -> None:
    imputer = SimpleImputer(missing_values=-1, strategy=strategy, keep_empty_features=keep, add_indicator=True)
    assert_equal(imputer.fit(NUMBERS), NUMBERS, tmp_path / "floats", HOSTILE)
    imputer.fit(NUMBERS[["n"]])
    assert_equal(imputer, NUMBERS[["n"]], tmp_path / "integers", HOSTILE[["n"]])


@pytest.mark.parametrize("strategy", ["mean", "constant", np.max])
@pytest.mark.parametrize("missing", [np.nan, pd.NA])
@pytest.mark.filterwarnings("ignore:Skipping features")
@pytest.mark.filterwarnings("ignore:Currently, when `keep_empty_feature=False`")  # before 1.8
def test_nan(strategy: Any, missing: Any, tmp_path: Path) -> None:
    if strategy is np.max:
        pytest.importorskip("sklearn", minversion="1.5")
    rows, hostile = (NAN, HOSTILE_NAN) if strategy != np.max else (NAN[["a", "c"]], HOSTILE_NAN[["a", "c"]])
    imputer = SimpleImputer(missing_values=missing, strategy=strategy, add_indicator=True)
    assert_equal(imputer.fit(rows), rows, tmp_path, hostile)


def test_text(tmp_path: Path) -> None:
    rows = pd.DataFrame({"s": ["x", "?", "y", "x"], "t": ["?", "u", "v", "v"]})
    hostile = pd.DataFrame({"s": ["?", "??", np.nan], "t": ["", "?", "u"]})
    for strategy, fill in (("most_frequent", None), ("constant", "gone"), ("constant", None)):
        imputer = SimpleImputer(missing_values="?", strategy=strategy, fill_value=fill)
        steps = Pipeline([("i", imputer), ("o", OneHotEncoder(handle_unknown="ignore"))])
        assert_equal(steps.fit(rows), rows, tmp_path / f"{strategy}{fill}", hostile)


OBJECTS = pd.DataFrame({"s": ["x", None, "y", "x", "x"], "t": ["u", np.nan, "v", "v", "u"]}, dtype=object)


@pytest.mark.parametrize(
    "imputer",
    [
        SimpleImputer(strategy="most_frequent"),
        SimpleImputer(strategy="constant", fill_value="x"),
        SimpleImputer(missing_values=pd.NA, strategy="most_frequent"),
    ],
    ids=["frequent", "constant", "pandas"],
)
def test_none_is_not_nan(imputer: Any, tmp_path: Path) -> None:
    """An imputer of NaN leaves None as it is, in Python objects, and the encoder has it as a category."""
    steps = Pipeline([("i", imputer), ("o", OneHotEncoder(handle_unknown="ignore"))]).fit(OBJECTS)
    assert_equal(steps, OBJECTS, tmp_path / "frame")
    array = OBJECTS[["s"]].to_numpy()
    assert_equal(steps.fit(array), array, tmp_path / "array")
    three = OBJECTS[["t", "s", "t"]].set_axis([*"abc"], axis=1)  # the order is kept
    steps = Pipeline([("i", imputer), ("o", OneHotEncoder(handle_unknown="ignore"))]).fit(three)
    assert_equal(steps, three, tmp_path / "three")


VALUES = ["x", None, "y", "x", "z", "x"]
COLUMNS = {
    "string": pd.Series(VALUES, dtype="string"),
    "arrow": pd.Series(VALUES, dtype="string[pyarrow]"),
    "category": pd.Series(VALUES).astype("category"),
    "both": pd.Series([*VALUES[:-1], np.nan], dtype=object),
    "pd.NA": pd.Series(VALUES, dtype=object).where(pd.Series(VALUES).notna(), pd.NA),
    "Int8": pd.Series([1, None, 2, 1, 3, 1], dtype="Int8"),
    "Int64": pd.Series([1, None, 2**53 - 1, 1, 3, 1], dtype="Int64"),
    "Float64": pd.Series([0.5, None, 2.0, 0.5, 3.0, 0.5], dtype="Float64"),
    "boolean": pd.Series([True, None, False, True, True, True], dtype="boolean"),
    "integers": pd.Series([1, None, 2, 1, 3, 1], dtype=object),
}


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_every_null_of_pandas(column: Any, tmp_path: Path) -> None:
    rows = pd.DataFrame({"s": column})
    imputer = SimpleImputer(missing_values=pd.NA, strategy="most_frequent")
    steps = make_pipeline(imputer, OneHotEncoder(handle_unknown="ignore")).fit(rows)
    assert skc.compile(steps, rows, tmp_path / "artifact", rows=50).is_equal


BOTH = pd.DataFrame({"s": ["x", None, np.nan, "x"]}, dtype=object)


@pytest.mark.parametrize(
    ("estimator", "rows", "hint"),
    [
        (SimpleImputer(strategy="most_frequent"), BOTH, "fillna(numpy.nan)"),
        (SimpleImputer(strategy="most_frequent"), pd.DataFrame({"n": [1, None, 1]}, dtype=object), "fillna(numpy.nan)"),
        (SimpleImputer(missing_values="?", strategy="constant"), OBJECTS[["s"]], "fillna('?')"),
        (MissingIndicator(features="all"), OBJECTS[["s"]], "missing_values=None"),
        (MissingIndicator(features="all"), BOTH, "fillna(numpy.nan)"),
    ],
    ids=["both", "numbers", "sentinel", "indicator", "indicator of both"],
)
@pytest.mark.filterwarnings("ignore:Downcasting object dtype:FutureWarning")  # of pandas 2
def test_none_that_is_not_missing_is_refused(estimator: Any, rows: Any, hint: str) -> None:
    with pytest.raises(SkcError, match="has None") as refused:
        read_estimator(estimator.fit(rows), rows)
    assert [(d.code, hint in str(d.hint)) for d in refused.value.diagnostics] == [("SKC151", True)]
    filled = rows.fillna("?" if "?" in hint else np.nan)
    if "fillna" in hint:
        read_estimator(estimator.fit(filled), filled)


@pytest.mark.parametrize("features", ["missing-only", "all"])
@pytest.mark.parametrize("error", [False, True])
def test_indicators(features: str, error: bool, tmp_path: Path) -> None:
    marked = MissingIndicator(features=features, error_on_new=error).fit(NAN)
    assert_equal(marked, NAN, tmp_path / "nan", HOSTILE_NAN)
    marked = MissingIndicator(missing_values=-1, features=features, error_on_new=error).fit(NUMBERS)
    union = FeatureUnion([("i", marked), ("p", SimpleImputer())]).fit(NUMBERS)
    assert_equal(union, NUMBERS, tmp_path / "sentinel", HOSTILE)


R = np.random.default_rng(1)
RELATED = pd.DataFrame(R.normal(size=(60, 4)), columns=[*"abcd"]).assign(
    e=lambda frame: frame["a"] - 2 * frame["d"] + 5
)
GAPS = RELATED.mask(R.random(RELATED.shape) < [0.0, 0.2, 0.3, 0.3, 0.1]).assign(f=np.nan)
MORE = pd.DataFrame(
    [
        [np.nan, 1.0, np.nan, 2.0, -0.0, np.nan],  # `a` was complete in fitting
        [-0.0, np.nan, np.nan, np.nan, np.nan, 7.0],  # `f` was empty
        [1e6, np.nan, 5e-324, np.nan, -1e6, np.nan],
        [0.0, np.inf, 0.0, 0.0, 0.0, np.nan],
    ],
    columns=[*"abcdef"],
)

MOST = [2.0, 1.0, np.inf, 0.5, 4.0, 1.0]
if not hasattr(IterativeImputer, "__sklearn_tags__"):  # before scikit-learn 1.6, only of columns that are not empty
    MOST.pop()


@pytest.mark.parametrize(
    "parameters",
    [
        {"imputation_order": "random", "n_nearest_features": 2, "random_state": 0},
        {"imputation_order": "arabic", "skip_complete": True, "estimator": Ridge(fit_intercept=False)},
        {"keep_empty_features": True, "add_indicator": True, "initial_strategy": "constant", "fill_value": 1.5},
        {"min_value": -0.5, "max_value": MOST, "estimator": LassoCV(cv=3), "max_iter": 2},
        {"max_iter": 0, "initial_strategy": "median", "add_indicator": True},
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_iterative(parameters: dict[str, Any], tmp_path: Path) -> None:
    copied = StandardScaler(with_mean=False, with_std=False)  # the imputer writes into X, which pandas does not allow
    imputer = make_pipeline(copied, IterativeImputer(**parameters)).fit(GAPS)
    assert_equal(imputer, GAPS, tmp_path, MORE, exact=False)


def test_iterative_with_a_sentinel_and_one_column(tmp_path: Path) -> None:
    rows = GAPS[["b", "d", "e"]].fillna(-1.0)
    assert_equal(IterativeImputer(missing_values=-1.0).fit(rows), rows, tmp_path / "one", exact=False)
    assert_equal(IterativeImputer().fit(GAPS[["b"]]), GAPS[["b"]], tmp_path / "two", exact=False)


@pytest.mark.parametrize(
    ("imputer", "rows"),
    [
        (IterativeImputer(sample_posterior=True, max_iter=1), GAPS[["a", "b"]]),
        (IterativeImputer(estimator=DecisionTreeRegressor(), max_iter=1), GAPS[["a", "b"]]),
        (SimpleImputer(strategy="constant", fill_value=3), pd.DataFrame({"s": ["x", np.nan]})),
        (SimpleImputer(strategy="most_frequent", add_indicator=True), pd.DataFrame({"s": ["x", np.nan]})),
        (SimpleImputer(missing_values=2**60, strategy="most_frequent"), pd.DataFrame({"n": [1, 2**60]})),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_refusals(imputer: Any, rows: pd.DataFrame) -> None:
    with pytest.raises(SkcError) as error:
        read_estimator(imputer.fit(rows), rows)
    assert error.value.code == "SKC151"
