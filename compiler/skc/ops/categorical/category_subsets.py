"""Say of each subset of the codes of a column whether a value is in it: 0.0, or 1.0 if it is not.

Why: a tree of scikit-learn's histogram gradient boosting sends some categories of a column left and the others right.
With such a column, that split is `x <= 0.5`, and a `tree_ensemble` compares numbers only.

Example: none in a pipeline.yaml; it is part of a compiled `HistGradientBoostingClassifier` or `…Regressor`.

Input: int64 codes. Output: float64, one column per subset, NaN where the code is null. State: the
codes of each column, and its subsets.

Critical points
---------------
C1  A code that is in no subset is 1.0 everywhere, also one that the column does not have.
C2  Null is NaN in every column.
C3  Each column has its own subsets, and none of another column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from skc.emit.blocks import GraphBlock, unlisted
from skc.emit.opset import const, op
from skc.op import Case, Met, Names, Op, always, fitted_elsewhere, parameters, require
from skc.ops.categorical._categories import key_boundaries, unknown_values
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import INT64_MAX, INT64_MIN, Array

MOST_CODES = 2**16  # the table has an entry for each code and subset


@parameters
class Params:
    pass


@dataclass(frozen=True)
class State:
    categories: tuple[tuple[int, ...], ...]
    subsets: tuple[tuple[tuple[int, ...], ...], ...]

    def __post_init__(self) -> None:
        for categories, subsets in zip(self.categories, self.subsets, strict=True):
            if not all(0 <= code < MOST_CODES for code in categories) or not {*chain(*subsets)} <= {*categories}:
                raise ValueError(f"a subset has a code that is not one of the column, or not in 0 .. {MOST_CODES - 1}")


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "int64", op="category_subsets")
    return x.with_(dtype="float64", width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    present = x.present()
    columns = [np.zeros((x.rows, 0))]
    for k, subsets in enumerate(state.subsets):
        for subset in subsets:
            is_outside = ~np.isin(x.values[:, k], np.array(subset, dtype=np.int64))
            columns.append(np.where(present[:, k], is_outside, np.nan)[:, None])
    return Block("float64", np.concatenate(columns, axis=1))


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    """A table with a row of results per subset: for each code, then for any other, then for null."""
    members = [(k, subset) for k, subsets in enumerate(state.subsets) for subset in subsets]
    codes = 1 + max((code for _, subset in members for code in subset), default=0)
    table = np.ones((len(members), codes + 2))
    for row, (_, subset) in enumerate(members):
        table[row, list(subset)] = 0.0
    table[:, -1] = np.nan
    is_other = op.or_(op.less(x.values, const(0)), op.greater_or_equal(x.values, const(codes)))
    place = op.where(is_other, const(codes), x.values)
    if x.valid is not None:
        place = op.where(x.valid, place, const(codes + 1))
    place = op.gather(place, const([k for k, _ in members], np.int64), axis=1)
    starts = np.arange(len(members), dtype=np.int64)[None] * table.shape[1]
    values = op.gather(const(table.reshape(-1)), op.add(place, const(starts)), axis=0)
    return GraphBlock("float64", len(members), values).signal("unknown", unlisted(x, state.categories))


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    groups = zip(columns, state.subsets, strict=True)
    return tuple(tuple(f"{name}_{i}" for i in range(len(subsets))) for name, subsets in groups)


def ids(params: Params, state: State, k: int) -> dict[int, int]:
    """The same number for codes that are in the same subsets."""
    patterns: dict[tuple[bool, ...], int] = {}
    sets = [frozenset(subset) for subset in state.subsets[k]]
    patterned = [(code, tuple(code in subset for subset in sets)) for code in state.categories[k]]
    return {code: patterns.setdefault(pattern, len(patterns)) for code, pattern in patterned}


def marks(params: Params, state: State, k: int) -> dict[str, Sequence[Scalar]]:
    return {"category": [*ids(params, state, k)]}


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    return key_boundaries([*ids(params, state, k)], "int64")


def met(params: Params, state: State, x: Block) -> dict[Met, Array]:
    return {"unknown": unknown_values(x, state.categories)}


CASES = (
    Case(
        name="two columns with subsets of their own",
        shows=("C1", "C2", "C3"),
        columns={"m": "int64?", "n": "int64?"},
        state=State(((0, 1, 2), (0, 1, 3)), (((0, 2), (1,)), ((0, 3),))),
        rows=[[0, 0], [1, 1], [2, 3], [None, 4], [3, None], [-1, INT64_MIN], [INT64_MAX, 2]],
        expect=[
            [0.0, 1.0, 0.0],
            [1.0, 0.0, 1.0],
            [0.0, 1.0, 0.0],
            [None, None, 1.0],
            [1.0, 1.0, None],
            [1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0],
        ],
        names=("m_0", "m_1", "n_0"),
    ),
    Case(
        name="a column that is never null",
        shows=("C1",),
        columns={"m": "int64"},
        state=State(((1, 2, 3),), (((1, 2),),)),
        rows=[[0], [1], [2], [3]],
        expect=[[1.0], [0.0], [0.0], [1.0]],
    ),
)

OP = Op(
    name="category_subsets",
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
    ids=ids,
    met=met,
    decides_by=always("category"),
    is_whole=always(True),
    cases=CASES,
    null_blind=True,
)
