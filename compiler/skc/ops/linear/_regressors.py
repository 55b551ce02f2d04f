"""The regressors of scikit-learn that are one product with a matrix, and those that have its exponential."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._projections import pls
from skc.ops.linear._steps import exponential, is_of, mapped
from skc.translation import Claim, Columns, Model
from skc_runtime.kinds import Array


def coefficients(model: Any) -> Array:
    """[K, M]."""
    return np.atleast_2d(np.asarray(model.coef_)).T


def intercepts(model: Any, width: int) -> Array:
    """[M]; also of a model that has one number for all results, or was fitted without."""
    return np.broadcast_to(np.asarray(model.intercept_, dtype=np.float64).ravel(), (width,))


def linear_parts(model: Any) -> tuple[Array, float] | None:
    """The weights [K] and the intercept of a regressor that is one product and has one target; None for any other."""
    names = {(name.split(".")[1], name.split(".")[-1]) for name, claim in SKLEARN.items() if claim.predict is _linear}
    package, cls = type(model).__module__.split("."), type(model).__name__
    if (
        package[0] != "sklearn"
        or (package[1], cls) not in names
        or np.asarray(model.coef_).size != model.n_features_in_
    ):
        return None
    return coefficients(model)[:, 0], float(intercepts(model, 1)[0])


def _linear(model: Any, x: Columns) -> Model:
    weights = coefficients(model)
    return Model(mapped(x, weights, intercept=intercepts(model, weights.shape[1])))


def _generalised(model: Any, x: Columns) -> Model:
    """The inverse of the link: none, or the exponential."""
    link = type(model._base_loss.link).__name__
    if link not in ("IdentityLink", "LogLink"):
        raise refuse("SKC151", f"the link {link} does not compile", hint="use `link='log'` or `link='identity'`")
    prediction = _linear(model, x).prediction
    return Model(exponential(prediction) if link == "LogLink" else prediction)


def _partial_least_squares(model: Any, x: Columns) -> Model:
    weights = coefficients(model)
    if not is_of(model, 1, 5):  # there, the coefficients are those of scaled columns
        weights = weights / np.asarray(model._x_std)[:, None]
    return Model(mapped(x, weights, intercept=intercepts(model, weights.shape[1]), offset=model._x_mean))


def _claims(names: str, predict: Any = _linear) -> Mapping[str, Claim]:
    """Of lines `Class: parameters`: none changes a prediction once the model is fitted."""
    lines = [line.split(": ") for line in names.strip().splitlines()]
    return {name.strip(): Claim(None, (), tuple(ignored.split()), predict) for name, ignored in lines}


LINEAR = """
sklearn.linear_model.ARDRegression: alpha_1 alpha_2 compute_score copy_X fit_intercept lambda_1 lambda_2 max_iter n_iter threshold_lambda tol verbose
sklearn.linear_model.BayesianRidge: alpha_1 alpha_2 alpha_init compute_score copy_X fit_intercept lambda_1 lambda_2 lambda_init max_iter n_iter tol verbose
sklearn.linear_model.ElasticNet: alpha copy_X fit_intercept l1_ratio max_iter positive precompute random_state selection tol warm_start
sklearn.linear_model.ElasticNetCV: alphas copy_X cv eps fit_intercept l1_ratio max_iter n_alphas n_jobs positive precompute random_state selection tol verbose
sklearn.linear_model.HuberRegressor: alpha epsilon fit_intercept max_iter tol warm_start
sklearn.linear_model.Lars: copy_X eps fit_intercept fit_path jitter n_nonzero_coefs precompute random_state verbose
sklearn.linear_model.LarsCV: copy_X cv eps fit_intercept max_iter max_n_alphas n_jobs precompute verbose
sklearn.linear_model.Lasso: alpha copy_X fit_intercept max_iter positive precompute random_state selection tol warm_start
sklearn.linear_model.LassoCV: alphas copy_X cv eps fit_intercept max_iter n_alphas n_jobs positive precompute random_state selection tol verbose
sklearn.linear_model.LassoLars: alpha copy_X eps fit_intercept fit_path jitter max_iter positive precompute random_state verbose
sklearn.linear_model.LassoLarsCV: copy_X cv eps fit_intercept max_iter max_n_alphas n_jobs positive precompute verbose
sklearn.linear_model.LassoLarsIC: copy_X criterion eps fit_intercept max_iter noise_variance positive precompute verbose
sklearn.linear_model.LinearRegression: copy_X fit_intercept n_jobs positive tol
sklearn.linear_model.MultiTaskElasticNet: alpha copy_X fit_intercept l1_ratio max_iter random_state selection tol warm_start
sklearn.linear_model.MultiTaskElasticNetCV: alphas copy_X cv eps fit_intercept l1_ratio max_iter n_alphas n_jobs random_state selection tol verbose
sklearn.linear_model.MultiTaskLasso: alpha copy_X fit_intercept max_iter random_state selection tol warm_start
sklearn.linear_model.MultiTaskLassoCV: alphas copy_X cv eps fit_intercept max_iter n_alphas n_jobs random_state selection tol verbose
sklearn.linear_model.OrthogonalMatchingPursuit: fit_intercept n_nonzero_coefs precompute tol
sklearn.linear_model.OrthogonalMatchingPursuitCV: copy cv fit_intercept max_iter n_jobs verbose
sklearn.linear_model.PassiveAggressiveRegressor: C average early_stopping epsilon fit_intercept loss max_iter n_iter_no_change random_state shuffle tol validation_fraction verbose warm_start
sklearn.linear_model.QuantileRegressor: alpha fit_intercept quantile solver solver_options
sklearn.linear_model.Ridge: alpha copy_X fit_intercept max_iter positive random_state solver tol
sklearn.linear_model.RidgeCV: alpha_per_target alphas cv fit_intercept gcv_mode scoring store_cv_results store_cv_values
sklearn.linear_model.SGDRegressor: alpha average early_stopping epsilon eta0 fit_intercept l1_ratio learning_rate loss max_iter n_iter_no_change penalty power_t random_state shuffle tol validation_fraction verbose warm_start
sklearn.linear_model.TheilSenRegressor: copy_X fit_intercept max_iter max_subpopulation n_jobs n_subsamples random_state tol verbose
sklearn.svm.LinearSVR: C dual epsilon fit_intercept intercept_scaling loss max_iter random_state tol verbose
"""  # noqa: E501  # a table
GENERALISED = """
sklearn.linear_model.GammaRegressor: alpha fit_intercept max_iter solver tol verbose warm_start
sklearn.linear_model.PoissonRegressor: alpha fit_intercept max_iter solver tol verbose warm_start
sklearn.linear_model.TweedieRegressor: alpha fit_intercept link max_iter power solver tol verbose warm_start
"""
_PLS = ("n_components", "max_iter", "tol", "copy", "scale")
SKLEARN: Mapping[str, Claim] = {
    **_claims(LINEAR),
    **_claims(GENERALISED, _generalised),
    "sklearn.cross_decomposition.CCA": Claim(pls, (), _PLS, _partial_least_squares),
    "sklearn.cross_decomposition.PLSCanonical": Claim(pls, (), (*_PLS, "algorithm"), _partial_least_squares),
    "sklearn.cross_decomposition.PLSRegression": Claim(pls, (), _PLS, _partial_least_squares),
}
