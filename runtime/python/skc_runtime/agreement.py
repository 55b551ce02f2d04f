"""When two values of an output agree. Decided here for the compiler, golden replay, the tests and conformance.

Why here: golden replay must not import the compiler, and a second definition is where a wrong value slips through.
`schemas/agreement.v1.json` lists pairs of values on which definitions differ; every language is tried on them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from skc_runtime.kinds import Array

TOLERANCE = 1e-6


def agree(got: Array, want: Array, exact: Array | Sequence[bool] | bool) -> Array:
    """bool, per position, of arrays of one shape: the same bits or, in a float that is not `exact`, near enough.

    Near enough is |got - want| <= 1e-6 max(1, |want|), in float64. An infinity agrees only with itself, and a NaN with
    any NaN. `exact` is broadcast. Values of different types never agree. Raises ValueError for two shapes.
    """
    if got.dtype != want.dtype:
        return np.zeros(want.shape, dtype=bool)
    same = same_bits(got, want)
    if want.dtype.kind != "f":
        return same
    a, b = got.astype(np.float64), want.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        near = np.abs(a - b) <= TOLERANCE * np.maximum(1.0, np.abs(b))
    # the bound of an infinity is infinite: any value would pass for it
    return np.asarray(same | (near & np.isfinite(b) & ~np.asarray(exact, dtype=bool)))


def same_bits(a: Array, b: Array) -> Array:
    """bool, per position, of arrays of one type and shape: the same bits for floats (any NaN agrees with any), equality
    for the rest. Raises ValueError for two shapes: broadcast, no row at all would agree with one.
    """
    if a.shape != b.shape:
        raise ValueError(f"arrays of the shapes {a.shape} and {b.shape} have no positions in common")
    if a.dtype.kind != "f":
        return np.asarray(a == b)
    unsigned = np.uint64 if a.dtype == np.float64 else np.uint32
    equal = np.ascontiguousarray(a).view(unsigned) == np.ascontiguousarray(b).view(unsigned)
    return np.asarray(equal | (np.isnan(a) & np.isnan(b)))
