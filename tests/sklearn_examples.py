"""The examples of examples/sklearn: their estimators, their rows, and which of them skc refuses today."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "examples" / "sklearn"
CLASS, FUNCTION = (
    "`sklearn.{}` does not compile",
    "`sklearn.preprocessing.FunctionTransformer of '{}'` does not compile",
)


def _classes(*names: str) -> frozenset[str]:
    return frozenset(CLASS.format(name) for name in names)


WORDS, TARGET = _classes("feature_extraction.text.TfidfVectorizer"), _classes("preprocessing.TargetEncoder")
LOGISTIC, RIDGE = _classes("linear_model.LogisticRegression"), _classes("linear_model.Ridge")
FOREST = _classes("ensemble.RandomForestClassifier")
BOOSTING = _classes("ensemble.HistGradientBoostingRegressor")
FUNCTIONS = frozenset(FUNCTION.format(name) for name in ("column_ratio", "log"))
SPLINES = _classes("preprocessing.SplineTransformer", "preprocessing.PolynomialFeatures")
NEIGHBOURS = _classes("impute.KNNImputer", "preprocessing.PowerTransformer", "decomposition.PCA")
OWN = frozenset({"`housing.ClusterSimilarity` is not a class of scikit-learn"})

# Every example with the messages of its refusal; none for one that compiles.
EXAMPLES: Mapping[str, frozenset[str]] = {
    "churn:preprocess": frozenset(),
    "churn:model": LOGISTIC,
    "churn_forest:preprocess": frozenset(),
    "churn_forest:model": FOREST,
    "churn_strict:preprocess": frozenset(),
    "churn_strict:model": FOREST,
    "taxi:preprocess": frozenset(),
    "taxi:model": _classes("linear_model.LinearRegression"),
    "taxi:forest": _classes("ensemble.RandomForestRegressor"),
    "housing:preprocess": FUNCTIONS,
    "housing:model": FUNCTIONS | RIDGE,
    "housing:similarity": FUNCTIONS | RIDGE | OWN,
    "reviews:preprocess": WORDS,
    "reviews:model": WORDS | LOGISTIC,
    "courses:preprocess": WORDS,
    "courses:model": WORDS | LOGISTIC,
    "boosting:preprocess": frozenset(),
    "boosting:model": BOOSTING,
    "target_encoding:preprocess": TARGET,
    "target_encoding:model": TARGET | BOOSTING,
    "bikes:preprocess": SPLINES,
    "bikes:model": SPLINES | _classes("compose.TransformedTargetRegressor"),
    "flowers:preprocess": NEIGHBOURS,
    "flowers:model": NEIGHBOURS | _classes("svm.SVC"),
}
COMPILING = [name for name, messages in EXAMPLES.items() if not messages]


def module(name: str) -> Any:
    """A module of the examples."""
    if str(FOLDER) not in sys.path:
        sys.path.insert(0, str(FOLDER))
    return importlib.import_module(name)


@cache
def estimator(reference: str) -> Any:
    """The fitted estimator that `module:function` gives."""
    name, function = reference.split(":")
    return getattr(module(name), function)()


def rows(reference: str, count: int, seed: int) -> Any:
    """Rows as the estimator takes them: a table, or a dict for each row."""
    name = reference.split(":")[0]
    made = module(name)
    return made.sample(count, seed) if hasattr(made, "sample") else module("rows").rows(name, count, seed)[0]


def records(reference: str, count: int, seed: int) -> list[dict[str, Any]]:
    """The same as requests of a runtime, with None for what is missing."""
    found = rows(reference, count, seed)
    found = found if isinstance(found, list) else found.to_dict("records")
    return [{k: None if v is None or v != v else v for k, v in row.items()} for row in found]
