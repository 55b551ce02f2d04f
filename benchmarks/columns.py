"""How fitting, compiling and verifying grow with the number of columns, beside scikit-learn's fit, in one run.

    python benchmarks/columns.py [--columns 100,300,1000] [--rows 2000] [--repeat 3] [--shapes block,features]

A table of float64 columns, a tenth of it null; each column through impute (median) and standard_scale, written as one
step over all columns (`block`) or as a feature of each (`features`). scikit-learn: SimpleImputer and StandardScaler
over all columns at once. Every run is a process of its own, from Parquet on, and the fastest of `repeat` counts; what
is loaded at the first use is loaded before. `x sklearn` is skc's fit against scikit-learn's, `exponent` what the time
grows with from the least to the largest number of columns: 1 is linear, 2 quadratic. The machine counts: quote ratios.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import results

CACHE = Path(tempfile.gettempdir()) / "skc-benchmarks"
SHAPES = ("block", "features")
STAGES = ("read", "fit", "compile", "verify", "all")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", default="100,300,1000")
    parser.add_argument("--rows", type=int, default=2_000)
    parser.add_argument("--repeat", type=int, default=3, help="runs of each; the fastest counts")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--run", choices=[*SHAPES, "scikit-learn"], help=argparse.SUPPRESS)
    results.add_flag(parser)
    given = parser.parse_args()
    widths = sorted({int(n) for n in given.columns.split(",")})
    match given.run:
        case "scikit-learn":
            print(json.dumps(run_sklearn(table_file(given.rows, widths[0]))))
        case str(shape):
            print(json.dumps(run_skc(table_file(given.rows, widths[0]), widths[0], shape)))
        case None:
            results.save(given.json, compare(widths, given.rows, given.shapes.split(","), given.repeat))


def compare(widths: list[int], rows: int, shapes: list[str], repeat: int) -> dict[str, float]:
    """Run every subject on every width in turn, and print seconds, ratios and exponents; the last two by name."""
    ratios: dict[str, float] = {}
    best: dict[tuple[str, int], dict[str, float]] = {}
    for width in widths:
        table_file(rows, width)
        for _ in range(repeat):
            for subject in ("scikit-learn", *shapes):
                found = run(subject, rows, width)
                known = best.setdefault((subject, width), found)
                best[subject, width] = {stage: min(known[stage], seconds) for stage, seconds in found.items()}
    print(f"{rows:,} rows; seconds")
    print(f"{'':<14}{'columns':>8}" + "".join(f"{stage:>9}" for stage in STAGES) + f"{'x sklearn':>11}")
    for subject in ("scikit-learn", *shapes):
        for width in widths:
            found = best[subject, width]
            times = "".join(f"{found[stage]:>9.2f}" if stage in found else f"{'':>9}" for stage in STAGES)
            ratio = found["fit"] / best["scikit-learn", width]["fit"]
            print(f"{subject:<14}{width:>8,}{times}{ratio:>11.1f}")
            ratios[f"{subject}, {width:,} columns: fit, to scikit-learn"] = ratio
        if len(widths) > 1:
            ends = [best[subject, width] for width in (widths[0], widths[-1])]
            grown = {s: math.log(ends[1][s] / ends[0][s]) / math.log(widths[-1] / widths[0]) for s in ends[0]}
            exponents = "".join(f"{grown[stage]:>9.2f}" if stage in grown else f"{'':>9}" for stage in STAGES)
            print(f"{subject:<14}{'exponent':>8}{exponents}")
            ratios |= {f"{subject}: {stage}, exponent": exponent for stage, exponent in grown.items()}
    return ratios


def run(subject: str, rows: int, width: int) -> dict[str, float]:
    """The seconds that one subject takes in a process of its own, by stage."""
    command = [sys.executable, __file__, "--run", subject, "--rows", str(rows), "--columns", str(width)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def table_file(rows: int, width: int) -> Path:
    """The table, generated once from a fixed seed and kept in the cache folder."""
    file = CACHE / f"columns-{rows}-{width}.parquet"
    if not file.exists():
        import numpy as np
        import pyarrow as pa
        import pyarrow.parquet as pq

        source = np.random.default_rng(width)
        drawn = ((source.normal(k % 7, 1 + k % 5, rows), source.random(rows) < 0.1) for k in range(width))
        table = pa.table({f"c{k:04}": pa.array(values, mask=nulls) for k, (values, nulls) in enumerate(drawn)})
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        pq.write_table(table, partial)
        partial.replace(file)
    return file


def pipeline_text(width: int, shape: str) -> str:
    names = [f"c{k:04}" for k in range(width)]
    chain = "apply: [{impute: {strategy: median}}, standard_scale]"
    lines = ["skc: 1", "name: wide", "inputs:", *(f"  {n}: {{type: float64, nullable: true}}" for n in names)]
    lines.append("features:")
    lines += [f"  f_{n}: {{from: {n}, {chain}}}" for n in names] if shape == "features" else []
    lines += [f"  all: {{from: [{', '.join(names)}], {chain}}}"] if shape == "block" else []
    features = ", ".join(f"f_{n}" for n in names) if shape == "features" else "all"
    return "\n".join([*lines, "outputs:", f"  x: {{features: [{features}], dtype: float32}}"]) + "\n"


def run_skc(file: Path, width: int, shape: str) -> dict[str, float]:
    """Compile and verify, with the pipeline's reading timed apart; a narrow pipeline first, to load what is needed."""
    import skc
    from skc.frontend.yaml.reader import read_pipeline

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "pipeline.yaml"
        path.write_text(pipeline_text(3, shape))
        skc.compile(path, str(table_file(100, 3)), rows=100)
        path.write_text(pipeline_text(width, shape))
        started = time.perf_counter()
        pipeline, _ = read_pipeline(path)
        read = time.perf_counter() - started
        made = skc.compile(pipeline, str(file))
    if made.report is None or not made.report.is_equal:
        raise SystemExit(f"{shape}: not verified")
    times = {"read": read, **{stage.name: stage.seconds for stage in made.stages}}
    return times | {"all": sum(times.values())}


def run_sklearn(file: Path) -> dict[str, float]:
    import pandas as pd
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pd.read_parquet(table_file(100, 3))
    started = time.perf_counter()
    make_pipeline(SimpleImputer(strategy="median"), StandardScaler()).fit(pd.read_parquet(file))
    return {"fit": time.perf_counter() - started}


if __name__ == "__main__":
    main()
