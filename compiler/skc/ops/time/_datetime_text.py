"""The reference for dates and times as text: a regular expression, `datetime` and `zoneinfo` of the standard
library, one text at a time; and the inverse, which produces texts for tests. Shares nothing with
`skc.emit.datetime`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache, partial
from importlib.resources import files
from itertools import product
from typing import assert_never
from zoneinfo import ZoneInfo

from skc.time.format import Directive, Format, Letter
from skc_runtime.kinds import TIMESTAMP_MAX, TIMESTAMP_MIN

EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
_WIDTHS = {
    "Y": (4, 4),
    "m": (1, 2),
    "d": (1, 2),
    "H": (1, 2),
    "M": (1, 2),
    "S": (1, 2),
    "f": (1, 6),
    "j": (1, 3),
}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_ISO_DATE = r"(?P<Y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"
_ISO_TIME = r"[T ](?P<H>\d\d):(?P<M>\d\d)(:(?P<S>\d\d)([.](?P<f>\d{1,6}))?)?(?P<z>Z|[+-]\d\d(:?\d\d)?)?"


@dataclass(frozen=True)
class Reader:
    """How to parse text: `layout` is None for ISO 8601; the policies are those of `parse_datetime`."""

    layout: Format | None
    zone: ZoneInfo
    ambiguous: str
    nonexistent: str
    has_time: bool


@cache
def zone_of(name: str) -> ZoneInfo:
    """From the tzdata package, never from the system."""
    with files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=name)


def _text_pattern(reader: Reader) -> re.Pattern[str]:
    if reader.layout is None:
        return re.compile(f"{_ISO_DATE}({_ISO_TIME})?" if reader.has_time else _ISO_DATE, re.ASCII)
    return re.compile("".join(_piece_pattern(piece) for piece in reader.layout.pieces), re.ASCII)


def _piece_pattern(piece: Directive | str) -> str:
    if isinstance(piece, str):
        return re.escape(piece)
    if piece.letter == "b":
        return "(?P<b>[A-Za-z]{3})"
    if piece.letter == "z":
        return r"(?P<z>Z|[+-]\d\d:?\d\d)"
    low, high = _WIDTHS[piece.letter]
    return rf"(?P<{piece.letter}>\d{{{high if piece.is_full else low},{high}}})"


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
        local, offset = _date(fields) + _time(fields), _offset(fields.get("z"))
    except (ValueError, OverflowError):
        return 0, "invalid-value"
    if not reader.has_time:
        return (local - EPOCH).days, ""
    instant, problem = (local - EPOCH) // MICROSECOND, ""
    if offset is None:
        instant, problem = _instant(local, reader)
    else:
        instant -= offset // MICROSECOND
    if not TIMESTAMP_MIN <= instant <= TIMESTAMP_MAX:
        return 0, "invalid-value"
    return instant, problem


def _date(fields: dict[str, str]) -> datetime:
    year, month = int(fields["Y"]), int(fields.get("m", 1))
    if "b" in fields:
        month = _MONTHS.index(fields["b"].lower()) + 1
    day = date(year, month, int(fields.get("d", 1))) + timedelta(int(fields.get("j", 1)) - 1)
    if day.year != year:
        raise ValueError(f"year {year} has no day {fields['j']}")
    return datetime(day.year, day.month, day.day)


def _time(fields: dict[str, str]) -> timedelta:
    hour, minute, second = (int(fields.get(part, 0)) for part in "HMS")
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError(f"no time of the day: {hour}:{minute}:{second}")
    return timedelta(hours=hour, minutes=minute, seconds=second, microseconds=int(fields.get("f", "0").ljust(6, "0")))


def _offset(text: str | None) -> timedelta | None:
    if text is None or text == "Z":
        return None if text is None else timedelta(0)
    hours, minutes = int(text[1:3]), int(text[3:].removeprefix(":") or 0)
    if hours > 23 or minutes > 59:
        raise ValueError(f"no offset: {text}")
    return timedelta(hours=hours, minutes=minutes) * (-1 if text[0] == "-" else 1)


def _instant(local: datetime, reader: Reader) -> tuple[int, str]:
    """PEP 495: the offsets with fold 0 and 1 differ if a local time occurs twice (the first is greater) or is skipped
    (the first is less).
    """
    first, second = (_utc_offset(local.replace(tzinfo=reader.zone, fold=fold)) for fold in (0, 1))
    wall = (local - EPOCH) // MICROSECOND
    if first > second:
        problem = "" if reader.ambiguous in ("earliest", "latest") else "ambiguous-time"
        return wall - (second if reader.ambiguous == "latest" else first), problem
    if first < second:
        problem = "" if reader.nonexistent == "shift_forward" else "nonexistent-time"
        return _jump(reader.zone, wall - second, wall - first), problem
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


def write_with(layout: Format | None, *, has_time: bool) -> Callable[[datetime], str]:
    """A function that writes a local time as text, without parts that the format lacks. `%z` is written Z."""
    if layout is None:
        return datetime.isoformat if has_time else lambda local: local.date().isoformat()
    pieces = (
        _template(p.letter) if isinstance(p, Directive) else re.sub("[{}]", r"\g<0>\g<0>", p) for p in layout.pieces
    )
    template = "".join(pieces)
    return lambda local: template.format(local, _MONTHS[local.month - 1].capitalize())


def _template(letter: Letter) -> str:
    """For `str.format` of a local time and the name of its month."""
    match letter:
        case "Y":
            return "{0.year:04}"
        case "m":
            return "{0.month:02}"
        case "d":
            return "{0.day:02}"
        case "H":
            return "{0.hour:02}"
        case "M":
            return "{0.minute:02}"
        case "S":
            return "{0.second:02}"
        case "f":
            return "{0.microsecond:06}"
        case "j":
            return "{0:%j}"
        case "b":
            return "{1}"
        case "z":
            return "Z"
        case _:
            assert_never(letter)


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
FAR_OFFSETS = ("+23:59", "+00:01", "-00:01", "-23:59")  # which move the first and last times out of the years 1 to 9999
OFFSETS = ("+0000", "-00:00", "+23:59", "-2359", "+2400", "+0060", "+05", "+5:30", "+053015", "z", "UTC")


def written_offsets() -> list[str]:
    """Every offset of whole minutes below a day, with and without a colon."""
    clock = [(hour, minute) for hour in range(24) for minute in range(60)]
    return [f"{sign}{hour:02}{colon}{minute:02}" for sign in "+-" for colon in (":", "") for hour, minute in clock]


def written_months() -> list[str]:
    """The abbreviation of every month, in every combination of upper and lower case."""
    return ["".join(letters) for month in _MONTHS for letters in product(*((c, c.upper()) for c in month))]


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
