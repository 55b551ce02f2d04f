"""The classes of scikit-learn whose `transform` is the distances from the centres of clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from skc.op import refuse
from skc.ops.distance import distances
from skc.ops.distance._metrics import points_of
from skc.ops.distance._neighbours import nearest_class
from skc.ops.linear._steps import choose, mapped
from skc.translation import Claim, Columns, Model


def _to_centres(attribute: str) -> Callable[[Any, Columns], Columns]:
    def read(estimator: Any, x: Columns) -> Columns:
        state = distances.State(points_of(getattr(estimator, attribute)))
        return x.floats(null="error").apply(distances.OP, distances.Params(), state, is_finite=True)

    return read


def _nearest_centre(estimator: Any, x: Columns) -> Model:
    """The cluster with the least c·c - 2 x·c, as scikit-learn finds it."""
    if not len(getattr(estimator, "cluster_centers_", ())):
        hint = "fit it with another affinity, or until it converges"
        raise refuse("SKC151", "the estimator has no centres of clusters, so it predicts nothing", hint=hint)
    centres = np.asarray(estimator.cluster_centers_, dtype=np.float64)
    if len(centres) == 1:
        hint = "fit more clusters, or use `transform`, the distance from the centre"
        raise refuse("SKC151", "with one cluster, the prediction is a constant", hint=hint)
    scores = mapped(x, 2 * centres.T, noise=True, intercept=-(centres * centres).sum(axis=1))
    return Model(choose(scores, np.arange(len(centres)), "columns"))


def _nearest_subcluster(birch: Any, x: Columns) -> Model:
    """The cluster that the nearest subcluster belongs to."""
    labels, places = np.unique(birch.subcluster_labels_, return_inverse=True)
    return Model(nearest_class(x, birch.subcluster_centers_, places, labels, "euclidean"))


def _clusters(ignored: str, *, predicts: bool = True) -> Claim:
    common = "n_clusters init n_init max_iter tol verbose random_state"
    predict = _nearest_centre if predicts else None
    return Claim(_to_centres("cluster_centers_"), (), (*common.split(), *ignored.split()), predict)


_AFFINITY = "affinity convergence_iter copy damping max_iter preference random_state verbose"
_SHIFT = "bandwidth bin_seeding cluster_all max_iter min_bin_freq n_jobs seeds"
SKLEARN: Mapping[str, Claim] = {
    "sklearn.cluster.AffinityPropagation": Claim(None, (), tuple(_AFFINITY.split()), _nearest_centre),
    "sklearn.cluster.MeanShift": Claim(None, (), tuple(_SHIFT.split()), _nearest_centre),
    "sklearn.cluster.KMeans": _clusters("copy_x algorithm"),
    "sklearn.cluster.MiniBatchKMeans": _clusters(
        "batch_size compute_labels max_no_improvement init_size reassignment_ratio"
    ),
    # its prediction descends a tree of clusters
    "sklearn.cluster.BisectingKMeans": _clusters("copy_x algorithm bisecting_strategy", predicts=False),
    "sklearn.cluster.Birch": Claim(
        _to_centres("subcluster_centers_"),
        (),
        ("threshold", "branching_factor", "n_clusters", "compute_labels", "copy"),
        _nearest_subcluster,
    ),
}
