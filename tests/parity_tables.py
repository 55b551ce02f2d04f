"""An offline table and an online store with faults that are planted and counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import skc

HOUR = 3_600_000_000
NOON = 1_764_504_000_000_000  # 2025-11-30T12:00:00Z
PIPELINE = """\
skc: 1
name: users
inputs:
  user_id: {type: int64}
  spend: {type: float64, nullable: true, null_values: [-1.0]}
  visits: {type: int64, nullable: true}
  city: {type: string, nullable: true}
  member: {type: bool, nullable: true}
  last_seen: {type: timestamp, nullable: true}
  asked_for: {type: float64, nullable: true}
features:
  spend: {from: spend, apply: [{impute: {strategy: constant, value: 0.0}}]}
outputs: {x: {features: [spend], dtype: float64}}
"""
COLUMNS = ("spend", "visits", "city", "member", "last_seen")


@dataclass
class Store:
    """Rows by key, as the offline table has them at its latest time; faults are planted into them."""

    rows: dict[int, dict[str, Any]]
    older: dict[int, dict[str, Any]]
    planted: dict[str, int] = field(default_factory=dict)

    def table(self, **columns: pa.DataType) -> pa.Table:
        schema = pa.schema(
            [
                ("user_id", columns.get("user_id", pa.int64())),
                ("spend", columns.get("spend", pa.float64())),
                ("visits", pa.int64()),
                ("city", pa.string()),
                ("member", pa.bool_()),
                ("last_seen", pa.timestamp("us", "UTC")),
            ]
        )
        return pa.Table.from_pylist([{"user_id": key, **row} for key, row in self.rows.items()], schema)


def make_rows(n: int, seed: int, at: int) -> dict[int, dict[str, Any]]:
    rng = np.random.default_rng(seed)
    return {
        key: {
            "spend": float(rng.normal(50, 20)),
            "visits": int(rng.integers(0, 1000)),
            "city": str(rng.choice(["Oslo", "Rome", "Bern"])),
            "member": bool(rng.integers(0, 2)),
            "last_seen": at - int(rng.integers(0, HOUR)),
        }
        for key in range(n)
    }


def make_store(n: int = 300) -> Store:
    return Store(make_rows(n, 1, NOON), make_rows(n, 2, NOON - HOUR))


def offline_of(store: Store) -> pa.Table:
    """Two rows of each user, of 11:00 and of 12:00."""
    rows = [
        {"user_id": key, "event_time": at, **row}
        for at, side in ((NOON - HOUR, store.older), (NOON, store.rows))
        for key, row in side.items()
    ]
    times = ("event_time", pa.timestamp("us", "UTC"))
    return pa.Table.from_pylist(rows, pa.schema([times, *store.table().schema]))


def plant(store: Store) -> dict[str, int]:
    """One fault of each kind, in rows of their own."""
    rows = store.rows
    for key in range(5):
        del rows[key]
    for key in range(10, 17):
        rows[key]["spend"] = store.older[key]["spend"]
    for key in range(20, 23):
        rows[key]["spend"] = None
    for key in range(30, 41):
        rows[key]["spend"] = float(np.float32(rows[key]["spend"]))
    for key in range(50, 54):
        rows[key]["spend"] = -rows[key]["spend"]
    for key in range(60, 62):
        rows[key]["spend"] += 1.5
    for key in range(9001, 9007):
        rows[key] = dict(rows[100])
    return {"missing": 5, "ghosts": 6, "stale": 7, "only-offline": 3, "narrowed": 11, "negated": 4, "other": 2}


def make(folder: Path) -> None:
    """The artifact, and a clean pair of tables."""
    folder.mkdir(exist_ok=True)
    store = make_store()
    pq.write_table(offline_of(store), folder / "offline.parquet")
    pq.write_table(store.table(), folder / "online.parquet")
    (folder / "pipeline.yaml").write_text(PIPELINE, encoding="utf-8")
    training = offline_of(store).append_column("asked_for", pa.array([1.0] * 600))
    pq.write_table(training, folder / "training.parquet")
    data = folder / "training.parquet"
    skc.compile(folder / "pipeline.yaml", data, folder / "artifact", rows=0, verify=False, force=True)
