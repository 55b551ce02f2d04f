"""Add up what the leaves of decision trees hold, for the leaves that a row reaches.

Why: a random forest, a gradient boosting and a single tree are this sum. It is computed to the bit: every comparison
is in float64 and exact, and the additions are in the order of the trees, as in scikit-learn.

Example: none in a pipeline.yaml; it is part of a compiled `RandomForestClassifier` or `GradientBoostingRegressor`.

Parameters
----------
average : bool, default false
    Divide the sum by the number of trees.
sums : float64 or float32, default float64
    `float32`: the base, the values of the leaves and every sum are rounded to float32, as XGBoost does.

Input: float64. The last bit decides at which leaf a row arrives, so after a log or exp the exact column before it is
compared, with thresholds that were carried back to that; where this is not possible the step is refused (SKC121). A
null (NaN) goes the way that each split says. Output: float64, without nulls, one column for each number of `base`.
State: the splits of all trees, their `roots`, the `values` of all leaves, and `base`, to which they are added. A
child of a split, or a root, is the position of another split, or ~n for leaf number n. A tree has its splits after
its root; there are at most 16,777,216 leaves in all.

Critical points
---------------
C1  A value that equals the threshold goes left, and the float64 above it goes right.
C2  A null goes left where the split says so, and right elsewhere, whatever the threshold.
C3  -0.0 equals 0.0; an infinity is compared like any number.
C4  The sum begins with `base` and goes from the first tree to the last: 1e16 + 1.0 + 1.0 is 1e16.
C5  A leaf has a value for each output, or one: then tree number i adds to output i modulo the number of outputs.
C6  A tree may be a single leaf.
C7  `average` divides once, after the last addition.
C8  With `sums: float32` each addition is rounded: 1.0 + 2^-24 + 2^-24 is 1.0. The division is not.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, ml, op
from skc.op import AnyOp, Carrying, Case, Names, Op, always, compared, fitted_elsewhere, parameters, require
from skc.ops.trees import _boosting, _catboost, _lightgbm, _models, _xgboost
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import Array

if TYPE_CHECKING:
    from spox import Var

MOST_TRIED = 2_000  # thresholds of a column, spread evenly where there are more
MOST_LEAVES = 2**24  # a model numbers them in float32


@parameters
class Params:
    average: bool = False
    sums: Literal["float64", "float32"] = "float64"


@dataclass(frozen=True)
class State:
    base: tuple[float, ...]
    roots: tuple[int, ...]
    feature: tuple[int, ...]
    threshold: tuple[float, ...]
    null_left: tuple[bool, ...]
    left: tuple[int, ...]
    right: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse what is not a set of trees: `apply` would not end, or a leaf would belong to no tree."""
        splits, outputs, trees = len(self.feature), len(self.base), len(self.roots)
        if {len(self.threshold), len(self.null_left), len(self.left), len(self.right)} != {splits}:
            raise ValueError("the parts of the splits differ in length")
        children = np.array([*self.roots, *self.left, *self.right], dtype=np.int64)
        leaves = splits + trees
        if leaves > MOST_LEAVES:
            raise ValueError(f"{leaves} leaves are more than {MOST_LEAVES}")
        if sorted(children.tolist()) != list(range(-leaves, splits)):
            raise ValueError("a split or a leaf does not have one parent")
        if (children[trees:].reshape(2, -1) <= np.arange(splits)).sum() != (children[trees:] < 0).sum():
            raise ValueError("a split is before its parent")
        if not outputs or not trees or len(self.values) not in (leaves, leaves * outputs):
            raise ValueError(f"{leaves} leaves do not match {len(self.values)} values of {outputs} outputs")
        if len(self.values) == leaves and trees % outputs:
            raise ValueError(f"{trees} trees do not match {outputs} outputs")

    @cached_property
    def arrays(self) -> Arrays:
        """The splits and the values of the leaves as NumPy holds them."""
        return Arrays(
            np.array(self.feature, dtype=np.int64),
            np.array(self.threshold, dtype=np.float64),
            np.array(self.null_left, dtype=bool),
            np.array([self.left, self.right], dtype=np.int64),
            np.array(self.values, dtype=np.float64).reshape(len(self.feature) + len(self.roots), -1),
        )


@dataclass(frozen=True)
class Arrays:
    """The parts of a state; `children` is [2, splits], left and right, and `values` [leaves, 1 or outputs]."""

    feature: Array
    threshold: Array
    null_left: Array
    children: Array
    values: Array


def infer(params: Params, x: ValueType) -> ValueType:
    require(x, "float64", op="tree_ensemble")
    compared(x, op="tree_ensemble")
    return ValueType("float64", width=None)


def apply(params: Params, state: State, x: Block) -> Block:
    total = np.tile(np.array(state.base, dtype=params.sums), (x.rows, 1))
    values = state.arrays.values.astype(params.sums)
    one_for_all = values.shape[1] == len(state.base)
    for i, root in enumerate(state.roots):
        value = values[_leaves(state.arrays, root, x.values)]
        if one_for_all:
            total += value
        else:
            total[:, i % len(state.base)] += value[:, 0]
    total = total.astype(np.float64)
    return Block("float64", total / len(state.roots) if params.average else total)


def _leaves(splits: Arrays, root: int, x: Array) -> Array:
    """int64 [N]: the leaf that each row reaches from a root."""
    at = np.full(len(x), root, dtype=np.int64)
    moving = np.arange(len(x)) if root >= 0 else np.arange(0)
    while len(moving):
        split = at[moving]
        value = x[moving, splits.feature[split]]
        goes_left = np.where(np.isnan(value), splits.null_left[split], value <= splits.threshold[split])
        at[moving] = splits.children[np.where(goes_left, 0, 1), split]
        moving = moving[at[moving] >= 0]
    return ~at


def lower(params: Params, state: State, x: GraphBlock) -> GraphBlock:
    outputs, trees = len(state.base), len(state.roots)
    values = np.array(state.values, dtype=params.sums).reshape(len(state.feature) + trees, -1)
    every_base, owner = np.array(state.base, dtype=params.sums), _owners(state)[1]
    leaf = op.cast(_leaf_numbers(state, x), to=np.int64)  # [N, trees]
    if values.shape[1] == outputs:
        rounds, base = trees, every_base
    else:
        rounds, base = trees // outputs, every_base[owner % outputs][:, None]
        leaf = op.reshape(leaf, const([0, rounds, outputs])) if outputs > 1 else leaf
    is_first = owner < trees // rounds
    # The base is added to the leaves that are added first: the rounding is the same, and it costs nothing.
    values = np.where(is_first[:, None], base + values, values)
    table = const(values if outputs > 1 and values.shape[1] == outputs else values[:, 0], np.float64)
    result = _last_sum(op.gather(table, leaf, axis=0), rounds, outputs, np.dtype(params.sums))
    if params.average and trees > 1:
        result = op.div(result, const(float(trees)))
    return GraphBlock("float64", outputs, result)


def _last_sum(added: Var, rounds: int, outputs: int, sums: Any) -> Var:
    """float64 [N, outputs]: the sum over axis 1 in order, unlike that of ReduceSum and MatMul."""
    if rounds > 1:
        last = const([rounds - 1]), const([rounds]), const([1])
        if sums == np.float32:
            added = op.cast(op.cumsum(op.cast(added, to=np.float32), const(1)), to=np.float64)
        else:
            added = op.cumsum(added, const(1))
        added = op.slice(added, *last)
    return op.squeeze(added, const([1])) if outputs > 1 else added


def _leaf_numbers(state: State, x: GraphBlock) -> Var:
    """float32 [N, trees]: the number of the leaf that each tree leads to.

    Why numbers: `TreeEnsembleRegressor` compares in float64 and answers in float32, which holds a number exactly.
    """
    splits, trees = len(state.feature), len(state.roots)
    tree_of_split, tree_of_leaf = _owners(state)
    leaves = np.arange(len(tree_of_leaf))
    tree = np.concatenate([tree_of_split, tree_of_leaf])
    order = np.argsort(tree, kind="stable")  # the splits of a tree, its root first, then its leaves

    def per_node(of_splits: Any) -> list[int]:
        values = np.concatenate([np.array(of_splits, dtype=np.int64), np.zeros_like(leaves)])
        return [int(value) for value in values[order]]

    child = np.array([state.left, state.right], dtype=np.int64)
    child = np.where(child < 0, splits + ~child, child)  # the leaves are numbered after the splits
    thresholds = np.concatenate([np.array(state.threshold), np.zeros(len(leaves))])[order]
    return ml.tree_ensemble_regressor(
        x.values,
        n_targets=trees,
        nodes_treeids=tree[order].tolist(),
        nodes_nodeids=order.tolist(),
        nodes_featureids=per_node(state.feature),
        nodes_modes=["BRANCH_LEQ" if at < splits else "LEAF" for at in order.tolist()],
        nodes_values_as_tensor=thresholds,
        nodes_missing_value_tracks_true=per_node(state.null_left),
        nodes_truenodeids=per_node(child[0]),
        nodes_falsenodeids=per_node(child[1]),
        target_treeids=tree_of_leaf.tolist(),
        target_nodeids=(leaves + splits).tolist(),
        target_ids=tree_of_leaf.tolist(),
        target_weights_as_tensor=leaves.astype(np.float64),
    )


def _owners(state: State) -> tuple[Array, Array]:
    """int64 [splits], [leaves]: the tree that each belongs to."""
    of_split, of_leaf = (
        np.zeros(len(state.feature), np.int64),
        np.zeros(len(state.feature) + len(state.roots), np.int64),
    )
    at, tree = np.array(state.roots, dtype=np.int64), np.arange(len(state.roots))
    children = np.array([state.left, state.right], dtype=np.int64)
    while len(at):
        is_split = at >= 0
        of_leaf[~at[~is_split]] = tree[~is_split]
        at, tree = at[is_split], tree[is_split]
        of_split[at] = tree
        at, tree = children[:, at].reshape(-1), np.tile(tree, 2)
    return of_split, of_leaf


def names(params: Params, state: State, columns: Names) -> tuple[Names, ...]:
    """One for each output, all of them with the first column: they depend on every column."""
    outputs = ("trees",) if len(state.base) == 1 else tuple(f"trees_{i}" for i in range(len(state.base)))
    return (outputs, *((),) * (len(columns) - 1))


def boundaries(params: Params, state: State, k: int, x: ValueType) -> list[Scalar]:
    edges = _edges(state, k)
    if len(edges) > MOST_TRIED:
        edges = edges[np.linspace(0, len(edges) - 1, MOST_TRIED).round().astype(np.int64)]
    around = [v for e in edges.tolist() for v in (math.nextafter(e, -math.inf), e, math.nextafter(e, math.inf))]
    return [None, *around, 0.0, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf]


def marks(params: Params, state: State, k: int) -> dict[str, Sequence[Scalar]]:
    return {"edge": _edges(state, k).tolist()}


def _edges(state: State, k: int) -> Array:
    """The distinct thresholds of column k, ascending."""
    return np.unique(state.arrays.threshold[state.arrays.feature == k])


def _edges_of(params: Params, state: State, k: int) -> Array:
    return _edges(state, k)


def _moved(params: Params, state: State, edges: Sequence[Array]) -> tuple[AnyOp, Any, Any]:
    feature, threshold = state.arrays.feature, state.arrays.threshold.copy()
    for k, moved in enumerate(edges):
        threshold[feature == k] = moved[np.searchsorted(_edges(state, k), threshold[feature == k])]
    return OP, params, replace(state, threshold=tuple(threshold.tolist()))


STUMP = State((0.5,), (0,), (0,), (1.5,), (False,), (-1,), (-2,), (-1.0, 1.0))
CASES = (
    Case(
        name="on the threshold and beside it",
        shows=("C1", "C2", "C3"),
        columns={"x": "float64?"},
        state=STUMP,
        rows=[[1.5], [1.5000000000000002], [None], [math.inf], [-math.inf], [-0.0]],
        expect=[[-0.5], [1.5], [1.5], [1.5], [-0.5], [-0.5]],
    ),
    Case(
        name="a null that goes left",
        shows=("C2",),
        columns={"x": "float64?", "y": "float64?"},
        # x <= inf, then y <= 0.0 under it, a null left of both; x alone decides whether there is a value
        state=State((0.0,), (0,), (0, 1), (math.inf, 0.0), (False, True), (1, -1), (-3, -2), (1.0, 2.0, 3.0)),
        rows=[[None, 1.0], [1.0, None], [math.inf, 5e-324], [0.0, -0.0], [None, None]],
        expect=[[3.0], [1.0], [2.0], [1.0], [3.0]],
    ),
    Case(
        name="the order of the additions",
        shows=("C4", "C6"),
        columns={"x": "float64"},
        state=State((1e16,), (-1, -2, 0), (0,), (0.0,), (False,), (-3,), (-4,), (1.0, 1.0, -1e16, 0.0)),
        rows=[[0.0], [1.0]],
        expect=[[0.0], [1e16]],  # 1.0 + 1.0 + 1e16 would be 1e16 + 2
    ),
    Case(
        name="values for each output",
        shows=("C5", "C7"),
        columns={"x": "float64", "y": "float64"},
        params={"average": True},
        state=State(
            (0.0, 0.0),
            (0, 1, -5),
            (0, 1),
            (0.0, -1.0),
            (False, True),
            (-1, -3),
            (-2, -4),
            (1.0, 0.0, 0.25, 0.75, 0.5, 0.5, 0.0, 1.0, 0.1, 0.9),
        ),
        rows=[[0.0, -1.0], [1.0, 0.0]],
        expect=[[0.5333333333333333, 0.4666666666666666], [0.11666666666666665, 0.8833333333333333]],
    ),
    Case(
        name="trees that take turns",
        shows=("C5", "C6"),
        columns={"x": "float64"},
        state=State((0.1, -0.5), (0, -3, -4, -5), (0,), (2.0,), (False,), (-1,), (-2,), (1.0, 2.0, 4.0, 8.0, 16.0)),
        rows=[[2.0], [3.0]],
        expect=[[9.1, 19.5], [10.1, 19.5]],
    ),
    Case(
        name="every sum in float32",
        shows=("C8",),
        columns={"x": "float64"},
        params={"sums": "float32"},
        # in float64 the first sum would be 1 + 2^-23
        state=State((1.0,), (0, -3), (0,), (0.0,), (False,), (-1,), (-2,), (2.0**-24, 0.25, 2.0**-24)),
        rows=[[0.0], [5e-324]],
        expect=[[1.0], [1.25]],
    ),
    Case(
        name="every sum in float32, by turns",
        shows=("C8",),
        columns={"x": "float64"},
        params={"sums": "float32"},
        # 0.1 is rounded to float32 too
        state=State(
            (1.0, 0.0), (0, -3, -4, -5), (0,), (0.0,), (False,), (-1,), (-2,), (2.0**-24, 0.5, 0.0, 2.0**-24, 0.1)
        ),
        rows=[[0.0], [1.0]],
        expect=[[1.0, 0.10000000149011612], [1.5, 0.10000000149011612]],
    ),
)

OP = Op(
    name="tree_ensemble",
    doc=__doc__,
    params=Params,
    state=State,
    infer=infer,
    freeze=fitted_elsewhere,
    apply=apply,
    lower=lower,
    names=names,
    boundaries=boundaries,
    arity=always("block"),
    decides_by=always("edge"),
    marks=marks,
    sklearn={**_models.SKLEARN, **_boosting.SKLEARN, **_lightgbm.CLAIMS, **_xgboost.CLAIMS, **_catboost.CLAIMS},
    carry=Carrying(_edges_of, _moved, "fit the model on the column as it is: a tree needs no scaling"),
    cases=CASES,
)
