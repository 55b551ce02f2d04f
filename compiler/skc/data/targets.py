"""How a target goes with the values of a column in each fold, computed from the answers of an engine: the distinct
values of the columns first, then one reading of the rows, in which each batch adds up its groups.

Sums are exact (see `skc.stats.exact_products`): a float64 is cut into slices of WIDTH bits from the largest bit that
the column can have, and the slices of a batch are added up as whole numbers. A product of two slices has twice as many
bits; it is cut in two, so that its halves can be added up in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product, zip_longest
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import ARROW, Column, Grouping, Table
from skc.data.statistics import count_values
from skc.diagnostics import SkcError, fail
from skc.stats.answers import Summary
from skc.stats.exact_products import WIDTH, exponents, slices_of
from skc.stats.requests import ByTarget, Grouped, Moments
from skc.values.types import Scalar
from skc_runtime.kinds import KINDS, Array, DType

CLASSES = ("string", "bool")  # types whose values are classes unless a step says otherwise
LISTED = 5  # values that a message lists
Parts = tuple[tuple[Array, ...], ...]  # of each kind of sum, whole numbers by group; each part has WIDTH bits less


@dataclass(frozen=True)
class GroupSums:
    """For `Table.fold`: maps a batch of a column, the folds and the target to sums of the target by group. Group
    `i · folds + f` has the i-th key in fold f, and the last key is null.
    """

    keys: tuple[Scalar, ...]
    dtype: DType
    folds: int
    classes: tuple[Scalar, ...]
    exponent: int

    def __call__(self, batch: pa.RecordBatch) -> Parts:
        key, fold, target = batch.columns
        group = _places(key, self.keys, self.dtype) * self.folds + fold.to_numpy(zero_copy_only=False)
        groups = (len(self.keys) + 1) * self.folds
        if self.classes:
            of_class = _places(target, self.classes, _dtype(self.classes)) * groups + group
            return ((np.bincount(of_class, minlength=groups * len(self.classes)),),)
        numbers = target.to_numpy(zero_copy_only=False).astype(np.float64)
        slices = [part[:, 0] for part in slices_of(numbers[:, None], (self.exponent,))]
        return (
            (np.bincount(group, minlength=groups),),
            tuple(_added_up(group, part, groups) for part in slices),
            _squares(group, slices, groups),
        )


def added(left: Parts, right: Parts) -> Parts:
    """The sums of two batches together."""
    return tuple(
        tuple(a + b for a, b in zip_longest(x, y, fillvalue=np.array(0))) for x, y in zip(left, right, strict=True)
    )


def _places(values: pa.Array, among: Sequence[Scalar], dtype: DType) -> Array:
    """The index of each value among some, or their number for a null."""
    values = pc.add(values, 0.0) if KINDS[dtype].is_float else values.cast(ARROW[dtype])  # -0.0 + 0.0 is 0.0
    places = pc.index_in(values, value_set=pa.array(among, ARROW[dtype]))
    return np.asarray(places.fill_null(len(among)).to_numpy(zero_copy_only=False), np.int64)


def _dtype(classes: Sequence[Scalar]) -> DType:
    return next(dtype for dtype in ("string", "bool", "int64") if type(classes[0]) is KINDS[dtype].python)


def _added_up(group: Array, numbers: Array, groups: int) -> Array:
    """The sums of whole numbers of at most WIDTH + 1 bits: those of a batch are exact in float64."""
    return np.bincount(group, weights=numbers, minlength=groups).astype(np.int64)


def _squares(group: Array, slices: Sequence[Array], groups: int) -> tuple[Array, ...]:
    parts = [np.zeros(groups, np.int64) for _ in range(2 * len(slices))]
    for p, q in product(range(len(slices)), repeat=2):
        if p <= q and slices[p].any() and slices[q].any():
            products = (slices[p] * slices[q] * (1 if p == q else 2)).astype(np.int64)
            high = products >> WIDTH
            parts[p + q] += _added_up(group, high, groups)
            parts[p + q + 1] += _added_up(group, products - (high << WIDTH), groups)
    return tuple(parts)


def by_target(table: Table, columns: Sequence[Column], summaries: Sequence[Summary], request: ByTarget) -> Grouped:
    """The answer for a column, of that, the folds and the target, which has a value in every row.

    Raises SKC211 (an infinite target), SKC216 (rows without a fold, other folds than those of the request, a fold
    without rows, a target that is of another kind).
    """
    column, fold, target = columns
    counts = count_values(table, {"key": Grouping(column), "fold": Grouping(fold)})
    _check_folds(fold, summaries[1], dict(counts["fold"]), request.folds)
    classes = _classes(table, target, summaries[2], request)
    keys = tuple(value for value, _ in counts["key"])
    bound = 0.0 if classes else max(abs(float(summaries[2].low)), abs(float(summaries[2].high)))
    (exponent,) = exponents([bound])
    function = GroupSums(keys, column.dtype, request.folds, classes, exponent)
    parts = table.fold(function, added, columns)
    assert parts is not None  # every fold has rows
    values = [*keys, None]
    places = [(value, f) for value in values for f in range(request.folds)]
    if classes:
        return Grouped(classes, _of_classes(parts, places, len(classes)), 0)
    length = len(parts[1])
    rows, totals, squares = (
        _whole(part, n, len(places)) for part, n in zip(parts, (1, length, 2 * length), strict=True)
    )
    moments = {place: (Moments(n, *sums),) for place, n, *sums in zip(places, rows, totals, squares, strict=True) if n}
    return Grouped((), moments, WIDTH * length - exponent)


def _of_classes(
    parts: Parts, places: Sequence[tuple[Scalar, int]], classes: int
) -> Mapping[tuple[Scalar, int], tuple[Moments, ...]]:
    """A class has 1 in its rows and 0 in all others."""
    of_class = parts[0][0].reshape(classes, len(places))
    rows = of_class.sum(axis=0).tolist()
    return {
        place: tuple(Moments(n, one, one) for one in ones)
        for place, n, ones in zip(places, rows, of_class.T.tolist(), strict=True)
        if n
    }


def _whole(parts: Sequence[Array], length: int, groups: int) -> list[int]:
    """For each group one number, of `length` parts of WIDTH bits."""
    whole: Any = np.zeros(groups, object)
    for part in parts[:length]:
        whole = whole * (1 << WIDTH) + part.astype(object)
    return [int(number) for number in whole]


def _check_folds(fold: Column, summary: Summary, counts: Mapping[Scalar, int], folds: int) -> None:
    if summary.nulls:
        raise _useless(
            f"{fold.label} is null in {summary.nulls} of {summary.rows} training rows",
            fold,
            "give every training row a fold: null stands for a request, which is encoded by all rows",
        )
    strange = sorted(value for value in counts if not 0 <= int(value) < folds)  # type: ignore[arg-type,type-var]  # integers
    if strange:
        listed = ", ".join(map(str, strange[:LISTED])) + (" …" if len(strange) > LISTED else "")
        hint = f"number the folds from 0 to {folds - 1}, or write another number of `folds`"
        raise _useless(f"{fold.label} contains {listed}, and there are {folds} folds", fold, hint)
    empty = [f for f in range(folds) if f not in counts]
    if empty:
        listed = ", ".join(map(str, empty[:LISTED])) + (" …" if len(empty) > LISTED else "")
        hint = "write the number of folds that the data has as `folds`, or divide its rows again"
        raise _useless(f"{fold.label} has no row in fold {listed} of 0 to {folds - 1}", fold, hint)


def _classes(table: Table, target: Column, summary: Summary, request: ByTarget) -> tuple[Scalar, ...]:
    """The classes of the target, ascending; none if it is a number."""
    as_classes = target.dtype in CLASSES if request.as_classes is None else request.as_classes
    if not as_classes:
        if target.dtype == "string":
            raise _useless(f"{target.label} is text, and not a number", target, "declare the target float64 or int64")
        if summary.infinite:
            hint = "exclude such rows with `where`"
            raise fail("SKC211", f"{target.label} contains an infinite value", span=target.span, hint=hint)
        return ()
    if target.kind.is_float:
        hint = "declare the target int64, string or bool"
        raise _useless(f"{target.label} is float64, which has no classes", target, hint)
    if target.dtype == "bool":
        return False, True
    counts = count_values(table, {"target": Grouping(target)})["target"]
    return tuple(sorted(value for value, _ in counts))  # type: ignore[type-var]  # of one type


def _useless(message: str, column: Column, hint: str) -> SkcError:
    return fail("SKC216", message, span=column.span, hint=hint)
