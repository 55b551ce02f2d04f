"""When two values of an output agree: the single definition for the compiler, golden replay, tests and conformance.

Why here: golden replay must not import the compiler, and with a second definition a wrong value could slip through.
`schemas/agreement.v1.json` lists pairs of values on which definitions tend to differ; every language is tested on them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skc_runtime.kinds import Array

TOLERANCE = 1e-6


def agree(got: Array, want: Array, exact: Array | Sequence[bool] | bool) -> Array:
    """bool, per position, for arrays of the same shape: identical bits or, for a float that is not `exact`, close.

    Close means |got - want| <= 1e-6 max(1, |want|), in float64. An infinity agrees only with itself, and a NaN with any
    NaN. `exact` is broadcast. Values of different types never agree. Raises ValueError if the shapes differ.
    """
    if got.dtype != want.dtype:
        return np.zeros(want.shape, dtype=bool)
    identical = same_bits(got, want)
    if want.dtype.kind != "f":
        return identical
    a, b = got.astype(np.float64), want.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(a - b) <= allowed_error(b)
    # the tolerance for an infinity is infinite: any value would be accepted
    return np.asarray(identical | (near & np.isfinite(b) & ~np.asarray(exact, dtype=bool)))


def allowed_error(want: Array) -> Array:
    """By how much a float that is not exact may differ from these."""
    return np.asarray(TOLERANCE * np.maximum(1.0, np.abs(want)))


def same_bits(a: Array, b: Array) -> Array:
    """bool, per position, for arrays of the same shape: identical bits for floats of one type (all NaNs agree),
    equality for the rest. Raises ValueError if the shapes differ: with broadcasting, no rows would agree with one row.
    """
    if a.shape != b.shape:
        raise ValueError(f"arrays of the shapes {a.shape} and {b.shape} have no positions in common")
    if "f" not in (a.dtype.kind, b.dtype.kind):
        return np.asarray(a == b)
    if a.dtype != b.dtype:
        return np.zeros(a.shape, dtype=bool)
    unsigned = np.uint64 if a.dtype == np.float64 else np.uint32
    equal = np.ascontiguousarray(a).view(unsigned) == np.ascontiguousarray(b).view(unsigned)
    return np.asarray(equal | (np.isnan(a) & np.isnan(b)))
