"""The ops of linear models against scikit-learn and SciPy, on ordinary rows and on those that a sum makes noise of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import op_harness as harness
import pytest
from sklearn.cross_decomposition import PLSRegression
from sklearn.decomposition import PCA, sparse_encode
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # makes the next import work
from sklearn.impute import IterativeImputer
from sklearn.kernel_approximation import PolynomialCountSketch
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neural_network import MLPRegressor
from sklearn.utils.multiclass import _ovr_decision_function

from skc.ops import OPS
from skc.ops.linear import (
    class_of,
    class_probability,
    count_sketch,
    gaussian_scores,
    iterative_impute,
    linear_map,
    match_atom,
    mlp,
    one_vs_one,
)

R = np.random.default_rng(5)
X = R.normal(size=(200, 4)) * [1, 10, 0.1, 1e3] + [0, 5, 0, 1e4]
HARD = np.array([[1e15, -3e15, 1e9, 0], [5e-324, 0, -0.0, 1], [1e300, 1, 1, 1], [0, 0, 0, 1e4]])


def rows(op: str, state: Any, values: Any, **params: Any) -> harness.Run:
    """What the graph of an op gives."""
    columns = {f"x{k}": "float64" for k in range(values.shape[1])}
    return harness.Graph(harness.build(OPS[op], params, columns, state)).run(values.tolist())


def tuples(matrix: Any) -> Any:
    return tuple(map(tuple, matrix.tolist()))


@pytest.mark.parametrize("whiten", [True, False])
def test_linear_map_is_a_pca(whiten: bool) -> None:
    pca = PCA(3, whiten=whiten).fit(X)
    state = linear_map.State(
        tuples(pca.components_.T),
        intercept=tuple((-(pca.mean_ @ pca.components_.T)).tolist()),
        divisor=tuple(np.sqrt(pca.explained_variance_).tolist()) if whiten else (),
    )
    assert_close(rows("linear_map", state, np.vstack([X, HARD])), pca.transform(np.vstack([X, HARD])), least=201)


@pytest.mark.filterwarnings("ignore:.*Early stopping")
def test_iterative_impute() -> None:
    """Wide, a third of it missing, and nearly dependent: the errors of single operations add up, and matter nowhere."""
    known = np.hstack([X, X @ R.normal(size=(4, 6)) + R.normal(size=(200, 6))]) * 0.01
    values = np.where(R.random(known.shape) < 0.33, np.nan, known)
    imputer = IterativeImputer(max_iter=5, min_value=-20).fit(values)
    steps = [(int(t), np.bincount(o, m.coef_, 10), m.intercept_) for t, o, m in imputer.imputation_sequence_]
    targets, weights, intercepts = zip(*steps, strict=True)
    state = iterative_impute.State(
        tuple(imputer.initial_imputer_.statistics_.tolist()),
        targets,
        tuples(np.array(weights)),
        tuple(map(float, intercepts)),
        (-20.0,) * 10,
        (np.inf,) * 10,
    )
    assert_close(rows("iterative_impute", state, values), imputer.transform(values), least=200)


def test_linear_map_is_a_regression_of_scaled_columns() -> None:
    pls = PLSRegression(2).fit(X, X[:, :2] @ [[1.0], [2.0]] + R.normal(size=(200, 1)))
    state = linear_map.State(
        tuples(pls.x_rotations_), offset=tuple(pls._x_mean.tolist()), scale=tuple(pls._x_std.tolist())
    )
    assert_close(rows("linear_map", state, X), pls.transform(X), least=200)


@pytest.mark.parametrize("labels", [("b", "a", "c"), (3, -1, 2**60), (3.0, -1.0, 7.0)])
def test_class_of_is_the_argmax_of_a_classifier(labels: Any) -> None:
    """Also where scores are equal."""
    y = R.integers(0, 3, 200)
    model = LogisticRegression(max_iter=200).fit(X / X.std(axis=0), np.array(labels)[y])
    scores = np.vstack([model.decision_function(X / X.std(axis=0)), np.zeros((1, 3)), [[1, 2, 2]]])
    dtype = {str: "string", int: "int64", float: "float64"}[type(labels[0])]
    got = rows("class_of", class_of.State(tuple(model.classes_.tolist())), scores, dtype=dtype)
    assert got.values[:-2, 0].tolist() == model.predict(X / X.std(axis=0)).tolist()
    assert got.values[-2:, 0].tolist() == model.classes_[[0, 1]].tolist()


@pytest.mark.parametrize("loss", ["log_loss", "modified_huber"])
@pytest.mark.parametrize("classes", [2, 3])
def test_class_probability_is_that_of_a_classifier(loss: str, classes: int) -> None:
    """Also of scores that no row has: the model's own scores are multiplied."""
    y = R.integers(0, classes, 200)
    scaled = X / X.std(axis=0)
    for model, link in (
        (SGDClassifier(loss=loss, random_state=1).fit(scaled, y), "one_vs_rest"),
        (LogisticRegression(max_iter=300).fit(scaled, y), "softmax"),
    ):
        link = "sigmoid" if classes == 2 else link
        link = "modified_huber" if loss == "modified_huber" and isinstance(model, SGDClassifier) else link
        for factor in (1, 1e-3, 100):
            model.coef_ *= factor
            scores = model.decision_function(scaled).reshape(200, -1)
            got = rows("class_probability", class_probability.State(("a", "b", "c")[:classes]), scores, link=link)
            assert_close(got, model.predict_proba(scaled), least=150)


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "identity"])
def test_mlp_is_a_network(activation: Any) -> None:
    scaled = X / X.std(axis=0)
    network = MLPRegressor(
        hidden_layer_sizes=(7, 3), activation=activation, max_iter=2000, random_state=1, solver="lbfgs"
    )
    network.fit(scaled, scaled[:, :2] @ [1.0, 2.0])
    weights = np.concatenate([weights.ravel() for weights in network.coefs_])
    state = mlp.State((4, 7, 3, 1), tuple(weights.tolist()), tuple(np.concatenate(network.intercepts_).tolist()))
    wide = np.vstack([scaled, scaled * 100])
    assert_close(rows("mlp", state, wide, activation=activation), network.predict(wide)[:, None], least=400)


def test_gaussian_scores_are_those_of_a_naive_bayes_classifier() -> None:
    """Also far from every class, and at its mean."""
    model = GaussianNB().fit(X, R.integers(0, 3, 200))
    intercepts = np.log(model.class_prior_) - np.log(2 * np.pi * model.var_).sum(axis=1) / 2
    state = gaussian_scores.State(tuple(intercepts.tolist()), tuples(model.theta_), tuples(model.var_))
    wide = np.vstack([X, model.theta_, X * 1e6, HARD])
    got = rows("gaussian_scores", state, wide)
    with np.errstate(over="ignore"):
        want = model.predict_joint_log_proba(wide)
    assert_close(replace(got, values=got.values[:, :3]), want, least=404)


def test_gaussian_scores_are_those_of_a_quadratic_discriminant_analysis() -> None:
    model = QuadraticDiscriminantAnalysis().fit(X, R.integers(0, 3, 200))
    intercepts = np.log(model.priors_) - np.log(model.scalings_).sum(axis=1) / 2
    parts = tuples(np.array(model.scalings_)), tuple(map(tuples, model.rotations_))
    state = gaussian_scores.State(tuple(intercepts.tolist()), tuples(model.means_), *parts)
    wide = np.vstack([X, model.means_, HARD])
    got = rows("gaussian_scores", state, wide)
    with np.errstate(over="ignore"):
        want = model.decision_function(wide)
    assert_close(replace(got, values=got.values[:, :3]), want, least=204)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_one_vs_one_is_the_vote_of_scikit_learn(classes: int) -> None:
    pairs = classes * (classes - 1) // 2
    decisions = R.normal(size=(300, pairs)) * 10.0 ** R.integers(-5, 3, size=(300, pairs))
    want = _ovr_decision_function(decisions > 0, decisions, classes)
    state = one_vs_one.State(tuple("abcdef"[:classes]))
    got = rows("one_vs_one", state, decisions, output="scores", noise="relative")
    assert_close(replace(got, values=got.values[:, :classes]), want, least=300)
    votes = rows("one_vs_one", state, decisions, output="votes", noise="relative")
    assert not votes.guards
    assert (votes.values == np.round(want)).all()


def test_match_atom_is_a_pursuit_of_one_atom() -> None:
    atoms = np.random.default_rng(7).normal(size=(5, 3)) * [[1], [2], [0.1], [1], [3]]
    values = np.random.default_rng(8).normal(size=(300, 3))
    products = values @ atoms.T
    state = match_atom.State(tuple((atoms**2).sum(axis=1).tolist()))
    got = rows("match_atom", state, np.hstack([products, np.full_like(products, 1e-15)]))
    assert_close(got, sparse_encode(values, atoms, algorithm="omp", n_nonzero_coefs=1), least=300)


@pytest.mark.parametrize(("degree", "components", "constant"), [(1, 7, 0.0), (2, 8, 0.0), (3, 33, 2.0)])
def test_count_sketch_is_that_of_a_polynomial_kernel(degree: int, components: int, constant: float) -> None:
    sketch = PolynomialCountSketch(gamma=0.5, degree=degree, coef0=constant, n_components=components, random_state=0)
    values = np.random.default_rng(9).normal(size=(200, 4))
    sketch.fit(values)
    state = count_sketch.State(
        tuples(sketch.indexHash_), tuples(sketch.bitHash_), float(np.sqrt(0.5)), float(np.sqrt(constant))
    )
    assert_close(rows("count_sketch", state, values, components=components), sketch.transform(values), least=200)


def assert_close(got: harness.Run, want: Any, least: int) -> None:
    """Equal to 1e-6 in every row that is served, and so many are."""
    served = np.ones(len(want), bool)
    served[[row for _, row, _ in got.guards]] = False
    assert served.sum() >= least
    error = np.abs(got.values[served] - want[served]) / np.maximum(1, np.abs(want[served]))
    assert error.max() <= 1e-6
