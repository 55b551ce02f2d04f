"""A pipeline of two looked-up inputs, training rows, and logs of what a service looked up, for tests of freshness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

import skc_runtime

PIPELINE = """\
skc: 1
name: clicks
data: {path: training.csv, event_time: shown_at}
inputs:
  last_click: {type: float64, nullable: true, max_age: 10s, as_of: last_click_at}
  clicks: {type: float64, nullable: true}
  device: string
outputs: {x: {features: [last_click, clicks], dtype: float64}}
"""
BEGIN = 1_764_437_677_000_000  # microseconds since 1970
SECOND, HOUR = 1_000_000, 3_600_000_000
LookedUp = Mapping[str, Any]


def served(folder: Path, log: Path, number: int, of: Callable[[int], LookedUp], **options: Any) -> None:
    """Log `number` requests, a second apart; `of` gives what is known of the look-ups of each, besides its record."""
    with (
        skc_runtime.load(folder) as transformer,
        skc_runtime.Log.open(log, transformer, on_full="wait", **options) as opened,
    ):
        for k in range(number):
            known = {"record": {"last_click": 1.5, "clicks": 2.0, "device": "phone"}, **of(k)}
            opened.add(f"r{k}", known.pop("record"), time_us=BEGIN + k * SECOND, **known)


def training(rows: int, age: Callable[[int], timedelta]) -> pa.Table:
    """Training rows; the value of row k is so much older than its label."""
    start = datetime(2025, 11, 1, tzinfo=UTC)
    shown = [start + timedelta(minutes=k) for k in range(rows)]
    return pa.table(
        {
            "shown_at": shown,
            "last_click": [float(k % 7) for k in range(rows)],
            "last_click_at": [at - age(k) for k, at in enumerate(shown)],
            "clicks": [float(k % 5) for k in range(rows)],
            "device": ["phone"] * rows,
        }
    )
