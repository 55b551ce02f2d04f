"""Times of rows as microseconds since 1970, however they are stored, and the ages of values.

A column of times holds timestamps, dates, microseconds since 1970 or texts in ISO 8601.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skc.data.engine import Column
from skc.diagnostics import fail
from skc_runtime.errors import shown
from skc_runtime.kinds import Array

TIMED = ("timestamp", "date", "int64", "string")
FURTHEST = (1 << 62) - 1  # microseconds from 1970, in which every difference is an int64
OFFSET = r"[0-9][T ][0-9].*(Z|[+-][0-9]{2}(:?[0-9]{2})?)$"  # of a time in ISO 8601
HINT = "name a column of timestamps, dates, microseconds since 1970 or texts in ISO 8601"


def check_timed(column: Column) -> None:
    """Raises SKC623 for a column of another type."""
    if column.dtype not in TIMED:
        raise fail("SKC623", f"{column.label} is {column.dtype}, and holds no times", span=column.span, hint=HINT)


def read_times(texts: pa.Array, column: Column) -> pa.Array:
    """Texts in ISO 8601 as microseconds; those without an offset are taken to be in UTC. Raises SKC623."""
    times = _times(texts)
    if times is None:
        first = next(text for text in texts.to_pylist() if text is not None and _times(pa.array([text])) is None)
        raise fail("SKC623", f"{column.label} does not hold times: {shown(first)}", hint=HINT)
    return times


def are_times(values: pa.Array, column: Column) -> Array:
    """Which values can be read as times, or are null: bool [N]."""
    texts = _without_empty(values) if column.dtype == "string" else values
    if column.dtype != "string" or _times(texts) is not None:
        return np.ones(len(values), bool)
    return np.array([text is None or _times(pa.array([text])) is not None for text in texts.to_pylist()], bool)


def _times(texts: pa.Array) -> pa.Array | None:
    """Each text by itself, with or without an offset: what else is in a batch does not matter. None if one is not a
    time.
    """
    has_offset = pc.match_substring_regex(texts, OFFSET)
    try:
        local = pc.cast(pc.if_else(has_offset, None, texts), pa.timestamp("us")).cast(pa.int64())
        return pc.coalesce(
            local, pc.cast(pc.if_else(has_offset, texts, None), pa.timestamp("us", "UTC")).cast(pa.int64())
        )
    except pa.ArrowException:
        return None


def microseconds(values: pa.Array, column: Column) -> tuple[Array, Array]:
    """Microseconds since 1970 (0 for null), int64 [N], and which are there, bool [N]. An empty field of a file of text
    is not a time. Raises SKC623.
    """
    times = read_times(_without_empty(values), column) if column.dtype == "string" else values
    there: Array = times.is_valid().to_numpy(zero_copy_only=False)
    counts: Array = times.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    sentinels = [value for value in column.null_values if isinstance(value, int)]
    if sentinels:
        there = there & ~np.isin(counts, sentinels)
    return counts * (column.kind.tick_us or 1), there


def _without_empty(texts: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(texts, ""), None, texts)


def ages_of(values: Array, events: Array) -> Array:
    """Event minus value, in microseconds; times so far apart that no int64 holds that are moved towards 1970."""
    ages: Array = np.clip(events, -FURTHEST, FURTHEST) - np.clip(values, -FURTHEST, FURTHEST)
    return ages
