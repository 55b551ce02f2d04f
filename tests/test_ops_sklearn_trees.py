"""`tree_ensemble` against the trees of scikit-learn: equal to the bit, on every split and beside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import op_harness as harness
import pandas as pd
import pytest
from sklearn.ensemble import (
    AdaBoostRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc.ir import Pipeline
from skc.ops import OPS
from skc.ops.trees import weighted_median
from skc.ops.trees._nodes import last_going_left
from skc_runtime.kinds import Array

COLUMNS = ("a", "b", "c")


def training_rows(missing: bool = False) -> tuple[Array, Array]:
    """Columns of different magnitudes, one with few values; and a target of all of them."""
    random = np.random.default_rng(7)
    x = np.column_stack([random.normal(size=400), 1e9 + random.normal(size=400) * 1e3, random.integers(0, 4, 400)])
    y = x[:, 0] * 3 + np.sin(x[:, 1]) + (x[:, 2] > 1)
    if missing:
        x[random.random(x.shape) < 0.1] = np.nan
    return x, y


def beside_splits(state: Any, x: Array) -> Array:
    """For each split a row on it, one float64 and one float32 to either side; and rows of extremes."""
    rows = []
    for i, (column, threshold) in enumerate(zip(state.feature, state.threshold, strict=True)):
        with np.errstate(over="ignore"):
            single = np.float32(threshold)
            near = [np.nextafter(single, np.float32(side)) for side in (-np.inf, np.inf)]
        for value in (threshold, *(np.nextafter(threshold, side) for side in (-np.inf, np.inf)), single, *near):
            row = x[i % len(x)].copy()
            row[column] = value
            rows.append(row)
    rows += [[value] * x.shape[1] for value in (0.0, -0.0, 5e-324, -1e-46, 1e38, -1e38, 1e-38)]
    found = np.array(rows)
    return found[(np.abs(np.nan_to_num(found)) < 3.4028235e38).all(axis=1)]


MODELS = {
    "tree": (DecisionTreeRegressor(random_state=0), True),
    "best first": (DecisionTreeRegressor(random_state=0, max_leaf_nodes=20), True),
    "leaf": (DecisionTreeRegressor(max_depth=1, min_samples_split=1.0, min_samples_leaf=0.9), True),
    "extra tree": (ExtraTreeRegressor(random_state=0, max_depth=6), False),
    "forest": (RandomForestRegressor(9, random_state=0, max_depth=7), True),
    "extra trees": (ExtraTreesRegressor(9, random_state=0, max_depth=7), False),
    "absolute error": (DecisionTreeRegressor(random_state=0, criterion="absolute_error", max_depth=3), False),
    **{
        loss: (GradientBoostingRegressor(loss=loss, random_state=0, n_estimators=20), False)
        for loss in ("squared_error", "huber", "quantile")
    },
    "histograms": (HistGradientBoostingRegressor(max_iter=20), True),
    "histograms of quantiles": (HistGradientBoostingRegressor(loss="quantile", quantile=0.3, max_iter=20), False),
    "without init": (GradientBoostingRegressor(init="zero", random_state=0, n_estimators=20), False),
}


@pytest.mark.parametrize("name", MODELS)
def test_regressors_are_equal_to_the_bit_beside_every_split(name: str) -> None:
    """Alone and in a batch, by the reference and by the graph."""
    model, takes_missing = MODELS[name]
    x, y = training_rows(takes_missing)
    model.fit(x, y)
    read = read_estimator(model, x)
    (state,) = (step.state for step in read.pipeline.steps if step.op == "tree_ensemble")
    rows = beside_splits(state, x)
    graph = harness.Graph(pipeline_of(read.pipeline))
    expected = model.predict(rows)
    np.testing.assert_array_equal(
        harness.run_reference(pipeline_of(read.pipeline), listed(rows)).values[:, 0], expected
    )
    batch = graph.run(listed(rows))
    assert not batch.guards
    np.testing.assert_array_equal(batch.values[:, 0], expected)
    alone = [graph.run(listed(rows[i : i + 1])).values[0, 0] for i in range(0, len(rows), 1 + len(rows) // 50)]
    np.testing.assert_array_equal(alone, expected[:: 1 + len(rows) // 50])


def pipeline_of(pipeline: Pipeline, name: str = "prediction") -> Pipeline:
    """One output of it, with the name that the harness gives one."""
    (output,) = (output for output in pipeline.outputs if output.name == name)
    return replace(pipeline, outputs=(replace(output, name="out"),))


def listed(rows: Array) -> list[list[Any]]:
    return [[None if value != value else value for value in row] for row in rows.tolist()]


def test_several_targets() -> None:
    x, y = training_rows()
    model = RandomForestRegressor(5, random_state=0, max_depth=4).fit(x, np.column_stack([y, -y, y > 0]))
    read = read_estimator(model, x)
    run = harness.Graph(pipeline_of(read.pipeline)).run(listed(x))
    np.testing.assert_array_equal(run.values, model.predict(x))


CLASSIFIERS = {
    "tree": DecisionTreeClassifier(random_state=0, max_depth=8),
    "extra tree": ExtraTreeClassifier(random_state=0, max_depth=6, criterion="entropy"),
    "forest": RandomForestClassifier(9, random_state=0, max_depth=6, class_weight="balanced"),
    "extra trees": ExtraTreesClassifier(9, random_state=0, max_depth=6),
}
TARGETS = {
    "text": lambda y: np.array(["low", "mid", "high"])[np.digitize(y, [-2, 2])],
    "numbers": lambda y: np.array([7, -1])[np.digitize(y, [0])],
    "truth": lambda y: y > 0,
    "floats": lambda y: np.array([1.0, -2.0])[np.digitize(y, [0])],
}


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers_are_equal_to_the_bit_beside_every_split(name: str, target: str) -> None:
    x, y = training_rows()
    model = CLASSIFIERS[name].fit(x, TARGETS[target](y))
    read = read_estimator(model, x)
    (state,) = (step.state for step in read.pipeline.steps if step.op == "tree_ensemble")
    rows = beside_splits(state, x)
    probability = pipeline_of(read.pipeline, "probability")
    np.testing.assert_array_equal(harness.run_reference(probability, listed(rows)).values, model.predict_proba(rows))
    np.testing.assert_array_equal(harness.Graph(probability).run(listed(rows)).values, model.predict_proba(rows))
    prediction = harness.Graph(pipeline_of(read.pipeline)).run(listed(rows))
    assert not prediction.guards
    assert prediction.values[:, 0].tolist() == model.predict(rows).tolist()


BOOSTING = {
    "trees": GradientBoostingClassifier(n_estimators=15, random_state=0),
    "exponential": GradientBoostingClassifier(n_estimators=15, random_state=0, loss="exponential"),
    "histograms": HistGradientBoostingClassifier(max_iter=15),
}


@pytest.mark.parametrize(
    ("name", "target"),
    [(name, target) for name in BOOSTING for target in ("text", "truth") if (name, target) != ("exponential", "text")],
)
def test_boosting_decides_as_scikit_learn_does(name: str, target: str) -> None:
    """The scores to the bit, so the classes too; of the probabilities the last bits are those of an exponential."""
    x, y = training_rows()
    model = BOOSTING[name].fit(x, TARGETS[target](y))
    read = read_estimator(model, x)
    (state,) = (step.state for step in read.pipeline.steps if step.op == "tree_ensemble")
    rows = beside_splits(state, x)
    decision = harness.Graph(pipeline_of(read.pipeline, "decision")).run(listed(rows))
    np.testing.assert_array_equal(decision.values, model.decision_function(rows).reshape(len(rows), -1))
    prediction = harness.Graph(pipeline_of(read.pipeline)).run(listed(rows))
    assert prediction.values[:, 0].tolist() == model.predict(rows).tolist()
    probability = harness.Graph(pipeline_of(read.pipeline, "probability")).run(listed(rows))
    assert np.abs(probability.values - model.predict_proba(rows)).max() < 1e-15


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_the_exponential_of_a_sum(loss: str) -> None:
    x, y = training_rows()
    model = HistGradientBoostingRegressor(loss=loss, max_iter=10).fit(x, np.exp(y / 9))
    run = harness.Graph(pipeline_of(read_estimator(model, x).pipeline)).run(listed(x))
    assert (np.abs(run.values[:, 0] / model.predict(x) - 1) < 1e-15).all()


def test_a_score_of_zero_is_the_second_class_of_gradient_boosting() -> None:
    """And the first one of histogram gradient boosting."""
    x, y = np.array([[1.0], [1.0]] * 30), np.array(["a", "b"] * 30)
    boosted = GradientBoostingClassifier(init="zero", n_estimators=1).fit(x, y)
    binned = HistGradientBoostingClassifier(max_iter=1).fit(x, y)
    for model, expected in ((boosted, "b"), (binned, "a")):
        run = harness.Graph(pipeline_of(read_estimator(model, x).pipeline)).run([[1.0]])
        assert model.decision_function([[1.0]]) == 0
        assert run.rows == [[expected]] == [model.predict([[1.0]]).tolist()]


def test_category_subsets_are_the_splits_of_categories() -> None:
    """`category_subsets`: of categories that are known, unknown and missing, and of infinities beside them."""
    random = np.random.default_rng(3)
    names = np.array(["p", "q", "r", "s", "t", "u", None], dtype=object)
    frame = pd.DataFrame(
        {"x": random.normal(size=600), "s": random.choice(names, 600), "n": random.integers(0, 40, 600)}
    )
    y = frame["x"] + 5 * frame["s"].isin(["p", "s", "u"]) + frame["n"] % 3
    model = HistGradientBoostingRegressor(max_iter=20, categorical_features=["s", "n"]).fit(frame, y)
    read = read_estimator(model, frame)
    assert any(step.op == "category_subsets" for step in read.pipeline.steps)
    other = frame.assign(n=random.integers(-5, 50, 600), s=random.choice([*names, "other"], 600))
    other.loc[:20, "x"], other.loc[20:40, "x"], other.loc[40:60, "x"] = np.inf, -np.inf, np.nan
    for rows in (frame, other):
        listed_rows = (
            rows.astype(object).where(rows.notna(), None)[[i.name for i in read.pipeline.inputs]].values.tolist()
        )
        run = harness.Graph(pipeline_of(read.pipeline)).run(listed_rows)
        np.testing.assert_array_equal(run.values[:, 0], model.predict(rows))


def test_what_no_output_holds_is_refused() -> None:
    x, y = training_rows()
    mixed = DecisionTreeClassifier().fit(x, y > 0)
    mixed.classes_ = np.array([1, "b"], dtype=object)
    boosted = GradientBoostingRegressor(init=DecisionTreeRegressor(), n_estimators=2).fit(x, y)
    for model, text, code in (
        (mixed, "type int, str", "SKC158"),
        (boosted, "DecisionTreeRegressor", "SKC151"),
    ):
        with pytest.raises(SkcError, match=text) as caught:
            read_estimator(model, x)
        assert caught.value.code == code


def test_thresholds_of_float32() -> None:
    """The float64 found goes left after rounding, and the next one does not: for ties, zeros and the ends too."""
    single = np.array(
        [0.0, -0.0, 1.5, 1.5000001, -1.5, 1e-45, -1e-45, 1.1754944e-38, 3.0e38, -3.4028235e38], np.float32
    )
    steps = np.nextafter(single, np.float32(np.inf))
    middle = (single.astype(float) + steps.astype(float)) / 2
    thresholds = np.concatenate(
        [single.astype(float), middle, np.nextafter(middle, np.inf), [0.1, -1e-50, 1e-50, np.inf]]
    )
    found = last_going_left(thresholds)
    with np.errstate(over="ignore"):
        assert (found.astype(np.float32) <= thresholds).all()
        above = np.nextafter(found, np.inf)
        is_finite = np.isfinite(found)
        assert not (above.astype(np.float32) <= thresholds)[is_finite].any()


def test_weighted_median_is_that_of_scikit_learn() -> None:
    """Also of equal values, of which each is the median."""
    r = np.random.default_rng(3)
    boosting = AdaBoostRegressor(n_estimators=9, random_state=0).fit(r.normal(size=(50, 2)), r.normal(size=50))
    boosting.estimator_weights_ = r.random(9)
    values = r.integers(-4, 4, size=(300, 9)) / 2

    class Given:
        def __init__(self, k: int) -> None:
            self.predict = lambda x: x[:, k]

    boosting.estimators_ = [Given(k) for k in range(9)]
    state = weighted_median.State(tuple(boosting.estimator_weights_.tolist()))
    columns = {f"x{k}": "float64" for k in range(9)}
    got = harness.Graph(harness.build(OPS["weighted_median"], {}, columns, state)).run(values.tolist())
    assert not got.guards
    assert got.values[:, 0].tolist() == boosting._get_median_predict(values, 9).tolist()
