"""The estimators of scikit-learn that predict several targets by one model for each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._steps import joined, targets
from skc.translation import Claim, Columns, Model


def _one_for_each(meta: Any, x: Columns) -> Model:
    return Model(targets([x.predict(one).prediction for one in meta.estimators_]))


def _chain(meta: Any, x: Columns) -> Model:
    """Each model reads what those before it answered, and the answers are then in the order of the targets."""
    x = x.floats(null="error")
    answers = {"predict": list[Columns](), "predict_proba": list[Columns](), "decision_function": list[Columns]()}
    method, fed = getattr(meta, "chain_method_", "predict"), x
    for one in meta.estimators_:
        model = fed.predict(one)
        for name, answer in _answers(one, model).items():
            answers[name].append(answer)
        if len(answers[method]) < len(answers["predict"]):
            hint = "leave `chain_method` out"
            raise refuse("SKC151", f"`{method}` of {type(one).__name__} does not compile", hint=hint)
        fed = fed.beside(answers[method][-1])
    places = np.argsort(meta.order_).tolist()
    by_target = {
        name: joined(columns).pick(places) if len(columns) == len(places) else None for name, columns in answers.items()
    }
    prediction = by_target["predict"]
    assert prediction is not None  # every model predicts
    return Model(prediction, by_target["predict_proba"], by_target["decision_function"])


def _answers(estimator: Any, model: Model) -> dict[str, Columns]:
    """What a model of a chain answers, one number each: scikit-learn keeps them in an array of float64.

    Raises SKC151 for one that knows more than two classes, whose probability is not a single number.
    """
    answers = {"predict": model.prediction.numbers()}
    if model.probability is not None and len(model.probability.types) == 2:
        answers["predict_proba"] = model.probability.pick([1])
    if model.decision is not None and len(model.decision.types) == 1:
        answers["decision_function"] = model.decision
    return answers


_CHAIN = ("estimator", "base_estimator", "order", "cv", "random_state", "verbose")
SKLEARN: Mapping[str, Claim] = {
    "sklearn.multioutput.ClassifierChain": Claim(None, ("chain_method",), _CHAIN, _chain),
    "sklearn.multioutput.MultiOutputClassifier": Claim(None, (), ("estimator", "n_jobs"), _one_for_each),
    "sklearn.multioutput.MultiOutputRegressor": Claim(None, (), ("estimator", "n_jobs"), _one_for_each),
    "sklearn.multioutput.RegressorChain": Claim(None, (), _CHAIN, _chain),
}
