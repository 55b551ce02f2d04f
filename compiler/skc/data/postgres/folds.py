"""The functions of `Table.fold` that a database computes in SQL: with results that are the same sums.

A fold adds up whole numbers of a few bits each, since NumPy has no larger ones; `numeric` has no such limit. So here a
result has all of a sum in the last of its parts, and nothing in the others: they mean the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from skc.data.blocks import DeviationProducts
from skc.data.engine import Column
from skc.data.postgres.columns import as_double, normal
from skc.data.postgres.connection import Connection, scalar
from skc.data.postgres.sums import UNIT, exact_products, numbered, scaled
from skc.data.targets import GroupSums, Parts
from skc.stats.exact_products import WIDTH, Products
from skc.values.types import Scalar
from skc_runtime.kinds import Array


def products_of(connection: Connection, rows: str, function: DeviationProducts, columns: Sequence[Column]) -> Products:
    """The sums of products of deviations, of columns without nulls."""
    deviations = [f"({as_double(c)} - {scalar(mean)})" for c, mean in zip(columns, function.means, strict=True)]
    totals = exact_products(connection, rows, deviations)
    scales = {(i, j): -function.exponents[i] - function.exponents[j] for i, j in totals}
    parts = max(_parts(total, scales[pair] + WIDTH) for pair, total in totals.items())
    matrix: Array = np.zeros((len(columns), len(columns)), object)
    for (i, j), total in totals.items():
        matrix[i, j] = matrix[j, i] = _whole(total, scales[i, j] + WIDTH * (parts + 1))
    return (*(np.zeros(matrix.shape, object) for _ in range(parts - 1)), matrix)


def groups_of(connection: Connection, rows: str, function: GroupSums, columns: Sequence[Column]) -> Parts:
    """The sums of the target by value and fold."""
    key, fold, target = columns
    place = {_plain(value): k for k, value in enumerate(function.keys)} | {_plain(None): len(function.keys)}
    groups = len(place) * function.folds
    grouped = f"(SELECT {normal(key)} AS v, {normal(fold)} AS f, {normal(target)} AS t FROM {rows}) AS rows"
    if function.classes:
        of_class = {value: k for k, value in enumerate(function.classes)}
        counts: Array = np.zeros(groups * len(of_class), object)
        for v, f, t, n in connection.execute(f"SELECT v, f, t, count(*) FROM {grouped} GROUP BY v, f, t"):
            counts[of_class[t] * groups + place[_plain(v)] * function.folds + int(f)] += n
        return ((counts,),)
    number = "t::int::float8" if target.dtype == "bool" else "t::float8"
    parts = numbered(grouped, [number], {"v": "v", "f": "f"})
    query = f"SELECT v, f, e0, count(*), sum(m0), sum(m0::numeric * m0) FROM {parts} GROUP BY v, f, e0"
    counts_by_group: Array = np.zeros(groups, object)
    totals, squares = [Fraction(0)] * groups, [Fraction(0)] * groups
    for v, f, exponent, n, total, square in connection.execute(query):
        group = place[_plain(v)] * function.folds + int(f)
        counts_by_group[group] += n
        totals[group] += scaled(total, exponent - UNIT)
        squares[group] += scaled(square, 2 * (exponent - UNIT))
    least = [_parts(one, -function.exponent) for one in totals]
    length = max(*least, *(math.ceil(_parts(one, -2 * function.exponent) / 2) for one in squares))
    scale = WIDTH * length - function.exponent
    return (
        (counts_by_group,),
        _last([_whole(one, scale) for one in totals], length),
        _last([_whole(one, 2 * scale) for one in squares], 2 * length),
    )


def _plain(value: Scalar) -> tuple[type, Scalar]:
    """Distinguishes True from 1."""
    return type(value), value


def _bits(number: Fraction, exponent: int) -> int:
    """The least n of 0 or more for which number·2^(exponent + n) is whole; its denominator is a power of two."""
    return max(0, number.denominator.bit_length() - 1 - exponent) if number else 0


def _parts(number: Fraction, exponent: int) -> int:
    """The same in parts of WIDTH bits, at least one."""
    return max(1, math.ceil(_bits(number, exponent) / WIDTH))


def _whole(number: Fraction, exponent: int) -> int:
    whole = number * Fraction(2) ** exponent
    assert whole.denominator == 1
    return whole.numerator


def _last(numbers: Sequence[int], length: int) -> tuple[Array, ...]:
    """So many parts, of which all but the last are zero."""
    last: Array = np.zeros(len(numbers), object)
    last[:] = numbers
    return (*(np.zeros(len(numbers), object) for _ in range(length - 1)), last)
