"""The reference for dates and times as text: a regular expression, `datetime` and `zoneinfo` of the standard
library, one text at a time; and the inverse, which produces texts for tests. Shares nothing with
`skc.emit.datetime`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache, partial
from importlib.resources import files
from typing import assert_never
from unicodedata import normalize
from zoneinfo import ZoneInfo

from skc.time.format import Directive, Format
from skc.time.zones import CYCLE_US
from skc_runtime.kinds import TIMESTAMP_MAX, TIMESTAMP_MIN

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
_ISO_DATE = "(?P<Y>[0-9]{4})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})"
_ISO_CLOCK = "(?P<H>[0-9]{2}):(?P<M>[0-9]{2})(:(?P<S>[0-9]{2})([.](?P<f>[0-9]{1,9}))?)?"
_ISO_ZONE = "(?P<z>Z|[+-][0-9]{2}(:?[0-9]{2})?)"


@dataclass(frozen=True)
class Reader:
    """How to parse text: `layout` is None for ISO 8601; the policies are those of `parse_datetime`."""

    layout: Format | None
    zone: ZoneInfo
    ambiguous: str
    nonexistent: str
    to: str


@cache
def zone_of(name: str) -> ZoneInfo:
    """From the tzdata package, never from the system."""
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def local_time(instant: int, zone: ZoneInfo) -> tuple[datetime, int]:
    """The local time of an instant, shifted by so many times 400 years toward the middle of the years 1 to 9999, which
    are all that Python has: near either end. The calendar, with its weekdays, repeats every 400 years, and so does a
    zone's rule; before the 19th century, zones had one offset.
    """
    cycles = 1 if instant < TIMESTAMP_MIN + CYCLE_US else -1 if instant > TIMESTAMP_MAX - CYCLE_US else 0
    moment = EPOCH + timedelta(microseconds=instant + cycles * CYCLE_US)
    return moment.replace(tzinfo=UTC).astimezone(zone), cycles


def _text_pattern(reader: Reader) -> re.Pattern[str]:
    if reader.layout is None:
        texts = {"date": _ISO_DATE, "time": _ISO_CLOCK, "timestamp": f"{_ISO_DATE}([T ]{_ISO_CLOCK}{_ISO_ZONE}?)?"}
        return re.compile(texts[reader.to])
    return re.compile("".join(_piece_pattern(piece) for piece in reader.layout.pieces))


def _piece_pattern(piece: Directive | str) -> str:
    if isinstance(piece, str):
        return re.escape(piece)
    if piece.names:
        return f"(?P<{piece.letter}>(?i:{'|'.join(map(re.escape, piece.names))}))"
    if piece.letter in "pz":
        return "(?P<p>(?i:am|pm))" if piece.letter == "p" else "(?P<z>Z|[+-][0-9]{2}:?[0-9]{2})"
    digits = f"[0-9]{{{piece.least},{piece.most}}}"
    return f"(?P<{piece.letter}>{digits}{'| [0-9]' if piece.is_padded else ''})"


@lru_cache(maxsize=8)
def read_with(reader: Reader) -> Callable[[str], tuple[int, str]]:
    """A function that gives the value of a text, and an error code, "" if the text is valid."""
    read = partial(_read, reader, _text_pattern(reader))
    return lru_cache(maxsize=1 << 16)(read)  # verification parses the same texts repeatedly


def _read(reader: Reader, pattern: re.Pattern[str], text: str) -> tuple[int, str]:
    match = pattern.fullmatch(text)
    if match is None:
        return 0, "invalid-value"
    fields = {name: part for name, part in match.groupdict().items() if part is not None}
    try:
        day, time, offset = _date(reader, fields), _time(fields), _offset(fields.get("z"))
        local = datetime(day.year, day.month, day.day) + time
    except (ValueError, OverflowError):
        return 0, "invalid-value"
    if reader.to == "date":
        return (local - EPOCH).days, ""
    if reader.to == "time":
        return time // MICROSECOND, ""
    instant, problem = (local - EPOCH) // MICROSECOND, ""
    if offset is None:
        instant, problem = instant_of(local, reader.zone, reader.ambiguous, reader.nonexistent)
    else:
        instant -= offset // MICROSECOND
    if not TIMESTAMP_MIN <= instant <= TIMESTAMP_MAX:
        return 0, "invalid-value"
    return instant, problem


def _date(reader: Reader, fields: dict[str, str]) -> date:
    year, month = _year(reader.layout, fields), int(fields.get("m", 1))
    if reader.layout is not None and "b" in fields:
        month = _place(fields["b"], reader.layout.names("b")) + 1
    if reader.layout is not None and "a" in fields:
        _place(fields["a"], reader.layout.names("a"))
    day = date(year, month, int(fields.get("d", 1))) + timedelta(int(fields.get("j", 1)) - 1)
    if day.year != year:
        raise ValueError(f"year {year} has no day {fields['j']}")
    return day


def _year(layout: Format | None, fields: dict[str, str]) -> int:
    """Of two digits, the first year that they can mean and that ends in them."""
    if layout is None or "y" not in fields:
        return int(fields.get("Y", EPOCH.year))
    start = layout.two_digit_year_start
    return next(year for year in range(start, start + 100) if f"{year:04}"[2:] == fields["y"])


def _place(text: str, names: tuple[str, ...]) -> int:
    """The index of the name that a text is, each letter as it is, in lower or in upper case."""
    for i, name in enumerate(names):
        letters = [(c, c.lower(), c.upper()) for c in name]
        if len(text) == len(name) and all(c in allowed for c, allowed in zip(text, letters, strict=True)):
            return i
    raise ValueError(f"not a name: {text}")


def _time(fields: dict[str, str]) -> timedelta:
    hour, minute, second = (int(fields.get(part, 0)) for part in "HMS")
    if "I" in fields:
        hour = _hour(int(fields["I"]), fields["p"].upper())
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"no time of the day: {hour}:{minute}:{second}")
    fraction = int(fields.get("f", "0")[:6].ljust(6, "0"))
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=fraction)


def _hour(hour: int, half: str) -> int:
    """12 AM is midnight, 12 PM noon."""
    if not 1 <= hour <= 12:
        raise ValueError(f"no hour of half a day: {hour}")
    if hour == 12:
        return 0 if half == "AM" else 12
    return hour if half == "AM" else hour + 12


def _offset(text: str | None) -> timedelta | None:
    if text is None or text == "Z":
        return None if text is None else timedelta(0)
    hours, minutes = int(text[1:3]), int(text[3:].removeprefix(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"no offset: {text}")
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)


def instant_of(local: datetime, zone: ZoneInfo, ambiguous: str, nonexistent: str) -> tuple[int, str]:
    """The instant of a local time, and a code if a policy of null or error applies.

    PEP 495: the offsets with fold 0 and 1 differ if a local time occurs twice (the first is greater) or is skipped
    (the first is less).
    """
    first, second = (_utc_offset(local.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    wall = (local - EPOCH) // MICROSECOND
    if first > second:
        problem = "" if ambiguous in ("earliest", "latest") else "ambiguous-time"
        return wall - (second if ambiguous == "latest" else first), problem
    if first < second:
        problem = "" if nonexistent == "shift_forward" else "nonexistent-time"
        return _jump(zone, wall - second, wall - first), problem
    return wall - first, ""


def _utc_offset(moment: datetime) -> int:
    offset = moment.utcoffset()
    return 0 if offset is None else offset // MICROSECOND


def _jump(zone: ZoneInfo, before: int, after: int) -> int:
    """The first microsecond after `before`, and not after `after`, with another offset than `before`."""

    def offset_at(instant: int) -> int:
        return _utc_offset((EPOCH + instant * MICROSECOND).replace(tzinfo=UTC).astimezone(zone))

    start = offset_at(before)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (middle, after) if offset_at(middle) == start else (before, middle)
    return after


def write_with(layout: Format | None, to: str) -> Callable[[datetime], str]:
    """A function that writes a local time as text, without parts that the format lacks. `%z` is written Z."""
    if layout is None:
        parts: dict[str, Callable[[datetime], str]] = {
            "timestamp": datetime.isoformat,
            "date": lambda local: local.date().isoformat(),
            "time": lambda local: local.time().isoformat(),
        }
        return parts[to]
    pieces = layout.pieces
    return lambda local: "".join(_written(p, local) if isinstance(p, Directive) else p for p in pieces)


def _written(piece: Directive, local: datetime) -> str:
    match piece.letter:
        case "Y":
            return f"{local.year:04}"
        case "y":
            return f"{local.year % 100:02}"
        case "m":
            return f"{local.month:02}"
        case "d":
            return f"{local.day:2}" if piece.is_padded else f"{local.day:02}"
        case "H":
            return f"{local.hour:02}"
        case "I":
            return f"{local.hour % 12 or 12:02}"
        case "M":
            return f"{local.minute:02}"
        case "S":
            return f"{local.second:02}"
        case "f":
            digits = piece.most if piece.is_full else 6
            return f"{local.microsecond:06}".ljust(digits, "0")[:digits]
        case "p":
            return "AM" if local.hour < 12 else "PM"
        case "j":
            return f"{local:%j}"
        case "b":
            return piece.names[local.month - 1]
        case "a":
            return piece.names[local.weekday()]
        case "z":
            return "Z"
        case _:
            assert_never(piece.letter)


# Continuations of an ISO 8601 date, and of a text that ends with %z, valid and invalid.
# fmt: off
ISO_TAILS = (
    "T00:00", "T23:59:60", "T24:00", "T12", "T1:00", "T12:00:00.",
    "T12:00:00.1234567", "T12:00.5", "T12:00:00,5", "T12:00Z", "T12:00:00.5Z", "T12:00+05",
    "T12:00-05:30", "T12:00:00.000001+0530", "T12:00z", "t12:00", "T12:00+24", "T12:00+5",
    "T12:00+05:60", "T12:00+05:30:15", "Z", "+05:30", "~", "T12:00~",
    "T12:00:00~", " 23:59:59", "  12:00", "T12:00 Z", " ", "T",
)
# fmt: on
# Other ways to write a part of a text, valid and invalid.
HALVES = ("AM", "PM", "am", "pM", "Pm", "A", "P", "M", "A.M.", "BM", "a\u043c", " AM", "AMM", "")
HOURS = ("0", "00", "1", "01", "9", "11", "12", "13", "012", " 1", "")
DAYS_OF_MONTH = ("0", "00", "3", "03", " 3", "  3", " 0", "003", "29", "30", "31", "32", " 31", "\t3", "")
FRACTIONS = (*("1234567891"[:digits] for digits in range(11)), "000000000", "999999999", "0000009", "1e3")
FAR_OFFSETS = ("+23:59", "+00:01", "-00:01", "-23:59")  # which move the first and last times out of the years 1 to 9999
OFFSETS = ("+0000", "-00:00", "+23:59", "-2359", "+2400", "+0060", "+05", "+5:30", "+053015", "z", "UTC")


def written_offsets() -> list[str]:
    """Every offset of whole minutes below a day, with and without a colon."""
    clock = [(hour, minute) for hour in range(24) for minute in range(60)]
    return [f"{sign}{hour:02}{colon}{minute:02}" for sign in "+-" for colon in (":", "") for hour, minute in clock]


def written_names(names: Sequence[str]) -> list[str]:
    """Every name in upper, lower and mixed case, and near misses of it: shorter, longer, with other letters."""
    texts: list[str] = []
    for name in names:
        mixed = "".join((str.upper if i % 2 else str.lower)(c) for i, c in enumerate(name))
        texts += [name, name.upper(), name.lower(), name.title(), mixed, mixed.swapcase(), name.casefold()]
        texts += [name[:3], name[:4], name[:-1], name[1:], f"{name}.", f" {name}", name + name[-1:], name[0]]
        texts += [normalize("NFD", name), name.replace("s", "\u017f"), name.replace("i", "\u0131"), f"{name}\u0301"]
    return [*dict.fromkeys(texts)]


def near_misses(right: str) -> list[str]:
    """Near misses of a valid text: shorter, longer, with other blanks, letters, digits and separators."""
    changes = (
        "0\u0660",
        "2\uff12",
        "10",
        "32",
        "-/",
        " T",
        "T ",
        ".,",
    )  # each is a character and its replacement
    texts = [
        right,
        "",
        right[:-1],
        right[1:],
        f"{right}0",
        f"{right} ",
        f" {right}",
        f"x{right}",
        f"{right}\n",
    ]
    texts += [right.lower(), right.upper(), right.replace(":", ""), right.replace("01", "1")]
    texts += [right.replace(change[0], change[1]) for change in changes]
    damaged = [right[:i] + c + right[i + 1 :] for i in range(len(right)) for c in ("0", "9", "6", " ")]
    return texts + damaged
