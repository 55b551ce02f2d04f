"""Estimators that the front end refuses, and what the hint says to fit instead."""

from __future__ import annotations

import pickle
from decimal import Decimal

import numpy as np
import pandas as pd
import sklearn
import skops.io
from hint_fits import (
    CLASSES,
    FRAME,
    MIXED,
    NUMBERS,
    SCALER,
    TARGET,
    TEXTS,
    Fit,
    Kept,
    Own,
    Row,
    by_hand,
    dicts,
    negated,
)
from scipy.sparse import csr_matrix
from sklearn import preprocessing
from sklearn.cluster import BisectingKMeans, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import NMF, PCA
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression
from sklearn.manifold import Isomap
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier

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
BEHIND = """\
skc: 1
name: behind
inputs: {n: float64}
outputs:
  x: {features: [n], dtype: float64}
model: {from: m.skops, features: x}
"""
PREDICTS = skops.io.dumps(LinearRegression().fit(NUMBERS[:, :1], TARGET))
OF_THREE = skops.io.dumps(LinearRegression().fit(NUMBERS, TARGET))
ESTIMATORS: list[Row] = [
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
        "use KMeans, or compile the steps before it, `pipeline[:-1]`, and run it on their features",
        "SKC150",
        Fit(make_pipeline(StandardScaler(), BisectingKMeans(2))),
        Fit(make_pipeline(StandardScaler(), KMeans(2))),
    ),
    # a model behind a pipeline
    (
        "name a fitted model, or a pipeline of scikit-learn that ends in one",
        "SKC150",
        Kept("p.yaml", {"p.yaml": BEHIND, "m.skops": SKOPS}, MIXED),
        Kept("p.yaml", {"p.yaml": BEHIND, "m.skops": PREDICTS}, MIXED),
    ),
    (
        "fit the model on the output `x` of this pipeline",
        "SKC155",
        Kept("p.yaml", {"p.yaml": BEHIND, "m.skops": OF_THREE}, MIXED),
        Kept("p.yaml", {"p.yaml": BEHIND, "m.skops": PREDICTS}, MIXED),
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
        "if you know where the file comes from, and trust it, give --trust-type hint_fits.negated",
        "SKC154",
        Kept("m.skops", TRUSTED),
        Kept("m.skops", TRUSTED, options={"trust_type": ["hint_fits.negated"]}),
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
        Kept("p.yaml", {"p.yaml": LEARNED.replace("power_transform", "log1p")}, options={"trust_pickle": True}),
        Kept("m.pkl", {"m.pkl": pickle.dumps(SCALER)}, options={"trust_pickle": True}),
    ),
]
