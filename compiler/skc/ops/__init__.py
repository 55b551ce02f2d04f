"""The ops, listed by hand. A new op is its file and one line here; `tests/test_ops.py` finds what was left out.

Why names and not imports: an import and an entry would be two lines to forget. mypy and the import laws read the file
of an op in any case, and a test checks that each file has its line.
"""

from __future__ import annotations

from importlib import import_module

from skc.op import AnyOp

MODULES = (
    "categorical.category_subsets",
    "categorical.hash_bucket",
    "categorical.hash_features",
    "categorical.map",
    "categorical.one_hot",
    "categorical.ordinal",
    "categorical.target_encode",
    "categorical.vocabulary",
    "distance.chi2_features",
    "distance.distances",
    "distance.kernel",
    "distance.knn_impute",
    "distance.layer",
    "distance.nearest",
    "distance.within_radius",
    "internal.bins",
    "internal.expr",
    "internal.narrow",
    "internal.source",
    "internal.stand_in",
    "linear.class_of",
    "linear.class_probability",
    "linear.count_sketch",
    "linear.gaussian_scores",
    "linear.iterative_impute",
    "linear.linear_map",
    "linear.match_atom",
    "linear.mlp",
    "linear.normalize",
    "linear.one_vs_one",
    "linear.polynomial_features",
    "numeric.binarize",
    "numeric.bucketize",
    "numeric.cast",
    "numeric.clip",
    "numeric.finite",
    "numeric.impute",
    "numeric.interpolate",
    "numeric.log1p",
    "numeric.max_abs_scale",
    "numeric.minmax_scale",
    "numeric.missing_indicator",
    "numeric.null_if",
    "numeric.power_transform",
    "numeric.quantile_bin",
    "numeric.quantile_transform",
    "numeric.robust_scale",
    "numeric.round",
    "numeric.spline",
    "numeric.standard_scale",
    "text.casefold",
    "text.collapse_spaces",
    "text.concat",
    "text.contains",
    "text.count_tokens",
    "text.ends_with",
    "text.fold_text",
    "text.hash_tokens",
    "text.length",
    "text.lower",
    "text.matches",
    "text.parse_number",
    "text.replace",
    "text.split",
    "text.starts_with",
    "text.strip",
    "text.strip_accents",
    "text.substring",
    "text.tfidf_weight",
    "text.upper",
    "time.cyclical",
    "time.datetime_part",
    "time.elapsed",
    "time.parse_datetime",
    "trees.tree_ensemble",
    "trees.weighted_median",
)
_LISTED: list[AnyOp] = [import_module(f"skc.ops.{name}").OP for name in MODULES]
OPS: dict[str, AnyOp] = {op.name: op for op in sorted(_LISTED, key=lambda op: op.name)}
# Which the front end of scikit-learn puts before other steps.
CAST, FINITE, IMPUTE, STAND_IN = OPS["cast"], OPS["finite"], OPS["impute"], OPS["stand_in"]
