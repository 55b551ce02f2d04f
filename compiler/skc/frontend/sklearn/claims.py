"""Which op, or which part of this front end, a class of an estimator becomes; and the refusal of any other."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from skc.diagnostics import SkcError, fail
from skc.ops import OPS
from skc.translation import Claim

CLAIMS: Mapping[str, Claim] = {name: claim for op in OPS.values() for name, claim in op.sklearn.items()}
_BATCH = "it iterates until the whole batch converges, so a row of it depends on the other rows"
_FITTED_ROWS = "it has no `transform`: it places only the rows that it was fitted on"
# Classes that no op can claim, and why: a compiled row depends on nothing but itself, and a request holds single values
CANNOT: Mapping[str, str] = {
    "sklearn.decomposition.LatentDirichletAllocation": _BATCH,
    "sklearn.decomposition.MiniBatchNMF": _BATCH,
    "sklearn.decomposition.NMF": _BATCH,
    "sklearn.feature_extraction.image.PatchExtractor": "its rows are images, and it makes several rows of each",
    "sklearn.manifold.ClassicalMDS": _FITTED_ROWS,
    "sklearn.manifold.LocallyLinearEmbedding": "it solves a system of linear equations for each row",
    "sklearn.manifold.MDS": _FITTED_ROWS,
    "sklearn.manifold.SpectralEmbedding": _FITTED_ROWS,
    "sklearn.manifold.TSNE": _FITTED_ROWS,
    "sklearn.preprocessing.MultiLabelBinarizer": "its rows are sets of any size, and an input holds a single value",
}

# Models that no op claims, and why; each with the nearest model that compiles.
NO_MODEL: Mapping[str, tuple[str, str]] = {
    "sklearn.cluster.BisectingKMeans": ("its prediction descends a tree of clusters", "KMeans"),
    "sklearn.dummy.DummyClassifier": ("its prediction is a constant, whatever the row", ""),
    "sklearn.dummy.DummyRegressor": ("its prediction is a constant, whatever the row", ""),
    "sklearn.gaussian_process.GaussianProcessClassifier": (
        "its kernel is an expression of kernels, and its probability an integral",
        "CalibratedClassifierCV(SVC())",
    ),
    "sklearn.neighbors.LocalOutlierFactor": (
        "its score is a ratio of densities that each need the neighbours of neighbours",
        "IsolationForest",
    ),
    "sklearn.semi_supervised.LabelPropagation": (
        "far from the training rows, its probabilities are 0 divided by 0",
        "SelfTrainingClassifier",
    ),
    "sklearn.semi_supervised.LabelSpreading": (
        "far from the training rows, its probabilities are 0 divided by 0",
        "SelfTrainingClassifier",
    ),
}


def class_name(estimator: Any) -> str:
    """The name under which a class is imported: `sklearn.preprocessing.StandardScaler`.

    Why: the private module that defines it (`sklearn.preprocessing._data`) differs between versions.
    """
    cls = type(estimator)
    parts = cls.__module__.split(".")
    private = next((i for i, part in enumerate(parts) if part.startswith("_") and part != "__main__"), len(parts))
    return ".".join([*parts[:private], cls.__qualname__])


def versions(estimator: Any) -> dict[str, str]:
    """The versions of scikit-learn and of the other libraries whose estimators are in one, by name."""
    import sklearn

    roots = {name.partition(".")[0] for name in CLAIMS} - {"sklearn"}
    inside = [estimator, *estimator.get_params(deep=True).values()]
    used = sorted({type(value).__module__.partition(".")[0] for value in inside} & roots)
    return {"scikit-learn": sklearn.__version__, **{root: sys.modules[root].__version__ for root in used}}


def claim_of(estimator: Any) -> Claim:
    """The claim on an estimator's class and on all of its parameters. Raises SKC150 and SKC151."""
    name = class_name(estimator)
    claim = CLAIMS.get(name)
    if claim is None:
        raise unclaimed(name)
    check_parameters(estimator, claim)
    return claim


def unclaimed(name: str) -> SkcError:
    """The refusal of a class that nothing claims."""
    if not name.startswith("sklearn."):
        hint = "skc cannot read what its code does: apply it before, or write it as a FunctionTransformer of ufuncs"
        return fail("SKC150", f"`{name}` is not a class that skc knows", hint=hint)
    if name in CANNOT:
        hint = "apply this step outside the artifact, before it or after its features"
        return fail("SKC150", f"`{name}` cannot be compiled: {CANNOT[name]}", hint=hint)
    if name in NO_MODEL:
        return no_model(name)
    hint = "apply this step outside the artifact, after its features, or replace it by one that compiles"
    return fail("SKC150", f"`{name}` does not compile", hint=hint)


def no_model(name: str) -> SkcError:
    """The refusal of a class whose predictions nothing claims."""
    if name in NO_MODEL:
        reason, instead = NO_MODEL[name]
        hint = "serve the constant without an artifact"
        if instead:
            hint = f"use {instead}, or compile the steps before it, `pipeline[:-1]`, and run it on their features"
        return fail("SKC150", f"predictions of `{name}` do not compile: {reason}", hint=hint)
    hint = "compile the steps before it, `pipeline[:-1]`, and run the model on the features that they give"
    return fail("SKC150", f"predictions of `{name}` do not compile", hint=hint)


def check_parameters(estimator: Any, claim: Claim) -> None:
    """Refuse parameters that the claim does not know: a newer scikit-learn may have added one that matters."""
    unknown = sorted({*estimator.get_params(deep=False)} - {*claim.parameters} - {*claim.ignored})
    if unknown:
        raise fail(
            "SKC151",
            f"`{class_name(estimator)}` has a parameter that skc does not know: `{unknown[0]}`",
            hint="install the newest skc, or a version of scikit-learn that it knows",
        )
