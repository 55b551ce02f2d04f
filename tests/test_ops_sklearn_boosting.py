"""`tree_ensemble`, `category_subsets` and `class_of` against LightGBM, XGBoost and CatBoost, beside every split.

Sums of leaves are equal to the bit. Of a probability the last bits are those of an exponential, in XGBoost of float32.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import catboost
import lightgbm
import numpy as np
import op_harness as harness
import pandas as pd
import pytest
import xgboost
from sklearn.base import clone
from test_ops_sklearn_trees import beside_splits, listed, pipeline_of

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc.ops.trees._lightgbm import ZERO
from skc_runtime.kinds import Array

BEYOND = 3.4028235677973366e38  # half way from the largest float32 to the next one that there would be
EXTREMES = [
    *(ZERO, math.nextafter(ZERO, 1.0), math.nextafter(ZERO, 0.0), math.nan, math.inf, 1e39),
    *(BEYOND, math.nextafter(BEYOND, 0.0), 5e-324, 0.0, 2.5),
]


def light(cls: str = "Regressor", **params: Any) -> Any:
    return getattr(lightgbm, f"LGBM{cls}")(
        **{"n_estimators": 8, "num_leaves": 12, "verbose": -1, "n_jobs": 1, **params}
    )


def xgb(cls: str = "Regressor", **params: Any) -> Any:
    return getattr(xgboost, f"XGB{cls}")(**{"n_estimators": 8, "max_depth": 4, "n_jobs": 1, **params})


def cat(cls: str = "Regressor", **params: Any) -> Any:
    fixed = {"iterations": 8, "depth": 4, "silent": True, "thread_count": 1, "allow_writing_files": False}
    return getattr(catboost, f"CatBoost{cls}")(**{**fixed, **params})


def training_rows() -> tuple[Array, Array]:
    """Columns of different magnitudes with missing values, one with many zeros; and a target of all of them."""
    random = np.random.default_rng(7)
    x = np.column_stack([random.normal(size=400), 1e9 + random.normal(size=400) * 1e3, random.integers(0, 4, 400)])
    y = x[:, 0] * 3 + np.sin(x[:, 1]) + (x[:, 2] > 1)
    x[random.random(400) < 0.3, 0] = 0.0
    x[random.random(x.shape) < 0.1] = np.nan
    return x, y


def edges(read: Any, x: Array) -> Array:
    """Rows beside the splits of numbers, and rows of extremes."""
    (state,) = (step.state for step in read.pipeline.steps if step.op == "tree_ensemble")
    splits = [(f, t) for f, t in zip(state.feature, state.threshold, strict=True) if f < 2 or t != 0.5]
    features, thresholds = zip(*splits, strict=True) if splits else ((), ())
    rows = [row for v in EXTREMES for row in ([v] * 3, [-v] * 3)]
    some = SimpleNamespace(feature=features, threshold=thresholds)
    return np.vstack([beside_splits(some, x)[:1000], rows])


REGRESSORS: dict[str, Any] = {
    "LightGBM": light(),
    "LightGBM, zero is missing": light(zero_as_missing=True),
    "LightGBM, nothing is missing": light(use_missing=False),
    "LightGBM, a random forest": light(boosting_type="rf", bagging_freq=1, bagging_fraction=0.5),
    "LightGBM, dart": light(boosting_type="dart"),
    "LightGBM, a single leaf": light(min_child_samples=1000),
    "LightGBM, categories by number": light(min_data_per_group=1, cat_smooth=1.0),
    "XGBoost": xgb(n_estimators=30),
    "XGBoost, a missing number": xgb(missing=-1.5),
    "XGBoost, several trees in a round": xgb(num_parallel_tree=3, subsample=0.5, random_state=0),
    "XGBoost, leaves first": xgb(grow_policy="lossguide", max_leaves=9, base_score=3.3),
    "CatBoost": cat(),
    "CatBoost, NaN above": cat(nan_mode="Max"),
    "CatBoost, leaves first": cat(grow_policy="Lossguide"),
    "CatBoost, no split": cat(depth=1, min_data_in_leaf=1000, grow_policy="Depthwise"),
}


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors_are_equal_to_the_bit_beside_every_split(name: str) -> None:
    """Alone and in a batch, by the reference and by the graph."""
    x, y = training_rows()
    options = {"categorical_feature": [2]} if "categories" in name else {}
    if options:
        x[:, 2] = np.nan_to_num(x[:, 2], nan=-1.0)
    model = clone(REGRESSORS[name]).fit(x, y, **options)
    read = read_estimator(model, x)
    rows = edges(read, x)
    if options:
        assert any(step.op == "category_subsets" for step in read.pipeline.steps)
        rows = np.vstack([rows, [[0.5, 1e9, c] for c in (-0.5, -1.0, 0.99, 3.99, 2**31, 2**53, 9e18, 1e19, -1e19)]])
    expected = np.asarray(model.predict(rows), dtype=np.float64)
    pipeline = pipeline_of(read.pipeline)
    np.testing.assert_array_equal(harness.run_reference(pipeline, listed(rows)).values[:, 0], expected)
    graph = harness.Graph(pipeline)
    batch = graph.run(listed(rows))
    assert not batch.guards
    np.testing.assert_array_equal(batch.values[:, 0], expected)
    some = range(0, len(rows), 1 + len(rows) // 25)
    assert [graph.run(listed(rows[i : i + 1])).values[0, 0] for i in some] == expected[some].tolist()


@pytest.mark.parametrize("make", [xgb, cat], ids=["XGBoost", "CatBoost"])
def test_several_outputs(make: Callable[..., Any]) -> None:
    x, y = training_rows()
    model = make(**({} if make is xgb else {"loss_function": "MultiRMSE"})).fit(x, np.column_stack([y, -y]))
    read = read_estimator(model, x)
    rows = edges(read, x)
    np.testing.assert_array_equal(
        harness.Graph(pipeline_of(read.pipeline)).run(listed(rows)).values, model.predict(rows)
    )


EXPONENTIAL = {
    "LightGBM": light(objective="poisson"),
    "LightGBM, tweedie": light(objective="tweedie"),
    "XGBoost": xgb(objective="count:poisson"),
    "XGBoost, gamma": xgb(objective="reg:gamma"),
    "CatBoost": cat(loss_function="Poisson"),
}
SIGMOID = {
    "LightGBM": light(objective="cross_entropy"),
    "XGBoost": xgb(objective="reg:logistic"),
}


@pytest.mark.parametrize(("name", "model"), [*EXPONENTIAL.items(), *((f"{n}, a share", m) for n, m in SIGMOID.items())])
def test_a_link_after_the_sum(name: str, model: Any) -> None:
    x, y = training_rows()
    model.fit(x, 1 / (1 + np.exp(-y / 5)) if "share" in name else np.exp(y / 9))
    read = read_estimator(model, x)
    rows = edges(read, x)
    run = harness.Graph(pipeline_of(read.pipeline)).run(listed(rows))
    assert np.abs(run.values[:, 0] / model.predict(rows) - 1).max() < (3e-7 if "XG" in name else 1e-14)


CLASSIFIERS: dict[str, Any] = {
    "LightGBM": light("Classifier"),
    "LightGBM, a steep sigmoid": light("Classifier", sigmoid=2.0),
    "XGBoost": xgb("Classifier"),
    "XGBoost, several trees in a round": xgb("Classifier", num_parallel_tree=2, subsample=0.5, random_state=0),
    "CatBoost": cat("Classifier"),
}
TARGETS: dict[str, Callable[[Array], Any]] = {
    "text": lambda y: np.array(["low", "mid", "high"])[np.digitize(y, [-2, 2])],
    "three": lambda y: np.digitize(y, [-2, 2]),
    "truth": lambda y: y > 0,
    "two": lambda y: (y > 0).astype(int),
}


def is_taken(name: str, target: str) -> bool:
    """XGBoost takes classes that are numbered from 0, and only two classes have a sigmoid."""
    is_numbered = target in ("two", "three") or not name.startswith("XGBoost")
    return is_numbered and (target in ("truth", "two") or "steep" not in name)


@pytest.mark.parametrize(("name", "target"), [(n, t) for n in CLASSIFIERS for t in TARGETS if is_taken(n, t)])
def test_classifiers_decide_as_the_library_does(name: str, target: str) -> None:
    x, y = training_rows()
    model = clone(CLASSIFIERS[name]).fit(x, TARGETS[target](y))
    read = read_estimator(model, x)
    rows = edges(read, x)
    prediction = harness.Graph(pipeline_of(read.pipeline)).run(listed(rows))
    assert not prediction.guards
    assert prediction.values[:, 0].tolist() == np.asarray(model.predict(rows)).ravel().tolist()
    probability = harness.Graph(pipeline_of(read.pipeline, "probability")).run(listed(rows))
    assert np.abs(probability.values - model.predict_proba(rows)).max() < (3e-7 if "XG" in name else 1e-15)


def test_margins_of_classes_are_equal_to_the_bit() -> None:
    x, y = training_rows()
    for model, margins in (
        (light("Classifier"), lambda m, rows: m.predict(rows, raw_score=True)),
        (xgb("Classifier", n_estimators=30), lambda m, rows: m.predict(rows, output_margin=True)),
        (cat("Classifier"), lambda m, rows: m.predict(rows, prediction_type="RawFormulaVal")),
    ):
        model.fit(x, TARGETS["three"](y))
        read = read_estimator(model, x)
        rows = edges(read, x)
        sums = [s for s in read.pipeline.steps if s.op in ("tree_ensemble", "standard_scale")][-1]
        blocks = harness.blocks(read.pipeline, listed(rows))
        found = harness.reference.run(read.pipeline, blocks).values[sums.name].values
        np.testing.assert_array_equal(found, margins(model, rows))


def test_a_model_that_stopped_early_has_the_trees_up_to_its_best_round() -> None:
    x, y = training_rows()
    noise = np.random.default_rng(0).normal(size=len(y)) * 9
    stop = lightgbm.early_stopping(3, verbose=False)
    more = x[300:], y[300:]
    options: dict[str, Any]
    for model, options in (
        (light(n_estimators=60), {"callbacks": [stop], "eval_X": (more[0],), "eval_y": (more[1],)}),
        (xgb(n_estimators=60, early_stopping_rounds=3), {"verbose": False, "eval_set": [more]}),
    ):
        model.fit(x[:300], (y + noise)[:300], **options)
        read = read_estimator(model, x)
        (state,) = (step.state for step in read.pipeline.steps if step.op == "tree_ensemble")
        assert len(state.roots) < 60
        run = harness.Graph(pipeline_of(read.pipeline)).run(listed(x))
        np.testing.assert_array_equal(run.values[:, 0], model.predict(x))


def test_lightgbm_has_categories_of_pandas_by_their_code() -> None:
    """Known, unknown and missing ones; integers beside them are float64, unlike those of an array."""
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"x": random.integers(2**25, 2**25 + 40, 600), "s": random.choice([*"pqrstu"], 600)})
    y = frame["x"] % 7 + 5 * frame["s"].isin(["p", "s", "u"])
    frame["s"] = frame["s"].where(random.random(600) < 0.9).astype("category")
    model = light(min_data_per_group=1, min_child_samples=2, n_estimators=30).fit(frame, y)
    read = read_estimator(model, frame)
    assert any(step.op == "category_subsets" for step in read.pipeline.steps)
    rows = frame.astype({"s": object})
    rows.loc[:20, "s"] = "other"
    run = harness.Graph(pipeline_of(read.pipeline)).run(rows.where(rows.notna(), None).values.tolist())
    np.testing.assert_array_equal(run.values[:, 0], model.predict(rows.astype({"s": "category"})))


def test_lightgbm_rounds_an_array_of_integers_to_float32() -> None:
    random = np.random.default_rng(3)
    x = random.integers(2**25 - 50, 2**25 + 50, (600, 2))
    model = light(min_child_samples=2, n_estimators=30).fit(x, x[:, 0] % 11 + x[:, 1] % 5)
    read = read_estimator(model, x)
    rows = np.array([[a, b] for a in range(2**25 - 60, 2**25 + 60, 7) for b in range(2**25 - 60, 2**25 + 60)])
    run = harness.Graph(pipeline_of(read.pipeline)).run(rows.tolist())
    np.testing.assert_array_equal(run.values[:, 0], model.predict(rows))
    assert (model.predict(rows.astype(np.float64)) != model.predict(rows)).any()


def test_equal_probabilities_are_the_first_class() -> None:
    """A margin that gives 0.5 by rounding is refused: its last bit decides. One of 0 is the first class."""
    x, y = np.array([[0.0], [1.0]] * 30), np.array([0, 1] * 30)
    model = xgb("Classifier", base_score=0.5, n_estimators=1, max_depth=1).fit(x, y)
    read = read_estimator(model, x)
    steps = {step.op: step for step in read.pipeline.steps}
    trees = steps["tree_ensemble"]
    for leaf, expected in ((0.0, [0]), (1e-7, None), (2e-6, [1]), (-2e-6, [0])):
        state = type(trees.state)(**{**vars_of(trees.state), "values": (leaf, leaf)})
        changed = [type(s)(s.name, s.op, s.params, s.inputs, state) if s is trees else s for s in read.pipeline.steps]
        run = harness.Graph(pipeline_of(read.pipeline.with_steps(changed))).run([[0.0]])
        assert {code for code, *_ in run.guards} == (set() if expected else {"tie"})
        assert expected is None or run.rows == [expected]


def vars_of(state: Any) -> dict[str, Any]:
    return {name: getattr(state, name) for name in state.__dataclass_fields__}


REFUSED: dict[str, tuple[Any, str, str]] = {
    "linear trees": (light(linear_tree=True), "number", "linear_tree"),
    "a root": (light(reg_sqrt=True), "number", "regression sqrt"),
    "one against all": (light("Classifier", objective="multiclassova"), "classes", "multiclassova"),
    "dart": (xgb(booster="dart"), "number", "dart"),
    "a line": (xgb(booster="gblinear", max_depth=None), "number", "gblinear"),
    "vectors": (xgb(multi_strategy="multi_output_tree"), "numbers", "several outputs"),
    "missing infinities": (xgb(missing=math.inf), "number", "missing"),
    "hinge": (xgb("Classifier", objective="binary:hinge"), "truth", "binary:hinge"),
    "logarithm": (xgb(objective="reg:squaredlogerror"), "positive", "reg:squaredlogerror"),
    "large": (xgb(objective="count:poisson", base_score=3e38, learning_rate=1.0), "large", "margin of"),
    "several labels": (xgb("Classifier"), "labels", "several targets"),
    "uncertainty": (cat(loss_function="RMSEWithUncertainty"), "number", "RMSEWithUncertainty"),
    "one against all in CatBoost": (cat("Classifier", loss_function="MultiClassOneVsAll"), "classes", "OneVsAll"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_compile_is_refused(name: str) -> None:
    model, target, text = REFUSED[name]
    x, y = training_rows()
    x = np.nan_to_num(x)
    targets: dict[str, Any] = {
        "number": y,
        "numbers": np.column_stack([y, -y]),
        "positive": np.exp(y / 9),
        "large": np.where(y > 0, 1e38, 1.0),
        "truth": y > 0,
        "classes": np.digitize(y, [-2, 2]),
        "labels": np.column_stack([y > 0, y > 1]),
    }
    if name == "missing infinities":
        model.set_params(missing=math.nan).fit(x, y)
        model.set_params(missing=math.inf)
    else:
        model.fit(x, targets[target])
    with pytest.raises(SkcError, match=text) as caught:
        read_estimator(model, x)
    assert caught.value.code == "SKC151"
    assert caught.value.diagnostics[0].hint


def test_categories_of_other_libraries_are_refused() -> None:
    random = np.random.default_rng(3)
    frame = pd.DataFrame({"x": random.normal(size=200), "s": pd.Categorical(random.choice([*"pqr"], 200))})
    y = frame["x"] + 2 * (frame["s"] == "p")
    numbers = frame.assign(s=frame["s"].cat.codes.astype("int64").astype("category"))
    threshold = cat("Classifier").fit(frame[["x"]].to_numpy(), y > 0)
    threshold.set_probability_threshold(0.3)
    for model, rows, text in (
        (xgb(enable_categorical=True).fit(frame, y), frame, "categories of XGBoost"),
        (cat(cat_features=["s"]).fit(frame.astype({"s": str}), y), frame.astype({"s": str}), "categor"),
        (light(min_data_per_group=1).fit(numbers, y), numbers, "are text"),
        (threshold, frame[["x"]].to_numpy(), "the probability 0.3"),
    ):
        with pytest.raises(SkcError, match=text) as caught:
            read_estimator(model, rows)
        assert caught.value.code == "SKC151"


def test_a_parameter_that_is_not_known_is_refused() -> None:
    x, y = training_rows()
    with pytest.raises(SkcError, match="pred_early_stop"):
        read_estimator(light("Classifier", pred_early_stop=True).fit(x, y > 0), x)
