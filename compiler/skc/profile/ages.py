"""How old the times of training rows were: the age of a value is the moment of its row minus the value.

Why: an instant moves with the calendar, so two weeks cannot be compared by it; how long ago it was can. A time that is
written in another time zone, or is that of the last synchronisation, shows in nothing else.

The moment of a row is that of its label, which `event_time` of the data names, or else an input `now`: there is no
clock. Ages are whole microseconds; whole days where the values, or all moments of training, are dates.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import and_

import numpy as np
import pyarrow as pa

from skc.data.arrays import collected
from skc.data.engine import Column, RunsNoPython, Stored, Table
from skc.data.held import HeldTable
from skc.data.instants import ages_of, microseconds
from skc.data.stored import time_of
from skc.ir import Input, ProfileOptions
from skc.profile.document import AgeProfile, AgesProfile
from skc.profile.measure import measure_columns
from skc_runtime.kinds import DAY_US, Array

NOW = "now"
ROWS = 65_536  # at once
SAMPLE = 32_768  # rows of an engine that runs no functions


def moment_of(inputs: Sequence[Input], event_time: str | None) -> str | None:
    """The column that has the moment of each training row; None if nothing says so. `event_time` is that of a label."""
    if event_time is not None:
        return event_time
    return NOW if any(i.name == NOW and has_age(i) for i in inputs) else None


def find_moment(
    inputs: Sequence[Input], event_time: str | None, stored: Callable[[], Sequence[Stored]]
) -> Input | None:
    """The column of `moment_of`, as an input; None where nothing has an age. `stored` says which columns there are, and
    is not called for an input. Raises SKC623 if there is no such column, or it holds no times.
    """
    name = moment_of(inputs, event_time)
    if name is None or not any(has_age(i) and i.name != name for i in inputs):
        return None
    declared = next((i for i in inputs if i.name == name), None)
    return time_of(name, stored(), None) if declared is None else declared


def column_of(value: Input) -> Column:
    """An input as it is stored."""
    return Column(value.name, value.dtype, f"column `{value.name}`", value.span)


def has_age(value: Input) -> bool:
    """Whether it is an instant or a date: a local time is not an instant before a step reads it."""
    return value.kind.is_time and value.zone is None


@dataclass(frozen=True)
class Ages:
    """The ages of some columns of a batch, which has these and then their moment. It can be pickled."""

    values: tuple[Column, ...]
    moment: Column
    in_days: tuple[bool, ...]

    @property
    def reads(self) -> tuple[Column, ...]:
        """The columns of a batch."""
        return (*self.values, self.moment)

    @property
    def schema(self) -> pa.Schema:
        """One column for each of the values, in order."""
        return pa.schema([(f"c{k}", pa.int64()) for k in range(len(self.values))])

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Microseconds; null where the value or the moment is."""
        moments, known = microseconds(batch.column(len(self.values)), self.moment)
        arrays = []
        for k, (column, in_days) in enumerate(zip(self.values, self.in_days, strict=True)):
            times, there = microseconds(batch.column(k), column)
            ages = _in_days(times, moments) if in_days else ages_of(times, moments)
            arrays.append(pa.array(ages, mask=~(there & known)))
        return pa.RecordBatch.from_arrays(arrays, schema=self.schema)


def _in_days(times: Array, moments: Array) -> Array:
    return ages_of(times // DAY_US * DAY_US, moments // DAY_US * DAY_US)


@dataclass(frozen=True)
class _AreDays:
    """Whether all moments of a batch are midnight in UTC, as dates are."""

    moment: Column

    def __call__(self, batch: pa.RecordBatch) -> bool:
        moments, known = microseconds(batch.column(0), self.moment)
        return not np.any(moments[known] % DAY_US)


def measure_ages(
    table: Table, columns: Mapping[str, Column], moment: Column, options: ProfileOptions
) -> AgesProfile | None:
    """The ages of columns of times, by the names of the inputs, of which some row has a moment and a value; None if
    they, or the moments, are left out.

    Raises SKC623 for a moment that cannot be read.
    """
    chosen = {name: column for name, column in columns.items() if name != moment.name and name not in options.omit}
    if not chosen or moment.name in options.omit:
        return None
    read = (*chosen.values(), moment)
    if isinstance(table, RunsNoPython):
        table = _drawn(table, read)
    are_days = bool(table.fold(_AreDays(moment), and_, [moment]))
    in_days = tuple(are_days or not column.kind.is_instant for column in chosen.values())
    ages = Ages(tuple(chosen.values()), moment, in_days)
    aged = table.map_batches(ages, ages.reads, ages.schema, ROWS, lambda _: None)
    named = {name: Column(f"c{k}", "int64", f"the ages of `{name}`") for k, name in enumerate(chosen)}
    # Ages are compared as numbers, however few there are.
    measured = [replace(column, categories=None) for column in measure_columns(aged, named, options)]
    known = [AgeProfile(c, days) for c, days in zip(measured, in_days, strict=True) if c.numbers is not None]
    return AgesProfile(moment.name, table.count(), tuple(known))


def _drawn(table: RunsNoPython, columns: Sequence[Column]) -> Table:
    """Some of its rows, in memory."""
    batch = table.drawn(columns, SAMPLE)
    return HeldTable(None, batch.num_rows, collected([batch], columns, batch.num_rows, 1), 1)
