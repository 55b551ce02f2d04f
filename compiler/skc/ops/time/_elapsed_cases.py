"""The cases of `elapsed`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from skc.op import Case
from skc_runtime.kinds import DATE_MAX, DATE_MIN, DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN

EPOCH = datetime(1970, 1, 1)


def _completed(
    name: str, point: str, unit: str, rows: Sequence[tuple[str, str, int]], dtype: str = "date", **params: Any
) -> Case:
    """Start and end in UTC, and the completed units."""
    tick = timedelta(days=1) if dtype == "date" else timedelta(microseconds=1)
    values = [[(datetime.fromisoformat(text) - EPOCH) // tick for text in row[:2]] for row in rows]
    params = {"unit": unit} | params
    expect = [[float(row[2])] for row in rows]
    return Case(name, (point,), {"start": dtype, "end": dtype}, values, expect, params=params)


def _refused(dtype: str, unit: str, timezone: str, code: str = "SKC126") -> Case:
    params = {"unit": unit, "timezone": timezone}
    name = f"{unit} between {dtype}s in {timezone}"
    return Case(name, ("C8",), {"start": dtype, "end": dtype}, [], [], params=params, refused=code)


CASES = (
    Case(
        name="hours",
        shows=("C1", "C3"),
        columns={"start": "timestamp", "end": "timestamp"},
        params={"unit": "hours"},
        rows=[[0, 5_400_000_000], [5_400_000_000, 0], [0, 1], [7, 7]],
        expect=[[1.5], [-1.5], [2.7777777777777777e-10], [0.0]],
        names=("end_minus_start",),
    ),
    Case(
        name="one division, no reciprocal",
        shows=("C1",),
        columns={"start": "timestamp", "end": "timestamp"},
        params={"unit": "weeks"},
        rows=[[0, 3 * DAY_US], [-1, 2**53 - 1]],
        expect=[[0.42857142857142855], [14892.85591061672]],
    ),
    Case(
        name="the longest",
        shows=("C2",),
        columns={"start": "timestamp", "end": "timestamp"},
        params={"unit": "microseconds"},
        rows=[[0, 2**53 + 1], [-1, 2**53 + 2], [TIMESTAMP_MIN, TIMESTAMP_MAX]],
        expect=[[9007199254740992.0], [9007199254740996.0], [315537897600000000.0]],
    ),
    Case(
        name="dates",
        shows=("C2", "C3"),
        columns={"start": "date", "end": "date"},
        params={"unit": "hours"},
        rows=[[DATE_MIN, DATE_MAX], [1, 0], [0, 1]],
        expect=[[(DATE_MAX - DATE_MIN) * 24.0], [-24.0], [24.0]],
    ),
    Case(
        name="null",
        shows=("C4",),
        columns={"start": "timestamp?", "end": "timestamp"},
        params={"unit": "seconds"},
        rows=[[None, 5], [1_000_000, 3_000_000], [0, 0]],
        expect=[[None], [2.0], [0.0]],
    ),
    Case(
        name="three columns",
        shows=("C5",),
        columns={"a": "date", "b": "date", "c": "date"},
        params={"unit": "days"},
        rows=[],
        expect=[],
        refused="SKC127",
    ),
    _completed(
        "birthdays",
        "C6",
        "years",
        [
            ("1990-05-17", "2024-05-16", 33),
            ("1990-05-17", "2024-05-17", 34),
            ("2024-05-17", "1990-05-17", -34),
            ("2024-05-17", "1990-05-18", -33),
            ("2000-02-29", "2001-02-28", 0),
            ("2000-02-29", "2001-03-01", 1),
            ("2000-02-29", "2004-02-28", 3),
            ("2000-02-29", "2004-02-29", 4),
            ("2001-03-01", "2000-02-29", -1),
            ("2001-02-28", "2000-02-29", 0),
            ("2001-12-31", "2002-12-30", 0),
            ("2024-01-01", "2024-01-01", 0),
            ("0001-01-01", "9999-12-31", 9998),
        ],
    ),
    _completed(
        "months of different lengths",
        "C6",
        "months",
        [
            ("2023-01-31", "2023-02-28", 0),
            ("2023-01-31", "2023-03-01", 1),
            ("2023-01-31", "2023-03-30", 1),
            ("2023-01-31", "2023-03-31", 2),
            ("2024-01-30", "2024-02-29", 0),
            ("2024-01-29", "2024-02-29", 1),
            ("1900-01-29", "1900-02-28", 0),
            ("2023-03-01", "2023-01-31", -1),
            ("2023-02-28", "2023-01-31", 0),
            ("2023-12-15", "2024-01-14", 0),
            ("2023-12-15", "2024-01-15", 1),
            ("9999-12-31", "0001-01-01", -119_987),
        ],
    ),
    _completed(
        "to the microsecond",
        "C7",
        "months",
        [
            ("2024-01-15T12:00", "2024-02-15T11:59:59.999999", 0),
            ("2024-01-15T12:00", "2024-02-15T12:00", 1),
            ("2024-02-15T12:00", "2024-01-15T12:00:00.000001", 0),
            ("2024-02-15T12:00", "2024-01-15T12:00", -1),
        ],
        dtype="timestamp",
    ),
    _completed(
        "local birthdays",
        "C7",
        "years",
        [
            ("1990-05-17T04:00", "2024-05-17T03:59:59.999999", 33),
            ("1990-05-17T04:00", "2024-05-17T04:00", 34),
            ("1990-01-17T05:00", "2024-07-17T04:00", 34),
            ("0001-01-01T00:00", "9999-12-31T23:59:59.999999", 9998),
        ],
        dtype="timestamp",
        timezone="America/New_York",
    ),
    _completed(
        "local ends of months",
        "C7",
        "months",
        [
            ("2024-01-31T20:00", "2024-05-01T03:59:59.999999", 2),
            ("2024-01-31T20:00", "2024-05-01T04:00", 3),
            ("2024-05-01T04:00", "2024-01-31T20:00", -3),
        ],
        dtype="timestamp",
        timezone="America/New_York",
    ),
    Case(
        name="a month of null",
        shows=("C4",),
        columns={"start": "date?", "end": "date?"},
        params={"unit": "months"},
        rows=[[None, 31], [31, None], [None, None], [0, 31]],
        expect=[[None], [None], [None], [1.0]],
    ),
    _refused("date", "years", "UTC"),
    _refused("timestamp", "days", "UTC"),
    _refused("timestamp", "months", "America/Newyork", "SKC125"),
)
