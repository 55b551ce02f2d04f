"""Example 4: the duration of taxi rides, from a dict for each ride, by a linear regression and by a forest.

python rows.py taxi taxi.parquet
skc compile taxi:model --data taxi.parquet -o artifact

or, with the dicts themselves, `skc.compile(taxi.model(), taxi.sample(), "artifact")`.
"""

from __future__ import annotations

from typing import Any

from rows import rows
from sklearn.ensemble import RandomForestRegressor
from sklearn.feature_extraction import DictVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import Pipeline, make_pipeline


def sample(count: int = 1000, seed: int = 1) -> list[dict[str, Any]]:
    """Rides as a service gets them."""
    return [*rows("taxi", count, seed)[0].to_dict("records")]


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline with a linear regression, fitted."""
    return make_pipeline(DictVectorizer(), LinearRegression()).fit(sample(), rows("taxi")[1])


def forest() -> Pipeline:
    """The pipeline with a forest, fitted."""
    return make_pipeline(DictVectorizer(), RandomForestRegressor(20, max_depth=8, random_state=0)).fit(
        sample(), rows("taxi")[1]
    )
