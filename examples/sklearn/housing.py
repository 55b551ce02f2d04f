"""Example 5: the price of houses, from ratios of columns, logarithms and one-hot categories, by a ridge regression.

    python rows.py housing housing.parquet
    skc compile housing:model --data housing.parquet -o artifact

`similarity` has a transformer of its own class, whose code nobody can translate: skc refuses it by name.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from rows import rows
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler


class ClusterSimilarity(BaseEstimator, TransformerMixin):
    """How similar a place is to the centre of each cluster of places."""

    def fit(self, x: Any, y: Any = None) -> ClusterSimilarity:
        self.kmeans_ = KMeans(5, n_init=1, random_state=0).fit(x)
        return self

    def transform(self, x: Any) -> Any:
        return rbf_kernel(x, self.kmeans_.cluster_centers_, gamma=1.0)


def column_ratio(x: Any) -> Any:
    """The first column by the second."""
    return x[:, [0]] / x[:, [1]]


def ratio() -> Pipeline:
    """Steps that end in a ratio of two columns."""
    return make_pipeline(SimpleImputer(strategy="median"), FunctionTransformer(column_ratio), StandardScaler())


def columns(*more: tuple[str, Any, Any]) -> ColumnTransformer:
    """The preprocessing, not fitted."""
    logarithms = make_pipeline(SimpleImputer(strategy="median"), FunctionTransformer(np.log), StandardScaler())
    categories = make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore"))
    return ColumnTransformer(
        [
            ("bedrooms", ratio(), ["total_bedrooms", "total_rooms"]),
            ("rooms_per_house", ratio(), ["total_rooms", "households"]),
            ("people_per_house", ratio(), ["population", "households"]),
            ("log", logarithms, ["total_bedrooms", "total_rooms", "population", "households", "median_income"]),
            *more,
            ("cat", categories, make_column_selector(dtype_exclude="number")),
        ],
        remainder=make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
    )


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline, fitted."""
    return make_pipeline(columns(), Ridge()).fit(*rows("housing"))


def similarity() -> Pipeline:
    """The same with a transformer of its own class."""
    places = ("geo", ClusterSimilarity(), ["latitude", "longitude"])
    return make_pipeline(columns(places), Ridge()).fit(*rows("housing"))
