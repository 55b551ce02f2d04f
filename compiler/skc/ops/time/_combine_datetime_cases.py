"""The cases of `combine_datetime`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from skc.op import Case
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
YORK = "America/New_York"
Row = tuple[str | None, str | int | None, str | None]


def _day(text: str | None) -> int | None:
    return None if text is None else (date.fromisoformat(text) - EPOCH.date()).days


def _clock(text: str | int | None) -> int | None:
    if not isinstance(text, str):
        return text
    return (datetime.combine(EPOCH, time.fromisoformat(text)) - EPOCH) // MICROSECOND


def _instant(text: str | None) -> int | None:
    return None if text is None else (datetime.fromisoformat(text) - EPOCH) // MICROSECOND


def _case(
    name: str, point: str, rows: Sequence[Row], types: tuple[str, str] = ("date", "int64"), **params: Any
) -> Case:
    """The day, the time, and the instant in UTC."""
    values = [[_day(day), _clock(clock)] for day, clock, _ in rows]
    expect = [[_instant(instant)] for *_, instant in rows]
    return Case(name, (point,), dict(zip(("day", "time"), types, strict=True)), values, expect, params=params)


def _guarded(code: str, point: str, day: int | None, clock: int | None, **params: Any) -> Case:
    columns = {"day": "date", "time": "int64"}
    return Case(f"{code} of {params}", (point,), columns, [[day, clock]], [[0]], params=params, guards=[(code, 0, 0)])


def _refused(name: str, columns: dict[str, str], code: str, **params: Any) -> Case:
    return Case(f"refused: {name}", ("C6",), columns, [], [], params=params, refused=code)


TWICE = [
    ("2019-11-03", "00:59:59.999999"),
    ("2019-11-03", "01:00"),
    ("2019-11-03", "01:59:59.999999"),
    ("2019-11-03", "02:00"),
]
NEVER = [
    ("2019-03-10", "01:59:59.999999"),
    ("2019-03-10", "02:00"),
    ("2019-03-10", "02:59:59.999999"),
    ("2019-03-10", "03:00"),
]


def _edge(name: str, local: Sequence[tuple[str, str]], instants: Sequence[str | None], **params: Any) -> Case:
    rows = [(day, clock, instant) for (day, clock), instant in zip(local, instants, strict=True)]
    return _case(name, "C3", rows, timezone=YORK, **params)


BEFORE, AFTER = "2019-11-03T04:59:59.999999", "2019-11-03T07:00"
ORDINARY: list[Row] = [
    ("1970-01-01", "00:00", "1970-01-01T00:00"),
    ("1969-12-31", "23:59:59.999999", "1969-12-31T23:59:59.999999"),
    ("2024-02-29", "12:30:00.000001", "2024-02-29T12:30:00.000001"),
    ("0001-01-01", 0, "0001-01-01"),
    ("9999-12-31", DAY_US - 1, "9999-12-31T23:59:59.999999"),
]
CASES = (
    _case("in UTC", "C1", ORDINARY),
    _case(
        "in summer and winter",
        "C1",
        [("2019-07-01", "12:00", "2019-07-01T16:00"), ("2019-12-01", "12:00", "2019-12-01T17:00")],
        timezone=YORK,
    ),
    _case(
        "no times of the day",
        "C2",
        [("2019-07-01", t, None) for t in (-1, DAY_US, -(2**63), 2**63 - 1)],
        invalid="null",
    ),
    _guarded("invalid-value", "C2", 0, DAY_US),
    _edge(
        "twice: earliest",
        TWICE,
        [BEFORE, "2019-11-03T05:00", "2019-11-03T05:59:59.999999", AFTER],
        ambiguous="earliest",
    ),
    _edge(
        "twice: latest", TWICE, [BEFORE, "2019-11-03T06:00", "2019-11-03T06:59:59.999999", AFTER], ambiguous="latest"
    ),
    _edge("twice: null", TWICE, [BEFORE, None, None, AFTER], ambiguous="null"),
    _edge(
        "never: shift", NEVER, ["2019-03-10T06:59:59.999999", *["2019-03-10T07:00"] * 3], nonexistent="shift_forward"
    ),
    _edge("never: null", NEVER, ["2019-03-10T06:59:59.999999", None, None, "2019-03-10T07:00"], nonexistent="null"),
    _guarded("ambiguous-time", "C3", _day("2019-11-03"), _clock("01:30"), timezone=YORK),
    _guarded("nonexistent-time", "C3", _day("2019-03-10"), _clock("02:30"), timezone=YORK),
    _case(
        "beyond the years",
        "C4",
        [("9999-12-31", "19:00", None), ("9999-12-31", "18:59", "9999-12-31T23:59")],
        timezone=YORK,
        invalid="null",
    ),
    _guarded("invalid-value", "C4", DATE_MAX, DAY_US - 1, timezone="Etc/GMT+5"),
    _guarded("invalid-value", "C4", DATE_MIN, 0, timezone="Asia/Tokyo"),
    _case(
        "null",
        "C5",
        [
            (None, 0, None),
            ("1970-01-02", None, None),
            (None, None, None),
            (None, -1, None),
            ("1970-01-02", 1, "1970-01-02T00:00:00.000001"),
        ],
        ("date?", "int64?"),
    ),
    Case(
        name="midnights",
        shows=("C1", "C3", "C5"),
        columns={"day": "date?"},
        params={"timezone": "America/Sao_Paulo", "nonexistent": "shift_forward"},
        rows=[[_day("2018-11-04")], [_day("2018-11-03")], [None]],
        expect=[[_instant("2018-11-04T03:00")], [_instant("2018-11-03T03:00")], [None]],
        names=("day",),
    ),
    _refused("three", {"a": "date", "b": "int64", "c": "int64"}, "SKC127"),
    _refused("a timestamp", {"a": "timestamp", "b": "int64"}, "SKC120"),
    _refused("a number", {"a": "date", "b": "float64"}, "SKC120"),
    _refused("a zone", {"a": "date", "b": "int64"}, "SKC125", timezone="EDT"),
)
