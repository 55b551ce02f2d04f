"""A first pipeline for columns of each kind: sound for a linear model, and for any other.

Numbers are imputed and scaled, categories become columns of 0 and 1 as far as they are frequent, times become positions
on the circle of the day, the week and the year. This is the one place of a draft that names ops.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from skc.draft.column_draft import ColumnDraft
from skc.draft.dates import Moments
from skc_runtime.kinds import DAY_US

MOST_CATEGORIES = 50  # with a column of their own
MOST_FREQUENCY = 10
Apply = list[str | dict[str, Any]]
IMPUTE: dict[str, Any] = {"impute": {"strategy": "median", "add_indicator": True}}
CENTRE: dict[str, Any] = {"impute": {"value": 0}}  # of the circle
SCALE = "standard_scale"
PARTS = {"month": {"period": 12, "offset": 1}, "weekday": {"period": 7}, "hour": {"period": 24}}
Free = Callable[[str], str]  # a name that is not in use


@dataclass(frozen=True)
class Feature:
    """A feature: columns, the steps that are applied, and remarks. `is_output` unless only others are made of it."""

    name: str
    of: tuple[str, ...]
    apply: Apply
    remarks: tuple[str, ...] = ()
    is_output: bool = True


def frequency_of(rows: int) -> int:
    """How often a category must occur so that a column of its own is worth it."""
    return max(1, min(MOST_FREQUENCY, rows // 100))


def features_of(columns: Sequence[ColumnDraft], rows: int) -> list[Feature]:
    """The features of all columns that are not left out."""
    used = [column for column in columns if column.role is not None]
    inputs = {column.name for column in used}
    features: list[Feature] = []

    def free(name: str, own: Collection[str] = ()) -> str:
        """A name that neither a feature nor another input has."""
        name = "".join("_" if character in "/#" else character for character in name)
        name = f"{name}_" if name == "inputs" or name.startswith(("inputs.", "skc.")) else name
        taken = {*(feature.name for feature in features), *(inputs - set(own))}
        while name in taken:
            name += "_"
        return name

    plain = [c for c in used if c.role == "number" and c.value.dtype != "string"]
    if plain:
        names = tuple(c.name for c in plain)
        is_whole = not any(c.value.nullable for c in plain)
        features.append(Feature(free("numbers"), names, [SCALE] if is_whole else [IMPUTE, SCALE]))
    for column in (c for c in used if c.role == "number" and c.value.dtype == "string"):
        features.append(_written_number(column, free(column.name, [column.name])))
    flags = [c for c in used if c.role == "flag"]
    for name, nullable, apply in (("flags", False, []), ("flags_or_null", True, [{"one_hot": {"drop": "if_binary"}}])):
        of = tuple(c.name for c in flags if c.value.nullable is nullable)
        if of:
            features.append(Feature(free(name), of, apply))  # type: ignore[arg-type]  # a list of such dicts
    categories = [c for c in used if c.role == "category"]
    for name, is_rare in (("categories", False), ("categories_with_rare", True)):
        together = [c for c in categories if not _is_padded(c) and _has_rare(c, rows) is is_rare]
        if together:
            features.append(Feature(free(name), tuple(c.name for c in together), [_one_hot(rows, is_rare=is_rare)]))
    for column in filter(_is_padded, categories):
        steps: Apply = ["strip", _one_hot(rows, is_rare=True)]
        remark = "there are blanks around its texts"
        features.append(Feature(free(column.name, [column.name]), (column.name,), steps, (remark,)))
    for column in (c for c in used if c.role == "moment"):
        for feature in _moments(column, free):
            features.append(feature)
    return features


def _is_padded(column: ColumnDraft) -> bool:
    return column.meaning is not None and column.meaning.is_padded


def _has_rare(column: ColumnDraft, rows: int) -> bool:
    """Whether some categories have no column of their own: an unknown one is then treated like them."""
    seen, frequency = column.seen, frequency_of(rows)
    return seen.distinct > MOST_CATEGORIES or any(n < frequency for n in seen.counts.values())


def _one_hot(rows: int, *, is_rare: bool) -> dict[str, Any]:
    if not is_rare:
        return {"one_hot": {"unknown": "zeros"}}
    frequency = frequency_of(rows)
    least = {"min_frequency": frequency} if frequency > 1 else {}
    return {"one_hot": {**least, "max_categories": MOST_CATEGORIES, "unknown": "infrequent"}}


def _written_number(column: ColumnDraft, name: str) -> Feature:
    assert column.meaning is not None
    assert column.meaning.written is not None
    written = column.meaning.written
    parse: Apply = [{"parse_number": dict(written.parameters)} if written.parameters else "parse_number"]
    steps = [*(["strip"] if column.meaning.is_padded else []), *parse, *([IMPUTE] if column.value.nullable else [])]
    guess = () if written.guess is None else (f"guess: {written.guess}",)
    return Feature(name, (column.name,), [*steps, SCALE], guess)


def _moments(column: ColumnDraft, free: Free) -> Iterator[Feature]:
    """The text as a time, if it is text, and the parts of it."""
    moments = None if column.meaning is None else column.meaning.moments
    source, has_date = column.name, not column.value.kind.is_clock
    has_time = column.value.kind.tick_us not in (None, DAY_US)
    if column.value.dtype == "string" and moments is not None:
        has_date, has_time = moments.has_date, moments.has_time
        source = free(f"{column.name}_{'date' if not has_time else 'at' if has_date else 'time'}")
        yield Feature(source, (column.name,), [{"parse_datetime": _parsed(moments)}], _remarks(moments), False)
    centred: Apply = [CENTRE] if column.value.nullable else []
    if not has_date:
        day: Apply = [{"cast": {"to": "int64"}}, {"cyclical": {"period": DAY_US}}]
        yield Feature(free(f"{column.name}_of_day"), (source,), [*day, *centred])
        return
    for part, circle in PARTS.items():
        if has_time if part == "hour" else _varies(column, part):
            steps: Apply = [{"datetime_part": {"part": part}}, {"cyclical": dict(circle)}]
            yield Feature(free(f"{column.name}_{part}"), (source,), [*steps, *centred])
    if column.days and _varies(column, "year"):
        steps = [{"datetime_part": {"part": "year"}}, {"cast": {"to": "float64"}}]
        steps += [{"impute": {"strategy": "median"}}] if column.value.nullable else []
        yield Feature(free(f"{column.name}_year"), (source,), [*steps, SCALE])


def _varies(column: ColumnDraft, part: str) -> bool:
    """Whether a part of the days is not the same in all rows, as far as they were counted."""
    parts = {day.weekday() if part == "weekday" else day.month if part == "month" else day.year for day in column.days}
    return len(parts) != 1


def _parsed(moments: Moments) -> dict[str, Any]:
    parameters: dict[str, Any] = {"format": moments.format}
    if moments.months:
        parameters["months"] = list(moments.months)
    if not (moments.has_date and moments.has_time):
        parameters["to"] = "date" if moments.has_date else "time"
    elif not moments.has_zone:
        parameters["timezone"] = "UTC"
    return parameters


def _remarks(moments: Moments) -> tuple[str, ...]:
    remarks = []
    if moments.other is not None:
        why = f", since {moments.reason}" if moments.reason else ""
        remarks.append(f"guess{why}: `{moments.other}` reads every text too, as other days")
    if moments.language:
        remarks.append(f"the months are in {moments.language}")
    if "%y" in moments.format:
        remarks.append("guess: two digits are a year from 1969 to 2068; `two_digit_year_start` changes that")
    if moments.has_date and moments.has_time and not moments.has_zone:
        remarks.append("guess: times without an offset are in UTC; name their zone, such as Europe/Berlin")
    return tuple(remarks)
