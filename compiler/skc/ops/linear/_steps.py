"""Steps of a model that several claims take: a product with a matrix, a choice of class, probabilities.

Why the imports are inside: the file of an op imports the claims on it, and these need the op when they are called.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, Literal

import numpy as np

from skc.op import refuse
from skc.ops.internal import expr
from skc.ops.linear._scores import Noise
from skc.translation import Columns
from skc_runtime.kinds import INT64_MAX, INT64_MIN, Array

Link = Literal["softmax", "sigmoid", "one_vs_rest", "modified_huber", "shares"]


def is_of(estimator: Any, *least: int) -> bool:
    """Whether the scikit-learn that runs an estimator has this version or a newer one."""
    version = str(estimator.__getstate__().get("_sklearn_version", "0.0")).split(".")
    return tuple(int(part) for part in version[:2]) >= least


def dense(matrix: Any) -> Array:
    """A matrix that may be sparse, as an array."""
    return np.asarray(matrix.toarray() if hasattr(matrix, "toarray") else matrix, dtype=np.float64)


def mapped(x: Columns, weights: Any, *, noise: bool = False, **parts: Any) -> Columns:
    """Checked columns times [K, M] weights; `parts` are the other fields of the state."""
    from skc.ops.linear import linear_map

    rows = tuple(map(tuple, dense(weights).tolist()))
    others = {name: tuple(np.asarray(part, dtype=np.float64).ravel().tolist()) for name, part in parts.items()}
    params, state = linear_map.Params(noise=noise), linear_map.State(rows, **others)
    if not all(np.isfinite(getattr(state, f.name)).all() for f in fields(state)):
        hint = "fit it on rows without such a column, or with more regularisation"
        raise refuse("SKC151", "a fitted number of the estimator is infinite or NaN", hint=hint)
    return x.floats(null="error").apply(linear_map.OP, params, state, is_finite=True)


def labels_of(classes: Any) -> tuple[Literal["string", "int64", "bool", "float64"], tuple[Any, ...]]:
    """The labels of a classifier as plain values, and their type. Raises SKC158 for those of no type that skc has."""
    labels = tuple(np.asarray(classes).tolist())
    kinds = {type(label) for label in labels}
    if kinds == {str}:
        return "string", labels
    if kinds == {bool}:
        return "bool", labels
    if kinds == {int} and all(INT64_MIN <= label <= INT64_MAX for label in labels):
        return "int64", labels
    if kinds == {float}:
        return "float64", labels
    names = ", ".join(sorted(kind.__name__ for kind in kinds))
    raise refuse("SKC158", f"the classes are of type {names}", hint="train on text, integers, floats or booleans")


def choose(scores: Columns, classes: Any, noise: Noise, gap: float = 0.0) -> Columns:
    """The class of the highest score, or of a single score by its sign."""
    from skc.ops.linear import class_of

    dtype, labels = labels_of(classes)
    if len(labels) < 2:
        hint = "train on rows of two classes at least"
        raise refuse("SKC151", "the model knows a single class, so it predicts nothing else", hint=hint)
    return scores.apply(class_of.OP, class_of.Params(dtype=dtype, noise=noise, gap=gap), class_of.State(labels))


def choose_by(scores: Columns, noise: Columns | None, classes: Any, gap: float = 0.0) -> Columns:
    """The class of the highest score, as far as the bounds of their errors are known."""
    if noise is None:
        return choose(scores, classes, "relative")
    return choose(scores.beside(noise), classes, "columns", gap)


def joined(parts: Sequence[Columns]) -> Columns:
    """Columns side by side."""
    return parts[0].beside(*parts[1:])


def targets(predictions: Sequence[Columns]) -> Columns:
    """The predictions for several targets. Raises SKC151 for labels of different types, of which no array is made."""
    side_by_side = joined(predictions)
    if len({x.dtype for x in side_by_side.types}) > 1:
        hint = "use labels of one type, or compile one model for each target"
        raise refuse("SKC151", "the targets have labels of different types", hint=hint)
    return side_by_side


def probabilities(
    scores: Columns, classes: Any, link: Link, noise: Literal["columns", "none"], error: float = 0.0
) -> Columns:
    """The probability of each class."""
    from skc.ops.linear import class_probability

    params = class_probability.Params(link=link, noise=noise, error=error)
    return scores.apply(class_probability.OP, params, class_probability.State(class_names(classes)), is_finite=True)


def class_names(classes: Any) -> tuple[str, ...]:
    """The classes as names of columns."""
    return tuple(map(str, labels_of(classes)[1]))


def computed(y: Columns, expression: str) -> Columns:
    """Each of the columns by an expression in `y`."""
    params = expr.Params(expression=expression, names=("y",))
    return y.pick(()).beside(*(y.pick([k]).apply(expr.OP, params) for k in range(len(y.types))))


def exponential(y: Columns) -> Columns:
    """exp of each column."""
    return computed(y, "exp(y)")
