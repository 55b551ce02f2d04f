"""The models of scikit-learn that are normal distributions: one of each class, or one that a row lies within."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._steps import choose, class_names, mapped, probabilities
from skc.translation import Claim, Columns, Model


def _scores(x: Columns, intercepts: Any, means: Any, variances: Any, rotations: Any = ()) -> Columns:
    """The score of each distribution, then the bounds of their errors."""
    from skc.ops.linear import gaussian_scores  # the file of an op imports the claims on it

    variances = np.asarray(variances, dtype=np.float64)
    if not (variances > 0).all() or not np.isfinite(np.asarray(intercepts)).all():
        hint = "fit it without columns that are constant within a class, and with every class in the training data"
        raise refuse("SKC151", "a variance or a prior of the estimator is 0", hint=hint)
    state = gaussian_scores.State(
        tuple(np.asarray(intercepts, dtype=np.float64).tolist()),
        tuple(map(tuple, np.asarray(means, dtype=np.float64).tolist())),
        tuple(map(tuple, variances.tolist())),
        tuple(tuple(map(tuple, np.asarray(one, dtype=np.float64).tolist())) for one in rotations),
    )
    params = gaussian_scores.Params()
    return x.floats(null="error").apply(gaussian_scores.OP, params, state, is_finite=True)


def _naive_bayes(model: Any, x: Columns) -> Model:
    with np.errstate(divide="ignore"):
        intercepts = np.log(model.class_prior_) - 0.5 * np.log(2.0 * np.pi * model.var_).sum(axis=1)
    scores = _scores(x, intercepts, model.theta_, model.var_)
    probability = probabilities(scores, model.classes_, "softmax", "columns")
    return Model(choose(scores, model.classes_, "columns"), probability, classes=class_names(model.classes_))


def _quadratic(model: Any, x: Columns) -> Model:
    """Of two classes the decision is a difference."""
    with np.errstate(divide="ignore"):
        intercepts = np.log(model.priors_) - 0.5 * np.array([np.log(scales).sum() for scales in model.scalings_])
    scores = _scores(x, intercepts, model.means_, model.scalings_, model.rotations_)
    count = len(model.classes_)
    decision = scores.pick(range(count))
    if count == 2:
        decision = mapped(decision, [[-1.0], [1.0]])
    probability = probabilities(scores, model.classes_, "softmax", "columns")
    return Model(choose(scores, model.classes_, "columns"), probability, decision, class_names(model.classes_))


def _within(model: Any, x: Columns) -> Model:
    """Minus the squared Mahalanobis distance from the centre, compared with an offset."""
    values, vectors = np.linalg.eigh(model.get_precision())
    if not (values > 0).all():
        hint = "fit it without columns that are constant, or sums of others"
        raise refuse("SKC151", "the covariance of the estimator has no inverse", hint=hint)
    scores = _scores(x, [-model.offset_], model.location_[None], [0.5 / values], [vectors])
    return Model(choose(scores, np.array([-1, 1]), "columns"), decision=scores.pick([0]))


SKLEARN: Mapping[str, Claim] = {
    "sklearn.naive_bayes.GaussianNB": Claim(None, (), ("priors", "var_smoothing"), _naive_bayes),
    "sklearn.discriminant_analysis.QuadraticDiscriminantAnalysis": Claim(
        None,
        (),
        ("solver", "shrinkage", "priors", "reg_param", "store_covariance", "tol", "covariance_estimator"),
        _quadratic,
    ),
    "sklearn.covariance.EllipticEnvelope": Claim(
        None,
        (),
        ("store_precision", "assume_centered", "support_fraction", "contamination", "random_state"),
        _within,
    ),
}
