"""Encoders of scikit-learn as artifacts, with every combination of their parameters: equal exactly."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

import skc
import skc_runtime
from skc.frontend.sklearn import read_estimator

ROWS = pd.DataFrame(
    {
        "s": ["x", "y", None, "x", "z", "w", "w", "w"],
        "t": ["a", "b", "c", "b", "a", "a", "a", "a"],
        "n": [1, 2, 3, 1, 1, 1, 1, 1],
    }
)
COLUMNS = (["s", "t", "n"], ["t"], ["n", "s"])


def assert_equal(encoder: Any, columns: list[str], folder: Path) -> None:
    """The artifact gives what the encoder gives, under the names that the encoder gives."""
    rows = ROWS[columns]
    encoder.fit(rows)
    read = read_estimator(encoder, rows)
    compiled = skc.compile(read.pipeline, rows, folder / "artifact", rows=200)
    assert compiled.report is not None
    assert compiled.report.is_equal
    with skc_runtime.load(folder / "artifact") as transformer:
        ours = transformer.transform(rows)["x"]
        assert transformer.manifest.outputs[0].columns == tuple(encoder.get_feature_names_out())
    np.testing.assert_array_equal(ours, encoder.transform(rows).astype(float))


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("unknown", ["error", "ignore", "infrequent_if_exist"])
@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_one_hot(columns: list[str], unknown: str, tmp_path: Path) -> None:
    for drop, least in product((None, "first", "if_binary"), (None, 2, 3)):
        encoder = OneHotEncoder(handle_unknown=unknown, drop=drop, min_frequency=least, sparse_output=False)
        assert_equal(encoder, columns, tmp_path / f"{drop}{least}")


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize(
    ("unknown", "code"), [("error", None), ("use_encoded_value", -1), ("use_encoded_value", np.nan)]
)
def test_ordinal(columns: list[str], unknown: str, code: float | None, tmp_path: Path) -> None:
    for missing, least in product((np.nan, -2), (None, 2)):
        encoder = OrdinalEncoder(
            handle_unknown=unknown, unknown_value=code, encoded_missing_value=missing, min_frequency=least
        )
        assert_equal(encoder, columns, tmp_path / f"{missing}{least}")
