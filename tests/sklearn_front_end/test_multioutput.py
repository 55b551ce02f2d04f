"""Models of scikit-learn for several targets, one after another or side by side, as artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from linear_rows import CLASSES, X, Y, fit
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, RegressorChain
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree

LABELS = np.c_[Y > 0, X["a"] > 0, X["b"] > 0.3].astype(int)
TEXTS = np.c_[CLASSES[3], np.where(Y > 0, "a", "b")]
NUMBERS = np.c_[Y, Y + X["a"], X["b"]]
METHODS = {"prediction": "predict", "probability": "predict_proba", "decision": "decision_function"}
LOGISTIC = LogisticRegression()
SMALL = DecisionTreeClassifier(max_depth=3)


def by(method: str) -> dict[str, str]:
    """What a chain passes on, which was always the prediction before scikit-learn 1.5."""
    return {"chain_method": method} if "chain_method" in ClassifierChain(LOGISTIC).get_params() else {}


@pytest.mark.parametrize(
    ("model", "target", "outputs"),
    [
        (MultiOutputClassifier(LOGISTIC), LABELS, ["prediction"]),
        (MultiOutputClassifier(SMALL), TEXTS, ["prediction"]),
        (DecisionTreeClassifier(max_depth=4), TEXTS, ["prediction"]),
        (RandomForestClassifier(4, random_state=0), LABELS, ["prediction"]),
        (ExtraTreesClassifier(3, random_state=0), TEXTS, ["prediction"]),
        (ClassifierChain(LOGISTIC, order=[2, 0, 1]), LABELS, [*METHODS]),
        (ClassifierChain(LOGISTIC, **by("predict_proba")), LABELS, [*METHODS]),
        (ClassifierChain(LinearSVC(), **by("decision_function")), LABELS, ["prediction", "decision"]),
        (ClassifierChain(SMALL, cv=3), LABELS, ["prediction", "probability"]),
        (ClassifierChain(LOGISTIC), np.c_[LABELS[:, 0], CLASSES[4]], ["prediction"]),
        (RegressorChain(Ridge(), order=[1, 2, 0]), NUMBERS, ["prediction"]),
        (RegressorChain(DecisionTreeRegressor(max_depth=3)), NUMBERS, ["prediction"]),
    ],
)
def test_models_of_several_targets(model: Any, target: Any, outputs: list[str], tmp_path: Path) -> None:
    """The probabilities of several classifiers are a list, of which no output is made."""
    fit(model, X, target)
    skc.compile(read_estimator(model, X).pipeline, X, tmp_path / "artifact", verify=False)
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        got = transformer.transform(X)
    assert sorted({*got} - {"x"}) == sorted(outputs)
    for name in outputs:
        want = np.asarray(getattr(model, METHODS[name])(X))
        assert agree(got[name], want, False).all() if want.dtype.kind == "f" else (got[name] == want).all()


def test_a_chain_is_verified(tmp_path: Path) -> None:
    model, x = ClassifierChain(LOGISTIC, order=[1, 0]).fit(X, LABELS[:, :2]), X
    assert skc.compile(model, x, tmp_path / "artifact", rows=100).is_equal


def test_what_does_not_compile_is_refused() -> None:
    """The probabilities of three classes are not a single number, and labels of two types do not fit in one array."""
    chain = fit(ClassifierChain(LOGISTIC, **by("predict_proba")), X, LABELS)
    chain.estimators_[0] = fit(LogisticRegression(), X, CLASSES[4])
    tree = DecisionTreeClassifier(max_depth=2).fit(X, LABELS)
    tree.classes_[1] = np.array(["a", "b"])
    for model in (chain, tree) if by("predict_proba") else (tree,):
        with pytest.raises(SkcError) as refused:
            read_estimator(model, X)
        assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
