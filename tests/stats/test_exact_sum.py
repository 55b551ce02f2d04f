"""Sums of arrays are exact, however the values are cut into blocks and whatever their magnitudes."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skc.data.arrays import Aligned, total
from skc.data.engine import Column, Deviation, Term
from skc.stats import exact_sum as sums
from skc.stats.exact_sum import exact_sum, whole_sum
from skc_runtime.kinds import INT64_MAX, INT64_MIN, Array, DType

FINITE = st.one_of(
    st.sampled_from([0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308, 2.0**53 + 2, 0.1]),
    st.floats(allow_nan=False, allow_infinity=False),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.just(math.nan), FINITE), max_size=40), st.sampled_from([1, 2, 3, 7, 1 << 14]))
def test_of_floats(values: list[float], block: int) -> None:
    want = sum(map(Fraction, (v for v in values if not math.isnan(v))), Fraction())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums, "BLOCK", block)
        assert exact_sum(np.array(values)) == want


def test_of_many_floats_of_many_magnitudes() -> None:
    source = np.random.default_rng(5)
    values = source.normal(size=3 * sums.BLOCK + 1) * 2.0 ** source.integers(-300, 300, 3 * sums.BLOCK + 1)
    want = sum(map(Fraction, values.tolist()), Fraction())
    assert exact_sum(values) == exact_sum(values[::-1]) == want


def test_a_full_block_of_the_largest_values_does_not_overflow() -> None:
    values = np.full(sums.BLOCK, 1.7976931348623157e308)
    values[1::3] = 0.1
    assert exact_sum(values) == sum(map(Fraction, values.tolist()), Fraction())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.sampled_from([INT64_MIN, INT64_MAX, -1]), st.integers(INT64_MIN, INT64_MAX))))
def test_of_integers(values: list[int]) -> None:
    assert whole_sum(np.array(values, np.int64)) == sum(values)


def test_of_bools() -> None:
    assert whole_sum(np.array([True, False, True])) == 2


@pytest.mark.parametrize("dtypes", [("int64", "int64"), ("int64", "float64"), ("float64", "bool")])
def test_products_of_deviations_over_several_blocks(dtypes: tuple[DType, DType]) -> None:
    """Rows without a value, and the last block, which is short: each block must take its own rows of both columns."""
    source = np.random.default_rng(6)
    rows = 2 * sums.BLOCK + 3
    made: dict[DType, Array] = {
        "int64": source.integers(-(2**62), 2**62, rows),
        "float64": source.normal(size=rows),
        "bool": source.random(rows) < 0.5,
    }
    columns = [Column(f"c{k}", dtype, "") for k, dtype in enumerate(dtypes)]
    of: dict[Column, Aligned] = {}
    for column in columns:
        missing = source.random(rows) < 0.1
        values = made[column.dtype]
        of[column] = (np.where(missing, np.nan, values), None) if column.dtype == "float64" else (values, missing)
    deviations = Deviation(columns[0], 0.25), Deviation(columns[1], -3.5)
    for term in (Term((deviations[0], deviations[0])), Term(deviations)):
        factors = [_deviations(of[d.column], d.mean) for d in term.of if isinstance(d, Deviation)]
        products = (x * y for x, y in zip(*factors, strict=True))
        want = sum((Fraction(product) for product in products if not math.isnan(product)), Fraction())
        assert total(term, of.__getitem__) == want


def _deviations(of: Aligned, mean: float) -> list[float]:
    """Row by row, in Python's floats; NaN where there is no value."""
    values, missing = of
    return [
        math.nan if missing is not None and missing[row] else float(value) - mean
        for row, value in enumerate(values.tolist())
    ]
