"""Time zones as tables: every change of a zone's offset in the years 1 to 9999, from the `tzdata` package only.

Why the package: the system's files differ between machines and change with updates; the version of the package
(`TZDATA_VERSION`) is recorded in the manifest. Why our own parser: the reference uses `zoneinfo`, so that an error in
either shows.

Why 400 years: after the last change that a file lists, its rule ("second Sunday in March") repeats with the Gregorian
calendar, every 146,097 days. The table contains one cycle; a later instant is shifted back by whole cycles.

Sources: RFC 8536 (TZif), POSIX.1 TZ strings.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Literal

import numpy as np
import tzdata

from skc.diagnostics import bug, did_you_mean, fail
from skc_runtime.kinds import DAY_US, TIMESTAMP_MAX, TIMESTAMP_MIN, Array

# The meaning of a local time that occurs twice, and of one that is skipped.
Ambiguous = Literal["earliest", "latest", "null", "error"]
Nonexistent = Literal["shift_forward", "null", "error"]

TZDATA_VERSION: str = tzdata.IANA_VERSION
SECOND_US = 1_000_000
CYCLE_US = 146_097 * DAY_US
BUCKET_US = 1 << 42  # 51 days: few zones change twice within one
FOREVER = np.iinfo(np.int64).max
_EPOCH_DAY = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class Zone:
    """The offsets of a zone from UTC, in microseconds: `offsets[i]` holds from `changes[i - 1]` to before
    `changes[i]`.

    Adjacent offsets differ. From `cycle_from` on, everything repeats every 400 years, and `changes` contains one such
    cycle; None if the last offset is permanent.
    """

    name: str
    changes: tuple[int, ...]
    offsets: tuple[int, ...]
    cycle_from: int | None

    @property
    def is_fixed(self) -> bool:
        return not self.changes


@dataclass(frozen=True)
class WallClock:
    """What the local time of a zone can mean: piece i holds from `breaks[i - 1]` to before `breaks[i]`, in local
    microseconds.

    `before[i]` and `after[i]` are the offsets on either side of the change the piece belongs to. They are equal on an
    ordinary piece; `before` > `after` if local times occur twice; `before` < `after` if they are skipped, and then
    `change[i]` is the instant of the jump.
    """

    breaks: tuple[int, ...]
    before: tuple[int, ...]
    after: tuple[int, ...]
    change: tuple[int, ...]


@dataclass(frozen=True)
class Steps:
    """Finds the piece that contains an instant in constant time: a bucket, then at most `probes` comparisons.

    `first[b]` is the number of breaks at or before the start of bucket b; bucket 0 starts at `base`. `breaks`
    ends in padding that is never reached.
    """

    base: int
    first: Array  # int64 [B]
    breaks: Array  # int64 [S + probes]
    probes: int


@cache
def zone_names() -> frozenset[str]:
    """All zone names in the tzdata package."""
    listed = files("tzdata").joinpath("zones").read_text(encoding="utf-8")
    return frozenset(line.strip() for line in listed.splitlines() if line.strip())


def zone_bytes(name: str) -> bytes:
    """The TZif file of a zone. Raises SKC125 for an unknown name."""
    if name not in zone_names():
        near = did_you_mean(name, sorted(zone_names()))
        hint = near or "use an IANA name such as `Europe/London`"
        raise fail("SKC125", f"`{name}` is not a time zone of tzdata {TZDATA_VERSION}", hint=hint)
    return files("tzdata.zoneinfo").joinpath(*name.split("/")).read_bytes()


@cache
def load_zone(name: str) -> Zone:
    """The table of a zone. Raises SKC125 for an unknown name."""
    start, listed, footer = _read_tzif(zone_bytes(name))
    rule = _read_rule(footer)
    cycle_from = None
    if rule is not None:
        if not listed or listed[-1][0] - listed[0][0] > CYCLE_US // SECOND_US // 2:
            raise bug(f"the history of zone {name} is empty, or longer than 200 years")
        last = listed[-1][0]
        year = datetime.fromtimestamp(last, UTC).year
        cycle_from = _midnight(year + 2, 1, 1) * SECOND_US
        years = range(year - 1, year + 403)
        listed += sorted(change for y in years for change in rule.changes(y) if change[0] > last)
    changes, offsets = [], [start]
    for instant, offset in listed:
        if offset != offsets[-1]:
            changes.append(instant * SECOND_US)
            offsets.append(offset)
    return Zone(name, tuple(changes), tuple(offset * SECOND_US for offset in offsets), cycle_from)


def _read_tzif(data: bytes) -> tuple[int, list[tuple[int, int]], str]:
    """The first offset, the changes (instant, new offset) in seconds, and the footer, from the 64-bit part."""

    def header(offset: int) -> tuple[int, ...]:
        if data[offset : offset + 4] != b"TZif" or data[offset + 4 : offset + 5] < b"2":
            raise bug("a time zone file is not TZif version 2 or later")
        return struct.unpack_from(">6l", data, offset + 20)

    isut, isstd, leaps, times, types, chars = header(0)
    offset = 44 + times * 5 + types * 6 + chars + leaps * 8 + isstd + isut  # skip the 32-bit part
    isut, isstd, leaps, times, types, chars = header(offset)
    offset += 44
    instants = struct.unpack_from(f">{times}q", data, offset)
    kinds = data[offset + 8 * times : offset + 9 * times]
    offset += 9 * times
    offsets = [struct.unpack_from(">lBB", data, offset + 6 * i)[0] for i in range(types)]
    footer = data[offset + 6 * types + chars + 12 * leaps + isstd + isut :].strip().decode("ascii")
    return offsets[0], [(t, offsets[kind]) for t, kind in zip(instants, kinds, strict=True)], footer


@dataclass(frozen=True)
class _Rule:
    """A yearly rule: daylight time begins and ends on the w-th weekday d of month m (w 5: the last), at a
    local second.
    """

    standard: int
    daylight: int
    begin: tuple[int, int, int, int]
    end: tuple[int, int, int, int]

    def changes(self, year: int) -> list[tuple[int, int]]:
        begin = _rule_second(year, self.begin) - self.standard
        end = _rule_second(year, self.end) - self.daylight
        return [(begin, self.daylight), (end, self.standard)]


def _read_rule(footer: str) -> _Rule | None:
    """The rule of a POSIX TZ string, in the form that tzdata uses; None without daylight saving time."""
    name, offset = r"(?:<[^>]+>|[A-Za-z]+)", r"[+-]?[0-9:]+"
    day = r"M(\d+)\.(\d)\.(\d)(?:/([+-]?[0-9:]+))?"
    match = re.fullmatch(f"{name}({offset})(?:{name}({offset})?,{day},{day})?", footer)
    if match is None:
        raise bug(f"a time zone rule of unknown form: `{footer}`")
    standard, daylight, *days = match.groups()
    if days[0] is None:
        return None
    base = -_seconds(standard)
    begin, end = ((int(m), int(w), int(d), _seconds(at or "2")) for m, w, d, at in (days[:4], days[4:]))
    return _Rule(base, base + 3600 if daylight is None else -_seconds(daylight), begin, end)


def _seconds(text: str) -> int:
    fields = [int(field) for field in text.lstrip("+-").split(":")]
    total = sum(field * scale for field, scale in zip(fields, (3600, 60, 1), strict=False))
    return -total if text.startswith("-") else total


def _rule_second(year: int, rule: tuple[int, int, int, int]) -> int:
    month, week, weekday, second = rule
    first = date(year, month, 1)
    day = 1 + (weekday - first.isoweekday()) % 7 + 7 * (week - 1)
    following = date(year + month // 12, month % 12 + 1, 1)
    while day > (following - first).days:
        day -= 7
    return _midnight(year, month, day) + second


def _midnight(year: int, month: int, day: int) -> int:
    return (date(year, month, day).toordinal() - _EPOCH_DAY) * 86_400


def wall_clock(zone: Zone) -> WallClock:
    """The pieces of a zone's local time. A change from a to b at t makes the piece from t + min(a, b) to t +
    max(a, b).
    """
    breaks: list[int] = []
    before, after, change = [zone.offsets[0]], [zone.offsets[0]], [0]
    for t, a, b in zip(zone.changes, zone.offsets, zone.offsets[1:], strict=False):
        breaks += [t + min(a, b), t + max(a, b)]
        before += [a, b]
        after += [b, b]
        change += [t, 0]
    if breaks != sorted(breaks):
        raise bug(f"changes of zone {zone.name} overlap")
    return WallClock(tuple(breaks), tuple(before), tuple(after), tuple(change))


def step_table(breaks: Sequence[int]) -> Steps:
    """The buckets over ascending breaks, at least one."""
    base = breaks[0] - 1
    starts = range(base, breaks[-1] + BUCKET_US, BUCKET_US)
    first = [bisect_right(breaks, start) for start in starts]
    probes = max(b - a for a, b in zip(first, [*first[1:], len(breaks)], strict=True))
    padded = np.array([*breaks, *[FOREVER] * probes], dtype=np.int64)
    return Steps(base, np.array(first, dtype=np.int64), padded, probes)


def transitions(zone: Zone) -> list[int]:
    """Every change in the table of a zone, and some of the later ones."""
    return [*(t for t in zone.changes if t >= TIMESTAMP_MIN), *later_transitions(zone)]


def later_transitions(zone: Zone) -> list[int]:
    """Changes after the table: the first and last of its cycle, shifted by one and by eighteen cycles (years 2400 to
    9999).
    """
    if zone.cycle_from is None:
        return []
    cycle = [t for t in zone.changes if t >= zone.cycle_from]
    later = [t + k * CYCLE_US for t in (*cycle[:2], *cycle[-2:]) for k in (1, 18)]
    return [t for t in later if t <= TIMESTAMP_MAX]
