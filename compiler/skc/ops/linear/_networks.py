"""The neural networks of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.linear._steps import choose, class_names, exponential, probabilities
from skc.translation import Claim, Columns, Model


def _forward(network: Any, x: Columns, *, noise: bool) -> Columns:
    from skc.ops.linear import mlp

    units = (network.coefs_[0].shape[0], *(weights.shape[1] for weights in network.coefs_))
    weights = np.concatenate([weights.ravel() for weights in network.coefs_]).astype(np.float64)
    state = mlp.State(
        units,
        tuple(weights.tolist()),
        tuple(np.concatenate(network.intercepts_).astype(np.float64).tolist()),
    )
    params = mlp.Params(activation=network.activation, noise=noise)
    return x.floats(null="error").apply(mlp.OP, params, state, is_finite=True)


def _regressor(network: Any, x: Columns) -> Model:
    if network.out_activation_ == "identity":
        return Model(_forward(network, x, noise=False))
    if network.out_activation_ == "exp" and network.n_outputs_ == 1:
        return Model(exponential(_forward(network, x, noise=False)))
    hint = "fit it with `loss='squared_error'`"
    raise refuse("SKC151", f"a network that ends in `{network.out_activation_}` does not compile", hint=hint)


def _classifier(network: Any, x: Columns) -> Model:
    if network._label_binarizer.y_type_.startswith("multilabel"):
        hint = "train one model for each label"
        raise refuse("SKC151", "a classifier of several labels at once does not compile", hint=hint)
    scores = _forward(network, x, noise=True)
    is_binary = network.out_activation_ == "logistic"
    if is_binary:
        probability = probabilities(scores.pick([0]), network.classes_, "sigmoid", "none")
    else:
        probability = probabilities(scores, network.classes_, "softmax", "columns")
    return Model(choose(scores, network.classes_, "columns"), probability, classes=class_names(network.classes_))


_IGNORED = """
    hidden_layer_sizes solver alpha batch_size learning_rate learning_rate_init power_t max_iter shuffle random_state
    tol verbose warm_start momentum nesterovs_momentum early_stopping validation_fraction beta_1 beta_2 epsilon
    n_iter_no_change max_fun
"""
SKLEARN: Mapping[str, Claim] = {
    "sklearn.neural_network.MLPRegressor": Claim(None, ("activation", "loss"), tuple(_IGNORED.split()), _regressor),
    "sklearn.neural_network.MLPClassifier": Claim(None, ("activation",), tuple(_IGNORED.split()), _classifier),
}
