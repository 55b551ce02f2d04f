"""Trees and bins that decide on the result of a logarithm or an exponential: equal on every edge, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import op_harness as harness
import pyarrow as pa
import pytest
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingRegressor, HistGradientBoostingRegressor, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    PowerTransformer,
    QuantileTransformer,
    StandardScaler,
)

from skc.carry.edges import LARGEST, AllAboveError, Edges, Function, NotMonotoneError, between, carried
from skc.diagnostics import SkcError
from skc.fit import fit
from skc.frontend.sklearn import read_estimator
from skc.frontend.yaml.reader import read_pipeline_text
from skc.ops import OPS
from skc.plan import dumps, loads
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
    "a normal distribution": (
        make_pipeline(
            QuantileTransformer(n_quantiles=50, output_distribution="normal"),
            HistGradientBoostingRegressor(max_iter=20),
        ),
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
    sign = -1 if any(step.op == "stand_in" and step.params.negated for step in read.pipeline.steps) else 1
    edges = [(k, sign * t) for k, t in zip(state.feature, state.threshold, strict=True) if 1e-9 < abs(t) < 1e9]
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


BINNED: dict[str, Pipeline] = {
    "edges": make_pipeline(FunctionTransformer(np.log1p), KBinsDiscretizer(5, encode="ordinal", subsample=None)),
    "one-hot bins of a power": make_pipeline(PowerTransformer(), KBinsDiscretizer(4, encode="onehot-dense")),
    "uniform bins of an imputed root": make_pipeline(
        FunctionTransformer(lambda x: np.log(x + 1.0)),
        SimpleImputer(),
        StandardScaler(),
        KBinsDiscretizer(4, encode="ordinal", strategy="uniform"),
    ),
    "a threshold": make_pipeline(FunctionTransformer(lambda x: -np.exp(x / 100.0)), Binarizer(threshold=-1.25)),
}


@pytest.mark.parametrize("name", BINNED)
@pytest.mark.filterwarnings("ignore:.*:UserWarning")
@pytest.mark.filterwarnings("ignore:.*:FutureWarning")
def test_rows_on_the_edges_of_bins_are_equal(name: str) -> None:
    """The rows of the training data are on edges, for quantiles are among them."""
    pipeline = BINNED[name]
    x, _ = training_rows(missing="imputed" in name)
    pipeline.fit(x)
    read = read_estimator(pipeline, x)
    (state,) = (step.state for step in read.pipeline.steps if step.op == "bins")
    assert all(OPS[step.op].carry is None for step in read.pipeline.steps)
    sign = -1 if "threshold" in name else 1
    edges = [(k, sign * edge) for k, edges in enumerate(state.edges) for edge in edges]
    rows = np.concatenate(
        [x, *(np.nextafter(x, side) for side in (-np.inf, np.inf)), *(beside(x, *edge) for edge in edges)]
    )
    expected = pipeline.transform(rows)
    (output,) = read.pipeline.outputs
    graph = harness.Graph(replace(read.pipeline, outputs=(replace(output, name="out"),)))
    run = graph.run([[None if v != v else v for v in row] for row in rows.tolist()])
    assert not run.guards
    np.testing.assert_array_equal(run.values, expected)
    assert len(np.unique(run.values)) > 1


YAML = """
skc: 1
name: p
inputs: {x: {type: float64, nullable: true}, y: float64}
features:
  f: {from: FROM, apply: [STEPS]}
outputs: {out: {features: [f], dtype: float64}}
"""
STEPS = {
    "quantiles": ("[x, y]", "{log1p: {invalid: null}}, {quantile_bin: {bins: 7}}"),
    "one-hot quantiles of a scaled logarithm": (
        "[x, y]",
        "{log1p: {invalid: null}}, standard_scale, {quantile_bin: {bins: 3, encode: onehot}}",
    ),
    "edges, closed right": ("x", "{log1p: {invalid: null}}, {bucketize: {edges: [0, 1.5, 3], closed: right}}"),
    "edges, closed left": ("x", "{log1p: {invalid: null}}, {bucketize: {edges: [0, 1.5, 3], closed: left}}"),
    "imputed edges": (
        "x",
        "{log1p: {invalid: null}}, {impute: {strategy: median}}, {bucketize: {edges: [0, 1.5, 3], closed: left}}",
    ),
    "a threshold": ("y", "{log1p: {invalid: null}}, {binarize: {threshold: 1.25}}"),
}


@pytest.mark.parametrize("name", STEPS)
def test_bins_of_a_logarithm_in_yaml(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of the reference of the steps as written, on either side of every edge."""
    seen: list[tuple[Function, Array]] = []

    def spied(function: Function, edges: Array) -> Edges:
        seen.append((function, edges))
        return carried(function, edges)

    monkeypatch.setattr("skc.carry.carried", spied)
    source, steps = STEPS[name]
    pipeline, _ = read_pipeline_text(YAML.replace("FROM", source).replace("STEPS", steps), "p.yaml")
    x, _ = training_rows(missing=True)
    x[:, 1] = np.where(np.isnan(x[:, 1]), 4.0, x[:, 1])
    x[:5, 0] = -3.0
    fitted = fit(pipeline, pa.table({"x": pa.array(x[:, 0], from_pandas=True), "y": x[:, 1]})).pipeline
    (step,) = (step for step in fitted.steps if step.op == "bins")
    used = {"[x, y]": (0, 1), "x": (0,), "y": (1,)}[source]
    for j, (column, (function, edges)) in enumerate(zip(used, seen[-len(used) :], strict=True)):
        rows = np.concatenate([beside(x[:, :2], column, edge) for edge in step.state.edges[j]])
        rows = np.concatenate([rows, x[:40, :2]])
        rows[-1, column], rows[-2, column] = np.inf, 0.0
        run = harness.Graph(fitted).run([[None if v != v else v for v in row] for row in rows.tolist()])
        with np.errstate(all="ignore"):
            value = function(rows[:, column])
        middle = np.nanmedian(np.log1p(np.where(x[:, 0] < -1, np.nan, x[:, 0])))
        value = np.where(np.isnan(value) & ("imputed" in name), middle, value)
        bins = np.where(np.isnan(value), np.nan, (value[:, None] > edges).sum(axis=1))
        if "one-hot" in name:
            start = 3 * j
            expected = (bins[:, None] == np.arange(3)).astype(float)
            np.testing.assert_array_equal(run.values[:, start : start + 3], expected)
        else:
            np.testing.assert_array_equal(run.values[:, j], bins)


COMPARED: dict[str, Callable[[Array], Array]] = {
    "l > 1.25": lambda v: v > 1.25,
    "0 < l <= 1.5": lambda v: (v > 0) & (v <= 1.5),
    "l == 0 or 2 != l": lambda v: (v == 0) | (v != 2),
    "1.5 >= l and l >= 0.25": lambda v: (v <= 1.5) & (v >= 0.25),
    "l * 2 if l < 1.25 else coalesce(m, -1) if not (m < -1.25 or is_null(x)) else 0": lambda v: np.where(
        v < 1.25, v * 2, np.where(-v >= -1.25, -v, 0)
    ),
}


@pytest.mark.parametrize("text", COMPARED)
def test_comparisons_of_a_logarithm_in_an_expression(text: str) -> None:
    """`l` rises and `m` falls with x; the null of an x below -1 stays one."""
    yaml = """
skc: 1
name: p
inputs: {x: {type: float64, nullable: true}}
features:
  l: {from: x, apply: [{log1p: {invalid: null}}]}
  m: {expr: "-l"}
  f: {expr: "TEXT"}
outputs: {out: {features: [f], dtype: float64}}
"""
    pipeline, _ = read_pipeline_text(yaml.replace("TEXT", text), "p.yaml")
    (made,) = (step for step in pipeline.steps if step.name.startswith("f/") and step.op == "expr")
    assert "exact_0" in made.params.names
    assert text.startswith("l *") or "l" not in made.params.names
    edges = np.expm1(np.array([0.0, 0.25, 1.25, 1.5, 2.0]))
    near = np.concatenate([edges + k * np.spacing(edges) for k in range(-4, 5)])
    rows = np.concatenate([near, [-1.0, np.inf, 1e300, -0.5]])
    run = harness.Graph(pipeline).run([[v] for v in rows.tolist()])
    with np.errstate(all="ignore"):
        expected = COMPARED[text](np.log1p(rows)).astype(float)
    np.testing.assert_array_equal(np.isnan(run.values[:, 0]), np.isnan(expected))
    served = ~np.isnan(expected)
    np.testing.assert_array_max_ulp(run.values[served, 0], expected[served], maxulp=64 if "*" in text else 0)
    nulls = harness.Graph(pipeline).run([[None], [-3.0]])
    assert "*" in text or nulls.rows == [[None], [None]]
    assert loads(dumps(pipeline)) == pipeline


@pytest.mark.parametrize(
    "steps",
    ["{cyclical: {period: 7}}, {quantile_bin: {bins: 3}}", "{log1p: {invalid: null}}, {round: {decimals: 1}}"],
)
def test_other_decisions_in_yaml_are_refused(steps: str) -> None:
    with pytest.raises(SkcError) as caught:
        read_pipeline_text(YAML.replace("FROM", "y").replace("STEPS", steps), "p.yaml")
    assert caught.value.code == "SKC121"
    assert caught.value.diagnostics[0].span is not None


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
    """The greatest float64 that goes left: below all where nothing does, the greatest where everything does."""
    with np.errstate(all="ignore"):
        rising = carried(np.log, np.array([-1e9, 0.0, 1.0, 1e9]))
        falling = carried(lambda x: -np.log(x), np.array([0.0]))
        constant = carried(lambda x: np.where(np.isinf(x) | np.isnan(x), np.nan, 2.0), np.array([1.0, 2.0]))
    low, zero, one, high = rising.at
    assert (low, zero, high) == (0.0, 1.0, LARGEST)  # log(0) is -inf, and that of inf is inf
    assert np.log(one) <= 1.0 < np.log(np.nextafter(one, np.inf))
    assert falling.negated
    assert falling.at[0] == -1.0  # -log(x) <= 0 is -x <= -1
    assert constant.at.tolist() == [-np.inf, LARGEST]
    for function in (np.sin, np.abs, lambda x: np.full_like(x, np.nan)):
        with np.errstate(all="ignore"), pytest.raises(NotMonotoneError):
            carried(function, np.array([0.5]))
    with np.errstate(all="ignore"), pytest.raises(AllAboveError):
        carried(np.exp, np.array([-1.0, 0.5]))


def test_a_function_that_jitters_near_an_edge_is_refused() -> None:
    """It rises over the whole range; only beside the edge does a last bit fall."""

    def jitters(x: Array) -> Array:
        return np.where(x == np.nextafter(3.0, 9.0), np.nextafter(3.0, 0.0), x)

    assert carried(jitters, np.array([7.0])).at[0] == 7.0
    with pytest.raises(NotMonotoneError):
        carried(jitters, np.array([np.nextafter(3.0, 0.0)]))


def test_a_number_on_the_same_side_of_every_edge() -> None:
    edges, at = np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 20.0])
    assert between(edges, at, 0.5) == -np.inf
    assert between(edges, at, 1.0) == -np.inf
    assert between(edges, at, 1.5) == np.nextafter(10.0, np.inf)
    assert between(edges, at, 2.5) is None  # no number is there
    assert between(edges, at, 4.0) == np.nextafter(20.0, np.inf)
    assert between(edges, np.array([10.0, np.inf, np.inf]), 4.0) is None
