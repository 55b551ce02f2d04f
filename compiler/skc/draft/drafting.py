"""A first pipeline for data: how it is read, its columns, and what is made of them, as the text of a pipeline.yaml.

The data is read twice, each time as `skc compile` will read it: once as text, which proposes types and formats, and
once as these types, which counts and bounds what is there, and shows that every value fits.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from skc.data.copies import with_copies
from skc.data.default import open_engine
from skc.data.engine import MEMORY_LIMIT, Column, Data, Stored
from skc.data.sheet import UNREADABLE as UNREADABLE_SHEET
from skc.data.sheet import sheet_header, sheet_titles
from skc.data.sources import SEPARATED, Source, resolve, separator_of
from skc.data.text.opening import UNREADABLE
from skc.data.text.table import TextError
from skc.diagnostics import Diagnostic, SkcError, did_you_mean, fail
from skc.draft.column_draft import ColumnDraft, Seen
from skc.draft.columns import Meaning, is_null_word, meaning_of
from skc.draft.dates import Moments, days_of
from skc.draft.facts import codes_of, column_of, draft_of_column, most_counted, seen_of_all
from skc.draft.features import MOST_CATEGORIES, frequency_of
from skc.draft.layout import Reading, layout_of
from skc.draft.numbers import marks_of
from skc.draft.texts import Texts
from skc.draft.writing import scalar
from skc.frontend.names import is_usable_input
from skc.ir import DataSource, Input, ReadOptions
from skc.scratch import scratch_folder
from skc.values.types import Scalar

EPOCH = datetime(1970, 1, 1)
FIRST_ROWS = 20_000
MOST_NOTES = 10  # columns of an error
READ_ERROR = "check that the file is complete, and of the type that its name suggests"


@dataclass(frozen=True)
class Draft:
    """What was found: the source, how it is read, its rows, and all columns in order."""

    source: Source
    path: str | None
    reading: Reading
    rows: int
    columns: tuple[ColumnDraft, ...]
    target: str | None
    warnings: tuple[Diagnostic, ...]


def draft_of(data: Any, target: str | None, day_first: bool | None) -> Draft:
    """Look at data: a path, a glob, a folder, or a table in memory. Raises SkcError."""
    with scratch_folder("skc-init") as folder:
        source = with_copies(_source(data), folder)
        reading = _layout(source, folder)
        source = replace(source, options=reading.options)
        stored = _stored(source)
        _check_target(target, stored, source)
        usable = [one for one in stored if one.dtype is not None and is_usable_input(one.name) and one.name != target]
        meanings, reading = _meanings(source, usable, reading, day_first)
        source = replace(source, options=reading.options)
        return _counted(source, data, reading, stored, meanings, target)


def _source(data: Any) -> Source:
    try:
        return resolve(data, None)[0]
    except SkcError as error:
        if error.code != "SKC202" or SEPARATED not in str(error):
            raise
    return resolve(data, DataSource(options=ReadOptions(separator=",")))[0]  # text with any other name


def _layout(source: Source, folder: Path) -> Reading:
    if source.kind == "xlsx":
        return _sheet(source)
    if source.kind not in ("csv", "tsv"):
        return Reading(ReadOptions())
    file = source.files[0]
    try:
        with open_engine(None, MEMORY_LIMIT) as engine:
            default = separator_of(source) if source.options.separator is None else None
            return layout_of(source.path(file), default, folder, engine)
    except UNREADABLE as error:
        notes = [str(error)[:300]]
        raise fail("SKC203", f"`{file}` cannot be read", hint=READ_ERROR, notes=notes) from error


def _sheet(source: Source) -> Reading:
    """The first sheet that has a header, of several."""
    reading = Reading(ReadOptions())
    with suppress(ImportError, *UNREADABLE_SHEET):  # which opening the file reports
        titles = sheet_titles(source.path(source.files[0]))
        for title in titles if len(titles) > 1 else ():
            with suppress(TextError):
                if sheet_header(source.path(source.files[0]), ReadOptions(sheet=title)):
                    listed = ", ".join(f"`{one}`" for one in titles if one != title)
                    return reading.changed(f"there is also {listed}", is_guess=True, sheet=title)
    return reading


def _stored(source: Source) -> tuple[Stored, ...]:
    with open_engine(None, MEMORY_LIMIT) as engine:
        return engine.columns(source)


def _check_target(target: str | None, stored: Sequence[Stored], source: Source) -> None:
    names = [one.name for one in stored]
    if target is not None and target not in names:
        hint = did_you_mean(target, names) or f"the columns are: {', '.join(names[:20])}"
        raise fail("SKC204", f"{source.name} has no column `{target}`", hint=hint)


def _meanings(
    source: Source, usable: Sequence[Stored], reading: Reading, day_first: bool | None
) -> tuple[dict[str, Meaning], Reading]:
    """What the columns of text are, and the options with the marks of numbers and the words for true and false."""
    texts = [one for one in usable if one.dtype == "string"]
    if not texts:
        return {}, reading
    inputs = tuple(Input(one.name, "string", nullable=True) for one in texts)
    with open_engine(None, MEMORY_LIMIT) as engine:
        data = engine.load(source, inputs, DataSource())
        samples = _samples(data, inputs)
        written = [[t for t in samples[one.name].counts if not is_null_word(t)] for one in texts if one.is_written]
        decimal, thousands, is_guess = marks_of(written)
        if (decimal, thousands) != (".", ""):
            comment = "numbers with groups of three; or a decimal comma" if is_guess else None
            changes = {"thousands": thousands} if decimal == "." else {"decimal": decimal, "thousands": thousands}
            reading = reading.changed(comment, is_guess=is_guess, **changes)
        is_likely = decimal == ","  # where numbers are written so, the day comes first
        meanings = {
            one.name: meaning_of(one, samples[one.name], reading.options, day_first, is_likely) for one in texts
        }
    return meanings, _with_flags(reading, meanings)


def _samples(data: Data, inputs: Sequence[Input]) -> dict[str, Texts]:
    """All texts of a column with how often each occurs, or those of the first rows where there are many."""
    columns = [column_of(value) for value in inputs]
    samples: dict[str, Texts] = {}
    many: dict[str, Column] = {}
    for column, seen in zip(columns, seen_of_all(data, columns, is_counted=True), strict=True):
        if seen.distinct <= most_counted(len(columns)):
            samples[column.name] = Texts({str(text): n for text, n in seen.counts.items()}, column)
        else:
            many[column.name] = column
    if not many:
        return samples
    with closing(data.batches(list(many), FIRST_ROWS)) as batches:
        first = next(batches)
    for k, (name, column) in enumerate(many.items()):
        texts = dict.fromkeys((text for text in first.column(k).to_pylist() if text is not None), 1)
        samples[name] = Texts(texts, column, data)
    return samples


def _with_flags(reading: Reading, meanings: Mapping[str, Meaning]) -> Reading:
    """With the words for true and false of all columns."""
    for k, option in enumerate(("true_values", "false_values")):
        words = {word for meaning in meanings.values() if meaning.flags for word in meaning.flags[k]}
        if words:
            names = [name for name, meaning in meanings.items() if meaning.flags]
            comment = f"in {', '.join(f'`{name}`' for name in names[:3])}; a request has true and false"
            reading = reading.changed(comment if k == 0 else None, is_guess=k == 0, **{option: tuple(sorted(words))})
    return reading


def _counted(
    source: Source,
    data: Any,
    reading: Reading,
    stored: Sequence[Stored],
    meanings: Mapping[str, Meaning],
    target: str | None,
) -> Draft:
    """Read the data as it is declared, and decide what each column is used for."""
    inputs = {one.name: _input(one, meanings.get(one.name)) for one in stored if _is_read(one, target)}
    with open_engine(None, MEMORY_LIMIT) as engine:
        opened = engine.load(source, tuple(inputs.values()), DataSource()) if inputs else None
        rows = 0 if opened is None else opened.count()
        if rows == 0:
            raise fail("SKC208", f"there are no rows in {source.name}", hint="give data with rows")
        assert opened is not None
        seen = _seen(opened, tuple(inputs.values()))
        columns = [
            _drafted(one, inputs.get(one.name), meanings.get(one.name), seen.get(one.name), opened, target)
            for one in stored
        ]
    if not any(column.role for column in columns):
        notes = [f"`{column.name}`: {column.facts[0]}" for column in columns[:MOST_NOTES]]
        hint = "give other data, or write a pipeline by hand for a column that should be a feature"
        raise fail("SKC210", f"no column of {source.name} would make a feature", hint=hint, notes=notes)
    path = os.fspath(data) if isinstance(data, str | os.PathLike) else None
    return Draft(source, path, reading, rows, tuple(columns), target, tuple(_warnings(columns)))


def _seen(data: Data, inputs: Sequence[Input]) -> dict[str, Seen]:
    columns = [column_of(value) for value in inputs]
    return {c.name: seen for c, seen in zip(columns, seen_of_all(data, columns, is_counted=True), strict=True)}


def _is_read(one: Stored, target: str | None) -> bool:
    return one.dtype is not None and one.name != target and is_usable_input(one.name)


def _input(one: Stored, meaning: Meaning | None) -> Input:
    assert one.dtype is not None
    if meaning is None:
        return Input(one.name, one.dtype, nullable=True, null_values=one.words)
    return Input(one.name, meaning.dtype, nullable=True, null_values=meaning.null_values)


def _drafted(
    one: Stored, value: Input | None, meaning: Meaning | None, seen: Seen | None, data: Data, target: str | None
) -> ColumnDraft:
    if value is None or seen is None:
        reason = "the target, which no request has" if one.name == target else _why_unread(one)
        return ColumnDraft(Input(one.name, one.dtype or "string"), None, Seen(0, 0, 0), facts=(reason,))
    codes, seen = codes_of(data, value, seen)
    codes = {_short(code): n for code, n in codes.items()}
    null_values = (*value.null_values, *codes)
    value = replace(value, nullable=seen.nulls > 0, null_values=null_values if seen.nulls else ())
    drafted = draft_of_column(value, seen, meaning, frequency_of(seen.rows), MOST_CATEGORIES, sum(codes.values()))
    remarks = tuple(f"{n:,} of {seen.rows:,} are {scalar(code)}, and mean null" for code, n in codes.items())
    return replace(drafted, guesses=(*drafted.guesses, *remarks), days=_days(value, seen, meaning))


def _days(value: Input, seen: Seen, meaning: Meaning | None) -> list[date]:
    """The days of a column of dates or times, as far as they were counted."""
    tick = value.kind.tick_us
    if tick is not None:
        return sorted({(EPOCH + timedelta(microseconds=int(n) * tick)).date() for n in seen.counts if n is not None})
    if meaning is not None and meaning.moments is not None:
        return days_of(meaning.moments, [str(text) for text in seen.counts])
    return []


def _short(code: Scalar) -> Scalar:
    """-999.0 as -999, which an input of float64 takes too."""
    return int(code) if isinstance(code, float) and code.is_integer() else code


def _why_unread(one: Stored) -> str:
    if one.dtype is not None:
        return "its name cannot be that of an input: rename the column"
    return f"it is stored as {one.kind}, which no type of input reads"


def _warnings(columns: Sequence[ColumnDraft]) -> list[Diagnostic]:
    """SKC237 for every column of dates of which the day may be the month."""
    used = [(column, column.meaning.moments) for column in columns if column.role is not None and column.meaning]
    return [_ambiguous(column, moments) for column, moments in used if moments is not None and moments.other]


def _ambiguous(column: ColumnDraft, moments: Moments) -> Diagnostic:
    example = next(text for text in map(str, column.seen.counts) if moments.form.fits(text))
    message = f"`{column.name}`: `{moments.format}` and `{moments.other}` both read all of its dates, as other days"
    first = "day" if moments.format.index("%d") < moments.format.index("%m") else "month"
    other = "month" if first == "day" else "day"
    hint = f"the draft has the {first} first; if the {other} comes first, give `--dates {other}-first`"
    return Diagnostic("SKC237", message, hint=hint, notes=(f"for example `{example}`",), severity="warning")
