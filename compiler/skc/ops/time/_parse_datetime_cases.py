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
# fmt: off
GERMAN = [
    "Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November",
    "Dezember",
]
# The abbreviation `mar` is Tuesday, and the beginning of March.
SPANISH = [
    "enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre",
    "diciembre",
]
# fmt: on
_YEARS = (
    _case(
        "POSIX centuries",
        "C12",
        "%y-%m-%d",
        {"69-01-01": "1969-01-01", "99-12-31": "1999-12-31", "00-02-29": "2000-02-29", "68-1-1": "2068-01-01"},
    ),
    _case("exactly two digits", "C12", "%m/%d/%y", {"3/9/19": DAY, "3/9/9": None, "3/9/019": None, "3/9/2019": None}),
    _case(
        "years of birth",
        "C12",
        "%y",
        {"24": "2024-01-01", "25": "1925-01-01", "00": "2000-01-01"},
        two_digit_year_start=1925,
    ),
    _case("the last years", "C12", "%y%j", {"99001": "9999-01-01", "00001": "9900-01-01"}, two_digit_year_start=9900),
    _case("the first years", "C12", "%y", {"00": "0100-01-01", "01": "0001-01-01"}, two_digit_year_start=1),
    _case("no leap day in 1900", "C12", "%D", {"02/29/00": None, "2/28/00": "1900-02-28"}, two_digit_year_start=1900),
)
_HALF_DAYS = (
    _case(
        "noon and midnight",
        "C13",
        "%F %I:%M %p",
        {
            f"{DAY} 12:00 AM": f"{DAY}T00:00",
            f"{DAY} 12:59 am": f"{DAY}T00:59",
            f"{DAY} 1:00 AM": f"{DAY}T01:00",
            f"{DAY} 11:59 AM": f"{DAY}T11:59",
            f"{DAY} 12:00 PM": f"{DAY}T12:00",
            f"{DAY} 12:59 pM": f"{DAY}T12:59",
            f"{DAY} 01:00 PM": f"{DAY}T13:00",
            f"{DAY} 11:59 PM": f"{DAY}T23:59",
        },
    ),
    _case(
        "no half of the day",
        "C13",
        "%F %I %p",
        {f"{DAY} 0 AM": None, f"{DAY} 13 PM": None, f"{DAY} 1 M": None, f"{DAY} 1 a.m.": None, f"{DAY} 1  AM": None},
    ),
    _case("before the hour", "C13", "%p%I%M %F", {f"PM0930 {DAY}": f"{DAY}T21:30", f"pm930 {DAY}": None}),
)
_NAMES = (
    _case(
        "full names",
        "C14",
        "%A, %d %B %Y",
        {
            "Saturday, 09 March 2019": DAY,
            "SATURDAY, 9 mARCH 2019": DAY,
            "Monday, 9 March 2019": DAY,
            "Sat, 9 March 2019": None,
            "Saturday, 9 Mar 2019": None,
            "Caturday, 9 March 2019": None,
            "Saturday, 9 Sept 2019": None,
            "Saturday, 31 September 2019": None,
            "Saturday, 30 September 2019": "2019-09-30",
            "Saturday, 9 Augu\u017ft 2019": None,
        },
    ),
    _case(
        "as C writes it",
        "C14",
        "%a %b %e %T %Y",
        {"Sat Mar  9 00:00:01 2019": f"{DAY}T00:00:01", "Sat Mar 9 0:0:0 2019": DAY},
    ),
    _case(
        "German",
        "C14",
        "%d. %B %Y",
        {"3. Mai 2025": "2025-05-03", "3. MÄRZ 2025": "2025-03-03", "3. märz 2025": "2025-03-03"},
        months=GERMAN,
    ),
    _case(
        "not German",
        "C14",
        "%d. %B %Y",
        {"3. May 2025": None, "3. Ma\u0308rz 2025": None, "3. Marz 2025": None},
        months=GERMAN,
    ),
    _case(
        "Spanish",
        "C14",
        "%a %d %B %Y",
        {"mar 9 marzo 2019": DAY, "MAR 9 MARZO 2019": DAY, "mar 9 mar 2019": None, "sáb 9 mayo 2019": "2019-05-09"},
        months=SPANISH,
        days=["lun", "mar", "mié", "jue", "vie", "sáb", "dom"],
    ),
)
_TIMES = (
    _case(
        "times",
        "C15",
        "%H:%M",
        {"00:00": 0, "23:59": 86_340_000_000, "7:5": 25_500_000_000, "24:00": None, "12": None, None: None},
        to="time",
    ),
    _case(
        "times of half a day",
        "C15",
        "%I:%M:%S.%f %p",
        {"12:00:00.5 am": 500_000, "12:0:0.0000009 PM": 43_200_000_000},
        to="time",
    ),
    _case(
        "ISO 8601 times",
        "C15",
        "iso8601",
        {
            "00:00": 0,
            "23:59:59.999999999": 86_399_999_999,
            "01:00:00.5": 3_600_500_000,
            "1:00": None,
            "01:00Z": None,
            "": None,
        },
        to="time",
    ),
)
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
            "60 2019 0:0:0.0000019": "2019-03-01T00:00:00.000001",
            "60 2019 0:0:0.123456789": "2019-03-01T00:00:00.123456",
            "60 2019 0:0:0.1234567890": None,
        },
    ),
    _case(
        "three digits",
        "C2",
        "%Y%m%d%H%M%S%3f",
        {"20190309000000007": "2019-03-09T00:00:00.007", "20190309000000": None},
    ),
    _case(
        "nine digits", "C2", "%F %T.%9f", {f"{DAY} 0:0:0.000001999": f"{DAY}T00:00:00.000001", f"{DAY} 0:0:0.1": None}
    ),
    _case("nine touching digits", "C2", "%FT%H%M%S%9f", {f"{DAY}T000000999999999": f"{DAY}T00:00:00.999999"}),
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
    *_YEARS,
    *_HALF_DAYS,
    *_NAMES,
    *_TIMES,
    *map(_refused, ("%Y-%q", "%Y %Y-%m-%d", "%m/%d", "%Y-%d", "%Y-%m-%d %M", "%Y %", "%Y %j %m")),
    *map(_refused, ("%H:%M %z %Y-%m-%d", "%Y-%m-%d 12:%M", "jan %b %Y", "%Y-%m %H", "%Y\n%m", "")),
    *map(_refused, ("%Y-%y", "%F %H %p", "%F %I:%M", "%F %p", "%F %H %I %p", "%b %B %Y", "%Y%e", "%F%e", "%H:%M")),
    *map(_refused, ("%Y %3", "%Y-%m %f", "%a %Y", "%F %A %a", "%BMay %Y", "%dMar%B %Y", "%F %0f")),
    _refused("%F", two_digit_year_start=1950),
    _refused("%F", months=GERMAN),
    _refused("%d %B %Y", days=list("abcdefg")),
    _refused("iso8601", days=list("abcdefg")),
    _refused("%d %B %Y", months=[*GERMAN[:11], "MAI"]),
    _refused("%d %B %Y", months=[*GERMAN[:11], "12."]),
    _refused("%d %B %Y", months=[*GERMAN[:11], ""]),
    _refused("%Y", to="time"),
    _refused("%H:%M", to="date"),
    _refused("%H:%M", to="time", timezone="UTC"),
    _refused("iso8601", to="time", timezone="UTC"),
    _refused("%H:%M %z", to="time"),
    _refused("%Y-%m-%d %H:%M %z", timezone="Asia/Tokyo"),
    _refused("%Y-%m-%d %H", to="date"),
    _refused(PLAIN, "SKC125", timezone="EDT"),
)
