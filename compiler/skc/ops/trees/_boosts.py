"""AdaBoost, bagging and the isolation forest of scikit-learn: of trees one sum, and of others what each predicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.categorical import ordinal
from skc.ops.internal import expr
from skc.ops.linear._steps import choose, class_names, joined, labels_of, mapped, probabilities
from skc.ops.numeric import binarize, standard_scale
from skc.ops.trees._models import checked
from skc.ops.trees._nodes import choice, from_float32, summed
from skc.translation import Claim, Columns, Model
from skc_runtime.kinds import Array

TREES = ("DecisionTreeClassifier", "DecisionTreeRegressor", "ExtraTreeClassifier", "ExtraTreeRegressor")


def _are_trees(estimators: Sequence[Any]) -> bool:
    return all(type(one).__module__.startswith("sklearn.tree.") and type(one).__name__ in TREES for one in estimators)


def _divided(x: Columns, divisor: float) -> Columns:
    params, count = standard_scale.Params(with_mean=False), len(x.types)
    state = standard_scale.State((0.0,) * count, (float(divisor),) * count)
    return x.apply(standard_scale.OP, params, state, is_finite=True)


def _above(x: Columns, threshold: float, classes: Any) -> Columns:
    """The second class where an exact column is above a threshold."""
    above = x.apply(binarize.OP, binarize.Params(threshold=threshold), is_finite=True)
    return choose(above, classes, "none")


def _boosted_classifier(boosting: Any, x: Columns) -> Model:
    """A vote adds its weight w to a class, and -w / (number of classes - 1) to the others."""
    if getattr(boosting, "algorithm", "SAMME") == "SAMME.R":
        hint = "fit it with `algorithm='SAMME'`"
        raise refuse("SKC151", "`algorithm='SAMME.R'` of AdaBoostClassifier does not compile", hint=hint)
    classes, count, estimators = boosting.classes_, len(boosting.classes_), boosting.estimators_
    if count < 2:
        hint = "train on rows of two classes at least"
        raise refuse("SKC151", "the model knows a single class, so it predicts nothing else", hint=hint)
    weights = boosting.estimator_weights_[: len(estimators)]
    added = np.stack([np.where(np.eye(count, dtype=bool), w, -1 / (count - 1) * w) for w in weights])
    if count == 2:
        added = added[:, :, 1:]  # that of the first is the opposite
    if _are_trees(estimators):
        trees = [from_float32(t.tree_, added[i][_chosen(t, classes)]) for i, t in enumerate(estimators)]
        total = summed(checked(estimators[0], x), trees, [0.0] * added.shape[2])
    else:
        votes = joined([_position(x.predict(one).prediction, classes) for one in estimators])
        total = summed(votes, [choice(k, one) for k, one in enumerate(added)], [0.0] * added.shape[2])
    whole = float(boosting.estimator_weights_.sum())
    if count == 2:
        decision = _divided(total, whole / 2)
        probability = probabilities(decision, classes, "sigmoid", "none")
        return Model(_above(total, 0.0, classes), probability, decision, class_names(classes))
    decision = _divided(total, whole)
    probability = probabilities(_divided(decision, count - 1.0), classes, "softmax", "none")
    return Model(choose(decision, classes, "none"), probability, decision, class_names(classes))


def _position(labels: Columns, classes: Any) -> Columns:
    """The position of a label among the classes, as a number."""
    params, state = ordinal.Params(), ordinal.State((labels_of(classes)[1],), ((),))
    return labels.apply(ordinal.OP, params, state).numbers()


def _chosen(tree: Any, classes: Any) -> Array:
    """int [nodes]: the position among the classes of what each leaf of a tree predicts."""
    own = tree.classes_[np.argmax(tree.tree_.value[:, 0, : tree.n_classes_], axis=1)]
    return np.asarray(np.searchsorted(classes, own))


def _boosted_regressor(boosting: Any, x: Columns) -> Model:
    from skc.ops.trees import weighted_median  # the file of an op imports the claims on it

    estimators = boosting.estimators_
    if _are_trees(estimators):  # one output per tree
        trees = [from_float32(t.tree_, t.tree_.value[:, 0]) for t in estimators]
        predictions = summed(checked(estimators[0], x), trees, [0.0] * len(estimators))
    else:
        predictions = joined([x.predict(one).prediction for one in estimators])
    state = weighted_median.State(tuple(boosting.estimator_weights_[: len(estimators)].tolist()))
    return Model(predictions.apply(weighted_median.OP, weighted_median.Params(), state, is_finite=True))


def _used(bagging: Any) -> Array:
    """The columns that any of the estimators reads: scikit-learn checks no others."""
    return np.unique(np.concatenate(bagging.estimators_features_))


def _bagged_trees(bagging: Any, x: Columns, values: Sequence[Array]) -> Columns:
    """The mean of trees, each of which was fitted on some of the columns."""
    used = _used(bagging)
    trees = [
        from_float32(tree.tree_, value, np.searchsorted(used, features))
        for tree, value, features in zip(bagging.estimators_, values, bagging.estimators_features_, strict=True)
    ]
    x = checked(bagging.estimators_[0], x.pick(used.tolist()))
    return summed(x, trees, [0.0] * np.shape(values[0])[1], average=True)


def _bagged(bagging: Any, x: Columns) -> list[Model]:
    pairs = zip(bagging.estimators_, bagging.estimators_features_, strict=True)
    return [x.pick(np.asarray(features).tolist()).predict(one) for one, features in pairs]


def _mean(parts: Sequence[Columns], places: Sequence[Array], width: int) -> Columns:
    """The mean of tables of which column j is `places[i][j]` of the result, and every other 0."""
    matrix = np.vstack([np.eye(width)[np.asarray(place, dtype=np.int64)] for place in places])
    return mapped(joined(parts), matrix, divisor=np.full(width, float(len(parts))))


def _bagged_regressor(bagging: Any, x: Columns) -> Model:
    if _are_trees(bagging.estimators_):
        return Model(_bagged_trees(bagging, x, [tree.tree_.value[:, :, 0] for tree in bagging.estimators_]))
    parts = [model.prediction for model in _bagged(bagging, x)]
    width = len(parts[0].types)
    return Model(_mean(parts, [np.arange(width)] * len(parts), width))


def _bagged_classifier(bagging: Any, x: Columns) -> Model:
    """Of estimators without probabilities, votes."""
    classes, count, estimators = bagging.classes_, len(bagging.classes_), bagging.estimators_
    if _are_trees(estimators):
        values = []
        for tree in estimators:
            value = np.zeros((tree.tree_.node_count, count))
            value[:, tree.classes_] = tree.tree_.value[:, 0, : tree.n_classes_]
            values.append(value)
        probability = _bagged_trees(bagging, x, values)
        return Model(choose(probability, classes, "none"), probability, classes=class_names(classes))
    models = _bagged(bagging, x)
    decision = _mean_decision(bagging, models)
    if not hasattr(estimators[0], "predict_proba"):
        votes = joined([model.prediction for model in models]).numbers()
        trees = [choice(k, np.eye(count)) for k in range(len(models))]
        probability = summed(votes, trees, [0.0] * count, average=True)
        return Model(choose(probability, classes, "none"), probability, decision, class_names(classes))
    parts = [model.probability for model in models if model.probability is not None]
    if len(parts) < len(models):
        hint = "use another estimator within it"
        message = f"`predict_proba` of {type(estimators[0]).__name__} does not compile"
        raise refuse("SKC151", message, hint=hint)
    probability = _mean(parts, [one.classes_ for one in estimators], count)
    return Model(choose(probability, classes, "relative"), probability, decision, class_names(classes))


def _mean_decision(bagging: Any, models: Sequence[Model]) -> Columns | None:
    parts = [model.decision for model in models if model.decision is not None]
    if len(parts) < len(models) or len({len(part.types) for part in parts}) > 1:
        return None
    width = len(parts[0].types)
    return _mean(parts, [np.arange(width)] * len(parts), width)


def _isolation_forest(forest: Any, x: Columns) -> Model:
    """The decision is -2^(-depth / whole) - offset; a row is an outlier where it is below 0.

    Why not by its sign: with `contamination`, the offset is the score of a training row. The sum of the depths is
    exact, so it is compared with the greatest one that scikit-learn's own arithmetic calls an outlier.
    """
    subsampled = forest._max_features != forest.n_features_in_
    depths = zip(forest._decision_path_lengths, forest._average_path_length_per_tree, strict=True)
    values = [path + rest - 1.0 for path, rest in depths]
    trees = [
        from_float32(tree.tree_, value, np.asarray(features) if subsampled else None)
        for tree, value, features in zip(forest.estimators_, values, forest.estimators_features_, strict=True)
    ]
    whole = len(trees) * _average_path(int(forest._max_samples))
    if whole == 0:
        hint = "fit it with more rows"
        raise refuse("SKC151", "an isolation forest of single rows gives the same score to all", hint=hint)
    x = x.numbers() if _allows_nan(forest) else x.floats(null="error", largest="float32")
    depth = summed(x, trees, [0.0])
    offset = float(forest.offset_)
    text = f"-exp(depth * {-float(np.log(2)) / whole!r}) - ({offset!r})"
    decision = depth.apply(expr.OP, expr.Params(expression=text, names=("depth",)))
    last = _last_outlier(whole, offset)
    return Model(_above(depth, last, np.array([-1, 1])), decision=decision)


def _average_path(rows: int) -> float:
    """scikit-learn's `_average_path_length`: of an unsuccessful search in a binary search tree of so many rows."""
    if rows <= 2:
        return float(max(rows - 1, 0))
    return float(2.0 * (np.log(rows - 1.0) + np.euler_gamma) - 2.0 * (rows - 1.0) / rows)


def _last_outlier(whole: float, offset: float) -> float:
    """The greatest sum of depths whose decision is below 0, by bisection over the float64 numbers from 0 on."""
    low, high = -1, int(np.float64(4096 * whole).view(np.int64))
    while high - low > 1:
        middle = (low + high) // 2
        depth = np.array([middle], dtype=np.int64).view(np.float64)
        is_outlier = -(2 ** (-np.divide(depth, whole))) - offset < 0
        low, high = (middle, high) if is_outlier.all() else (low, middle)
    return float(np.array([low], dtype=np.int64).view(np.float64)[0]) if low >= 0 else -1.0


def _allows_nan(forest: Any) -> bool:
    """Since scikit-learn 1.6, as its tags say."""
    tags = getattr(forest, "__sklearn_tags__", None)
    return bool(tags().input_tags.allow_nan) if tags is not None else False


_BAG = """
    estimator n_estimators max_samples max_features bootstrap bootstrap_features oob_score warm_start n_jobs
    random_state verbose
"""
_BOOST = ("estimator", "learning_rate", "n_estimators", "random_state")
_ISOLATION = "bootstrap contamination max_features max_samples n_estimators n_jobs random_state verbose warm_start"
SKLEARN: Mapping[str, Claim] = {
    "sklearn.ensemble.AdaBoostClassifier": Claim(None, ("algorithm",), _BOOST, _boosted_classifier),
    "sklearn.ensemble.AdaBoostRegressor": Claim(None, (), (*_BOOST, "loss"), _boosted_regressor),
    "sklearn.ensemble.BaggingClassifier": Claim(None, (), tuple(_BAG.split()), _bagged_classifier),
    "sklearn.ensemble.BaggingRegressor": Claim(None, (), tuple(_BAG.split()), _bagged_regressor),
    "sklearn.ensemble.IsolationForest": Claim(None, (), tuple(_ISOLATION.split()), _isolation_forest),
}
