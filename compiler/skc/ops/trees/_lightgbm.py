"""The trees of LightGBM, as its own text of a model has them: splits in float64, and splits of categories.

Why thresholds change: LightGBM reads a number x with |x| <= 1e-35 as 0, and compares that. The comparison is made one
of the number itself. Numbers in an array of integers are rounded to float32 first, as LightGBM does with such an array.

https://lightgbm.readthedocs.io/en/stable/Advanced-Topics.html says what is missing; `NumericalDecision` and
`CategoricalDecision` of its `tree.h` what a node does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.categorical import category_subsets, ordinal
from skc.ops.linear._steps import choose, class_names, computed, exponential, probabilities
from skc.ops.numeric import cast, standard_scale
from skc.ops.trees._nodes import Subset, Tree, last_going_left, summed
from skc.translation import Claim, Columns, Model
from skc_runtime.kinds import Array

ZERO = float(np.float32(1e-35))  # a number is read as 0 up to here
IS_CATEGORICAL, DEFAULT_LEFT, MISSING = 1, 2, 12  # bits of a decision
AS_ZERO, ZERO_MISSING = 0, 4  # kinds of missing value: NaN is 0, or 0 is NaN; otherwise NaN is NaN
EQUAL = 1e-15  # scores that differ by less may have equal probabilities
IDENTITY = ("regression", "regression_l1", "huber", "fair", "quantile", "mape")
EXPONENTIAL = ("poisson", "gamma", "tweedie")


@dataclass(frozen=True)
class Dump:
    """The text of a model: what stands before the trees, and each tree, by key."""

    header: Mapping[str, str]
    trees: tuple[Mapping[str, str], ...]
    pandas_categorical: list[list[Any]] | None

    @cached_property
    def objective(self) -> list[str]:
        """Its name, then its parameters, such as `sigmoid:1`."""
        return self.header.get("objective", "none").split()

    def numbers(self, tree: int, key: str, dtype: Any) -> Array:
        """An array of a tree; empty where it has none."""
        return np.array(self.trees[tree].get(key, "").split(), dtype=dtype)


def _dump(model: Any) -> Dump:
    booster = model.booster_
    before, _, rest = booster.model_to_string().partition("\nTree=")
    texts = rest.partition("\nend of trees")[0].split("\nTree=")
    return Dump(_entries(before), tuple(map(_entries, texts)), booster.pandas_categorical)


def _entries(text: str) -> dict[str, str]:
    return {key: value for key, is_entry, value in (line.partition("=") for line in text.splitlines()) if is_entry}


def _raw(model: Any, x: Columns) -> tuple[Columns, Dump]:
    """The raw scores, one per class if there are more than two, and the text that they were read from."""
    dump = _dump(model)
    if any(tree.get("is_linear", "0") != "0" for tree in dump.trees):
        raise refuse("SKC151", "`linear_tree` puts a linear model into each leaf", hint="fit it without `linear_tree`")
    outputs = int(dump.header["num_tree_per_iteration"])
    numbers, trees = _read(dump, x)
    raw = summed(numbers, trees, [0.0] * outputs)
    if "average_output" in model.booster_.model_to_string().partition("\nTree=")[0]:  # a random forest
        count = (float(len(trees) // outputs),) * outputs
        raw = raw.apply(standard_scale.OP, standard_scale.Params(), standard_scale.State((0.0,) * outputs, count))
    return raw, dump


def _read(dump: Dump, x: Columns) -> tuple[Columns, list[Tree]]:
    """The columns that the trees compare, and the trees."""
    features = [dump.numbers(i, "split_feature", np.int64) for i in range(len(dump.trees))]
    kinds = [dump.numbers(i, "decision_type", np.int64) for i in range(len(dump.trees))]
    every_feature, every_kind = np.concatenate(features), np.concatenate(kinds)
    is_categorical = every_kind & IS_CATEGORICAL != 0
    categorical = np.unique(every_feature[is_categorical]).tolist()
    zeros = {*every_feature[~is_categorical & (every_kind & MISSING == ZERO_MISSING)].tolist()}
    codes = _codes(dump, x, categorical)
    numeric = [k for k, t in enumerate(x.types) if k not in categorical and t.dtype != "string"]
    numbers = x.pick(numeric).numbers()
    present = [
        numbers.pick([i]) if k not in zeros else _zeros_missing(numbers.pick([i])) for i, k in enumerate(numeric)
    ]
    subsets = list(dict.fromkeys(s for i in range(len(dump.trees)) for s in _subsets(dump, i).values()))
    used = sorted({column for column, _ in subsets})
    place: dict[Any, int] = {k: i for i, k in enumerate(numeric)}
    for column in used:
        members = [s for s in subsets if s[0] == column]
        place |= {s: len(place) + i for i, s in enumerate(members)}
    rounds = x.is_raw and dump.pandas_categorical is None and all(t.dtype in ("int64", "bool") for t in x.types)
    columns = x.pick(()).beside(*present, *(_indicators(codes[c], [s[1] for s in subsets if s[0] == c]) for c in used))
    return columns, [_tree(dump, i, place, rounds=rounds) for i in range(len(dump.trees))]


def _zeros_missing(x: Columns) -> Columns:
    return computed(x, f"null if -{ZERO!r} <= y and y <= {ZERO!r} else y")


def _codes(dump: Dump, x: Columns, categorical: Sequence[int]) -> Mapping[int, Columns]:
    """By column, the codes of its categories: those of a table of pandas, or the numbers that it holds."""
    texts = [k for k, t in enumerate(x.types) if t.dtype == "string"]
    categories = dump.pandas_categorical or []
    if len(texts) != len(categories):
        message = f"{len(categories)} columns of categories were fitted, and {len(texts)} of the columns are text"
        raise refuse("SKC151", message, hint="fit on categories that are text, and give a sample with them")
    codes = {}
    for k in categorical:
        if k in texts:
            state = ordinal.State((tuple(categories[texts.index(k)]),), ((),))
            codes[k] = x.pick([k]).apply(ordinal.OP, ordinal.Params(unknown=None), state)
        elif x.types[k].dtype == "int64":
            codes[k] = x.pick([k])
        else:  # a number between -1 and 1 is category 0, an infinity none
            whole = cast.Params(to="int64", rounding="trunc", invalid="null")
            codes[k] = x.pick([k]).numbers().apply(cast.OP, whole)
    return codes


def _subsets(dump: Dump, tree: int) -> dict[int, Subset]:
    """By split, the categories that go left, as 32 bits to a word."""
    kinds, features = dump.numbers(tree, "decision_type", np.int64), dump.numbers(tree, "split_feature", np.int64)
    bounds, words = dump.numbers(tree, "cat_boundaries", np.int64), dump.numbers(tree, "cat_threshold", "<u4")
    at = dump.numbers(tree, "threshold", np.float64)
    subset_by_split = {}
    for i in np.flatnonzero(kinds & IS_CATEGORICAL).tolist():
        first, last = bounds[int(at[i])], bounds[int(at[i]) + 1]
        codes = np.flatnonzero(np.unpackbits(words[first:last].view(np.uint8), bitorder="little")).tolist()
        if codes and codes[-1] >= category_subsets.MOST_CODES:
            hint = f"number the categories from 0 on, below {category_subsets.MOST_CODES}"
            raise refuse("SKC151", f"a split has the category {codes[-1]}", hint=hint)
        subset_by_split[i] = int(features[i]), tuple(codes)
    return subset_by_split


def _indicators(codes: Columns, subsets: Sequence[tuple[int, ...]]) -> Columns:
    known = tuple(sorted({code for subset in subsets for code in subset}))
    state = category_subsets.State((known,), (tuple(subsets),))
    return codes.apply(category_subsets.OP, category_subsets.Params(), state, is_finite=True)


def _tree(dump: Dump, i: int, place: Mapping[Any, int], *, rounds: bool) -> Tree:
    """The splits first, then the leaves; a child of a split is another one, or ~n for leaf n."""
    kinds, at = dump.numbers(i, "decision_type", np.int64), dump.numbers(i, "threshold", np.float64)
    values, splits = dump.numbers(i, "leaf_value", np.float64), len(kinds)
    subsets = _subsets(dump, i)
    features = dump.numbers(i, "split_feature", np.int64).tolist()
    threshold = last_going_left(_of_the_number(at)) if rounds else _of_the_number(at)
    null_left = np.where(kinds & MISSING == AS_ZERO, at >= 0, kinds & DEFAULT_LEFT != 0)
    for split in subsets:
        threshold[split], null_left[split] = 0.5, False
    children = [dump.numbers(i, key, np.int64) for key in ("left_child", "right_child")]
    left, right = (np.where(child < 0, splits + ~child, child) for child in children)
    leaf = np.zeros(len(values), dtype=np.int64)
    return Tree(
        np.arange(splits + len(values)) >= splits,
        np.concatenate([np.array([place[subsets.get(n, k)] for n, k in enumerate(features)], dtype=np.int64), leaf]),
        np.concatenate([threshold, np.zeros(len(values))]),
        np.concatenate([null_left, leaf != 0]),
        np.concatenate([left, leaf]),
        np.concatenate([right, leaf]),
        np.concatenate([np.zeros(splits), values])[:, None],
    )


def _of_the_number(threshold: Array) -> Array:
    """The threshold of a number that is read as 0 where it is near it, as one of the number itself."""
    from_zero = np.where((threshold >= 0) & (threshold < ZERO), ZERO, threshold)
    return np.where((threshold >= -ZERO) & (threshold < 0), np.nextafter(-ZERO, -np.inf), from_zero)


def _regressor(model: Any, x: Columns) -> Model:
    raw, dump = _raw(model, x)
    name = dump.objective[0]
    if dump.objective[1:] == ["sqrt"] or name not in (*IDENTITY, *EXPONENTIAL, "cross_entropy"):
        raise _unknown(dump)
    if name == "cross_entropy":
        return Model(computed(raw, "1.0 / (1.0 + exp(-y))"))
    return Model(exponential(raw) if name in EXPONENTIAL else raw)


def _classifier(model: Any, x: Columns) -> Model:
    """The class is that of the highest probability."""
    raw, dump = _raw(model, x)
    classes, name = model.classes_, dump.objective[0]
    if name not in ("binary", "multiclass"):
        raise _unknown(dump)
    choice = choose(raw, classes, "none", gap=EQUAL)
    if name == "multiclass":
        return Model(choice, probabilities(raw, classes, "softmax", "none"), classes=class_names(classes))
    sigmoid = float(dict(part.split(":") for part in dump.objective[1:]).get("sigmoid", 1.0))
    link = raw if sigmoid == 1 else computed(raw, f"y * {sigmoid!r}")
    return Model(choice, probabilities(link, classes, "sigmoid", "none"), classes=class_names(classes))


def _unknown(dump: Dump) -> Exception:
    known = ", ".join((*IDENTITY, *EXPONENTIAL, "cross_entropy, binary, multiclass"))
    message = f"the objective `{' '.join(dump.objective)}` of LightGBM does not compile"
    return refuse("SKC151", message, hint=f"fit with one of {known}")


_READ = "objective linear_tree boosting_type boosting zero_as_missing use_missing categorical_feature sigmoid reg_sqrt"
_FITTING = """
    class_weight colsample_bytree importance_type learning_rate max_depth min_child_samples min_child_weight
    min_split_gain n_estimators n_jobs num_leaves random_state reg_alpha reg_lambda subsample subsample_for_bin
    subsample_freq verbose verbosity metric early_stopping_round early_stopping_rounds max_bin min_data_in_bin seed
    min_data_in_leaf min_sum_hessian_in_leaf bagging_fraction bagging_freq bagging_seed feature_fraction
    feature_fraction_bynode feature_fraction_seed extra_trees extra_seed lambda_l1 lambda_l2 linear_lambda num_threads
    min_gain_to_split drop_rate max_drop skip_drop xgboost_dart_mode uniform_drop drop_seed top_rate other_rate
    min_data_per_group max_cat_threshold cat_l2 cat_smooth max_cat_to_onehot monotone_constraints
    monotone_constraints_method monotone_penalty interaction_constraints path_smooth deterministic force_col_wise
    force_row_wise num_iterations max_delta_step data_sample_strategy data_random_seed bin_construct_sample_cnt
    is_unbalance scale_pos_weight boost_from_average alpha fair_c poisson_max_delta_step tweedie_variance_power
    num_class use_quantized_grad num_grad_quant_bins device device_type tree_learner feature_pre_filter
    max_bin_by_feature enable_bundle is_enable_sparse first_metric_only objective_seed
"""
CLAIMS: Mapping[str, Claim] = {
    "lightgbm.sklearn.LGBMRegressor": Claim(None, tuple(_READ.split()), tuple(_FITTING.split()), _regressor),
    "lightgbm.sklearn.LGBMClassifier": Claim(None, tuple(_READ.split()), tuple(_FITTING.split()), _classifier),
}
