"""The ages of times in the rows of serving: the moment of each row minus the value, counted in the bins of the profile.

The moment is the one that training froze where the rows have it, else the time of the request (`time_us`), which every
log has. Ages that cannot be compared are named, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from skc.data.engine import Column, Table
from skc.ir import DriftScales, Input
from skc.profile.ages import Ages, has_age
from skc.profile.document import AgeProfile, AgesProfile
from skc.skew.counting import Bins, Count, Counted, tallies_by_part
from skc.skew.effects import Tally
from skc.skew.parts import Divide, Part
from skc.skew.reference import Reference
from skc.skew.report import NotCompared
from skc.skew.serving import TIME, Served
from skc_runtime.kinds import DAY_US, Array

MANTISSA, BITS = 52, 8  # of a float64; of a median


@dataclass(frozen=True)
class CountedAge:
    """The ages of an input on both sides; `median` is that of serving, in microseconds. `inputs` are what they are
    computed from.
    """

    profile: AgeProfile
    inputs: tuple[str, ...]
    tallies: Mapping[Part, Tally]
    median: float | None


@dataclass(frozen=True)
class ComparedAges:
    """The ages that are compared, and those that are not. `moments` are the columns with the moments in training, and
    in serving.
    """

    columns: tuple[CountedAge, ...] = ()
    others: tuple[NotCompared, ...] = ()
    moments: tuple[str, str] | None = None


def sought_moments(reference: Reference) -> tuple[str, ...]:
    """The columns, which are not inputs, of which the first that serving has says the moment of a row."""
    ages, names = reference.profile.ages, {i.name for i in reference.inputs}
    return () if ages is None or ages.moment in names else tuple(dict.fromkeys([ages.moment, TIME]))


def compared_ages(
    served: Served, reference: Reference, columns: Mapping[str, Column], divide: Divide, scales: DriftScales
) -> ComparedAges:
    """Count the ages of inputs; those of an input that is not watched are not, unless they are named.

    Raises SKC623 for a moment that cannot be read, SKC624.
    """
    ages = reference.profile.ages
    moment = None if ages is None else columns.get(ages.moment, served.moment)
    chosen: list[AgeProfile] = []
    others: list[NotCompared] = []
    for value in _aged(reference, scales):
        why = _training_reason(value, ages) or _serving_reason(value, served, reference, moment)
        if ages is None or why is not None:
            others.append(why or _not_frozen(value))
        else:
            chosen.append(next(one for one in ages.columns if one.column.name == value.name))
    if ages is None or moment is None or not chosen:
        return ComparedAges((), tuple(others))
    counted = _count(served.data, chosen, columns, moment, divide)
    return ComparedAges(tuple(counted), tuple(others), (ages.moment, moment.name))


def _aged(reference: Reference, scales: DriftScales) -> Iterator[Input]:
    """The inputs that may have an age, and are watched."""
    named = dict(scales.columns)
    moment = None if reference.profile.ages is None else reference.profile.ages.moment
    for value in reference.inputs:
        is_ignored = named.get(value.name, ()) is None and f"age of {value.name}" not in named
        if value.kind.is_time and value.name != moment and not is_ignored:
            yield value


def _training_reason(value: Input, ages: AgesProfile | None) -> NotCompared | None:
    if not has_age(value):
        return NotCompared(value.name, "local-time", "it is a local time, and not yet an instant")
    if ages is None:
        return _not_frozen(value)
    if all(one.column.name != value.name for one in ages.columns):
        text = f"no training row has both a value and a moment (`{ages.moment}`)"
        return NotCompared(value.name, "no-values", text)
    return None


def _not_frozen(value: Input) -> NotCompared:
    text = "training has no moment of its rows; declare `event_time` of `data`, or an input `now`, and compile again"
    return NotCompared(value.name, "not-frozen", text)


def _serving_reason(value: Input, served: Served, reference: Reference, moment: Column | None) -> NotCompared | None:
    ages = reference.profile.ages
    assert ages is not None  # else training has a reason
    if value.name in served.hidden:
        return NotCompared(value.name, "hidden", "the log does not show its values")
    if all(i.name != value.name for i in served.present):
        return NotCompared(value.name, "missing", "the rows do not have it")
    if moment is None and ages.moment in served.hidden:
        return NotCompared(value.name, "hidden", f"the log does not show `{ages.moment}`, the moments of the rows")
    if moment is None:
        names = " or ".join(f"`{name}`" for name in sought_moments(reference) or (ages.moment,))
        text = f"the rows have no column of times {names}, which would say of which moment each is"
        return NotCompared(value.name, "no-moment", text)
    one = next(one for one in ages.columns if one.column.name == value.name)
    if not one.in_days and moment.kind.tick_us == DAY_US:
        return NotCompared(value.name, "no-moment", f"`{moment.name}` holds dates, and in training it held times")
    return None


@dataclass(frozen=True)
class _Medians:
    """The ages of each column, rounded to BITS digits (0.2 %), and how often each occurs: few, however many rows."""

    of: tuple[tuple[Array, Array], ...]

    def plus(self, other: _Medians) -> _Medians:
        """Of both."""
        pairs = zip(self.of, other.of, strict=True)
        return _Medians(tuple(_summed(*map(np.concatenate, zip(one, two, strict=True))) for one, two in pairs))

    def values(self) -> list[float | None]:
        """x_⌈n/2⌉ of each column."""
        reached = [(ages, np.cumsum(counts)) for ages, counts in self.of]
        return [float(a[np.searchsorted(n, -(-n[-1] // 2))]) if len(n) else None for a, n in reached]


def _summed(ages: Array, counts: Array) -> tuple[Array, Array]:
    distinct, where = np.unique(ages, return_inverse=True)
    totals = np.zeros(len(distinct), np.int64)
    np.add.at(totals, where, counts)
    return distinct, totals


def _rounded(values: pa.Array) -> tuple[Array, Array]:
    ages = values.drop_null().to_numpy(zero_copy_only=False)
    rest = np.int64(MANTISSA - BITS)
    bits = (np.abs(ages).astype(np.float64).view(np.int64) + (1 << (rest - 1))) >> rest << rest
    distinct, counts = np.unique(np.copysign(bits.view(np.float64), ages), return_counts=True)
    return distinct, counts


@dataclass(frozen=True)
class _Counts:
    """What is counted of ages."""

    counted: Counted
    medians: _Medians

    def plus(self, other: _Counts) -> _Counts:
        """Of both."""
        return _Counts(self.counted.plus(other.counted), self.medians.plus(other.medians))


@dataclass(frozen=True)
class _CountAges:
    """Counts a batch: the columns that `ages` reads, then those that `count.divide` does. It can be pickled."""

    ages: Ages
    count: Count

    def __call__(self, batch: pa.RecordBatch) -> _Counts:
        own = len(self.ages.reads)
        aged = self.ages(batch.select(list(range(own))))
        parts, where = self.count.divide(batch.columns[own:], batch.num_rows)
        return _Counts(self.count.of(aged, parts, where), _Medians(tuple(map(_rounded, aged.columns))))


def _count(
    table: Table, chosen: Sequence[AgeProfile], columns: Mapping[str, Column], moment: Column, divide: Divide
) -> Iterator[CountedAge]:
    values = tuple(columns[one.column.name] for one in chosen)
    ages = Ages(values, moment, tuple(one.in_days for one in chosen))
    bins = tuple(Bins(Column(one.label, "int64", one.label), one.column) for one in chosen)
    counts = table.fold(_CountAges(ages, Count(bins, divide)), _Counts.plus, [*ages.reads, *divide.columns])
    if counts is None:
        return
    tallies = tallies_by_part(bins, counts.counted)
    from_input = [moment.name] if moment.name in columns else []
    for k, (one, median) in enumerate(zip(chosen, counts.medians.values(), strict=True)):
        of_part = {part: row[k] for part, row in tallies.items()}
        yield CountedAge(one, (one.column.name, *from_input), of_part, median)
