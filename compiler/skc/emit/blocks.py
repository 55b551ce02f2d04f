"""`GraphBlock`: a block inside the ONNX graph, and the few constructions that several ops lower to.

Why: `row ≡ batch` and `exact lookups` depend on which nodes are emitted, so the delicate constructions are
written once, here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from skc.emit.opset import const, ml, murmur_hash3, op
from skc_runtime.kinds import KINDS, Array, DType, Kind

if TYPE_CHECKING:
    from spox import Var


Key = str | int | bool | float
MOST_COMPARED = 256  # edges: beyond, a search is faster than comparing, even for one row


@dataclass(frozen=True)
class GraphGuard:
    """bool [N, K]: rows and input columns that violated a policy of `error`; see `skc.values.types.Guard`."""

    code: str
    mask: Var


@dataclass(frozen=True)
class GraphSignal:
    """bool [N, K]: rows and input columns whose value is served and counted, as `Op.met` says it in NumPy. `width` is K
    where it is known; the shape of a mask need not say it.
    """

    kind: str
    mask: Var
    width: int | None = None


@dataclass(frozen=True)
class GraphBlock:
    """N rows of K columns of one type in the graph; `skc.values.types.Block` documents the fields."""

    dtype: DType
    width: int
    values: Var
    valid: Var | None = None
    guards: tuple[GraphGuard, ...] = field(default=())
    signals: tuple[GraphSignal, ...] = field(default=())

    @property
    def kind(self) -> Kind:
        """Its type, as far as it is known."""
        return KINDS[self.dtype]

    def present(self) -> Var | None:
        """bool [N, K] where there is a value; None when nothing can be missing (never for floats)."""
        if self.kind.is_float:
            return op.not_(op.isnan(self.values))
        return self.valid

    def guard(self, code: str, mask: Var) -> GraphBlock:
        """The same block, with one more guard."""
        return replace(self, guards=(*self.guards, GraphGuard(code, mask)))

    def signal(self, kind: str, mask: Var) -> GraphBlock:
        """The same block, with one more signal. It is part of the model only with `signals` of the pipeline."""
        return replace(self, signals=(*self.signals, GraphSignal(kind, mask)))

    def columns(self, start: int, stop: int) -> GraphBlock:
        """Columns start to stop, without guards and signals."""
        if (start, stop) == (0, self.width):
            return replace(self, guards=(), signals=())
        valid = None if self.valid is None else take_columns(self.valid, start, stop)
        return GraphBlock(self.dtype, stop - start, take_columns(self.values, start, stop), valid)


def take_columns(x: Var, start: int, stop: int) -> Var:
    """Columns start to stop of a [N, K] tensor."""
    return op.slice(x, const([start]), const([stop]), const([1]))


def concat_columns(parts: Sequence[Var]) -> Var:
    """[N, K_i] tensors side by side."""
    return parts[0] if len(parts) == 1 else op.concat(parts, axis=1)


def zero(dtype: DType) -> Var:
    """The scalar stored where a value of that type is null."""
    kind = KINDS[dtype]
    return const(kind.zero, None if kind.element == "string" else kind.numpy)


def masked(dtype: DType, width: int, values: Var, valid: Var | None) -> GraphBlock:
    """A block whose values under a False `valid` are the zero of the type (NaN for float64)."""
    if valid is None:
        return GraphBlock(dtype, width, values)
    if dtype == "bool":  # ONNX Runtime has no Where over bool
        return GraphBlock(dtype, width, op.and_(valid, values), valid)
    if KINDS[dtype].is_float:
        return GraphBlock(dtype, width, where_not(valid, zero(dtype), values))
    return GraphBlock(dtype, width, op.where(valid, values, zero(dtype)), valid)


def or_zero(condition: Var, values: Var) -> Var:
    """int64: the values where the condition holds, else 0.

    Why not Where: these two nodes take 0.4 µs of a row, and Where 0.65; of 4,096 rows they take less, too.
    """
    return op.mul(values, op.cast(condition, to=np.int64))


def no_columns(like: Var, dtype: DType, *, nullable: bool) -> GraphBlock:
    """A block [N, 0] with the N of another one."""
    nothing = op.equal(like, like)
    values = nothing if dtype == "bool" else op.where(nothing, zero(dtype), zero(dtype))
    return GraphBlock(dtype, 0, values, nothing if nullable and not KINDS[dtype].is_float else None)


def where_not(condition: Var, a: Var, b: Var) -> Var:
    """`a` where the condition does not hold, else `b`. A -0.0 of `b` is preserved.

    ONNX Runtime's Where turns -0.0 into 0.0, except in its last input. Its optimiser also turns Where(Not(c), a, b)
    into Where(c, b, a), so no Not may be emitted here.
    """
    return op.where(op.equal(condition, const(False)), a, b)


def all_of(*masks: Var | None) -> Var | None:
    """The conjunction of the masks; None stands for a mask that is always true."""
    present = [mask for mask in masks if mask is not None]
    if not present:
        return None
    result = present[0]
    for mask in present[1:]:
        result = op.and_(result, mask)
    return result


def elementwise(function: Callable[[Var], Var], x: Var, width: int) -> Var:
    """Apply a transcendental kernel (Exp, Log, Sin, …) to [N, width] so that a row's bits do not depend on the batch.

    The kernels compute two float64 at a time, and the odd last element of a buffer takes a different code path that
    may differ in the last bits. With an even number of elements per row, no buffer has an odd end.
    """
    if width % 2 == 0:
        return function(x)
    padded = op.concat([x, take_columns(x, 0, 1)], axis=1)
    return take_columns(function(padded), 0, width)


def log1p(x: Var, width: int) -> Var:
    """log(1 + x) of [N, width], accurate for small x: within 2.5 ulp, as measured.

    Kahan's method: with u = 1 + x rounded, log(u) · x / (u - 1) compensates for the rounding. The result is x itself
    where u is 1 and at infinity, -inf at -1, NaN below.
    """
    u = op.add(x, const(1.0))
    corrected = op.mul(elementwise(op.log, u, width), op.div(x, op.sub(u, const(1.0))))
    is_x = op.or_(op.equal(u, const(1.0)), op.equal(u, const(np.inf)))
    return where_not(is_x, corrected, x)


def lookup(block: GraphBlock, keys: Sequence[Sequence[Key]], ids: Sequence[Sequence[int]], default: int) -> Var:
    """int64 [N, K]: for each column its own exact lookup from key to id, `default` for every other value.

    `keys[k]` and `ids[k]` belong to column k; no key is NaN. -0.0 and 0.0 are the same key.

    Why the prefix: one LabelEncoder over all columns costs one node instead of K, so each string key is made unique by
    a prefix: the number of its column and a colon.
    """
    if block.dtype == "string":
        return _lookup_strings(block, keys, ids, default)
    if block.dtype == "bool":
        return _lookup_bools(block, keys, ids, default)
    if block.kind.is_float:
        return _lookup_floats(block, keys, ids, default)
    return _lookup_ints(block, keys, ids, default)


def unlisted(block: GraphBlock, keys: Sequence[Sequence[Key]]) -> Var:
    """bool [N, K]: values of each column that are not among its keys. A null is not one."""
    place = lookup(block, keys, [[0] * len(column) for column in keys], -1)
    return of_present(block, op.less(place, const(0, np.int64)))


def of_present(block: GraphBlock, mask: Var) -> Var:
    """A mask bool [N, K] without the nulls of the block."""
    present = block.present()
    return mask if present is None else op.and_(present, mask)


def beyond(x: Var, low: Array | float, high: Array | float) -> Var:
    """bool [N, K]: float64 values less than the one bound, or greater than the other; NaN is neither."""
    return op.or_(op.less(x, const(low)), op.greater(x, const(high)))


def _lookup_bools(block: GraphBlock, keys: Sequence[Sequence[Key]], ids: Sequence[Sequence[int]], default: int) -> Var:
    columns = zip(keys, ids, strict=True)
    tables = [dict(zip(column, column_ids, strict=True)) for column, column_ids in columns]
    if_true, if_false = ([[table.get(flag, default) for table in tables]] for flag in (True, False))
    return op.where(block.values, const(if_true, np.int64), const(if_false, np.int64))


def _lookup_floats(block: GraphBlock, keys: Sequence[Sequence[Key]], ids: Sequence[Sequence[int]], default: int) -> Var:
    """The largest key that is not greater than the value, and the id of it if the two are equal.

    Why not a LabelEncoder: whether it takes -0.0 for 0.0 depends on how its build hashes. Each column of the table
    begins with NaN, which equals nothing: the key of values that are less than every other, and of NaN.
    """
    longest = max((len(column) for column in keys), default=0)
    if longest == 0:
        return _constant_ids(block.values, block.width, default)
    table = np.full((block.width, longest + 1), np.nan)
    numbers = np.full((block.width, longest + 1), default, dtype=np.int64)
    for k, (column, column_ids) in enumerate(zip(keys, ids, strict=True)):
        order = np.argsort(np.array(column, dtype=np.float64))
        table[k, 1 : len(column) + 1] = np.array(column, dtype=np.float64)[order]
        numbers[k, 1 : len(column) + 1] = np.array(column_ids, dtype=np.int64)[order]
    place = count_edges(block.values, table[:, 1:], right=False)
    if block.width > 1:
        place = op.add(place, const(np.arange(block.width, dtype=np.int64)[None] * (longest + 1)))
    # One entry more than there are places: Gather takes a negative place from the end, where none may be right.
    flat, flat_numbers = np.append(table, np.nan), np.append(numbers, default)
    is_key = op.equal(block.values, op.gather(const(flat), place, axis=0))
    return op.where(is_key, op.gather(const(flat_numbers), place, axis=0), const(default, np.int64))


def _lookup_ints(block: GraphBlock, keys: Sequence[Sequence[Key]], ids: Sequence[Sequence[int]], default: int) -> Var:
    """Several columns: map every key to its rank among the keys of all columns, then (rank, column) to its id.

    Four nodes for any number of columns. An unknown key has rank -1, and -K + k does not encode any (rank, column).
    """
    columns = [[int(key) for key in column] for column in keys]
    if block.width == 1:
        return _label_encoder(block.values, 1, columns[0], ids[0], default)
    distinct = sorted({key for column in columns for key in column})
    ranks = {key: rank for rank, key in enumerate(distinct)}
    rank = _label_encoder(block.values, block.width, distinct, range(len(distinct)), -1)
    pair = op.add(op.mul(rank, const(block.width)), const([list(range(block.width))]))
    pairs = [ranks[key] * block.width + k for k, column in enumerate(columns) for key in column]
    return _label_encoder(pair, block.width, pairs, [i for column in ids for i in column], default)


def _lookup_strings(
    block: GraphBlock, keys: Sequence[Sequence[Key]], ids: Sequence[Sequence[int]], default: int
) -> Var:
    if block.width == 1:
        return _label_encoder(block.values, 1, [str(key) for key in keys[0]], ids[0], default)
    prefixes = [f"{k}:" for k in range(block.width)]
    prefixed = op.string_concat(const(np.array([prefixes], dtype=np.str_)), block.values)
    all_keys = [prefix + str(key) for prefix, column in zip(prefixes, keys, strict=True) for key in column]
    return _label_encoder(prefixed, block.width, all_keys, [i for column in ids for i in column], default)


def _label_encoder(x: Var, width: int, keys: Sequence[str] | Sequence[int], ids: Sequence[int], default: int) -> Var:
    if not keys:  # LabelEncoder refuses an empty table
        return _constant_ids(x, width, default)
    if isinstance(keys[0], str):
        return ml.label_encoder(x, keys_strings=keys, values_int64s=ids, default_int64=default)  # type: ignore[arg-type]  # one branch per key type
    return ml.label_encoder(x, keys_int64s=keys, values_int64s=ids, default_int64=default)  # type: ignore[arg-type]  # one branch per key type


def _constant_ids(x: Var, width: int, default: int) -> Var:
    """The default for every value; Expand would lose the static width."""
    defaults = const([[default] * width])
    return op.where(op.equal(x, x), defaults, defaults)


def hash_keys(block: GraphBlock, seed: int) -> Var:
    """int64 [N, K] in 0 .. 2^32 - 1: MurmurHash3 (x86, 32 bits) of a string's UTF-8 bytes or an int64's 8 bytes.

    The 8 bytes are little endian, two's complement; false and true hash as 0 and 1.
    """
    values = op.cast(block.values, to=np.int64) if block.dtype == "bool" else block.values
    return op.cast(murmur_hash3(values, block.width, seed), to=np.int64)


def signed_places(x: Var, width: int | str, count: int) -> tuple[Var, Var]:
    """int64 and bool [N, width]: which of so many columns the hash of a string stands for, and where it is negative.

    The hash is taken as a signed number of 32 bits, and its magnitude modulo the number of columns.
    """
    hashed = op.cast(murmur_hash3(x, width, 0), to=np.int64)
    is_negative = op.greater_or_equal(hashed, const(2**31, np.int64))
    magnitude = op.where(is_negative, op.sub(const(2**32, np.int64), hashed), hashed)
    return op.mod(magnitude, const(count, np.int64)), is_negative


def count_edges(x: Var, edges: Array, *, right: bool) -> Var:
    """int64 [N, K]: for each value the number of edges of its column that are ≤ it (`right`: < it). NaN counts none.

    `edges` is [K, E] or [1, E], of the type of `x` (float64 or int64) and in any order; pad a column that has fewer
    with NaN, which is never counted (+inf would be, by a value of +inf). E may be 0.
    This is `np.searchsorted(edges, x, side="left" if right else "right")`.
    """
    if edges.shape[1] == 0:  # do not rely on how a kernel reduces an empty axis; Expand would lose the static width
        return op.where(op.equal(x, x), const([[0]]), const([[0]]))
    if edges.shape[1] > MOST_COMPARED:
        return _search_edges(x, np.sort(edges, axis=1), right=right)
    wide = op.unsqueeze(x, const([2]))
    compare = op.greater(wide, const(edges[None])) if right else op.greater_or_equal(wide, const(edges[None]))
    counted = op.cast(compare, to=np.float64)  # exact: a count is far below 2^53
    total = op.reduce_sum(counted, const([2]), keepdims=0)
    return op.cast(total, to=np.int64)


def _search_edges(x: Var, edges: Array, *, right: bool) -> Var:
    """`count_edges` by bisection, `edges` ascending with NaN last: needs memory for N·K values, comparing for N·K·E.

    Every value halves the same number of edges in each step, so the number of steps is fixed and indices stay in range.
    """
    count = edges.shape[1]
    flat = const(edges.reshape(-1))
    starts = const(np.arange(len(edges), dtype=np.int64)[None] * count)
    passed = op.where(op.equal(x, x), const([[0]]), const([[0]]))  # [N, K]; Expand would lose the static width

    def step(half: int) -> Var:
        edge = op.gather(flat, op.add(passed, op.add(starts, const([[half - 1]]))), axis=0)
        is_passed = op.greater(x, edge) if right else op.greater_or_equal(x, edge)
        return op.where(is_passed, op.add(passed, const([[half]])), passed)

    while count > 1:
        passed = step(count // 2)
        count -= count // 2
    return step(1)


def one_hot_columns(index: Var, widths: Sequence[int]) -> Var:
    """float64 [N, sum(widths)]: 1.0 where `index` (int64 [N, K]) of column k is j < widths[k]; any other is all 0.

    Three nodes for any number of columns of any widths: each output column compares the one input column it belongs to.
    """
    columns = [[j for width in widths for j in range(width)]]
    if len(widths) > 1:
        owners = [k for k, width in enumerate(widths) for _ in range(width)]
        index = op.gather(index, const(owners, np.int64), axis=1)
    return op.cast(op.equal(index, const(columns, np.int64)), to=np.float64)
