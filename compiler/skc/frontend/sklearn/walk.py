"""From a fitted estimator to the steps of a pipeline: containers of estimators are read here, ops claim the rest.

Every refusal of an estimator is reported, not only the first: a branch that is refused leaves the others to be read,
and the steps after a refused one are still checked for their class and parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from skc.diagnostics import Diagnostic, SkcError, fail
from skc.frontend.sklearn.claims import check_parameters, claim_of, class_name, no_model
from skc.frontend.sklearn.columns import Table, step_name
from skc.frontend.sklearn.sample import Form
from skc.frontend.sklearn.trace import traced
from skc.translation import Claim, Model

# Classes that learn nothing, and of which scikit-learn before 1.7 does not say so.
LEARN_NOTHING = frozenset(
    {
        "sklearn.decomposition.SparseCoder",
        "sklearn.feature_extraction.FeatureHasher",
        "sklearn.feature_extraction.text.HashingVectorizer",
    }
)

FORMS: Mapping[str, Form] = {
    "sklearn.feature_extraction.DictVectorizer": "dicts",
    "sklearn.feature_extraction.text.CountVectorizer": "texts",
    "sklearn.feature_extraction.text.HashingVectorizer": "texts",
    "sklearn.feature_extraction.text.TfidfVectorizer": "texts",
}


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
        if claim.read is None:
            hint = "a model is the last step of the pipeline, or of none"
            raise fail("SKC150", f"`{class_name(estimator)}` predicts, and does not transform", hint=hint)
        output = claim.read(estimator, x)
        assert isinstance(output, Table)
        return output
    except SkcError as error:
        raise _at(error, x.path) from None


def predicts(estimator: Any) -> bool:
    """Whether an estimator ends in a model whose `predict` becomes outputs."""
    if class_name(estimator) == "sklearn.pipeline.Pipeline":
        return predicts(estimator.steps[-1][1])
    inner = wrapped(estimator)
    return hasattr(estimator, "predict") if inner is None else predicts(inner)


def wrapped(estimator: Any) -> Any:
    """The estimator that another one only wraps, and None where it does more."""
    name = class_name(estimator)
    if name == "sklearn.frozen.FrozenEstimator":
        return estimator.estimator
    if name.startswith("sklearn.model_selection.") and name in CONTAINERS:
        check_fitted(estimator)
        return estimator.best_estimator_
    return None


def innermost(estimator: Any) -> Any:
    """The estimator inside all that only wrap it; itself if it does more."""
    inner = wrapped(estimator)
    return estimator if inner is None else innermost(inner)


def form_of_rows(estimator: Any) -> Form:
    """What `fit` takes: a table, unless the first step of a pipeline or union takes dicts or texts."""
    estimator = innermost(estimator)
    members: Any = getattr(estimator, "steps", None) or getattr(estimator, "transformer_list", ())
    steps = [step for _, step in members if step is not None and not isinstance(step, str)]
    if steps:
        return form_of_rows(steps[0])
    if class_name(estimator) == "sklearn.feature_extraction.FeatureHasher":
        return "dicts" if estimator.input_type == "dict" else "table"
    return FORMS.get(class_name(estimator), "table")


@dataclass(frozen=True)
class Predicted:
    """What a model predicts, and the features that go into it with the estimator that made them, if there is one."""

    model: Model
    features: Table
    transformer: Any = None


def predict(estimator: Any, x: Table) -> Predicted:
    """The predictions of an estimator that ends in a model.

    Raises SkcError with all refusals, each with the path of its step.
    """
    inner = wrapped(estimator)
    if inner is not None:
        return predict(inner, x)
    if class_name(estimator) == "sklearn.pipeline.Pipeline":
        check_parameters(estimator, CONTAINERS[class_name(estimator)].claim)
        name, last = estimator.steps[-1]
        features = _steps(estimator.steps[:-1], [(name, last)], x)
        transformer = estimator[:-1] if len(estimator.steps) > 1 else None
        return replace(predict(last, features.at(inside(x.path, name))), features=features, transformer=transformer)
    try:
        claim = claim_of(estimator)
        check_fitted(estimator)
        if claim.predict is None:
            raise no_model(class_name(estimator))
        return Predicted(claim.predict(estimator, x), x)
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

    if class_name(estimator) in LEARN_NOTHING:
        return
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
    checked = x if allows_nan(estimator) else x.floats(null="error")  # one that allows NaN checks nothing
    support = estimator.get_support()
    chosen, removed = (np.flatnonzero(which).tolist() for which in (support, ~support))
    return checked.pick(chosen).refused_with(checked.pick(removed))


def allows_nan(estimator: Any) -> bool:
    """Whether an estimator accepts NaN in its input, as scikit-learn's own tags say."""
    try:
        from sklearn.utils import get_tags
    except ImportError:  # before 1.6
        return bool(estimator._get_tags()["allow_nan"])
    return bool(get_tags(estimator).input_tags.allow_nan)


def _pipeline(estimator: Any, x: Table) -> Table:
    return _steps(estimator.steps, (), x)


def _steps(steps: Sequence[tuple[str, Any]], rest: Sequence[tuple[str, Any]], x: Table) -> Table:
    """Steps one after the other. Where one is refused, the later ones and the `rest` are checked as far as possible."""
    path = x.path
    for i, (name, step) in enumerate(steps):
        try:
            x = read(step, x.at(inside(path, name))).at(path)
        except SkcError as error:
            after = (*steps[i + 1 :], *rest)
            later = [d for n, other in after for d in _refusals(other, inside(path, n))]
            raise SkcError(*error.diagnostics, *later) from None
    return x


def _column_transformer(estimator: Any, x: Table) -> Table:
    check_fitted(estimator)
    # `cols` of `transformers_` may be names, positions or a mask; the positions that fitting resolved are kept here
    positions = estimator._transformer_to_input_indices
    branches = [
        (name, transformer, x.pick(positions[name]))
        for name, transformer, _ in estimator.transformers_
        if len(positions.get(name, ())) and not (isinstance(transformer, str) and transformer == "drop")
    ]
    return _side_by_side(x, branches, estimator.transformer_weights)


def _feature_union(estimator: Any, x: Table) -> Table:
    return _side_by_side(
        x, [(name, transformer, x) for name, transformer in estimator.transformer_list], estimator.transformer_weights
    )


def _side_by_side(x: Table, branches: Iterable[tuple[str, Any, Table]], weights: Mapping[str, float] | None) -> Table:
    """The branches' columns in order, each times its weight. All refusals of all branches are reported."""
    tables: list[Table] = []
    problems: list[SkcError] = []
    for name, transformer, part in branches:
        try:
            table = read(transformer, part.at(inside(x.path, name)))
            weight = (weights or {}).get(name)
            tables.append(table if weight is None else table.at(inside(x.path, f"{name}_weight")).times(weight))
        except SkcError as error:
            problems.append(error)
    if problems:
        raise SkcError(*(d for error in problems for d in error.diagnostics))
    return x.pick(()).beside(*tables)


def _function_transformer(estimator: Any, x: Table) -> Table:
    if estimator.func is None:
        return x.floats(null="error") if estimator.validate else x
    return traced(estimator, x)


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
