"""Values at given places of sorted columns, without sorting or collecting one: a few passes count leading bits.

A value of an ordered type is a number of 64 bits in the order of the values. A pass counts how often every pattern of
leading bits occurs among the values that may be at a wanted place, up to 16 bits further each time; so four passes find
any value, and fewer where few values remain: then they are counted in full. Between passes nothing is kept but the
counts. Of many columns or places, a pass finds fewer bits, so that its patterns are bounded: more columns are more
passes by the logarithm of their number alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from skc.data.engine import Column, Places
from skc.values.types import Scalar
from skc_runtime.kinds import Array

DIGIT = 16  # bits of a pass, at most
FEW = 1 << 20  # values that are counted in full
PATTERNS = 1 << 22  # counted in one pass
SIGN = np.uint64(1 << 63)
Counted = tuple[tuple[Array, Array], ...]  # of each column the patterns, ascending, uint64 [N], and how many values


@dataclass(frozen=True)
class PatternCounts:
    """For `Table.fold`: how often the leading bits of the values of each column occur: those above `shift`, of values
    whose bits above `known` are among `heads`.
    """

    heads: tuple[Array, ...]
    known: int
    shift: int

    def __call__(self, batch: pa.RecordBatch) -> Counted:
        return tuple(self._counted(order_bits(of), heads) for of, heads in zip(batch.columns, self.heads, strict=True))

    def _counted(self, bits: Array, heads: Array) -> tuple[Array, Array]:
        kept = bits if self.known == 64 else bits[np.isin(bits >> np.uint64(self.known), heads)]
        patterns, counts = np.unique(kept >> np.uint64(self.shift), return_counts=True)
        return patterns, counts.astype(np.int64)


def added(left: Counted, right: Counted) -> Counted:
    """The counts of two batches together."""
    return tuple(_added(*pair) for pair in zip(left, right, strict=True))


def _added(left: tuple[Array, Array], right: tuple[Array, Array]) -> tuple[Array, Array]:
    patterns, counts = (np.concatenate(pair) for pair in zip(left, right, strict=True))
    order = np.argsort(patterns, kind="stable")  # two runs that are sorted: a merge
    patterns, starts = np.unique(patterns[order], return_index=True)
    return patterns, np.add.reduceat(counts[order], starts) if len(starts) else counts


def order_bits(values: pa.Array) -> Array:
    """The values, without nulls, as uint64 in the same order; -0.0 is 0.0."""
    present = values.drop_null().to_numpy(zero_copy_only=False)
    if present.dtype.kind != "f":
        whole: Array = present.astype(np.int64).view(np.uint64) ^ SIGN
        return whole
    bits = (present + 0.0).view(np.int64)
    ordered: Array = (bits ^ ((bits >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))).view(np.uint64) ^ SIGN
    return ordered


def value_of(bits: int, column: Column) -> Scalar:
    """The value that has these bits; a bool is 0 or 1."""
    signed = np.array([np.uint64(bits) ^ SIGN]).view(np.int64)
    if column.kind.is_float:
        signed = signed ^ ((signed >> 63) & np.int64(0x7FFF_FFFF_FFFF_FFFF))
        return float(signed.view(np.float64)[0])
    return int(signed[0])


Fold = Callable[[PatternCounts, Sequence[Column]], Counted | None]


def places_of(requests: Mapping[str, Places], fold: Fold) -> dict[str, dict[int, Scalar]]:
    """The value at every place of every request; `fold` adds up counts over all rows of some columns."""
    chosen = {key: request for key, request in requests.items() if request.at}
    searches = {key: _Search(np.zeros(len(p.at), np.uint64), np.array(p.at)) for key, p in chosen.items()}
    known, left = 64, sum(request.count for request in chosen.values())
    while known and chosen:
        heads = tuple(np.unique(search.patterns) for search in searches.values())
        shift = 0 if left <= FEW else max(0, known - bits_of_pass(sum(map(len, heads))))
        counted = fold(PatternCounts(heads, known, shift), [p.column for p in chosen.values()])
        assert counted is not None  # a place is one of a value
        pairs = zip(searches.values(), counted, strict=True)
        left = sum(search.narrow(*of, known - shift) for search, of in pairs)
        known = shift
    results: dict[str, dict[int, Scalar]] = {key: {} for key in requests}
    for key, search in searches.items():
        values = [value_of(bits, chosen[key].column) for bits in search.patterns.tolist()]
        results[key] = dict(zip(chosen[key].at, values, strict=True))
    return results


def bits_of_pass(heads: int) -> int:
    """How many more bits a pass may find of the values with so many different leading bits."""
    return max(1, min(DIGIT, (PATTERNS // heads).bit_length() - 1))


@dataclass
class _Search:
    """The wanted places of a column: the leading bits that are known of each value, and its place among the values
    with these.
    """

    patterns: Array
    places: Array

    def narrow(self, patterns: Array, counts: Array, bits: int) -> int:
        """Learn so many more bits; how many values have the leading bits that are known now."""
        above = patterns >> np.uint64(bits) if bits < 64 else np.zeros_like(patterns)
        ends = np.cumsum(counts)
        starts = ends - counts
        first = np.searchsorted(above, self.patterns)
        at = np.searchsorted(ends, starts[first] + self.places, side="right")
        self.places = self.places - (starts[at] - starts[first])
        self.patterns = patterns[at]
        return int(counts[np.unique(at)].sum())
