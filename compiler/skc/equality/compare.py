"""When two outputs agree. Defined once: shape and dtype first, missing positions next, then values.

Exact columns agree when integers, strings and bits do; the sign of zero counts, the payload of a NaN does not. The
others agree when |a - b| <= 1e-6 max(1, |b|), or both are the same infinity. The distance in units in the last place is
reported for every float column, whether or not it decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skc.values.types import Array

TOLERANCE = 1e-6


@dataclass(frozen=True)
class Comparison:
    """`differs` is bool [N, K]; Per column, over positions where both have a value: `worst_ulp`, and
    `worst_error`, the greatest |a - b| / max(1, |b|)."""

    differs: Array
    worst_ulp: tuple[int, ...]
    worst_error: tuple[float, ...]


def compare(
    got: Array,
    want: Array,
    exact: Sequence[bool],
    *,
    got_valid: Array | None = None,
    want_valid: Array | None = None,
    ignore_rows: Array | None = None,
) -> Comparison:
    """Compare [N, K] with [N, K]. `ignore_rows` (bool [N]) leaves out rows that a guard refused in both."""
    n, k = want.shape
    if got.shape != want.shape or got.dtype != want.dtype or (got_valid is None) != (want_valid is None):
        return Comparison(np.ones((n, k), dtype=bool), (0,) * k, (float("inf"),) * k)
    considered = np.ones((n, k), dtype=bool)
    if ignore_rows is not None:
        considered &= ~ignore_rows[:, None]
    got_present, want_present = _present(got, got_valid), _present(want, want_valid)
    missing_differs = got_present != want_present
    both = got_present & want_present & considered
    if want.dtype.kind != "f":
        differs = missing_differs | (both & (got != want))
        return Comparison(differs & considered, (0,) * k, (0.0,) * k)
    differs = missing_differs & considered
    ulps, errors = np.zeros(k, dtype=np.uint64), np.zeros(k)
    at, columns = np.nonzero(both & ~same_bits(got, want))  # few, mostly
    if len(at):
        distance, error, is_near = _distances(got[at, columns], want[at, columns])
        np.maximum.at(ulps, columns, distance)
        np.maximum.at(errors, columns, error)
        differs[at, columns] = np.array(exact, dtype=bool)[columns] | ~is_near
    return Comparison(differs, tuple(int(u) for u in ulps), tuple(float(e) for e in errors))


def _distances(got: Array, want: Array) -> tuple[Array, Array, Array]:
    """Of numbers [M] whose bits differ: the distance in ulp, |a - b| / max(1, |b|), and whether 1e-6 lets it pass."""
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.where(got != want, np.abs(got.astype(np.float64) - want.astype(np.float64)), 0.0)
        # an infinite bound would let any value pass for an infinity
        bound = np.where(np.isfinite(want), TOLERANCE * np.maximum(1.0, np.abs(want)), 0.0)
        relative = np.where(np.isinf(error), error, error / np.maximum(1.0, np.abs(want)))
        return ulp_distance(got, want), relative, np.asarray((got == want) | (error <= bound))


def _present(values: Array, valid: Array | None) -> Array:
    if values.dtype.kind == "f":
        return np.asarray(~np.isnan(values))
    return np.ones(values.shape, dtype=bool) if valid is None else valid


def ulp_distance(a: Array, b: Array) -> Array:
    """uint64: how many floats of their type lie between a and b. -0.0 and 0.0 are one apart."""
    return np.where(_ordinal(a) > _ordinal(b), _ordinal(a) - _ordinal(b), _ordinal(b) - _ordinal(a))


def _ordinal(x: Array) -> Array:
    """The floats of a type, counted from the least: neighbouring floats have neighbouring numbers."""
    bits: Array
    if x.dtype == np.float64:
        bits, sign = np.ascontiguousarray(x).view(np.uint64), np.uint64(1 << 63)
    else:  # float32: its bits with room to spare
        bits, sign = np.ascontiguousarray(x).view(np.uint32).astype(np.uint64), np.uint64(1 << 31)
    is_negative = (bits & sign) != 0
    return np.where(is_negative, sign - (bits ^ sign) - np.uint64(1), bits | sign)


def same_bits(a: Array, b: Array) -> Array:
    """bool [N, K]: the same bits for floats (any NaN equals any), equality for the rest."""
    if a.dtype.kind != "f":
        return np.asarray(a == b)
    unsigned = np.uint64 if a.dtype == np.float64 else np.uint32
    equal = np.ascontiguousarray(a).view(unsigned) == np.ascontiguousarray(b).view(unsigned)
    return np.asarray(equal | (np.isnan(a) & np.isnan(b)))
