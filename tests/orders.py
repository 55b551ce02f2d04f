"""A small pipeline with its data: names that need quoting, integers that no float holds, nulls in every column."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather

PIPELINE = """\
skc: 1
name: orders
data: {path: rows.csv}
inputs:
  at: timestamp
  day: {type: date, nullable: true}
  amount: {type: float64, nullable: true}
  "it's": {type: string, nullable: true, null_values: [""]}
  big: {type: int64, nullable: true}
features:
  amount: {from: amount, apply: [{impute: {strategy: median}}, log1p, standard_scale]}
  "it's": {from: "it's", apply: [{one_hot: {unknown: error}}]}
  ratio: {expr: "inputs.amount / 3.25"}
  hour: {from: at, apply: [{datetime_part: {part: hour, timezone: Europe/Berlin}}]}
  weekday: {from: day, apply: [{datetime_part: {part: weekday}}]}
  band: {from: big, apply: [{bucketize: {edges: [10, 9007199254740993], closed: left}}]}
outputs:
  x: {features: [amount, "it's", ratio, hour], dtype: float32}
  ids: {features: [weekday, band], dtype: int64}
"""
NAMES = ["a'b", 'say "ü"', "😀", ""]
COLUMNS = ["at", "day", "amount", "it's", "big", "label"]


def row(i: int) -> list[str]:
    """Row i of the data, as text."""
    day = "" if i % 11 == 0 else f"2024-{1 + i % 12:02}-{1 + i % 28:02}"
    amount = "" if i % 7 == 0 else str(i / 4)
    big = "" if i % 13 == 0 else str(9007199254740990 + i % 7)
    return [f"2024-{1 + i % 12:02}-15T{i % 24:02}:30:00Z", day, amount, NAMES[i % 4], big, str(i % 2)]


def write_csv(path: Path, rows: list[list[str]]) -> None:
    import csv

    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])


def table(rows: list[list[str]]) -> pa.Table:
    """The same rows with types."""
    columns = dict(zip(COLUMNS, zip(*rows, strict=True), strict=True))
    return pa.table(
        {
            "at": pa.array([v.replace("Z", "") for v in columns["at"]]).cast(pa.timestamp("us")).cast(UTC),
            "day": pa.array([v or None for v in columns["day"]]).cast(pa.date32()),
            "amount": pa.array([float(v) if v else None for v in columns["amount"]]),
            "it's": pa.array(columns["it's"]),
            "big": pa.array([int(v) if v else None for v in columns["big"]], pa.int64()),
            "label": pa.array([int(v) for v in columns["label"]], pa.int64()),
        }
    )


UTC = pa.timestamp("us", tz="UTC")
ROWS = [row(i) for i in range(200)]
