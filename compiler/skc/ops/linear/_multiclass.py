"""The classifiers of scikit-learn that make one for several classes of those for two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._scores import Noise
from skc.ops.linear._steps import choose, choose_by, class_names, is_of, joined, mapped
from skc.translation import Claim, Columns, Model


def one_vs_one_scores(decisions: Columns, noise: Columns | None, classes: Any) -> tuple[Columns, Columns, Columns]:
    """Of the decisions of each pair of classes, above 0 for the second: scores, the bounds of their errors, votes."""
    from skc.ops.linear import one_vs_one  # the file of an op imports the claims on it

    state, count = one_vs_one.State(class_names(classes)), len(classes)
    is_exact = all(x.exact for x in decisions.types)
    kind: Noise = "columns" if noise is not None else "none" if is_exact else "relative"
    pairs = decisions if noise is None else decisions.beside(noise)
    votes, scores = (
        pairs.apply(one_vs_one.OP, one_vs_one.Params(output=output, noise=kind), state, is_finite=True)
        for output in ("votes", "scores")
    )
    return scores.pick(range(count)), scores.pick(range(count, 2 * count)), votes


def _binary_score(estimator: Any, model: Model) -> tuple[Columns, Columns | None]:
    """By what a classifier of two classes decides, or what a regressor predicts, and the bounds of its errors."""
    if not model.classes and not hasattr(estimator, "classes_"):
        return model.prediction, None
    if hasattr(estimator, "decision_function"):
        if model.decision is not None and len(model.decision.types) == 1:
            return model.decision, model.noise
    elif model.probability is not None and len(model.probability.types) == 2:
        return model.probability.pick([1]), None
    name = type(estimator).__name__
    raise refuse("SKC151", f"the decision of {name} does not compile", hint="use another estimator within it")


def _noise(parts: Sequence[Columns | None]) -> Columns | None:
    known = [part for part in parts if part is not None]
    return joined(known) if len(known) == len(parts) else None


def _one_vs_rest(meta: Any, x: Columns) -> Model:
    kind, classes = meta.label_binarizer_.y_type_, meta.classes_
    if any(_is_constant(one) for one in meta.estimators_):
        hint = "train without it"
        raise refuse("SKC151", "a label that no or every training row has does not compile", hint=hint)
    models = [x.predict(one) for one in meta.estimators_]
    scores = [_binary_score(one, model) for one, model in zip(meta.estimators_, models, strict=True)]
    has_decision = all(hasattr(one, "decision_function") for one in meta.estimators_)
    decision = joined([score for score, _ in scores]) if has_decision else None
    if kind == "binary":
        ((score, noise),) = scores
        prediction = above(score, noise, _threshold(meta), classes)
        return Model(prediction, models[0].probability, decision, class_names(classes), noise)
    noise = _noise([noise for _, noise in scores])
    probability = _of_the_second(models)
    if kind == "multiclass":
        if probability is not None:
            probability = _shares(probability, of_nothing="0.0" if is_of(meta, 1, 7) else None)
        together = joined([score for score, _ in scores])
        if all(x.exact for x in together.types):
            order = list(range(len(classes)))
            if not is_of(meta, 1, 9):  # there, the last class of equal scores wins
                order.reverse()
            prediction = choose(together.pick(order), classes[order], "none")
        else:
            prediction = choose_by(together, noise, classes)
        return Model(prediction, probability, decision, class_names(classes), noise)
    if kind != "multilabel-indicator" or len(models) == 1:
        hint = "train one classifier for each target"
        raise refuse("SKC151", f"targets of the type {kind!r} do not compile", hint=hint)
    labels = [above(score, noise, _threshold(meta), np.array([0, 1])) for score, noise in scores]
    return Model(joined(labels), probability, decision, class_names(classes))


def _is_constant(estimator: Any) -> bool:
    """What scikit-learn puts in the place of a classifier that saw a single class."""
    return type(estimator).__name__ == "_ConstantPredictor"


def _threshold(meta: Any) -> float:
    """0 for a decision, 0.5 for a probability or the prediction of a regressor."""
    return 0.0 if hasattr(meta.estimators_[0], "decision_function") else 0.5


def above(score: Columns, noise: Columns | None, threshold: float, classes: Any) -> Columns:
    """The second class where a single score is above a threshold."""
    from skc.ops.numeric import binarize

    if all(x.exact for x in score.types):
        above = score.apply(binarize.OP, binarize.Params(threshold=threshold), is_finite=True)
        return choose(above, classes, "none")
    if threshold:
        return choose(mapped(score, [[1.0]], noise=True, intercept=[-threshold]), classes, "columns")
    return choose_by(score, noise, classes)


def _of_the_second(models: Sequence[Model]) -> Columns | None:
    """The probability of the second class that each model gives, if all do."""
    parts = [model.probability.pick([1]) for model in models if model.probability is not None]
    return joined(parts) if len(parts) == len(models) else None


def _shares(x: Columns, of_nothing: str | None) -> Columns:
    """Each column divided by the sum of all, and `of_nothing` where that is 0; null without it."""
    from skc.ops.internal import expr

    total = mapped(x, np.ones((len(x.types), 1)))
    share = "part / total" if of_nothing is None else f"coalesce(part / total, {of_nothing})"
    params = expr.Params(expression=share, names=("part", "total"))
    return joined([x.pick([k]).beside(total).apply(expr.OP, params) for k in range(len(x.types))])


def _one_vs_one(meta: Any, x: Columns) -> Model:
    if meta.pairwise_indices_ is not None:
        hint = "use a kernel that has a name"
        raise refuse("SKC151", "classifiers of a precomputed kernel do not compile", hint=hint)
    scores = []
    for one in meta.estimators_:
        if not hasattr(one, "decision_function"):
            hint = "use OneVsRestClassifier, or one with `decision_function` within it"
            message = f"OneVsOneClassifier of {type(one).__name__}, which has no `decision_function`, does not compile"
            raise refuse("SKC151", message, hint=hint)
        scores.append(_binary_score(one, x.predict(one)))
    noise, classes = _noise([noise for _, noise in scores]), meta.classes_
    decision, errors, votes = one_vs_one_scores(joined([score for score, _ in scores]), noise, classes)
    if len(classes) == 2:
        return Model(choose(votes, classes, "none"), None, decision.pick([1]), class_names(classes))
    return Model(choose_by(decision, errors, classes), None, decision, class_names(classes), errors)


def _output_code(meta: Any, x: Columns) -> Model:
    """The class whose code is nearest to the scores y: the one with the highest 2 y·c - c·c."""
    kept = [k for k, one in enumerate(meta.estimators_) if not _is_constant(one)]  # which moves every class as far
    scores = [_binary_score(meta.estimators_[k], x.predict(meta.estimators_[k])) for k in kept]
    codes, noise = np.asarray(meta.code_book_)[:, kept], _noise([noise for _, noise in scores])
    y = joined([score for score, _ in scores])
    if noise is None:
        return Model(choose(mapped(y, 2 * codes.T, intercept=-(codes * codes).sum(axis=1)), meta.classes_, "relative"))
    both = mapped(y, 2 * codes.T, noise=True, intercept=-(codes * codes).sum(axis=1))
    moved, count = mapped(noise, 2 * np.abs(codes.T)), len(codes)
    errors = mapped(both.pick(range(count, 2 * count)).beside(moved), np.vstack([np.eye(count)] * 2))
    return Model(choose(both.pick(range(count)).beside(errors), meta.classes_, "columns"))


SKLEARN: Mapping[str, Claim] = {
    "sklearn.multiclass.OneVsRestClassifier": Claim(None, (), ("estimator", "n_jobs", "verbose"), _one_vs_rest),
    "sklearn.multiclass.OneVsOneClassifier": Claim(None, (), ("estimator", "n_jobs"), _one_vs_one),
    "sklearn.multiclass.OutputCodeClassifier": Claim(
        None, (), ("estimator", "code_size", "random_state", "n_jobs"), _output_code
    ),
}
