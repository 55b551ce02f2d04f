"""`skc transform` of a Parquet file, beside Polars and DuckDB, in one run, and how time and memory grow with the rows.

    python benchmarks/transform.py [--rows 1000000 10000000] [--repeat 1]

The pipeline of latency.py (13 numbers: impute, standard_scale; 26 strings: a vocabulary), from Parquet to Parquet.
Polars streams the same as lazy expressions (fill_null, arithmetic, replace_strict) into its sink. DuckDB copies
something easier of the same size, the scaled numbers and a hash of each string: what reading and writing alone take.
Each runs in a process of its own: `process` is its wall time with its imports, `cpu` its processor time, `peak` its
largest resident set. The machine counts: quote ratios. Tables are generated once, from fixed seeds, and kept in the
cache folder.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import results

CACHE = Path(tempfile.gettempdir()) / "skc-benchmarks"
SUBJECTS = ("skc", "polars", "duckdb")
FITTED = 200_000  # rows
PART = 1_000_000  # rows that are generated at once


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, nargs="+", default=[1_000_000, 10_000_000])
    arguments.add_argument("--repeat", type=int, default=1, help="runs of each; the fastest counts")
    arguments.add_argument("--run", choices=[*SUBJECTS, "table", "artifact"], help=argparse.SUPPRESS)
    results.add_flag(arguments)
    given = arguments.parse_args()
    match given.run:
        case "table":
            write_table(table_of(given.rows[0]), given.rows[0])
        case "artifact":
            make_artifact()
        case "polars":
            with_polars(given.rows[0])
        case "duckdb":
            with_duckdb(given.rows[0])
        case _:
            results.save(given.json, compare(given.rows, given.repeat))


def compare(counts: list[int], repeat: int) -> dict[str, float]:
    """Run all in turn, and print speed, memory and growth; the last and the ratios by name."""
    ratios: dict[str, float] = {}
    CACHE.mkdir(parents=True, exist_ok=True)
    if not (CACHE / "artifact").exists():
        run("artifact", 0)
    best: dict[tuple[str, int], dict[str, float]] = {}
    print(f"{os.cpu_count()} processors, 13 float64 and 26 string columns")
    print(f"{'':10}{'rows':>12}{'process':>10}{'cpu':>10}{'rows/s':>12}{'peak':>10}{'x Polars':>10}")
    for rows in counts:
        if not table_of(rows).exists():
            run("table", rows)
        for _ in range(repeat):
            for subject in SUBJECTS:
                found = run(subject, rows)
                if (subject, rows) not in best or found["process"] < best[subject, rows]["process"]:
                    best[subject, rows] = found
        for subject in SUBJECTS:
            found = best[subject, rows]
            speed, ratio = rows / found["process"], found["process"] / best["polars", rows]["process"]
            print(
                f"{subject:10}{rows:>12,}{found['process']:>8.1f} s{found['cpu']:>8.1f} s{speed:>12,.0f}"
                f"{found['peak'] / 1e6:>7.0f} MB{ratio:>10.2f}"
            )
            ratios[f"{subject}, {rows:,} rows, to Polars"] = ratio
    for few, many in pairwise(counts):
        for subject in SUBJECTS:
            growth = {
                key: math.log(best[subject, many][key] / best[subject, few][key]) / math.log(many / few)
                for key in ("process", "cpu", "peak")
            }
            ratios |= {f"{subject}, {few:,} to {many:,} rows: {key}, exponent": grown for key, grown in growth.items()}
            exponents = ", ".join(f"{key} {exponent:.2f}" for key, exponent in growth.items())
            print(f"{subject}, {few:,} to {many:,} rows, exponents: {exponents}")
    return ratios


def run(subject: str, rows: int) -> dict[str, float]:
    """One subject in a process of its own: its wall time and processor time in seconds, its peak memory in bytes."""
    command = [sys.executable, __file__, "--run", subject, "--rows", str(rows)]
    if subject == "skc":
        names = (CACHE / "artifact", table_of(rows), CACHE / "skc.parquet")
        command = [sys.executable, "-m", "skc", "transform", *map(str, names[:2]), "-o", str(names[2]), "--force"]
    started = time.perf_counter()
    with subprocess.Popen(command, stderr=None if subject != "skc" else subprocess.DEVNULL) as child:
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{subject} failed")
    cpu = usage.ru_utime + usage.ru_stime
    return {"process": time.perf_counter() - started, "cpu": cpu, "peak": usage.ru_maxrss * 1024}


def table_of(rows: int) -> Path:
    return CACHE / f"rows-{rows}.parquet"


def write_table(file: Path, rows: int) -> None:
    import pyarrow.parquet as pq
    from tables import make_table

    partial = file.with_suffix(".partial")
    with pq.ParquetWriter(partial, make_table(1).schema) as writer:
        for start in range(0, rows, PART):
            part = make_table(min(PART, rows - start), seed=start // PART)
            writer.write_table(part, row_group_size=131_072)
    partial.replace(file)


def make_artifact() -> None:
    from latency import PIPELINE
    from tables import make_table

    import skc

    (CACHE / "pipeline.yaml").write_text(PIPELINE)
    skc.compile(
        CACHE / "pipeline.yaml", make_table(FITTED), CACHE / "artifact", signature="packed", verify=False, profile=False
    )


def with_polars(rows: int) -> None:
    import polars as pl
    from batch import polars_expressions

    frame: Any = pl.scan_parquet(table_of(rows))
    polars_expressions(CACHE / "artifact", frame).sink_parquet(CACHE / "polars.parquet")


def with_duckdb(rows: int) -> None:
    import duckdb
    from tables import NUMBERS, STRINGS

    columns = [f"CAST((coalesce({name}, 0.5) - 0.25) / 1.75 AS FLOAT) AS {name}" for name in NUMBERS]
    columns += [f"CAST(hash({name}) % 1000 AS BIGINT) AS {name}" for name in STRINGS]
    duckdb.sql(
        f"COPY (SELECT {', '.join(columns)} FROM '{table_of(rows)}') TO '{CACHE / 'duckdb.parquet'}' (FORMAT parquet)"
    )


if __name__ == "__main__":
    main()
