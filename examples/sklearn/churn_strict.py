"""Example 3: one-hot categories, of which an unknown one is an error, and everything else passed through to a forest.

    python rows.py churn_strict churn.parquet
    skc compile churn_strict:model --data churn.parquet -o artifact

The artifact refuses a row with an unknown category, in every language, as scikit-learn does.
"""

from __future__ import annotations

from rows import rows
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder

CATEGORIES = ["contract", "internet", "partner", "state"]


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline, fitted."""
    columns = ColumnTransformer(
        [("cat", OneHotEncoder(), CATEGORIES), ("text", "drop", ["payment"])], remainder="passthrough"
    )
    return make_pipeline(columns, RandomForestClassifier(50, max_depth=8, random_state=0)).fit(*rows("churn_strict"))
