"""AdaBoost, bagging and the isolation forest of scikit-learn as artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linear_rows import CLASSES, X, Y, assert_equal, fit
from sklearn.ensemble import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BaggingClassifier,
    BaggingRegressor,
    IsolationForest,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

SEED: Any = {"random_state": 0}
TREE = DecisionTreeClassifier(max_depth=3, **SEED)


def boosted(estimator: Any = None, **how: Any) -> AdaBoostClassifier:
    """By SAMME, which was not the default before scikit-learn 1.6."""
    if AdaBoostClassifier().get_params().get("algorithm") == "SAMME.R":
        how["algorithm"] = "SAMME"
    return AdaBoostClassifier(estimator, **how, **SEED)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "model",
    [
        boosted(n_estimators=20),
        boosted(LogisticRegression(), n_estimators=4),
        BaggingClassifier(TREE, max_features=0.6, bootstrap_features=True, **SEED),
        BaggingClassifier(max_samples=3, **SEED),  # of which some see a single class
        BaggingClassifier(GaussianNB(), n_estimators=3, max_features=0.6, **SEED),
        BaggingClassifier(LinearSVC(), n_estimators=4, **SEED),  # whose votes are often equal
    ],
    ids=["boosted", "boosted lines", "bagged", "single classes", "bagged distributions", "votes"],
)
def test_classifiers(model: Any, classes: int, tmp_path: Path) -> None:
    assert_equal(fit(model, X, CLASSES[classes]), X, tmp_path / "artifact")


@pytest.mark.parametrize(
    "model",
    [
        AdaBoostRegressor(n_estimators=20, loss="square", **SEED),
        AdaBoostRegressor(Ridge(), n_estimators=4, **SEED),
        BaggingRegressor(DecisionTreeRegressor(max_depth=3), max_features=0.6, **SEED),
        BaggingRegressor(Ridge(), max_features=0.6, **SEED),
    ],
    ids=["boosted", "boosted lines", "bagged", "bagged lines"],
)
def test_regressors(model: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, X, Y), X, tmp_path / "artifact")


def test_a_regressor_of_several_targets(tmp_path: Path) -> None:
    assert_equal(fit(BaggingRegressor(n_estimators=3, **SEED), X, np.c_[Y, X["a"]]), X, tmp_path / "artifact")


@pytest.mark.parametrize("contamination", ["auto", 0.1])
@pytest.mark.parametrize("features", [0.5, 1.0])
def test_an_isolation_forest(contamination: Any, features: float, tmp_path: Path) -> None:
    """All rows of the training data, also the one whose score is the offset."""
    forest = IsolationForest(n_estimators=20, contamination=contamination, max_features=features, **SEED)
    x = X[:101]
    assert_equal(forest.fit(x), x, tmp_path / "artifact")


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (boosted(n_estimators=5), CLASSES[3]),
        (AdaBoostRegressor(n_estimators=5, **SEED), Y),
        (BaggingClassifier(TREE, n_estimators=3, max_features=0.4, **SEED), CLASSES[2]),
    ],
    ids=["classes", "number", "some columns"],
)
def test_they_are_verified(model: Any, target: Any, tmp_path: Path) -> None:
    """On every split, and on hostile rows."""
    assert_equal(fit(model, X, target), X, tmp_path / "artifact", rows=100)


def test_a_missing_value_isolates(tmp_path: Path) -> None:
    """scikit-learn refuses neither a missing nor an infinite value here."""
    pytest.importorskip("sklearn", minversion="1.6")
    x = X[:100].assign(a=X["a"].where(X["a"] > -1))
    forest = IsolationForest(n_estimators=5, **SEED).fit(x)
    assert_equal(forest, x, tmp_path / "artifact", rows=100)
    rows = x[:3].assign(a=[np.inf, -np.inf, 3e38])
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        got = transformer.transform(rows)
    np.testing.assert_array_max_ulp(got["decision"].ravel(), forest.decision_function(rows), maxulp=45)


def test_a_forest_of_single_rows_is_refused() -> None:
    with pytest.raises(SkcError, match="same score") as refused:
        read_estimator(IsolationForest(max_samples=1, **SEED).fit(X), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]


def test_a_tie_of_weights_is_refused(tmp_path: Path) -> None:
    """Half of the weight is on either side: which of the two is the median, the order of a sum decides."""
    model = AdaBoostRegressor(Ridge(), n_estimators=2, **SEED).fit(X, Y)
    model.estimator_weights_ = np.array([1.0, 1.0])
    skc.compile(read_estimator(model, X).pipeline, X, tmp_path / "artifact", verify=False)
    with skc_runtime.load(tmp_path / "artifact") as transformer, pytest.raises(skc_runtime.RecordError, match="tie"):
        transformer.transform(X[:1])
