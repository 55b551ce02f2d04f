"""Support vector machines of scikit-learn as artifacts: their decisions, classes and regressions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from linear_rows import assert_equal, fit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(120, 3)) * [1, 10, 0.1] + [0, 5, 0], columns=list("abc"))
NUMBER = (X["a"] + X["b"] / 10 + R.normal(size=len(X)) / 3).to_numpy()
THREE = np.digitize(NUMBER, [0, 1])
LABELS = np.where(np.median(NUMBER) < NUMBER, "high", "low")


@pytest.mark.parametrize(
    ("machine", "target"),
    [
        (SVC(), LABELS),
        (NuSVC(kernel="poly", degree=2), LABELS == "low"),
        (SVC(kernel="linear", C=0.5), np.where(LABELS == "low", 3, -7)),
        (SVR(), NUMBER),
        (NuSVR(kernel="sigmoid", gamma=0.1, coef0=0.3), NUMBER),
        (OneClassSVM(nu=0.2), None),
    ],
    ids=["rbf", "poly", "linear", "regression", "sigmoid", "one class"],
)
def test_a_support_vector_machine(machine: Any, target: Any, tmp_path: Path) -> None:
    assert_equal(make_pipeline(StandardScaler(), machine).fit(X, target), X, tmp_path / "artifact")


@pytest.mark.parametrize(
    "machine",
    [
        SVC(),
        SVC(decision_function_shape="ovo", C=10),
        SVC(kernel="linear", break_ties=True),
        NuSVC(nu=0.3, kernel="poly", break_ties=True),
    ],
    ids=["votes", "pairs", "linear", "poly"],
)
def test_votes_for_more_than_two_classes(machine: Any, tmp_path: Path) -> None:
    assert_equal(make_pipeline(StandardScaler(), machine).fit(X, THREE), X, tmp_path / "artifact")


def test_they_are_verified(tmp_path: Path) -> None:
    """Also on hostile rows: far from every support vector, the intercepts vote."""
    x = X[:30]
    assert_equal(SVC(gamma=1.0, C=5).fit(x, THREE[:30]), x, tmp_path / "votes", rows=50)
    assert_equal(SVR(kernel="sigmoid", gamma=0.1).fit(x, NUMBER[:30]), x, tmp_path / "number", rows=50)


@pytest.mark.parametrize(
    ("machine", "target", "message"),
    [
        (SVC(probability=True), LABELS, "iteration"),
        (SVC(break_ties=True, decision_function_shape="ovo"), THREE, "break_ties"),
        (SVC(kernel=lambda a, b: a @ b.T), LABELS, "kernel"),
        (SVR(kernel="poly", degree=0), NUMBER, "degree"),
    ],
    ids=["probability", "ties", "callable", "degree"],
)
def test_a_machine_that_does_not_compile_is_refused(machine: Any, target: Any, message: str) -> None:
    with pytest.raises(SkcError, match=message) as refused:
        read_estimator(fit(machine, X, target), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
