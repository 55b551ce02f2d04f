"""What `skc parity` finds of planted faults, and what it takes.

    python benchmarks/parity.py faults     # 500,000 keys × 20 columns: every planted fault is counted exactly
    python benchmarks/parity.py size       # 10,000,000 keys × 5 columns in a process of their own: its peak memory
    python benchmarks/parity.py export     # the same, against an export of 10,000,000 lines
    python benchmarks/parity.py keys       # six ways to write a key: what is proposed, and whether it works

Without an argument, all four. Exits with 1 if a count is wrong, a peak is 1 GB or more, or a proposal does not work.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import results

import skc
from skc.diagnostics import SkcError
from skc.skew.parity.report import FOUND, ParityReport

LIMIT = 10**9  # bytes
RATIOS: dict[str, float] = {}  # what is kept
WHAT = {"parquet": "", "jsonl": ", export"}
HOUR = 3_600_000_000
NOON = 1_764_504_000_000_000
CHUNK = 500_000  # rows written at once
NAMES = ("x0", "x1", "n0", "s0", *(f"x{k}" for k in range(2, 10)), *(f"{a}{k}" for a in "ns" for k in range(1, 5)))
FAULTS = {"missing": 500, "ghosts": 40, "stale": 100, "only-offline": 42, "negated": 57}
TEMPLATES: dict[str, tuple[Callable[[int], str], Callable[[str], str]]] = {  # offline keys, as the store writes them
    "prefix": ("u{}".format, "user:{}".format),
    "suffix": ("u{}".format, "{}:features".format),
    "case": ("Key{}x".format, str.upper),
    "zero padding": ("{}".format, "{:0>10}".format),
    "UUID dashes": (lambda k: f"{k:08x}-0000-4000-8000-{k * 7919:012x}", lambda key: key.replace("-", "")),
    "|timestamp": ("u{}".format, lambda key: f"{key}|2025-11-{int(key[1:]) % 28 + 1:02}T00:00:00"),
}


def columns(rng: np.random.Generator, rows: int) -> dict[str, Any]:
    """Ten numbers, five counts, five texts."""
    numbers = {f"x{k}": rng.normal(50, 20, rows) for k in range(10)}
    counts = {f"n{k}": rng.integers(0, 1000, rows) for k in range(5)}
    words = np.array([f"word {k}" for k in range(1000)])
    return {**numbers, **counts, **{f"s{k}": words[rng.integers(0, 1000, rows)] for k in range(5)}}


def plant_faults(folder: Path, keys: int) -> tuple[Path, Path]:
    """Two rows of every key offline; online those of the later hour, with faults in keys of their own."""
    rng = np.random.default_rng(14)
    older, newer = columns(rng, keys), columns(rng, keys)
    ids = np.arange(keys)
    at = [pa.array(np.full(keys, time), pa.timestamp("us", "UTC")) for time in (NOON - HOUR, NOON)]
    tables = [pa.table({"id": ids, "at": t, **side}) for t, side in zip(at, (older, newer), strict=True)]
    pq.write_table(pa.concat_tables(tables), folder / "offline.parquet")
    order = rng.permutation(keys)
    cuts = np.cumsum([0, *(FAULTS[name] for name in ("missing", "stale", "only-offline", "negated"))])
    missing, stale, null, negated = (order[a:b] for a, b in pairwise(cuts))
    online = {name: values.copy() for name, values in newer.items()}
    online["x0"][stale] = older["x0"][stale]
    online["x1"] = np.float32(online["x1"]).astype(np.float64)
    online["x2"][negated] *= -1
    blank = np.zeros(keys, bool)
    blank[null] = True
    table = pa.table({"id": ids, **online})
    table = table.set_column(table.schema.get_field_index("n0"), "n0", pa.array(online["n0"], mask=blank))
    table = table.filter(pa.array(~np.isin(ids, missing)))
    ghosts = table.slice(0, FAULTS["ghosts"])
    ghosts = ghosts.set_column(0, "id", pa.array(np.arange(keys, keys + FAULTS["ghosts"])))
    pq.write_table(pa.concat_tables([table, ghosts]), folder / "online.parquet")
    return folder / "offline.parquet", folder / "online.parquet"


def found_in(report: ParityReport) -> dict[str, int]:
    """The findings by column and kind, and of keys."""
    found = {f"{c.name} {kind}": c.counts[kind] for c in report.columns for kind in FOUND if c.counts.get(kind)}
    return {**{subject: number for subject, number, _ in report.key_findings}, **found}


def faults(keys: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        offline, online = plant_faults(Path(folder), keys)
        wall, cpu = time.perf_counter(), time.process_time()
        report = skc.parity(offline, online, key="id", time="at")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    expected = {
        "missing": FAULTS["missing"],
        "ghosts": FAULTS["ghosts"],
        "x0 stale": FAULTS["stale"],
        "x1 narrowed": keys - FAULTS["missing"],
        "x2 negated": FAULTS["negated"],
        "n0 only-offline": FAULTS["only-offline"],
    }
    seen = found_in(report)
    for name in expected.keys() | seen.keys():
        print(f"{name:<18}{expected.get(name, 0):>10,} planted{seen.get(name, 0):>10,} found")
    print(
        f"{keys:,} keys, {len(report.columns)} columns, two offline rows each: {cpu:.1f} s of CPU, {wall:.1f} s (busy)"
    )
    return seen == expected


def write_large(folder: Path, keys: int, kind: str, options: argparse.Namespace) -> tuple[Path, Path]:
    """Up to 20 columns, written a part at a time; every thousandth online value differs, and one column is narrowed.

    With `--history` each key has an older offline row too, and those values that differ are its.
    """
    sides = folder / "offline.parquet", folder / f"online.{kind}"
    order = np.random.default_rng(1).permutation(keys // CHUNK)  # the sides are in different orders
    names = NAMES[: options.columns]
    for side, parts in zip(sides, (range(keys // CHUNK), order), strict=True):
        writer = None
        for part in parts:
            rng = np.random.default_rng(int(part) + 100)
            ids = np.arange(part * CHUNK, (part + 1) * CHUNK)
            made = columns(rng, CHUNK)
            chosen = {name: made[name] for name in names}
            if side.stem == "online":
                chosen["x0"][::1000] += 1.0
                chosen["x1"] = np.float32(chosen["x1"]).astype(np.float64)
            elif options.history:
                at = np.tile([NOON - HOUR, NOON], CHUNK)
                chosen = {name: np.repeat(values, 2) for name, values in chosen.items()}
                chosen["x0"][::2] += 1.0
                ids = np.repeat(ids, 2)
                chosen["at"] = pa.array(at, pa.timestamp("us", "UTC"))
            table = pa.table({"id": ids, **chosen})
            if side.suffix == ".jsonl":
                write_lines(side, table, names)
                continue
            writer = writer or pq.ParquetWriter(side, table.schema)
            writer.write_table(table)
        if writer is not None:
            writer.close()
    return sides


def write_lines(file: Path, table: pa.Table, names: Sequence[str]) -> None:
    """Append rows as an export."""
    with file.open("a") as lines:
        values = table.select(names).to_pylist()
        pairs = zip(table["id"].to_pylist(), values, strict=True)
        lines.writelines(f'{{"key": {key}, "value": {json.dumps(value)}}}\n' for key, value in pairs)


def size(keys: int, kind: str, options: argparse.Namespace) -> bool:
    """In a process of its own, so that its peak is that of the comparison alone. The online side is a table or an
    export: "parquet" or "jsonl".
    """
    with tempfile.TemporaryDirectory() as folder:
        sides = write_large(Path(folder), keys, kind, options)
        print(f"{keys:,} keys: {sum(side.stat().st_size for side in sides) / 1e6:,.0f} MB of files", flush=True)
        command = [sys.executable, __file__, "compare", *map(str, sides), *(["--history"] if options.history else [])]
        _, status, usage = os.wait4(subprocess.Popen(command).pid, 0)
        RATIOS[f"{keys:,} keys{WHAT[kind]}, memory to 1 GB"] = usage.ru_maxrss * 1024 / LIMIT
        return status == 0


def compare(offline: str, online: str, history: bool) -> bool:
    wall = time.perf_counter()
    report = skc.parity(offline, online, key="id", time="at" if history else None)
    wall = time.perf_counter() - wall
    usage = resource.getrusage(resource.RUSAGE_SELF)
    peak = usage.ru_maxrss * 1024
    keys = report.offline_keys
    seen = found_in(report)
    print(f"{seen}\npeak {peak / 1e6:,.0f} MB, {usage.ru_utime + usage.ru_stime:.0f} s of CPU, {wall:.0f} s (busy)")
    return peak < LIMIT and seen == {f"x0 {'stale' if history else 'other'}": keys // 1000, "x1 narrowed": keys}


def proposals(keys: int = 20_000) -> bool:
    good = True
    for name, (written, stored) in TEMPLATES.items():
        ours = [written(k) for k in range(keys)]
        values = np.arange(keys, dtype=np.float64)
        offline = pa.table({"id": ours, "x": values})
        online = pa.table({"id": [stored(key) for key in ours], "x": values})
        hint = ""
        try:
            skc.parity(offline, online, key="id")
        except SkcError as error:
            hint = error.diagnostics[0].hint or ""
        template = hint.partition("--online-key '")[2].rstrip("'")
        works = bool(template) and not skc.parity(offline, online, key="id", online_key=template).is_different
        print(f"{name:<14}{stored(ours[12]):<40}{template:<20}{'works' if works else 'DOES NOT WORK'}")
        good &= works
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", choices=["faults", "size", "export", "keys", "compare"])
    parser.add_argument("sides", nargs="*")
    parser.add_argument("--keys", type=int, help="how many, instead of 500,000 and 10,000,000")
    parser.add_argument(
        "--columns", type=int, default=5, choices=range(2, 21), metavar="N", help="of `size` and `export`; 5 by default"
    )
    parser.add_argument("--history", action="store_true", help="of `size` and `export`: two offline rows of each key")
    results.add_flag(parser)
    options = parser.parse_args()
    if options.part == "compare":
        return int(not compare(*options.sides, options.history))
    parts = {
        "faults": lambda: faults(options.keys or 500_000),
        "size": lambda: size(options.keys or 10_000_000, "parquet", options),
        "export": lambda: size(options.keys or 10_000_000, "jsonl", options),
        "keys": proposals,
    }
    done = [part() for name, part in parts.items() if options.part in (None, name)]
    results.save(options.json, RATIOS)
    return int(not all(done))


if __name__ == "__main__":
    sys.exit(main())
