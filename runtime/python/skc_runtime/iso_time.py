"""Read a date, a time or an instant from ISO 8601 text, in the one form that requests and files have, or refuse it.

    date        YYYY-MM-DD
    time        HH:MM or HH:MM:SS or HH:MM:SS.f with 1 to 9 digits
    timestamp   YYYY-MM-DD, `T` or a blank, a time, and an offset: Z, ±HH:MM, ±HHMM or ±HH
    local time  a timestamp without an offset, for an input with a `timezone`

Why one form: parsers of ISO 8601 differ in what they accept, and guess what is missing. Years are 0001 to 9999. Hour
24, second 60, lower-case `t` and `z`, blanks around the text and digits of other scripts are refused. A text without an
offset does not identify an instant; `-00:00` is UTC. Digits of a fraction after the sixth must be zeros.
`schemas/marshalling.v1.json` has a line for each of these, for every language.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence

from skc_runtime.errors import RecordError, shown
from skc_runtime.kinds import DAY_US

EPOCH_DAY = datetime.date(1970, 1, 1).toordinal()

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:\.([0-9]{1,9}))?)?")
_TIME = re.compile(_DAY.pattern + "[T ]" + _CLOCK.pattern + r"(?:(Z)|([+-](?:[01][0-9]|2[0-3]))(?::?([0-5][0-9]))?)?")
_INSTANT_HINT = "ISO 8601 with an offset, such as 2024-05-01T12:00:00Z or 2024-05-01T14:00:00.5+02:00"
_LOCAL_HINT = "ISO 8601 without an offset, such as 2024-05-01T12:00:00"
AWARE = "send the time that the clock shows in the time zone of the input, without zone or offset"
_DAY_HINT = "ISO 8601, such as 2024-05-01"
_CLOCK_HINT = "ISO 8601 without an offset, such as 17:30 or 17:30:00.5"


def read_day(text: str) -> int:
    """int64 days since 1970. Raises RecordError `invalid-value`."""
    match = _DAY.fullmatch(text)
    day = None if match is None else _day_number(match)
    if day is None:
        raise _invalid(text, "a date", _DAY_HINT)
    return day


def read_clock(text: str) -> int:
    """int64 microseconds since midnight. Raises RecordError: `invalid-value`, `not-exact`."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        raise _invalid(text, "a time", _CLOCK_HINT)
    return _time_of_day(match.groups(), text)


def read_instant(text: str) -> int:
    """int64 microseconds since 1970 UTC. Raises RecordError: `invalid-value`, `naive-datetime`, `not-exact`."""
    match, wall = _wall_clock(text, "a timestamp", _INSTANT_HINT)
    utc, hours, minutes = match.group(8, 9, 10)
    if utc is None and hours is None:
        message = f"{shown(text)} has no offset, so it does not identify an instant"
        raise RecordError("naive-datetime", message, hint="append Z for UTC, or the offset that is meant")
    offset = 0 if utc else int(hours) * 60 + int(hours[0] + (minutes or "0"))
    return wall - offset * 60_000_000


def read_local(text: str) -> int:
    """int64 microseconds since 1970-01-01T00:00:00 of the local time. Raises RecordError: `invalid-value`,
    `aware-datetime`, `not-exact`.
    """
    match, wall = _wall_clock(text, "a local time", _LOCAL_HINT)
    if match.group(8) or match.group(9):
        raise RecordError("aware-datetime", f"{shown(text)} has an offset, but the input is a local time", hint=AWARE)
    return wall


def _wall_clock(text: str, expected: str, hint: str) -> tuple[re.Match[str], int]:
    """The parts of a text, and its microseconds without the offset."""
    match = _TIME.fullmatch(text)
    day = None if match is None else _day_number(match)
    if match is None or day is None:
        raise _invalid(text, expected, hint)
    return match, day * DAY_US + _time_of_day(match.group(4, 5, 6, 7), text)


def _day_number(match: re.Match[str]) -> int | None:
    year, month, day = map(int, match.group(1, 2, 3))
    try:
        return datetime.date(year, month, day).toordinal() - EPOCH_DAY
    except ValueError:
        return None


def _time_of_day(parts: Sequence[str | None], text: str) -> int:
    hour, minute, second, fraction = parts
    nanoseconds = int((fraction or "0").ljust(9, "0"))
    if nanoseconds % 1000:
        message = f"{shown(text)} is not exact as microseconds"
        raise RecordError("not-exact", message, hint="round it first, the way you intend")
    return ((int(hour or "0") * 60 + int(minute or "0")) * 60 + int(second or "0")) * 1_000_000 + nanoseconds // 1000


def _invalid(text: str, expected: str, hint: str) -> RecordError:
    return RecordError("invalid-value", f"{shown(text)} is not {expected}", hint=hint)
