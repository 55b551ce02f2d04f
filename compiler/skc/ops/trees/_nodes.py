"""The trees of scikit-learn as the state of `tree_ensemble`.

Why thresholds change: the trees of scikit-learn round their input to float32 and compare it with a float64. Rounding is
monotone, so that is the same as comparing the unrounded value with the greatest float64 that rounds to one that goes
left; the graph then needs no float32.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from skc.translation import Columns
from skc_runtime.kinds import Array

Subset = tuple[int, tuple[int, ...]]  # a categorical column, and the codes of it that go left
BEYOND = 2.0**128  # the float32 after the largest one, as far as rounding goes: what is nearer to it is infinite


@dataclass(frozen=True)
class Tree:
    """A fitted tree by node: the root is node 0, and every node comes after its parent.

    `left` and `right` are nodes, and mean nothing at a leaf; `values` is [nodes, values of a leaf].
    """

    is_leaf: Array
    feature: Array
    threshold: Array
    null_left: Array
    left: Array
    right: Array
    values: Array


def from_float32(tree: Any, values: Array, columns: Array | None = None) -> Tree:
    """A `Tree` of scikit-learn, which compares float32. `columns` are those that it was fitted on, if not all."""
    feature = np.maximum(tree.feature, 0)
    return Tree(
        tree.children_left == -1,
        feature if columns is None else columns[feature],
        last_going_left(tree.threshold),
        np.asarray(getattr(tree, "missing_go_to_left", np.zeros(len(feature))), dtype=bool),
        tree.children_left,
        tree.children_right,
        values.reshape(len(feature), -1),
    )


def choice(feature: int, added: Array) -> Tree:
    """Of a column that holds a whole number from 0 to n - 1, the row of `added` [n, outputs] that it names."""
    values = len(added)
    nodes = np.arange(2 * values - 1)
    is_leaf = (nodes % 2 == 1) | (nodes == 2 * values - 2)  # the left child of each split, and the last right one
    place = np.minimum(nodes // 2, values - 1)
    return Tree(
        is_leaf,
        np.full(len(nodes), feature),
        place.astype(np.float64),
        np.zeros(len(nodes), bool),
        nodes + 1,
        nodes + 2,
        np.where(is_leaf[:, None], added[place], 0.0),
    )


def last_going_left(thresholds: Array) -> Array:
    """The greatest float64 whose float32 is at most the threshold."""
    with np.errstate(over="ignore"):
        nearest = thresholds.astype(np.float32)
        down, up = np.float32(-np.inf), np.float32(np.inf)
        below = np.where(nearest > thresholds, np.nextafter(nearest, down), nearest)  # the greatest float32
        above = np.nextafter(below, up)
    low, high = (np.clip(side.astype(np.float64), -BEYOND, BEYOND) for side in (below, above))
    middle = (low + high) / 2  # exact; a tie goes to the even one
    is_even = below.view(np.uint32) % 2 == 0
    edge = np.where(is_even, middle, np.nextafter(middle, -np.inf))
    return np.where(below == up, np.inf, edge)


def last_below(thresholds: Array) -> Array:
    """The greatest float64 whose float32 is less than the threshold, a float32."""
    return last_going_left(np.nextafter(thresholds.astype(np.float32), np.float32(-np.inf)).astype(np.float64))


def summed(x: Columns, trees: Sequence[Tree], base: Sequence[float], **params: Any) -> Columns:
    """The sum of the trees' leaves for columns that were checked as the estimator does."""
    from skc.ops.trees import tree_ensemble

    state = tree_ensemble.State(**state_of(trees, base))
    return x.apply(tree_ensemble.OP, tree_ensemble.Params(**params), state, is_finite=True)


def state_of(trees: Iterable[Tree], base: Sequence[float]) -> dict[str, tuple[Any, ...]]:
    """The fields of the state of `tree_ensemble`."""
    roots: list[int] = []
    parts: list[tuple[Array, ...]] = []
    splits = leaves = 0
    for tree in trees:
        rank = np.where(tree.is_leaf, np.cumsum(tree.is_leaf), np.cumsum(~tree.is_leaf)) - 1
        number = np.where(tree.is_leaf, ~(leaves + rank), splits + rank)  # of each node, as the state has it
        inner = ~tree.is_leaf
        roots.append(int(number[0]))
        parts.append(
            (
                tree.feature[inner],
                tree.threshold[inner],
                tree.null_left[inner],
                number[tree.left[inner]],
                number[tree.right[inner]],
                tree.values[tree.is_leaf].reshape(-1),
            )
        )
        splits, leaves = splits + int(inner.sum()), leaves + int(tree.is_leaf.sum())
    fields = ("feature", "threshold", "null_left", "left", "right", "values")
    joined = (tuple(np.concatenate(part).tolist()) for part in zip(*parts, strict=True))
    return {"base": tuple(base), "roots": tuple(roots), **dict(zip(fields, joined, strict=True))}
