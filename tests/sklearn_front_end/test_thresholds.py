"""Classifiers of scikit-learn around another one, and models of a kernel or of one class, as artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linear_rows import CLASSES, X, Y, assert_equal, fit
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LogisticRegression, SGDOneClassSVM
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

selection = pytest.importorskip("sklearn.model_selection._classification_threshold")  # since scikit-learn 1.5
Fixed: Any = selection.FixedThresholdClassifier
Tuned: Any = selection.TunedThresholdClassifierCV
LOGISTIC, SMALL = LogisticRegression(), DecisionTreeClassifier(max_depth=3, random_state=0)
SOME = np.where(np.arange(len(X)) % 3 == 0, -1, CLASSES[2].astype(int))


@pytest.mark.parametrize(
    "model",
    [
        Fixed(LOGISTIC),
        Fixed(LOGISTIC, threshold=0.3, pos_label=False),
        Fixed(LinearSVC(), threshold=0.2, response_method="decision_function", pos_label=False),
        Fixed(LinearSVC()),
        Tuned(LOGISTIC, thresholds=5),
        Tuned(LOGISTIC, thresholds=5, response_method="decision_function"),
    ],
)
def test_a_threshold(model: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, X, CLASSES[2]), X, tmp_path / "artifact")


@pytest.mark.parametrize("above", [False, True])
def test_a_threshold_that_is_a_probability(above: bool, tmp_path: Path) -> None:
    """The leaf that has it is of the positive class; the next number is not."""
    tree = fit(SMALL, X, CLASSES[2])
    threshold = float(np.sort(tree.predict_proba(X)[:, 1])[150])
    model = Fixed(SMALL, threshold=np.nextafter(threshold, 1) if above else threshold)
    assert_equal(fit(model, X, CLASSES[2]), X, tmp_path / "artifact")


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (SelfTrainingClassifier(LOGISTIC), SOME),
        (SGDOneClassSVM(nu=0.3, random_state=0), None),
        (KernelRidge(), Y),
        (KernelRidge(kernel="rbf", gamma=0.1), np.c_[Y, X["a"]]),
        (KernelRidge(kernel="poly", degree=2), Y),
    ],
)
def test_other_models(model: Any, target: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, X, target), X, tmp_path / "artifact")


@pytest.mark.parametrize(
    ("model", "target"),
    [(Fixed(SVC(kernel="precomputed")), CLASSES[2]), (KernelRidge(kernel="precomputed"), Y)],
)
def test_what_does_not_compile_is_refused(model: Any, target: Any) -> None:
    x = (X @ X.T).add_prefix("k")
    with pytest.raises(SkcError) as refused:
        read_estimator(fit(model, x, target), x)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
