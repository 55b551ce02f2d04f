"""quantile_bin against scikit-learn's KBinsDiscretizer: the same edges and the same bins, to the bit; bucketize against
NumPy's searchsorted.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import op_harness as harness
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.preprocessing import KBinsDiscretizer

from skc.ops import OPS

# Few distinct values, so that ties, constant columns and values equal to an interpolated edge are common.
GRID = st.integers(-6, 6).map(lambda i: i / 10)
CLOSE = st.integers(0, 6).map(lambda i: 1.0 + i * 4e-9)
FLOATS = st.floats(-1e6, 1e6)
CLOSEST = 1e-8  # scikit-learn's


def discretizer(bins: int, encode: str) -> KBinsDiscretizer:
    made = KBinsDiscretizer(bins, encode=encode, strategy="quantile", subsample=None, dtype=np.float64)
    # before 1.7, there was no other method
    return made.set_params(quantile_method="linear") if "quantile_method" in made.get_params() else made


def probes(rows: NDArray[Any], edges: list[NDArray[Any]]) -> NDArray[Any]:
    """Every row, and every edge of every column with the floats on either side of it."""
    near = [
        v
        for column in edges
        for e in column
        if math.isfinite(e)
        for v in (np.nextafter(e, -9e9), e, np.nextafter(e, 9e9))
    ]
    return np.concatenate([rows, np.repeat(np.array([*near, -1e300, 1e300])[:, None], rows.shape[1], axis=1)])


@pytest.mark.parametrize("encode", ["ordinal", "onehot"])
@settings(max_examples=40, deadline=None)
@given(data=st.data(), bins=st.integers(2, 11), width=st.integers(1, 3), count=st.integers(1, 30))
def test_same_bins_as_scikit_learn(encode: str, data: st.DataObject, bins: int, width: int, count: int) -> None:
    columns = [
        data.draw(st.lists(data.draw(st.sampled_from([GRID, CLOSE, FLOATS])), min_size=count, max_size=count))
        for _ in range(width)
    ]
    rows = np.array(columns).T
    names = {f"c{k}": "float64" for k in range(width)}
    fitted = harness.fit(harness.build(OPS["quantile_bin"], {"bins": bins, "encode": encode}, names), rows.tolist())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn warns of constant columns and removed bins
        theirs = discretizer(bins, "ordinal").fit(rows)
    for k, edges in enumerate(fitted.steps[-1].state.edges):
        quantiles = np.unique(np.percentile(rows[:, k], np.linspace(0, 100, bins + 1), method="linear"))
        np.testing.assert_array_equal(np.array(edges), quantiles[1:-1])
        if len(quantiles) == 1 or np.diff(quantiles).min() > CLOSEST:  # else it drops an edge that is one
            np.testing.assert_array_equal(np.array(edges), theirs.bin_edges_[k][1:-1])
    if any(len(ours) != len(e) - 2 for ours, e in zip(fitted.steps[-1].state.edges, theirs.bin_edges_, strict=True)):
        return
    table = probes(rows, list(theirs.bin_edges_))
    got = harness.run_reference(fitted, table.tolist()).values
    lowered = harness.Graph(fitted).run(table.tolist()).values
    np.testing.assert_array_equal(lowered, got)
    if encode == "onehot":
        if min(theirs.n_bins_) == 0:  # there scikit-learn cannot encode
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs = discretizer(bins, "onehot-dense").fit(rows)
    np.testing.assert_array_equal(got, theirs.transform(table))


def test_the_probes_reach_the_edges() -> None:
    """A comparison on rows alone would not see an edge that is one bit off."""
    table = probes(np.array([[0.1], [0.9]]), [np.array([0.1, 0.7, 0.9])])
    assert 0.7 in table
    assert math.nextafter(0.7, 0.0) in table


@settings(max_examples=60, deadline=None)
@given(
    edges=st.lists(st.one_of(GRID, CLOSE, FLOATS), min_size=1, max_size=9, unique_by=lambda e: e + 0.0),
    values=st.lists(FLOATS, max_size=9),
    closed=st.sampled_from(["left", "right"]),
)
def test_bucketize_is_searchsorted(edges: list[float], values: list[float], closed: str) -> None:
    edges = sorted(edges)
    pipeline = harness.build(OPS["bucketize"], {"edges": edges, "closed": closed}, {"x": "float64"})
    fitted = harness.fit(pipeline, [])
    table = probes(np.array(values).reshape(-1, 1), [np.array(edges)])
    want = np.searchsorted(edges, table, side="right" if closed == "left" else "left")
    np.testing.assert_array_equal(harness.run_reference(fitted, table.tolist()).values, want)
    np.testing.assert_array_equal(harness.Graph(fitted).run(table.tolist()).values, want)
