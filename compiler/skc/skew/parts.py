"""Windows of time and groups, into which the rows of serving are divided while they are counted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from skc.data.engine import Column
from skc.data.instants import read_times
from skc.diagnostics import fail
from skc.time.durations import UNITS
from skc.values.types import Scalar
from skc.verification.shown import shown
from skc_runtime.kinds import Array

WIDTH = re.compile(r"([1-9][0-9]{0,5})([smhdw])")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Part:
    """Some rows: those of a window, by its first microsecond, and of a group; None where they are not divided so."""

    window: int | None = None
    group: Scalar = None
    has_window: bool = False
    has_group: bool = False

    @property
    def label(self) -> str:
        """As the report calls it."""
        words = []
        if self.has_window:
            start = None if self.window is None else EPOCH + timedelta(microseconds=self.window)
            words.append("no time" if start is None else start.strftime("%Y-%m-%d %H:%M:%S").removesuffix(" 00:00:00"))
        if self.has_group:
            words.append("null" if self.group is None else shown(self.group))
        return ", ".join(words) or "all rows"

    def order(self) -> tuple[Any, ...]:
        """The whole first, then by window, then by group; nulls last."""
        group = "" if self.group is None else self.group
        return (
            self.has_window or self.has_group,
            self.window is None,
            self.window or 0,
            self.group is None,
            *((group,) if isinstance(group, str) else ("", group)),
        )


WHOLE = Part()


def width_of(text: str) -> int:
    """`1d` or `15m` in microseconds. Raises SKC140."""
    return length_of(text, "the length of a window")


def length_of(text: str, what: str) -> int:
    """A time in microseconds. Raises SKC140."""
    match = WIDTH.fullmatch(text)
    if match is None:
        raise fail("SKC140", f"`{text}` is not {what}", hint="write 15m, 1h, 1d or 1w")
    return int(match[1]) * UNITS[match[2]]


@dataclass(frozen=True)
class Divide:
    """The part of every row, by a column of times and one of groups."""

    by: Column | None = None
    width: int = 0
    group: Column | None = None

    @property
    def columns(self) -> tuple[Column, ...]:
        """What it reads."""
        return tuple(column for column in (self.by, self.group) if column is not None)

    def __call__(self, columns: Sequence[pa.Array], rows: int) -> tuple[list[Part], Array]:
        """The parts in a batch, and the index of each row's among them."""
        if not columns:
            return [WHOLE], np.zeros(rows, np.int64)
        windows, by_window = _numbered(None if self.by is None else self._starts(columns[0], self.by), rows)
        groups, by_group = _numbered(None if self.group is None else columns[-1], rows)
        codes, where = np.unique(by_window * len(groups) + by_group, return_inverse=True)
        pairs = [divmod(int(code), len(groups)) for code in codes]
        has = self.by is not None, self.group is not None
        return [Part(windows[w], groups[g], *has) for w, g in pairs], where.reshape(-1)

    def _starts(self, times: pa.Array, by: Column) -> pa.Array:
        """The first microsecond of the window of each row."""
        tick = by.kind.tick_us or 1  # an int64 that is not a time counts microseconds
        micros = read_times(times, by) if by.dtype == "string" else times
        present = micros.is_valid().to_numpy(zero_copy_only=False)
        counts = micros.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64) * tick
        return pa.array(counts // self.width * self.width, mask=~present)


def _numbered(values: pa.Array | None, rows: int) -> tuple[list[Any], Array]:
    """The distinct values, and the index of each row's among them."""
    if values is None:
        return [None], np.zeros(rows, np.int64)
    encoded = values.dictionary_encode(null_encoding="encode")
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
