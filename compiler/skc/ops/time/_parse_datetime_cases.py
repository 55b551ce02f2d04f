"""The cases of `parse_datetime`: texts, and the instants (in UTC) that they denote."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from skc.op import Case

EPOCH = datetime(1970, 1, 1)
Texts = Mapping[str | None, str | int | None]
PLAIN, MICRO = "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"
YORK = "America/New_York"


def _microseconds(moment: str | int | None) -> int | None:
    if not isinstance(moment, str):
        return moment
    return (datetime.fromisoformat(moment) - EPOCH) // timedelta(microseconds=1)


def _case(name: str, point: str, format_: str, texts: Texts, **params: Any) -> Case:
    """None means null as a text, and invalid as a result."""
    params = {"format": format_, "invalid": "null"} | params
    expect = [[_microseconds(moment)] for moment in texts.values()]
    return Case(name, (point,), {"s": "string?"}, [[text] for text in texts], expect, params=params)


def _guarded(code: str, point: str, text: str, zone: str = YORK) -> Case:
    params = {"format": PLAIN, "timezone": zone}
    name = f"{code}: {text}"
    return Case(name, (point,), {"s": "string"}, [[text]], [[0]], params=params, guards=[(code, 0, 0)])


def _refused(format_: str, code: str = "SKC126", **params: Any) -> Case:
    name = f"refused: {format_} {params or ''}".strip()
    return Case(name, ("C11",), {"s": "string"}, [], [], params={"format": format_} | params, refused=code)


def _twice(policy: str | None, first: str | None, last: str | None) -> Case:
    """The end of daylight saving time in New York, and one microsecond before and after it."""
    texts: Texts = {
        "2019-11-03 00:59:59.999999": "2019-11-03T04:59:59.999999",
        "2019-11-03 01:00:00.0": first,
        "2019-11-03 01:59:59.999999": last,
        "2019-11-03 02:00:00.0": "2019-11-03T07:00",
    }
    return _case(f"a time shown twice: {policy}", "C6", MICRO, texts, timezone=YORK, ambiguous=policy)


def _never(policy: str | None, jump: str | None) -> Case:
    """The start of daylight saving time in New York, and one microsecond before and after it."""
    texts: Texts = {
        "2019-03-10 01:59:59.999999": "2019-03-10T06:59:59.999999",
        "2019-03-10 02:00:00.0": jump,
        "2019-03-10 02:59:59.999999": jump,
        "2019-03-10 03:00:00.0": "2019-03-10T07:00",
    }
    return _case(f"a time left out: {policy}", "C7", MICRO, texts, timezone=YORK, nonexistent=policy)


DAY, LEAP_DAY = "2019-03-09", "2024-02-29"
SAMOA = {"timezone": "Pacific/Apia", "nonexistent": "shift_forward"}

CASES = (
    _case(
        "missing zeros",
        "C1",
        "%m/%d/%Y",
        {"3/9/2019": DAY, "03/9/2019": DAY, "3/9/19": None, "003/9/2019": None},
    ),
    _case("touching numbers", "C1", "%Y%m%d", {"20190309": DAY, "2019309": None, "201903090": None}),
    _case("twenty digits", "C1", "%Y%m%d%H%M%S%f", {"20190309000000000001": "2019-03-09T00:00:00.000001"}),
    _case("one digit each", "C1", PLAIN, {"2019-3-9 0:0:1": "2019-03-09T00:00:01"}),
    _case(
        "fractions",
        "C2",
        "%j %Y %H:%M:%S.%f",
        {
            "060 2019 0:0:0.5": "2019-03-01T00:00:00.5",
            "1 2019 0:0:0.000001": "2019-01-01T00:00:00.000001",
            "60 2019 0:0:0.": None,
            "60 2019 0:0:0.0000001": None,
        },
    ),
    _case("leap days", "C3", "%Y-%m-%d", {LEAP_DAY: LEAP_DAY, "2023-02-29": None, "1900-02-29": None}),
    _case("days of the year", "C3", "%Y.%j", {"2024.366": "2024-12-31", "2023.366": None, "2024.0": None}),
    _case("no clock shows", "C3", PLAIN, {"2019-03-09 24:00:00": None, "2019-03-09 23:59:60": None}),
    _case("no year 0", "C3", PLAIN, {"0000-01-01 00:00:00": None, "0001-01-01 00:00:00": "0001-01-01"}),
    _guarded("invalid-value", "C3", "2019-04-31 00:00:00", "UTC"),
    _case(
        "exactly",
        "C4",
        "%Y-%m-%d",
        {f" {DAY}": None, f"{DAY}\n": None, "2019-03-0٩": None, "": None, f"{DAY}x": None},
    ),
    _case(
        "literals",
        "C4",
        "[%%] %Y-%m-%d é",
        {"[%] 2019-3-9 é": DAY, "[%]  2019-3-9 é": None, "[%] 2019-3-9 É": None},
    ),
    _case(
        "names",
        "C4",
        "%d/%b/%Y",
        {"09/Mar/2019": DAY, "9/MAR/2019": DAY, "09/Mrz/2019": None, "29/feb/2024": LEAP_DAY},
    ),
    _case("a month is its first day", "C4", "%Y-%m", {"2019-03": "2019-03-01", "2019-3": "2019-03-01"}),
    _case("a year is its first day", "C4", "%Y", {"2019": 17_897, "201": None}, to="date"),
    _case(
        "summer",
        "C5",
        "%Y-%m-%d",
        {"2019-07-01": "2019-07-01T04:00", "2437-07-01": "2437-07-01T04:00"},
        timezone=YORK,
    ),
    _case("local mean time", "C5", "%Y-%m-%d", {"1800-01-01": "1800-01-01T04:56:02"}, timezone=YORK),
    _case("a fixed offset", "C5", "%Y-%m-%d", {DAY: "2019-03-09T05:00"}, timezone="Etc/GMT+5"),
    _case("the day Samoa left out", "C7", "%Y-%m-%d %H", {"2011-12-30 12": "2011-12-30T10:00"}, **SAMOA),
    _twice("earliest", "2019-11-03T05:00", "2019-11-03T05:59:59.999999"),
    _twice("latest", "2019-11-03T06:00", "2019-11-03T06:59:59.999999"),
    _twice(None, None, None),
    _guarded("ambiguous-time", "C6", "2019-11-03 01:30:00"),
    _never("shift_forward", "2019-03-10T07:00"),
    _never(None, None),
    _guarded("nonexistent-time", "C7", "2019-03-10 02:30:00"),
    _case(
        "written offsets",
        "C8",
        "%Y-%m-%d %H:%M %z",
        {
            "2019-3-9 0:00 Z": DAY,
            "2019-3-9 5:30 +0530": DAY,
            "2019-3-8 23:59 -00:01": DAY,
            "2019-3-9 0:00 +05": None,
            "2019-3-9 0:00 +053015": None,
            "2019-3-9 0:00 +2400": None,
        },
    ),
    _case(
        "ISO 8601",
        "C8",
        "iso8601",
        {
            "2019-03-09": "2019-03-09T05:00",
            "2019-03-09T00:00:00.5": "2019-03-09T05:00:00.5",
            "2019-03-09 00:00Z": DAY,
            "2019-03-09T05:30+05:30": DAY,
            "2019-03-08T22:00-02": DAY,
            "2019-03-08T22-02": None,
            "2019-3-9": None,
            "2019-03-09T00:00:00,5": None,
        },
        timezone=YORK,
    ),
    _case("an ISO 8601 day", "C8", "iso8601", {DAY: 17_964, "2019-03-09T00:00": None}, to="date"),
    _case(
        "beyond the years",
        "C9",
        "iso8601",
        {
            "0001-01-01T00:00+00:01": None,
            "0001-01-01T00:00-00:01": "0001-01-01T00:01",
            "9999-12-31T23:59-00:01": None,
        },
    ),
    _guarded("invalid-value", "C9", "9999-12-31 23:00:00"),
    _case("null", "C10", "%Y-%m-%d", {None: None, DAY: DAY}, invalid="error"),
    Case(
        name="two columns",
        shows=("C10",),
        columns={"a": "string?", "b": "string"},
        params={"format": "%m/%d/%Y", "invalid": "null", "to": "date"},
        rows=[[None, "x"], ["3/9/2019", "1/1/1970"]],
        expect=[[None, None], [17_964, 0]],
    ),
    *map(_refused, ("%Y-%q", "%Y %Y-%m-%d", "%m/%d", "%Y-%d", "%Y-%m-%d %M", "%Y %", "%Y %j %m")),
    *map(_refused, ("%H:%M %z %Y-%m-%d", "%Y-%m-%d 12:%M", "jan %b %Y", "%Y-%m %H", "%Y\n%m", "")),
    _refused("%Y-%m-%d %H:%M %z", timezone="Asia/Tokyo"),
    _refused("%Y-%m-%d %H", to="date"),
    _refused(PLAIN, "SKC125", timezone="EDT"),
)
