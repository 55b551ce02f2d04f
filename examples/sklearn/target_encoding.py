"""Example 9: categories encoded by the target, in front of gradient boosting with histograms.

python rows.py target_encoding diamonds.parquet
skc compile target_encoding:model --data diamonds.parquet -o artifact
"""

from __future__ import annotations

from rows import rows
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import TargetEncoder


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline, fitted."""
    encoder = TargetEncoder(random_state=0)  # its folds are shuffled: else each fit gives another model
    columns = ColumnTransformer([("target", encoder, ["cut", "colour", "seller"])], remainder="passthrough")
    trees = HistGradientBoostingRegressor(max_iter=20, random_state=0)
    return make_pipeline(columns, trees).fit(*rows("target_encoding"))
