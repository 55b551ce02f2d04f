"""Sums of float64 columns, independent of the order of rows: exact, as fractions.

Why: floating-point addition is not associative, so a plain sum depends on threads, partitions and versions.

How: take n values, none larger than m in magnitude, and M = 1.5·2^e with 2^e ≥ 2·n·m. The part q = (x + M) − M of
every x is a multiple of u = 2^(e−52), and n of them together stay below 2^e: every partial sum is a multiple of u of
at most 53 bits, so adding them is exact in any order. The remainder r = x − q is exact too, and |r| ≤ 2^(e−53), which
gives the next M without looking at the data. For a block of BLOCK values each part covers 37 bits, so that two are
enough for most columns; the same is repeated until the remainder of every value is zero. So the total of a block is
exact for any data, as is the sum of blocks as fractions, however the rows are divided into them.
(Demmel and Nguyen, "Fast reproducible floating-point summation", 2013, without state between rows.)

If 2·n·m would overflow, values of at least 1 are summed as x·2^−200, which is exact for them, and those below 1
separately.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from skc.diagnostics import bug
from skc_runtime.kinds import Array

BLOCK = 1 << 15  # values: they and their parts stay in the processor's cache
LEAST_EXPONENT = -1022  # with M = 1.5·2^-1022 every part is a multiple of the least denormal: nothing is left
SCALE = 200


def exact_sum(values: Array) -> Fraction:
    """The sum of finite float64 values; NaN adds nothing."""
    return sum_of_blocks(values[start : start + BLOCK] for start in range(0, len(values), BLOCK))


def sum_of_blocks(blocks: Iterable[Array]) -> Fraction:
    """The same of arrays of at most BLOCK values each. Only two arrays are allocated, whatever their number."""
    rests, parts = np.empty(BLOCK), np.empty(BLOCK)
    total = Fraction(0)
    for block in blocks:
        rest, part = rests[: len(block)], parts[: len(block)]
        np.copyto(rest, block)
        if np.isnan(rest.max()):
            np.copyto(rest, 0.0, where=np.isnan(rest))
        total += _sum_of_block(rest, part)
    return total


def whole_sum(values: Array) -> int:
    """The sum of bools or of int64 values, fewer than 2^31, whose own sum may exceed 64 bits."""
    if values.dtype.kind == "b":
        return int(np.count_nonzero(values))
    high = values >> 32
    return (int(high.sum()) << 32) + int((values - (high << 32)).sum())


def _sum_of_block(rest: Array, part: Array) -> Fraction:
    """The sum of `rest`; both arrays are overwritten."""
    bound = float(max(rest.max(), -rest.min()))
    if _must_scale(len(rest), bound):
        is_large = np.abs(rest) >= 1.0
        large = np.where(is_large, rest * 2.0**-SCALE, 0.0)
        small = np.where(is_large, 0.0, rest)
        return Fraction(2**SCALE) * _sum_of_block(large, part) + _sum_of_block(small, part)
    total, k = Fraction(0), 0
    while rest.any():
        big = _splitter(len(rest), bound, k)
        np.add(rest, big, out=part)
        np.subtract(part, big, out=part)
        total += Fraction(float(part.sum()))
        np.subtract(rest, part, out=rest)
        k += 1
    return total


def _splitter(count: int, bound: float, k: int) -> float:
    """M of the k-th part: 2·count·2^(e−53) is the next 2·n·m."""
    e = max(_first_exponent(count, bound), LEAST_EXPONENT)
    for _ in range(k):
        e = max(e + count.bit_length() - 52, LEAST_EXPONENT)
    return 1.5 * 2.0**e


def _must_scale(count: int, bound: float) -> bool:
    """M would overflow."""
    if not math.isfinite(bound) or count >= 2**45:
        raise bug(f"a sum of {count} values up to {bound}")
    return _first_exponent(count, bound) >= 1023


def _first_exponent(count: int, bound: float) -> int:
    """An e with 2^e >= 2·count·bound, the least that counting bits can guarantee."""
    return math.frexp(bound)[1] + count.bit_length() + 1
