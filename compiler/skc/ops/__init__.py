"""The ops, listed by hand. A new op is its file and one line here; `tests/test_ops.py` finds what was left out.

Why names and not imports: an import and an entry would be two lines to forget. mypy and the import laws read the file
of an op in any case, and a test checks that each file has its line. It also means that a command imports only the ops
of its pipeline, which takes a third of the time of all.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
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
    "internal.local_time",
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
    "text.normalize_text",
    "text.parse_number",
    "text.replace",
    "text.split",
    "text.starts_with",
    "text.strip",
    "text.strip_accents",
    "text.substring",
    "text.tfidf_weight",
    "text.upper",
    "time.combine_datetime",
    "time.cyclical",
    "time.datetime_part",
    "time.elapsed",
    "time.is_holiday",
    "time.make_date",
    "time.parse_datetime",
    "trees.tree_ensemble",
    "trees.weighted_median",
)


class _Ops(MutableMapping[str, AnyOp]):
    """The ops by name, in the order of their names. Each is imported when it is first asked for."""

    def __init__(self) -> None:
        self._modules = {name.rpartition(".")[2]: name for name in MODULES}
        self._loaded: dict[str, AnyOp] = {}

    def __getitem__(self, name: str) -> AnyOp:
        if name not in self._loaded:
            self._loaded[name] = import_module(f"skc.ops.{self._modules[name]}").OP
        return self._loaded[name]

    def __setitem__(self, name: str, op: AnyOp) -> None:
        self._loaded[name] = op

    def __delitem__(self, name: str) -> None:
        del self._loaded[name]

    def __contains__(self, name: object) -> bool:
        return name in self._modules or name in self._loaded

    def __iter__(self) -> Iterator[str]:
        return iter(sorted({*self._modules, *self._loaded}))

    def __len__(self) -> int:
        return len({*self._modules, *self._loaded})


OPS = _Ops()
# Which the front ends put before other steps.
_NAMED = {"CAST": "cast", "FINITE": "finite", "IMPUTE": "impute", "STAND_IN": "stand_in"}
CAST: AnyOp
FINITE: AnyOp
IMPUTE: AnyOp
STAND_IN: AnyOp


def __getattr__(name: str) -> AnyOp:
    if name not in _NAMED:
        raise AttributeError(f"module 'skc.ops' has no attribute {name!r}")
    return OPS[_NAMED[name]]
