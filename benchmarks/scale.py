"""Fitting ten times the rows and ten times the columns: skc on DuckDB, skc on Spark and Spark ML, in one run.

    python benchmarks/scale.py [--rows 200000,2000000] [--columns 39,390] [--repeat 1] [--heap 4g]

The table of benchmarks/tables.py in 8 Parquet files; of more columns, side by side with itself under other names. skc:
impute (mean) and standard_scale over the numbers, a vocabulary of every string column, with DuckDB, with Spark at
local[2], and `profiled` on Spark too. Spark ML, at local[2]: Imputer, StandardScaler and StringIndexer. Sizes are
`rows` with the fewest columns, then `columns` with the fewest rows. Each is a process of its own; `fit` is reading and
fitting in a session that has run a small job, and counts come from Spark's own log of events: jobs, tasks, `passes`
(stages that read the files or what is persisted of them), what is read from files or memory, shuffled, spilled, and
sent to the driver. `driver` is the largest resident set of the process that fits, `java` that of Spark's JVM, which is
driver and executor in one at a local master (its heap is `--heap`), and `workers` that of all processes of Python under
it together. All plans of skc are compared. After each size of more rows,
what a million values more took. The machine counts: quote ratios and growth.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import results
from fit import CACHE, pipeline_of
from tables import NUMBERS, STRINGS, make_table

SUBJECTS = ("duckdb", "spark", "profiled", "spark-ml")
FILES = 8
CHUNK = 500_000  # rows that are made at once
SAMPLED_SECONDS = 0.1
READ, SHUFFLED, SPILLED, SENT = "input.bytesRead", "shuffle.write.bytesWritten", "diskBytesSpilled", "resultSize"
MEMORY = ("driver", "java", "workers")
PAPER = (10**10, 1_000)  # rows and columns that nobody has measured
COUNTS = ("jobs", "tasks", "passes", READ, SHUFFLED, SPILLED, SENT)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", default="200000,2000000")
    parser.add_argument("--columns", default="39,390", help="multiples of 39")
    parser.add_argument("--subjects", default=",".join(SUBJECTS))
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the fastest counts")
    parser.add_argument("--heap", default="4g", help="spark.driver.memory")
    parser.add_argument("--run", choices=[*SUBJECTS, "table"], help=argparse.SUPPRESS)
    results.add_flag(parser)
    given = parser.parse_args()
    rows, columns = (sorted(map(int, listed.split(","))) for listed in (given.rows, given.columns))
    if given.run == "table":
        write_table(rows[0], columns[0])
    elif given.run is not None:
        print(json.dumps(measure(given.run, rows[0], columns[0], given.heap)))
    else:
        sizes = [(r, columns[0]) for r in rows] + [(rows[0], c) for c in columns[1:]]
        results.save(given.json, compare(sizes, given.subjects.split(","), given.repeat, given.heap))


def compare(sizes: Sequence[tuple[int, int]], subjects: Sequence[str], repeat: int, heap: str) -> dict[str, float]:
    """Print a table of every size, with ratios to Spark ML and growth from the first size; these, by name."""
    ratios: dict[str, float] = {}
    first: dict[str, dict[str, Any]] = {}
    tallest = sizes[0]
    for rows, columns in sizes:
        run("table", rows, columns, heap)
        best: dict[str, dict[str, Any]] = {}
        for _ in range(repeat):
            for subject in subjects:
                found = run(subject, rows, columns, heap)
                if subject not in best or found["fit"] < best[subject]["fit"]:
                    best[subject] = found
        if len({found["plan"] for found in best.values() if "plan" in found}) > 1:
            sys.exit(f"{rows} rows, {columns} columns: the plans differ")
        size = f"{rows:,} rows, {columns} columns"
        print(size)
        print_table(best, first)
        for subject, found in best.items():
            if subject != "spark-ml" and "spark-ml" in best:
                ratios[f"{subject}, to spark-ml, {size}"] = found["fit"] / best["spark-ml"]["fit"]
            if subject in first:
                ratios[f"{subject}, {size}, to the first size"] = found["fit"] / first[subject]["fit"]
        if columns == sizes[0][1] and rows > tallest[0]:
            tallest = rows, columns
            print_model(first, best, (rows - sizes[0][0]) * columns)
        first = first or best
    return ratios


def print_model(small: dict[str, dict[str, Any]], large: dict[str, dict[str, Any]], values: int) -> None:
    """What each million of `values` more took, and what PAPER takes if all others take as long."""
    print(f"a million values more; hours of a processor for {PAPER[0]:.0e} rows of {PAPER[1]:,} columns")
    for subject, found in large.items():
        seconds = (found["cpu"] - small[subject]["cpu"]) / values
        line = f"{subject:10}{seconds * 1e6:>8.3f} s{seconds * math.prod(PAPER) / 3600:>12,.0f} h"
        for name in (READ, SHUFFLED) if READ in found else ():
            line += f"{(found[name] - small[subject][name]) / values:>10.2f} bytes a value {name.partition('.')[0]}"
        print(line, flush=True)


def print_table(best: dict[str, dict[str, Any]], first: dict[str, dict[str, Any]]) -> None:
    """One line of every subject; `grown` is its time over that of the first size."""
    heads = ("fit", "cpu", "grown", *MEMORY, "jobs", "tasks", "passes", "read", "shuffled", "spilled", "to driver")
    print(f"{'':10}" + "".join(f"{head:>10}" for head in heads))
    for subject, found in best.items():
        grown = f"{found['fit'] / first[subject]['fit']:.1f} x" if subject in first else ""
        cells = [
            f"{found['fit']:.2f} s",
            f"{found['cpu']:.0f} s",
            grown,
            *(f"{found[kind] / 1e6:.0f} MB" for kind in MEMORY),
        ]
        if "jobs" in found:
            cells += [str(found[name]) for name in COUNTS[:3]] + [f"{found[name] / 1e6:.1f} MB" for name in COUNTS[3:]]
        print(f"{subject:10}" + "".join(f"{cell:>10}" for cell in cells), flush=True)


def run(subject: str, rows: int, columns: int, heap: str) -> dict[str, Any]:
    """One subject in a process of its own: what it prints, and the memory of its processes in bytes."""
    words = ["--run", subject, "--rows", str(rows), "--columns", str(columns), "--heap", heap]
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as said:
        child = subprocess.Popen([sys.executable, __file__, *words], stdout=printed, stderr=said)
        peak = dict.fromkeys(MEMORY, 0)
        used: dict[int, float] = {}
        while child.poll() is None:
            tree = processes(child.pid)
            for kind in MEMORY:
                peak[kind] = max(peak[kind], sum(one.resident for one in tree if one.kind == kind))
            used |= {one.number: one.seconds for one in tree}
            time.sleep(SAMPLED_SECONDS)
        if child.returncode != 0:
            said.seek(0)
            raise SystemExit(f"{said.read()[-4000:]}{subject} failed")
        printed.seek(0)
        text = printed.read()
    return {**peak, "cpu": sum(used.values()), **(json.loads(text) if text else {})}


@dataclass(frozen=True)
class Process:
    """One of a tree: whether it is the root (`driver`), `java` or another; its resident set, in bytes, and the
    processor time that it used.
    """

    number: int
    kind: str
    resident: int
    seconds: float


def processes(root: int) -> list[Process]:
    """A process and all under it (Linux)."""
    parents: dict[int, int] = {}
    found: list[Process] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name, rest = (folder / "stat").read_text().split("(", 1)[1].rsplit(") ", 1)
        except OSError:  # it has ended
            continue
        number, fields = int(folder.name), rest.split()
        parents[number] = int(fields[1])
        kind = "driver" if number == root else "java" if name == "java" else "workers"
        seconds = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        found.append(Process(number, kind, int(fields[21]) * os.sysconf("SC_PAGE_SIZE"), seconds))
    return [one for one in found if one.number == root or root in ancestors(one.number, parents)]


def ancestors(process: int, parents: dict[int, int]) -> Iterator[int]:
    while process := parents.get(process, 0):
        yield process


def folder_of(rows: int, columns: int) -> Path:
    return CACHE / f"scale-{rows}-{columns}"


def names_of(columns: int) -> tuple[list[str], list[str]]:
    """The numbers and the strings of a table that is the one of benchmarks/tables.py, `columns / 39` times."""
    times, rest = divmod(columns, len(NUMBERS) + len(STRINGS))
    if rest or not times:
        sys.exit(f"{columns} columns: give a multiple of {len(NUMBERS) + len(STRINGS)}")
    return tuple([f"{name}_{k}" if k else name for k in range(times) for name in names] for names in (NUMBERS, STRINGS))  # type: ignore[return-value]


def write_table(rows: int, columns: int) -> None:
    """The files of a size, if they are not there; each chunk of rows from a seed of its own."""
    import pyarrow.parquet as pq

    folder = folder_of(rows, columns)
    if folder.exists():
        return
    partial = folder.with_suffix(".partial")
    partial.mkdir(parents=True, exist_ok=True)
    times = columns // (len(NUMBERS) + len(STRINGS))
    schema = wide(0, 0, times).schema
    for number in range(FILES):
        start, end = rows * number // FILES, rows * (number + 1) // FILES
        with pq.ParquetWriter(partial / f"part-{number}.parquet", schema) as writer:
            for seed in range(start, end, CHUNK):
                writer.write_table(wide(seed, min(CHUNK, end - seed), times), row_group_size=131_072)
    partial.rename(folder)


def wide(seed: int, rows: int, times: int) -> Any:
    import pyarrow as pa

    tables = [make_table(rows, seed * times + k) for k in range(times)]
    columns = {
        f"{name}_{k}" if k else name: table[name] for k, table in enumerate(tables) for name in table.schema.names
    }
    return pa.table(columns)


def measure(subject: str, rows: int, columns: int, heap: str) -> dict[str, Any]:
    """What a subject took, in seconds; the hash of its plan; counts of Spark's events."""
    folder, (numbers, strings) = folder_of(rows, columns), names_of(columns)
    if subject == "duckdb":
        return fit_skc(folder, numbers, strings)
    with tempfile.TemporaryDirectory() as events:
        session = spark_session(Path(events), heap)
        session.range(1000).selectExpr("sum(id)").collect()
        if subject == "spark-ml":
            found = fit_spark_ml(session, folder, numbers, strings)
        else:
            found = fit_skc(folder, numbers, strings, spark=True, profiled=subject == "profiled")
        session.stop()
        return found | counted(Path(events))


def fit_skc(
    folder: Path, numbers: Sequence[str], strings: Sequence[str], *, spark: bool = False, profiled: bool = False
) -> dict[str, Any]:
    from skc.data.default import open_engine
    from skc.data.spark.engine import spark_at
    from skc.fit import fit
    from skc.ir import ProfileOptions
    from skc.plan import dumps

    pipeline = pipeline_of(numbers, strings)
    started = time.perf_counter()
    engine = spark_at(None) if spark else open_engine
    fitted = fit(pipeline, folder, open_engine=engine, profile=ProfileOptions() if profiled else None)
    seconds = time.perf_counter() - started
    return {"fit": seconds, "plan": hashlib.sha256(dumps(fitted.pipeline)).hexdigest()}


def spark_session(events: Path, heap: str) -> Any:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[2]").config("spark.driver.memory", heap)
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": events.as_uri(),
        "spark.eventLog.rolling.enabled": "false",
        "spark.eventLog.compress": "false",
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    session.sparkContext.pythonExec = sys.executable
    return session


def fit_spark_ml(session: Any, folder: Path, numbers: Sequence[str], strings: Sequence[str]) -> dict[str, Any]:
    from pyspark.ml import Pipeline
    from pyspark.ml.feature import Imputer, StandardScaler, StringIndexer, VectorAssembler

    filled = [f"{name}_filled" for name in numbers]
    stages = [
        Imputer(inputCols=numbers, outputCols=filled, strategy="mean"),
        VectorAssembler(inputCols=filled, outputCol="numbers"),
        StandardScaler(inputCol="numbers", outputCol="scaled", withMean=True),
        StringIndexer(inputCols=strings, outputCols=[f"{name}_index" for name in strings], handleInvalid="keep"),
    ]
    started = time.perf_counter()
    Pipeline(stages=stages).fit(session.read.parquet(str(folder)))
    return {"fit": time.perf_counter() - started}


def counted(folder: Path) -> dict[str, int]:
    """Sums over all stages of the log of events, without the job that only starts the session."""
    (file,) = folder.iterdir()
    events = [json.loads(line) for line in file.read_text().splitlines()]
    jobs = [event for event in events if event["Event"] == "SparkListenerJobStart"][1:]
    ours = {stage for job in jobs for stage in job["Stage IDs"]}
    done = [event["Stage Info"] for event in events if event["Event"] == "SparkListenerStageCompleted"]
    stages = [stage for stage in done if stage["Stage ID"] in ours]
    found = {"jobs": len(jobs), "tasks": sum(stage["Number of Tasks"] for stage in stages)}
    found["passes"] = sum(map(reads, stages))
    for name in COUNTS[3:]:
        full = f"internal.metrics.{name}"
        found[name] = sum(int(a["Value"]) for stage in stages for a in stage["Accumulables"] if a["Name"] == full)
    return found


def reads(stage: dict[str, Any]) -> bool:
    """Whether a stage reads files, or what is persisted of them."""
    return any(rdd["Name"] == "FileScanRDD" or rdd["Storage Level"]["Use Memory"] for rdd in stage["RDD Info"])


if __name__ == "__main__":
    main()
