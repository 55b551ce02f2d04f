"""Fitting a table of 13 float and 26 string columns: skc against scikit-learn, in one run.

    python benchmarks/fit.py [--rows 2000000] [--threads N] [--repeat 1]

impute (mean) and standard_scale over the numbers, a vocabulary of every string column; the same from scikit-learn:
SimpleImputer, StandardScaler and OrdinalEncoder. Each runs in a process of its own, from Parquet to fitted state.
`fit` is reading and fitting, `process` the whole process with its imports, `peak` its largest resident set. The
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
from pathlib import Path
from typing import Any

CACHE = Path(tempfile.gettempdir()) / "skc-benchmarks"
SUBJECTS = ("skc", "scikit-learn")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=int, default=2_000_000)
    arguments.add_argument("--threads", type=int, default=None, help="threads of skc's engine; default all")
    arguments.add_argument("--repeat", type=int, default=1, help="runs of each; the fastest counts")
    arguments.add_argument("--run", choices=[*SUBJECTS, "table"], help=argparse.SUPPRESS)
    given = arguments.parse_args()
    file = CACHE / f"table-{given.rows}.parquet"
    match given.run:
        case "table":
            write_table(file, given.rows)
        case "skc":
            print(json.dumps(fit_skc(file, given.threads)))
        case "scikit-learn":
            print(json.dumps(fit_sklearn(file)))
        case _:
            compare(file, given)


def compare(file: Path, given: argparse.Namespace) -> None:
    """Run both in turn and print times, memory and ratios."""
    if not file.exists():
        run("table", given)
    best: dict[str, dict[str, Any]] = {}
    for _ in range(given.repeat):
        for subject in SUBJECTS:
            found = run(subject, given)
            if subject not in best or found["fit"] < best[subject]["fit"]:
                best[subject] = found
    print(f"{given.rows} rows, 13 float64 and 26 string columns, {os.cpu_count()} processors")
    print(f"{'':14}{'fit':>10}{'process':>10}{'peak':>12}")
    for subject, found in best.items():
        print(f"{subject:14}{found['fit']:>8.2f} s{found['process']:>8.2f} s{found['peak'] / 1e6:>9.0f} MB")
    ours, theirs = (best[subject] for subject in SUBJECTS)
    ratios = [theirs[key] / ours[key] for key in ("fit", "process", "peak")]
    print(f"{'ratio':14}{ratios[0]:>8.1f} x{ratios[1]:>8.1f} x{ratios[2]:>9.1f} x")


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


def fit_skc(file: Path, threads: int | None) -> dict[str, Any]:
    import spox.opset.ai.onnx.v20  # noqa: F401  # loaded when first used; imports count for `process` alone
    from tables import NUMBERS, STRINGS

    from skc.fit import fit
    from skc.frontend import definitions as define
    from skc.frontend.build import build
    from skc.ir import Input
    from skc.ops import OPS

    inputs = [Input(name, "float64", nullable=True) for name in NUMBERS]
    inputs += [Input(name, "string", nullable=True) for name in STRINGS]
    chains = {"numbers": [("impute", {"strategy": "mean"}), ("standard_scale", {})], "strings": [("vocabulary", {})]}
    features = [
        define.FeatureDefinition(
            name,
            tuple(map(define.Name, columns)),
            tuple(define.StepDefinition(OPS[op], OPS[op].params(**params)) for op, params in chains[name]),
        )
        for name, columns in (("numbers", NUMBERS), ("strings", STRINGS))
    ]
    outputs = (
        define.OutputDefinition("numbers", (define.Name("numbers"),), "float64"),
        define.OutputDefinition("strings", (define.Name("strings"),), "int64"),
    )
    pipeline, _ = build(define.PipelineDefinition("fit", tuple(inputs), tuple(features), outputs))
    started = time.perf_counter()
    fitted = fit(pipeline, file, threads=threads)
    return {"fit": time.perf_counter() - started, "rows": fitted.rows}


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
    started = time.perf_counter()
    frame = pd.read_parquet(file)
    transformer.fit(frame)
    return {"fit": time.perf_counter() - started, "rows": len(frame)}


if __name__ == "__main__":
    main()
