"""Sums of any float64 in Postgres are exact: with all exponents, signs and cancellations."""

from __future__ import annotations

import math
import random
import struct
from fractions import Fraction
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from skc.data.blocks import DeviationProducts
from skc.data.engine import Column, Deviation, Term
from skc.data.postgres.columns import VANISHING
from skc.data.postgres.engine import open_postgres
from skc.data.sources import resolve
from skc.data.targets import GroupSums
from skc.data.targets import added as groups_added
from skc.ir import Input
from skc.stats.exact_products import added, exponents, total

NAMES = ("a", "b", "c")
COLUMNS = [Column(name, "float64", name) for name in NAMES]


def any_float(draw: random.Random) -> float:
    """Of random bits, and of the ends of the range."""
    edge = draw.choice(
        [5e-324, 2.0**-1022, math.nextafter(2.0**-1022, 0), VANISHING, math.nextafter(VANISHING, 1), 0.0]
    )
    bits = struct.unpack("d", struct.pack("Q", draw.getrandbits(64)))[0]
    one = draw.choice([edge, bits, draw.gauss(0, 1), 0.1, 1e16])
    return draw.choice([1, -1]) * one if math.isfinite(one) and abs(one) < 1e300 else 1.5


@pytest.fixture(scope="module")
def numbers() -> pa.Table:
    draw = random.Random(7)
    columns = {name: [any_float(draw) for _ in range(500)] for name in NAMES}
    columns["b"] = [x if abs(x) < 1e150 else 1e-200 for x in columns["b"]]
    columns["c"] = [draw.choice([1.5, -1.5, 1e-160, 0.1]) for _ in range(500)]
    return pa.table(
        {**columns, "key": [draw.choice(["x", "y", None]) for _ in range(500)], "fold": [k % 2 for k in range(500)]}
    )


@pytest.fixture
def data(numbers: pa.Table, stored: Any) -> Any:
    inputs = (*(Input(n, "float64") for n in NAMES), Input("key", "string", nullable=True), Input("fold", "int64"))
    source, declared = resolve(stored(numbers), None)
    with open_postgres() as engine:
        yield engine.load(source, inputs, declared)


def test_sums_and_rounded_squares(data: Any, numbers: pa.Table) -> None:
    a, b, _ = (numbers[name].to_pylist() for name in NAMES)
    assert data.sums([Term(COLUMNS[0]), Term(COLUMNS[1])]) == [sum(map(Fraction, a)), sum(map(Fraction, b))]
    for mean in (0.0, 0.1, -1e-170):
        term = Term((Deviation(COLUMNS[1], mean), Deviation(COLUMNS[1], mean)))
        assert data.sums([term]) == [sum(Fraction((x - mean) * (x - mean)) for x in b)]


def test_products_that_are_not_rounded(data: Any, numbers: pa.Table) -> None:
    means = (0.0, 0.1, 1 / 3)
    values = [[x - mean for x in numbers[name].to_pylist()] for name, mean in zip(NAMES, means, strict=True)]
    bounds = exponents([max(map(abs, column)) for column in values])
    products = data.fold(DeviationProducts(means, bounds), added, COLUMNS)
    for i, j in combinations_with_replacement(range(3), 2):
        exact = sum(Fraction(x) * Fraction(y) for x, y in zip(values[i], values[j], strict=True))
        assert total(products, bounds, i, j) == total(products, bounds, j, i) == exact


def test_groups_of_a_target(data: Any, numbers: pa.Table) -> None:
    """As NumPy adds them up, in parts that mean the same."""
    columns = [Column("key", "string", "key"), Column("fold", "int64", "fold"), COLUMNS[2]]
    function = GroupSums(("x", "y"), "string", 2, (), 1)
    expected = function(pa.record_batch([numbers[c.name].combine_chunks() for c in columns], NAMES))
    given = data.fold(function, groups_added, columns)
    for parts, others in zip(expected, given, strict=True):
        assert whole(parts) == whole(others)


def whole(parts: Any) -> list[Fraction]:
    """Each number as a fraction of its first part."""
    return [
        sum(Fraction(int(part[k])) / (1 << 22 * n) for n, part in enumerate(parts))
        for k in range(len(np.asarray(parts[0])))
    ]
