"""A few keys of each finding, with both values and times: the first by key, so that a report is always the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from skc.data.duckdb.connection import Database, engine_errors
from skc.ir import Input
from skc.skew.parity.comparing import CODES, Kind
from skc.skew.parity.tables import JOINED, each_part
from skc.skew.parts import EPOCH
from skc_runtime.kinds import DAY_US

SHOWN = 3  # of each kind in a column
KEYS_SHOWN = 5


@dataclass(frozen=True)
class Sample:
    """One pair of values as texts, null as None. Times are ISO 8601 in UTC; `stale_time` is that of the older row."""

    key: str
    offline: str | None
    online: str | None
    offline_time: str | None = None
    online_time: str | None = None
    stale_time: str | None = None


def samples_of(
    database: Database, columns: Sequence[tuple[int, Input]], kinds: Mapping[int, Mapping[Kind, int]], *, has_time: bool
) -> dict[int, dict[Kind, tuple[Sample, ...]]]:
    """By the number of a column and the kind of difference."""
    return {
        k: {
            kind: _samples(database, k, value, kind, has_time=has_time)
            for kind, count in kinds[k].items()
            if count and kind != "equal"
        }
        for k, value in columns
    }


def _samples(database: Database, k: int, value: Input, kind: Kind, *, has_time: bool) -> tuple[Sample, ...]:
    is_late = has_time and kind in ("stale", "within-lag")
    chosen = f"SELECT n, f, k, t FROM compared WHERE c{k} = {CODES[kind]} ORDER BY k, n LIMIT {SHOWN}"
    late = f"LEFT JOIN stale{k} AS s ON s.n = c.n" if is_late else ""
    online = f"n.u{k}" if kind == "unreadable" else f"n.v{k}"
    sql = (
        f"SELECT c.k, f.v{k}, {online}, c.t, n.t, {'s.t' if is_late else 'NULL'} FROM ({chosen}) AS c "
        f"JOIN online AS n ON n.rowid = c.n JOIN offline AS f ON f.rowid = c.f {late} ORDER BY c.k, c.n"
    )
    with engine_errors(JOINED):
        rows = database.execute(sql)
    return tuple(
        Sample(key, said(value, f), n if kind == "unreadable" else said(value, n), *map(instant, times))
        for key, f, n, *times in rows
    )


def keys_of(database: Database, one: str, other: str) -> tuple[str, ...]:
    """The first keys of one side that the other does not have."""
    keys = f"SELECT DISTINCT k FROM {one}_part WHERE k IS NOT NULL"
    sql = f"SELECT k FROM ({keys}) ANTI JOIN {other}_part USING (k) ORDER BY k LIMIT {KEYS_SHOWN}"
    with engine_errors(JOINED):
        first = [key for _ in each_part(database, one, other) for (key,) in database.execute(sql)]
    return tuple(sorted(first, key=str.encode)[:KEYS_SHOWN])


def said(value: Input, stored: Any) -> str | None:
    """A value as a report has it: a time in ISO 8601, a number with all its digits."""
    if stored is None:
        return None
    match value.dtype:
        case "timestamp":
            text = instant(stored) or ""
            return text if value.zone is None else text.removesuffix("Z")
        case "date":
            return (instant(stored * DAY_US) or "")[:10]
        case "time":
            return (instant(stored) or "")[11:].removesuffix("Z")
        case "bool":
            return str(stored).lower()
        case "string":
            return str(stored)
        case "float64" | "float32" | "int64":
            return repr(stored)


def instant(micros: int | None) -> str | None:
    """Microseconds since 1970 in ISO 8601; as a number beyond the years of the calendar."""
    if micros is None:
        return None
    try:
        moment = EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        return str(micros)
    return moment.isoformat().replace("+00:00", "Z")
