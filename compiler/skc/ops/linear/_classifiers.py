"""The classifiers of scikit-learn whose scores are one product with a matrix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._projections import discriminant
from skc.ops.linear._regressors import coefficients, intercepts
from skc.ops.linear._steps import Link, choose, class_names, mapped, probabilities
from skc.translation import Claim, Columns, Model


def scored(x: Columns, weights: Any, classes: Any, link: Link | None, **parts: Any) -> Model:
    """A classifier whose scores are a product with [K, M] weights; `link` is None where it has no probability."""
    scores, width = mapped(x, weights, noise=True, **parts), weights.shape[1]
    decision = scores.pick(range(width))
    probability = None
    if link == "softmax":
        probability = probabilities(scores, classes, link, "columns")
    elif link is not None:
        probability = probabilities(decision, classes, link, "none")
    noise = scores.pick(range(width, 2 * width))
    return Model(choose(scores, classes, "columns"), probability, decision, class_names(classes), noise)


def _by_link(link_of: Callable[[Any], Link | None]) -> Callable[[Any, Columns], Model]:
    def predict(model: Any, x: Columns) -> Model:
        weights, classes = coefficients(model), model.classes_
        targets = getattr(model, "_label_binarizer", None)  # of a RidgeClassifier
        if targets is not None and targets.y_type_.startswith("multilabel"):
            hint = "train one model for each label"
            raise refuse("SKC151", "a classifier of several labels at once does not compile", hint=hint)
        intercept = intercepts(model, weights.shape[1])
        return scored(x, weights, classes, link_of(model), intercept=intercept)

    return predict


def _logistic(model: Any) -> Link:
    """`multi_class` was a parameter up to scikit-learn 1.7."""
    choice = getattr(model, "multi_class", "auto")
    if len(model.classes_) == 2:
        if choice == "multinomial":
            hint = "leave `multi_class` out"
            raise refuse("SKC151", "`multi_class='multinomial'` with two classes does not compile", hint=hint)
        return "sigmoid"
    return "one_vs_rest" if choice == "ovr" or model.solver == "liblinear" else "softmax"


def _gradient_descent(model: Any) -> Link | None:
    if model.loss == "log_loss":
        return "sigmoid" if len(model.classes_) == 2 else "one_vs_rest"
    return "modified_huber" if model.loss == "modified_huber" else None


def _sigmoid_or_softmax(model: Any) -> Link:
    return "sigmoid" if len(model.classes_) == 2 else "softmax"


def _without_probability(model: Any) -> None:
    return None


def _one_class(model: Any, x: Columns) -> Model:
    scores = mapped(x, coefficients(model), noise=True, intercept=-np.ravel(model.offset_))
    return Model(choose(scores, np.array([-1, 1]), "columns"), decision=scores.pick([0]))


def _claim(link_of: Callable[[Any], Link | None], parameters: str, ignored: str, read: Any = None) -> Claim:
    return Claim(read, tuple(parameters.split()), tuple(ignored.split()), _by_link(link_of))


_ONLINE = "early_stopping fit_intercept max_iter n_iter_no_change n_jobs random_state shuffle tol validation_fraction"
_ONLINE += " verbose warm_start class_weight"
_LOGISTIC = "class_weight dual fit_intercept intercept_scaling max_iter n_jobs penalty random_state tol verbose"
_RIDGE = "class_weight fit_intercept"
_ONE_CLASS = "average eta0 fit_intercept learning_rate max_iter nu power_t random_state shuffle tol verbose warm_start"
SKLEARN: Mapping[str, Claim] = {
    "sklearn.linear_model.LogisticRegression": _claim(
        _logistic, "multi_class solver", f"{_LOGISTIC} C l1_ratio warm_start"
    ),
    "sklearn.linear_model.LogisticRegressionCV": _claim(
        _logistic, "multi_class solver", f"{_LOGISTIC} Cs cv l1_ratios refit scoring use_legacy_attributes"
    ),
    "sklearn.linear_model.SGDClassifier": _claim(
        _gradient_descent, "loss", f"{_ONLINE} alpha average epsilon eta0 l1_ratio learning_rate penalty power_t"
    ),
    "sklearn.linear_model.Perceptron": _claim(_without_probability, "", f"{_ONLINE} alpha eta0 l1_ratio penalty"),
    "sklearn.linear_model.PassiveAggressiveClassifier": _claim(_without_probability, "", f"{_ONLINE} C average loss"),
    "sklearn.linear_model.RidgeClassifier": _claim(
        _without_probability, "", f"{_RIDGE} alpha copy_X max_iter positive random_state solver tol"
    ),
    "sklearn.linear_model.RidgeClassifierCV": _claim(
        _without_probability, "", f"{_RIDGE} alphas cv scoring store_cv_results store_cv_values"
    ),
    "sklearn.linear_model.SGDOneClassSVM": Claim(None, (), tuple(_ONE_CLASS.split()), _one_class),
    "sklearn.svm.LinearSVC": _claim(
        _without_probability,
        "multi_class",
        "C class_weight dual fit_intercept intercept_scaling loss max_iter penalty random_state tol verbose",
    ),
    "sklearn.discriminant_analysis.LinearDiscriminantAnalysis": _claim(
        _sigmoid_or_softmax,
        "solver",
        "covariance_estimator n_components priors shrinkage store_covariance tol",
        discriminant,
    ),
}
