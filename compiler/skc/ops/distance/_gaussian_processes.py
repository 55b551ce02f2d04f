"""GaussianProcessRegressor of scikit-learn: its mean is a product of kernels between the row and the training rows.

Its kernel is an expression. Expanded, it is a sum of products; of each product there has to be an op: factors of
ConstantKernel and RBF, or one DotProduct, or a power of one. WhiteKernel is 0 between a row and the training rows.
scikit-learn subtracts before it squares, as the op `kernel` does, so its distances are not rounding noise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.distance._layers import layered
from skc.ops.distance._metrics import points_of
from skc.ops.linear._steps import mapped
from skc.translation import Columns, Model
from skc_runtime.kinds import Array

MOST_DEGREE = 16
LARGEST = 5e-7  # how far the last bits of the kernel values may move a prediction
ULP = 2.0**-52


@dataclass(frozen=True)
class Term:
    """A product: a constant, RBF kernels, and DotProduct kernels with their exponents."""

    constant: float
    scales: tuple[Array, ...] = ()
    products: tuple[tuple[float, int], ...] = ()  # sigma_0 and the exponent


def mean(model: Any, x: Columns) -> Model:
    """K(x, training rows) @ alpha, scaled back. Raises SKC151 for kernels that no op computes."""
    points = np.asarray(model.X_train_, dtype=np.float64)
    alpha = np.asarray(model.alpha_, dtype=np.float64)
    alpha = (alpha[:, None] if alpha.ndim == 1 else alpha) * np.asarray(model._y_train_std, dtype=np.float64)
    intercept = np.broadcast_to(np.asarray(model._y_train_mean, dtype=np.float64), alpha.shape[1:]).astype(np.float64)
    parts: list[Columns] = []
    weights: list[Array] = []
    for term in _terms(model.kernel_):
        scaled = term.constant * alpha
        if not term.scales and not term.products:
            intercept = intercept + scaled.sum(axis=0)
            continue
        parts.append(_values(term, x, points, scaled))
        weights.append(scaled)
    if not parts:
        parts, weights = [x], [np.zeros((len(x.names), alpha.shape[1]))]
    return Model(mapped(parts[0].beside(*parts[1:]), np.concatenate(weights), intercept=intercept))


def _values(term: Term, x: Columns, points: Array, weights: Array) -> Columns:
    """One column for each training row. Raises SKC151 where the last bit of a value moves the prediction too far."""
    from skc.ops.distance import kernel  # the file of an op imports the claims on it
    from skc.ops.numeric import standard_scale

    if term.products:
        ((sigma, exponent),) = term.products
        if exponent == 1:
            return mapped(x, points.T, intercept=np.full(len(points), sigma**2))
        return layered(x, points.T, sigma**2, function="power", degree=exponent)
    if float(np.abs(weights).sum(axis=0).max()) * ULP > LARGEST:
        hint = "raise `alpha`, or add a WhiteKernel, so that fitting does not have to cancel so much"
        raise refuse("SKC151", "its weights are so large that rounding errors show in its prediction", hint=hint)
    scale = 1.0 / np.sqrt(sum(1.0 / (length * length) for length in term.scales)) * np.ones(points.shape[1])
    if len(term.scales) == 1:  # to the bit as scikit-learn has it
        scale = term.scales[0] * np.ones(points.shape[1])
    columns = x.floats(null="error").apply(
        standard_scale.OP,
        standard_scale.Params(with_mean=False),
        standard_scale.State((0.0,) * len(scale), tuple(scale.tolist())),
        is_finite=True,
    )
    params = kernel.Params(kernel="rbf", gamma=0.5, error=0.0)
    return columns.apply(kernel.OP, params, kernel.State(points_of(points / scale)), is_finite=True)


def _terms(kernel: Any) -> Iterator[Term]:
    """The kernel as a sum of products."""
    name = type(kernel).__name__
    if name == "Sum":
        yield from (*_terms(kernel.k1), *_terms(kernel.k2))
    elif name == "Product":
        for one in _terms(kernel.k1):
            yield from (_product(one, other) for other in _terms(kernel.k2))
    elif name == "ConstantKernel":
        yield Term(float(kernel.constant_value))
    elif name == "RBF":
        yield Term(1.0, scales=(np.asarray(kernel.length_scale, dtype=np.float64),))
    elif name == "DotProduct":
        yield Term(1.0, products=((float(kernel.sigma_0), 1),))
    elif name == "Exponentiation" and type(kernel.kernel).__name__ == "DotProduct":
        exponent = float(kernel.exponent)
        if exponent != int(exponent) or not 1 <= exponent <= MOST_DEGREE:
            hint = f"use a whole exponent from 1 to {MOST_DEGREE}"
            raise refuse("SKC151", f"`DotProduct() ** {exponent}` does not compile", hint=hint)
        yield Term(1.0, products=((float(kernel.kernel.sigma_0), int(exponent)),))
    elif name != "WhiteKernel":
        raise refuse("SKC151", f"the kernel {name} does not compile", hint=HINT)


HINT = "use sums of ConstantKernel() * RBF(), DotProduct() ** 2 and WhiteKernel()"


def _product(one: Term, other: Term) -> Term:
    products = (*one.products, *other.products)
    scales = (*one.scales, *other.scales)
    if len(products) > 1 or (products and scales):
        raise refuse("SKC151", "a product of a DotProduct and another kernel does not compile", hint=HINT)
    return Term(one.constant * other.constant, scales, products)
