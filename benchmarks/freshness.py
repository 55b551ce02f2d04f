"""What `skc freshness` finds in a log with planted faults, and how long it takes.

    python benchmarks/freshness.py [--records 1000000] [--training 1000000]

A service logs requests of two looked-up inputs through `Log`: 15 % of the values of one are 2 h old, 3 % of its
look-ups find nothing, and the service then sends 0 for a third of these. 1 % of the training rows have a value from
after their label. Prints what was planted beside what was found, and the CPU seconds of the command, of the same log
read without an artifact, and of `skc check --data`.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import skc_runtime  # before ONNX Runtime, whose telemetry it switches off

# isort: split
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import results

import skc

PIPELINE = """\
skc: 1
name: clicks
data: {path: training.parquet, event_time: shown_at}
inputs:
  shown_at: timestamp
  last_click: {type: float64, nullable: true, max_age: 10s, as_of: last_click_at}
  clicks: {type: float64, max_age: 1h, as_of: clicks_at}
  device: string
  page: string
outputs: {x: {features: [last_click, clicks], dtype: float64}}
"""
START, HOUR = 1_764_437_677_000_000, 3_600_000_000
STALE, MISSES, LEAKS = 0.15, 0.03, 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000, help="requests in the log")
    parser.add_argument("--training", type=int, default=1_000_000, help="training rows")
    results.add_flag(parser)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = np.random.default_rng(1)
        leaks = write_training(folder / "training.parquet", source, arguments.training)
        (folder / "pipeline.yaml").write_text(PIPELINE)
        compiled = skc.compile(folder / "pipeline.yaml", out=folder / "artifact", verify=False)
        warned = [warning.message for warning in compiled.warnings if warning.code == "SKC662"]
        stale, hits = write_log(folder, source, arguments.records)
        report = skc.freshness(folder / "log", folder / "artifact", training=folder / "training.parquet")
        by_name = {one.name: one for one in report.inputs}
        seconds = {
            "with an artifact": cpu_of(folder, ["freshness", "log", "artifact"], 1),
            "and training": cpu_of(folder, ["freshness", "log", "artifact", "--training", "training.parquet"], 1),
            "without": cpu_of(folder, ["freshness", "log"], 1),
            "check --data": cpu_of(folder, ["check", "pipeline.yaml", "--data", "training.parquet"], 0),
        }
        click = by_name["last_click"]
        print(skc.render(report))
        print()
        print(*warned, sep="\n")
        print()
        print(f"{'':<22}{'planted':>12}{'found':>12}")
        print(f"{'stale':<22}{stale:>12.4%}{(click.stale or 0) / click.ages.values:>12.4%}")
        print(f"{'hit rate':<22}{hits:>12.4%}{click.hit_rate or 0:>12.4%}")
        print(f"{'leaks':<22}{leaks:>12,}{click.training.leaks if click.training else 0:>12,}")
        for what, (cpu, wall, memory) in seconds.items():
            print(f"{what:<22}{cpu:>8.1f} CPU s{wall:>8.1f} s{memory:>8.0f} MB")
    measured = {f"cpu s {what}": cpu for what, (cpu, _, _) in seconds.items()}
    results.save(arguments.json, measured)


def write_training(path: Path, source: np.random.Generator, rows: int) -> int:
    """Training rows whose values are as fresh as they can be; 1 % of them are from after the label."""
    shown = START - 30 * 24 * HOUR + np.sort(source.integers(0, 20 * 24 * HOUR, rows))
    late = source.random(rows) < LEAKS
    click = np.where(late, shown + HOUR, shown - source.integers(0, 2_000_000, rows))
    table = pa.table(
        {
            "shown_at": pa.array(shown, pa.timestamp("us", "UTC")),
            "last_click": source.exponential(10.0, rows),
            "last_click_at": pa.array(click, pa.timestamp("us", "UTC")),
            "clicks": source.poisson(3, rows).astype(float),
            "clicks_at": pa.array(shown - source.integers(0, HOUR, rows), pa.timestamp("us", "UTC")),
            "device": pa.array(["phone"] * rows),
            "page": pa.array(["home"] * rows),
        }
    )
    pq.write_table(table, path)
    return int(late.sum())


def write_log(folder: Path, source: np.random.Generator, requests: int) -> tuple[float, float]:
    """What a service logs: the shares of stale values, and of look-ups that found one."""
    is_stale, is_miss, fresh = (
        source.random(requests) < STALE,
        source.random(requests) < MISSES,
        source.random(requests),
    )
    stale = hits = 0
    with (
        skc_runtime.load(folder / "artifact") as transformer,
        skc_runtime.Log.open(folder / "log", transformer, on_full="wait") as log,
    ):
        for k in range(requests):
            now = START + k * 1000
            record = {"shown_at": now, "last_click": 3.25, "clicks": 2.0, "device": "phone", "page": "home"}
            as_of = {"last_click": now - 2 * HOUR if is_stale[k] else now - int(2_000_000 * fresh[k])}
            as_of["clicks"] = now - int(HOUR * fresh[k])
            if is_miss[k]:
                del as_of["last_click"]
                record["last_click"] = 0.0 if k % 3 == 0 else None
            else:
                stale += bool(is_stale[k])
                hits += 1
            fetched = {"last_click": 400 + int(4000 * fresh[k] ** 3), "clicks": 900}
            found = {"last_click": not is_miss[k], "clicks": True}
            log.add(f"r{k}", record, time_us=now, as_of=as_of, fetched_us=fetched, hit=found)
    return stale / hits, hits / requests


def cpu_of(folder: Path, arguments: list[str], wanted: int) -> tuple[float, float, float]:
    """CPU seconds, seconds and megabytes of a command."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "skc", *arguments], cwd=folder, capture_output=True, check=False)
    assert done.returncode == wanted, (done.returncode, done.stdout.decode(), done.stderr.decode())
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = after.ru_maxrss / 1024 if os.name == "posix" else 0.0  # the largest child so far
    return cpu, time.perf_counter() - started, memory


if __name__ == "__main__":
    main()
