"""LabelEncoder and LabelBinarizer as artifacts, of labels of every type and in every form that they take."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import LabelBinarizer, LabelEncoder

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

WORDS = np.array(["b", "a", "é", "b"], dtype=object)
LABELS = {
    "words": (WORDS, ["a", "A", "", "a ", "e\u0301", "é"]),
    "integers": (np.array([3, -1, 2**62]), [3, 2, 2**62 + 1, -1, -(2**63)]),
    "floats": (np.array([2.0, -0.0, 1e15]), [0.0, 2.5, np.nan, np.inf, -(2.0**63), 2.0**63, 5e-324, 1e15, 1e300]),
    "booleans": (np.array([True, False]), [False, True]),
    "two": (np.array([7, 9]), [9, 7, 8]),
}


def answers(encoder: Any, labels: Any, tried: Any, folder: Path) -> tuple[list[Any], list[Any]]:
    """What the verified artifact and scikit-learn say to each of some labels alone; None where it is refused."""
    read = read_estimator(encoder.fit(labels), labels)
    compiled = skc.compile(encoder, labels, folder / "artifact", rows=200)
    assert compiled.report is not None
    assert compiled.report.is_equal
    (name,) = read.sample.table.column_names
    ours, theirs = [], []
    with skc_runtime.load(folder / "artifact") as transformer:
        for label in tried:
            try:
                ours.append(transformer.transform({name: label})["x"].tolist())
            except skc_runtime.RecordError:
                ours.append(None)
            try:
                theirs.append(encoder.transform(np.array([label], dtype=labels.dtype)).reshape(-1).tolist())
            except ValueError:
                theirs.append(None)
    return ours, theirs


@pytest.mark.parametrize("kind", LABELS)
def test_label_encoder(kind: str, tmp_path: Path) -> None:
    labels, tried = LABELS[kind]
    ours, theirs = answers(LabelEncoder(), labels, tried, tmp_path)
    assert ours == theirs
    assert None in theirs or kind == "booleans"


@pytest.mark.parametrize(
    ("kind", "negative", "positive"),
    [("words", 0, 1), ("integers", -3, 0), ("floats", -1, 2**52), ("booleans", 1, 3), ("two", -1, 1)],
)
@pytest.mark.filterwarnings("ignore:invalid value encountered in cast")  # of scikit-learn
def test_label_binarizer(kind: str, negative: int, positive: int, tmp_path: Path) -> None:
    labels, tried = LABELS[kind]
    ours, theirs = answers(LabelBinarizer(neg_label=negative, pos_label=positive), labels, tried, tmp_path)
    assert ours == theirs
    assert {len(row) for row in ours if row is not None} == {1 if kind in ("two", "booleans") else 3}


def test_a_null_that_fitting_saw_has_the_last_code(tmp_path: Path) -> None:
    ours, theirs = answers(LabelEncoder(), np.array([np.nan, 3.0, 1.0]), [np.nan, 1.0, np.inf], tmp_path)
    assert ours == theirs == [[2], [0], None]


@pytest.mark.parametrize(
    "form", [pd.Series(WORDS, name="y"), WORDS.tolist(), WORDS[:, None], pd.DataFrame({"y": WORDS})]
)
def test_labels_in_every_form(form: Any, tmp_path: Path) -> None:
    compiled = skc.compile(LabelBinarizer().fit(form), form, tmp_path / "artifact", rows=100)
    assert compiled.report is not None
    assert compiled.report.is_equal


def test_of_two_labels_a_third_changes_no_other_row(tmp_path: Path) -> None:
    """scikit-learn gives a batch with a third label another column; the verdict is on rows with at most two."""
    ours, theirs = answers(LabelBinarizer(), np.array(["x", "y"], dtype=object), ["y", "z", "x"], tmp_path)
    assert ours == theirs == [[1], [0], [0]]


@pytest.mark.parametrize("sample", [np.arange(3.0), pd.Series([1, 2, 3]), [True, False]])
def test_labels_are_not_columns(sample: Any) -> None:
    from sklearn.preprocessing import StandardScaler

    with pytest.raises(SkcError) as caught:
        read_estimator(StandardScaler().fit(np.ones((3, 2))), sample)
    assert caught.value.diagnostics[0].code == "SKC155"
