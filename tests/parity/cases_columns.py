"""Cases of scalers, encoders, imputers and bins: `sklearn.preprocessing` and `sklearn.impute`."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from parity.case import Case, each, product
from sklearn import preprocessing as p
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # makes the next import work
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import LinearRegression

BOTH = (True, False)
NUMBERS = ("float64", "int64")


def cases() -> Iterator[Case]:
    """All of them."""
    yield from scalers()
    yield from shapes()
    yield from bins()
    yield from categories()
    yield from labels()
    yield from imputers()


def scalers() -> Iterator[Case]:
    yield from each(p.StandardScaler, "float64", *product(with_mean=BOTH, with_std=BOTH))
    yield from each(p.StandardScaler, ["int64", "missing", "array", "bool", "float32"])
    yield from each(p.MinMaxScaler, "float64", *product(feature_range=[(0, 1), (-1, 1)], clip=BOTH))
    yield from each(p.MinMaxScaler, ["int64", "missing"])
    yield from each(p.MaxAbsScaler, [*NUMBERS, "missing"])
    yield from each(p.MaxAbsScaler, "float64", {"clip": True})
    yield from each(p.RobustScaler, "float64", *product(with_centering=BOTH, with_scaling=BOTH))
    yield from each(p.RobustScaler, "float64", {"quantile_range": (10, 90)}, {"unit_variance": True})
    yield from each(p.RobustScaler, ["int64", "missing"])
    yield from each(p.Binarizer, [*NUMBERS, "array"], {}, {"threshold": 1.5})
    yield from each(p.Normalizer, [*NUMBERS, "counts"], *product(norm=["l1", "l2", "max"]))


def shapes() -> Iterator[Case]:
    """Transformers that bend a column."""
    yield from each(p.PolynomialFeatures, [*NUMBERS, "unit"], {}, {"degree": 3, "include_bias": False})
    yield from each(p.PolynomialFeatures, "unit", {"interaction_only": True}, {"degree": (2, 3)}, {"order": "F"})
    yield from each(p.SplineTransformer, "unit", *product(degree=[0, 1, 2, 3]))
    yield from each(
        p.SplineTransformer,
        "unit",
        *product(extrapolation=["constant", "linear", "continue", "periodic", "error"], degree=[1, 3]),
    )
    yield from each(
        p.SplineTransformer, ["float64", "int64"], {"n_knots": 8}, {"knots": "quantile"}, {"include_bias": False}
    )
    yield from each(p.SplineTransformer, "missing", {"handle_missing": "zeros"})
    yield from each(p.SplineTransformer, "column", {"knots": np.array([[0.0], [10.0], [20.0], [80.0]])})
    yield from each(
        p.QuantileTransformer,
        [*NUMBERS, "missing"],
        *product(output_distribution=["uniform", "normal"]),
        fixed={"n_quantiles": 200},
    )
    yield from each(
        p.QuantileTransformer, "float64", {"n_quantiles": 10}, {"n_quantiles": 50, "subsample": 100, "random_state": 0}
    )
    yield from each(p.PowerTransformer, ["unit", "float64", "int64", "missing"])
    yield from each(p.PowerTransformer, "positive", {"method": "box-cox"}, {"method": "box-cox", "standardize": False})
    yield from each(p.PowerTransformer, "unit", {"standardize": False})
    yield from each(p.FunctionTransformer, ["float64", "string"])
    yield from each(
        p.FunctionTransformer, "float64", {"validate": True}, {"func": np.log1p}, {"func": np.sqrt}, {"func": np.abs}
    )
    yield from each(p.FunctionTransformer, "float64", {"func": np.clip, "kw_args": {"a_min": 0, "a_max": 2}})
    yield from each(p.FunctionTransformer, "array", {"func": ratio_of_columns}, {"func": np.log1p, "validate": True})
    yield from each(p.FunctionTransformer, "float64", {"func": assigned})
    yield from each(p.KernelCenterer, "kernel")


def ratio_of_columns(x):
    """The first column by the second."""
    return x[:, [0]] / x[:, [1]]


def assigned(frame):
    """A frame with one more column."""
    return frame.assign(ratio=frame["a"] / frame["b"])


def bins() -> Iterator[Case]:
    quantiles = {"quantile_method": "averaged_inverted_cdf"}
    for strategy in ("uniform", "quantile", "kmeans"):
        variants = product(encode=["onehot", "onehot-dense", "ordinal"], strategy=[strategy])
        yield from each(p.KBinsDiscretizer, "float64", *variants, fixed=quantiles)
    yield from each(p.KBinsDiscretizer, ["int64", "array"], *product(encode=["onehot", "ordinal"]), fixed=quantiles)
    yield from each(
        p.KBinsDiscretizer, "unit", {"n_bins": 2}, {"n_bins": [2, 3, 4, 5]}, {"dtype": np.float64}, fixed=quantiles
    )


def categories() -> Iterator[Case]:
    one_hot, ordinal = p.OneHotEncoder, p.OrdinalEncoder
    yield from each(one_hot, ["string", "null", "ids", "bool", "codes"], {}, {"handle_unknown": "ignore"})
    yield from each(one_hot, "null", *product(handle_unknown=["infrequent_if_exist", "warn"], min_frequency=[10, 0.2]))
    yield from each(one_hot, "string", *product(drop=["first", "if_binary"], handle_unknown=["error", "ignore"]))
    yield from each(
        one_hot,
        "string",
        {"max_categories": 3},
        {"drop": ["Oslo", "no", "1"]},
        {"dtype": np.int64},
        {"sparse_output": False},
    )
    yield from each(one_hot, "codes", *product(drop=["first"], handle_unknown=["error", "ignore"]))
    yield from each(
        one_hot,
        "string",
        {
            "categories": [
                ["Oslo", "a", "b", "Åsgård", "東京", "São Paulo", "rare"],
                ["yes", "no"],
                ["1", "2", "10", "x y", ""],
            ]
        },
    )
    yield from each(ordinal, ["string", "null", "ids", "bool", "codes"])
    yield from each(
        ordinal, ["null", "int64"], *product(handle_unknown=["use_encoded_value"], unknown_value=[-1, np.nan])
    )
    yield from each(
        ordinal, "null", {"encoded_missing_value": -1}, *product(min_frequency=[20, 40]), {"max_categories": 3}
    )
    yield from each(
        ordinal,
        "string",
        {"dtype": np.int64},
        {
            "categories": [
                ["a", "b", "Oslo", "rare", "東京", "São Paulo", "Åsgård"],
                ["yes", "no"],
                ["", "x y", "10", "2", "1"],
            ]
        },
    )
    for target in ("number", "binary", "classes"):
        yield from each(p.TargetEncoder, ["string", "null"], target=target)
    yield from each(p.TargetEncoder, "int64", {}, {"smooth": 0.0}, {"smooth": 10.0}, target="number")
    yield from each(p.TargetEncoder, "bool", {"target_type": "continuous"}, target="number")


def labels() -> Iterator[Case]:
    yield from each(p.LabelEncoder, ["label", "label01", "label-int64"])
    yield from each(p.LabelBinarizer, ["label", "label01", "label-int64"], {}, {"neg_label": -1, "pos_label": 2})
    yield from each(p.LabelBinarizer, "label", {"sparse_output": True})
    yield from each(p.MultiLabelBinarizer, "label")


def imputers() -> Iterator[Case]:
    yield from each(
        SimpleImputer, "missing", *product(strategy=["mean", "median", "most_frequent"], add_indicator=BOTH)
    )
    yield from each(
        SimpleImputer,
        "missing",
        {"strategy": "constant", "fill_value": -1.5},
        {"strategy": "constant"},
        {"keep_empty_features": True},
    )
    yield from each(SimpleImputer, "null", *product(strategy=["most_frequent", "constant"]))
    yield from each(
        SimpleImputer,
        "null",
        {"strategy": "constant", "fill_value": "missing"},
        {"strategy": "most_frequent", "add_indicator": True},
    )
    yield from each(
        SimpleImputer, "int64", {"missing_values": 0}, {"missing_values": 3, "strategy": "most_frequent"}, {}
    )
    yield from each(SimpleImputer, "counts", {"missing_values": 0.0}, {"missing_values": 1.0, "strategy": "median"})
    yield from each(MissingIndicator, ["missing", "null"], {}, {"features": "all"}, {"error_on_new": False})
    yield from each(MissingIndicator, "counts", {"missing_values": 0.0, "features": "all"})
    yield from each(MissingIndicator, "int64", {"missing_values": 3, "features": "all"})
    yield from each(KNNImputer, "missing", *product(weights=["uniform", "distance"], n_neighbors=[2, 5]))
    yield from each(KNNImputer, "missing", {"add_indicator": True})
    yield from each(
        IterativeImputer,
        "missing",
        {},
        {"initial_strategy": "median"},
        {"imputation_order": "roman"},
        {"min_value": -1, "max_value": 1},
        {"add_indicator": True},
        {"n_nearest_features": 2},
        fixed={"random_state": 0},
    )
    yield from each(IterativeImputer, "missing", {"estimator": LinearRegression()}, fixed={"random_state": 0})
