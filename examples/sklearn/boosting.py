"""Example 8: categories as numbers, in front of gradient boosting with histograms, which takes missing values.

python rows.py boosting diamonds.parquet
skc compile boosting:model --data diamonds.parquet -o artifact
"""

from __future__ import annotations

import numpy as np
from rows import rows
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OrdinalEncoder


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline, fitted. Its first three columns are categories."""
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    columns = make_column_transformer(
        (codes, make_column_selector(dtype_exclude="number")),
        remainder="passthrough",
        verbose_feature_names_out=False,
    )
    trees = HistGradientBoostingRegressor(max_iter=20, categorical_features=[0, 1, 2], random_state=0)
    return make_pipeline(columns, trees).fit(*rows("boosting"))
