"""The closed set of statistics that an op may request. Each is defined here, and only here; nulls never count.

A request is a value, and the key of its answer for a column: `stats[Mean()]`. All answers are exact functions of the
multiset of values (for a joint statistic, the multiset of rows): order of rows, number of threads and partitioning
cannot change a bit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from skc.values.types import Scalar


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
    """The greatest value, with the same rules."""


@dataclass(frozen=True)
class Mean:
    """float: the exact sum divided by the count, rounded once to float64; None when there is no value.

    So it is between Min and Max, is the value itself if all values are equal, and never overflows.
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
    where t < 0.5, else x_(i+1) - (1 - t) d, all in float64. This is Hyndman & Fan's type 7, in the same operations as
    `numpy.quantile`, so that an edge has the same bits as in scikit-learn: a value equal to an edge must fall into the
    same bin.
    """

    q: tuple[float, ...]


@dataclass(frozen=True)
class ValueCounts:
    """tuple of (value, count), by descending count, ties by value (strings by UTF-8 bytes, False before True).

    Only values with count >= `min_count`, and of these the first `limit`; with a limit of 1, the most frequent value.
    For a float64 column -0.0 counts as 0.0.
    """

    min_count: int = 1
    limit: int | None = None


@dataclass(frozen=True)
class Levels:
    """tuple of values, ascending: all that the column can ever hold, given how it is computed: the bins of a
    `bucketize`, the hours of a day, false and true. None if they are not known, or too many. Derived from the preceding
    steps, not from data.
    """


@dataclass(frozen=True)
class Covariance:
    """Joint: how a column varies with each column of a block; None if no row counts.

    The block is all input columns of the step, or those at the given indices; every column of it gets an answer, the
    others get none. A row counts only if all columns of the block have a value: the same rows are then used for every
    pair, so the matrix has no negative eigenvalues (except by rounding), which pairwise covariances may have. To treat
    nulls differently, fill them in an earlier step.
    """

    columns: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Joint:
    """The answer to `Covariance` for one column.

    count        the rows that count, the same for the whole block
    mean         float64: the exact sum of the values in these rows divided by `count`, rounded once
    covariances  for each column of the block, in order: the exact sum of d·e, where d = float64(x) − mean, and e
                 likewise for the other column, are float64 and their product is not rounded, divided by `count`
                 (ddof 0) and rounded once. So the matrix is symmetric to the last bit
    """

    count: int
    mean: float
    covariances: tuple[float, ...]


@dataclass(frozen=True)
class ByTarget:
    """Joint: how the target goes with each value of a column, in each fold. The input column `fold` of the step, which
    gets no answer itself, says which fold a row is in: an integer from 0 to `folds` − 1.

    `as_classes`: the values of the target are classes and not numbers; None decides by its type, where texts and bools
    are classes.
    """

    fold: int
    folds: int
    as_classes: bool | None = None


class Moments(NamedTuple):
    """Of a number in some rows: how many rows, the sum, and the sum of squares; both exact, as whole numbers."""

    rows: int
    total: int
    squares: int


@dataclass(frozen=True)
class Grouped:
    """The answer to `ByTarget` for one column.

    classes  the classes of the target, ascending; a bool always has both. Empty if it is a number
    moments  by value of the column (None is null) and fold, for all that occur together: those of the target, or for
             each class those of 1 in a row of that class, and of 0 in any other
    scale    a `total` times 2^-scale is the sum of float64 numbers, and `squares` times 2^(-2·scale) that of squares
    """

    classes: tuple[Scalar, ...]
    moments: Mapping[tuple[Scalar, int], tuple[Moments, ...]]
    scale: int


Stat = Count | NullCount | Min | Max | Mean | Variance | Quantiles | ValueCounts | Covariance | ByTarget | Levels
ColumnStats = Mapping[Stat, Any]
