"""Vectorizers of texts: by themselves on a list of texts, and on one column of a table, with what is behind them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn_front_end.rows import assert_equal

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree

TEXTS = [
    "I loved this film, it was GREAT!",
    "Not good; not bad at all...",
    "Café CAFE\u0301 was great",
    "ΟΔΟΣ ΣΟΦΟΣ 中文 中文",
    "the and of",
    "",
]
UNSEEN = ["İ unseen ß", "GREAT great film\tnot good", "😀 ΑΣ 中文\u00a0中文", "film " * 300, "\ufffe", "ﬁlm ﬂow"]
ROWS = pd.DataFrame({"title": TEXTS, "votes": [1.0, 2.0, 3.0, 5.0, 8.0, 13.0]})


@pytest.mark.parametrize(
    "estimator",
    [
        CountVectorizer(analyzer="char_wb", ngram_range=(1, 3)),
        TfidfVectorizer(ngram_range=(1, 2), stop_words="english", sublinear_tf=True, strip_accents="unicode"),
        make_pipeline(CountVectorizer(), TfidfTransformer(norm="l1"), StandardScaler(with_mean=False)),
    ],
    ids=["characters", "reviews", "pipeline"],
)
@pytest.mark.parametrize("sample", [TEXTS, pd.Series(TEXTS, name="review")], ids=["list", "series"])
def test_a_list_of_texts(estimator: Any, sample: Any, tmp_path: Path) -> None:
    estimator.fit(TEXTS)
    read = read_estimator(estimator, sample)
    name = "text" if isinstance(sample, list) else "review"
    assert [i.name for i in read.pipeline.inputs] == [name]
    skc.compile(estimator, sample, tmp_path / "artifact", rows=100)
    rows = TEXTS + UNSEEN
    theirs = estimator.transform(rows).toarray().astype(float)
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        ours = transformer.transform_columns({name: rows})["x"]
        alone = np.stack([transformer.transform({name: row})["x"] for row in rows])
        assert transformer.manifest.outputs[0].columns == tuple(estimator.get_feature_names_out())
        with pytest.raises(skc_runtime.RecordError, match="null"):
            transformer.transform({name: None})
    assert agree(ours, theirs, False).all()
    np.testing.assert_array_equal(alone, ours)


def test_a_column_beside_others(tmp_path: Path) -> None:
    hashed = HashingVectorizer(n_features=16, norm="l1")
    branches = [
        ("title", TfidfVectorizer(), "title"),
        ("hashed", hashed, "title"),
        ("votes", StandardScaler(), ["votes"]),
    ]
    hostile = pd.DataFrame({"title": [*UNSEEN, None], "votes": [0.0, -1.0, 1e300, np.inf, np.nan, 2.0, 1.0]})
    assert_equal(ColumnTransformer(branches).fit(ROWS), ROWS, tmp_path, hostile, exact=False)


@pytest.mark.parametrize(
    ("vectorizer", "words"),
    [
        (CountVectorizer(tokenizer=str.split, token_pattern=None), "`tokenizer` is a function"),
        (CountVectorizer(preprocessor=str.upper), "`preprocessor` is a function"),
        (CountVectorizer(analyzer=str.split), "`analyzer` is a function"),
        (CountVectorizer(strip_accents=str.upper), "`strip_accents` is a function"),
        (CountVectorizer(token_pattern=r"(\w)\w+"), "token pattern"),
        (CountVectorizer(token_pattern=r"[a-z ]+", ngram_range=(1, 2)), "contain spaces"),
        (CountVectorizer(dtype=np.int8), "`dtype=int8`"),
        (TfidfVectorizer(dtype=np.float32), "`dtype=float32`"),
        (HashingVectorizer(dtype=np.float32), "`dtype=float32`"),
        (HashingVectorizer(), "`n_features=1048576`"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*will not be used")
def test_what_cannot_be_proved_equal_is_refused(vectorizer: Any, words: str) -> None:
    with pytest.raises(SkcError, match=words) as refused:
        read_estimator(vectorizer.fit(TEXTS), TEXTS)
    assert refused.value.code == "SKC151"
    assert refused.value.diagnostics[0].hint


def test_a_sample_of_something_else_is_refused() -> None:
    fitted = TfidfVectorizer().fit(TEXTS)
    with pytest.raises(SkcError, match="not a text: None"):
        read_estimator(fitted, pd.Series([*TEXTS, None], dtype=object))
    with pytest.raises(SkcError, match="one column of text, not 2 columns"):
        read_estimator(fitted, ROWS)
    with pytest.raises(SkcError, match="`votes`, which is float64"):
        read_estimator(fitted, ROWS[["votes"]])


def test_a_table_of_one_column_is_a_list_of_texts(tmp_path: Path) -> None:
    """As a file holds it. The library would take the names of the columns for the texts."""
    words = CountVectorizer().fit(TEXTS)
    assert skc.compile(words, ROWS[["title"]], tmp_path / "artifact", rows=50).is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert [i.name for i in transformer.manifest.inputs] == ["title"]
        np.testing.assert_array_equal(
            transformer.transform({"title": TEXTS[0]})["x"], words.transform(TEXTS[:1]).toarray()[0]
        )
