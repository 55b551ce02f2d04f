"""Estimators of scikit-learn with something that does not compile, and what the hint says to fit instead."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn
import skops.io
from scipy.sparse import csr_matrix
from sklearn import feature_extraction, linear_model, preprocessing
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import Birch, FeatureAgglomeration, KMeans
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import NMF, PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingRegressor, StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.manifold import Isomap
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
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
        estimator = self.estimator if self.is_fitted else self.estimator.fit(self.rows, self.target)
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
SCALER_TEXT = "from sklearn.preprocessing import StandardScaler\nimport numpy as np\nX = np.arange(6.0).reshape(2, 3)\n"
MODEL = SCALER_TEXT + "model = StandardScaler().fit(X)\n"
MAKE = SCALER_TEXT + "def make():\n    return StandardScaler().fit(X)\n"
SKOPS: bytes = skops.io.dumps(SCALER)
TRUSTED = {"m.skops": skops.io.dumps(FunctionTransformer(negated).fit(NUMBERS))}
OLD = pickle.dumps(SCALER).replace(sklearn.__version__.encode(), b"0" * len(sklearn.__version__))  # of another version
LEARNED = """\
skc: 1
name: learned
inputs: {n: float64}
features:
  f: {from: n, apply: [power_transform]}
outputs:
  x: {features: [f], dtype: float64}
"""
TINY = NUMBERS[:, :1] * 1e-310
Attempt = Callable[[], None]
# words of the hint, the code, what fails, what the hint says
ESTIMATORS: list[tuple[str, str, Attempt, Attempt]] = [
    ("write it as a FunctionTransformer of ufuncs", "SKC150", Fit(Own()), Fit(FunctionTransformer(np.sin))),
    ("before it or after its features", "SKC150", Fit(make_pipeline(MinMaxScaler(), NMF(2))), Fit(MinMaxScaler())),
    ("or replace it by one that compiles", "SKC150", Fit(Isomap()), Fit(PCA(2))),
    (
        "a tree needs no scaling",
        "SKC121",
        Fit(make_pipeline(FunctionTransformer(np.sin), DecisionTreeClassifier()), target=CLASSES),
        Fit(DecisionTreeClassifier(), target=CLASSES),
    ),
    (
        "give it a finite weight",
        "SKC151",
        Fit(FeatureUnion([("s", StandardScaler())], transformer_weights={"s": float("inf")})),
        Fit(FeatureUnion([("s", StandardScaler())], transformer_weights={"s": 2.0})),
    ),
    (
        "encode it in an earlier step",
        "SKC158",
        Fit(StandardScaler(), pd.DataFrame({"s": ["1", "2"]})),
        Fit(make_pipeline(OneHotEncoder(sparse_output=False), StandardScaler()), pd.DataFrame({"s": ["1", "2"]})),
    ),
    (
        "compile one that keeps some",
        "SKC157",
        Fit(ColumnTransformer([("a", "drop", [0])])),
        Fit(ColumnTransformer([("a", "drop", [0])], remainder="passthrough")),
    ),
    (
        "`remainder='drop'`",
        "SKC158",
        Fit(ColumnTransformer([("n", StandardScaler(), ["n"])], remainder="passthrough"), MIXED),
        Fit(ColumnTransformer([("n", StandardScaler(), ["n"])], remainder="drop"), MIXED),
    ),
    # samples
    ("give a sample with the columns", "SKC155", Fit(SCALER, sample=NUMBERS[:, :1]), Fit(SCALER, sample=NUMBERS)),
    (
        "give a sample with the columns",
        "SKC155",
        Fit(StandardScaler(), FRAME, sample=FRAME.rename(columns={"beta": "0"})),
        Fit(StandardScaler(), FRAME),
    ),
    ("give a DataFrame with the columns", "SKC155", Fit(StandardScaler(), FRAME, sample=NUMBERS), Fit(SCALER)),
    (
        "give one of .parquet, .feather",
        "SKC155",
        Kept("m.skops", {"m.skops": SKOPS, "x.txt": "x0,x1,x2\n1.5,2.5,3.5\n"}, "x.txt"),
        Kept("m.skops", {"m.skops": SKOPS, "x.csv": "x0,x1,x2\n1.5,2.5,3.5\n"}, "x.csv"),
    ),
    (
        "a file of the kind that its name says",
        "SKC155",
        Kept("m.skops", {"m.skops": SKOPS, "x.parquet": "x0,x1,x2\n1.5,2.5,3.5\n"}, "x.parquet"),
        Kept("m.skops", {"m.skops": SKOPS, "x.csv": "x0,x1,x2\n1.5,2.5,3.5\n"}, "x.csv"),
    ),
    ("`X.toarray()`", "SKC155", Fit(SCALER, sample=csr_matrix(NUMBERS)), Fit(SCALER, sample=NUMBERS)),
    (
        "`X.columns = X.columns.astype(str)`",
        "SKC155",
        Fit(StandardScaler(), pd.DataFrame(NUMBERS)),
        Fit(StandardScaler(), pd.DataFrame(NUMBERS).rename(columns=str)),
    ),
    (
        "give every column values of a single type",
        "SKC155",
        Fit(OneHotEncoder(), MIXED[["s"]], sample=pd.DataFrame({"s": ["x", 1]}, dtype=object)),
        Fit(OneHotEncoder(), MIXED[["s"]]),
    ),
    (
        "give texts only",
        "SKC155",
        Fit(CountVectorizer(), TEXTS, sample=pd.Series(["a day", 1], dtype=object)),
        Fit(CountVectorizer(), TEXTS),
    ),
    ("use text as keys", "SKC155", Fit(**dicts({1: 2.0})), Fit(**dicts({"1": 2.0}))),
    (
        "leave the key out where there is no value",
        "SKC155",
        Fit(**dicts({"a": 2.0}), sample=[{"a": 1.0}, {"a": None}]),
        Fit(**dicts({"a": 2.0}), sample=[{"a": 1.0}, {}]),
    ),
    (
        "give each key texts only or numbers only",
        "SKC155",
        Fit(**dicts({"a": "x"}, {"a": 1.0})),
        Fit(**dicts({"a": "x"}, {"b": 1.0})),
    ),
    ("`X.reshape(-1, 1)`", "SKC155", Fit(SCALER, sample=NUMBERS[0]), Fit(SCALER, sample=NUMBERS[:1])),
    (
        "so that each column has a type of its own",
        "SKC155",
        Fit(OneHotEncoder(), np.array([[True], [0], [2]], dtype=object)),
        Fit(OneHotEncoder(), pd.DataFrame({"a": [1, 0, 2]})),
    ),
    (
        "fit on float64: ",
        "SKC155",
        Fit(StandardScaler(), FRAME.astype("float32")),
        Fit(StandardScaler(), FRAME.astype("float32").astype(dict.fromkeys(FRAME, "float64"))),
    ),
    (
        "`frame[name].astype('float64')`",
        "SKC155",
        Fit(StandardScaler(), pd.DataFrame({"a": [Decimal("1.5"), Decimal("2.5")]})),
        Fit(StandardScaler(), pd.DataFrame({"a": [1.5, 2.5]})),
    ),
    (
        "drop the column, or convert it to numbers or text",
        "SKC155",
        Fit(OneHotEncoder(), pd.DataFrame({"a": [b"x", b"y"]})),
        Fit(OneHotEncoder(), pd.DataFrame({"a": ["x", "y"]})),
    ),
    (
        "drop the column, or write this part as a YAML pipeline",
        "SKC155",
        Fit(
            ColumnTransformer([("n", StandardScaler(), ["n"])]),
            pd.DataFrame({"n": [1.0, 2.0], "t": pd.to_datetime(["2024-01-01", "2024-01-02"])}),
        ),
        Fit(ColumnTransformer([("n", StandardScaler(), ["n"])]), pd.DataFrame({"n": [1.0, 2.0]})),
    ),
    # functions, containers
    (
        "arithmetic, comparisons, numpy.where and ufuncs",
        "SKC150",
        Fit(FunctionTransformer(lambda x: np.array([max(row[0], 0.0) for row in x])[:, None])),
        Fit(FunctionTransformer(lambda x: np.where(x[:, :1] > 0.0, x[:, :1], 0.0))),
    ),
    (
        "convert it to float64 before this step",
        "SKC150",
        Fit(FunctionTransformer(np.positive), pd.DataFrame({"a": pd.array([1, None, 2], dtype="Int64")})),
        Fit(FunctionTransformer(np.positive), pd.DataFrame({"a": [1.0, float("nan"), 2.0]})),
    ),
    ("call `fit` on the training data", "SKC152", Fit(StandardScaler(), is_fitted=True), Fit(StandardScaler())),
    (
        "a model is the last step",
        "SKC150",
        Fit(by_hand(LinearRegression().fit(NUMBERS, TARGET), SCALER), is_fitted=True),
        Fit(by_hand(SCALER, LinearRegression().fit(NUMBERS, TARGET)), is_fitted=True),
    ),
    (
        "`pipeline[:-1]`, and run the model",
        "SKC150",
        Fit(make_pipeline(StandardScaler(), Birch())),
        Fit(make_pipeline(StandardScaler(), Birch()).fit(NUMBERS)[:-1], is_fitted=True),
    ),
    # where an estimator is kept
    (
        "install what it imports",
        "SKC156",
        Kept("h1:model", {"h1.py": "import nothing_h0\n"}),
        Kept("h2:model", {"h2.py": MODEL}),
    ),
    ("run skc in the folder of the module", "SKC156", Kept("hint_of_none:model"), Kept("h3:model", {"h3.py": MODEL})),
    ("it must be importable", "SKC156", Kept("h4:model", {"h4.py": "1 / 0\n"}), Kept("h5:model", {"h5.py": MODEL})),
    ("name an object of the module", "SKC156", Kept("h6:zzz", {"h6.py": MODEL}), Kept("h6:model", {"h6.py": MODEL})),
    (
        "it takes no argument and returns an estimator",
        "SKC156",
        Kept("h7:make", {"h7.py": MAKE.replace("()", "(rows)", 1)}),
        Kept("h8:make", {"h8.py": MAKE}),
    ),
    ("name a fitted estimator", "SKC156", Kept("h9:X", {"h9.py": MODEL}), Kept("h9:model", {"h9.py": MODEL})),
    ("`skops.io.dump`", "SKC156", Kept("m.skops", {"m.skops": "{}"}), Kept("m.skops", {"m.skops": SKOPS})),
    (
        "if you know where the file comes from, and trust it, give --trust-type hint_estimators.negated",
        "SKC154",
        Kept("m.skops", TRUSTED),
        Kept("m.skops", TRUSTED, options={"trust_type": ["hint_estimators.negated"]}),
    ),
    (
        "give --trust-pickle if you know",
        "SKC154",
        Kept("m.pkl", {"m.pkl": pickle.dumps(SCALER)}),
        Kept("m.pkl", {"m.pkl": pickle.dumps(SCALER)}, options={"trust_pickle": True}),
    ),
    (
        "write the file again, with the versions",
        "SKC156",
        Kept("m.pkl", {"m.pkl": b"\x80\x09."}, options={"trust_pickle": True}),
        Kept("m.pkl", {"m.pkl": pickle.dumps(SCALER)}, options={"trust_pickle": True}),
    ),
    (
        "fit again, or give --allow-version",
        "SKC153",
        Kept("m.pkl", {"m.pkl": OLD}, options={"trust_pickle": True}),
        Kept("m.pkl", {"m.pkl": OLD}, options={"trust_pickle": True, "allow_version": True}),
    ),
    (
        "fit it with scikit-learn, and compile the fitted estimator",
        "SKC119",
        Kept("p.yaml", {"p.yaml": LEARNED}, MIXED),
        Fit(preprocessing.PowerTransformer(), MIXED[["n"]]),
    ),
    (
        "give `data`: some rows of what",
        "SKC200",
        Kept("m.skops", {"m.skops": SKOPS}, None),
        Kept("m.skops", {"m.skops": SKOPS}, NUMBERS),
    ),
    ("give the path of a pipeline.yaml, or a fitted", "SKC140", Fit(StandardScaler, is_fitted=True), Fit(SCALER)),
    (
        "leave it out for a pipeline",
        "SKC140",
        Kept("p.yaml", {"p.yaml": "skc: 1\n"}, options={"trust_pickle": True}),
        Kept("m.pkl", {"m.pkl": pickle.dumps(SCALER)}, options={"trust_pickle": True}),
    ),
    # dicts and categories
    (
        "fit with `dtype=numpy.float64`, the default",
        "SKC151",
        Fit(feature_extraction.DictVectorizer(dtype=np.float32), [{"a": 1.0}]),
        Fit(**dicts({"a": 1.0})),
    ),
    (
        "a sample in which every key occurs",
        "SKC155",
        Fit(**dicts({"a": 1.0}, {"b": 1.0}), sample=[{"a": 1.0}]),
        Fit(**dicts({"a": 1.0}, {"b": 1.0})),
    ),
    (
        "choose another `separator`",
        "SKC151",
        Fit(**dicts({"a": "b=c", "a=b": "c"})),
        Fit(feature_extraction.DictVectorizer(separator="/", sparse=False), [{"a": "b=c", "a=b": "c"}]),
    ),
    (
        "`X.fillna(np.nan)`",
        "SKC151",
        Fit(OneHotEncoder(), pd.DataFrame({"s": ["x", None, np.nan]}, dtype=object)),
        Fit(OneHotEncoder(), pd.DataFrame({"s": ["x", None, np.nan]}, dtype=object).fillna(np.nan)),
    ),
    (
        "of the type that the encoder was fitted with",
        "SKC151",
        Fit(OneHotEncoder(), MIXED[["s"]], sample=pd.DataFrame({"s": [1, 2]})),
        Fit(OneHotEncoder(), MIXED[["s"]]),
    ),
    (
        "`SimpleImputer(strategy='constant', fill_value='missing')`",
        "SKC151",
        Fit(OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist"), UNSURE),
        Fit(
            make_pipeline(
                SimpleImputer(strategy="constant", fill_value="missing"),
                OneHotEncoder(min_frequency=2, handle_unknown="infrequent_if_exist"),
            ),
            UNSURE,
        ),
    ),
    (
        "encode to whole numbers",
        "SKC151",
        Fit(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1.5), UNSURE),
        Fit(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), UNSURE),
    ),
    # models
    ("fit more clusters", "SKC151", Fit(KMeans(1)), Fit(KMeans(2))),
    (
        "use one of rbf, laplacian",
        "SKC151",
        Fit(Nystroem(kernel=np.dot, n_components=2)),
        Fit(Nystroem(kernel="rbf", n_components=2)),
    ),
    (
        "use a whole degree from 1 to",
        "SKC151",
        Fit(Nystroem(kernel="poly", degree=1.5, n_components=2), abs(NUMBERS)),
        Fit(Nystroem(kernel="poly", degree=2, n_components=2), abs(NUMBERS)),
    ),
    (
        "use one of linear, rbf, poly and sigmoid",
        "SKC151",
        Fit(SVC(kernel=lambda a, b: a @ b.T), target=CLASSES),
        Fit(SVC(kernel="linear"), target=CLASSES),
    ),
    ("use two classes, or another classifier", "SKC151", Fit(SVC(), target=MANY), Fit(LinearSVC(), target=MANY)),
    (
        "fit it with `probability=False`",
        "SKC151",
        Fit(SVC(probability=True), target=CLASSES),
        Fit(SVC(probability=False), target=CLASSES),
    ),
    (
        "train one model for each label",
        "SKC151",
        Fit(RidgeClassifier(), target=BOTH),
        Fit(RidgeClassifier(), target=BOTH[:, 0]),
    ),
    ("use `voting='soft'`", "SKC151", Fit(voting(), target=CLASSES), Fit(voting(voting="soft"), target=CLASSES)),
    (
        "use classifiers with probabilities",
        "SKC151",
        Fit(voting(voting="soft", second=LinearSVC()), target=CLASSES),
        Fit(voting(voting="soft"), target=CLASSES),
    ),
    (
        "leave `flatten_transform` out",
        "SKC151",
        Fit(by_hand(voting(voting="soft", flatten_transform=False).fit(NUMBERS, CLASSES), SCALER), is_fitted=True),
        Fit(make_pipeline(voting(voting="soft"), StandardScaler()), target=CLASSES),
    ),
    (
        "use `stack_method='predict_proba'`",
        "SKC151",
        Fit(StackingClassifier([("a", LogisticRegression())], stack_method="predict"), target=CLASSES),
        Fit(StackingClassifier([("a", LogisticRegression())], stack_method="predict_proba"), target=CLASSES),
    ),
    (
        "use `func` and `inverse_func`, StandardScaler",
        "SKC151",
        Fit(regression(transformer=preprocessing.RobustScaler()), target=TARGET),
        Fit(regression(transformer=StandardScaler()), target=TARGET),
    ),
    (
        "use one of np.exp",
        "SKC151",
        Fit(regression(func=np.arcsinh, inverse_func=np.sinh), target=TARGET),
        Fit(regression(func=np.log, inverse_func=np.exp), target=TARGET),
    ),
    (
        "use `method='sigmoid'`",
        "SKC151",
        Fit(CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=2), target=CLASSES),
        Fit(CalibratedClassifierCV(LogisticRegression(), method="sigmoid", cv=2), target=CLASSES),
    ),
    (
        "fit it with `loss='squared_error'`",
        "SKC151",
        Fit(network(loss="poisson"), target=np.column_stack([TARGET, TARGET])),
        Fit(network(loss="squared_error"), target=np.column_stack([TARGET, TARGET])),
    ),
    (
        "`n_components=0.999`",
        "SKC151",
        Fit(PCA(whiten=True), np.column_stack([NUMBERS[:, :1], np.ones((60, 1))])),
        Fit(PCA(whiten=True, n_components=0.999), np.column_stack([NUMBERS[:, :1], np.ones((60, 1))])),
    ),
    (
        "fit it with `solver='svd'`",
        "SKC151",
        Fit(by_hand(LinearDiscriminantAnalysis(solver="lsqr").fit(NUMBERS, MANY), SCALER), is_fitted=True),
        Fit(make_pipeline(LinearDiscriminantAnalysis(solver="svd"), StandardScaler()), target=MANY),
    ),
    (
        "use `pooling_func=np.mean`",
        "SKC151",
        Fit(FeatureAgglomeration(2, pooling_func=np.max)),
        Fit(FeatureAgglomeration(2, pooling_func=np.mean)),
    ),
    (
        "fit it with `init=None` or",
        "SKC151",
        Fit(GradientBoostingRegressor(init=LinearRegression(), n_estimators=2), target=TARGET),
        Fit(GradientBoostingRegressor(init="zero", n_estimators=2), target=TARGET),
    ),
    (
        "fit one classifier for each target",
        "SKC151",
        Fit(DecisionTreeClassifier(), target=BOTH),
        Fit(DecisionTreeClassifier(), target=BOTH[:, 0]),
    ),
    (
        "train on rows of two classes",
        "SKC151",
        Fit(DecisionTreeClassifier(), target=CLASSES * 0),
        Fit(DecisionTreeClassifier(), target=CLASSES),
    ),
    (
        "train on text, integers, floats or booleans",
        "SKC158",
        Fit(DecisionTreeClassifier(), target=CLASSES.astype(np.uint64) + np.uint64(2**63)),
        Fit(DecisionTreeClassifier(), target=CLASSES),
    ),
    (
        "or with more regularisation",
        "SKC151",
        Fit(LinearRegression(), TINY, TARGET),
        Fit(linear_model.Ridge(), TINY, TARGET),
    ),
    (
        "lower `degree`, write `interaction_only: true`",
        "SKC124",
        Fit(preprocessing.PolynomialFeatures(degree=16), np.hstack([NUMBERS, NUMBERS])[:, :5]),
        Fit(preprocessing.PolynomialFeatures(degree=16, interaction_only=True), np.hstack([NUMBERS, NUMBERS])[:, :5]),
    ),
    # missing values
    (
        "another for the text, in a ColumnTransformer",
        "SKC158",
        Fit(SimpleImputer(strategy="most_frequent"), MIXED),
        Fit(ColumnTransformer([("n", SimpleImputer(), ["n"])]), MIXED),
    ),
    (
        "replace it by NaN in the data",
        "SKC151",
        Fit(SimpleImputer(missing_values=2.0**60)),
        Fit(SimpleImputer()),
    ),
    (
        "a MissingIndicator of its own",
        "SKC151",
        Fit(SimpleImputer(strategy="most_frequent", add_indicator=True), UNSURE),
        Fit(
            FeatureUnion([("s", OneHotEncoder(sparse_output=False)), ("m", MissingIndicator())]),
            UNSURE,
        ),
    ),
    (
        "a value of the columns' type",
        "SKC151",
        Fit(SimpleImputer(strategy="constant", fill_value=1), UNSURE),
        Fit(SimpleImputer(strategy="constant", fill_value="z"), UNSURE),
    ),
    # texts
    (
        "repeat one class of characters",
        "SKC151",
        Fit(CountVectorizer(token_pattern="a+b?"), ["aab", "ab"]),
        Fit(CountVectorizer(token_pattern=r"\S+"), ["aab", "ab"]),
    ),
    (
        "exclude the space from the class",
        "SKC151",
        Fit(CountVectorizer(token_pattern="[a-z ]+", ngram_range=(1, 2)), TEXTS),
        Fit(CountVectorizer(token_pattern="[a-z]+", ngram_range=(1, 2)), TEXTS),
    ),
    (
        "apply it to the text before, in training and in serving",
        "SKC151",
        Fit(CountVectorizer(preprocessor=str.upper), TEXTS),
        Fit(CountVectorizer(lowercase=False), [text.upper() for text in TEXTS]),
    ),
    (
        "fit with `input='content'`",
        "SKC151",
        Fit(CountVectorizer(input="filename"), [__file__], sample=TEXTS),
        Fit(CountVectorizer(input="content"), [Path(__file__).read_text(encoding="utf-8")], sample=TEXTS),
    ),
    (
        "not in a list: `(name, TfidfVectorizer(), 'title')`",
        "SKC158",
        Fit(CountVectorizer(), TEXTS, sample=MIXED),
        Fit(ColumnTransformer([("t", CountVectorizer(token_pattern=r"\w+"), "s")]), MIXED),
    ),
    (
        "fit with `dtype=numpy.int64`",
        "SKC151",
        Fit(CountVectorizer(dtype=np.int8), TEXTS),
        Fit(CountVectorizer(dtype=np.int64), TEXTS),
    ),
    (
        "or fewer: the output is dense",
        "SKC151",
        Fit(HashingVectorizer(), TEXTS),
        Fit(HashingVectorizer(n_features=64), TEXTS),
    ),
]
