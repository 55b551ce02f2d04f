"""A warning for every input whose training rows hold values from after their label."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from skc.data.default import open_engine as open_default
from skc.data.engine import OpenEngine
from skc.data.sources import resolve
from skc.data.stored import stored_columns
from skc.diagnostics import Diagnostic, Span
from skc.ir import DataSource, Pipeline
from skc.skew.freshness.training import Leak, TrainingAges, training_ages
from skc.time.durations import duration_text, instant_text
from skc.verification.shown import count

HINT = "join each value as it was at the time of the label: no request will have one from later"


def leak_warnings(
    pipeline: Pipeline,
    data: Any,
    threads: int | None = None,
    open_engine: OpenEngine = open_default,
    *,
    is_training: bool = True,
) -> tuple[Diagnostic, ...]:
    """SKC662 for each input that leaks. Nothing is read where the pipeline does not say which columns are times.

    Rows that are not those of training need not have these columns, and a `where` does not apply to them. Raises SKC200
    to SKC209, SKC623.
    """
    freshness, declared = pipeline.freshness, pipeline.data or DataSource()
    look_ups = {name: look_up for name, look_up in freshness.inputs if look_up.as_of is not None}
    if freshness.event_time is None or not look_ups:
        return ()
    times = {name: look_up.as_of for name, look_up in look_ups.items() if look_up.as_of is not None}
    if not is_training:
        declared = replace(declared, where=None)
        there = {column.name for column in stored_columns(resolve(data, declared)[0], threads, open_engine)}
        times = {name: column for name, column in times.items() if {column, freshness.event_time} <= there}
    if not times:
        return ()
    spans = {look_up.as_of: look_up.span for look_up in look_ups.values() if look_up.as_of is not None}
    ages = training_ages(
        data,
        declared,
        freshness.event_time,
        times,
        pipeline.inputs,
        threads,
        {freshness.event_time: declared.span, **spans},
        open_engine,
        with_ages=False,
    )
    return tuple(
        _warning(name, one, freshness.event_time, look_ups[name].span) for name, one in ages.items() if one.leaks
    )


def _warning(name: str, training: TrainingAges, event: str, span: Span | None) -> Diagnostic:
    """How many rows leak, and the first of them."""
    message = f"`{name}` has a value from after `{event}` in {training.leaks:,} of {count(training.rows, 'row')}"
    notes = () if training.first is None else (_first(training.first, training.column),)
    return Diagnostic("SKC662", message, span, HINT, notes, "warning")


def _first(leak: Leak, column: str) -> str:
    lead = duration_text(leak.value_us - leak.event_us)
    times = instant_text(leak.value_us), instant_text(leak.event_us)
    return f"first in {leak.place}: `{column}` is {times[0]}, {lead} after {times[1]}"
