"""Support vector machines of scikit-learn: kernels between a row and the support vectors, times a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.distance._kernels import kernel_values
from skc.ops.linear._multiclass import one_vs_one_scores
from skc.ops.linear._steps import choose, choose_by, class_names, dense, mapped
from skc.translation import Claim, Columns, Model
from skc_runtime.kinds import Array

ERROR = 1e-12  # of a kernel: a tie between classes is taken to be within 1e-10


def _decisions(machine: Any, x: Columns, weights: Any, intercept: Any) -> tuple[Columns, Columns | None]:
    """Kernels times [support vectors, M] weights: M decisions, and the bounds of their errors where they are known."""
    if callable(machine.kernel) or machine.kernel == "precomputed":
        hint = "use one of linear, rbf, poly and sigmoid"
        raise refuse("SKC151", f"`kernel={machine.kernel!r}` of a support vector machine does not compile", hint=hint)
    how = {"gamma": machine._gamma, "coef0": machine.coef0, "degree": machine.degree}
    # subtracted first, so that there is no error to check for
    error = 0.0 if machine.kernel == "rbf" else ERROR
    values = kernel_values(x, machine.kernel, dense(machine.support_vectors_), error, how)
    width = len(intercept)
    if machine.kernel != "linear":  # the errors of its kernel are beside those of the product
        return mapped(values, weights, intercept=intercept), None
    scores = mapped(values, weights, noise=True, intercept=intercept)
    return scores.pick(range(width)), scores.pick(range(width, 2 * width))


def _single(machine: Any, x: Columns) -> tuple[Columns, Columns | None]:
    return _decisions(machine, x, dense(machine.dual_coef_).T, machine.intercept_)


def _regress(machine: Any, x: Columns) -> Model:
    return Model(_single(machine, x)[0])


def _classify(machine: Any, x: Columns) -> Model:
    if machine.probability not in (False, "deprecated"):
        message = (
            "`probability=True` of a support vector machine does not compile: its probabilities are the steps of an "
            "iteration, up to 0.005 from the result"
        )
        hint = "fit `CalibratedClassifierCV(SVC(), ensemble=False)`, or with `probability=False`, which has `decision`"
        raise refuse("SKC151", message, hint=hint)
    classes = machine.classes_
    if len(classes) == 2:
        decision, noise = _single(machine, x)
        return Model(choose_by(decision, noise, classes), None, decision, class_names(classes), noise)
    if machine.break_ties and machine.decision_function_shape == "ovo":
        hint = "use one of the two"
        raise refuse("SKC151", "scikit-learn refuses `break_ties` with `decision_function_shape='ovo'`", hint=hint)
    decisions, noise = _decisions(machine, x, -_pair_weights(machine), -machine._intercept_)
    scores, errors, votes = one_vs_one_scores(decisions, noise, classes)
    prediction = choose_by(scores, errors, classes) if machine.break_ties else choose(votes, classes, "none")
    if machine.decision_function_shape == "ovr":
        return Model(prediction, None, scores, class_names(classes), errors)
    return Model(prediction, None, mapped(decisions, -np.eye(len(decisions.types))), class_names(classes))


def _pair_weights(machine: Any) -> Array:
    """[support vectors, pairs]: those of a class have one coefficient for each other class; above 0 is the first."""
    coefficients, count = dense(machine._dual_coef_), len(machine.classes_)
    owner = np.repeat(np.arange(count), machine.n_support_)
    weights = [
        np.where(owner == i, coefficients[j - 1], np.where(owner == j, coefficients[i], 0.0))
        for i, j in combinations(range(count), 2)
    ]
    return np.array(weights).T


def _detect(machine: Any, x: Columns) -> Model:
    decision, noise = _single(machine, x)
    return Model(choose_by(decision, noise, np.array([-1, 1])), decision=decision)


_KERNEL = ("kernel", "degree", "gamma", "coef0")
_SOLVER = ("tol", "shrinking", "cache_size", "verbose", "max_iter")
_CLASSES = (*_SOLVER, "class_weight", "random_state")
_VOTES = (*_KERNEL, "probability", "decision_function_shape", "break_ties")
SUPPORT_VECTORS: Mapping[str, Claim] = {
    "sklearn.svm.SVR": Claim(None, _KERNEL, (*_SOLVER, "C", "epsilon"), _regress),
    "sklearn.svm.NuSVR": Claim(None, _KERNEL, (*_SOLVER, "C", "nu"), _regress),
    "sklearn.svm.SVC": Claim(None, _VOTES, (*_CLASSES, "C"), _classify),
    "sklearn.svm.NuSVC": Claim(None, _VOTES, (*_CLASSES, "nu"), _classify),
    "sklearn.svm.OneClassSVM": Claim(None, _KERNEL, (*_SOLVER, "nu"), _detect),
}
