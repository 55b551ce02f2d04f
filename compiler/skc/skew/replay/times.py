"""Points in time on the command line and in reports."""

from __future__ import annotations

import datetime
import re

from skc.diagnostics import fail

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
MICROSECONDS = re.compile(r"\d{1,18}", re.ASCII)


def read_time(option: str, text: object) -> int | None:
    """Microseconds since 1970 UTC: written like that, a day, or a time with its zone. Raises SKC140."""
    if text is None:
        return None
    from skc_runtime import iso_time  # it imports NumPy, which `skc --help` does not need
    from skc_runtime.errors import RecordError
    from skc_runtime.kinds import DAY_US

    written = str(text)
    try:
        if MICROSECONDS.fullmatch(written):
            return int(written)
        if DATE.fullmatch(written):
            return iso_time.read_day(written) * DAY_US
        return iso_time.read_instant(written)
    except RecordError:
        hint = "give a day of UTC, or a time with its zone, such as 2025-11-10 or 2025-11-10T08:00:00Z"
        raise fail("SKC140", f"`{option}` is {text!r}", hint=hint) from None


def time_text(microseconds: int) -> str:
    """A point in time for people."""
    try:
        return (EPOCH + datetime.timedelta(microseconds=microseconds)).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError):
        return f"{microseconds} µs"
