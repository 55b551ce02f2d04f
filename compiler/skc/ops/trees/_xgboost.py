"""The trees of XGBoost, as its own JSON of a model has them: float32 numbers, thresholds and sums.

A number is rounded to float32 and goes left where it is less than the threshold. The margin is the base score of each
output, to which the leaves are added in float32, from the first tree to the last.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._steps import choose, class_names, computed, exponential, probabilities
from skc.ops.trees._nodes import Tree, last_below, last_going_left, summed
from skc.translation import Claim, Columns, Model

LARGEST_EXP = 88.0  # exp of a greater margin is infinite in float32
EQUAL = 1e-6  # margins that differ by less may have equal probabilities in float32
IDENTITY = ("reg:squarederror", "reg:absoluteerror", "reg:pseudohubererror", "reg:quantileerror")
EXPONENTIAL = ("count:poisson", "reg:gamma", "reg:tweedie")
ROOT = 2**31 - 1  # the parent of a root


def _margins(model: Any, x: Columns) -> tuple[Columns, str, float]:
    """The margins, the objective, and the largest margin that the trees can give."""
    booster = model.get_booster()
    best = booster.attr("best_iteration")
    document = json.loads((booster if best is None else booster[: int(best) + 1]).save_raw("json"))
    learner = document["learner"]
    _check(model, learner)
    trees = [_tree(tree) for tree in _by_turns(learner)]
    base = _base(booster, document)
    columns = _missing(model.missing, x.numbers())
    reach = max(base) + sum(max(0.0, float(tree.values[tree.is_leaf].max())) for tree in trees)
    return summed(columns, trees, base, sums="float32"), learner["objective"]["name"], reach


def _check(model: Any, learner: Any) -> None:
    """Refuse what is not an ensemble of trees of numbers."""
    booster, hint = learner["gradient_booster"], "fit it on numbers, with `booster='gbtree'`"
    if booster["name"] != "gbtree":
        raise refuse("SKC151", f"the booster `{booster['name']}` of XGBoost does not compile", hint=hint)
    trees = booster["model"]["trees"]
    if "c" in learner["feature_types"] or any(any(tree["split_type"]) for tree in trees):
        raise refuse("SKC151", "splits of categories of XGBoost do not compile", hint=hint)
    if any(int(tree["tree_param"]["size_leaf_vector"]) > 1 for tree in trees):
        raise refuse("SKC151", "a tree has several outputs", hint="fit with `multi_strategy='one_output_per_tree'`")
    if callable(model.objective):
        raise refuse("SKC151", "`objective` is a function, whose link is not known", hint="name an objective")


def _by_turns(learner: Any) -> list[Any]:
    """The trees in rounds of one for each output; several of a round (`num_parallel_tree`) become several rounds."""
    model = learner["gradient_booster"]["model"]
    groups: list[list[Any]] = [[] for _ in range(_outputs(learner))]
    for tree, output in zip(model["trees"], model["tree_info"], strict=True):
        groups[output].append(tree)
    return [tree for trees in zip(*groups, strict=True) for tree in trees]


def _outputs(learner: Any) -> int:
    params = learner["learner_model_param"]
    return max(int(params["num_class"]), int(params["num_target"]), 1)


def _tree(tree: Any) -> Tree:
    left, condition = np.array(tree["left_children"]), np.array(tree["split_conditions"], dtype=np.float32)
    order = _parents_first(left, np.array(tree["right_children"]))
    place = np.zeros(len(left), dtype=np.int64)
    place[order] = np.arange(len(order))
    left, right = place[left[order]], place[np.array(tree["right_children"])[order]]
    is_leaf = np.array(tree["left_children"])[order] == -1
    return Tree(
        is_leaf,
        np.where(is_leaf, 0, np.array(tree["split_indices"])[order]),
        last_below(condition[order]),
        np.array(tree["default_left"])[order] != 0,
        left,
        right,
        condition[order].astype(np.float64)[:, None],
    )


def _parents_first(left: Any, right: Any) -> Any:
    """The nodes that the root leads to, each after its parent; pruning leaves others behind."""
    order, at = [], [0]
    while at:
        order += at
        at = [int(child) for node in at for child in (left[node], right[node]) if child >= 0]
    return np.array(order, dtype=np.int64)


def _base(booster: Any, document: Any) -> list[float]:
    """The margin of each output before any tree: what XGBoost itself gives for trees of a single leaf of 0.

    Why not from `base_score`: its link is computed in float32, and what it stands for differs between versions.
    """
    outputs, model = _outputs(document["learner"]), document["learner"]["gradient_booster"]["model"]
    leaf = {key: [] if isinstance(value, list) else value for key, value in model["trees"][0].items()}
    for key in ("base_weights", "split_conditions", "loss_changes", "sum_hessian"):
        leaf[key] = [0.0]
    leaf |= {"left_children": [-1], "right_children": [-1], "parents": [ROOT]}
    leaf |= {"split_indices": [0], "split_type": [0], "default_left": [0]}
    leaf["tree_param"] = {**leaf["tree_param"], "num_nodes": "1", "num_deleted": "0"}
    empty = {
        **model,
        "trees": [{**leaf, "id": i} for i in range(outputs)],
        "tree_info": list(range(outputs)),
        "gbtree_model_param": {**model["gbtree_model_param"], "num_trees": str(outputs), "num_parallel_tree": "1"},
        "iteration_indptr": [0, outputs],
    }
    learner = {**document["learner"], "gradient_booster": {"name": "gbtree", "model": empty}}
    other = type(booster)()
    other.load_model(bytearray(json.dumps({**document, "learner": learner}).encode()))
    row = np.zeros((1, int(learner["learner_model_param"]["num_feature"])))
    margins = other.inplace_predict(row, predict_type="margin", validate_features=False)
    return [float(margin) for margin in np.asarray(margins).ravel()]


def _missing(missing: Any, x: Columns) -> Columns:
    """A value that counts as missing, compared in float32, becomes null, as NaN is."""
    value = float("nan") if missing is None else float(missing)
    if math.isnan(value):
        return x
    if math.isinf(value):
        raise refuse("SKC151", f"`missing` is {value}", hint="mark missing values by NaN, or by a finite number")
    single = np.array([value], dtype=np.float32)
    low, high = last_below(single)[0], last_going_left(single.astype(np.float64))[0]
    return computed(x, f"null if y > {_literal(low)} and y <= {_literal(high)} else y")


def _literal(value: float) -> str:
    return repr(float(value)) if value >= 0 else f"({float(value)!r})"


def _regressor(model: Any, x: Columns) -> Model:
    margins, objective, reach = _margins(model, x)
    if objective == "reg:logistic":
        return Model(computed(margins, "1.0 / (1.0 + exp(-y))"))
    if objective in EXPONENTIAL:
        if reach > LARGEST_EXP:
            message = f"the trees may reach a margin of {reach:.4g}, and XGBoost gives an infinity above {LARGEST_EXP}"
            raise refuse("SKC151", message, hint="fit on a smaller target: divide it by a constant")
        return Model(exponential(margins))
    if objective not in IDENTITY:
        raise _unknown(objective)
    return Model(margins)


def _classifier(model: Any, x: Columns) -> Model:
    margins, objective, _ = _margins(model, x)
    classes, is_binary = np.asarray(model.classes_), objective == "binary:logistic"
    if (not is_binary and objective not in ("multi:softprob", "multi:softmax")) or (
        is_binary and len(margins.types) > 1
    ):
        raise _unknown(objective if not is_binary else "binary:logistic of several targets")
    probability = probabilities(margins, classes, "sigmoid" if is_binary else "softmax", "none")
    return Model(choose(margins, classes, "none", gap=EQUAL), probability, classes=class_names(classes))


def _unknown(objective: str) -> Exception:
    known = ", ".join((*IDENTITY, *EXPONENTIAL, "reg:logistic, binary:logistic, multi:softprob"))
    return refuse("SKC151", f"the objective `{objective}` of XGBoost does not compile", hint=f"fit with one of {known}")


_READ = "objective base_score booster enable_categorical feature_types missing multi_strategy num_parallel_tree"
_FITTING = """
    callbacks colsample_bylevel colsample_bynode colsample_bytree device early_stopping_rounds eval_metric
    feature_weights gamma grow_policy importance_type interaction_constraints learning_rate max_bin max_cat_threshold
    max_cat_to_onehot max_delta_step max_depth max_leaves min_child_weight monotone_constraints n_estimators n_jobs
    random_state reg_alpha reg_lambda sampling_method scale_pos_weight subsample tree_method validate_parameters
    verbosity eta lambda alpha nthread seed quantile_alpha huber_slope tweedie_variance_power num_class
    max_cached_hist_node
"""
CLAIMS: Mapping[str, Claim] = {
    "xgboost.sklearn.XGBRegressor": Claim(None, tuple(_READ.split()), tuple(_FITTING.split()), _regressor),
    "xgboost.sklearn.XGBClassifier": Claim(None, tuple(_READ.split()), tuple(_FITTING.split()), _classifier),
}
