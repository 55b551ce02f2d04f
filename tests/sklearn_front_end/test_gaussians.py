"""Models of scikit-learn that are normal distributions, as artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linear_rows import CLASSES, X, Y, assert_equal, fit
from sklearn.covariance import EllipticEnvelope
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(
    "model",
    [
        GaussianNB(),
        GaussianNB(var_smoothing=0.1),
        QuadraticDiscriminantAnalysis(),
        QuadraticDiscriminantAnalysis(reg_param=0.3),
    ],
    ids=["naive", "smooth", "quadratic", "regularised"],
)
def test_classifiers(model: Any, classes: int, tmp_path: Path) -> None:
    assert_equal(fit(model, X, CLASSES[classes]), X, tmp_path / "artifact")


def test_they_are_verified(tmp_path: Path) -> None:
    """Also on hostile rows, behind a scaler and without one."""
    naive, quadratic = GaussianNB(), QuadraticDiscriminantAnalysis()
    assert_equal(fit(make_pipeline(StandardScaler(), naive), X, CLASSES[4]), X, tmp_path / "naive", rows=300)
    assert_equal(fit(quadratic, X, CLASSES[3]), X, tmp_path / "quadratic", rows=300)


def test_an_envelope(tmp_path: Path) -> None:
    """Its offset is a row of the training data, whose decision is 0 but for rounding."""
    x = X.iloc[1:]
    assert_equal(EllipticEnvelope(random_state=0, contamination=0.013).fit(x), x, tmp_path / "artifact", rows=200)


def test_a_row_between_two_classes_is_a_tie(tmp_path: Path) -> None:
    """scikit-learn chooses by the last bit of two logarithms."""
    x = X[["a"]].assign(a=np.where(np.arange(len(X)) % 2, 1.0, -1.0) * np.repeat([1.0, 3.0], len(X) // 2))
    model = GaussianNB().fit(x, x["a"] > 0)
    skc.compile(read_estimator(model, x).pipeline, x, tmp_path / "artifact", verify=False)
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert transformer.transform({"a": 1e-6})["prediction"].ravel().tolist() == [True]
        for between in (0.0, -0.0, 5e-324, -1e-17):
            with pytest.raises(skc_runtime.RecordError, match="tie"):
                transformer.transform({"a": between})


@pytest.mark.parametrize(
    ("model", "message"), [(GaussianNB(priors=[0.0, 1.0]), "0"), (GaussianNB(var_smoothing=0.0), "0")]
)
def test_what_has_no_density_is_refused(model: Any, message: str) -> None:
    x = X.assign(a=1.0)
    with pytest.raises(SkcError, match=message) as refused, np.errstate(all="ignore"):
        read_estimator(fit(model, x, Y > 0), x)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
