"""Classifiers of scikit-learn that make one for several classes of those for two, as artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from linear_rows import CLASSES, X, Y, assert_equal, fit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

LABELS = np.c_[Y > 0, X["a"] > 0, X["b"] > 0.3].astype(int)
FOREST = RandomForestClassifier(5, random_state=0)  # with 5 trees, equal scores are common


@pytest.mark.parametrize("target", [CLASSES[2], CLASSES[3], LABELS], ids=["two", "three", "labels"])
@pytest.mark.parametrize("model", [LogisticRegression(), LinearSVC(), GaussianNB(), FOREST, Ridge()])
def test_one_against_the_rest(model: Any, target: Any, tmp_path: Path) -> None:
    assert_equal(fit(OneVsRestClassifier(model), X, target), X, tmp_path / "artifact")


@pytest.mark.filterwarnings("ignore:invalid value encountered in divide:RuntimeWarning")
def test_a_row_that_every_classifier_denies(tmp_path: Path) -> None:
    """The sum of its probabilities is 0, by which scikit-learn before 1.7 divides."""
    x = pd.DataFrame(np.tile(1 - np.eye(3), (3, 1)), columns=[*"abc"])
    model = fit(OneVsRestClassifier(DecisionTreeClassifier(random_state=0)), x, [0, 1, 2] * 3)
    assert_equal(model, x + (x.index.to_numpy()[:, None] > 2), tmp_path / "artifact", rows=50)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("model", [LogisticRegression(), SVC(C=0.5)])
def test_one_against_one(model: Any, classes: int, tmp_path: Path) -> None:
    assert_equal(fit(OneVsOneClassifier(model), X, CLASSES[classes]), X, tmp_path / "artifact")


@pytest.mark.parametrize("model", [LogisticRegression(), GaussianNB()])
@pytest.mark.parametrize(("classes", "size"), [(3, 1), (4, 2)])
def test_an_output_code(model: Any, classes: int, size: int, tmp_path: Path) -> None:
    """Of three classes, every one has the same digit somewhere: a constant classifier."""
    code = OutputCodeClassifier(model, code_size=size, random_state=0)
    assert_equal(fit(code, X, CLASSES[classes]), X, tmp_path / "artifact")


@pytest.mark.parametrize(
    "model", [OneVsRestClassifier(LogisticRegression()), OneVsOneClassifier(LinearSVC())], ids=["rest", "one"]
)
def test_they_are_verified(model: Any, tmp_path: Path) -> None:
    x = X[["a", "c"]]
    assert_equal(fit(model, x, CLASSES[3]), x, tmp_path / "artifact", rows=50)


def test_a_row_between_two_classes_is_a_tie(tmp_path: Path) -> None:
    """Which of two equal votes the sum of another order gives is nobody's to say."""
    x, y = X[["a"]].assign(a=np.repeat([-2.0, 0.0, 2.0], 100)), np.repeat([0, 1, 2], 100)
    model = OneVsOneClassifier(LogisticRegression()).fit(x, y)
    edge = -model.estimators_[0].intercept_[0] / model.estimators_[0].coef_[0, 0]
    skc.compile(read_estimator(model, x).pipeline, x, tmp_path / "artifact", verify=False)
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert transformer.transform({"a": edge - 1e-9})["prediction"].ravel().tolist() == [0]
        assert transformer.transform({"a": edge + 1e-9})["prediction"].ravel().tolist() == [1]
        with pytest.raises(skc_runtime.RecordError, match="tie"):
            transformer.transform({"a": edge})


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (OneVsOneClassifier(FOREST), CLASSES[3]),
        (OneVsRestClassifier(LogisticRegression()), np.c_[LABELS, np.ones(len(X), int)]),
        (OneVsRestClassifier(SVC(probability=True)), CLASSES[3]),
        (OutputCodeClassifier(SVC(kernel=lambda a, b: a @ b.T), random_state=0), CLASSES[4]),
    ],
    ids=["votes of a forest", "a constant label", "probability", "kernel"],
)
def test_what_does_not_compile_is_refused(model: Any, target: Any) -> None:
    with pytest.raises(SkcError) as refused:
        read_estimator(fit(model, X, target), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
    assert refused.value.diagnostics[0].hint
