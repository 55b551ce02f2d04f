"""Estimators of scikit-learn that combine others: means, stacked models, calibration, transformed targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linear_rows import CLASSES, X, Y, assert_equal, fit
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.linear_model import Lasso, LogisticRegression, RANSACRegressor, Ridge, SGDClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PowerTransformer, StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree

POSITIVE = abs(Y) + 0.1
SMALL = DecisionTreeRegressor(max_depth=3, random_state=1)
TWO = [("a", Ridge()), ("b", make_pipeline(StandardScaler(), Lasso(0.1)))]
SOFT = [("a", LogisticRegression()), ("b", SGDClassifier(loss="log_loss", random_state=1))]
MIXED = [("a", LogisticRegression()), ("b", LinearSVC())]


def target(inverse: Any, func: Any, model: Any = None) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(model or Ridge(), func=func, inverse_func=inverse)


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (target(np.expm1, np.log1p), POSITIVE),
        (target(np.exp, np.log), POSITIVE),
        (target(np.square, np.sqrt), POSITIVE),
        (target(np.sqrt, np.square, SMALL), POSITIVE),
        (target(np.log, np.exp, SMALL), POSITIVE),
        (target(np.log1p, np.expm1, SMALL), POSITIVE),
        (TransformedTargetRegressor(Ridge()), Y),
        (TransformedTargetRegressor(Ridge(), transformer=StandardScaler()), Y),
        (TransformedTargetRegressor(Ridge(), transformer=StandardScaler(with_mean=False)), Y),
        (TransformedTargetRegressor(Ridge(), transformer=StandardScaler(with_std=False)), np.c_[Y, Y + X["a"]]),
        (TransformedTargetRegressor(TWO[1][1], transformer=MinMaxScaler()), Y),
        (VotingRegressor(TWO, weights=[1, 2]), Y),
        (VotingRegressor([*TWO, ("c", SMALL)]), Y),
        (StackingRegressor(TWO), Y),
        (StackingRegressor(TWO, passthrough=True), Y),
        (RANSACRegressor(random_state=0), Y),
        (MultiOutputRegressor(Ridge()), np.c_[Y, X["a"]]),
    ],
)
def test_regressors(model: Any, y: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, X, y), X, tmp_path / "artifact")


@pytest.mark.parametrize("classes", [2, 3, 4])
@pytest.mark.parametrize(
    "model",
    [
        CalibratedClassifierCV(LinearSVC()),
        CalibratedClassifierCV(SOFT[1][1], ensemble=False),
        CalibratedClassifierCV(LinearSVC(), method="isotonic"),
        CalibratedClassifierCV(LinearSVC(), method="isotonic", ensemble=False),
        CalibratedClassifierCV(DecisionTreeClassifier(max_depth=4), method="isotonic", ensemble=False),
        VotingClassifier(SOFT, voting="soft", weights=[2, 1]),
        VotingClassifier(MIXED),  # a tie wherever they differ
        # 0.1 + 0.2 is more than 0.3
        VotingClassifier([*MIXED, ("c", DecisionTreeClassifier(max_depth=2))], weights=[0.1, 0.2, 0.3]),
        StackingClassifier(MIXED),
        StackingClassifier(MIXED, final_estimator=SGDClassifier(random_state=1), passthrough=True),
    ],
    ids=lambda model: type(model).__name__,
)
def test_classifiers(model: Any, classes: int, tmp_path: Path) -> None:
    assert_equal(fit(model, X, CLASSES[classes]), X, tmp_path / "artifact")


@pytest.mark.parametrize(
    ("model", "y"), [(target(np.expm1, np.log1p), POSITIVE), (StackingClassifier(MIXED), CLASSES[3])]
)
def test_they_are_verified(model: Any, y: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, X, y), X, tmp_path / "artifact", rows=200)


@pytest.mark.parametrize("model", [VotingRegressor(TWO), StackingRegressor(TWO, passthrough=True)])
def test_as_a_step_they_give_their_predictions(model: Any, tmp_path: Path) -> None:
    pipeline = make_pipeline(model, StandardScaler()).fit(X, Y)
    skc.compile(read_estimator(pipeline, X).pipeline, X, tmp_path / "artifact", verify=False)
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert agree(transformer.transform(X)["x"], pipeline.transform(X), False).all()


@pytest.mark.parametrize(
    ("model", "y"),
    [
        (TransformedTargetRegressor(Ridge(), transformer=PowerTransformer()), Y),
        (target(lambda y: y + 1, lambda y: y - 1), Y),
        (CalibratedClassifierCV(LinearSVC(), cv=[(np.flatnonzero(CLASSES[4] > -5), np.arange(300))]), CLASSES[4]),
        (VotingClassifier(MIXED, voting="soft"), CLASSES[3]),
        (StackingClassifier(MIXED, stack_method="predict"), CLASSES[3]),
    ],
)
def test_what_does_not_compile_is_refused(model: Any, y: Any) -> None:
    with pytest.raises(SkcError) as refused:
        read_estimator(fit(model, X, y), X)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
    assert refused.value.diagnostics[0].hint


def calibrated(levels: Any, model: Any) -> CalibratedClassifierCV:
    """Three classes whose calibrated probabilities are the same for every row."""
    found = CalibratedClassifierCV(model, method="isotonic", ensemble=False).fit(X, CLASSES[3])
    for calibrator, level in zip(found.calibrated_classifiers_[0].calibrators, levels, strict=True):
        calibrator.y_thresholds_[:] = level
        calibrator._build_f(calibrator.X_thresholds_, calibrator.y_thresholds_)
    return found


@pytest.mark.parametrize("model", [LogisticRegression(), DecisionTreeClassifier(max_depth=3)])
def test_probabilities_that_are_equal_only_after_the_division_are_a_tie(model: Any, tmp_path: Path) -> None:
    """scikit-learn then takes the first class, although the second was more probable by a bit."""
    random = np.random.default_rng(0)
    while True:
        high, rest = random.uniform(0.3, 1, 2)
        low = float(np.nextafter(high, 0))
        if low / (low + high + rest / 4) == high / (low + high + rest / 4):
            break
    with pytest.raises(SkcError, match=r"300 rows \(tie\)"):
        skc.compile(calibrated((low, high, rest / 4), model), X, rows=50)
    assert skc.compile(calibrated((high, high, rest / 4), model), X, tmp_path / "equal", rows=50).is_equal
    with skc_runtime.load(tmp_path / "equal") as transformer:
        assert len({*transformer.transform(X)["prediction"][:, 0].tolist()}) == 1


def test_steep_calibrators_with_small_sums_are_noise() -> None:
    """A last bit of a score, times the slope, divided by the sum: found by a search with fractions to reach 2.7e-3."""
    found = CalibratedClassifierCV(LogisticRegression(), method="isotonic", ensemble=False).fit(X, CLASSES[3])
    for calibrator in found.calibrated_classifiers_[0].calibrators:
        calibrator.X_thresholds_, calibrator.y_thresholds_ = np.array([1.0, 1.000001]), np.array([0.0, 1.0])
        calibrator._build_f(calibrator.X_thresholds_, calibrator.y_thresholds_)
    read = read_estimator(found, X)
    (params,) = [step.params for step in read.pipeline.steps if step.op == "class_probability" and step.params.error]
    assert params.error == pytest.approx(1e6 * 1.000001 * 2.0**-48)
