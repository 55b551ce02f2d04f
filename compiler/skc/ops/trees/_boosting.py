"""Gradient boosting of scikit-learn: trees that are added to a constant, and the link from that sum to a prediction."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._steps import choose, class_names, exponential, probabilities
from skc.ops.numeric import standard_scale
from skc.ops.trees._histogram import raw_predictions
from skc.ops.trees._nodes import from_float32, summed
from skc.translation import Claim, Columns, Model


def _boosted(boosting: Any, x: Columns, *, beside_zero: bool = False) -> Columns:
    """The raw predictions, one per class if there are more than two; with a column of zeros after a single one."""
    if boosting.init_ != "zero" and type(boosting.init_).__module__ != "sklearn.dummy":
        message = f"`init` of {type(boosting).__name__} is a {type(boosting.init_).__name__}"
        raise refuse("SKC151", message, hint="fit it with `init=None` or `init='zero'`")
    base = boosting._raw_predict_init(np.zeros((1, boosting.n_features_in_), dtype=np.float32)).ravel().tolist()
    scaled = ((tree.tree_, boosting.learning_rate * tree.tree_.value[:, 0]) for tree in boosting.estimators_.ravel())
    if beside_zero:
        base, scaled = [*base, 0.0], ((tree, np.hstack([values, np.zeros_like(values)])) for tree, values in scaled)
    checked = x.floats(null="error", largest="float32")
    return summed(checked, [from_float32(tree, values) for tree, values in scaled], base)


def _regressor(boosting: Any, x: Columns) -> Model:
    return Model(_boosted(boosting, x))


def _classifier(boosting: Any, x: Columns) -> Model:
    """A single raw prediction of 0 is the second class, unlike in the histogram gradient boosting."""
    classes = boosting.classes_
    if len(classes) > 2:
        raw = _boosted(boosting, x)
        return Model(
            choose(raw, classes, "none"), probabilities(raw, classes, "softmax", "none"), raw, class_names(classes)
        )
    both = _boosted(boosting, x, beside_zero=True)  # the first of equals is the prediction, not the zero
    raw = both.pick([0])
    link = _doubled(raw) if boosting.loss == "exponential" else raw
    return Model(
        choose(both, classes[::-1], "none"), probabilities(link, classes, "sigmoid", "none"), raw, class_names(classes)
    )


def _doubled(x: Columns) -> Columns:
    params = standard_scale.Params(with_mean=False)
    return x.apply(standard_scale.OP, params, standard_scale.State((0.0,), (0.5,)))


def _histogram_regressor(boosting: Any, x: Columns) -> Model:
    raw = raw_predictions(boosting, x)
    link = type(boosting._loss.link).__name__
    if link == "IdentityLink":
        return Model(raw)
    if link == "LogLink":
        return Model(exponential(raw))
    hint = "use a loss whose link is the identity or the logarithm"
    raise refuse("SKC151", f"the loss {boosting.loss!r} has the link {link}", hint=hint)


def _histogram_classifier(boosting: Any, x: Columns) -> Model:
    raw, classes = raw_predictions(boosting, x), boosting.classes_
    probability = probabilities(raw, classes, "softmax" if len(classes) > 2 else "sigmoid", "none")
    return Model(choose(raw, classes, "none"), probability, raw, class_names(classes))


_TREES = """
    criterion max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf max_features random_state
    max_leaf_nodes min_impurity_decrease ccp_alpha subsample n_estimators verbose warm_start validation_fraction
    n_iter_no_change tol
"""
_HISTOGRAMS = """
    max_iter max_leaf_nodes max_depth min_samples_leaf l2_regularization max_features max_bins monotonic_cst
    interaction_cst warm_start early_stopping scoring validation_fraction n_iter_no_change tol verbose random_state
    learning_rate
"""


def _claim(predict: Any, parameters: str, ignored: str) -> Claim:
    return Claim(None, tuple(parameters.split()), tuple(ignored.split()), predict)


SKLEARN: Mapping[str, Claim] = {
    "sklearn.ensemble.GradientBoostingRegressor": _claim(_regressor, "init learning_rate", f"{_TREES} loss alpha"),
    "sklearn.ensemble.GradientBoostingClassifier": _claim(_classifier, "init learning_rate loss", _TREES),
    "sklearn.ensemble.HistGradientBoostingRegressor": _claim(
        _histogram_regressor, "loss categorical_features", f"{_HISTOGRAMS} quantile"
    ),
    "sklearn.ensemble.HistGradientBoostingClassifier": _claim(
        _histogram_classifier, "loss categorical_features", f"{_HISTOGRAMS} class_weight"
    ),
}
