"""Estimators that the claims of ops refuse, and what the hint says to fit instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from hint_fits import (
    BOTH,
    CLASSES,
    MANY,
    MIXED,
    NUMBERS,
    SCALER,
    TARGET,
    TEXTS,
    TINY,
    UNSURE,
    Fit,
    Row,
    by_hand,
    dicts,
    network,
    regression,
    voting,
)
from scipy.sparse import csr_matrix
from sklearn import feature_extraction, linear_model, preprocessing
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import AffinityPropagation, FeatureAgglomeration, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.covariance import EllipticEnvelope
from sklearn.decomposition import PCA, SparseCoder
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import GradientBoostingRegressor, StackingClassifier
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # makes the next but one import work
from sklearn.feature_extraction.text import CountVectorizer, HashingVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct, Matern, WhiteKernel
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.kernel_approximation import AdditiveChi2Sampler, Nystroem, PolynomialCountSketch
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    KNeighborsTransformer,
    NearestCentroid,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import LabelBinarizer, LabelEncoder, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

CONSTANT = np.column_stack([NUMBERS, np.ones(60)])  # in the last column
STUMP = DecisionTreeClassifier(max_depth=1)


def for_targets(*targets: Any) -> Any:
    """One classifier for each target, each fitted on its own: scikit-learn fits no array of labels of two types."""
    model = MultiOutputClassifier(LogisticRegression()).fit(NUMBERS, BOTH)
    model.estimators_ = [LogisticRegression().fit(NUMBERS, target) for target in targets]
    return model


SOME_NONE = pd.DataFrame({"s": ["x", None, "y", "?"]}, dtype=object)
MODELS: list[Row] = [
    # dicts and categories
    (
        "fit with `dtype=numpy.float64`, the default",
        "SKC151",
        Fit(feature_extraction.DictVectorizer(dtype=np.float32), [{"a": 1.0}]),
        Fit(**dicts({"a": 1.0})),
    ),
    (
        "fit with `n_features=4096`",
        "SKC151",
        Fit(feature_extraction.FeatureHasher(), [{"a": 1.0}]),
        Fit(feature_extraction.FeatureHasher(4096), [{"a": 1.0}]),
    ),
    (
        "use `input_type='dict'`, and give each row as a dict",
        "SKC151",
        Fit(feature_extraction.FeatureHasher(4, input_type="pair"), [[("a", 1.0)]], sample=[{"a": 1.0}]),
        Fit(feature_extraction.FeatureHasher(4, input_type="dict"), [{"a": 1.0}]),
    ),
    (
        "give texts only, or use `input_type='dict'`",
        "SKC158",
        Fit(feature_extraction.FeatureHasher(4, input_type="string"), [["a"]], sample=[[1.0]]),
        Fit(feature_extraction.FeatureHasher(4, input_type="string"), [["a"]]),
    ),
    (
        "give every row as many values: each is an input of the artifact, and holds one value",
        "SKC155",
        Fit(feature_extraction.FeatureHasher(4, input_type="string"), [["a", "b"], ["a"]]),
        Fit(feature_extraction.FeatureHasher(4, input_type="string"), [["a", "b"], ["a", "c"]]),
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
        "encode to whole numbers",
        "SKC151",
        Fit(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-1.5), UNSURE),
        Fit(OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2), UNSURE),
    ),
    (
        "`fit(np.array(labels, dtype=object))`",
        "SKC151",
        Fit(LabelEncoder(), np.array(["ab", "c"])),
        Fit(LabelEncoder(), np.array(["ab", "c"], dtype=object)),
    ),
    (
        "of the type that it was fitted with",
        "SKC151",
        Fit(LabelEncoder(), np.array([1, 2]), sample=np.array([1.0, 2.0])),
        Fit(LabelEncoder(), np.array([1, 2])),
    ),
    (
        "of which there are two at least",
        "SKC151",
        Fit(LabelBinarizer(), np.array([1, 1])),
        Fit(LabelBinarizer(), np.array([1, 2])),
    ),
    (
        "use numbers up to 2**53",
        "SKC151",
        Fit(LabelBinarizer(pos_label=2**53 + 1), np.array([1, 2])),
        Fit(LabelBinarizer(pos_label=2**53), np.array([1, 2])),
    ),
    (
        "give the labels alone",
        "SKC151",
        Fit(LabelEncoder(), MIXED["s"], sample=MIXED),
        Fit(LabelEncoder(), MIXED["s"], sample=MIXED[["s"]]),
    ),
    # models
    ("fit more clusters", "SKC151", Fit(KMeans(1)), Fit(KMeans(2))),
    (
        "fit it with another affinity, or until it converges",
        "SKC151",
        Fit(AffinityPropagation(max_iter=1, random_state=0)),
        Fit(AffinityPropagation(random_state=0)),
    ),
    (
        "fit it without columns that are constant within a class",
        "SKC151",
        Fit(GaussianNB(var_smoothing=0.0), CONSTANT, CLASSES),
        Fit(GaussianNB(var_smoothing=0.0), target=CLASSES),
    ),
    (
        "fit it without columns that are constant, or sums of others",
        "SKC151",
        Fit(EllipticEnvelope(random_state=0), CONSTANT),
        Fit(EllipticEnvelope(random_state=0)),
    ),
    (
        "train without it",
        "SKC151",
        Fit(OneVsRestClassifier(LogisticRegression()), target=np.column_stack([BOTH, np.ones(60, dtype=int)])),
        Fit(OneVsRestClassifier(LogisticRegression()), target=BOTH),
    ),
    (
        "use OneVsRestClassifier, or one with",
        "SKC151",
        Fit(OneVsOneClassifier(STUMP), target=MANY),
        Fit(OneVsRestClassifier(STUMP), target=MANY),
    ),
    (
        "use OneVsRestClassifier, or one with",
        "SKC151",
        Fit(OneVsOneClassifier(STUMP), target=MANY),
        Fit(OneVsOneClassifier(LogisticRegression()), target=MANY),
    ),
    (
        "leave `chain_method` out",
        "SKC151",
        Fit(
            ClassifierChain(LogisticRegression(), chain_method="predict_proba"),
            target=np.column_stack([MANY, CLASSES]),
        ),
        Fit(ClassifierChain(LogisticRegression()), target=np.column_stack([MANY, CLASSES])),
    ),
    (
        "use labels of one type, or compile one model for each target",
        "SKC151",
        Fit(for_targets(CLASSES, CLASSES.astype(str)), is_fitted=True),
        Fit(for_targets(CLASSES.astype(str), CLASSES.astype(str)), is_fitted=True),
    ),
    (
        "use one of rbf, laplacian",
        "SKC151",
        Fit(Nystroem(kernel=np.dot, n_components=2)),
        Fit(Nystroem(kernel="rbf", n_components=2)),
    ),
    (
        "use a `coef0` that is not negative",
        "SKC151",
        Fit(PolynomialCountSketch(coef0=-1)),
        Fit(PolynomialCountSketch(coef0=1)),
    ),
    (
        "use at most 2048",
        "SKC151",
        Fit(PolynomialCountSketch(n_components=2049)),
        Fit(PolynomialCountSketch(n_components=20)),
    ),
    (
        "use at most 100",
        "SKC151",
        Fit(AdditiveChi2Sampler(sample_steps=101, sample_interval=0.1), abs(NUMBERS)),
        Fit(AdditiveChi2Sampler(sample_steps=100, sample_interval=0.1), abs(NUMBERS)),
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
    (
        "use `transform_algorithm='threshold'`, or 'omp'",
        "SKC151",
        Fit(SparseCoder(np.eye(3), transform_algorithm="lasso_cd")),
        Fit(SparseCoder(np.eye(3), transform_algorithm="threshold")),
    ),
    (
        "leave `positive_code` out",
        "SKC151",
        Fit(SparseCoder(np.eye(3), positive_code=True)),
        Fit(SparseCoder(np.eye(3))),
    ),
    (
        "use `transform_n_nonzero_coefs=1`, or",
        "SKC151",
        Fit(SparseCoder(np.eye(3), transform_n_nonzero_coefs=2)),
        Fit(SparseCoder(np.eye(3), transform_n_nonzero_coefs=1)),
    ),
    (
        "fit `CalibratedClassifierCV(SVC(), ensemble=False)`",
        "SKC151",
        Fit(SVC(probability=True), target=CLASSES),
        Fit(CalibratedClassifierCV(SVC(), ensemble=False), target=CLASSES),
    ),
    (
        "or with `probability=False`, which has `decision`",
        "SKC151",
        Fit(SVC(probability=True), target=CLASSES),
        Fit(SVC(probability=False), target=CLASSES),
    ),
    (
        "use one of the two",
        "SKC151",
        Fit(SVC(break_ties=True, decision_function_shape="ovo"), target=MANY),
        Fit(SVC(break_ties=True), target=MANY),
    ),
    (
        "use sums of ConstantKernel() * RBF(), DotProduct() ** 2 and WhiteKernel()",
        "SKC151",
        Fit(GaussianProcessRegressor(Matern(), optimizer=None), target=TARGET),
        Fit(GaussianProcessRegressor(ConstantKernel() * RBF() + WhiteKernel(), optimizer=None), target=TARGET),
    ),
    (
        "use a whole exponent from 1 to 16",
        "SKC151",
        Fit(GaussianProcessRegressor(DotProduct(1e3) ** 0.5, alpha=1.0, optimizer=None), target=TARGET),
        Fit(GaussianProcessRegressor(DotProduct(1e3) ** 1, alpha=1.0, optimizer=None), target=TARGET),
    ),
    (
        "raise `alpha`, or add a WhiteKernel, so that fitting does not have to cancel so much",
        "SKC151",
        Fit(GaussianProcessRegressor(ConstantKernel(1e9) * RBF(), alpha=1e-10, optimizer=None), target=TARGET * 1e6),
        Fit(GaussianProcessRegressor(ConstantKernel(1e9) * RBF(), alpha=1e12, optimizer=None), target=TARGET),
    ),
    (
        "use a kernel that has a name",
        "SKC151",
        Fit(KernelRidge(kernel="precomputed"), NUMBERS @ NUMBERS.T, TARGET),
        Fit(KernelRidge(kernel="linear"), target=TARGET),
    ),
    (
        "train one model for each label",
        "SKC151",
        Fit(RidgeClassifier(), target=BOTH),
        Fit(RidgeClassifier(), target=BOTH[:, 0]),
    ),
    (
        "use one of euclidean, manhattan, chebyshev (minkowski with p = 1, 2 or inf) and cosine",
        "SKC151",
        Fit(KNeighborsRegressor(2, p=3), target=TARGET),
        Fit(KNeighborsRegressor(2, p=np.inf), target=TARGET),
    ),
    (
        "use `algorithm='kd_tree'`",
        "SKC151",
        Fit(RadiusNeighborsClassifier(outlier_label="most_frequent", algorithm="brute"), target=CLASSES),
        Fit(RadiusNeighborsClassifier(outlier_label="most_frequent", algorithm="kd_tree"), target=CLASSES),
    ),
    (
        "use `outlier_label='most_frequent'`, or a label that a training row has",
        "SKC151",
        Fit(RadiusNeighborsClassifier(outlier_label=-7), target=BOTH[:, 0]),
        Fit(RadiusNeighborsClassifier(outlier_label="most_frequent"), target=BOTH[:, 0]),
    ),
    (
        "use a radius that is finite",
        "SKC151",
        Fit(RadiusNeighborsRegressor(np.inf), target=TARGET),
        Fit(RadiusNeighborsRegressor(2.5), target=TARGET),
    ),
    (
        "use `weights='uniform'` or `weights='distance'`",
        "SKC151",
        Fit(KNeighborsRegressor(2, weights=np.exp), target=TARGET),
        Fit(KNeighborsRegressor(2, weights="distance"), target=TARGET),
    ),
    (
        "use `metric='nan_euclidean'`",
        "SKC151",
        Fit(KNNImputer(metric=lambda a, b, missing_values: 1.0)),
        Fit(KNNImputer(metric="nan_euclidean")),
    ),
    (
        "leave `keep_empty_features` out",
        "SKC151",
        Fit(KNNImputer(keep_empty_features=True), np.column_stack([NUMBERS, np.full(60, np.nan)])),
        Fit(KNNImputer(), np.column_stack([NUMBERS, np.full(60, np.nan)])),
    ),
    (
        "scale the columns before the imputer",
        "SKC151",
        Fit(KNNImputer(), NUMBERS * 1e160),
        Fit(make_pipeline(StandardScaler(), KNNImputer()), NUMBERS * 1e10),
    ),
    (
        "fit it on dense rows: `X.toarray()`",
        "SKC151",
        Fit(by_hand(KNeighborsRegressor(2).fit(csr_matrix(NUMBERS), TARGET)), is_fitted=True),
        Fit(KNeighborsRegressor(2), target=TARGET),
    ),
    (
        "train one model for each target",
        "SKC151",
        Fit(KNeighborsClassifier(2), target=BOTH),
        Fit(KNeighborsClassifier(2), target=BOTH[:, 0]),
    ),
    (
        "use `n_neighbors` of at most",
        "SKC151",
        Fit(KNeighborsTransformer(n_neighbors=len(NUMBERS))),
        Fit(KNeighborsTransformer(n_neighbors=len(NUMBERS) - 1)),
    ),
    (
        "use `metric='euclidean'` or `metric='manhattan'`",
        "SKC151",
        Fit(by_hand(NearestCentroid().fit(NUMBERS, CLASSES).set_params(metric="cosine")), is_fitted=True),
        Fit(NearestCentroid(metric="manhattan"), target=CLASSES),
    ),
    (
        "use `priors='uniform'`",
        "SKC151",
        Fit(NearestCentroid(priors=[0.1, 0.9]), target=CLASSES),
        Fit(NearestCentroid(priors="uniform"), target=CLASSES),
    ),
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
        "use `method='sigmoid'` or",
        "SKC151",
        Fit(CalibratedClassifierCV(LogisticRegression(), method="temperature", cv=2), target=CLASSES),
        Fit(CalibratedClassifierCV(LogisticRegression(), method="isotonic", cv=2), target=CLASSES),
    ),
    (
        "use folds that have every class",
        "SKC151",
        Fit(
            CalibratedClassifierCV(LogisticRegression(), cv=[(np.flatnonzero(MANY[0] != MANY), np.arange(60))]),
            target=MANY,
        ),
        Fit(CalibratedClassifierCV(LogisticRegression(), cv=StratifiedKFold(2)), target=MANY),
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
        "fit with `sample_posterior=False`, the default",
        "SKC151",
        Fit(IterativeImputer(sample_posterior=True, max_iter=1)),
        Fit(IterativeImputer(max_iter=1)),
    ),
    (
        "use BayesianRidge, the default, or another linear regression such as Ridge",
        "SKC151",
        Fit(IterativeImputer(DecisionTreeRegressor(), max_iter=1)),
        Fit(IterativeImputer(Ridge(), max_iter=1)),
    ),
    (
        "use `pooling_func=np.mean`",
        "SKC151",
        Fit(FeatureAgglomeration(2, pooling_func=np.median)),
        Fit(FeatureAgglomeration(2, pooling_func=np.max)),
    ),
    (
        "fit it with `init=None` or",
        "SKC151",
        Fit(GradientBoostingRegressor(init=LinearRegression(), n_estimators=2), target=TARGET),
        Fit(GradientBoostingRegressor(init="zero", n_estimators=2), target=TARGET),
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
    (
        "use more knots, another `extrapolation`",
        "SKC151",
        Fit(preprocessing.SplineTransformer(n_knots=2, degree=1, extrapolation="linear")),
        Fit(preprocessing.SplineTransformer(n_knots=2, degree=1)),
    ),
    (
        "use `degree=50` or less",
        "SKC151",
        Fit(preprocessing.SplineTransformer(degree=51)),
        Fit(preprocessing.SplineTransformer(degree=50)),
    ),
    (
        "leave `sparse_output` out",
        "SKC151",
        Fit(preprocessing.SplineTransformer(degree=0, sparse_output=True)),
        Fit(preprocessing.SplineTransformer(degree=0)),
    ),
    (
        "fit it on more rows",
        "SKC151",
        Fit(preprocessing.QuantileTransformer(), NUMBERS[:1]),
        Fit(preprocessing.QuantileTransformer(n_quantiles=2), NUMBERS[:2]),
    ),
    (
        "fit it on float64",
        "SKC151",
        Fit(IsotonicRegression(), NUMBERS[:, :1].astype(np.float32), TARGET, sample=NUMBERS[:, :1]),
        Fit(IsotonicRegression(), NUMBERS[:, :1], TARGET),
    ),
    # missing values
    (
        "another for the text, in a ColumnTransformer",
        "SKC158",
        Fit(SimpleImputer(strategy="most_frequent"), MIXED),
        Fit(ColumnTransformer([("n", SimpleImputer(), ["n"])]), MIXED),
    ),
    (
        "before fitting, replace None: `frame.fillna(",
        "SKC151",
        Fit(MissingIndicator(missing_values="?", features="all"), SOME_NONE),
        Fit(MissingIndicator(missing_values="?", features="all"), SOME_NONE.fillna("?")),
    ),
    (
        "use `missing_values=None`",
        "SKC151",
        Fit(MissingIndicator(features="all"), SOME_NONE),
        Fit(MissingIndicator(missing_values=None, features="all"), SOME_NONE),
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
        "fit with `n_features=4096`",
        "SKC151",
        Fit(HashingVectorizer(), TEXTS),
        Fit(HashingVectorizer(n_features=4096), TEXTS),
    ),
]
