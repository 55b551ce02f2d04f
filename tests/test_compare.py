"""The one definition of "equal", on the values where definitions differ."""

from __future__ import annotations

import math
import struct
from functools import partial
from typing import Any

import numpy as np
import pytest
from agreement import PAIRS, decoded, may_agree, values_agree
from hypothesis import given
from hypothesis import strategies as st

from skc.equality.compare import compare, ulp_distance
from skc_runtime.agreement import agree, same_bits

NAN, INF = math.nan, math.inf
ONE_ULP = math.nextafter(1.0, 2.0)


def differs(got: Any, want: Any, exact: bool, **options: Any) -> bool:
    return bool(compare(column(got), column(want), [exact], **options).differs.any())


def column(values: Any, dtype: Any = None) -> np.ndarray[Any, Any]:
    return np.array(values, dtype=dtype).reshape(-1, 1)


@pytest.mark.parametrize(
    ("got", "want", "exact", "expected"),
    [
        (1.0, 1.0, True, False),
        (ONE_ULP, 1.0, True, True),
        (ONE_ULP, 1.0, False, False),
        (0.0, -0.0, True, True),
        (0.0, -0.0, False, False),
        (NAN, NAN, True, False),
        (NAN, 0.0, False, True),
        (0.0, NAN, False, True),
        (INF, INF, False, False),
        (INF, -INF, False, True),
        (INF, 1.7976931348623157e308, False, True),
        (1.7976931348623157e308, INF, False, True),
        (1.0 + 1e-6, 1.0, False, False),
        (1.0 + 1.1e-6, 1.0, False, True),
        (1e-6, 0.0, False, False),
        (1.1e-6, 0.0, False, True),
        (1e9 + 999.0, 1e9, False, False),
        (1e9 + 1001.0, 1e9, False, True),
        (5e-324, 0.0, True, True),
        (-1.7976931348623157e308, 1.7976931348623157e308, False, True),
    ],
)
def test_floats(got: float, want: float, exact: bool, expected: bool) -> None:
    assert differs(got, want, exact) is expected


@pytest.mark.parametrize("dtype", ["int64", "bool", "object"])
def test_other_types_are_always_exact(dtype: str) -> None:
    one, other = {"int64": (2**53, 2**53 + 1), "bool": (True, False), "object": ("é", "e\u0301")}[dtype]
    for exact in (True, False):
        assert not compare(column(one, dtype), column(one, dtype), [exact]).differs.any()
        assert compare(column(one, dtype), column(other, dtype), [exact]).differs.all()


def test_shape_and_dtype_come_first() -> None:
    assert compare(np.zeros((2, 1)), np.zeros((2, 2)), [True, True]).differs.all()
    assert compare(np.zeros((2, 1), np.float32), np.zeros((2, 1)), [False]).differs.all()


def test_missing_positions_come_before_values() -> None:
    values = column([1, 0])
    assert not differs([1, 0], [1, 7], True, got_valid=column([True, False]), want_valid=column([True, False]))
    assert differs([1, 0], [1, 0], True, got_valid=column([True, False]), want_valid=column([True, True]))
    assert compare(values, values, [True], got_valid=column([True, True])).differs.all()


def test_refused_rows_are_left_out() -> None:
    assert not differs([1.0, 2.0], [1.0, 3.0], True, ignore_rows=np.array([False, True]))
    assert differs([1.0, 2.0], [1.5, 3.0], True, ignore_rows=np.array([False, True]))


def test_the_worst_distance_is_reported_even_where_it_does_not_decide() -> None:
    result = compare(column([ONE_ULP, 2.0]), column([1.0, 2.0]), [False])
    assert result.worst_ulp == (1,)
    assert result.worst_error == (ONE_ULP - 1.0,)
    assert not result.differs.any()


@pytest.mark.parametrize(("got", "want"), [(INF, 1.0), (1.0, INF), (-INF, INF), (1e308, -1e308)])
def test_an_infinity_is_infinitely_far(got: float, want: float) -> None:
    """Also as a share of itself, which would be no number, and no JSON."""
    result = compare(column([got]), column([want]), [False])
    assert result.differs.all()
    assert result.worst_error == (INF,)


def test_an_empty_block_is_equal() -> None:
    assert not compare(np.zeros((0, 2)), np.zeros((0, 2)), [True, False]).differs.any()


@given(st.floats(allow_nan=False, width=32), st.floats(allow_nan=False, width=32))
def test_ulp_counts_the_floats_between(a: float, b: float) -> None:
    def number(x: float) -> int:
        (bits,) = struct.unpack("<i", struct.pack("<f", x))
        return int(bits) if bits >= 0 else -(bits & 0x7FFFFFFF) - 1

    assert ulp_distance(column(a, np.float32), column(b, np.float32))[0, 0] == abs(number(a) - number(b))


def test_ulp_of_neighbours_and_extremes() -> None:
    assert ulp_distance(column(1.0), column(ONE_ULP))[0, 0] == 1
    assert ulp_distance(column(5e-324), column(-5e-324))[0, 0] == 3  # 0.0 and -0.0 lie between
    assert ulp_distance(column(-INF), column(INF))[0, 0] == 2 * 0x7FF0000000000000 + 1


def test_same_bits_takes_any_nan_for_any_other() -> None:
    other_nan = np.array([[0x7FF8000000000001]], dtype=np.uint64).view(np.float64)
    assert same_bits(column(NAN), other_nan).all()
    assert not same_bits(column(0.0), column(-0.0)).any()
    assert same_bits(column("a", object), column("a", object)).all()
    assert not same_bits(column(0.5), column(0.5, np.float32)).any()
    assert not same_bits(column(0.5, np.float32), column(0.5)).any()
    assert not same_bits(column(1, np.int64), column(1.0)).any()


@pytest.mark.parametrize("shape", [(0, 1), (1, 2), (2, 1), (1,)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, np.bool_, object])
def test_arrays_of_two_shapes_are_not_broadcast(dtype: Any, shape: tuple[int, ...]) -> None:
    """A graph that gives no row for one, or one for two, would pass for the reference."""
    for function in (same_bits, partial(agree, exact=True)):
        with pytest.raises(ValueError, match="shapes"):
            function(np.zeros(shape, dtype), np.zeros((1, 1), dtype))


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["id"])
def test_the_pairs_that_every_language_is_tried_on(pair: dict[str, Any], exact: bool) -> None:
    got, want = decoded(pair)
    right = may_agree(pair, exact)
    assert values_agree(got, want, exact) is right
    dtype = np.dtype(object if pair["dtype"] == "string" else pair["dtype"])
    is_held = want is not None and (dtype != np.float32 or float(np.float32(want)) == want or want != want)
    if is_held:
        assert compare(column(got, dtype), column(want, dtype), [exact]).differs.item() is not right


def test_values_of_different_types_never_agree() -> None:
    for got, want in ((1, 1.0), (True, 1), ("1", 1), (1.0, None)):
        assert not values_agree(got, want, exact=False)
    assert not agree(column(1.0, np.float32), column(1.0), exact=False).any()
    assert values_agree(None, None, exact=True)
