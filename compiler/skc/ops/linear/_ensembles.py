"""The estimators of scikit-learn that combine the predictions of others by sums, means and another model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.internal import expr
from skc.ops.linear._noise import EPS
from skc.ops.linear._steps import choose, choose_by, class_names, joined, mapped, probabilities
from skc.ops.numeric.interpolate import error_of, isotonic
from skc.ops.trees._nodes import choice, summed
from skc.translation import Claim, Columns, Model

# The inverse of the function that the target was transformed with, as an expression.
INVERSES: Mapping[str, str] = {
    "exp": "exp(y)",
    "expm1": "exp(y) - 1",
    "log": "log(y)",
    "log1p": "log1p(y)",
    "sqrt": "sqrt(y)",
    "square": "y * y",
}


def _mean(parts: Sequence[Columns], weights: Any = None) -> Columns:
    """The weighted mean of several values of the same number of columns, column by column."""
    each = np.ones(len(parts)) if weights is None else np.asarray(weights, dtype=np.float64)
    width = len(parts[0].types)
    matrix = np.vstack([np.eye(width) * weight for weight in each])
    return mapped(joined(parts), matrix, divisor=np.full(width, each.sum()))


def _response(model: Model, method: str, estimator: Any) -> Columns:
    """The columns that a method of an estimator gives; of probabilities of two classes the second."""
    columns = {"predict": model.prediction, "predict_proba": model.probability, "decision_function": model.decision}
    response = columns[method]
    if response is None:
        name = type(estimator).__name__
        raise refuse("SKC151", f"`{method}` of {name} does not compile", hint="use another estimator within it")
    return response.pick([1]) if method == "predict_proba" and len(response.types) == 2 else response


def _by_scores(model: Model, classes: Any) -> Model:
    """A model on numbered classes, as one on the classes that they stand for."""
    scores = model.decision or model.probability
    if scores is None:
        raise refuse("SKC151", "the final estimator has no scores that compile", hint="use LogisticRegression")
    prediction = choose_by(scores, model.noise if model.decision else None, classes)
    return Model(prediction, model.probability, model.decision, class_names(classes))


def _transformed_target(meta: Any, x: Columns) -> Model:
    prediction = x.predict(meta.regressor_).prediction
    inverse = meta.transformer_
    name = type(inverse).__name__
    if name == "FunctionTransformer":
        function = inverse.inverse_func
        if function is None:
            return Model(prediction)
        is_known = isinstance(function, np.ufunc) and function.__name__ in INVERSES and not inverse.inv_kw_args
        if not is_known:
            names = ", ".join(f"np.{known}" for known in INVERSES)
            shown = getattr(function, "__name__", function)
            raise refuse("SKC151", f"`inverse_func={shown}` does not compile", hint=f"use one of {names}")
        params = expr.Params(expression=INVERSES[function.__name__], names=("y",))
        each = [prediction.pick([k]).apply(expr.OP, params) for k in range(len(prediction.types))]
        return Model(joined(each))
    if name == "StandardScaler":
        scale = np.ones(len(prediction.types)) if inverse.scale_ is None else inverse.scale_
        mean = {"intercept": inverse.mean_} if inverse.with_mean else {}
        return Model(mapped(prediction, np.diag(scale), **mean))
    if name == "MinMaxScaler":
        ones = np.eye(len(prediction.types))
        return Model(mapped(prediction, ones, offset=inverse.min_, scale=inverse.scale_))
    hint = "use `func` and `inverse_func`, StandardScaler or MinMaxScaler"
    raise refuse("SKC151", f"a target transformed by {name} does not compile", hint=hint)


def _calibrated(meta: Any, x: Columns) -> Model:
    classes, parts = meta.classes_, meta.calibrated_classifiers_
    if len(parts) == 1:
        probability, prediction = _calibrated_alone(parts[0], classes, x)
    else:
        probability = _mean([_calibrated_once(one, classes, _scores(one, classes, x)) for one in parts])
        prediction = choose(probability, classes, "relative")
    return Model(prediction, probability, classes=class_names(classes))


def _calibrated_alone(one: Any, classes: Any, x: Columns) -> tuple[Columns, Columns]:
    """The probabilities and the class by a single calibrator. Where its curve is level, a tie is certain."""
    scores = _scores(one, classes, x)
    probability = _calibrated_once(one, classes, scores)
    if one.method != "isotonic":
        return probability, choose(probability, classes, "relative")
    width = len(scores.types)
    shares = probability if width == 1 else isotonic(one.calibrators, scores)
    gap = 0.0 if width == 1 else EPS  # scikit-learn compares the quotients, of which two are then perhaps equal
    if all(x.exact for x in scores.types):
        return probability, choose(shares, classes, "none", gap)
    noise = isotonic(one.calibrators, scores, noise=True).pick(range(1, 2 * width, 2))
    return probability, choose_by(shares, noise.pick([0, 0]) if width == 1 else noise, classes, gap)


def _scores(one: Any, classes: Any, x: Columns) -> Columns:
    if one.method == "temperature":
        hint = "use `method='sigmoid'` or `method='isotonic'`"
        raise refuse("SKC151", "`method='temperature'` of CalibratedClassifierCV does not compile", hint=hint)
    if len(one.estimator.classes_) != len(classes):
        hint = "use folds that have every class, as `StratifiedKFold` makes them"
        raise refuse("SKC151", "CalibratedClassifierCV with a fold that lacks a class does not compile", hint=hint)
    model = x.predict(one.estimator)
    method = "predict_proba" if model.decision is None else "decision_function"
    return _response(model, method, one.estimator)


def _calibrated_once(one: Any, classes: Any, scores: Columns) -> Columns:
    """The probability of each class, by the scores."""
    if one.method == "isotonic":
        is_exact = all(x.exact for x in scores.types)
        error = 0.0 if is_exact or len(one.calibrators) == 1 else error_of(one.calibrators)
        return probabilities(isotonic(one.calibrators, scores), classes, "shares", "none", error)
    slopes = np.diag([-calibrator.a_ for calibrator in one.calibrators])
    logits = mapped(scores, slopes, intercept=[-calibrator.b_ for calibrator in one.calibrators])
    return probabilities(logits, classes, "sigmoid" if len(classes) == 2 else "one_vs_rest", "none")


def _voting_regressor(meta: Any, x: Columns) -> Model:
    return Model(_mean([x.predict(one).prediction for one in meta.estimators_], meta._weights_not_none))


def _votes(meta: Any, x: Columns) -> Columns:
    return joined([x.predict(one).prediction for one in meta.estimators_])


def _soft_votes(meta: Any, x: Columns) -> list[Columns]:
    """The probabilities that each classifier gives."""
    parts = []
    for one in meta.estimators_:
        probability = x.predict(one).probability
        if probability is None:
            hint = "use classifiers with probabilities"
            raise refuse("SKC151", f"`predict_proba` of {type(one).__name__} does not compile", hint=hint)
        parts.append(probability)
    return parts


def _answers_of_each(meta: Any, x: Columns) -> Columns:
    if meta.voting == "hard":
        return _votes(meta, x)
    if not meta.flatten_transform:
        hint = "leave `flatten_transform` out"
        raise refuse("SKC151", "`flatten_transform=False` gives no table of columns", hint=hint)
    return joined(_soft_votes(meta, x))


def _counted(votes: Columns, classes: int, weights: Any) -> Columns:
    """The sum of the weights of those who vote for each class: exact, in the order of the voters.

    Why trees: they add up, for each column, what belongs to its value, to the bit.
    """
    each = np.ones(len(votes.types)) if weights is None else np.asarray(weights, dtype=np.float64)
    trees = [choice(k, np.eye(classes) * weight) for k, weight in enumerate(each)]
    return summed(votes.numbers(), trees, [0.0] * classes)


def _voting_classifier(meta: Any, x: Columns) -> Model:
    if meta.voting == "hard":
        counted = _counted(_votes(meta, x), len(meta.classes_), meta._weights_not_none)
        return Model(choose(counted, meta.classes_, "none"), classes=class_names(meta.classes_))
    parts = _soft_votes(meta, x)
    mean, classes = _mean(parts, meta._weights_not_none), meta.le_.classes_
    return Model(choose(mean, classes, "relative"), mean, classes=class_names(classes))


def _stacked(meta: Any, x: Columns) -> Columns:
    estimators = [one for one in meta.estimators_ if not isinstance(one, str)]
    parts = []
    for one, method in zip(estimators, meta.stack_method_, strict=True):
        model = x.predict(one)
        if method == "predict" and model.classes:
            hint = "use `stack_method='predict_proba'`"
            raise refuse("SKC151", "classes as the input of a stacked model do not compile", hint=hint)
        parts.append(_response(model, method, one))
    return joined([*parts, x] if meta.passthrough else parts)


def _stacking_regressor(meta: Any, x: Columns) -> Model:
    return Model(_stacked(meta, x).predict(meta.final_estimator_).prediction)


def _stacking_classifier(meta: Any, x: Columns) -> Model:
    return _by_scores(_stacked(meta, x).predict(meta.final_estimator_), meta.classes_)


def _ransac(meta: Any, x: Columns) -> Model:
    return Model(x.predict(meta.estimator_).prediction)


_RANSAC = """
    estimator min_samples residual_threshold is_data_valid is_model_valid max_trials max_skips stop_n_inliers stop_score
    stop_probability loss random_state
"""
SKLEARN: Mapping[str, Claim] = {
    "sklearn.compose.TransformedTargetRegressor": Claim(
        None, ("transformer", "inverse_func"), ("regressor", "func", "check_inverse"), _transformed_target
    ),
    "sklearn.calibration.CalibratedClassifierCV": Claim(
        None, ("method",), ("estimator", "cv", "n_jobs", "ensemble"), _calibrated
    ),
    "sklearn.ensemble.StackingClassifier": Claim(
        _stacked,
        ("stack_method", "passthrough"),
        ("estimators", "final_estimator", "cv", "n_jobs", "verbose"),
        _stacking_classifier,
    ),
    "sklearn.ensemble.StackingRegressor": Claim(
        _stacked, ("passthrough",), ("estimators", "final_estimator", "cv", "n_jobs", "verbose"), _stacking_regressor
    ),
    "sklearn.ensemble.VotingClassifier": Claim(
        _answers_of_each,
        ("voting", "weights", "flatten_transform"),
        ("estimators", "n_jobs", "verbose"),
        _voting_classifier,
    ),
    "sklearn.ensemble.VotingRegressor": Claim(
        _votes, ("weights",), ("estimators", "n_jobs", "verbose"), _voting_regressor
    ),
    "sklearn.linear_model.RANSACRegressor": Claim(None, (), tuple(_RANSAC.split()), _ransac),
}
