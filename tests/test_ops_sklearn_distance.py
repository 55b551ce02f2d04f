"""The ops of distances against scikit-learn, on ordinary rows and on those of which cancellation makes noise."""

from __future__ import annotations

from typing import Any

import numpy as np
import op_harness as harness
import pytest
from sklearn.impute import KNNImputer
from sklearn.kernel_approximation import AdditiveChi2Sampler, RBFSampler
from sklearn.metrics.pairwise import euclidean_distances, manhattan_distances, pairwise_kernels
from sklearn.neighbors import (
    KNeighborsRegressor,
    KNeighborsTransformer,
    RadiusNeighborsRegressor,
    RadiusNeighborsTransformer,
)

from skc.ops import OPS
from skc.ops.distance import distances, kernel, knn_impute, layer, nearest, within_radius

R = np.random.default_rng(5)
POINTS = R.normal(size=(7, 4)) * [1, 10, 0.1, 1e3]
X = np.vstack([R.normal(size=(200, 4)) * [1, 10, 0.1, 1e3], POINTS, POINTS + 1e-6])
HARD = np.array([[1e15, -3e15, 1e9, 0], [5e-324, 0, -0.0, 1], [1e300, 1, 1, 1], [0, 0, 0, 1e4]])


def rows(op: str, state: Any, values: Any, **params: Any) -> harness.Run:
    """What the graph of an op gives."""
    columns = {f"x{k}": "float64" for k in range(values.shape[1])}
    return harness.Graph(harness.build(OPS[op], params, columns, state)).run(values.tolist())


def tuples(matrix: Any) -> Any:
    return tuple(map(tuple, np.asarray(matrix).tolist()))


def assert_close(got: harness.Run, want: Any, least: int, most: int) -> None:
    """Equal to 1e-6 in every row that is served, and so many are, from `least` to `most`."""
    served = np.ones(len(want), bool)
    served[[row for _, row, _ in got.guards]] = False
    assert least <= served.sum() <= most
    error = np.abs(got.values[served] - want[served]) / np.maximum(1, np.abs(want[served]))
    assert error.max() <= 1e-6


def test_distances_are_those_of_scikit_learn() -> None:
    """Also where it is near to a point, or refused: at a point that is far from the origin."""
    values = np.vstack([X, HARD])
    with np.errstate(all="ignore"):
        want = euclidean_distances(values, POINTS)
    assert_close(rows("distances", distances.State(tuples(POINTS)), values), want, least=200, most=len(values) - 4)


@pytest.mark.parametrize("width", [1, 4])
def test_distances_of_a_city(width: int) -> None:
    state = distances.State(tuples(POINTS[:, :width]))
    got = rows("distances", state, X[:, :width], metric="manhattan")
    want = manhattan_distances(X[:, :width], POINTS[:, :width])
    assert_close(got, want, least=len(X), most=len(X))


@pytest.mark.parametrize(
    ("name", "gamma"),
    [("rbf", 0.3), ("rbf", 1e-4), ("laplacian", 0.1), ("chi2", 0.2), ("additive_chi2", 1.0), ("cosine", 1)],
)
def test_kernel_is_that_of_scikit_learn(name: str, gamma: float) -> None:
    values, points = X, POINTS
    if "chi2" in name:
        values, points = np.abs(X), np.abs(POINTS)
    how = {} if name in ("additive_chi2", "cosine") else {"gamma": gamma}
    got = rows("kernel", kernel.State(tuples(points)), values, kernel=name, gamma=float(gamma))
    assert_close(got, pairwise_kernels(values, points, metric=name, **how), least=200, most=len(X))


@pytest.mark.parametrize(("name", "function", "degree"), [("poly", "power", 3), ("sigmoid", "tanh", 1)])
def test_layer_is_a_kernel_of_products(name: str, function: str, degree: int) -> None:
    state = layer.State(tuples(0.01 * POINTS.T), (0.5,) * len(POINTS))
    got = rows("layer", state, X, function=function, degree=degree)
    how = {"degree": degree} if name == "poly" else {}
    assert_close(got, pairwise_kernels(X, POINTS, metric=name, gamma=0.01, coef0=0.5, **how), least=200, most=len(X))


def test_layer_is_a_random_feature() -> None:
    sampler = RBFSampler(n_components=5, random_state=0).fit(X)
    state = layer.State(tuples(sampler.random_weights_), tuple(sampler.random_offset_.tolist()))
    got = rows("layer", state, X, function="cos", factor=float(np.sqrt(2 / 5)))
    assert_close(got, sampler.transform(X), least=len(X), most=len(X))


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_averages_of_the_nearest_points(algorithm: str, weights: str) -> None:
    """Also at a point, next to it, and far away; only there, and at the points of brute force, may rows be refused."""
    targets = np.column_stack([np.arange(len(POINTS)) * 1e3, [0.5, -0.5, 0, 0, 1, 1, 1]])
    model = KNeighborsRegressor(3, weights=weights, algorithm=algorithm).fit(POINTS, targets)
    values = np.vstack([X, HARD])
    how = {"k": 3, "result": "mean", "weights": weights, "algorithm": algorithm}
    got = rows("nearest", nearest.State(tuples(POINTS), tuples(targets)), values, **how)
    with np.errstate(all="ignore"):
        want = model.predict(values)
    assert_close(got, want, least=200 if algorithm == "brute" else 214, most=len(values))


@pytest.mark.parametrize("metric", ["euclidean", "manhattan", "chebyshev"])
@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_graph_of_the_nearest_points(metric: str, mode: str) -> None:
    transformer = KNeighborsTransformer(n_neighbors=2, mode=mode, metric=metric).fit(POINTS)
    k = 2 + (mode == "distance")
    got = rows("nearest", nearest.State(tuples(POINTS)), X, k=k, result=mode, metric=metric)
    assert_close(got, transformer.transform(X).toarray(), least=214, most=len(X))


def test_whole_numbers_are_served_unless_they_tie() -> None:
    """scikit-learn itself then depends on no rounding: neighbours that differ are those at equal distances."""
    points = np.array([[a, b] for a in range(5) for b in (0, 7)], dtype=float)
    model = KNeighborsRegressor(1, algorithm="brute").fit(points, np.arange(10.0))
    values = np.array([[a, b] for a in range(-1, 6) for b in range(9)], dtype=float)
    state = nearest.State(tuples(points), tuples(np.arange(10.0)[:, None]))
    got = rows("nearest", state, values, k=1, result="mean", algorithm="brute")
    assert_close(got, model.predict(values)[:, None], least=len(values), most=len(values))


@pytest.mark.parametrize("algorithm", ["kd_tree", "ball_tree", "brute"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_averages_of_the_points_within_a_radius(algorithm: str, weights: str) -> None:
    """Also at a point, next to it, and far away, where there is none: scikit-learn then gives NaN."""
    targets = np.column_stack([np.arange(len(POINTS)) * 1e3, [0.5, -0.5, 0, 0, 1, 1, 1]])
    model = RadiusNeighborsRegressor(600, weights=weights, algorithm=algorithm).fit(POINTS, targets)
    values = np.vstack([X, HARD])
    how = {"radius": 600.0, "result": "mean", "weights": weights, "algorithm": algorithm, "empty": "null"}
    got = rows("within_radius", within_radius.State(tuples(POINTS), tuples(targets)), values, **how)
    with np.errstate(all="ignore"), pytest.warns(UserWarning, match="no neighbors"):
        want = model.predict(values)
    assert np.isnan(want[-4:]).any()
    np.testing.assert_array_equal(np.isnan(got.values[:200]), np.isnan(want[:200]))
    got.values[np.isnan(want)] = want[np.isnan(want)] = -1.0
    assert_close(got, want, least=200, most=len(values))


@pytest.mark.parametrize("radius", [1.0, 2.0, 5.0, 2.5, 3**0.5, 0.0])
def test_whole_numbers_at_the_radius_count(radius: float) -> None:
    """scikit-learn itself then depends on no rounding, unless it rounds the square of the radius."""
    points = np.array([[a, b] for a in range(5) for b in (0, 7)], dtype=float)
    for algorithm in ("kd_tree", "brute"):
        graph = RadiusNeighborsTransformer(mode="connectivity", radius=radius, algorithm=algorithm).fit(points)
        values = np.array([[a, b] for a in range(-1, 6) for b in range(9)], dtype=float)
        how = {"radius": radius, "result": "connectivity", "algorithm": algorithm}
        got = rows("within_radius", within_radius.State(tuples(points)), values, **how)
        assert_close(got, graph.transform(values).toarray(), least=len(values), most=len(values))


@pytest.mark.parametrize("steps", [1, 2, 3, 5])
def test_chi2_features_are_those_of_the_sampler(steps: int) -> None:
    sampler = AdditiveChi2Sampler(sample_steps=steps, sample_interval=0.25 if steps > 3 else None)
    values = np.abs(np.vstack([X, HARD]))
    got = rows("chi2_features", None, values, sample_steps=steps, sample_interval=sampler.sample_interval)
    want = sampler.fit_transform(values).reshape(len(values), 2 * steps - 1, 4).swapaxes(1, 2).reshape(len(values), -1)
    assert_close(got, want, least=len(values), most=len(values))


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("k", [1, 4])
def test_nulls_become_averages_of_the_nearest_rows(weights: str, k: int) -> None:
    """Of scaled columns: where they are of very different sizes, weights are noise to scikit-learn in more rows."""
    source = np.random.default_rng(6)
    table = source.normal(size=(240, 4))
    table[source.random(table.shape) < [0.1, 0.2, 0.3, 0.6]] = np.nan
    train, values = table[:40], np.vstack([table, np.full((1, 4), np.nan), table[:4] * 1e9])
    imputer = KNNImputer(n_neighbors=k, weights=weights).fit(train)
    state = knn_impute.State(
        tuples(np.nan_to_num(train)),
        tuples((~np.isnan(train)).astype(float)),
        tuple(np.nanmean(train, axis=0).tolist()),
        (True,) * 4,
    )
    columns = {f"x{i}": "float64?" for i in range(4)}
    graph = harness.Graph(harness.build(OPS["knn_impute"], {"k": k, "weights": weights}, columns, state))
    with_nulls = [[None if v != v else v for v in row] for row in values.tolist()]
    assert_close(graph.run(with_nulls), imputer.transform(values), least=len(table) + 1, most=len(values))
