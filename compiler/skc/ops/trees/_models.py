"""Decision trees and forests of scikit-learn, each with the additions in its own order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from skc.ops.categorical import one_hot
from skc.ops.linear._steps import choose, class_names, targets
from skc.ops.trees._nodes import from_float32, summed
from skc.translation import Claim, Columns, Model, Nulls


def checked(tree: Any, x: Columns) -> Columns:
    """What the input check of a tree lets pass: float32, and NaN if its criterion can place it."""
    null: Nulls = "keep" if tree._support_missing_values(np.zeros((1, 1))) else "error"
    return x.floats(null=null, largest="float32")


def _tree_regressor(tree: Any, x: Columns) -> Model:
    fitted = tree.tree_
    return Model(summed(checked(tree, x), [from_float32(fitted, fitted.value)], [0.0] * tree.n_outputs_))


def _forest_regressor(forest: Any, x: Columns) -> Model:
    trees = [from_float32(tree.tree_, tree.tree_.value) for tree in forest.estimators_]
    base = [0.0] * forest.n_outputs_
    return Model(summed(checked(forest.estimators_[0], x), trees, base, average=True))


def _classified(classifier: Any, probability: Columns) -> Model:
    """A classifier whose class is the one with the highest probability, the first of equals."""
    classes = classifier.classes_
    return Model(choose(probability, classes, "none"), probability, classes=class_names(classes))


def _of_several_targets(classifier: Any, x: Columns, trees: Sequence[Any]) -> Model:
    """For each target the class with the highest probability."""
    x, predictions = checked(trees[0], x), []
    for k, classes in enumerate(classifier.classes_):
        values = [from_float32(tree.tree_, tree.tree_.value[:, k, : len(classes)]) for tree in trees]
        probability = summed(x, values, [0.0] * len(classes), average=len(trees) > 1)
        predictions.append(choose(probability, classes, "none"))
    return Model(targets(predictions))


def _tree_classifier(tree: Any, x: Columns) -> Model:
    if tree.n_outputs_ > 1:
        return _of_several_targets(tree, x, [tree])
    fitted = tree.tree_
    added = [from_float32(fitted, fitted.value[:, 0, : tree.n_classes_])]
    return _classified(tree, summed(checked(tree, x), added, [0.0] * tree.n_classes_))


def _forest_classifier(forest: Any, x: Columns) -> Model:
    if forest.n_outputs_ > 1:
        return _of_several_targets(forest, x, forest.estimators_)
    trees = [from_float32(tree.tree_, tree.tree_.value[:, 0, : forest.n_classes_]) for tree in forest.estimators_]
    x = checked(forest.estimators_[0], x)
    return _classified(forest, summed(x, trees, [0.0] * forest.n_classes_, average=True))


def _embedded(embedding: Any, x: Columns) -> Columns:
    """Each tree gives the rank of the leaf that a row reaches, and that is one-hot."""
    trees, known = [], []
    for tree, reached in zip(embedding.estimators_, embedding.one_hot_encoder_.categories_, strict=True):
        ranks = np.cumsum(tree.tree_.children_left == -1) - 1.0
        trees.append(from_float32(tree.tree_, ranks))
        known.append(tuple(ranks[reached.astype(np.int64)].tolist()))
    ranked = summed(checked(embedding.estimators_[0], x), trees, [0.0] * len(trees))
    nothing = ((),) * len(trees)
    state = one_hot.State(tuple(known), nothing, (None,) * len(trees), (None,) * len(trees))
    return ranked.apply(one_hot.OP, one_hot.Params(), state, is_finite=True)


_TREE = """
    criterion splitter max_depth min_samples_split min_samples_leaf min_weight_fraction_leaf max_features random_state
    max_leaf_nodes min_impurity_decrease ccp_alpha monotonic_cst
"""
_FOREST = f"""
    {_TREE} n_estimators bootstrap oob_score n_jobs verbose warm_start max_samples
"""


def _claim(predict: Callable[[Any, Columns], Model], parameters: str, ignored: str) -> Claim:
    return Claim(None, tuple(parameters.split()), tuple(ignored.split()), predict)


SKLEARN: Mapping[str, Claim] = {
    "sklearn.ensemble.RandomTreesEmbedding": Claim(
        _embedded,
        (),
        (
            *("n_estimators", "max_depth", "min_samples_split", "min_samples_leaf", "min_weight_fraction_leaf"),
            *("max_leaf_nodes", "min_impurity_decrease", "sparse_output", "n_jobs", "random_state", "verbose"),
            "warm_start",
        ),
    ),
    "sklearn.tree.DecisionTreeClassifier": _claim(_tree_classifier, "", f"{_TREE} class_weight"),
    "sklearn.tree.ExtraTreeClassifier": _claim(_tree_classifier, "", f"{_TREE} class_weight"),
    "sklearn.ensemble.RandomForestClassifier": _claim(_forest_classifier, "", f"{_FOREST} class_weight"),
    "sklearn.ensemble.ExtraTreesClassifier": _claim(_forest_classifier, "", f"{_FOREST} class_weight"),
    "sklearn.tree.DecisionTreeRegressor": _claim(_tree_regressor, "", _TREE),
    "sklearn.tree.ExtraTreeRegressor": _claim(_tree_regressor, "", _TREE),
    "sklearn.ensemble.RandomForestRegressor": _claim(_forest_regressor, "", _FOREST),
    "sklearn.ensemble.ExtraTreesRegressor": _claim(_forest_regressor, "", _FOREST),
}
