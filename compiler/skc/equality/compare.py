"""Whether two outputs agree: shape and dtype first, missing positions next, then values, by `agree`.

The distance in units in the last place is reported for every float column, even where it does not decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from skc_runtime.agreement import agree, same_bits
from skc_runtime.kinds import Array


@dataclass(frozen=True)
class Comparison:
    """`differs` is bool [N, K]. Per column, over positions where both have a value: `worst_ulp`, and
    `worst_error`, the greatest |a - b| / max(1, |b|).
    """

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
    ignore: Array | None = None,
) -> Comparison:
    """Compare [N, K] with [N, K]. `ignore_rows` (bool [N]) leaves out rows that a guard refused in both, `ignore`
    (bool [N, K]) single positions.
    """
    n, k = want.shape
    if got.shape != want.shape or got.dtype != want.dtype or (got_valid is None) != (want_valid is None):
        return Comparison(np.ones((n, k), dtype=bool), (0,) * k, (float("inf"),) * k)
    considered = np.ones((n, k), dtype=bool)
    if ignore_rows is not None:
        considered &= ~ignore_rows[:, None]
    if ignore is not None:
        considered &= ~ignore
    got_present, want_present = _present(got, got_valid), _present(want, want_valid)
    missing_differs = got_present != want_present
    present_on_both = got_present & want_present & considered
    if want.dtype.kind != "f":
        differs = missing_differs | (present_on_both & (got != want))
        return Comparison(differs & considered, (0,) * k, (0.0,) * k)
    differs = missing_differs & considered
    ulps, errors = np.zeros(k, dtype=np.uint64), np.zeros(k)
    rows, columns = np.nonzero(present_on_both & ~same_bits(got, want))  # usually few
    if len(rows):
        a, b = got[rows, columns], want[rows, columns]
        np.maximum.at(ulps, columns, ulp_distance(a, b))
        np.maximum.at(errors, columns, _errors(a, b))
        differs[rows, columns] = ~agree(a, b, np.array(exact, dtype=bool)[columns])
    return Comparison(differs, tuple(int(u) for u in ulps), tuple(float(e) for e in errors))


def _errors(got: Array, want: Array) -> Array:
    """|a - b| / max(1, |b|) of numbers [M]; infinite where either is, unless they are equal."""
    a, b = got.astype(np.float64), want.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.where(a != b, np.abs(a - b), 0.0)
        return np.where(np.isinf(error), error, error / np.maximum(1.0, np.abs(b)))


def _present(values: Array, valid: Array | None) -> Array:
    if values.dtype.kind == "f":
        return np.asarray(~np.isnan(values))
    return np.ones(values.shape, dtype=bool) if valid is None else valid


def ulp_distance(a: Array, b: Array) -> Array:
    """uint64: how many representable floats apart a and b are. -0.0 and 0.0 are one apart."""
    return np.where(_ordinal(a) > _ordinal(b), _ordinal(a) - _ordinal(b), _ordinal(b) - _ordinal(a))


def _ordinal(x: Array) -> Array:
    """The index of each float among those of its type, counted from the least: adjacent floats are one apart."""
    bits: Array
    if x.dtype == np.float64:
        bits, sign = np.ascontiguousarray(x).view(np.uint64), np.uint64(1 << 63)
    else:  # float32: the same in a wider integer
        bits, sign = np.ascontiguousarray(x).view(np.uint32).astype(np.uint64), np.uint64(1 << 31)
    is_negative = (bits & sign) != 0
    return np.where(is_negative, sign - (bits ^ sign) - np.uint64(1), bits | sign)
