"""Example 2: churn with a forest. A word for missing categories, binary columns passed through, short names.

python rows.py churn_forest churn.parquet
skc compile churn_forest:model --data churn.parquet -o artifact
"""

from __future__ import annotations

from rows import rows
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

NUMBERS = ["tenure", "monthly", "total", "joined"]
CATEGORIES = ["contract", "payment", "internet", "state"]


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline, fitted."""
    missing = SimpleImputer(strategy="constant", fill_value="missing")
    columns = ColumnTransformer(
        [
            ("num", make_pipeline(SimpleImputer(strategy="mean"), StandardScaler()), NUMBERS),
            ("cat", make_pipeline(missing, OneHotEncoder(handle_unknown="ignore", sparse_output=False)), CATEGORIES),
            ("binary", "passthrough", ["senior"]),
        ],
        verbose_feature_names_out=False,
    )
    return make_pipeline(columns, RandomForestClassifier(50, max_depth=10, random_state=0)).fit(*rows("churn_forest"))
