"""The classes of scikit-learn that are a function of a product with a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.ops.distance._metrics import points_of
from skc.translation import Claim, Columns


def layered(x: Columns, weights: Any, intercept: Any, **params: Any) -> Columns:
    """A function of checked columns times [K, M] weights, plus an intercept."""
    from skc.ops.distance import layer  # the file of an op imports the claims on it

    offsets = np.broadcast_to(np.asarray(intercept, dtype=np.float64), (np.shape(weights)[1],))
    state = layer.State(points_of(weights), tuple(offsets.tolist()))
    return x.floats(null="error").apply(layer.OP, layer.Params(**params), state, is_finite=True)


def _rbf_sampler(sampler: Any, x: Columns) -> Columns:
    factor = float((2.0 / sampler.n_components) ** 0.5)
    return layered(x, sampler.random_weights_, sampler.random_offset_, function="cos", factor=factor)


def _skewed_chi2_sampler(sampler: Any, x: Columns) -> Columns:
    factor = float(np.sqrt(2.0) / np.sqrt(sampler.n_components))
    return layered(
        x,
        sampler.random_weights_,
        sampler.random_offset_,
        function="cos",
        factor=factor,
        shift=float(sampler.skewedness),
    )


def _boltzmann(machine: Any, x: Columns) -> Columns:
    return layered(x, machine.components_.T, machine.intercept_hidden_, function="logistic")


SKLEARN: Mapping[str, Claim] = {
    "sklearn.kernel_approximation.RBFSampler": Claim(_rbf_sampler, ("n_components",), ("gamma", "random_state")),
    "sklearn.kernel_approximation.SkewedChi2Sampler": Claim(
        _skewed_chi2_sampler, ("n_components", "skewedness"), ("random_state",)
    ),
    "sklearn.neural_network.BernoulliRBM": Claim(
        _boltzmann, (), ("n_components", "learning_rate", "batch_size", "n_iter", "verbose", "random_state")
    ),
}
