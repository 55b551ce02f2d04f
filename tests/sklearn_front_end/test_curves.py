"""SplineTransformer and QuantileTransformer of scikit-learn as artifacts, on equal points and missing values."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, QuantileTransformer, SplineTransformer
from sklearn_front_end.rows import assert_equal

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

ROWS = pd.DataFrame(
    {"a": [0.0, 1.0, 2.0, 3.0, 4.0], "b": [0.5, 0.1, 0.3, 0.2, 0.9], "c": [5.0] * 5, "d": [0.0, 0.0, 0.0, 3.0, 3.0]}
)
BEYOND = pd.concat([ROWS + offset for offset in (0.0, -0.7)] + [ROWS.iloc[[1, 3]] * -7], ignore_index=True)
FINITE = pd.concat([BEYOND, pd.DataFrame([[np.nan] * 4, [-0.0, 1e60, 5e-324, -0.0]], columns=[*"abcd"])])
HOSTILE = pd.concat([FINITE, pd.DataFrame([[np.inf] * 4, [-np.inf, 0.0, 0.0, -np.inf]], columns=[*"abcd"])])

# scikit-learn 1.8 came with both: missing values, and periodic splines of a constant column.
OF_CONSTANTS = "handle_missing" in SplineTransformer().get_params()


@pytest.mark.parametrize("degree", [0, 1, 2])
def test_lines_beyond_the_range(degree: int, tmp_path: Path) -> None:
    """For a later column of degree 0 or 1, scikit-learn takes an inner knot for the end of the range."""
    splines = SplineTransformer(degree=degree, extrapolation="linear", include_bias=degree == 1)
    assert_equal(splines.fit(ROWS), ROWS, tmp_path, HOSTILE)


def test_ranges_that_would_end_before_they_begin() -> None:
    splines = SplineTransformer(n_knots=2, degree=1, extrapolation="linear").fit(ROWS)
    with pytest.raises(SkcError, match="linear extrapolation of so few knots"):
        read_estimator(splines, ROWS)
    read_estimator(splines.fit(ROWS[["a"]]), ROWS[["a"]])


@pytest.mark.parametrize("extrapolation", ["constant", "linear", "continue", "periodic", "error"])
def test_equal_knots(extrapolation: str, tmp_path: Path) -> None:
    splines = SplineTransformer(degree=2, knots="quantile", extrapolation=extrapolation)
    columns = [*ROWS] if extrapolation != "periodic" or OF_CONSTANTS else [*"abd"]
    assert_equal(splines.fit(ROWS[columns]), ROWS[columns], tmp_path, HOSTILE[columns])


def test_the_period_of_a_constant_column() -> None:
    """Before 1.8, scikit-learn divides by it."""
    splines = SplineTransformer(extrapolation="periodic").fit(ROWS)
    refused = pytest.raises(SkcError, match="periodic splines of a constant column")
    with nullcontext() if OF_CONSTANTS else refused:
        read_estimator(splines, ROWS)


def test_missing_values(tmp_path: Path) -> None:
    """Where they are zeros, an infinity is not looked for either."""
    pytest.importorskip("sklearn", minversion="1.8")
    rows = ROWS.mask(ROWS == 3.0)
    for extrapolation in ("constant", "linear"):
        splines = SplineTransformer(handle_missing="zeros", extrapolation=extrapolation, sparse_output=True)
        assert_equal(
            splines.fit(rows), rows, tmp_path / extrapolation, FINITE if extrapolation == "linear" else HOSTILE
        )
    splines = SplineTransformer(handle_missing="zeros", extrapolation="continue")
    assert_equal(splines.fit(rows), rows, tmp_path / "dense", FINITE)


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"degree": 51, "n_knots": 2}, "splines of degree 51"),
        ({"degree": 0, "sparse_output": True}, "`sparse_output` of splines of degree 0"),
        ({"handle_missing": "zeros", "extrapolation": "continue", "sparse_output": True}, "depend on the other rows"),
    ],
)
def test_what_does_not_compile(params: dict[str, Any], text: str) -> None:
    if "handle_missing" in params:
        pytest.importorskip("sklearn", minversion="1.8")
    with pytest.raises(SkcError, match=text):
        read_estimator(SplineTransformer(**params).fit(ROWS), ROWS)


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.filterwarnings("ignore:n_quantiles:UserWarning")
def test_shares(distribution: str, tmp_path: Path) -> None:
    """Of equal values, a constant column and missing values; an infinity is refused."""
    rows = ROWS.mask(ROWS == 4.0)
    shares = QuantileTransformer(output_distribution=distribution).fit(rows)
    assert_equal(shares, rows, tmp_path, HOSTILE, exact=distribution == "uniform")


@pytest.mark.filterwarnings("ignore:n_quantiles:UserWarning")
@pytest.mark.filterwarnings("ignore:All-NaN slice:RuntimeWarning")
def test_quantiles_that_do_not_compile() -> None:
    """Of an empty column; and of values that are not exact, if they are equal."""
    empty = ROWS.assign(a=np.nan)
    with pytest.raises(SkcError, match="SKC151"):
        read_estimator(QuantileTransformer().fit(empty), empty)
    logarithms = make_pipeline(FunctionTransformer(np.log1p), QuantileTransformer())
    read_estimator(logarithms.fit(ROWS[["a"]]), ROWS[["a"]])
    with pytest.raises(SkcError, match="SKC215"):
        read_estimator(logarithms.fit(ROWS[["d"]]), ROWS[["d"]])
