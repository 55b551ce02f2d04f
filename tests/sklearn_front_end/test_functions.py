"""FunctionTransformer: functions over arrays and data frames become expressions, or are refused with the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn_front_end.rows import assert_equal

from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

ROWS = pd.DataFrame({"a": [1.0, 4.0, 0.25], "b": [2.0, -5.0, 3.0], "n": [1, 2, -3], "s": ["x", "y", "z"]})
HOSTILE = pd.DataFrame(
    {
        "a": [0.0, -0.0, np.nan, np.inf, -1.0, 1e-300, 1e300, 5e-324],
        "b": [-0.0, 1.0, 2.0, -np.inf, np.nan, 1e300, -2.0, 0.5],
        "n": [0, 1, -1, 7, 100, -100, 2, 3],
        "s": ["x", "", "z", "y", "a", "b", "c", "d"],
    }
)
UFUNCS = (np.log, np.log1p, np.log10, np.log2, np.sqrt, np.abs, np.square, np.reciprocal, np.sign, np.exp, np.expm1)
MORE_UFUNCS = (np.tanh, np.isnan, np.floor, np.ceil, np.rint, np.sin, np.cos, np.negative)


def scaled(x: Any, *, factor: float, low: float = -5.0) -> Any:
    return np.maximum(x, low) * factor


def in_place(x: Any) -> Any:
    x = x.copy()
    x[:, 0] = x[:, 0] / x[:, 1]
    return x


def assigned(x: Any) -> Any:
    x = x.copy()
    x["ratio"] = x["a"] / x["b"]
    return x.drop(columns=["b", "s"])


ARRAYS: tuple[Callable[[Any], Any], ...] = (
    lambda x: x[:, [0]] / x[:, [1]],
    lambda x: np.c_[x, x[:, 0] * x[:, 1], x[:, ::-1]],
    lambda x: np.column_stack([x, x.sum(axis=1), x.mean(axis=1), x.max(axis=1)]),
    lambda x: np.where((x > 0.5) & ~(x == 4), x, 0),
    lambda x: (x > 2).astype(int) + np.clip(x, 0, 2) + (x != 1).astype(float),
    lambda x: np.hstack([x**3, x**0.5, 2 / x, 1.5 - x, -x]),
    lambda x: np.sin(x / 24 * 2 * np.pi),
    lambda x: np.nan_to_num(x),
    in_place,
)
FRAMES: tuple[Callable[[Any], Any], ...] = (
    assigned,
    lambda x: x[["a", "b"]].assign(c=x["a"] * x["n"], d=np.log1p(x.a)),
    lambda x: np.sqrt(x.iloc[:, [0]]) + 1,
    lambda x: x[["a"]].to_numpy() + 1,
    lambda x: x[["n"]] ** 2 - x[["n"]],
)
REFUSED: tuple[tuple[Callable[[Any], Any], str], ...] = (
    (lambda x: x - x.mean(axis=0), "depends on other rows"),
    (lambda x: x if x[0, 0] > 1 else x + 1, "branches"),
    (lambda x: np.sort(x, axis=1), "branches"),
    (lambda x: x / len(x), "number of rows"),
    (lambda x: np.arctan(x), "numpy.arctan"),
    (lambda x: np.add.accumulate(x, axis=1), "numpy.add.accumulate"),
    (lambda x: x[:, 0], "a row for each row"),
    (lambda x: np.ones_like(x), "the constant 1"),
    (lambda x: np.asarray(x, dtype=float), "plain numbers"),
    (lambda x: x**x, "not a constant"),
    (lambda x: x**2.5, "the power 2.5"),
    (lambda x: x + np.inf, "computes with inf"),
    (lambda x: list(x), "gives a list"),
    (lambda x: x.undefined, "raises AttributeError"),
    (lambda x: np.cos(np.exp(x)), "is not an expression"),
)
REFUSED_FRAMES: tuple[tuple[Callable[[Any], Any], str], ...] = (
    (lambda x: x[["a"]].fillna(0), "another value"),
    (lambda x: x[["a", "b"]].sum(axis=1).to_frame(), "another value"),
    (lambda x: x[["a"]].clip(0, 1), "branches"),
    (lambda x: x["a"], "gives a Series"),
    (lambda x: x[["s"]] + 1, "computes with text"),
    (lambda x: x[["a"]].astype(int), "plain integers"),
)


def test_ufuncs(tmp_path: Path) -> None:
    x, hostile = ROWS[["a", "b"]], HOSTILE[["a", "b"]]
    for name, functions in (("some", UFUNCS), ("more", MORE_UFUNCS)):
        union = FeatureUnion([(f.__name__, FunctionTransformer(f)) for f in functions]).fit(x.to_numpy())
        assert_equal(union, x.to_numpy(), tmp_path / name, hostile.to_numpy(), exact=False)


def test_functions_of_arrays(tmp_path: Path) -> None:
    x, hostile = ROWS[["a", "b"]].to_numpy(), HOSTILE[["a", "b"]].to_numpy()
    union = FeatureUnion([(f"f{i}", FunctionTransformer(f)) for i, f in enumerate(ARRAYS)]).fit(x)
    assert_equal(union, x, tmp_path, hostile, exact=False)


def test_functions_of_data_frames(tmp_path: Path) -> None:
    union = FeatureUnion([(f"f{i}", FunctionTransformer(f)) for i, f in enumerate(FRAMES)]).fit(ROWS)
    assert_equal(union, ROWS, tmp_path, HOSTILE, exact=False)


def test_within_a_pipeline(tmp_path: Path) -> None:
    """With keyword arguments, a check of the input, and a scaler before."""
    halves = FunctionTransformer(scaled, kw_args={"factor": 0.5, "low": -1.0}, validate=True)
    steps = Pipeline([("scale", StandardScaler()), ("half", halves), ("log", FunctionTransformer(lambda x: x * 3 - 1))])
    columns = ColumnTransformer([("p", steps, ["a", "n"]), ("q", FunctionTransformer(np.abs, validate=True), ["b"])])
    assert_equal(columns.fit(ROWS), ROWS, tmp_path, HOSTILE)


def test_functions_of_data_frames_that_name_no_column(tmp_path: Path) -> None:
    functions = (lambda x: np.maximum(x, 0.5), lambda x: np.clip(x, -1, 1), np.sign, np.isnan)
    union = FeatureUnion([(f"f{i}", FunctionTransformer(f)) for i, f in enumerate(functions)])
    assert_equal(union.fit(ROWS[["a", "b"]]), ROWS[["a", "b"]], tmp_path, HOSTILE[["a", "b"]])


@pytest.mark.parametrize(("function", "reason"), REFUSED)
def test_refusals(function: Callable[[Any], Any], reason: str) -> None:
    x = ROWS[["a", "b"]].to_numpy()
    with pytest.raises(SkcError, match=reason) as error:
        read_estimator(FunctionTransformer(function).fit(x), x)
    assert error.value.code == "SKC150"


@pytest.mark.parametrize(("function", "reason"), REFUSED_FRAMES)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_refusals_of_data_frames(function: Callable[[Any], Any], reason: str) -> None:
    with pytest.raises(SkcError, match=reason) as error:
        read_estimator(FunctionTransformer(function).fit(ROWS), ROWS)
    assert error.value.code == "SKC150"


def test_missing_integers_are_refused() -> None:
    x = pd.DataFrame({"i": pd.array([1, None], dtype="Int64")})
    with pytest.raises(SkcError, match="int64"):
        read_estimator(FunctionTransformer(np.abs).fit(x), x)
