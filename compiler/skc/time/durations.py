"""Durations and instants as people write them: `10s`, `1.5h`, `5 ms`, `2025-11-30 08:00:00 UTC`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction

UNITS = {
    "us": 1,
    "ms": 1000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
    "w": 604_800_000_000,
}
LONGEST = 1 << 53  # microseconds, about 285 years
_WRITTEN = re.compile(r"([0-9]{1,18}(?:\.[0-9]{1,9})?)(us|ms|s|m|h|d|w)", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS = {"us": "µs", "m": "min"}
_SHOWN = ("d", "h", "m", "s", "ms")  # weeks are written, and not shown


def microseconds_of(text: str) -> int | None:
    """The whole microseconds of a duration, at least 1; None if the text is not one."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        return None
    exact = Fraction(written[1]) * UNITS[written[2]]
    return int(exact) if exact.denominator == 1 and 1 <= exact <= LONGEST else None


def duration_text(microseconds: float) -> str:
    """Three digits in the largest unit that it reaches: `2 h`, `5 min`, `350 ms`, `-1.5 s`."""
    unit = next((unit for unit in _SHOWN if abs(microseconds) >= UNITS[unit]), "us")
    value = f"{microseconds / UNITS[unit]:.3g}"
    amount = value if "e" not in value else f"{microseconds / UNITS[unit]:.0f}"
    return "0 s" if microseconds == 0 else f"{amount} {_WORDS.get(unit, unit)}"


def instant_text(microseconds: int) -> str:
    """Microseconds since 1970 as a time in UTC; as they are where no calendar has that year."""
    try:
        instant = _EPOCH + timedelta(microseconds=microseconds)
    except OverflowError:
        return f"{microseconds} µs"
    return f"{instant.replace(tzinfo=None).isoformat(' ')} UTC"
