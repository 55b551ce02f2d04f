"""The numeric ops against scikit-learn and NumPy, on hostile columns.

Where the bits can differ (a mean, a median of an even number of values) the test says by how much.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import op_harness as harness
import pytest
from agreement import values_agree
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)
from sklearn.utils import assert_all_finite

from skc.diagnostics import SkcError
from skc.ir import Pipeline
from skc.ops import OPS
from skc.values.types import ValueType
from skc_runtime.agreement import agree, same_bits

Column = list[float | None]
Floats = NDArray[np.float64]

# Few distinct values for ties and constants; denormals and what overflows when added or subtracted.
GRID = st.integers(-6, 6).map(lambda i: i / 10)
TINY = st.sampled_from([5e-324, -5e-324, 2.2250738585072014e-308, 1e-300, 0.0, -0.0])
HUGE = st.sampled_from([1e308, -1e308, 1.7976931348623157e308, 1.0, 0.0])
FLOATS = st.floats(-1e9, 1e9)
KINDS = st.sampled_from([GRID, TINY, HUGE, FLOATS])
# Products around 2^53, ties, and whatever else.
ROUNDED = st.one_of(
    st.builds(lambda product, power: product / 10.0**power, st.floats(2.0**51, 2.0**55), st.integers(-15, 15)),
    st.builds(lambda product, power: product / 2 / 10.0**power, st.integers(-99, 99), st.integers(-15, 15)),
    st.floats(allow_nan=False),
)
NEARLY_CONSTANT = 10 * float(np.finfo(np.float64).eps)
CONSTANT = [0.1, None, 0.1, 0.1]
SINGLE = [2.5]


@st.composite
def columns(draw: st.DrawFn) -> Column:
    """A column with at least one value, in which about a third may be null."""
    kind = draw(KINDS)
    values: Column = draw(st.lists(st.one_of(kind, kind, st.none()), min_size=0, max_size=25))
    values.insert(draw(st.integers(0, len(values))), draw(kind))
    return values


def fit(op: str, params: Mapping[str, Any], column: Column) -> Pipeline | None:
    """The op on one column; None where it refuses a column too wide or too narrow for float64."""
    values = [value for value in column if value is not None]
    is_huge = any(abs(value) >= 1e300 for value in values) or (values and 0 < max(values) - min(values) < 1e-305)
    try:
        built = harness.build(OPS[op], params, {"x": "float64?"})
        return harness.fit(built, [[value] for value in column])
    except OverflowError:  # the sum of the tests' own statistics; the engine refuses it with SKC212
        if is_huge:
            return None
        raise
    except SkcError as error:
        if is_huge and error.code == "SKC212":
            return None
        raise


def run(pipeline: Pipeline, column: Column) -> Floats:
    """By the reference and by the graph, which must agree to the bit: [N, K]."""
    rows = [[value] for value in column]
    got = harness.run_reference(pipeline, rows).values
    lowered = harness.Graph(pipeline).run(rows).values
    assert same_bits(lowered, got).all()
    return got


def table(column: Column) -> Floats:
    return np.array([[math.nan if value is None else value] for value in column])


def assert_same_bits(got: Floats, want: Floats) -> None:
    """0.0 and -0.0 are one value in fitting, and may stand for each other after it."""
    assert got.shape == want.shape
    assert same_bits(got + 0.0, want + 0.0).all()


def quiet(function: Callable[..., Any], *args: Any) -> Any:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*args)


@settings(max_examples=100, deadline=None)
@given(column=columns(), clip=st.booleans(), ends=st.sampled_from([(0, 1), (-1, 1), (0.1, 0.7), (-0.3, 1e-3)]))
@example(column=CONSTANT, clip=False, ends=(0.1, 0.7))
@example(column=SINGLE, clip=True, ends=(0, 1))
@example(column=[1e-20, 3e-20], clip=False, ends=(0, 1))
def test_minmax_scale(column: Column, clip: bool, ends: tuple[float, float]) -> None:
    pipeline = fit("minmax_scale", {"feature_range": list(ends), "clip": clip}, column)
    if pipeline is None:
        return
    theirs = quiet(MinMaxScaler(feature_range=ends, clip=clip).fit, table(column))
    width = float(theirs.data_range_[0])
    if 0 < width < NEARLY_CONSTANT:  # to scikit-learn a constant column
        assert theirs.scale_[0] == ends[1] - ends[0]
        theirs.scale_ = np.array([(ends[1] - ends[0]) / width])
        theirs.min_ = ends[0] - theirs.data_min_ * theirs.scale_
    probes: Column = [*column, None, 0.3, -7.1, 1e300, -5e-324]
    assert_same_bits(run(pipeline, probes), quiet(theirs.transform, table(probes)))


@settings(max_examples=100, deadline=None)
@given(column=columns(), clip=st.booleans())
@example(column=[0.0, None, -0.0], clip=False)
@example(column=[1e-20, -3e-20], clip=True)
@example(column=[0.8], clip=False)
def test_max_abs_scale(column: Column, clip: bool) -> None:
    """The same bits, zeros of either sign included; scikit-learn 1.6 has no `clip`, so NumPy's stands for it."""
    pipeline = fit("max_abs_scale", {"clip": clip}, column)
    assert pipeline is not None
    theirs = quiet(MaxAbsScaler().fit, table(column))
    greatest = float(theirs.max_abs_[0])
    if 0 < greatest < NEARLY_CONSTANT:  # to scikit-learn a column of zeros
        assert theirs.scale_[0] == 1
        theirs.scale_ = np.array([greatest])
    probes: Column = [*column, None, 0.3, -7.1, 1e300, -5e-324, 0.0, -0.0]
    want = quiet(theirs.transform, table(probes))
    assert same_bits(run(pipeline, probes), np.clip(want, -1.0, 1.0) if clip else want).all()


@pytest.mark.parametrize("null", ["keep", "error"])
@pytest.mark.parametrize("largest", ["float64", "float32"])
def test_finite(null: str, largest: str) -> None:
    """A row is refused where scikit-learn's own check of an input raises, and any other keeps its bits."""
    edge = 3.4028235677973366e38
    column: Column = [None, math.inf, -math.inf, edge, math.nextafter(edge, 0), -edge, 1e39, 1e308, 0.0, -0.0, 5e-324]
    built = harness.build(OPS["finite"], {"null": null, "largest": largest}, {"x": "float64?"})
    pipeline = harness.fit(built, [])
    for value in column:
        row = table([value])
        try:
            with np.errstate(over="ignore"):
                assert_all_finite(row.astype(largest), allow_nan=null == "keep")
        except ValueError:
            want = True
        else:
            want = False
            assert same_bits(run(pipeline, [value]), row).all()
        assert bool(harness.run_reference(pipeline, [[value]]).guards) == want, value


@settings(max_examples=100, deadline=None)
@given(column=columns())
@example(column=CONSTANT)
@example(column=[1e16, 1e16 + 4])
@example(column=[5e-324, 0.0])
def test_standard_scale(column: Column) -> None:
    """Mean and scale within the error of scikit-learn's sums; with ours put in its place, the same bits."""
    pipeline = fit("standard_scale", {}, column)
    values = [value for value in column if value is not None]
    if pipeline is None or max(map(abs, values)) >= 1e150:  # its sums and squares overflow
        return
    theirs = quiet(StandardScaler().fit, table(column))
    ours = pipeline.steps[-1].state
    if min(values) == max(values):
        assert (ours.mean[0], ours.scale[0]) == (values[0] + 0.0, 1.0)
    else:
        error = len(values) * math.ulp(max(map(abs, values)))
        assert abs(ours.mean[0] - theirs.mean_[0]) <= error
        if ours.scale[0] != theirs.scale_[0]:
            is_constant_to_them = theirs.scale_[0] == 1
            assert is_constant_to_them or abs(ours.scale[0] - theirs.scale_[0]) <= 4 * error
    theirs.mean_, theirs.scale_ = np.array(ours.mean), np.array(ours.scale)
    probes: Column = [*column, None, 0.3, -7.1, 1e300, -5e-324]
    assert_same_bits(run(pipeline, probes), quiet(theirs.transform, table(probes)))


@settings(max_examples=100, deadline=None)
@given(column=columns(), percent=st.sampled_from([(25, 75), (10, 90), (0, 100), (33.3, 66.6), (50, 50)]))
@example(column=CONSTANT, percent=(25, 75))
@example(column=SINGLE, percent=(10, 90))
@example(column=[1e-20, 3e-20], percent=(25, 75))
def test_robust_scale(column: Column, percent: tuple[float, float]) -> None:
    """To the bit, given the center; that is to the bit for an odd number of values."""
    pipeline = fit("robust_scale", {"quantile_range": list(percent)}, column)
    if pipeline is None:
        return
    theirs = quiet(RobustScaler(quantile_range=percent).fit, table(column))
    ours = pipeline.steps[-1].state
    if ours.scale[0] < NEARLY_CONSTANT:  # to scikit-learn a constant column
        assert theirs.scale_[0] == 1
        low, high = (float(np.nanpercentile(table(column), p)) for p in percent)
        assert ours.scale[0] == high - low
        theirs.scale_ = np.array(ours.scale)
    assert_same_bits(np.array(ours.scale), theirs.scale_)
    assert_median(ours.center[0], theirs.center_[0], column)
    theirs.center_ = np.array(ours.center)
    probes: Column = [*column, None, 0.3, -7.1, 1e300, -5e-324]
    assert_same_bits(run(pipeline, probes), quiet(theirs.transform, table(probes)))


def assert_median(ours: float, theirs: float, column: Column) -> None:
    """The same bits for an odd count; else within the last bit of the larger of the two in the middle."""
    values = sorted(value for value in column if value is not None)
    if math.isinf(theirs):  # the sum of two values overflowed, be it of the one in the middle with itself
        assert abs(values[len(values) // 2]) >= 1e300
    elif len(values) % 2 == 1:
        assert ours == theirs
    else:
        middle = values[len(values) // 2 - 1 : len(values) // 2 + 1]
        assert abs(ours - theirs) <= math.ulp(max(abs(value) for value in middle))


@settings(max_examples=100, deadline=None)
@given(column=columns(), strategy=st.sampled_from(["mean", "median", "most_frequent"]))
@example(column=CONSTANT, strategy="mean")
@example(column=SINGLE, strategy="median")
@example(column=[2.0, 1.0, 2.0, 1.0, None], strategy="most_frequent")
@example(column=[5e-324, None, 5e-324], strategy="mean")
@example(column=[1e308, 1e308, None], strategy="median")
def test_impute(column: Column, strategy: str) -> None:
    """What is put in is the mode to the bit; the mean and the median as near as their rounding allows."""
    pipeline = fit("impute", {"strategy": strategy, "add_indicator": True}, column)
    if pipeline is None:
        return
    theirs = SimpleImputer(strategy=strategy, add_indicator=True)
    quiet(theirs.fit, table(column))
    (ours,), statistic = pipeline.steps[-1].state.value, float(theirs.statistics_[0])
    if strategy == "most_frequent":
        assert ours == statistic
    elif strategy == "median":
        assert_median(ours, statistic, column)
    elif math.isfinite(statistic):  # theirs may overflow on the way
        values = [value for value in column if value is not None]
        assert abs(ours - statistic) <= len(values) * math.ulp(max(map(abs, values)))
    theirs.statistics_ = np.array([ours])
    probes: Column = [*column, None, -0.0, 1e308]
    assert_same_bits(run(pipeline, probes), quiet(theirs.transform, table(probes)))
    assert harness.output_names(pipeline) == tuple(theirs.get_feature_names_out(["x"]))


@pytest.mark.parametrize("value", [0, -1.5, 5e-324, 1e308])
def test_impute_constant(value: float) -> None:
    column: Column = [None, 1.0, None, -0.0]
    pipeline = fit("impute", {"value": value, "add_indicator": True}, column)
    assert pipeline is not None
    theirs = SimpleImputer(strategy="constant", fill_value=float(value), add_indicator=True).fit(table(column))
    assert same_bits(run(pipeline, column), theirs.transform(table(column))).all()


@settings(max_examples=60, deadline=None)
@given(column=st.lists(st.sampled_from(["", "a", "A", "é", "e\u0301", "\uffff", "\U0001f600", None]), min_size=1))
def test_impute_most_frequent_text(column: list[str | None]) -> None:
    """Ties go to the smallest by code point, which is that by UTF-8 bytes, also beyond U+FFFF."""
    if not any(value is not None for value in column):
        return
    built = harness.build(OPS["impute"], {"strategy": "most_frequent"}, {"x": "string?"})
    rows = [[value] for value in column]
    pipeline = harness.fit(built, rows)
    theirs = SimpleImputer(strategy="most_frequent", missing_values=None)
    want = theirs.fit_transform(np.array(rows, dtype=object))
    assert harness.run_reference(pipeline, rows).values.tolist() == want.tolist()
    assert harness.Graph(pipeline).run(rows).values.tolist() == want.tolist()


def test_impute_of_inexact_values() -> None:
    """The most frequent of values that differ in their last bits elsewhere is another value elsewhere."""
    op = OPS["impute"]
    logarithm = ValueType("float64", nullable=True, exact=False)
    assert not op.infer(op.params(strategy="mean"), logarithm).exact
    with pytest.raises(SkcError) as error:
        op.infer(op.params(strategy="most_frequent"), logarithm)
    assert error.value.code == "SKC121"


def test_round_of_inexact_values() -> None:
    op = OPS["round"]
    with pytest.raises(SkcError) as error:
        op.infer(op.params(), ValueType("float64", exact=False))
    assert error.value.code == "SKC121"


@settings(max_examples=200, deadline=None)
@given(column=st.lists(ROUNDED, min_size=1, max_size=20), decimals=st.integers(-15, 15))
def test_round_half_even_is_numpy_round(column: list[float], decimals: int) -> None:
    """But for values that have no such decimals: they stay."""
    pipeline = fit("round", {"decimals": decimals}, [])
    assert pipeline is not None
    got = run(pipeline, [*column])[:, 0]
    for value, ours in zip(column, got.tolist(), strict=True):
        with np.errstate(all="ignore"):
            product = np.float64(value) * 10.0**decimals if decimals >= 0 else value / 10.0**-decimals
            want = value if abs(product) >= 2**53 else float(np.round(np.array([value]), decimals)[0])
        assert values_agree(ours, want, exact=True), (value, decimals)


@settings(max_examples=100, deadline=None)
@given(column=st.lists(st.floats(), min_size=1, max_size=20), bounds=st.lists(FLOATS, min_size=2, max_size=2))
def test_clip_is_numpy_clip(column: list[float], bounds: list[float]) -> None:
    low, high = sorted(bounds)
    pipeline = fit("clip", {"min": low, "max": high}, [])
    assert pipeline is not None
    got = run(pipeline, [None if math.isnan(value) else value for value in column])
    assert_same_bits(got, np.clip(np.array(column)[:, None], low, high))


def test_log1p_is_within_three_ulp() -> None:
    """Of the truth in 80-bit arithmetic, in every magnitude and near -1."""
    if np.finfo(np.longdouble).eps > 1e-18:
        pytest.skip("long double is double on this machine")
    rng = np.random.default_rng(0)
    count = 20_000
    parts = [10.0 ** rng.uniform(-300, 308, count), -(10.0 ** rng.uniform(-300, 0, count))]
    parts += [
        10.0 ** rng.uniform(-17, 4, count),
        10.0 ** rng.uniform(-16, 0, count) - 1,
        rng.uniform(-1, 1, count),
    ]
    values = np.concatenate(parts)
    pipeline = fit("log1p", {}, [])
    assert pipeline is not None
    got = harness.Graph(pipeline).run([[value] for value in values.tolist()]).values[:, 0]
    want = np.log1p(values.astype(np.longdouble))
    assert float(np.max(np.abs(got - want) / np.spacing(np.abs(want.astype(np.float64))))) < 3


@settings(max_examples=40, deadline=None)
@given(column=columns(), features=st.sampled_from(["missing-only", "all"]))
def test_missing_indicator(column: Column, features: str) -> None:
    pipeline = harness.fit(
        harness.build(OPS["missing_indicator"], {"features": features}, {"x": "float64?"}), [[v] for v in column]
    )
    rows = [[value] for value in (*column, 0.0, math.inf)]
    got = harness.run_reference(pipeline, rows).values
    assert same_bits(harness.Graph(pipeline).run(rows).values, got).all()
    theirs = MissingIndicator(features=features).fit(table(column))
    assert (theirs.transform(table(column)) == got[:-2]).all()
    assert not got[-2:].any()


TABLES = st.lists(st.tuples(*[KINDS.flatmap(lambda kind: kind)] * 3), min_size=1, max_size=8)


def both(op: str, params: Mapping[str, Any], rows: list[tuple[float, ...]]) -> tuple[harness.Run, harness.Run]:
    """A step without state on three columns, by the reference and by the graph."""
    pipeline = harness.fit(harness.build(OPS[op], params, dict.fromkeys("xyz", "float64")), [])
    return harness.run_reference(pipeline, rows), harness.Graph(pipeline).run(rows)


@settings(max_examples=60, deadline=None)
@given(rows=TABLES, threshold=st.sampled_from([0.0, 0.1, -0.3, 1e-300]))
def test_binarize(rows: list[tuple[float, ...]], threshold: float) -> None:
    theirs = quiet(Binarizer(threshold=threshold).fit_transform, np.array(rows))
    for run_ in both("binarize", {"threshold": threshold}, rows):
        assert (run_.values == theirs).all()


@settings(max_examples=60, deadline=None)
@given(rows=TABLES, norm=st.sampled_from(["l1", "l2", "max"]))
@example(rows=[(1e-16, -1e-16, 0.0)], norm="l2")
def test_normalize(rows: list[tuple[float, ...]], norm: str) -> None:
    theirs = quiet(Normalizer(norm=norm).fit_transform, np.array(rows))
    for run_ in both("normalize", {"norm": norm}, rows):
        assert not run_.guards
        assert agree(run_.values, theirs, False).all()


@settings(max_examples=60, deadline=None)
@given(rows=TABLES, degree=st.sampled_from([(0, 2), (2, 3), (1, 1), (0, 4)]), only=st.booleans(), bias=st.booleans())
def test_polynomial_features(rows: list[tuple[float, ...]], degree: tuple[int, int], only: bool, bias: bool) -> None:
    """To the bit."""
    params = {"min_degree": degree[0], "degree": degree[1], "interaction_only": only, "include_bias": bias}
    theirs = PolynomialFeatures(degree, interaction_only=only, include_bias=bias)
    want = quiet(theirs.fit_transform, np.array(rows))
    for run_ in both("polynomial_features", params, rows):
        assert same_bits(run_.values, want).all()
    columns = OPS["polynomial_features"].names(
        harness.parameters(OPS["polynomial_features"], params), None, tuple("xyz")
    )
    assert [name for group in columns for name in group] == theirs.get_feature_names_out(["x", "y", "z"]).tolist()


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.floats(-1e6, 1e6) | GRID | TINY, min_size=1, max_size=20),
    power=st.floats(-3, 5) | st.sampled_from([0.0, 1.0, 2.0, 1e-17]),
    method=st.sampled_from(["yeo-johnson", "box-cox"]),
)
def test_power_transform(rows: list[float], power: float, method: str) -> None:
    values = np.array([[abs(row) + 1e-9 if method == "box-cox" else row] for row in rows])
    theirs = PowerTransformer(method, standardize=False).fit(np.array([[1.0], [2.0], [4.0]]))
    theirs.lambdas_ = np.array([power])
    want = quiet(theirs.transform, values)
    op = OPS["power_transform"]
    pipeline = harness.build(op, {"method": method}, {"x": "float64"}, op.state((power,)))
    for run_ in (harness.run_reference(pipeline, values.tolist()), harness.Graph(pipeline).run(values.tolist())):
        assert agree(run_.values, want, False).all()
