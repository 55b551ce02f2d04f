"""Support vector machines of scikit-learn as artifacts: their decisions, classes and regressions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR, NuSVC, NuSVR, OneClassSVM

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(120, 3)) * [1, 10, 0.1] + [0, 5, 0], columns=list("abc"))
NUMBER = (X["a"] + X["b"] / 10 + R.normal(size=len(X)) / 3).to_numpy()
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
    model = make_pipeline(StandardScaler(), machine).fit(X, target)
    assert skc.compile(model, X, tmp_path / "artifact", rows=200).is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        served = transformer.transform(X)
        alone = transformer.transform(X.iloc[5:6])
    expected = model.predict(X)
    if expected.dtype.kind == "f":
        assert agree(served["prediction"].ravel(), expected, False).all()
    else:
        np.testing.assert_array_equal(served["prediction"].ravel(), expected)
    if "decision" in served:
        assert agree(served["decision"].ravel(), model.decision_function(X), False).all()
    assert all((served[name][5:6] == alone[name]).all() for name in served)


@pytest.mark.parametrize(
    ("machine", "target", "message"),
    [
        (SVC(), np.arange(len(X)) % 3, "more than two classes"),
        (SVC(kernel=lambda a, b: a @ b.T), LABELS, "kernel"),
        (SVR(kernel="poly", degree=0), NUMBER, "degree"),
    ],
    ids=["classes", "callable", "degree"],
)
def test_a_machine_that_does_not_compile_is_refused(machine: Any, target: Any, message: str) -> None:
    with pytest.raises(SkcError, match=message) as refused:
        read_estimator(machine.fit(X, target), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
