"""Linear models of scikit-learn as artifacts: predictions, probabilities and decisions, a row alone as in a batch."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from linear_rows import CLASSES, COUNTS, R, X, Y, assert_equal, fit
from sklearn import cross_decomposition, linear_model, naive_bayes, neural_network, svm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator


def quiet(name: str) -> Any:
    """A class of linear models, also a deprecated one."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(linear_model, name)()


REGRESSORS = (
    *(quiet(name) for name in (
        "ARDRegression", "BayesianRidge", "ElasticNet", "ElasticNetCV", "HuberRegressor", "Lars", "LarsCV", "Lasso",
        "LassoCV", "LassoLars", "LassoLarsCV", "LassoLarsIC", "LinearRegression", "OrthogonalMatchingPursuit",
        "OrthogonalMatchingPursuitCV", "PassiveAggressiveRegressor", "QuantileRegressor", "Ridge", "RidgeCV",
        "SGDRegressor",
    )),
    linear_model.TheilSenRegressor(max_iter=10, random_state=1),
    linear_model.LinearRegression(fit_intercept=False),
    linear_model.TweedieRegressor(power=0),
    svm.LinearSVR(),
    cross_decomposition.PLSRegression(2),
)  # fmt: skip
OF_SEVERAL = (
    linear_model.LinearRegression(),
    linear_model.Ridge(),
    linear_model.MultiTaskElasticNet(),
    linear_model.MultiTaskElasticNetCV(),
    linear_model.MultiTaskLasso(),
    linear_model.MultiTaskLassoCV(),
    cross_decomposition.PLSRegression(2),
    cross_decomposition.PLSCanonical(2),
    cross_decomposition.CCA(2),
)
POSITIVE = (
    linear_model.PoissonRegressor(),
    linear_model.GammaRegressor(),
    linear_model.TweedieRegressor(power=1.5),
    linear_model.TweedieRegressor(link="identity", power=0),
)
CLASSIFIERS = (
    linear_model.LogisticRegression(),
    linear_model.LogisticRegressionCV(cv=3),
    linear_model.SGDClassifier(random_state=1),
    linear_model.SGDClassifier(loss="log_loss", random_state=1),
    linear_model.SGDClassifier(loss="modified_huber", random_state=1),
    linear_model.Perceptron(),
    quiet("PassiveAggressiveClassifier"),
    linear_model.RidgeClassifier(),
    linear_model.RidgeClassifierCV(),
    svm.LinearSVC(),
    LinearDiscriminantAnalysis(),
    LinearDiscriminantAnalysis(solver="lsqr"),
)
OF_COUNTS = (naive_bayes.MultinomialNB(), naive_bayes.ComplementNB(), naive_bayes.ComplementNB(norm=True))


@pytest.mark.parametrize("model", REGRESSORS, ids=lambda model: type(model).__name__)
def test_regressors(model: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, X, Y), X, tmp_path / "artifact")


@pytest.mark.parametrize("model", OF_SEVERAL, ids=lambda model: type(model).__name__)
def test_regressors_of_several_targets(model: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, X, np.c_[Y, X["b"] + R.normal(size=300)]), X, tmp_path / "artifact")


@pytest.mark.parametrize("model", POSITIVE, ids=lambda model: type(model).__name__)
def test_generalised_regressors(model: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, X, abs(Y) + 0.1), X, tmp_path / "artifact")


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("model", CLASSIFIERS, ids=lambda model: type(model).__name__)
def test_classifiers(model: Any, classes: int, tmp_path: Path) -> None:
    """Of truth values, then of text."""
    assert_equal(fit(model, X, CLASSES[classes]), X, tmp_path / "artifact")


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_networks(activation: str, tmp_path: Path) -> None:
    sizes = {"hidden_layer_sizes": (9, 4), "activation": activation, "max_iter": 50, "random_state": 1}
    classifier, regressor = neural_network.MLPClassifier(**sizes), neural_network.MLPRegressor(**sizes)
    assert_equal(fit(classifier, X, CLASSES[3]), X, tmp_path / "three", rows=300)
    assert_equal(fit(classifier, X, CLASSES[2]), X, tmp_path / "two")
    assert_equal(fit(regressor, X, Y), X, tmp_path / "one", rows=300)
    assert_equal(fit(regressor, X, np.c_[Y, X["a"]]), X, tmp_path / "targets")


@pytest.mark.parametrize("model", OF_COUNTS, ids=lambda model: type(model).__name__)
def test_classifiers_of_counts(model: Any, tmp_path: Path) -> None:
    assert_equal(fit(model, COUNTS, CLASSES[4]), COUNTS, tmp_path / "artifact")


@pytest.mark.parametrize("threshold", [0.0, 0.5, None])
def test_a_classifier_of_flags(threshold: float | None, tmp_path: Path) -> None:
    """Without a threshold the columns are taken as they are, whatever they hold."""
    model = naive_bayes.BernoulliNB(binarize=threshold)
    x = X if threshold is not None else (X > 0).astype(float)
    assert_equal(fit(model, x, CLASSES[3]), x, tmp_path / "artifact", rows=0 if threshold else 200)


def test_a_classifier_of_categories(tmp_path: Path) -> None:
    """A fraction is dropped, from -1 on; scikit-learn raises for a category that it did not see."""
    source = np.random.default_rng(2)  # its own: for other rows a class may win by less than a rounding error
    x = pd.DataFrame({"a": source.integers(0, 4, 300), "b": source.integers(0, 2, 300) + 0.0})
    model = naive_bayes.CategoricalNB(min_categories=[5, 2]).fit(x, CLASSES[3])
    assert_equal(model, x, tmp_path / "artifact", rows=200)
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        for value, same in ((1.9999999999999998, 1.0), (-0.9999999999999999, 0.0), (-0.0, 0.0)):
            got, want = (transformer.transform({"a": 4, "b": b})["probability"] for b in (value, same))
            assert (got == want).all()
        for value in (2.0, -1.0, 1e300, -1e300):
            with pytest.raises(skc_runtime.RecordError):
                transformer.transform({"a": 4, "b": value})


@pytest.mark.parametrize(
    ("model", "target"),
    [
        (linear_model.LogisticRegression(), CLASSES[4]),
        (linear_model.LogisticRegression(), CLASSES[2]),
        (linear_model.SGDClassifier(loss="modified_huber", random_state=1), CLASSES[3]),
        (linear_model.PoissonRegressor(), abs(Y)),
    ],
)
def test_models_in_a_pipeline_are_verified(model: Any, target: Any, tmp_path: Path) -> None:
    """Also on the hostile rows of verification."""
    assert_equal(fit(make_pipeline(StandardScaler(), model), X, target), X, tmp_path / "artifact", rows=300)


@pytest.mark.parametrize(
    ("model", "target", "code"),
    [
        (linear_model.RidgeClassifier(), np.c_[CLASSES[2], ~CLASSES[2], CLASSES[2]].astype(int), "SKC151"),
        (naive_bayes.MultinomialNB(alpha=0), CLASSES[2], "SKC151"),
        (linear_model.LogisticRegression(), np.array([None, *"ab"], dtype=object)[1 + CLASSES[2]], None),
    ],
)
def test_what_does_not_compile_is_refused(model: Any, target: Any, code: str | None) -> None:
    x = COUNTS.assign(a=0.0)
    fit(model, x, target)
    if code is None:
        read_estimator(model, x)
        model.classes_ = np.array([1 + 2j, 3j])
        code = "SKC158"
    with pytest.raises(SkcError) as refused:
        read_estimator(model, x)
    assert [d.code for d in refused.value.diagnostics] == [code]
