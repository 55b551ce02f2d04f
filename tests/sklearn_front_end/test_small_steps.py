"""Binarizer, Normalizer, PolynomialFeatures, TargetEncoder and the weights of transformers as artifacts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_selection import SelectKBest, f_regression
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import (
    Binarizer,
    MinMaxScaler,
    Normalizer,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    StandardScaler,
    TargetEncoder,
)
from sklearn_front_end.rows import assert_equal

import skc
from skc import artifact

ROWS = pd.DataFrame({"a": [1.0, -4.0, 0.25, 3.0], "b": [2.0, -5.0, 3.0, 0.0], "n": [1, 2, -3, 0]})
HOSTILE = pd.DataFrame(
    {
        "a": [0.0, -0.0, np.nan, np.inf, -1.0, 1e-300, 1e300, 5e-324, 1e-16],
        "b": [-0.0, 1.0, 2.0, -1.0, -np.inf, 1e300, -2.0, 0.5, -1e-16],
        "n": [0, 1, -1, 7, 100, -100, 2, 3, 0],
    }
)
MIXED = pd.DataFrame(
    {
        "s": ["x", "y", "x", None, "z", "x"] * 4,
        "f": [1.5, np.nan, 1.5, 0.0, 2.5, -0.0] * 4,
        "n": [1, 2, 3, 1, 2, 3] * 4,
    }
)
ODD = pd.DataFrame({"s": ["", "y", None, "X"], "f": [5e-324, np.inf, np.nan, 2.5], "n": [4, 1, 2, 3]})


def test_rows_of_numbers(tmp_path: Path) -> None:
    for i, step in enumerate((Binarizer(threshold=0.25), PolynomialFeatures(3), PolynomialFeatures((2, 3)))):
        assert_equal(step.fit(ROWS), ROWS, tmp_path / str(i), HOSTILE)
    for norm in ("l1", "l2", "max"):
        assert_equal(Normalizer(norm).fit(ROWS), ROWS, tmp_path / norm, HOSTILE, exact=norm == "max")


def test_polynomials_behind_a_scaler(tmp_path: Path) -> None:
    steps = Pipeline([("s", StandardScaler()), ("p", PolynomialFeatures(interaction_only=True, include_bias=False))])
    assert_equal(steps.fit(ROWS), ROWS, tmp_path, HOSTILE)


@pytest.mark.parametrize("kind", ["continuous", "binary", "multiclass"])
def test_target_encoder(kind: str, tmp_path: Path) -> None:
    number = np.arange(len(MIXED))
    target = {"continuous": number * 0.37, "binary": number % 5 > 2, "multiclass": number % 3}[kind]
    encoder = TargetEncoder(target_type=kind).fit(MIXED, target)
    assert_equal(encoder, MIXED, tmp_path, ODD)


def test_weights(tmp_path: Path) -> None:
    weights = {"p": 0.1}
    union = FeatureUnion([("p", PolynomialFeatures(2)), ("b", Binarizer())], transformer_weights=weights)
    columns = ColumnTransformer(
        [("p", union, ["a", "b"]), ("o", OneHotEncoder(handle_unknown="ignore"), ["n"])],
        transformer_weights={"p": 2, "o": -3.5},
        sparse_threshold=0,
    )
    assert_equal(columns.fit(ROWS), ROWS, tmp_path, HOSTILE)


def test_power_transformer(tmp_path: Path) -> None:
    """Far values are refused where an overflow is near: see `power_transform`."""
    hostile = HOSTILE.replace({1e300: 1e90, 1e-300: 1e-30, 5e-324: 1e-9})
    for standardize in (True, False):
        transformer = PowerTransformer(standardize=standardize).fit(ROWS)
        assert_equal(transformer, ROWS, tmp_path / f"yeo{standardize}", hostile, exact=False)
        positive = ROWS.abs() + 1
        transformer = PowerTransformer("box-cox", standardize=standardize).fit(positive)
        assert_equal(transformer, positive, tmp_path / f"box{standardize}", hostile, exact=False)


def selecting(*parts: tuple[str, Any, list[str]]) -> Pipeline:
    """The parts side by side, then a selector that keeps only the column that is the target."""
    return Pipeline([("parts", ColumnTransformer(list(parts))), ("best", SelectKBest(f_regression, k=1))])


@pytest.mark.parametrize(
    ("parts", "refused"),
    [
        ([("a", StandardScaler(), ["a"]), ("b", MinMaxScaler(), ["b"])], True),
        ([("n", "passthrough", ["n"]), ("b", "passthrough", ["b"])], True),
        ([("a", "passthrough", ["a"]), ("c", OneHotEncoder(sparse_output=False), ["s"])], True),
        (
            [("a", "passthrough", ["a"]), ("c", OneHotEncoder(sparse_output=False, handle_unknown="ignore"), ["s"])],
            False,
        ),
    ],
    ids=["scalers", "an integer and a float", "a category", "a category that is never refused"],
)
def test_what_a_selector_removes_is_still_checked(
    parts: list[tuple[str, Any, list[str]]], refused: bool, tmp_path: Path
) -> None:
    rows = ROWS.assign(s=["x", "y", "x", "y"])
    made = selecting(*parts).fit(rows, rows[parts[0][2][0]])
    hostile = HOSTILE.assign(a=1.5, s=["x", "y", "z", None, "", "x", "y", "x", "y"])
    assert_equal(made, rows, tmp_path, hostile[hostile["b"].notna()])
    inputs = {i.name for i in artifact.read(tmp_path / "artifact").pipeline.inputs}
    assert (len(inputs) == 2) == refused


@pytest.mark.parametrize(("columns", "output"), [(["x", "y"], "features"), (["x", "features"], "transformed")])
def test_an_input_may_have_the_name_of_the_features(columns: list[str], output: str) -> None:
    """As the columns of diamonds do."""
    rows = pd.DataFrame(np.arange(8.0).reshape(4, 2), columns=columns)
    compiled = skc.compile(StandardScaler().fit(rows), rows, rows=50)
    assert compiled.is_equal
    assert [o.name for o in compiled.artifact.manifest.outputs] == [output]
