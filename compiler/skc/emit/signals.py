"""Signals of nulls in the graph: inputs without a value, and values that a step made null.

Those of an op are masks that its `lower` attaches (`GraphBlock.signal`); these follow from what goes in and comes out.
`skc.oracle.signals` says the same in NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import GraphBlock
from skc.emit.opset import const, op

if TYPE_CHECKING:
    from spox import Var


def is_null(block: GraphBlock) -> Var | None:
    """bool [N, K]: where there is no value; None if nothing can be missing."""
    if block.kind.is_float:
        return op.isnan(block.values)
    return None if block.valid is None else op.not_(block.valid)


def became_null(block: GraphBlock, result: GraphBlock, groups: Sequence[int]) -> Var | None:
    """bool [N, K]: input columns with a value all of whose output columns are null. `groups` has for each input column
    the number of its output columns; None if none of them can be null. A column without outputs is never true.
    """
    lost = _all_null(result, groups)
    present = block.present()
    return lost if lost is None or present is None else op.and_(present, lost)


def all_became_null(blocks: Sequence[GraphBlock], result: GraphBlock) -> Var | None:
    """bool [N, 1]: rows in which every value of every block is present, and every output null."""
    lost = _all_null(result, [result.width])
    if lost is None:
        return None
    for block in blocks:
        missing = is_null(block)
        if missing is not None:
            lost = op.and_(lost, op.equal(_counts(missing, [block.width]), const(0.0)))
    return lost


def _all_null(result: GraphBlock, groups: Sequence[int]) -> Var | None:
    """bool [N, groups]: whether all columns of a group are null."""
    missing = is_null(result)
    if missing is None or result.width == 0:
        return None
    if all(width == 1 for width in groups):
        return missing
    # a group without columns has none that is null, and is not null
    sizes = [[float(width) if width else -1.0 for width in groups]]
    return op.equal(_counts(missing, groups), const(sizes))


def _counts(mask: Var, groups: Sequence[int]) -> Var:
    """float64 [N, groups]: in how many columns of each group, which follow one another, a mask is true."""
    if groups == [1]:
        return op.cast(mask, to=np.float64)
    members = np.repeat(np.eye(len(groups)), groups, axis=0)
    return op.matmul(op.cast(mask, to=np.float64), const(members))
