"""Models on 10,000 ordinary rows: skc beside skl2onnx with float32 and double inputs.

    python tests/parity/models.py [--only REGEX] [--rows N]

For each estimator the largest absolute and relative error of any number that it gives, the rows in which one is off by
more than 1e-6 max(1, |y|), and the rows with another class. The rows are those of people: unscaled columns, among them
unix seconds, behind a StandardScaler in the pipeline. Trees come without one, and are asked about the rows on their
splits too: up to 2,000 thresholds, each with the next value on either side, in float64 and in float32. It fails if skc
changes a class, or a number by more than 1e-6.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1])]

import skc_runtime  # noqa: E402  # it switches the telemetry of ONNX Runtime off

# isort: split
import catboost  # noqa: E402
import lightgbm  # noqa: E402
import numpy as np  # noqa: E402
import onnxruntime  # noqa: E402
import pandas as pd  # noqa: E402
import xgboost  # noqa: E402
from sklearn import (  # noqa: E402
    calibration,
    compose,
    ensemble,
    linear_model,
    multiclass,
    neighbors,
    neural_network,
    svm,
    tree,
)
from sklearn.cross_decomposition import PLSRegression  # noqa: E402
from sklearn.decomposition import PCA  # noqa: E402
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis  # noqa: E402
from sklearn.naive_bayes import BernoulliNB, GaussianNB  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402

import skc  # noqa: E402
from skc.frontend.sklearn import read_estimator  # noqa: E402
from skc_runtime.agreement import agree  # noqa: E402

TRAINING = 2000
MOST_SPLITS = 2000
METHODS = {"prediction": "predict", "probability": "predict_proba", "decision": "decision_function"}
SPREAD = np.array([1.0, 10.0, 0.1, 1e3, 2.0, 3e7, 50.0, 1.0, 1e5, 0.01])
CENTRE = np.array([0.0, 5.0, 0.0, 1e4, 1.0, 1.7e9, 40.0, 0.0, 3e5, 1.0])
Outputs = Mapping[str, Any]


def rows(count: int) -> pd.DataFrame:
    """Ten columns of usual sizes, the sixth of unix seconds."""
    values = np.random.default_rng(0).normal(size=(count, len(SPREAD))) * SPREAD + CENTRE
    return pd.DataFrame(values, columns=[f"x{k}" for k in range(len(SPREAD))])


def models() -> Iterator[tuple[Any, str]]:
    """Each model, and what it is trained on."""
    for name in ("LinearRegression", "Ridge", "RidgeCV", "Lasso", "LassoCV", "ElasticNet", "ElasticNetCV", "Lars"):
        yield getattr(linear_model, name)(), "number"
    for name in ("LassoLars", "BayesianRidge", "ARDRegression", "HuberRegressor", "SGDRegressor", "QuantileRegressor"):
        yield getattr(linear_model, name)(), "number"
    yield from ((svm.LinearSVR(), "number"), (PLSRegression(3), "number"))
    for name in ("PoissonRegressor", "GammaRegressor", "TweedieRegressor"):
        yield getattr(linear_model, name)(), "positive"
    for target in ("two", "three"):
        for name in ("LogisticRegression", "LogisticRegressionCV", "RidgeClassifier", "Perceptron"):
            yield getattr(linear_model, name)(), target
        for loss in ("hinge", "log_loss", "modified_huber"):
            yield linear_model.SGDClassifier(loss=loss, random_state=0), target
        yield svm.LinearSVC(), target
        yield svm.SVC(), target
        yield multiclass.OneVsRestClassifier(linear_model.LogisticRegression()), target
        yield multiclass.OneVsOneClassifier(svm.LinearSVC()), target
        yield LinearDiscriminantAnalysis(), target
        yield from ((QuadraticDiscriminantAnalysis(), target), (GaussianNB(), target), (BernoulliNB(), target))
        yield make_pipeline(PCA(4), linear_model.LogisticRegression()), target
        yield neural_network.MLPClassifier((30, 10), max_iter=30, random_state=0), target
        for weights in ("uniform", "distance"):
            yield neighbors.KNeighborsClassifier(weights=weights), target
        yield neighbors.NearestCentroid(), target
        yield calibration.CalibratedClassifierCV(svm.LinearSVC()), target
        members = [("a", linear_model.LogisticRegression()), ("b", LinearDiscriminantAnalysis())]
        yield ensemble.VotingClassifier(members, voting="soft", flatten_transform=False), target
        yield ensemble.StackingClassifier(members), target
    yield from trees()
    yield from boosting()
    yield neural_network.MLPRegressor(hidden_layer_sizes=(30, 10), max_iter=30, random_state=0), "number"
    for weights in ("uniform", "distance"):
        yield neighbors.KNeighborsRegressor(weights=weights), "number"
    ridge = linear_model.Ridge()
    yield compose.TransformedTargetRegressor(ridge, func=np.log1p, inverse_func=np.expm1), "positive"


def trees() -> Iterator[tuple[Any, str]]:
    """Those of scikit-learn, with their usual parameters; `main` gives them rows on their splits."""
    for target, kind in (("two", "Classifier"), ("three", "Classifier"), ("number", "Regressor")):
        for name in ("RandomForest", "ExtraTrees", "GradientBoosting", "HistGradientBoosting", "Bagging", "AdaBoost"):
            yield getattr(ensemble, f"{name}{kind}")(random_state=0), target
        yield getattr(tree, f"DecisionTree{kind}")(random_state=0), target


def splits(model: Any) -> Iterator[tuple[int, float]]:
    """The column and the threshold of every split of a model of trees; none of any other."""
    if hasattr(model, "tree_"):
        inner = model.tree_.children_left != -1
        yield from zip(model.tree_.feature[inner].tolist(), model.tree_.threshold[inner].tolist(), strict=True)
    for member in np.ravel(getattr(model, "estimators_", ())):
        yield from splits(member)
    for predictor in np.ravel(getattr(model, "_predictors", ())):
        inner = predictor.nodes["is_leaf"] == 0
        nodes = predictor.nodes[inner]
        yield from zip(nodes["feature_idx"].tolist(), nodes["num_threshold"].tolist(), strict=True)


def on_splits(model: Any, x: pd.DataFrame) -> pd.DataFrame:
    """Rows of `x` in which one value is that of a split, or next to it in float64 or in float32."""
    random = np.random.default_rng(2)
    found = sorted(set(splits(model)))
    chosen = [found[i] for i in random.permutation(len(found))[:MOST_SPLITS]]
    made = []
    for column, threshold in chosen:
        single = np.float32(threshold)
        beside = [np.nextafter(single, np.float32(end)) for end in (-np.inf, np.inf)]
        for value in (threshold, *(np.nextafter(threshold, end) for end in (-np.inf, np.inf)), single, *beside):
            row = x.iloc[int(random.integers(len(x)))].to_numpy(copy=True)
            row[column] = float(value)
            made.append(row)
    return pd.DataFrame(np.reshape(made, (-1, x.shape[1])), columns=x.columns)


def boosting() -> Iterator[tuple[Any, str]]:
    """Those of other libraries, which skl2onnx does not convert."""
    light, of_cat = {"verbose": -1, "n_jobs": 1}, {"silent": True, "thread_count": 1, "allow_writing_files": False}
    for target in ("two", "three"):
        yield lightgbm.LGBMClassifier(**light), target
        yield xgboost.XGBClassifier(n_jobs=1), target
        yield catboost.CatBoostClassifier(iterations=200, **of_cat), target
    yield lightgbm.LGBMRegressor(**light), "number"
    yield xgboost.XGBRegressor(n_jobs=1), "number"
    yield catboost.CatBoostRegressor(iterations=200, **of_cat), "number"


def targets(x: pd.DataFrame) -> Mapping[str, Any]:
    standard = (x.to_numpy() - CENTRE) / SPREAD
    y = standard @ np.linspace(-1, 1, len(SPREAD)) + np.random.default_rng(1).normal(size=len(x))
    return {"number": y, "positive": np.exp(y / 2), "two": y > 0, "three": np.digitize(y, [-1, 1])}


def of_sklearn(model: Any, x: pd.DataFrame) -> Outputs:
    return {k: np.asarray(getattr(model, m)(x)).reshape(len(x), -1) for k, m in METHODS.items() if hasattr(model, m)}


def of_skc(model: Any, x: pd.DataFrame) -> Outputs:
    """The outputs of the artifact, which refuses the whole batch if it refuses one of these rows."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "artifact"
        skc.compile(read_estimator(model, x[:200]).pipeline, x[:200], path, verify=False)
        with skc_runtime.load(path) as transformer:
            return transformer.transform(x)


def of_skl2onnx(model: Any, x: pd.DataFrame, *, double: bool) -> Outputs:
    from skl2onnx import convert_sklearn
    from skl2onnx.common.data_types import DoubleTensorType, FloatTensorType

    values = x.to_numpy(np.float64 if double else np.float32)
    kind = DoubleTensorType if double else FloatTensorType
    classes = {"options": {"zipmap": False}} if hasattr(model, "predict_proba") else {}
    onnx_model = convert_sklearn(
        model, initial_types=[("x", kind([None, values.shape[1]]))], target_opset=20, **classes
    )
    session = onnxruntime.InferenceSession(onnx_model.SerializeToString(), providers=["CPUExecutionProvider"])
    answers = [np.asarray(a).reshape(len(x), -1) for a in session.run(None, {"x": values})]
    names = ["prediction", "probability"] if hasattr(model, "predict_proba") else ["prediction"]
    return dict(zip(names, answers, strict=False))


def compared(got: Outputs, want: Outputs) -> tuple[float, float, int, int]:
    """The largest absolute and relative error, the rows over 1e-6, and those with another class."""
    absolute, relative, classes = 0.0, 0.0, 0
    over = np.zeros(len(want["prediction"]), dtype=bool)
    for name in {*got} & {*want}:
        right, value = want[name], got[name]
        if right.dtype.kind != "f":
            classes += int((value.astype(right.dtype) != right).any(axis=1).sum())
            continue
        distance = np.abs(value.astype(np.float64) - right)
        absolute = max(absolute, float(distance.max()))
        relative = max(relative, float((distance / np.maximum(np.abs(right), 1e-300)).max()))
        over |= ~agree(value.astype(np.float64), right.astype(np.float64), False).all(axis=1)
    return absolute, relative, int(over.sum()), classes


def shown(make: Any, want: Outputs) -> tuple[str, bool]:
    """One cell of the table, and whether it has a difference."""
    try:
        absolute, relative, over, classes = compared(make(), want)
    except Exception as error:
        return f"{type(error).__name__}: {str(error).splitlines()[0][:40]}", True
    return f"{absolute:8.1e} {relative:8.1e} {over:6} {classes:5}", bool(over or classes)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--rows", type=int, default=10_000)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    x = rows(options.rows + TRAINING)
    y, test = targets(x), x[TRAINING:].reset_index(drop=True)
    failed = False
    print("each: largest absolute and relative error, rows over 1e-6, rows with another class")  # noqa: T201
    for model, target in models():
        name = f"{type(model).__name__}{'' if target in ('number', 'positive') else f', {target} classes'}"
        if not re.search(options.only, name):
            continue
        is_tree = model.__module__.startswith(("sklearn.tree", "sklearn.ensemble")) and hasattr(model, "random_state")
        fitted = model if is_tree else make_pipeline(StandardScaler(), model)
        fitted.fit(x[:TRAINING], y[target][:TRAINING])
        asked = pd.concat([test, on_splits(model, test)], ignore_index=True) if is_tree else test
        want = of_sklearn(fitted, asked)
        cells = [shown(lambda f=fitted, a=asked: of_skc(f, a), want)]
        cells += [shown(lambda f=fitted, a=asked, d=d: of_skl2onnx(f, a, double=d), want) for d in (False, True)]
        failed |= cells[0][1]
        print(f"{name:42}| {' | '.join(text for text, _ in cells)}", flush=True)  # noqa: T201
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
