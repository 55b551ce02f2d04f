"""Picking one of two tensors in the graph, bit by bit.

Why: ONNX Runtime's Where, Min and Max are each inexact. Where turns -0.0 into 0.0, except in its last input. In parts
of the buffer Min and Max give either of 0.0 and -0.0, and the wrong one of two int64 beyond 2^31.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.blocks import where_not
from skc.emit.opset import op

if TYPE_CHECKING:
    from spox import Var


@dataclass(frozen=True)
class Candidate:
    """A value that may be picked, and what is known about it."""

    values: Var
    may_be_nan: bool
    may_be_negative_zero: bool


def better(kind: str, a: Candidate, b: Candidate) -> Candidate:
    """The lesser (`min`) or greater; the first if they are equal, NaN if either is.

    A comparison with NaN is false, so each comparison is written so that false picks the NaN.
    """
    if not a.may_be_nan:
        keeps = (op.less_or_equal if kind == "min" else op.greater_or_equal)(a.values, b.values)
        return pick(keeps, a, b)
    is_better = (op.less if kind == "min" else op.greater)(b.values, a.values)
    return pick(op.or_(is_better, op.isnan(b.values)) if b.may_be_nan else is_better, b, a)


def pick(condition: Var, then: Candidate, otherwise: Candidate) -> Candidate:
    """`then` where the condition (which must not be a Not) holds, else `otherwise`; all [N, 1] or [1, 1]."""
    if not then.may_be_negative_zero:
        values = op.where(condition, then.values, otherwise.values)
    elif not otherwise.may_be_negative_zero:
        values = where_not(condition, otherwise.values, then.values)
    else:
        index = op.cast(condition, to=np.int64)
        no, yes, index = _same_rows(otherwise.values, then.values, index)
        values = op.gather_elements(op.concat([no, yes], axis=1), index, axis=1)
    return Candidate(
        values,
        then.may_be_nan or otherwise.may_be_nan,
        then.may_be_negative_zero or otherwise.may_be_negative_zero,
    )


def _same_rows(*tensors: Var) -> list[Var]:
    """All expanded to the rows of the longest: an expression without names has a single row."""
    is_one = [x.unwrap_tensor().shape == (1, 1) for x in tensors]
    if all(is_one) or not any(is_one):
        return [*tensors]
    shape = op.shape(tensors[is_one.index(False)])
    return [op.expand(x, shape) if one else x for x, one in zip(tensors, is_one, strict=True)]
