"""`fold_text`, `count_tokens`, `hash_tokens` and `tfidf_weight` against scikit-learn, on texts of every kind."""

from __future__ import annotations

import itertools
import random
from typing import Any

import numpy as np
import op_harness as harness
import pytest
from agreement import values_agree
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer

from skc.ops import OPS
from skc.ops.text._characters import all_characters
from skc.ops.text._tokens import classes_of
from skc_runtime.kinds import Array

TEXTS = (
    "I loved this film, it was GREAT!",
    "not good; not bad at all...",
    "Café CAFE\u0301 cafe\u0301 café",
    "中文评论 很好 很好",
    "great 😀😀 film😀 👩‍👩‍👧",
    "İstanbul İ ß ẞ straße ı",
    "ΟΔΟΣ ΣΟΦΟΣ ΑΣ'Α Σ ΑΣ\u0301Α Σ.Σ",
    "a\u00a0b no\u00a0break ﬁlm ﬂow",
    "123 4_5 __ _a 1.5 ٣٤ Ⅷ ½ ①",
    "",
    "the and of",
    "\t tabs\n\nnew lines\r\n\x1c\x85ok",
    "don't can't won't",
    "ﷺ ² ℃ ＡＢＣ 가각 한국어",
    "กขค ไทย हिन्दी भाषा",
    "  lead and trail  \u2003\u3000",
    "a",
    "ǅ ǆ Ǆ ᾳ ᾼ \ufffe",
    "film " * 2_000,
    "É" * 10_000,
)


def graph(op: str, params: dict[str, Any], rows: list[list[Any]], columns: dict[str, str]) -> Array:
    pipeline = harness.fit(harness.build(OPS[op], params, columns), [])
    return harness.Graph(pipeline, "columns").run(rows).values


@pytest.mark.parametrize("accents", [None, "ascii", "unicode"])
@pytest.mark.parametrize("lowercase", [True, False])
def test_every_character_folds_as_in_python(accents: str | None, lowercase: bool) -> None:
    """Each by itself, and sigmas among the characters that decide how they end."""
    if not lowercase and accents is None:
        return
    fold = CountVectorizer(lowercase=lowercase, strip_accents=accents).build_preprocessor()
    listed = all_characters()
    tables = [" ".join(listed[i : i + 5_000]) for i in range(0, len(listed), 5_000)]
    near = "Σaσ.'1 \u0301😀ʰ\u0345ⅷ-ͺ"
    sigmas = ["".join(word) for word in itertools.product(near, repeat=3)]
    long = ["a" * n + "Σ" + "'" * m for n in (0, 254, 255, 256, 257) for m in (0, 1, 256)]
    rows = [*TEXTS, *tables, *sigmas, *long]
    folded = graph(
        "fold_text", {"lowercase": lowercase, "strip_accents": accents}, [[row] for row in rows], {"s": "string"}
    )
    assert folded[:, 0].tolist() == [fold(row) for row in rows]


OPTIONS: list[dict[str, Any]] = [
    {},
    {"ngram_range": (1, 2), "stop_words": ["the", "not", "film"]},
    {"ngram_range": (2, 3), "binary": True},
    {"analyzer": "char", "ngram_range": (1, 3)},
    {"analyzer": "char_wb", "ngram_range": (1, 2)},
    {"analyzer": "char_wb", "ngram_range": (4, 6)},
    {"token_pattern": r"\b[a-z]{3,}\b"},
    {"token_pattern": r"[a-zA-Z']+"},
    {"token_pattern": r"\S+", "ngram_range": (1, 2)},
    {"token_pattern": r"(?u)\b\w+\b"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.filterwarnings("ignore:Your stop_words may be inconsistent")
def test_counts_are_those_of_count_vectorizer(options: dict[str, Any]) -> None:
    vectorizer = CountVectorizer(lowercase=False, **options).fit(TEXTS[:-2])
    keys = sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.__getitem__)
    keys = [*random.Random(1).sample(keys, min(len(keys), 300)), "not seen", "two  blanks", " ", "x" * 30]
    vectorizer = CountVectorizer(lowercase=False, vocabulary=list(dict.fromkeys(keys)), **options)
    counts = graph(
        "count_tokens", {"vocabulary": vectorizer.vocabulary, **options}, [[t] for t in TEXTS], {"s": "string"}
    )
    np.testing.assert_array_equal(counts, vectorizer.transform(TEXTS).toarray())


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("signs", [True, False])
def test_hashes_are_those_of_hashing_vectorizer(options: dict[str, Any], signs: bool) -> None:
    sizes = {"n_features": 97, "alternate_sign": signs}
    vectorizer = HashingVectorizer(lowercase=False, norm=None, **sizes, **options)
    counts = graph("hash_tokens", {**sizes, **options}, [[t] for t in TEXTS], {"s": "string"})
    np.testing.assert_array_equal(counts, vectorizer.transform(TEXTS).toarray())


@pytest.mark.parametrize("norm", ["l1", "l2", None])
@pytest.mark.parametrize("smooth", [True, False])
@pytest.mark.parametrize("sublinear", [True, False])
def test_weights_are_those_of_tfidf_transformer(norm: str | None, smooth: bool, sublinear: bool) -> None:
    """The idf too: what skc fits on the counts is what scikit-learn fits."""
    draw = np.random.default_rng(7)
    counts = np.where(draw.random((60, 9)) < 0.3, draw.integers(1, 50, (60, 9)), 0).astype(np.float64)
    counts[0], counts[1] = 0.0, 1.0
    transformer = TfidfTransformer(norm=norm, smooth_idf=smooth, sublinear_tf=sublinear).fit(counts)
    params = {"norm": norm, "smooth_idf": smooth, "sublinear_tf": sublinear}
    names = {f"c{k}": "float64" for k in range(9)}
    pipeline = harness.fit(harness.build(OPS["tfidf_weight"], params, names), counts.tolist())
    ours = harness.Graph(pipeline, "packed").run(counts.tolist()).values
    theirs = transformer.transform(counts).toarray()
    assert all(map(values_agree, ours.ravel().tolist(), theirs.ravel().tolist(), itertools.repeat(False)))
    np.testing.assert_array_max_ulp(np.array(pipeline.steps[-1].state.idf), transformer.idf_, maxulp=1)


@pytest.mark.parametrize(
    "pattern", [r"\b\S+\b", r"[a-z]\w*", r"(\w+)", r"\w+\b", r"\w{0,}", r"\w{9,}", "[b-a]+", "a|b"]
)
def test_a_pattern_of_more_than_one_class_is_refused(pattern: str) -> None:
    with pytest.raises(Exception, match="token pattern"):
        classes_of(pattern, 1)


def test_texts_that_give_counts_are_found() -> None:
    """For values that a later step decides on, an infinity among them."""
    params = harness.parameters(OPS["count_tokens"], {"vocabulary": ["ab"]})
    carry_back = OPS["count_tokens"].carry_back
    assert carry_back is not None
    texts = carry_back(params, classes_of(params.token_pattern, 1), 0, [2.0, float("inf"), -1.0, None])
    assert texts == [None, "", "ab ab", " ".join(["ab"] * 100)]
