"""What an artifact and training rows say of look-ups, before the log is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from skc import artifact as artifacts
from skc.artifact import Artifact
from skc.diagnostics import did_you_mean, fail
from skc.ir import DataSource, Freshness
from skc.skew.freshness.measure import Expected
from skc.skew.freshness.training import training_ages


def expected(
    folder: Path | None, training: Any, event: str | None, feature_time: Sequence[str], threads: int | None
) -> Expected:
    """What is declared in an artifact, and the ages of training rows.

    Raises SKC140, SKC200 to SKC209, SKC401 to SKC404, SKC623, SKC661.
    """
    artifact = None if folder is None else artifacts.read(folder, replay=False)
    if artifact is None:
        known = Expected()
    else:
        inputs = tuple(i.name for i in artifact.pipeline.inputs)
        known = Expected(artifact.manifest.plan, inputs, artifact.freshness)
    if training is None:
        return known
    declared = known.freshness
    times = _times(declared, feature_time, known.inputs)
    event = event or declared.event_time
    if event is None:
        hint = "give --event COLUMN, or declare `data: {event_time: COLUMN}` and compile again"
        raise fail("SKC661", "nothing says which column of the training rows has the time of their label", hint=hint)
    if not times:
        hint = "give --feature-time INPUT=COLUMN, or declare `as_of: COLUMN` of the input and compile again"
        raise fail("SKC661", "nothing says which column of the training rows has the time of a value", hint=hint)
    return replace(known, training=_ages(artifact, training, event, times, threads))


def _ages(artifact: Artifact | None, training: Any, event: str, times: Mapping[str, str], threads: int | None) -> Any:
    reading = DataSource() if artifact is None else DataSource(options=artifact.reading)
    inputs = () if artifact is None else artifact.pipeline.inputs
    ages = training_ages(training, reading, event, times, inputs, threads)
    for name, one in ages.items():
        if not len(one.ages):
            message = f"none of {one.rows:,} training rows has both times of `{name}`: `{event}` and `{one.column}`"
            raise fail("SKC661", message, hint="give training rows that have them, or name other columns")
    return ages


def _times(declared: Freshness, feature_times: Sequence[str], inputs: Sequence[str]) -> dict[str, str]:
    """The column of the times of each input."""
    times = {name: look_up.as_of for name, look_up in declared.inputs if look_up.as_of is not None}
    for text in feature_times:
        name, equals, column = text.partition("=")
        if not equals or not name or not column:
            hint = "write --feature-time INPUT=COLUMN"
            raise fail("SKC140", f"`{text}` does not say of which input it is", hint=hint)
        if inputs and name not in inputs:
            hint = did_you_mean(name, inputs) or "name an input of the pipeline"
            raise fail("SKC140", f"`{name}` is not an input", hint=hint)
        times[name] = column
    return times
