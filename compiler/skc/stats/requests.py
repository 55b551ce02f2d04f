"""The closed set of statistics that an op may ask for. Each has one meaning, here; nulls never count.

A request is a value; the answer for a column is found under it: `stats[Mean()]`. All answers are exact functions of the
multiset of values (of `Covariance`, the multiset of rows): no order of rows, number of threads or partitioning can
change a bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Count:
    """int: the number of values."""


@dataclass(frozen=True)
class NullCount:
    """int: the number of nulls."""


@dataclass(frozen=True)
class Min:
    """The least value, of a float64, int64, timestamp or date column; None when there is none. -0.0 counts as 0.0."""


@dataclass(frozen=True)
class Max:
    """The greatest value, likewise."""


@dataclass(frozen=True)
class Mean:
    """float: the exact sum divided by the count, rounded once to float64; None when there is no value.

    So it lies between Min and Max, is the value itself where all values are equal, and never overflows.
    """


@dataclass(frozen=True)
class Variance:
    """float: the exact sum of (x - mean)^2, each term a float64, divided by the count (ddof 0), rounded once; None when
    there is no value.
    """


@dataclass(frozen=True)
class Quantiles:
    """tuple of float, one per q in `q`; None when there is no value.

    With h = (n - 1) q, i = floor(h), t = h - i and d = x_(i+1) - x_i over the sorted values: x_i + t d
    where t < 0.5, else x_(i+1) - (1 - t) d, all in float64. Hyndman & Fan's type 7, and in these very operations
    `numpy.quantile`, so that an edge has the bits scikit-learn's has: a value equal to an edge must fall into the
    same bin.
    """

    q: tuple[float, ...]


@dataclass(frozen=True)
class ValueCounts:
    """tuple of (value, count), by descending count, ties by value (strings by UTF-8 bytes, False before True).

    Only values with count >= `min_count`, and of these the first `limit`. Also an op's way to the most frequent value.
    For a float64 column -0.0 counts as 0.0.
    """

    min_count: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class Levels:
    """tuple of values, ascending: all that the column can ever hold, by what makes it: the bins of a `bucketize`, the
    hours of a day, false and true. None where that is not known, or too many. Told by the steps before, not by data.
    """


@dataclass(frozen=True)
class Covariance:
    """Joint: how a column varies with each column of a block; None where no row counts.

    The block is all columns that go into the step, or those at the given places among them; every column of it gets an
    answer, the others none. Only rows count in which all columns of the block have a value: what is left out of one is
    then left out of all, and the matrix has no negative eigenvalues (but for rounding), which covariances over the rows
    of each pair may have. An op that takes nulls otherwise fills them before.
    """

    columns: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Joint:
    """The answer to `Covariance` for one column.

    count        the rows that count, the same for the whole block
    mean         float64: the exact sum of the values in these rows divided by `count`, rounded once
    covariances  for each column of the block, in order: the exact sum of d·e, where d = float64(x) − mean and e alike
                 of the other column are float64 and their product is not rounded, divided by `count` (ddof 0) and
                 rounded once. So the matrix is symmetric to the last bit
    """

    count: int
    mean: float
    covariances: tuple[float, ...]


Stat = Count | NullCount | Min | Max | Mean | Variance | Quantiles | ValueCounts | Covariance | Levels
ColumnStats = Mapping[Stat, Any]
