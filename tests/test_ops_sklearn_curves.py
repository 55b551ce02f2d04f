"""The ops that bend a column along learned points against scikit-learn, on points that are equal or very near."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import numpy as np
import op_harness as harness
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.preprocessing import QuantileTransformer, SplineTransformer

from skc.ir import Pipeline
from skc.ops import OPS
from skc_runtime.agreement import same_bits

Floats = NDArray[np.float64]

# Few distinct values, so that quantiles are equal and values lie on knots; and some far from 0, near to each other.
GRID = st.integers(-4, 4).map(lambda i: i / 10)
CLOSE = st.integers(0, 6).map(lambda i: 1e9 + i * 2.0**-20)
FLOATS = st.floats(-1e6, 1e6).map(lambda value: round(value, 6))
COLUMNS = st.sampled_from([GRID, CLOSE, FLOATS]).flatmap(lambda kind: st.lists(kind, min_size=2, max_size=20))
EXTRAPOLATIONS = ("constant", "linear", "continue", "periodic", "error")


def near(points: Any) -> list[float]:
    """Points and the floats on either side of each, and values between and beyond them."""
    points = [float(point) for point in points]
    ends = [2 * points[0] - points[-1], 5 * points[-1] - 4 * points[0], points[0] - 1, points[-1] + 1e-3]
    sides = [math.nextafter(point, side) for point in points for side in (-math.inf, math.inf)]
    return [*points, *sides, *((a + b) / 2 for a, b in pairwise(points)), *ends, 0.0, -0.0, 5e-324]


def run(pipeline: Pipeline, column: list[float | None]) -> tuple[Floats, set[int]]:
    """By the reference and by the graph, which must agree to the bit; and the rows that a guard refuses."""
    rows = [[value] for value in column]
    got, lowered = harness.run_reference(pipeline, rows), harness.Graph(pipeline).run(rows)
    refused = {row for _, row, _ in got.guards}
    assert refused == {row for _, row, _ in lowered.guards}
    served = [i for i in range(len(rows)) if i not in refused]
    assert same_bits(lowered.values[served], got.values[served]).all()
    return got.values, refused


def answers(transformer: Any, probes: list[float]) -> list[Any]:
    """What scikit-learn gives for each value; None where it refuses it."""
    try:
        return [*transformer.transform(np.array(probes)[:, None])]
    except ValueError:
        if len(probes) == 1:
            return [None]
        half = len(probes) // 2
        return answers(transformer, probes[:half]) + answers(transformer, probes[half:])


@pytest.mark.parametrize("extrapolation", EXTRAPOLATIONS)
@settings(max_examples=25, deadline=None)
@given(
    column=COLUMNS,
    degree=st.integers(0, 5),
    n_knots=st.integers(2, 7),
    knots=st.sampled_from(["uniform", "quantile"]),
    bias=st.booleans(),
)
@example(column=[0.0, 0.0, 0.0, 1.0], degree=2, n_knots=5, knots="quantile", bias=True)
@example(column=[0.0, 1.0, 2.0, 2.0, 2.0], degree=2, n_knots=5, knots="quantile", bias=True)
@example(column=[7.0, 7.0], degree=3, n_knots=4, knots="uniform", bias=True)
def test_spline(extrapolation: str, column: list[float], degree: int, n_knots: int, knots: str, bias: bool) -> None:
    """The same knots and the same splines, to the bit; a value that scikit-learn refuses is refused."""
    assume(n_knots > degree or extrapolation != "periodic")
    # before 1.8, scikit-learn divides by the period
    assume(
        extrapolation != "periodic" or min(column) < max(column) or "handle_missing" in SplineTransformer().get_params()
    )
    assume(bias or (n_knots + degree > 2 and (n_knots > 2 or extrapolation != "periodic")))
    params = {
        "degree": degree,
        "n_knots": n_knots,
        "knots": knots,
        "extrapolation": extrapolation,
        "include_bias": bias,
    }
    built = harness.build(OPS["spline"], params, {"x": "float64?"})
    ours = harness.fit(built, [[value] for value in column])
    theirs = SplineTransformer(**params).fit(np.array(column)[:, None])
    state = ours.steps[-1].state
    np.testing.assert_array_equal(state.knots[0], theirs.bsplines_[0].t)
    probes = near(theirs.bsplines_[0].t)
    values, refused = run(ours, [*probes, None])
    assert not values[-1].any()
    for i, want in enumerate(answers(theirs, probes)):
        assert want is not None or i in refused
        if i not in refused:
            np.testing.assert_array_equal(values[i], want, err_msg=repr(probes[i]))
        else:
            assert want is None or extrapolation in ("linear", "continue")


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@settings(max_examples=40, deadline=None)
@given(column=COLUMNS, n_quantiles=st.integers(2, 9))
@example(column=[0.0, 0.0, 0.0, 0.3, 1.0, 1.0], n_quantiles=6)
@example(column=[i / 7 for i in range(600)], n_quantiles=500)
def test_quantile_transform(distribution: str, column: list[float], n_quantiles: int) -> None:
    """The same quantiles, and the same values: to the bit if uniform, to 1e-12 if normal."""
    params = {"n_quantiles": min(n_quantiles, len(column)), "output_distribution": distribution}
    ours = harness.fit(harness.build(OPS["quantile_transform"], params, {"x": "float64?"}), [[v] for v in column])
    theirs = QuantileTransformer(**params).fit(np.array(column)[:, None])
    np.testing.assert_array_equal(ours.steps[-1].state.quantiles[0], theirs.quantiles_[:, 0])
    ends = [theirs.quantiles_[0, 0] + 1e-7, theirs.quantiles_[-1, 0] - 1e-7]
    probes = [*near(theirs.quantiles_[:, 0]), *near(ends), None]
    rows = [[value] for value in probes]
    got, lowered = harness.run_reference(ours, rows).values, harness.Graph(ours).run(rows).values
    want = theirs.transform(np.array(probes, dtype=float)[:, None])
    np.testing.assert_array_equal(got, want)
    is_null = np.isnan(want)
    assert (np.isnan(lowered) == is_null).all()
    assert (np.abs(lowered - want)[~is_null] <= (0 if distribution == "uniform" else 1e-12)).all()


@settings(max_examples=30, deadline=None)
@given(column=COLUMNS, outside=st.sampled_from(["clip", "null", "error"]), rises=st.booleans(), data=st.data())
@example(column=[0.0, 1.0], outside="clip", rises=True, data=None)
def test_interpolate(column: list[float], outside: str, rises: bool, data: Any) -> None:
    """NumPy's `interp`, and an isotonic regression of the same points, to the bit."""
    draw = [float(i % 3) for i in range(len(column))] if data is None else None
    target = draw or data.draw(st.lists(GRID, min_size=len(column), max_size=len(column)))
    kinds = {"clip": "clip", "null": "nan", "error": "raise"}
    theirs = IsotonicRegression(increasing=rises, out_of_bounds=kinds[outside]).fit(np.array(column), target)
    points = [[x, y] for x, y in zip(theirs.X_thresholds_.tolist(), theirs.y_thresholds_.tolist(), strict=True)]
    assume(len(points) > 1)
    ours = harness.fit(harness.build(OPS["interpolate"], {"points": points, "outside": outside}, {"x": "float64?"}), [])
    probes = near(theirs.X_thresholds_)
    values, refused = run(ours, [*probes, None])
    assert np.isnan(values[-1, 0])
    for i, probe in enumerate(probes):
        if outside == "error" and not points[0][0] <= probe <= points[-1][0]:
            assert i in refused
            continue
        assert i not in refused
        np.testing.assert_array_equal(values[i, 0], theirs.predict([probe])[0])
        if outside == "clip":
            np.testing.assert_array_equal(values[i, 0], np.interp(probe, *zip(*points, strict=True)))
