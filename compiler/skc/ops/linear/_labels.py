"""The labels of scikit-learn's classes, and the step that chooses one."""

from __future__ import annotations

from typing import Any, Literal

from skc.op import refuse
from skc.ops.linear import class_of
from skc.ops.linear._scores import Noise
from skc.translation import Columns

DTYPES: dict[str, Literal["string", "int64", "bool", "float64"]] = {
    "b": "bool",
    "i": "int64",
    "u": "int64",
    "f": "float64",
    "U": "string",
}


def choose(scores: Columns, classes: Any, noise: Noise = "none") -> Columns:
    """The label with the highest score, or by one score whether it is above 0; `classes` are those of an estimator."""
    labels = classes.tolist()
    dtype = DTYPES.get("U" if all(isinstance(label, str) for label in labels) else classes.dtype.kind)
    if dtype is None:
        kinds = " and ".join(sorted({type(label).__name__ for label in labels}))
        hint = "fit it on labels that are all text, whole numbers, booleans or floats"
        raise refuse("SKC151", f"the classes are {kinds}, which no output can hold", hint=hint)
    return scores.apply(class_of.OP, class_of.Params(dtype=dtype, noise=noise), class_of.State(tuple(labels)))


def names_of(classes: Any) -> tuple[str, ...]:
    """The names of classes, as columns of probabilities."""
    return tuple(str(label) for label in classes.tolist())
