"""From a fitted estimator to the steps of a pipeline: containers of estimators are read here, ops claim the rest.

Every refusal of an estimator is reported, not only the first: a branch that is refused leaves the others to be read,
and the steps after a refused one are still checked for their class and parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skc.diagnostics import Diagnostic, SkcError, fail
from skc.frontend.sklearn.claims import check_parameters, claim_of, class_name, unclaimed
from skc.frontend.sklearn.columns import Table, step_name
from skc.translation import Claim


def read(estimator: Any, x: Table) -> Table:
    """The output columns of an estimator. Raises SkcError with all refusals, each with the path of its step."""
    if estimator is None or estimator == "passthrough":
        return x
    if isinstance(estimator, str):
        return x.pick(())  # "drop"
    try:
        container = CONTAINERS.get(class_name(estimator))
        if container is not None:
            check_parameters(estimator, container.claim)
            return container.read(estimator, x)
        if is_selector(estimator):
            return _selected(estimator, x)
        claim = claim_of(estimator)
        check_fitted(estimator)
        made = claim.read(estimator, x)
        assert isinstance(made, Table)
        return made
    except SkcError as error:
        raise _at(error, x.path) from None


def _refusals(estimator: Any, path: str) -> list[Diagnostic]:
    """What can be refused without columns."""
    if estimator is None or isinstance(estimator, str) or class_name(estimator) in CONTAINERS or is_selector(estimator):
        return []
    try:
        claim_of(estimator)
    except SkcError as error:
        return [*_at(error, path).diagnostics]
    return []


def _at(error: SkcError, path: str) -> SkcError:
    """The same error, with the path of the step where it has none."""
    note = f"in step `{path}`"
    if not path:
        return error
    return SkcError(
        *(
            d if any(n.startswith("in step ") for n in d.notes) else replace(d, notes=(*d.notes, note))
            for d in error.diagnostics
        )
    )


def inside(path: str, name: str) -> str:
    """The path of a step within another."""
    return f"{path}/{step_name(name)}" if path else step_name(name)


def check_fitted(estimator: Any) -> None:
    """Refuse an estimator that `fit` has not been called on."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    try:
        check_is_fitted(estimator)
    except NotFittedError:
        raise fail(
            "SKC152",
            f"`{class_name(estimator)}` is not fitted",
            hint="call `fit` on the training data before compiling",
        ) from None


def is_selector(estimator: Any) -> bool:
    """A feature selector, of scikit-learn or not, by the interface that they share."""
    return callable(getattr(estimator, "get_support", None)) and class_name(estimator).startswith("sklearn.")


def _selected(estimator: Any, x: Table) -> Table:
    check_fitted(estimator)
    return x.floats(null="keep" if allows_nan(estimator) else "error").pick(
        estimator.get_support(indices=True).tolist()
    )


def allows_nan(estimator: Any) -> bool:
    """Whether an estimator accepts NaN in its input, as scikit-learn's own tags say."""
    try:
        from sklearn.utils import get_tags
    except ImportError:  # before 1.6
        return bool(estimator._get_tags()["allow_nan"])
    return bool(get_tags(estimator).input_tags.allow_nan)


def _pipeline(estimator: Any, x: Table) -> Table:
    path = x.path
    for i, (name, step) in enumerate(estimator.steps):
        try:
            x = read(step, x.at(inside(path, name))).at(path)
        except SkcError as error:
            later = [d for n, other in estimator.steps[i + 1 :] for d in _refusals(other, inside(path, n))]
            raise SkcError(*error.diagnostics, *later) from None
    return x


def _column_transformer(estimator: Any, x: Table) -> Table:
    check_fitted(estimator)
    if estimator.transformer_weights:
        raise fail(
            "SKC151",
            "`transformer_weights` of a ColumnTransformer do not compile yet",
            hint="remove the weights, and scale the columns in their own transformers",
        )
    # `cols` of `transformers_` may be names, positions or a mask; the positions that fitting resolved are kept here
    positions = estimator._transformer_to_input_indices
    branches = [
        (name, transformer, x.pick(positions[name]))
        for name, transformer, _ in estimator.transformers_
        if len(positions.get(name, ())) and not (isinstance(transformer, str) and transformer == "drop")
    ]
    return _side_by_side(x, branches)


def _feature_union(estimator: Any, x: Table) -> Table:
    if estimator.transformer_weights:
        raise fail(
            "SKC151",
            "`transformer_weights` of a FeatureUnion do not compile yet",
            hint="remove the weights, and scale the columns in their own transformers",
        )
    return _side_by_side(x, [(name, transformer, x) for name, transformer in estimator.transformer_list])


def _side_by_side(x: Table, branches: Iterable[tuple[str, Any, Table]]) -> Table:
    """The branches' columns in order. All refusals of all branches are reported."""
    found: list[Table] = []
    problems: list[SkcError] = []
    for name, transformer, part in branches:
        try:
            found.append(read(transformer, part.at(inside(x.path, name))))
        except SkcError as error:
            problems.append(error)
    if problems:
        raise SkcError(*(d for error in problems for d in error.diagnostics))
    return x.pick(()).beside(*found)


def _function_transformer(estimator: Any, x: Table) -> Table:
    if estimator.func is None:
        return x.floats(null="error") if estimator.validate else x
    raise unclaimed(f"{class_name(estimator)} of {getattr(estimator.func, '__name__', estimator.func)!r}")


def _search(estimator: Any, x: Table) -> Table:
    check_fitted(estimator)
    return read(estimator.best_estimator_, x)


def _frozen(estimator: Any, x: Table) -> Table:
    return read(estimator.estimator, x)


_SEARCH = (
    "estimator",
    "scoring",
    "n_jobs",
    "refit",
    "cv",
    "verbose",
    "pre_dispatch",
    "error_score",
    "return_train_score",
)
_RANDOM = (*_SEARCH, "random_state", "n_iter", "param_distributions")
_HALVING = (*_SEARCH, "random_state", "factor", "resource", "max_resources", "min_resources", "aggressive_elimination")


@dataclass(frozen=True)
class Container:
    """A class that contains other estimators, with its parameters and how it is read."""

    read: Callable[[Any, Table], Table]
    claim: Claim


def _contains(
    read: Callable[[Any, Table], Table], parameters: Sequence[str] = (), ignored: Sequence[str] = ()
) -> Container:
    return Container(read, Claim(lambda estimator, x: x, tuple(parameters), tuple(ignored)))


CONTAINERS: Mapping[str, Container] = {
    "sklearn.pipeline.Pipeline": _contains(_pipeline, ["steps"], ["memory", "verbose", "transform_input"]),
    "sklearn.pipeline.FeatureUnion": _contains(
        _feature_union, ["transformer_list", "transformer_weights"], ["n_jobs", "verbose", "verbose_feature_names_out"]
    ),
    "sklearn.compose.ColumnTransformer": _contains(
        _column_transformer,
        ["transformers", "remainder", "transformer_weights"],
        ["sparse_threshold", "n_jobs", "verbose", "verbose_feature_names_out", "force_int_remainder_cols"],
    ),
    "sklearn.preprocessing.FunctionTransformer": _contains(
        _function_transformer,
        ["func", "validate", "kw_args"],
        ["inverse_func", "accept_sparse", "check_inverse", "feature_names_out", "inv_kw_args"],
    ),
    "sklearn.model_selection.GridSearchCV": _contains(_search, (), [*_SEARCH, "param_grid"]),
    "sklearn.model_selection.RandomizedSearchCV": _contains(_search, (), _RANDOM),
    "sklearn.model_selection.HalvingGridSearchCV": _contains(_search, (), [*_HALVING, "param_grid"]),
    "sklearn.model_selection.HalvingRandomSearchCV": _contains(
        _search, (), [*_HALVING, "param_distributions", "n_candidates"]
    ),
    "sklearn.frozen.FrozenEstimator": _contains(_frozen, ["estimator"]),
}
