"""Rows, targets and classes for models, and the comparison of an artifact with the model that it was made of."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import skc
import skc_runtime
from skc.frontend.sklearn import read_estimator
from skc_runtime.agreement import agree

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(300, 5)), columns=list("abcde"))
Y = X.to_numpy() @ [1.0, 0.2, 3.0, 0.1, 0.5] + R.normal(size=300)
COUNTS = X.abs()
CLASSES = {2: Y > 0, 3: np.array(["low", "mid", "high"])[np.digitize(Y, [-1, 1])], 4: np.digitize(Y, [-2, 0, 2]) - 5}
METHODS = {"prediction": "predict", "probability": "predict_proba", "decision": "decision_function"}


def fit(model: Any, x: Any, y: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecated classes and parameters compile as well
        return model.fit(x, y)


def assert_equal(model: Any, x: pd.DataFrame, folder: Path, *, rows: int = 0) -> None:
    """Every method of the model is an output, and equal: a class exactly, a number to 1e-6."""
    read = read_estimator(model, x)
    compiled = skc.compile(read.pipeline, x, folder, rows=rows or 100, verify=bool(rows))
    assert not rows or (compiled.report is not None and compiled.report.is_equal)
    with skc_runtime.load(folder) as transformer:
        got, alone = transformer.transform(x), transformer.transform(x.iloc[7:8])
        names = {output.name: output.columns for output in transformer.manifest.outputs}
    assert {*got} - {"x"} == {name for name, method in METHODS.items() if hasattr(model, method)}
    for name in {*got} - {"x"}:
        want = np.asarray(getattr(model, METHODS[name])(x)).reshape(len(x), -1)
        is_number = want.dtype.kind == "f"
        assert agree(got[name], want, False).all() if is_number else (got[name] == want).all()
        np.testing.assert_array_equal(got[name][7:8], alone[name])
        if name == "probability":
            assert names[name] == tuple(map(str, model.classes_))
