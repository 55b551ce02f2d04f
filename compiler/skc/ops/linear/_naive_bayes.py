"""Naive Bayes of scikit-learn on counts, flags and categories: the log of a product of probabilities is a sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.ops.linear._steps import choose, class_names, mapped, probabilities
from skc.translation import Claim, Columns, Model


def _by_products(model: Any, x: Columns, weights: Any, intercept: Any) -> Model:
    """The scores are a product with [K, classes] weights."""
    scores = mapped(x, weights, noise=True, intercept=intercept)
    probability = probabilities(scores, model.classes_, "softmax", "columns")
    return Model(choose(scores, model.classes_, "columns"), probability, classes=class_names(model.classes_))


def _of_counts(model: Any, x: Columns) -> Model:
    return _by_products(model, x, model.feature_log_prob_.T, model.class_log_prior_)


def _of_complements(model: Any, x: Columns) -> Model:
    """The prior is used only where there is one class."""
    return _by_products(model, x, model.feature_log_prob_.T, np.zeros(len(model.classes_)))


def _of_flags(model: Any, x: Columns) -> Model:
    from skc.ops.numeric import binarize  # imports inside: the file of an op imports the claims on it

    if model.binarize is not None:
        params = binarize.Params(threshold=float(model.binarize))
        x = x.floats(null="error").apply(binarize.OP, params, is_finite=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        absent = np.log(1 - np.exp(model.feature_log_prob_))
        weights, intercept = model.feature_log_prob_ - absent, model.class_log_prior_ + absent.sum(axis=1)
    return _by_products(model, x, weights.T, intercept)


def _of_categories(model: Any, x: Columns) -> Model:
    """The categories are 0, 1, … of each column, of which scikit-learn drops the fraction; it raises for others."""
    from skc.ops.categorical import one_hot
    from skc.ops.numeric import cast

    whole = x.floats(null="error").apply(cast.OP, cast.Params(to="int64", rounding="trunc"))
    tables = [np.asarray(table) for table in model.feature_log_prob_]  # each [classes, categories]
    keys, nothing = tuple(tuple(range(table.shape[1])) for table in tables), tuple(() for _ in tables)
    none = tuple(None for _ in tables)
    state = one_hot.State(keys, nothing, none, none)
    flags = whole.apply(one_hot.OP, one_hot.Params(unknown="error"), state, is_finite=True)
    return _by_products(model, flags, np.hstack(tables).T, model.class_log_prior_)


_PRIOR = ("alpha", "class_prior", "fit_prior", "force_alpha")
SKLEARN: Mapping[str, Claim] = {
    "sklearn.naive_bayes.BernoulliNB": Claim(None, ("binarize",), _PRIOR, _of_flags),
    "sklearn.naive_bayes.CategoricalNB": Claim(None, (), (*_PRIOR, "min_categories"), _of_categories),
    "sklearn.naive_bayes.ComplementNB": Claim(None, (), (*_PRIOR, "norm"), _of_complements),
    "sklearn.naive_bayes.MultinomialNB": Claim(None, (), _PRIOR, _of_counts),
}
