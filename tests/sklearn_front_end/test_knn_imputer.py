"""KNNImputer of scikit-learn as an artifact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import KNNImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skc
import skc_runtime
from skc.diagnostics import SkcError
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(60, 3)), columns=list("abc"))
X = X.mask(R.random(X.shape) < [0, 0.2, 0.4])
EMPTY = X.assign(d=np.nan)


@pytest.mark.parametrize(
    ("imputer", "table"),
    [
        (make_pipeline(StandardScaler(), KNNImputer(n_neighbors=2, add_indicator=True)), X),
        (KNNImputer(missing_values=-1, weights="distance"), EMPTY.fillna(-1)),
    ],
    ids=["indicator", "an empty column"],
)
def test_nulls_are_imputed(imputer: Any, table: pd.DataFrame, tmp_path: Path) -> None:
    imputer.fit(table)
    assert skc.compile(imputer, table, tmp_path / "artifact", rows=60).is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        served = transformer.transform(table)["x"]
        assert transformer.manifest.outputs[0].columns == tuple(imputer.get_feature_names_out())
    assert agree(served, imputer.transform(table), False).all()


def test_a_null_between_equally_far_rows_is_refused(tmp_path: Path) -> None:
    table = pd.DataFrame({"a": [0.0, 1.0, 2.0, 4.0], "b": [1.0, 2.0, np.nan, 8.0]})
    pipeline = make_pipeline(KNNImputer(n_neighbors=1), LogisticRegression()).fit(table, [0, 1, 0, 1])
    assert skc.compile(pipeline, table, tmp_path / "artifact", rows=60).is_equal
    with skc_runtime.load(tmp_path / "artifact") as transformer:
        assert len(transformer.transform(table)["prediction"]) == len(table)
        with pytest.raises(skc_runtime.RecordError, match="tie"):
            transformer.transform([{"a": 0.5, "b": None}])


@pytest.mark.parametrize(
    ("imputer", "table", "message"),
    [
        (KNNImputer(weights=lambda d: d), X, "weights"),
        (KNNImputer(metric=lambda a, b, missing_values: 1.0), X, "metric"),
        (KNNImputer(keep_empty_features=True), EMPTY, "without a value"),
        (KNNImputer(), X * 1e200, "infinite"),
    ],
    ids=["weights", "metric", "empty", "squares"],
)
def test_what_does_not_compile_is_refused(imputer: Any, table: pd.DataFrame, message: str) -> None:
    with pytest.raises(SkcError, match=message) as refused:
        read_estimator(imputer.fit(table), table)
    assert [d.code for d in refused.value.diagnostics] == ["SKC151"]
