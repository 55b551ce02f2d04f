"""Sums of float64 columns, independent of the order of rows and correctly rounded, with the + and − of any engine.

Why: floating-point addition is not associative, so an engine's own sum depends on threads, partitions and versions.

How: take n values, none larger than m in magnitude, and M = 1.5·2^e with 2^e ≥ 2·n·m. The part q = (x + M) − M of
every x is a multiple of u = 2^(e−52), and n of them together stay below 2^e: every partial sum is a multiple of u of
at most 53 bits, so adding them is exact in any order. The remainder r = x − q is exact too, and |r| ≤ 2^(e−53), which
gives the next M without looking at the data. For 2,000,000 values three parts cover the first 90 bits below the
largest, enough for most columns (squares need four); if a remainder is left, the same is repeated until it is zero for
every row. So the total is exact for any data; it is kept as a fraction and rounded once.
(Demmel and Nguyen, "Fast reproducible floating-point summation", 2013, without state between rows.)

If 2·n·m would overflow, values of at least 1 are summed as x·2^−200, which is exact for them, and those below 1
separately.
"""

from __future__ import annotations

import math

from skc.diagnostics import bug

LEAST_EXPONENT = -1022  # with M = 1.5·2^-1022 every part is a multiple of the least denormal: nothing is left
SCALE = 200


def splitter(count: int, bound: float, k: int) -> float:
    """M of the k-th part: 2·count·2^(e−53) is the next 2·n·m."""
    e = max(_first_exponent(count, bound), LEAST_EXPONENT)
    for _ in range(k):
        e = max(e + count.bit_length() - 52, LEAST_EXPONENT)
    return 1.5 * 2.0**e


def must_scale(count: int, bound: float) -> bool:
    """M would overflow."""
    if not math.isfinite(bound) or count >= 2**45:
        raise bug(f"a sum of {count} values up to {bound}")
    return _first_exponent(count, bound) >= 1023


def _first_exponent(count: int, bound: float) -> int:
    """An e with 2^e >= 2·count·bound, the least that counting bits can guarantee."""
    return math.frexp(bound)[1] + count.bit_length() + 1
