"""The trees of scikit-learn's histogram gradient boosting, whose splits compare float64 or choose categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.ops.categorical import category_subsets, ordinal
from skc.ops.trees._nodes import Subset, Tree, summed
from skc.translation import Columns
from skc_runtime.kinds import Array

ENCODER = "sklearn.preprocessing.OrdinalEncoder"


def raw_predictions(model: Any, x: Columns) -> Columns:
    """The sums of the trees, from the first to the last, for columns that are not checked: infinities are numbers."""
    numbers, codes = _columns(model, x)
    predictors = [predictor for iteration in model._predictors for predictor in iteration]
    subsets = list(dict.fromkeys(subset for p in predictors for subset in _subsets(p).values()))
    if subsets:
        numbers = numbers.beside(_indicators(model, codes, subsets))
    place = {subset: len(x.types) - len(codes.types) + i for i, subset in enumerate(_in_order(subsets))}
    trees = [_tree(predictor, len(codes.types), place) for predictor in predictors]
    return summed(numbers, trees, model._baseline_prediction.ravel().tolist())


def _columns(model: Any, x: Columns) -> tuple[Columns, Columns]:
    """The columns that are numbers, and the codes of those that are categories, which the trees count first."""
    preprocessor = model._preprocessor
    if preprocessor is None:
        return x.numbers(), x.pick(())
    positions = preprocessor._transformer_to_input_indices
    encoder = preprocessor.named_transformers_["encoder"]
    read = ordinal.OP.sklearn[ENCODER].read
    assert read is not None
    return x.pick(positions["numerical"]).numbers(), read(encoder, x.pick(positions["encoder"]))


def _subsets(predictor: Any) -> dict[int, Subset]:
    """By node, the categories that go left."""
    nodes = predictor.nodes
    subset_by_node = {}
    for i in np.flatnonzero((nodes["is_leaf"] == 0) & (nodes["is_categorical"] != 0)).tolist():
        bits = predictor.raw_left_cat_bitsets[nodes["bitset_idx"][i]]
        codes = np.flatnonzero(np.unpackbits(bits.astype("<u4").view(np.uint8), bitorder="little"))
        subset_by_node[i] = (int(nodes["feature_idx"][i]), tuple(codes.tolist()))
    return subset_by_node


def _in_order(subsets: list[Subset]) -> list[Subset]:
    """By column, as a step over all columns gives them."""
    return sorted(subsets, key=lambda subset: subset[0])


def _indicators(model: Any, codes: Columns, subsets: list[Subset]) -> Columns:
    known = [len(categories) for categories in model._preprocessor.named_transformers_["encoder"].categories_]
    used = [k for k in range(len(known)) if any(column == k for column, _ in subsets)]
    state = category_subsets.State(
        tuple(tuple(range(known[k])) for k in used),
        tuple(tuple(codes_left for column, codes_left in subsets if column == k) for k in used),
    )
    return codes.pick(used).apply(category_subsets.OP, category_subsets.Params(), state, is_finite=True)


def _tree(predictor: Any, categorical: int, place: Mapping[Subset, int]) -> Tree:
    nodes = predictor.nodes
    feature: Array = nodes["feature_idx"].astype(np.int64) - categorical
    threshold: Array = nodes["num_threshold"].copy()
    for i, subset in _subsets(predictor).items():
        feature[i], threshold[i] = place[subset], 0.5
    return Tree(
        nodes["is_leaf"] != 0,
        np.maximum(feature, 0),
        threshold,
        nodes["missing_go_to_left"] != 0,
        nodes["left"].astype(np.int64),
        nodes["right"].astype(np.int64),
        nodes["value"].reshape(-1, 1),
    )
