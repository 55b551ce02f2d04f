"""Support vector machines of scikit-learn: kernels between a row and the support vectors, times a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.distance._kernels import kernel_values
from skc.ops.linear._steps import choose, mapped
from skc.translation import Claim, Columns, Model

ERROR = 1e-12  # of a kernel: a tie between classes is taken to be within 1e-10


def _score(machine: Any, x: Columns) -> Columns:
    """The decision and the bound of its rounding error."""
    if callable(machine.kernel) or machine.kernel == "precomputed":
        hint = "use one of linear, rbf, poly and sigmoid"
        raise refuse("SKC151", f"`kernel={machine.kernel!r}` of a support vector machine does not compile", hint=hint)
    how = {"gamma": machine._gamma, "coef0": machine.coef0, "degree": machine.degree}
    # subtracted first, so that there is no error to check for
    error = 0.0 if machine.kernel == "rbf" else ERROR
    values = kernel_values(x, machine.kernel, machine.support_vectors_, error, how)
    return mapped(values, machine.dual_coef_.T, noise=True, intercept=machine.intercept_)


def _choose(machine: Any, score: Columns, classes: Any) -> Columns:
    if machine.kernel == "linear":
        return choose(score, classes, "columns")
    return choose(score.pick([0]), classes, "relative")


def _regress(machine: Any, x: Columns) -> Model:
    return Model(_score(machine, x).pick([0]))


def _classify(machine: Any, x: Columns) -> Model:
    if len(machine.classes_) > 2:
        hint = "use two classes, or another classifier: LinearSVC decides one against the rest"
        raise refuse(
            "SKC151", "the votes of a support vector machine for more than two classes do not compile", hint=hint
        )
    if machine.probability not in (False, "deprecated"):
        hint = (
            "fit it with `probability=False`: `decision` is then in the artifact, and a sigmoid of it is a probability"
        )
        raise refuse("SKC151", "`probability=True` of a support vector machine does not compile", hint=hint)
    score = _score(machine, x)
    return Model(_choose(machine, score, machine.classes_), decision=score.pick([0]))


def _detect(machine: Any, x: Columns) -> Model:
    score = _score(machine, x)
    return Model(_choose(machine, score, np.array([-1, 1])), decision=score.pick([0]))


_KERNEL = ("kernel", "degree", "gamma", "coef0")
_SOLVER = ("tol", "shrinking", "cache_size", "verbose", "max_iter")
# with two classes the shape of the decision and the ties between more do not matter
_CLASSES = (*_SOLVER, "class_weight", "decision_function_shape", "break_ties", "random_state")
SUPPORT_VECTORS: Mapping[str, Claim] = {
    "sklearn.svm.SVR": Claim(None, _KERNEL, (*_SOLVER, "C", "epsilon"), _regress),
    "sklearn.svm.NuSVR": Claim(None, _KERNEL, (*_SOLVER, "C", "nu"), _regress),
    "sklearn.svm.SVC": Claim(None, (*_KERNEL, "probability"), (*_CLASSES, "C"), _classify),
    "sklearn.svm.NuSVC": Claim(None, (*_KERNEL, "probability"), (*_CLASSES, "nu"), _classify),
    "sklearn.svm.OneClassSVM": Claim(None, _KERNEL, (*_SOLVER, "nu"), _detect),
}
