"""The classifiers of scikit-learn around another one: with a threshold of one's own, or trained on their own labels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._multiclass import above
from skc.ops.linear._steps import mapped
from skc.translation import Claim, Columns, Model


def _fixed(meta: Any, x: Columns) -> Model:
    estimator = getattr(meta, "estimator_", meta.estimator)
    return _compared(meta, estimator, x, meta.pos_label, None if meta.threshold == "auto" else meta.threshold)


def _tuned(meta: Any, x: Columns) -> Model:
    return _compared(meta, meta.estimator_, x, meta._curve_scorer._get_pos_label(), meta.best_threshold_)


def _compared(meta: Any, estimator: Any, x: Columns, positive: Any, threshold: float | None) -> Model:
    """The positive class, the second unless another is named, where its score is at least the threshold."""
    model, classes = x.predict(estimator), np.asarray(estimator.classes_)
    is_probability = meta.response_method != "decision_function" and (
        meta.response_method == "predict_proba" or hasattr(estimator, "predict_proba")
    )
    is_first = positive is not None and bool(classes[0] == positive)
    if is_probability and model.probability is not None:
        score, noise = model.probability.pick([0 if is_first else 1]), None
    elif not is_probability and model.decision is not None:
        score, noise = model.decision, model.noise
        score = mapped(score, [[-1.0]]) if is_first else score
    else:
        hint = "use another estimator within it"
        message = f"the score of {type(estimator).__name__} that {type(meta).__name__} compares does not compile"
        raise refuse("SKC151", message, hint=hint)
    limit = float((0.5 if is_probability else 0.0) if threshold is None else threshold)
    labels = classes[::-1] if is_first else classes
    if all(one.exact for one in score.types):
        limit = math.nextafter(limit, -math.inf)  # at least the limit is above the number before it
    return Model(above(score, noise, limit, labels), model.probability, model.decision, model.classes, model.noise)


def _self_trained(meta: Any, x: Columns) -> Model:
    return x.predict(meta.estimator_ if hasattr(meta, "estimator_") else meta.base_estimator_)  # before 1.6


_THRESHOLD = ("estimator", "cv", "n_jobs", "random_state", "refit", "scoring", "store_cv_results", "thresholds")
_LABELS = ("estimator", "base_estimator", "criterion", "k_best", "max_iter", "threshold", "verbose")
SKLEARN: Mapping[str, Claim] = {
    "sklearn.model_selection.FixedThresholdClassifier": Claim(
        None, ("threshold", "pos_label", "response_method"), ("estimator",), _fixed
    ),
    "sklearn.model_selection.TunedThresholdClassifierCV": Claim(None, ("response_method",), _THRESHOLD, _tuned),
    "sklearn.semi_supervised.SelfTrainingClassifier": Claim(None, (), _LABELS, _self_trained),
}
