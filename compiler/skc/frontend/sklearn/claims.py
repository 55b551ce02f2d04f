"""Which op, or which part of this front end, a class of scikit-learn becomes; and the refusal of any other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skc.diagnostics import SkcError, fail
from skc.ops import OPS
from skc.translation import Claim

CLAIMS: Mapping[str, Claim] = {name: claim for op in OPS.values() for name, claim in op.sklearn.items()}


def class_name(estimator: Any) -> str:
    """The name under which a class is imported: `sklearn.preprocessing.StandardScaler`.

    Why: the private module that defines it (`sklearn.preprocessing._data`) differs between versions.
    """
    cls = type(estimator)
    parts = cls.__module__.split(".")
    private = next((i for i, part in enumerate(parts) if part.startswith("_") and part != "__main__"), len(parts))
    return ".".join([*parts[:private], cls.__qualname__])


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
        return fail("SKC150", f"`{name}` is not a class of scikit-learn", hint=hint)
    hint = "apply this step outside the artifact, after its features, or replace it by one that compiles"
    return fail("SKC150", f"`{name}` does not compile", hint=hint)


def check_parameters(estimator: Any, claim: Claim) -> None:
    """Refuse parameters that the claim does not know: a newer scikit-learn may have added one that matters."""
    unknown = sorted({*estimator.get_params(deep=False)} - {*claim.parameters} - {*claim.ignored})
    if unknown:
        raise fail(
            "SKC151",
            f"`{class_name(estimator)}` has a parameter that skc does not know: `{unknown[0]}`",
            hint="install the newest skc, or a version of scikit-learn that it knows",
        )
