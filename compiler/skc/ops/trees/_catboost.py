"""The trees of CatBoost on numbers, as its own JSON of a model has them: float32 borders, float64 leaves.

A number is rounded to float32 and goes right where it is greater than the border. A tree that is symmetric has one
split for each level, and its bits, the first split's lowest, are the number of the leaf. The leaves are added from the
first tree to the last, and the bias after them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._steps import choose, class_names, exponential, probabilities
from skc.ops.numeric import standard_scale
from skc.ops.trees._nodes import Tree, last_going_left, summed
from skc.translation import Claim, Columns, Model

IDENTITY = ("RMSE", "MAE", "Quantile", "MultiQuantile", "MAPE", "Huber", "LogCosh", "Expectile", "Lq", "MultiRMSE")
EXPONENTIAL = ("Poisson", "Tweedie")


def _dump(model: Any) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        model.save_model(str(path), format="json")
        return json.loads(path.read_text())


def _raw(model: Any, x: Columns) -> tuple[Columns, str]:
    """The raw values, and the loss that the model was fitted with."""
    dump = _dump(model)
    others = sorted(key for key, infos in dump["features_info"].items() if key != "float_features" and infos)
    if others or "ctr_data" in dump:
        message = f"the model has {' and '.join(others) or 'statistics of categories'}"
        raise refuse("SKC151", message, hint="encode categories and texts in an earlier step, and fit on numbers")
    scale, bias = dump["scale_and_bias"]
    if scale != 1:
        raise refuse("SKC151", f"the sum of the trees is scaled by {scale}", hint="compile the model as it was fitted")
    trees, outputs = list(_trees(dump, len(bias))), len(bias)
    raw = summed(x.numbers(), trees, [0.0] * outputs)
    if any(bias):
        state = standard_scale.State(tuple(-float(b) for b in bias), (1.0,) * outputs)  # minus minus the bias
        raw = raw.apply(standard_scale.OP, standard_scale.Params(), state, is_finite=True)
    return raw, dump["model_info"]["params"]["loss_function"]["type"]


def _trees(dump: Any, outputs: int) -> Iterator[Tree]:
    features = dump["features_info"]["float_features"]
    column = {f["feature_index"]: f["flat_feature_index"] for f in features}
    null_right = {f["feature_index"]: f["nan_value_treatment"] == "AsTrue" for f in features}
    for tree in dump.get("oblivious_trees") or dump["trees"]:
        root = _symmetric(tree, outputs) if "leaf_values" in tree else tree
        nodes = _nodes(root)
        is_leaf = ["split" not in node for node in nodes]
        splits = [node.get("split", {"float_feature_index": 0, "border": 0.0}) for node in nodes]
        place = {id(node): i for i, node in enumerate(nodes)}
        values = [np.atleast_1d(node.get("value", [0.0] * outputs)) for node in nodes]
        yield Tree(
            np.array(is_leaf),
            np.array([column[s["float_feature_index"]] if column else 0 for s in splits], dtype=np.int64),
            last_going_left(np.array([s["border"] for s in splits], dtype=np.float64)),
            np.array([not null_right.get(s["float_feature_index"], False) for s in splits]),
            np.array([place.get(id(node.get("left")), 0) for node in nodes]),
            np.array([place.get(id(node.get("right")), 0) for node in nodes]),
            np.array(values, dtype=np.float64),
        )


def _nodes(root: Any) -> list[Any]:
    """The nodes of a tree, each after its parent."""
    nodes, at = [], [root]
    while at:
        nodes += at
        at = [node[side] for node in at if "split" in node for side in ("left", "right")]
    return nodes


def _symmetric(tree: Any, outputs: int) -> Any:
    """A symmetric tree as one of nodes."""
    level: list[Any] = [{"value": v} for v in np.array(tree["leaf_values"], dtype=np.float64).reshape(-1, outputs)]
    for split in tree["splits"] or ():  # the first one decides the lowest bit
        level = [{"split": split, "left": level[i], "right": level[i + 1]} for i in range(0, len(level), 2)]
    return level[0]


def _regressor(model: Any, x: Columns) -> Model:
    raw, loss = _raw(model, x)
    if loss in EXPONENTIAL:
        return Model(exponential(raw))
    if loss not in IDENTITY:
        raise _unknown(loss)
    return Model(raw)


def _classifier(model: Any, x: Columns) -> Model:
    """The class is that of the highest raw value, or of a single one by its sign."""
    raw, loss = _raw(model, x)
    if loss not in ("Logloss", "CrossEntropy", "MultiClass"):
        raise _unknown(loss)
    threshold = model.get_probability_threshold() if loss != "MultiClass" else 0.5
    if threshold != 0.5:
        hint = "compile it with the threshold 0.5, and compare the probability with another one outside the artifact"
        raise refuse("SKC151", f"the class is chosen at the probability {threshold:.4g}", hint=hint)
    classes = np.asarray(model.classes_)
    probability = probabilities(raw, classes, "softmax" if loss == "MultiClass" else "sigmoid", "none")
    return Model(choose(raw, classes, "none"), probability, classes=class_names(classes))


def _unknown(loss: str) -> Exception:
    known = ", ".join((*IDENTITY, *EXPONENTIAL, "Logloss, CrossEntropy, MultiClass"))
    return refuse("SKC151", f"the loss `{loss}` of CatBoost does not compile", hint=f"fit with one of {known}")


_READ = "loss_function objective nan_mode cat_features text_features embedding_features grow_policy boost_from_average"
_FITTING = """
    iterations learning_rate depth l2_leaf_reg model_size_reg rsm border_count feature_border_type
    per_float_feature_quantization input_borders output_borders fold_permutation_block od_pval od_wait od_type
    counter_calc_method leaf_estimation_iterations leaf_estimation_method thread_count random_seed use_best_model
    best_model_min_trees verbose silent logging_level metric_period ctr_leaf_count_limit store_all_simple_ctr
    max_ctr_complexity has_time allow_const_label classes_count class_weights auto_class_weights class_names
    one_hot_max_size random_strength random_score_type name ignored_features train_dir custom_loss custom_metric
    eval_metric bagging_temperature save_snapshot snapshot_file snapshot_interval fold_len_multiplier used_ram_limit
    gpu_ram_part pinned_memory_size allow_writing_files final_ctr_computation_mode approx_on_full_history boosting_type
    simple_ctr combinations_ctr per_feature_ctr ctr_description ctr_target_border_count task_type device_config devices
    bootstrap_type subsample mvs_reg sampling_unit sampling_frequency dev_score_calc_obj_block_size dev_efb_max_buckets
    sparse_features_conflict_fraction max_depth n_estimators num_boost_round num_trees colsample_bylevel random_state
    reg_lambda eta max_bin scale_pos_weight gpu_cat_features_storage data_partition metadata early_stopping_rounds
    min_data_in_leaf min_child_samples max_leaves num_leaves score_function leaf_estimation_backtracking
    ctr_history_unit monotone_constraints feature_weights penalties_coefficient first_feature_use_penalties
    per_object_feature_penalties model_shrink_rate model_shrink_mode langevin diffusion_temperature posterior_sampling
    callback eval_fraction fixed_binary_splits
"""
CLAIMS: Mapping[str, Claim] = {
    "catboost.core.CatBoostRegressor": Claim(None, tuple(_READ.split()), tuple(_FITTING.split()), _regressor),
    "catboost.core.CatBoostClassifier": Claim(None, tuple(_READ.split()), tuple(_FITTING.split()), _classifier),
}
