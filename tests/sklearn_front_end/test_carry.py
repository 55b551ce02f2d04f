"""Trees that decide on the result of a logarithm or an exponential: equal to scikit-learn on every edge, to the bit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import op_harness as harness
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc.frontend.sklearn.carry import carried
from skc_runtime.kinds import Array


def training_rows(missing: bool) -> tuple[Array, Array]:
    random = np.random.default_rng(5)
    x = np.column_stack([random.exponential(size=500) * 100, random.integers(1, 30, 500), 1e-3 + random.random(500)])
    y = np.log(x[:, 0]) + x[:, 1] % 5 + (x[:, 2] > 0.5)
    if missing:
        x[random.random(x.shape) < 0.1] = np.nan
    return x, y


PIPELINES: dict[str, tuple[Pipeline, bool]] = {
    "a logarithm": (make_pipeline(FunctionTransformer(np.log1p), HistGradientBoostingRegressor(max_iter=20)), False),
    "its nulls": (make_pipeline(FunctionTransformer(np.log), HistGradientBoostingRegressor(max_iter=20)), True),
    "a scaler behind it": (
        make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), HistGradientBoostingRegressor(max_iter=20)),
        False,
    ),
    "an imputer before it": (
        make_pipeline(SimpleImputer(), FunctionTransformer(np.log), RandomForestRegressor(5, max_depth=6)),
        True,
    ),
    "falling": (
        make_pipeline(FunctionTransformer(lambda x: -np.log(x)), GradientBoostingRegressor(n_estimators=15)),
        False,
    ),
}


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
def test_rows_on_the_edges_are_equal_to_the_bit(name: str) -> None:
    pipeline, missing = PIPELINES[name]
    x, y = training_rows(missing)
    pipeline.fit(x, y)
    read = read_estimator(pipeline, x)
    (state,) = (step.state for step in read.pipeline.steps if step.op == "tree_ensemble")
    assert any(step.op == "stand_in" for step in read.pipeline.steps)
    edges = [(k, t) for k, t in zip(state.feature, state.threshold, strict=True) if 1e-9 < abs(t) < 1e9]
    rows = np.concatenate(
        [x, *(np.nextafter(x, side) for side in (-np.inf, np.inf)), *(beside(x, *edge) for edge in edges)]
    )
    (output,) = (output for output in read.pipeline.outputs if output.name == "prediction")
    graph = harness.Graph(replace(read.pipeline, outputs=(replace(output, name="out"),)))
    run = graph.run([[None if v != v else v for v in row] for row in rows.tolist()])
    assert not run.guards
    np.testing.assert_array_equal(run.values[:, 0], pipeline.predict(rows))


def beside(x: Array, column: int, edge: float) -> Array:
    rows = x[np.random.default_rng(0).integers(0, len(x), 3)].copy()
    rows[:, column] = [np.nextafter(edge, -np.inf), edge, np.nextafter(edge, np.inf)]
    return rows


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")
@pytest.mark.filterwarnings("ignore:divide by zero encountered:RuntimeWarning")
def test_a_row_that_a_step_refuses_is_still_refused() -> None:
    """The logarithm of 0 is an infinity, which the forest refuses; that of -1 is a null, which it takes."""
    x, y = training_rows(False)
    pipeline = make_pipeline(FunctionTransformer(np.log), RandomForestRegressor(5, max_depth=6, random_state=0)).fit(
        x, y
    )
    read = read_estimator(pipeline, x)
    (output,) = (output for output in read.pipeline.outputs if output.name == "prediction")
    graph = harness.Graph(replace(read.pipeline, outputs=(replace(output, name="out"),)))
    run = graph.run([[0.0, 1.0, 0.5], [-1.0, 1.0, 0.5]])
    assert {(code, row) for code, row, _ in run.guards} == {("not-finite", 0)}
    assert run.values[1, 0] == pipeline.predict([[-1.0, 1.0, 0.5]])[0]


@pytest.mark.parametrize("step", [PCA(2), FunctionTransformer(np.sin)], ids=["several columns", "not monotone"])
def test_what_cannot_be_carried_back_is_refused(step: Any) -> None:
    x, y = training_rows(False)
    with pytest.raises(SkcError) as caught:
        read_estimator(make_pipeline(step, RandomForestRegressor(3, max_depth=3)).fit(x, y), x)
    assert caught.value.code == "SKC121"


def test_edges_of_functions() -> None:
    """The greatest float64 that goes left; none where nothing does, all where everything does."""
    with np.errstate(all="ignore"):
        rising = carried(lambda x: np.log(x), np.array([0.0, 1.0, -1e9, 1e9]), False, "x")
        falling = carried(lambda x: -np.log(x), np.array([0.0]), False, "x")
        constant = carried(lambda x: np.where(np.isnan(x), np.nan, 2.0), np.array([1.0, 2.0]), False, "x")
        filled = carried(lambda x: np.where(np.isnan(x), 7.0, x * 2), np.array([4.0]), True, "x")
    assert rising.edges[0.0] == 1.0
    assert np.log(rising.edges[1.0]) <= 1.0 < np.log(np.nextafter(rising.edges[1.0], np.inf))
    assert (rising.edges[-1e9], rising.edges[1e9]) == (0.0, np.inf)  # log(0) is -inf
    assert falling.falls
    assert falling.edges[0.0] == np.nextafter(1.0, 0.0)  # -log(x) <= 0 is x > that
    assert (constant.edges[1.0], constant.edges[2.0]) == (-np.inf, np.inf)
    assert (filled.edges[4.0], filled.null) == (2.0, 7.0)
    for function in (
        np.sin,
        np.abs,
        lambda x: np.full_like(x, np.nan),
        lambda x: np.where(np.isnan(x), 1.0, np.log(x)),
    ):
        with np.errstate(all="ignore"), pytest.raises(SkcError) as caught:
            carried(function, np.array([0.5]), True, "x")
        assert caught.value.code == "SKC121"
