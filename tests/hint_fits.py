"""Fits of estimators, with the rows and the helpers that the tables of hints share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn import feature_extraction
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import skc
from skc.diagnostics import Diagnostic, SkcError

NUMBERS = np.random.default_rng(0).normal(size=(60, 3))
FRAME = pd.DataFrame(NUMBERS, columns=["alpha", "beta", "gamma"])
TARGET = np.exp(NUMBERS.sum(axis=1))
CLASSES = np.arange(60) % 2
MANY = np.arange(60) % 3
BOTH = np.column_stack([CLASSES, CLASSES[::-1]])  # two targets
TEXTS = ["a bad day", "a good day", "one more day"]
MIXED = pd.DataFrame({"n": [1.0, 2.0, 3.0], "s": ["x", "y", "x"]})
UNSURE = pd.DataFrame({"s": ["x"] * 9 + ["y"] * 9 + [None]})  # None alone is infrequent


def negated(rows: Any) -> Any:
    return -rows


class Own(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """A transformer of the user's."""

    def fit(self, rows: Any, y: Any = None) -> Own:
        self.n_features_in_ = rows.shape[1]
        return self

    def transform(self, rows: Any) -> Any:
        return np.sin(rows)


@dataclass(frozen=True)
class Fit:
    """An estimator fitted on rows, and compiled with a sample: the same rows if it is None. Run in its own folder."""

    estimator: Any
    rows: Any = field(default_factory=lambda: NUMBERS)
    target: Any = None
    sample: Any = None
    is_fitted: bool = False  # as it is given
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self) -> None:
        target = () if self.target is None else (self.target,)
        estimator = self.estimator if self.is_fitted else self.estimator.fit(self.rows, *target)
        skc.compile(estimator, self.rows if self.sample is None else self.sample, verify=False, **self.options)


@dataclass(frozen=True)
class Kept:
    """A fitted estimator as files of the current folder keep it, and the sample as `rows.parquet`."""

    subject: str
    files: dict[str, str | bytes] = field(default_factory=dict)
    sample: Any = field(default_factory=lambda: NUMBERS)
    options: dict[str, Any] = field(default_factory=dict)

    def __call__(self) -> None:
        for name, content in self.files.items():
            Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
        skc.compile(self.subject, self.sample, verify=False, **self.options)


def diagnostics(attempt: Callable[[], None]) -> Sequence[Diagnostic]:
    try:
        attempt()
    except SkcError as error:
        return error.diagnostics
    return ()


def dicts(*rows: Any) -> Any:
    return {"estimator": feature_extraction.DictVectorizer(sparse=False), "rows": list(rows)}


def voting(**changes: Any) -> Any:
    models: Any = [("a", LogisticRegression()), ("b", changes.pop("second", DecisionTreeClassifier()))]
    return VotingClassifier(models, **changes)


def regression(**changes: Any) -> TransformedTargetRegressor:
    return TransformedTargetRegressor(LinearRegression(), **changes)


def network(**changes: Any) -> MLPRegressor:
    return MLPRegressor(hidden_layer_sizes=(2,), max_iter=1, **changes)


def by_hand(*steps: Any) -> Pipeline:
    """A pipeline of steps that were fitted one by one."""
    return Pipeline([(f"step{k}", step) for k, step in enumerate(steps)])


SCALER = StandardScaler().fit(NUMBERS)
TINY = NUMBERS[:, :1] * 1e-310
Attempt = Callable[[], None]
Row = tuple[str, str, Attempt, Attempt]  # words of the hint, the code, what fails, what the hint says
