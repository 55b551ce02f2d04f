"""Cases of text and records, and of estimators that contain others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from parity.case import Case, built, each
from sklearn.compose import ColumnTransformer, make_column_selector, make_column_transformer
from sklearn.decomposition import PCA
from sklearn.feature_extraction import DictVectorizer, FeatureHasher
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline, make_union
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

try:
    from sklearn.frozen import FrozenEstimator
except ImportError:  # before 1.6
    FrozenEstimator = None

UNKNOWN = {"handle_unknown": "ignore"}


def cases() -> Iterator[Case]:
    """All of them."""
    yield from texts()
    yield from records()
    yield from containers()
    yield from pipelines()


def of_text(vectorizer: Any) -> Any:
    """A vectorizer of the column of text: by itself it takes a list of texts, not a table."""
    return ColumnTransformer([("text", vectorizer, "text")])


def texts() -> Iterator[Case]:
    ways = (
        *({}, {"lowercase": False}, {"binary": True}, {"ngram_range": (1, 2)}, {"ngram_range": (2, 3)}),
        *(
            {"stop_words": "english"},
            {"stop_words": ["the", "a"]},
            {"strip_accents": "unicode"},
            {"strip_accents": "ascii"},
        ),
        *({"analyzer": "char", "ngram_range": (1, 3)}, {"analyzer": "char_wb", "ngram_range": (2, 3)}),
        *({"token_pattern": r"\b\w+\b"}, {"token_pattern": r"[a-z]+"}, {"token_pattern": r"(\w)\w+"}),
    )
    only_count = (
        {"min_df": 5},
        {"max_df": 0.3},
        {"max_features": 10},
        {"vocabulary": ["film", "good", "plot"]},
        {"dtype": np.float64},
        {"tokenizer": str.split},
    )
    yield from each(CountVectorizer, "text", *ways, *only_count, wrap=of_text)
    weights = ({"norm": None}, {"norm": "l1"}, {"use_idf": False}, {"smooth_idf": False}, {"sublinear_tf": True})
    yield from each(
        TfidfVectorizer,
        "text",
        {},
        *weights,
        {"ngram_range": (1, 2), "stop_words": "english", "sublinear_tf": True},
        wrap=of_text,
    )
    hashed = (
        {},
        {"norm": None},
        {"norm": "l1"},
        {"alternate_sign": False},
        {"binary": True},
        {"analyzer": "char", "ngram_range": (2, 2)},
    )
    yield from each(HashingVectorizer, "text", *hashed, fixed={"n_features": 64}, wrap=of_text)
    yield from each(TfidfTransformer, ["counts", "int64"], {})
    yield from each(TfidfTransformer, "counts", *weights)


def records() -> Iterator[Case]:
    yield from each(DictVectorizer, "record", {}, {"sparse": False}, {"sort": False}, {"separator": "_"})
    yield from each(FeatureHasher, "record", {}, {"alternate_sign": False}, fixed={"n_features": 16})
    yield from each(FeatureHasher, "tokens", {"input_type": "string"}, fixed={"n_features": 16})


def parts() -> list[tuple[str, Any, Any]]:
    """A branch for numbers and one for categories, of the mixed rows."""
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    words = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(**UNKNOWN))
    return [("num", numbers, ["a", "b", "c"]), ("cat", words, ["s", "t"])]


def containers() -> Iterator[Case]:
    name = "ColumnTransformer"
    kinds = [("n", StandardScaler(), make_column_selector(dtype_include="number")), ("s", OrdinalEncoder(), ["t"])]
    yield built(f"{name}(num, cat)", "mixed", lambda: ColumnTransformer(parts()), name)
    yield built(
        f"{name}(remainder='passthrough')",
        "mixed",
        lambda: ColumnTransformer(parts()[1:], remainder="passthrough"),
        name,
    )
    yield built(
        f"{name}(remainder=MinMaxScaler())",
        "mixed",
        lambda: ColumnTransformer(parts()[1:], remainder=MinMaxScaler()),
        name,
    )
    yield built(
        f"{name}(transformer_weights)",
        "mixed",
        lambda: ColumnTransformer(parts(), transformer_weights={"num": 0.5}),
        name,
    )
    yield built(f"{name}(make_column_selector)", "mixed", lambda: ColumnTransformer(kinds), name)
    yield built(
        f"{name}(scattered columns)",
        "float64",
        lambda: ColumnTransformer([("s", StandardScaler(), ["d", "a"]), ("p", "passthrough", ["c"])]),
        name,
    )
    yield built(
        f"{name}(mask and slice)",
        "array",
        lambda: make_column_transformer((StandardScaler(), [True, False, True, False]), (MinMaxScaler(), slice(1, 3))),
        name,
    )
    yield built(
        f"{name}(names not verbose)", "mixed", lambda: ColumnTransformer(parts(), verbose_feature_names_out=False), name
    )
    union = "FeatureUnion"
    yield built(
        f"{union}(scalers)", "float64", lambda: make_union(StandardScaler(), MinMaxScaler(), "passthrough"), union
    )
    yield built(f"{union}(drop)", "float64", lambda: FeatureUnion([("s", StandardScaler()), ("d", "drop")]), union)
    yield built(
        f"{union}(transformer_weights)",
        "float64",
        lambda: FeatureUnion([("s", StandardScaler()), ("m", MinMaxScaler())], transformer_weights={"s": 10, "m": 0.1}),
        union,
    )


def pipelines() -> Iterator[Case]:
    scaled = lambda: make_pipeline(StandardScaler(), PCA(2))  # noqa: E731  # used twice
    yield built("Pipeline(scale, PCA)", "unit", scaled, "Pipeline")
    yield built(
        "Pipeline(passthrough, scale)",
        "float64",
        lambda: Pipeline([("p", "passthrough"), ("s", StandardScaler())]),
        "Pipeline",
    )
    yield built(
        "Pipeline(impute, bins)",
        "missing",
        lambda: make_pipeline(SimpleImputer(), KBinsDiscretizer(4, quantile_method="averaged_inverted_cdf")),
        "Pipeline",
    )
    yield built(
        "Pipeline(select, scale)",
        "unit",
        lambda: make_pipeline(SelectKBest(k=2), StandardScaler()),
        "Pipeline",
        target="classes",
    )
    yield built(
        "Pipeline(union of unions)",
        "float64",
        lambda: make_union(make_union(StandardScaler(), MinMaxScaler()), scaled()),
        "Pipeline",
    )
    searched = make_pipeline(StandardScaler(), SelectKBest(), LogisticRegression())
    yield built(
        "GridSearchCV(select).best_estimator_[:-1]",
        "unit",
        lambda: BestFeatures(GridSearchCV(searched, {"selectkbest__k": [1, 2]}, cv=2)),
        "GridSearchCV",
        target="binary",
    )
    if FrozenEstimator is not None:
        yield built("FrozenEstimator(StandardScaler)", "float64", lambda: Frozen(StandardScaler()), "FrozenEstimator")


class BestFeatures:
    """Fits a search, and gives the features of its best pipeline."""

    def __init__(self, search: Any) -> None:
        self._search = search

    def fit(self, x: Any, y: Any) -> Any:
        return self._search.fit(x, y).best_estimator_[:-1]


class Frozen:
    """Fits an estimator, and freezes it."""

    def __init__(self, estimator: Any) -> None:
        self._estimator = estimator

    def fit(self, x: Any) -> Any:
        return FrozenEstimator(self._estimator.fit(x))
