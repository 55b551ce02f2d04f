"""Fitting a table of 13 float and 26 string columns: skc, scikit-learn and DuckDB's own aggregates, in one run.

    python benchmarks/fit.py [--rows 2000000] [--threads N] [--repeat 1]

impute (mean) and standard_scale over the numbers, a vocabulary of every string column, without a profile of the inputs
and with one (`profiled`); the same from scikit-learn: SimpleImputer, StandardScaler and OrdinalEncoder. `duckdb` is the
least that any of them has to do: count, bounds, mean and deviation of the numbers, and the counts of every string
column, by plain SQL. Each runs in a process of its own, from Parquet to fitted state or result. `fit` is reading and
fitting, `cpu` its processor time, `process` the whole process with its imports, `peak` its largest resident set. The
machine counts: quote ratios. The table is generated once, from a fixed seed, and kept in the cache folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import results

if TYPE_CHECKING:
    from skc.ir import Pipeline

CACHE = Path(tempfile.gettempdir()) / "skc-benchmarks"
SUBJECTS = ("skc", "profiled", "scikit-learn", "duckdb")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--threads", type=int, default=None, help="threads of skc and DuckDB; default all")
    arguments.add_argument("--repeat", type=int, default=1, help="runs of each; the fastest counts")
    arguments.add_argument("--run", choices=[*SUBJECTS, "table"], help=argparse.SUPPRESS)
    results.add_flag(arguments)
    given = arguments.parse_args()
    file = CACHE / f"table-{given.rows}.parquet"
    match given.run:
        case "table":
            write_table(file, given.rows)
        case "skc" | "profiled":
            print(json.dumps(fit_skc(file, given.threads, profiled=given.run == "profiled")))
        case "duckdb":
            print(json.dumps(aggregate(file, given.threads)))
        case "scikit-learn":
            print(json.dumps(fit_sklearn(file)))
        case _:
            results.save(given.json, compare(file, given))


def compare(file: Path, given: argparse.Namespace) -> dict[str, float]:
    """Run all in turn and print times, memory and ratios; the ratios by name."""
    if not file.exists():
        run("table", given)
    best: dict[str, dict[str, Any]] = {}
    for _ in range(given.repeat):
        for subject in SUBJECTS:
            found = run(subject, given)
            if subject not in best or found["fit"] < best[subject]["fit"]:
                best[subject] = found
    print(f"{given.rows} rows, 13 float64 and 26 string columns, {os.cpu_count()} processors")
    print(f"{'':14}{'fit':>10}{'cpu':>10}{'process':>10}{'peak':>12}{'skc is':>10}")
    for subject, found in best.items():
        times = "".join(f"{found[key]:>8.2f} s" for key in ("fit", "cpu", "process"))
        ratio = best["skc"]["fit"] / found["fit"]
        print(f"{subject:14}{times}{found['peak'] / 1e6:>9.0f} MB{ratio:>8.2f} x")
    return {f"skc, to {subject}": best["skc"]["fit"] / found["fit"] for subject, found in best.items()}


def run(subject: str, given: argparse.Namespace) -> dict[str, Any]:
    """One subject in a process of its own: what it prints, its wall time in seconds, its peak memory in bytes."""
    command = [sys.executable, __file__, "--run", subject, "--rows", str(given.rows)]
    if given.threads is not None:
        command += ["--threads", str(given.threads)]
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        printed = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{subject} failed")
    measured = {"process": time.perf_counter() - started, "peak": usage.ru_maxrss * 1024}
    return measured | (json.loads(printed) if printed else {})


def write_table(file: Path, rows: int) -> None:
    import pyarrow.parquet as pq
    from tables import make_table

    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    pq.write_table(make_table(rows), partial, row_group_size=131_072)
    partial.replace(file)


def fit_skc(file: Path, threads: int | None, *, profiled: bool = False) -> dict[str, Any]:
    from tables import NUMBERS, STRINGS

    from skc.fit import fit
    from skc.ir import ProfileOptions

    pipeline = pipeline_of(NUMBERS, STRINGS)
    started, used = time.perf_counter(), time.process_time()
    fitted = fit(pipeline, file, threads=threads, profile=ProfileOptions() if profiled else None)
    return {"fit": time.perf_counter() - started, "cpu": time.process_time() - used, "rows": fitted.rows}


def pipeline_of(numbers: Sequence[str], strings: Sequence[str]) -> Pipeline:
    """impute (mean) and standard_scale over the numbers, a vocabulary of every string column."""
    import spox.opset.ai.onnx.v20  # noqa: F401  # loaded when first used; imports count for `process` alone

    from skc.frontend import definitions as define
    from skc.frontend.build import build
    from skc.ir import Input
    from skc.ops import OPS

    inputs = [Input(name, "float64", nullable=True) for name in numbers]
    inputs += [Input(name, "string", nullable=True) for name in strings]
    chains = {"numbers": [("impute", {"strategy": "mean"}), ("standard_scale", {})], "strings": [("vocabulary", {})]}
    features = [
        define.FeatureDefinition(
            name,
            tuple(map(define.Name, columns)),
            tuple(define.StepDefinition(OPS[op], OPS[op].params(**params)) for op, params in chains[name]),
        )
        for name, columns in (("numbers", numbers), ("strings", strings))
    ]
    outputs = (
        define.OutputDefinition("numbers", (define.Name("numbers"),), "float64"),
        define.OutputDefinition("strings", (define.Name("strings"),), "int64"),
    )
    return build(define.PipelineDefinition("fit", tuple(inputs), tuple(features), outputs))[0]


def fit_sklearn(file: Path) -> dict[str, Any]:
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler
    from tables import NUMBERS, STRINGS

    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    transformer = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="mean"), StandardScaler()), NUMBERS),
            ("strings", encoder, STRINGS),
        ]
    )
    started, used = time.perf_counter(), time.process_time()
    frame = pd.read_parquet(file)
    transformer.fit(frame)
    return {"fit": time.perf_counter() - started, "cpu": time.process_time() - used, "rows": len(frame)}


def aggregate(file: Path, threads: int | None) -> dict[str, Any]:
    """The counts as Arrow tables, in any order."""
    import duckdb
    from tables import NUMBERS, STRINGS

    connection = duckdb.connect(config={"memory_limit": "1GB", **({} if threads is None else {"threads": threads})})
    started, used = time.perf_counter(), time.process_time()
    of_numbers = ", ".join(f"count({n}), min({n}), max({n}), avg({n}), stddev_pop({n})" for n in NUMBERS)
    moments = connection.sql(f"SELECT {of_numbers} FROM '{file}'").fetchall()
    counts = [connection.sql(f"SELECT {s}, count(*) FROM '{file}' GROUP BY {s}").to_arrow_table() for s in STRINGS]
    assert len(moments[0]) == 5 * len(NUMBERS)
    values = sum(table.num_rows for table in counts)
    return {"fit": time.perf_counter() - started, "cpu": time.process_time() - used, "values": values}


if __name__ == "__main__":
    main()
