"""How old the values of training rows were when their label was known, and which of them are from after it.

A value whose time is later than that of the label is a leak: no request will have it. A date is any time of its day, so
that only what is certainly later counts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.default import open_engine as open_default
from skc.data.engine import MEMORY_LIMIT, AnyRow, Column, OpenEngine
from skc.data.instants import HINT, ages_of, check_timed, microseconds
from skc.data.sources import resolve
from skc.data.stored import input_of, stored_columns
from skc.diagnostics import SkcError, Span, fail
from skc.ir import DataSource, Input
from skc_runtime.kinds import DAY_US, Array

ROWS = 65_536  # at once


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

    Memory grows by 8 bytes a row and input; without ages it does not grow. Raises SKC200 to SKC209, SKC623.
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
        seen = {name: _Seen(columns[event], columns[other], with_ages) for name, other in times.items()}
        start = 0
        with closing(opened.batches(names, ROWS)) as batches:
            for batch in batches:
                by_name = dict(zip(names, batch.columns, strict=True))
                for name, other in times.items():
                    seen[name].see(by_name[event], by_name[other], start)
                start += len(batch)
        places = {name: opened.find(AnyRow(), skip=one.first[0]).place for name, one in seen.items() if one.first}
    return {name: one.result(times[name], start, places.get(name, "")) for name, one in seen.items()}


def _stored(name: str, stored: Sequence[Any], spans: Mapping[str, Span | None]) -> Input:
    try:
        return input_of(name, stored)
    except SkcError as error:
        (one,) = error.diagnostics
        raise fail(one.code, one.message, span=spans.get(name), hint=one.hint or HINT) from None


def _nullable(value: Input) -> Input:
    return Input(value.name, value.dtype, nullable=True, null_values=value.null_values, span=value.span)


class _Seen:
    """What was seen of one input so far."""

    def __init__(self, event: Column, value: Column, with_ages: bool) -> None:
        self.event, self.value, self.with_ages = event, value, with_ages
        self.ages: list[Array] = []
        self.leaks = 0
        self.first: tuple[int, int, int] | None = None  # the row, the time of the value, the time of the label

    def see(self, events: pa.Array, values: pa.Array, start: int) -> None:
        """A batch whose first row is row `start` of all."""
        is_day = self.event.kind.tick_us == DAY_US != self.value.kind.tick_us
        event, has_event = microseconds(events, self.event)
        value, has_value = microseconds(values, self.value)
        ages = ages_of(value, event + (DAY_US - 1) * is_day)
        there = np.flatnonzero(has_event & has_value)
        late = there[ages[there] < 0]
        if self.with_ages:
            self.ages.append(ages[there])
        self.leaks += len(late)
        if len(late) and self.first is None:
            self.first = start + int(late[0]), int(value[late[0]]), int(event[late[0]])

    def result(self, column: str, rows: int, place: str) -> TrainingAges:
        ages = np.sort(np.concatenate(self.ages)) if self.ages else np.zeros(0, np.int64)
        first = None if self.first is None else Leak(place, *self.first[1:])
        return TrainingAges(column, rows, ages, self.leaks, first)
