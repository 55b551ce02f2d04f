"""Replace each category by the mean of the target among its training rows: like scikit-learn's `TargetEncoder`.

Why: a category of thousands is one number instead of thousands of columns.

The means come from a fitted encoder, and are those of all its training rows. Do not train a model on what they give
for these rows, since the mean of a category contains the row's own target: train it on `fit_transform` of the encoder,
which encodes each row by the other folds, best in one pipeline with the model. That is also why no pipeline.yaml can
name this op. The features that it makes are what a model is trained on, and a training row would need the means of the
other folds where a request needs those of all rows: the same row would have other features in training than in serving.

Input: string, int64, bool or float64. Output: float64, never null: one column per input column, or one per class of the
target. State: per column the categories, and per class their values, then that of a null and that of an unknown value.

Critical points
---------------
C1  A category has its own value, whatever others have.
C2  A value that is not a category has the value of unknown ones, the mean of the target.
C3  A null has a value of its own; it is not unknown.
C4  Strings are equal if their code points are, integers are compared as int64, floats are equal if all bits are or both
    are zero.
C5  With several classes the columns of an input column are together, in the order of the classes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skc.emit.blocks import GraphBlock, lookup
from skc.emit.opset import const, op
from skc.op import Case, Met, Names, Op, always, fitted_elsewhere, parameters, require, require_exact
from skc.ops.categorical import _groups as groups
from skc.ops.categorical._categories import Key, Keys, key_boundaries, sample, unknown_values
from skc.translation import Claim, Columns, apply_each
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

UNKNOWN = -1  # in the graph


@parameters
class Params:
    pass


@dataclass(frozen=True)
class State:
    categories: tuple[Keys, ...]
    values: tuple[tuple[tuple[float, ...], ...], ...]  # per column and class: of each category, of null, of unknown


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "string", "int64", "bool", "float64", op="target_encode")
    require_exact(x, op="target_encode")
    return ValueType("float64", width=None)


def ids(params: Params, state: State, k: int) -> dict[Key, int]:
    return {key: place for place, key in enumerate(state.categories[k])}


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    return tuple(
        (name,) if len(values) == 1 else tuple(f"{name}_{j}" for j in range(len(values)))
        for name, values in zip(columns, state.values, strict=True)
    )


def apply(params: Params, state: State, x: Block) -> Block:
    present, columns = x.present(), []
    for k, categories in enumerate(state.categories):
        places, null, unknown = ids(params, state, k), len(categories), len(categories) + 1
        rows = [
            places.get(value, unknown) if is_present else null
            for value, is_present in zip(x.values[:, k].tolist(), present[:, k].tolist(), strict=True)
        ]
        columns.append(np.array(state.values[k]).T[rows].reshape(x.rows, -1))
    return Block("float64", np.concatenate(columns, axis=1))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    """One table for all columns: each begins where the one before it ends."""
    starts = np.cumsum([0, *(len(categories) + 2 for categories in state.categories)])[:-1].tolist()
    numbers = [range(start, start + len(keys)) for start, keys in zip(starts, state.categories, strict=True)]
    nulls = [start + len(keys) for start, keys in zip(starts, state.categories, strict=True)]
    place = lookup(x, state.categories, numbers, UNKNOWN)
    unknown = const([[null + 1 for null in nulls]], np.int64)
    place = op.where(op.less(place, const(0, np.int64)), unknown, place)
    present = x.present()
    if present is not None:
        place = op.where(present, place, const([nulls], np.int64))
    table = np.concatenate([np.array(values).T for values in state.values])
    width = x.width * table.shape[1]
    rows = op.gather(const(table), place, axis=0)  # [N, K, classes]
    return GraphBlock("float64", width, op.reshape(rows, const([0, width])))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return key_boundaries(state.categories[k], x.dtype)


def marks(params: Params, state: State, k: int) -> Mapping[str, Sequence[Scalar]]:
    return {"category": state.categories[k]}


def degenerate(params: Params, state: State, k: int) -> str | None:
    return None if state.categories[k] else "no category"


def carry_back(params: Params, state: State, k: int, values: list[Scalar]) -> list[Scalar]:
    return [*sample(state.categories[k]), None] if values else []


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    return {"unknown": unknown_values(x, state.categories)}


CASES = (
    Case(
        name="categories, null and unknown",
        shows=("C1", "C2", "C3", "C4"),
        columns={"s": "string?", "t": "string?"},
        state=State((("a", "e\u0301"), ("b",)), (((0.25, -1.5, 9.0, 0.5),), ((7.0, 0.5, 0.5),))),
        rows=[["a", "b"], ["e\u0301", "a"], [None, None], ["\u00e9", ""]],
        expect=[[0.25, 7.0], [-1.5, 0.5], [9.0, 0.5], [0.5, 0.5]],
        names=("s", "t"),
    ),
    Case(
        name="classes",
        shows=("C4", "C5"),
        columns={"x": "float64?", "y": "float64?"},
        state=State(((0.0, 2.5), ()), (((1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0)), ((0.1, 0.2), (0.3, 0.4)))),
        rows=[[-0.0, 1.5], [2.5, None], [None, math.inf], [math.inf, 0.0]],
        expect=[[1.0, 5.0, 0.2, 0.4], [2.0, 6.0, 0.1, 0.3], [3.0, 7.0, 0.2, 0.4], [4.0, 8.0, 0.2, 0.4]],
        names=("x_0", "x_1", "y_0", "y_1"),
    ),
    Case(
        name="integers",
        shows=("C4",),
        columns={"n": "int64"},
        state=State(((2**53, 2**53 + 1),), (((1.0, 2.0, 0.0, 0.5),),)),
        rows=[[2**53], [2**53 + 1], [2**53 + 2]],
        expect=[[1.0], [2.0], [0.5]],
    ),
    Case(
        name="booleans",
        shows=("C1",),
        columns={"b": "bool?"},
        state=State(((False, True),), (((0.25, 0.75, 0.5, 0.5),),)),
        rows=[[True], [False], [None]],
        expect=[[0.75], [0.25], [0.5]],
    ),
)


def _from_sklearn(encoder: Any, x: Columns) -> Columns:
    x = groups.as_fitted(encoder, x)
    is_multiclass = encoder.target_type_ == "multiclass"
    classes = len(encoder.classes_) if is_multiclass else 1
    means = encoder.target_mean_.tolist() if is_multiclass else [float(encoder.target_mean_)]
    parts = []
    for k in range(len(encoder.categories_)):
        learned = groups.learned_categories(encoder, k, x)
        is_null = [groups.is_missing(category) for category in encoder.categories_[k].tolist()]
        values = []
        for j in range(classes):
            encoding = encoder.encodings_[k * classes + j].tolist()
            of_null = next((v for v, null in zip(encoding, is_null, strict=True) if null), means[j])
            own = (v for v, null in zip(encoding, is_null, strict=True) if not null)
            values.append((*own, of_null, means[j]))
        parts.append((Params(), State((learned.frequent,), (tuple(values),))))
    return apply_each(OP, x, parts)


SKLEARN = {
    "sklearn.preprocessing.TargetEncoder": Claim(
        _from_sklearn, ("categories", "target_type"), ("smooth", "cv", "shuffle", "random_state")
    )
}

OP = Op(
    name="target_encode",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    marks=marks,
    degenerate=degenerate,
    carry_back=carry_back,
    ids=ids,
    met=met,
    decides_by=always("category"),
    sklearn=SKLEARN,
    cases=CASES,
    null_blind=True,
)
