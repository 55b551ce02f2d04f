"""Ensembles of trees that the claims of ops refuse, those of other libraries among them, and what to fit instead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import catboost
import lightgbm
import numpy as np
import pandas as pd
import xgboost
from hint_fits import BOTH, CLASSES, MANY, NUMBERS, TARGET, Fit, Row
from sklearn.ensemble import AdaBoostClassifier, IsolationForest

LARGE = np.where(TARGET > 1, 1e38, 1.0)  # near the largest float32
LABELLED = pd.DataFrame({"n": NUMBERS[:, 0], "s": np.array([*"xyz"])[MANY]})
NUMBERED = LABELLED.assign(s=pd.Categorical(MANY))
CODED = np.column_stack([NUMBERS[:, 0], MANY])


@dataclass(frozen=True)
class Changed:
    """A fit whose estimator is changed before it is compiled."""

    fit: Fit
    change: Callable[[Any], object]

    def __call__(self) -> None:
        fitted = self.fit.estimator.fit(self.fit.rows, self.fit.target)
        self.change(fitted)
        replace(self.fit, estimator=fitted, is_fitted=True)()


def light(**changes: Any) -> Any:
    fixed = {"n_estimators": 2, "num_leaves": 3, "min_child_samples": 2, "verbose": -1, "n_jobs": 1}
    return lightgbm.LGBMRegressor(**fixed, **changes)


def of_categories() -> Any:
    """A model that splits by categories of few rows."""
    return light(categorical_feature=[1], min_data_per_group=1, cat_smooth=0)


def xgb(**changes: Any) -> Any:
    return xgboost.XGBRegressor(**{"n_estimators": 2, "max_depth": 2, "n_jobs": 1, **changes})


def cat(cls: str = "Regressor", **changes: Any) -> Any:
    fixed = {"iterations": 2, "depth": 2, "silent": True, "thread_count": 1, "allow_writing_files": False}
    return getattr(catboost, f"CatBoost{cls}")(**fixed, **changes)


def squares(target: Any, margin: Any) -> Any:
    return margin - target, np.ones_like(target)


BOOSTERS: list[Row] = [
    # scikit-learn
    (
        "fit it with `algorithm='SAMME'`",
        "SKC151",
        Changed(  # as scikit-learn fitted it before 1.6
            Fit(AdaBoostClassifier(n_estimators=2), target=CLASSES),
            lambda model: setattr(model, "algorithm", "SAMME.R"),
        ),
        Changed(
            Fit(AdaBoostClassifier(n_estimators=2), target=CLASSES), lambda model: setattr(model, "algorithm", "SAMME")
        ),
    ),
    (
        "fit it with more rows",
        "SKC151",
        Fit(IsolationForest(n_estimators=2), NUMBERS[:1]),
        Fit(IsolationForest(n_estimators=2), NUMBERS[:16]),
    ),
    # LightGBM
    (
        "fit it without `linear_tree`",
        "SKC151",
        Fit(light(linear_tree=True), target=TARGET),
        Fit(light(), target=TARGET),
    ),
    (
        "fit on categories that are text, and give a sample with them",
        "SKC151",
        Fit(light(min_data_per_group=1), NUMBERED, TARGET),
        Fit(light(min_data_per_group=1), LABELLED.astype({"s": "category"}), TARGET),
    ),
    (
        "number the categories from 0 on, below 65536",
        "SKC151",
        Fit(of_categories(), CODED + np.array([0, 2**16]), MANY),
        Fit(of_categories(), CODED, MANY),
    ),
    (
        "fit with one of regression, regression_l1",
        "SKC151",
        Fit(light(reg_sqrt=True), target=TARGET),
        Fit(light(objective="regression_l1"), target=TARGET),
    ),
    # XGBoost
    (
        "fit it on numbers, with `booster='gbtree'`",
        "SKC151",
        Fit(xgb(booster="gblinear", max_depth=None), target=TARGET),
        Fit(xgb(booster="gbtree"), target=TARGET),
    ),
    (
        "mark missing values by NaN, or by a finite number",
        "SKC151",
        Fit(xgb(missing=np.inf), target=TARGET),
        Fit(xgb(missing=-1.0), target=TARGET),
    ),
    (
        "fit on a smaller target: divide it by a constant",
        "SKC151",
        Fit(xgb(objective="count:poisson", base_score=3e38, learning_rate=1.0), target=LARGE),
        Fit(xgb(objective="count:poisson", base_score=3.0, learning_rate=1.0), target=LARGE / 1e38),
    ),
    (
        "fit with `multi_strategy='one_output_per_tree'`",
        "SKC151",
        Fit(xgb(multi_strategy="multi_output_tree"), target=BOTH),
        Fit(xgb(multi_strategy="one_output_per_tree"), target=BOTH),
    ),
    (
        "name an objective",
        "SKC151",
        Fit(xgb(objective=squares), target=TARGET),
        Fit(xgb(objective="reg:squarederror"), target=TARGET),
    ),
    (
        "fit with one of reg:squarederror, reg:absoluteerror",
        "SKC151",
        Fit(xgb(objective="reg:squaredlogerror"), target=TARGET),
        Fit(xgb(objective="reg:absoluteerror"), target=TARGET),
    ),
    # CatBoost
    (
        "encode categories and texts in an earlier step, and fit on numbers",
        "SKC151",
        Fit(cat(cat_features=["s"]), LABELLED, TARGET),
        Fit(cat(), CODED, TARGET),
    ),
    (
        "compile the model as it was fitted",
        "SKC151",
        Changed(Fit(cat(), target=TARGET), lambda model: model.set_scale_and_bias(2, [0.0])),
        Fit(cat(), target=TARGET),
    ),
    (
        "compile it with the threshold 0.5",
        "SKC151",
        Changed(Fit(cat("Classifier"), target=CLASSES), lambda model: model.set_probability_threshold(0.3)),
        Changed(Fit(cat("Classifier"), target=CLASSES), lambda model: model.set_probability_threshold(0.5)),
    ),
    (
        "fit with one of RMSE, MAE",
        "SKC151",
        Fit(cat(loss_function="LogLinQuantile"), target=TARGET),
        Fit(cat(loss_function="MAE"), target=TARGET),
    ),
]
