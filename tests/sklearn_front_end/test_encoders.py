"""Encoders of scikit-learn as artifacts, with every combination of their parameters: equal exactly."""

from __future__ import annotations

import ast
import re
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder
from sklearn_front_end.rows import assert_equal

import skc
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

ROWS = pd.DataFrame(
    {
        "s": ["x", "y", None, "x", "z", "w", "w", "w"],
        "t": ["a", "b", "c", "b", "a", "a", "a", "a"],
        "n": [1, 2, 3, 1, 1, 1, 1, 1],
    }
)
FLOATS = pd.DataFrame(
    {
        "f": [0.1 + 0.2, 0.3, np.nan, -0.0, 0.0, 2.5, 2.5, 1e300],
        "i": pd.array([1, 2, None, 2, 3, 3, 3, 3], dtype="Int64"),
        "b": pd.array([True, None, False, True, True, True, True, True], dtype="boolean"),
        "g": [1.0, 2.0, 3.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    }
)
HOSTILE = pd.DataFrame(
    {
        "f": [np.inf, -np.inf, 5e-324, 0.30000000000000004, np.nan],
        "i": pd.array([1, 2, 4, 2**53 + 1, None], dtype="Int64"),
        "b": pd.array([True, None, False, True, None], dtype="boolean"),
        "g": [1.0, 1.0, 1.0, np.nextafter(1.0, 2.0), np.nan],
    }
)
COLUMNS = (["s", "t", "n"], ["t"], ["n", "s"])


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize("unknown", ["error", "ignore", "infrequent_if_exist"])
@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_one_hot(columns: list[str], unknown: str, tmp_path: Path) -> None:
    for drop, least in product((None, "first", "if_binary"), (None, 2, 3)):
        encoder = OneHotEncoder(handle_unknown=unknown, drop=drop, min_frequency=least, sparse_output=False)
        assert_equal(encoder.fit(ROWS[columns]), ROWS[columns], tmp_path / f"{drop}{least}")


@pytest.mark.parametrize("columns", COLUMNS)
@pytest.mark.parametrize(
    ("unknown", "code"), [("error", None), ("use_encoded_value", -1), ("use_encoded_value", np.nan)]
)
def test_ordinal(columns: list[str], unknown: str, code: float | None, tmp_path: Path) -> None:
    for missing, least in product((np.nan, -2), (None, 2)):
        encoder = OrdinalEncoder(
            handle_unknown=unknown, unknown_value=code, encoded_missing_value=missing, min_frequency=least
        )
        assert_equal(encoder.fit(ROWS[columns]), ROWS[columns], tmp_path / f"{missing}{least}")


@pytest.mark.parametrize("unknown", ["error", "ignore", "infrequent_if_exist"])
def test_one_hot_of_floats(unknown: str, tmp_path: Path) -> None:
    """Integers and booleans with missing values are floats to scikit-learn."""
    for drop, least in ((None, None), ("first", 2)):
        encoder = OneHotEncoder(handle_unknown=unknown, drop=drop, min_frequency=least)
        assert_equal(encoder.fit(FLOATS), FLOATS, tmp_path / f"{drop}{least}", HOSTILE)


def test_ordinal_of_floats(tmp_path: Path) -> None:
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2, min_frequency=2
    )
    assert_equal(encoder.fit(FLOATS), FLOATS, tmp_path / "codes", HOSTILE)
    rows, hostile = FLOATS[["g", "f"]].dropna().to_numpy(), HOSTILE[["g", "f"]].to_numpy()
    assert_equal(OrdinalEncoder().fit(rows), rows, tmp_path / "refused", hostile)


def test_float_columns_of_integer_categories(tmp_path: Path) -> None:
    """Fitted on integers, and given floats later: 1.0 is 1, and 1.5 is unknown."""
    encoder = OneHotEncoder(handle_unknown="ignore").fit(ROWS[["n"]])
    rows = pd.DataFrame({"n": [1.0, 1.5, 3.0, np.nan]})
    assert_equal(encoder, rows, tmp_path, pd.DataFrame({"n": [2.0, np.inf, -0.0]}))


@pytest.mark.parametrize("unknown", ["infrequent_if_exist", "ignore"])
@pytest.mark.parametrize("drop", [None, "first"])
@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_null_alone_is_infrequent(unknown: str, drop: str | None, tmp_path: Path) -> None:
    """Unknown values share its column, whose place no value of the sample has."""
    rows = pd.DataFrame(
        {
            "s": ["", "", "_", "_", None],
            "f": [0.0, 0.0, 1.0, 1.0, np.nan],
            "b": pd.Series([True, True, False, False, None], dtype=object),
        }
    )
    hostile = pd.DataFrame({"s": ["__", None, "_"], "f": [2.0, np.nan, -0.0], "b": rows["b"].iloc[[0, 4, 2]].array})
    encoder = OneHotEncoder(handle_unknown=unknown, drop=drop, min_frequency=2, sparse_output=False)
    assert_equal(encoder.fit(rows), rows, tmp_path, hostile)


@pytest.mark.parametrize("unknown", ["error", "use_encoded_value"])
def test_none_is_the_last_category_of_an_ordinal_encoder(unknown: str, tmp_path: Path) -> None:
    """Of an object column: NaN is a missing value, and None is not."""
    rows = pd.DataFrame({"s": pd.Series(["x", "y", None, "x"], dtype=object)})
    code = -1 if unknown == "use_encoded_value" else None
    encoder = OrdinalEncoder(handle_unknown=unknown, unknown_value=code, encoded_missing_value=-5).fit(rows)
    assert encoder.transform(rows).ravel().tolist() == [0.0, 1.0, 2.0, 0.0]
    assert_equal(encoder, rows, tmp_path, pd.DataFrame({"s": pd.Series([None, "z", ""], dtype=object)}))
    with pytest.raises(SkcError) as caught:
        read_estimator(OrdinalEncoder(min_frequency=2).fit(pd.concat([rows, rows.iloc[2:3]])), rows)
    assert caught.value.code == "SKC151"


UNSEEN = pd.DataFrame(
    {
        "three": ["x", "y", "z", "x"],
        "two": ["a", "b", "a", "b"],
        "null": ["a", "b", None, None],  # which has a column of its own, as a third category
        "flag": [True, False, True, False],
        "maybe": pd.array([True, None, False, True], dtype="boolean"),
        "always": [True] * 4,
    }
)


def unseen(encoder: OneHotEncoder, rows: pd.DataFrame, folder: Path) -> dict[tuple[str, ...], str]:
    """The hint for the columns in which no training row shows what an unknown value gives."""
    done = skc.compile(encoder.fit(rows), rows, folder, rows=20, force=True)
    warnings = [warning for warning in done.warnings if warning.code == "SKC231"]
    columns = [re.findall("`(.*?)`", warning.message.partition(": ")[0])[1:] for warning in warnings]
    assert all("`onehotencoder`" in warning.message and warning.severity == "warning" for warning in warnings)
    return {tuple(names): warning.hint or "" for names, warning in zip(columns, warnings, strict=True)}


@pytest.mark.filterwarnings("ignore:Found unknown categories")
def test_a_hint_about_unknown_values_is_followed(tmp_path: Path) -> None:
    """They are to share the column of infrequent categories, and there is none. A boolean is always known."""
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False)
    hints = unseen(encoder, UNSEEN, tmp_path / "made")
    assert list(hints) == [("three", "null"), ("two", "always")]
    assert unseen(OneHotEncoder(handle_unknown="warn", sparse_output=False), UNSEEN, tmp_path / "made") == hints
    for names, hint in hints.items():
        followed = [dict([part.split("=")]) for part in re.findall(r"`(\w+=[^`]*)`", hint)]
        assert followed[-1] == {"handle_unknown": '"ignore"'}
        assert [*followed[0]] == ["max_categories" if "three" in names else "handle_unknown"]
        for parameters in followed:
            changed = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False)
            changed.set_params(**{name: ast.literal_eval(value) for name, value in parameters.items()})
            assert unseen(changed, UNSEEN[[*names]], tmp_path / "made") == {}, parameters
    least = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=2, sparse_output=False)
    assert unseen(least, UNSEEN[["three"]], tmp_path / "made") == {}


@pytest.mark.parametrize("unknown", ["error", "ignore"])
def test_nothing_to_warn_of_where_unknown_values_are_not_infrequent(unknown: str, tmp_path: Path) -> None:
    assert unseen(OneHotEncoder(handle_unknown=unknown, sparse_output=False), UNSEEN, tmp_path / "made") == {}


def test_codes_are_all_known(tmp_path: Path) -> None:
    """What an earlier step makes is known, so none is unknown to the encoder behind it."""
    encoder = OneHotEncoder(handle_unknown="infrequent_if_exist", sparse_output=False)
    rows = UNSEEN[["three"]]
    pipeline = make_pipeline(OrdinalEncoder(), encoder).fit(rows)
    assert skc.compile(pipeline, rows, tmp_path / "made", rows=20).warnings == ()
    imputed = make_pipeline(SimpleImputer(strategy="most_frequent"), encoder).fit(rows)
    (warning,) = skc.compile(imputed, rows, tmp_path / "other", rows=20).warnings
    assert warning.code == "SKC231"
