"""Example 10: the demand for bikes, from periodic splines and interactions, by a ridge regression of the logarithm.

    python rows.py bikes bikes.parquet
    skc compile bikes:model --data bikes.parquet -o artifact

A search chooses the strength of the regression; the artifact has the best pipeline.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rows import rows
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline, make_union
from sklearn.preprocessing import (
    KBinsDiscretizer,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    SplineTransformer,
)


def periodic(period: int, knots: int) -> SplineTransformer:
    """Splines that join at midnight, or on Sunday."""
    places = np.linspace(0, period, knots + 1).reshape(-1, 1)
    return SplineTransformer(knots=places, extrapolation="periodic", include_bias=True)


def columns() -> ColumnTransformer:
    """The preprocessing, not fitted."""
    return ColumnTransformer(
        [
            ("hour", periodic(24, 12), ["hour"]),
            ("weekday", periodic(7, 3), ["weekday"]),
            ("weather", OneHotEncoder(handle_unknown="ignore"), ["weather"]),
            ("warmth", KBinsDiscretizer(5, quantile_method="averaged_inverted_cdf"), ["temperature"]),
        ],
        remainder=MinMaxScaler(),
    )


def interactions() -> Pipeline:
    """Whether it is a working day, times each part of the day."""
    day = ColumnTransformer([("hour", periodic(24, 8), ["hour"]), ("working", "passthrough", ["workingday"])])
    return make_pipeline(day, PolynomialFeatures(interaction_only=True, include_bias=False))


def preprocess() -> Any:
    """The features alone, without a model."""
    return make_union(columns(), interactions()).fit(rows("bikes")[0])


def model() -> GridSearchCV:
    """A search over the pipeline, fitted."""
    ridge = TransformedTargetRegressor(Ridge(), func=np.log1p, inverse_func=np.expm1)
    pipeline = make_pipeline(make_union(columns(), interactions()), ridge)
    return GridSearchCV(pipeline, {"transformedtargetregressor__regressor__alpha": [0.1, 1.0]}, cv=3).fit(
        *rows("bikes")
    )
