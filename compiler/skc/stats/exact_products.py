"""Sums of products of float64 columns, for every pair, independent of the order of rows: exact, as fractions.

Why not one sum for each pair (`exact_sum`): a block of 100 columns has 5,050 pairs, and an engine would plan and run a
sum of products for each of them. A product of matrices does them all at once.

How: every column is cut into slices of WIDTH bits, from its largest possible bit downwards: slice p of a value x below
2^e is a whole number s below 2^WIDTH, and represents s·2^(e − WIDTH·(p + 1)). The remainder is exact, and zero after as
many slices as the column needs (four for ordinary data, more if it mixes small and large values). A product
of two slices is a whole number below 2^44, and ROWS of them add up to less than 2^53: so the matrix product of slices
is exact in float64, in whatever order and with whatever fused operations it is computed. Sums over more rows are whole
numbers of 64 bits (AT_ONCE), then of Python. (Ozaki, Ogita, Oishi, Rump, "Error-free transformations of matrix
multiplication", 2012, with the scale of a column fixed before the rows are read, so that rows cannot depend on others.)

Why tiles: for larger matrices a library starts its own threads, which wait for each other; on a busy machine this takes
a hundred times as long as the product. The engine's threads each fold a batch anyway.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import zip_longest

import numpy as np

from skc_runtime.kinds import Array

WIDTH = 22  # bits of a slice
ROWS = 1 << 8  # whose products of slices add up to less than 2^53
AT_ONCE = 1 << 12  # rows whose products of slices, of at most 96 slices of a column, add up to less than 2^63
VALUES = 1 << 18  # of a block cut at once, in 2 MB per slice
TILE = 32  # columns
NUMBER = 1000  # 2^e is a float64, and so is 2^-e
Products = tuple[Array, ...]  # by the sum of the indices of two slices, whole numbers [K, K]


def exponents(bounds: Sequence[float]) -> tuple[int, ...]:
    """For columns with these bounds on magnitude, the least e such that all values are below 2^e."""
    return tuple(math.frexp(bound)[1] for bound in bounds)


def products(block: Array, exponent: Sequence[int]) -> Products:
    """The products of the columns of a block [N, K] with each other, added up over the rows."""
    rows = min(AT_ONCE, max(ROWS, VALUES // max(1, block.shape[1]) // ROWS * ROWS))
    total: Products = ()
    for start in range(0, len(block), rows):
        total = added(total, _products(slices_of(block[start : start + rows], exponent)))
    return total


def added(left: Products, right: Products) -> Products:
    """The sum, exact in any order."""
    return tuple(a + b for a, b in zip_longest(left, right, fillvalue=np.array(0, object)))


def total(products: Products, exponent: Sequence[int], i: int, j: int) -> Fraction:
    """The sum of the products of columns i and j."""
    result = 0
    for matrix in products:
        result = (result << WIDTH) + int(matrix[i, j])
    return Fraction(result) * Fraction(2) ** (exponent[i] + exponent[j] - WIDTH * (len(products) + 1))


def slices_of(block: Array, exponent: Sequence[int]) -> list[Array]:
    """The slices of all columns [N, K], starting with the largest bits, until the remainder is zero."""
    lowest = np.array(exponent)
    remainder, slices = block, []
    while remainder.any():
        lowest = lowest - WIDTH
        # Rounding towards zero, since the next higher number may not be a float64. A value far too small for this slice
        # may lose bits or become zero when scaled, and is zero in this slice either way.
        top = np.trunc(_scaled(remainder, -lowest))
        remainder = remainder - _scaled(top, lowest)
        slices.append(top)
    return slices


def _scaled(block: Array, exponent: Array) -> Array:
    """x·2^e for every column; by a product, which is many times as fast, if 2^e is a finite float64."""
    is_number = bool((np.abs(exponent) <= NUMBER).all())
    return block * np.ldexp(1.0, exponent) if is_number else np.ldexp(block, exponent)


def _products(slices: Sequence[Array]) -> Products:
    """The products of all pairs of slices, by the sum of their indices."""
    if not slices:
        return ()
    width = slices[0].shape[1]
    gram = _gram(np.concatenate(slices, axis=1))
    sums = [np.zeros((width, width), np.int64) for _ in range(2 * len(slices) - 1)]
    for p in range(len(slices)):
        for q in range(len(slices)):
            sums[p + q] += gram[p * width : (p + 1) * width, q * width : (q + 1) * width]
    return tuple(matrix.astype(object) for matrix in sums)


def _gram(block: Array) -> Array:
    """The transpose times the block itself, as whole numbers."""
    rows, columns = (-(-size // unit) * unit for size, unit in zip(block.shape, (ROWS, TILE), strict=True))
    padded = np.zeros((rows, columns))
    padded[: block.shape[0], : block.shape[1]] = block
    parts = np.ascontiguousarray(padded.reshape(-1, ROWS, columns // TILE, TILE).swapaxes(1, 2))
    gram = np.zeros((columns // TILE, columns // TILE, TILE, TILE), np.int64)
    for part in parts:
        for t, tile in enumerate(part):
            gram[t, t:] += (tile.T @ part[t:]).astype(np.int64)
    upper = np.triu(gram.swapaxes(1, 2).reshape(columns, columns))
    return upper + np.triu(upper, 1).T
