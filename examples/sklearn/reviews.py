"""Example 6: whether a review is good, from words and pairs of words, by a logistic regression.

python rows.py reviews reviews.parquet
skc compile reviews:model --data reviews.parquet -o artifact
"""

from __future__ import annotations

from rows import rows
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline, fitted."""
    words = TfidfVectorizer(ngram_range=(1, 2), stop_words="english", sublinear_tf=True, max_features=20)
    columns = ColumnTransformer([("words", words, "review")])
    return make_pipeline(columns, LogisticRegression()).fit(*rows("reviews"))
