"""Example 7: categories, text and numbers side by side, and a logistic regression.

python rows.py courses courses.parquet
skc compile courses:model --data courses.parquet -o artifact
"""

from __future__ import annotations

from rows import rows
from sklearn.compose import ColumnTransformer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline, fitted."""
    columns = ColumnTransformer(
        [
            ("city", OneHotEncoder(handle_unknown="ignore"), ["city"]),
            ("title", TfidfVectorizer(), "title"),
            ("ratings", make_pipeline(SimpleImputer(), StandardScaler()), ["teacher_rating", "course_rating"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression()).fit(*rows("courses"))
