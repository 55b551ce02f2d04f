"""`GraphBlock`: a block inside the ONNX graph, and the few constructions that several ops lower to.

Why: `row ≡ batch` and `exact lookups` are properties of how a thing is emitted. What needs care is written here once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from spox import Var

from skc.opset import const, ml, op
from skc.types import NUMPY_DTYPES, ZEROS, Array, DType


@dataclass(frozen=True)
class GraphGuard:
    """bool [N, K]: rows and input columns that broke a policy of `error`; see `skc.types.Guard`."""

    code: str
    mask: Var


@dataclass(frozen=True)
class GraphBlock:
    """N rows of K columns of one type in the graph; `skc.types.Block` says what the fields mean."""

    dtype: DType
    width: int
    values: Var
    valid: Var | None = None
    guards: tuple[GraphGuard, ...] = field(default=())

    def present(self) -> Var | None:
        """bool [N, K] where there is a value; None when nothing can be missing (never for float64)."""
        if self.dtype == "float64":
            return op.not_(op.isnan(self.values))
        return self.valid

    def guard(self, code: str, mask: Var) -> GraphBlock:
        """The same block, with one more guard."""
        return replace(self, guards=(*self.guards, GraphGuard(code, mask)))

    def columns(self, start: int, stop: int) -> GraphBlock:
        """Columns start to stop, without guards."""
        if (start, stop) == (0, self.width):
            return replace(self, guards=())
        valid = None if self.valid is None else take_columns(self.valid, start, stop)
        return GraphBlock(self.dtype, stop - start, take_columns(self.values, start, stop), valid)


def take_columns(x: Var, start: int, stop: int) -> Var:
    """Columns start to stop of a [N, K] tensor."""
    return op.slice(x, const([start]), const([stop]), const([1]))


def concat_columns(parts: Sequence[Var]) -> Var:
    """[N, K_i] tensors side by side."""
    return parts[0] if len(parts) == 1 else op.concat(parts, axis=1)


def zero(dtype: DType) -> Var:
    """The scalar that stands under a null of that type."""
    value = ZEROS[dtype]
    return const("" if dtype == "string" else value, None if dtype == "string" else NUMPY_DTYPES[dtype])


def masked(dtype: DType, width: int, values: Var, valid: Var | None) -> GraphBlock:
    """A block whose values under a False `valid` are the zero of the type (NaN for float64)."""
    if valid is None:
        return GraphBlock(dtype, width, values)
    values = op.where(valid, values, zero(dtype))
    return GraphBlock(dtype, width, values, None if dtype == "float64" else valid)


def all_of(*masks: Var | None) -> Var | None:
    """The conjunction of the masks that are there; None is always true."""
    given = [mask for mask in masks if mask is not None]
    if not given:
        return None
    result = given[0]
    for mask in given[1:]:
        result = op.and_(result, mask)
    return result


def elementwise(function: Callable[[Var], Var], x: Var, width: int) -> Var:
    """Apply a transcendental kernel (Exp, Log, Sin, …) to [N, width] so that a row's bits do not depend on the batch.

    The kernels compute two float64 at a time, and the odd last element of a buffer goes through other code that may
    differ in the last bits. With an even number of elements per row no buffer has an odd end.
    """
    if width % 2 == 0:
        return function(x)
    padded = op.concat([x, take_columns(x, 0, 1)], axis=1)
    return take_columns(function(padded), 0, width)


def lookup(
    block: GraphBlock, keys: Sequence[Sequence[str | int | bool]], ids: Sequence[Sequence[int]], default: int
) -> Var:
    """int64 [N, K]: for each column its own exact lookup from key to id, `default` for every other value.

    `keys[k]` and `ids[k]` belong to column k; the block is string, int64, bool, timestamp or date.

    Why the prefix: one LabelEncoder over all columns costs one node instead of K, so each string key is made unique by
    the number of its column, which ends at the first colon.
    """
    if block.dtype == "string":
        return _lookup_strings(block, keys, ids, default)
    values = op.cast(block.values, to=np.int64) if block.dtype == "bool" else block.values
    columns = [
        _label_encoder(take_columns(values, k, k + 1) if block.width > 1 else values, [int(v) for v in keys[k]], ids[k], default)
        for k in range(block.width)
    ]
    return concat_columns(columns)


def _lookup_strings(
    block: GraphBlock, keys: Sequence[Sequence[str | int | bool]], ids: Sequence[Sequence[int]], default: int
) -> Var:
    if block.width == 1:
        return _label_encoder(block.values, [str(key) for key in keys[0]], ids[0], default)
    prefixes = [f"{k}:" for k in range(block.width)]
    prefixed = op.string_concat(const(np.array([prefixes], dtype=np.str_)), block.values)
    all_keys = [prefix + str(key) for prefix, column in zip(prefixes, keys, strict=True) for key in column]
    return _label_encoder(prefixed, all_keys, [i for column in ids for i in column], default)


def _label_encoder(x: Var, keys: Sequence[str] | Sequence[int], ids: Sequence[int], default: int) -> Var:
    if not keys:  # LabelEncoder refuses an empty table
        return op.expand(const([[default]]), op.shape(x))
    if isinstance(keys[0], str):
        return ml.label_encoder(x, keys_strings=keys, values_int64s=ids, default_int64=default)  # type: ignore[arg-type]  # one branch per key type
    return ml.label_encoder(x, keys_int64s=keys, values_int64s=ids, default_int64=default)  # type: ignore[arg-type]  # one branch per key type


def count_edges(x: Var, edges: Array, *, right: bool) -> Var:
    """int64 [N, K]: for each value the number of edges of its column that are ≤ it (`right`: < it). NaN counts none.

    `edges` is float64 [K, E]; pad a column that has fewer with +inf (and `right=True` never counts it; otherwise clip).
    This is `np.searchsorted(edges, x, side="left" if right else "right")`.
    """
    wide = op.unsqueeze(x, const([2]))
    compare = op.greater(wide, const(edges[None])) if right else op.greater_or_equal(wide, const(edges[None]))
    counted = op.cast(compare, to=np.float64)  # exact: a count is far below 2^53
    total = op.reduce_sum(counted, const([2]), keepdims=0)
    return op.cast(total, to=np.int64)
