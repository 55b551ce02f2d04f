"""How old the values of training rows were when their label was known, and which of them are from after it.

A value whose time is later than that of the label is a leak: no request will have it. A date is any time of its day, so
that only what is certainly later counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.default import open_engine as open_default
from skc.data.engine import MEMORY_LIMIT, AnyRow, Column, Data, OpenEngine, RunsNoPython
from skc.data.instants import HINT, ages_of, are_times, check_timed, microseconds
from skc.data.sources import resolve
from skc.data.stored import input_of, stored_columns
from skc.diagnostics import SkcError, Span, fail
from skc.ir import DataSource, Input
from skc_runtime.kinds import DAY_US, Array

NO_AGES = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Leak:
    """A value from after its label: where its row is, both times in microseconds since 1970."""

    place: str
    value_us: int
    event_us: int


@dataclass(frozen=True)
class TrainingAges:
    """One input: the ages of all rows that have both times, sorted, in microseconds (int64 [N]); those below 0 are
    `leaks`, of which `first` is the first in the order of the rows.
    """

    column: str
    rows: int
    ages: Array
    leaks: int
    first: Leak | None


def training_ages(
    data: Any,
    declared: DataSource,
    event: str,
    times: Mapping[str, str],
    inputs: Sequence[Input] = (),
    threads: int | None = None,
    spans: Mapping[str, Span | None] | None = None,
    open_engine: OpenEngine = open_default,
    *,
    with_ages: bool = True,
) -> dict[str, TrainingAges]:
    """By input, the ages of its values. `times` names the column with the times of each, `event` that of the labels;
    a column that is one of `inputs` is read as that. `spans` say where the names are written.

    All is counted where the rows lie, and one small state of each batch is added up. Memory grows by 8 bytes a row and
    input; without ages it does not grow. Raises SKC200 to SKC209, SKC623, and SKC699 of a database.
    """
    names = list(dict.fromkeys([event, *times.values()]))
    source, where = resolve(data, declared)
    stored = stored_columns(source, threads, open_engine)
    known = {i.name: i for i in inputs if i.kind.is_instant and i.zone is None}
    read = [_nullable(known[name]) if name in known else _stored(name, stored, spans or {}) for name in names]
    columns = {i.name: Column(i.name, i.dtype, f"column `{i.name}`", i.span, i.null_values) for i in read}
    for column in columns.values():
        check_timed(column)
    with open_engine(threads, MEMORY_LIMIT) as engine:
        opened = engine.load(source, tuple(read), where)
        if isinstance(opened, RunsNoPython):
            raise opened.refused_ages(event, (spans or {}).get(event))
        pairs = {name: _Pair(columns[event], columns[other]) for name, other in times.items()}
        seen = _seen(opened, tuple(pairs.values()), with_ages)
        rows = opened.count()
        firsts = [_first(opened, pair) if one.leaks else None for pair, one in zip(pairs.values(), seen, strict=True)]
    return {
        name: TrainingAges(pair.value.name, rows, np.sort(np.concatenate([NO_AGES, *one.ages])), one.leaks, first)
        for (name, pair), one, first in zip(pairs.items(), seen, firsts, strict=True)
    }


def _stored(name: str, stored: Sequence[Any], spans: Mapping[str, Span | None]) -> Input:
    try:
        return input_of(name, stored)
    except SkcError as error:
        (one,) = error.diagnostics
        raise fail(one.code, one.message, span=spans.get(name), hint=one.hint or HINT) from None


def _nullable(value: Input) -> Input:
    return Input(value.name, value.dtype, nullable=True, null_values=value.null_values, span=value.span)


@dataclass(frozen=True)
class _Pair:
    """The time of the label and that of a value, in a batch whose columns have their names."""

    event: Column
    value: Column

    @property
    def columns(self) -> tuple[Column, ...]:
        """As they are stored, each once."""
        named = {column.name: replace(column, null_values=()) for column in (self.event, self.value)}
        return tuple(named.values())

    def times(self, batch: pa.RecordBatch) -> tuple[Array, Array, Array]:
        """Of the rows that have both: which they are, the time of the value, and that of the label."""
        event, has_event = microseconds(batch[self.event.name], self.event)
        value, has_value = microseconds(batch[self.value.name], self.value)
        there = np.flatnonzero(has_event & has_value)
        return there, value[there], event[there]

    def ages(self, values: Array, events: Array) -> Array:
        """Below 0 where the value is from after its label."""
        is_day = self.event.kind.tick_us == DAY_US != self.value.kind.tick_us
        return ages_of(values, events + (DAY_US - 1) * is_day)


@dataclass(frozen=True)
class _Seen:
    """What some rows have of one input. Without `holds_times` they have a text that is not a time, and nothing else is
    known of them.
    """

    holds_times: bool
    leaks: int = 0
    ages: tuple[Array, ...] = ()

    def __add__(self, other: _Seen) -> _Seen:
        holds_times = self.holds_times and other.holds_times
        return _Seen(holds_times, self.leaks + other.leaks, self.ages + other.ages)


@dataclass(frozen=True)
class _See:
    """For `Table.fold`: what a batch has of each pair. It can be pickled."""

    pairs: tuple[_Pair, ...]
    with_ages: bool

    def __call__(self, batch: pa.RecordBatch) -> tuple[_Seen, ...]:
        batch = batch.rename_columns([column.name for column in _read(self.pairs)])
        return tuple(self._see(pair, batch) for pair in self.pairs)

    def _see(self, pair: _Pair, batch: pa.RecordBatch) -> _Seen:
        if not all(are_times(batch[c.name], c).all() for c in pair.columns):
            return _Seen(holds_times=False)
        _, values, events = pair.times(batch)
        ages = pair.ages(values, events)
        return _Seen(True, int(np.count_nonzero(ages < 0)), (ages,) if self.with_ages else ())


def _both(left: tuple[_Seen, ...], right: tuple[_Seen, ...]) -> tuple[_Seen, ...]:
    return tuple(a + b for a, b in zip(left, right, strict=True))


@dataclass(frozen=True)
class _FirstLeak:
    """For `Table.chosen`: the first row of a batch that leaks."""

    pair: _Pair

    def __call__(self, batch: pa.RecordBatch) -> Array:
        there, values, events = self.pair.times(batch.rename_columns([c.name for c in self.pair.columns]))
        return there[self.pair.ages(values, events) < 0][:1]


@dataclass(frozen=True)
class _FirstOther:
    """For `Table.chosen`: the first row of a batch whose text is not a time."""

    column: Column

    def __call__(self, batch: pa.RecordBatch) -> Array:
        return np.flatnonzero(~are_times(batch.column(0), self.column))[:1]


def _read(pairs: Sequence[_Pair]) -> tuple[Column, ...]:
    """The columns of all pairs, as they are stored."""
    return tuple({column.name: column for pair in pairs for column in pair.columns}.values())


def _seen(opened: Data, pairs: tuple[_Pair, ...], with_ages: bool) -> tuple[_Seen, ...]:
    """What all rows have of each pair. Raises SKC623 for the first text of the first column that is not a time."""
    seen = opened.fold(_See(pairs, with_ages), _both, _read(pairs))
    if seen is None:
        return tuple(_Seen(holds_times=True) for _ in pairs)
    for pair, one in zip(pairs, seen, strict=True):
        for column in () if one.holds_times else pair.columns:
            at = _first_of(opened, _FirstOther(column), (column,))
            if at is not None:
                microseconds(opened.rows_at(np.array([at]), (column,)).column(0), column)
    return seen


def _first(opened: Data, pair: _Pair) -> Leak | None:
    """The first row that leaks, which is looked for only if there is one."""
    at = _first_of(opened, _FirstLeak(pair), pair.columns)
    if at is None:
        return None
    row = opened.rows_at(np.array([at]), pair.columns).rename_columns([c.name for c in pair.columns])
    _, (value,), (event,) = pair.times(row)
    return Leak(opened.find(AnyRow(), skip=at).place, int(value), int(event))


def _first_of(opened: Data, function: Callable[[pa.RecordBatch], Array], columns: tuple[Column, ...]) -> int | None:
    """The first row that a function chooses; of each batch it chooses one at most."""
    chosen = opened.chosen(function, columns)
    return int(chosen.min()) if len(chosen) else None
