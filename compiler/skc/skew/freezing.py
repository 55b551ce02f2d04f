"""Freezes the profile of any table into a file: of predictions on a validation set, or of a season without drift."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from skc import artifact as artifacts
from skc.data.default import open_engine
from skc.data.engine import MEMORY_LIMIT, Column, Stored
from skc.data.sources import Source, resolve
from skc.data.stored import input_of, stored_columns
from skc.diagnostics import SkcError, fail
from skc.frontend.yaml.reader import read_pipeline
from skc.ir import DataSource, Input, Pipeline, ProfileOptions, ReadOptions
from skc.profile.ages import column_of, find_moment, has_age, measure_ages
from skc.profile.document import Profile, dumps
from skc.profile.measure import measure
from skc.publish import publish_file
from skc.skew.reference import sentinels_of
from skc.skew.serving import as_number
from skc.values.types import Scalar


def freeze(data: Any, types: Path | None, options: ProfileOptions, threads: int | None) -> Profile:
    """The profile of a table, with the inputs of an artifact or of a pipeline.yaml, or all columns as they are stored.

    Raises SKC200 to SKC206, and what reading `types` raises.
    """
    if types is None:
        return freeze_columns(data, None, ReadOptions(), options, threads)
    pipeline, reading = _declared(types)
    event_time = pipeline.freshness.event_time
    return _measured(data, pipeline.inputs, reading, options, threads, sentinels_of(pipeline), event_time)


def _declared(path: Path) -> tuple[Pipeline, ReadOptions]:
    if path.is_dir():
        artifact = artifacts.read(path, replay=False)
        return replace(artifact.pipeline, freshness=artifact.freshness), artifact.reading
    pipeline, _ = read_pipeline(path)
    return pipeline, ReadOptions() if pipeline.data is None else pipeline.data.options


def freeze_columns(
    data: Any, names: Sequence[str] | None, reading: ReadOptions, options: ProfileOptions, threads: int | None
) -> Profile:
    """The profile of some columns, or of all that skc reads, of the types that they are stored as.

    A column of a file of text whose values are all numbers is one of numbers. Raises SKC200 to SKC206, SKC623.
    """
    return _measured(data, natural_inputs(data, names, reading, threads), reading, options, threads, {})


def natural_inputs(
    data: Any, names: Sequence[str] | None, reading: ReadOptions, threads: int | None
) -> tuple[Input, ...]:
    """Some columns, or all that skc reads, as inputs of the types that they are stored as.

    A column of a file of text whose values are all numbers is one of numbers. Raises SKC200 to SKC206, SKC623.
    """
    source, _ = resolve(data, DataSource(options=reading))
    stored = stored_columns(source, threads)
    chosen = [column.name for column in stored if column.dtype is not None] if names is None else names
    return _typed(data, [input_of(name, stored) for name in chosen], stored, reading, threads)


def _typed(
    data: Any, inputs: Sequence[Input], stored: Sequence[Stored], reading: ReadOptions, threads: int | None
) -> tuple[Input, ...]:
    """The inputs, of which texts in a file of text are numbers where every value is one."""
    written = {column.name for column in stored if column.is_written}
    source, _ = resolve(data, DataSource(options=reading))

    def typed(value: Input) -> Input:
        if value.name not in written:
            return value
        try:
            with open_engine(threads, MEMORY_LIMIT) as engine:
                engine.load(source, (as_number(value),), DataSource())
        except SkcError as error:
            if error.code not in ("SKC205", "SKC206"):
                raise
            return value
        return as_number(value)

    return tuple(map(typed, inputs))


def _measured(
    data: Any,
    inputs: tuple[Input, ...],
    reading: ReadOptions,
    options: ProfileOptions,
    threads: int | None,
    sentinels: Mapping[str, tuple[Scalar, ...]],
    event_time: str | None = None,
) -> Profile:
    source, _ = resolve(data, DataSource(options=reading))
    columns = {i.name: Column(i.name, i.dtype, f"column `{i.name}`", None, sentinels.get(i.name, ())) for i in inputs}
    moment = _moment(inputs, event_time, source, threads)
    added = () if moment is None or moment in inputs else (moment,)
    with open_engine(threads, MEMORY_LIMIT) as engine:
        opened = engine.load(source, (*inputs, *added), DataSource()).cached()
        profile = measure(opened, columns, options, "table")
        if moment is None:
            return profile
        aged = {i.name: columns[i.name] for i in inputs if has_age(i)}
        of_moment = columns.get(moment.name) or column_of(moment)
        return replace(profile, ages=measure_ages(opened, aged, of_moment, options))


def _moment(inputs: Sequence[Input], event_time: str | None, source: Source, threads: int | None) -> Input | None:
    """The moments of the rows. A table that is not of training need not have those that training has."""
    try:
        return find_moment(inputs, event_time, partial(stored_columns, source, threads))
    except SkcError:
        return None


def written(profile: Profile, path: Path) -> Profile:
    """The profile, once it is in a file, whole or not at all. Raises SKC412."""
    try:
        publish_file(lambda draft: draft.write_bytes(dumps(profile)), path)
    except OSError as error:
        hint = "check the folder and its space"
        raise fail("SKC412", f"cannot write `{path}`: {error.strerror}", hint=hint) from None
    return profile
