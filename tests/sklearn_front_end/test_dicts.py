"""`DictVectorizer`: rows are dicts, in which each key is an input of the artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator

ROWS: list[dict[str, Any]] = [
    {"PU_DO": "43_151", "trip_distance": 3.1, "vip": True, "hour": np.int64(7)},
    {"hour": 23, "PU_DO": "", "trip_distance": 2},
    {"PU_DO": "b=c", "trip_distance": -0.0, "pay": "card"},
    {"trip_distance": 1e308, "PU_DO": "😀", "vip": False},
    {},
]
UNSEEN: list[dict[str, Any]] = [
    {"PU_DO": "zzz", "trip_distance": 0.5, "vip": True},
    {"pay": "PU_DO=b=c", "hour": float("inf")},
    {"pay": "Card"},
    {"pay": None, "PU_DO": None},
]


@pytest.mark.parametrize("order", [True, False])
def test_a_row_is_a_dict_and_an_absent_key_is_zero(order: bool, tmp_path: Path) -> None:
    vectorizer = DictVectorizer(sort=order).fit(ROWS)
    read = read_estimator(vectorizer, ROWS)
    compiled = skc.compile(read.pipeline, read.sample.table, tmp_path / "artifact", rows=200)
    assert compiled.report is not None
    assert compiled.report.is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert transformer.manifest.outputs[0].columns == tuple(vectorizer.get_feature_names_out())
        for row in ROWS + UNSEEN:
            np.testing.assert_array_equal(transformer.transform(row)["x"], vectorizer.transform([row]).toarray()[0])
        with pytest.raises(skc_runtime.RecordError, match="NaN"):
            transformer.transform({"hour": float("nan")})
        with pytest.raises(skc_runtime.RecordError, match="PU_DO"):
            transformer.transform({"PU_DO": 43})


def test_a_scaler_behind_it_sees_every_column(tmp_path: Path) -> None:
    pipeline = make_pipeline(DictVectorizer(sparse=False), StandardScaler()).fit(ROWS[:3])
    frame = pd.DataFrame(ROWS[:3])[["pay", "vip", "PU_DO", "trip_distance", "hour"]].astype({"vip": "boolean"})
    for sample in (ROWS[:3], frame):
        read = read_estimator(pipeline, sample)
        steps = [(step.op, len(step.inputs)) for step in read.pipeline.steps]
        assert ("standard_scale", 4) in steps  # texts, numbers, text, numbers: in the order of the vocabulary
        skc.compile(read.pipeline, read.sample.table, tmp_path / "artifact", rows=50, force=True)
        with skc_runtime.load(tmp_path / "artifact") as transformer:
            ours = np.stack([transformer.transform(row)["x"] for row in ROWS])
            np.testing.assert_array_max_ulp(ours, pipeline.transform(ROWS), maxulp=4)


@pytest.mark.parametrize(
    ("sample", "words"),
    [
        ([{"PU_DO": "a", "hour": 1}], "no key of X gives the feature `pay=card`"),
        ([{**ROWS[0], "pay": "card"}, {"pay": 1}], "both texts and numbers under the key `pay`"),
        ([{**ROWS[0], "pay": ["card", "cash"]}], "a value of type list under the key `pay`"),
        ([{**ROWS[0], "pay": {"by": "card"}}], "a value of type dict"),
        ([{**ROWS[0], "hour": None}], "a missing number under the key `hour`"),
        ([{**ROWS[0], "hour": float("nan")}], "a missing number under the key `hour`"),
        ([{**ROWS[0], 7: 1}], "a key that is not text: 7"),
    ],
)
def test_a_sample_that_does_not_tell_the_types_is_refused(sample: list[dict[Any, Any]], words: str) -> None:
    with pytest.raises(SkcError, match=words) as refused:
        read_estimator(DictVectorizer().fit(ROWS[:3]), sample)
    assert refused.value.code == "SKC155"
    assert refused.value.diagnostics[0].hint


def test_what_cannot_be_proved_equal_is_refused() -> None:
    twice = [{"a": "b=c", "a=b": "c"}]
    with pytest.raises(SkcError, match="the keys `a` and `a=b` both give the feature `a=b=c`"):
        read_estimator(DictVectorizer().fit(twice), twice)
    with pytest.raises(SkcError, match="`dtype=float32`"):
        read_estimator(DictVectorizer(dtype=np.float32).fit(ROWS[:3]), ROWS[:3])
    with pytest.raises(SkcError, match="fitted with columns"):
        read_estimator(StandardScaler().fit(np.eye(2)), [{"a": 1.0}])
    seen_as_none = [{"pay": None, "n": 1}, {"pay": "card", "n": 2}]  # the feature `pay` would be NaN for None
    with pytest.raises(SkcError, match="no key of X gives the feature `pay`"):
        read_estimator(DictVectorizer().fit(seen_as_none), seen_as_none)


@pytest.mark.parametrize("signs", [True, False])
def test_a_hasher_takes_dicts(signs: bool, tmp_path: Path) -> None:
    hasher = FeatureHasher(n_features=3, alternate_sign=signs).fit(ROWS)
    read = read_estimator(hasher, ROWS)
    compiled = skc.compile(read.pipeline, read.sample.table, tmp_path / "artifact", rows=200)
    assert compiled.report is not None
    assert compiled.report.is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        for row in [*ROWS, *UNSEEN[::2], {"PU_DO": "b=c", "pay": "b=c", "trip_distance": -2.5, "hour": 3}]:
            np.testing.assert_array_equal(transformer.transform(row)["x"], hasher.transform([row]).toarray()[0])
        with pytest.raises(skc_runtime.RecordError, match="rounding-noise"):
            transformer.transform({"hour": float("inf")})
        with pytest.raises(skc_runtime.RecordError, match="colour"):  # a key that it would hash as well
            transformer.transform({"colour": "red"})


def test_a_hasher_takes_rows_of_as_many_texts(tmp_path: Path) -> None:
    rows = [["red", "b=c", ""], ["red", "red", "cbhatswl"]]
    hasher = FeatureHasher(n_features=16, input_type="string").fit(rows)
    read = read_estimator(hasher, rows)
    skc.compile(read.pipeline, read.sample.table, tmp_path / "artifact", rows=100)
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        for row in rows:
            made = transformer.transform({f"x{k}": text for k, text in enumerate(row)})["x"]
            np.testing.assert_array_equal(made, hasher.transform([row]).toarray()[0])


@pytest.mark.parametrize(
    ("parameters", "sample", "words"),
    [
        ({"input_type": "pair"}, ROWS, "cannot hold the rows of `input_type='pair'`"),
        ({"n_features": 2**17}, ROWS, "`n_features=131072` is more than the output can have"),
        ({"dtype": np.float32}, ROWS, "`dtype=float32` of FeatureHasher"),
        ({"input_type": "string"}, [[1.0, 2.0]], "takes texts, and `x0` is float64"),
        ({"input_type": "string"}, [["a", "b"], ["a"]], "rows of different lengths"),
    ],
)
def test_a_hasher_that_does_not_compile(parameters: dict[str, Any], sample: Any, words: str) -> None:
    with pytest.raises(SkcError) as refused:
        read_estimator(FeatureHasher(**{"n_features": 8, **parameters}), sample)
    assert words in str(refused.value)


def test_a_table_is_a_dict_for_each_row(tmp_path: Path) -> None:
    """As a file holds it: what is missing is a key that is absent, also of integers and of texts."""
    dicts = [{"a": "x", "n": 1}, {"a": "y"}, {"n": 3}, {"a": "x", "n": 2}]
    frame = pd.DataFrame(dicts).astype({"n": "Int64"})
    vectorizer = make_pipeline(FeatureUnion([("d", DictVectorizer()), ("h", FeatureHasher(4))])).fit(dicts)
    done = skc.compile(vectorizer, frame, tmp_path / "artifact", rows=50)
    assert done.is_equal
    assert done.artifact.manifest.plan == skc.compile(vectorizer, dicts, rows=50).artifact.manifest.plan
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        np.testing.assert_array_equal(
            transformer.transform({"n": 3})["x"], vectorizer.transform(dicts[2:3]).toarray()[0]
        )
