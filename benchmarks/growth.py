"""How time and memory grow with the columns and with the rows of a table.

    python benchmarks/growth.py [--columns 10,100,1000,3000] [--rows 100000,1000000,10000000] [--repeat 1]

Columns: 2,000 rows of the table of benchmarks/columns.py, each column a feature of its own through impute (median) and
standard_scale: fitting with its profile, compiling and verifying. Rows: 4 numbers through impute (median) and
standard_scale, and 4 vocabularies of up to 10,000 strings: fitting with its profile, and compiling. Every run is a
process of its own, from Parquet on, and the fastest of `repeat` counts; `cpu` is the processor time of all stages,
`peak` the largest resident set of the process. After the first size each figure is followed by the exponent with which
it grew since the last one: 1 is linear, 2 quadratic. The machine counts: quote exponents.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import results
from columns import CACHE, pipeline_text, table_file

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 2_000  # of the table that grows in columns
CHUNK = 1_000_000  # rows of the other table that are made at once
NUMBERS, STRINGS = [f"n{k}" for k in range(4)], [f"s{k}" for k in range(4)]
OUTPUTS = {"numbers": "float32", "strings": "int64"}
FIGURES = ("fit", "compile", "verify", "cpu", "peak")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--columns", default="10,100,1000,3000")
    parser.add_argument("--rows", default="100000,1000000,10000000")
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; the fastest counts")
    parser.add_argument("--run", choices=["columns", "rows"], help=argparse.SUPPRESS)
    results.add_flag(parser)
    given = parser.parse_args()
    if given.run is not None:
        print(json.dumps(measure(given.run, int(given.columns if given.run == "columns" else given.rows))))
        return
    exponents: dict[str, float] = {}
    for what in ("columns", "rows"):
        sizes = sorted({int(size) for size in getattr(given, what).split(",") if size})
        exponents |= table(what, {size: best(what, size, given.repeat) for size in sizes})
    results.save(given.json, exponents)


def table(what: str, by_size: dict[int, dict[str, float]]) -> dict[str, float]:
    """Print seconds and megabytes, each with its exponent; the exponents by name."""
    exponents: dict[str, float] = {}
    print(f"{what:>10}" + "".join(f"{figure:>16}" for figure in FIGURES))
    before: tuple[int, dict[str, float]] | None = None
    for size, found in by_size.items():
        cells = []
        for figure in FIGURES:
            grown = ""
            if before is not None and figure in found:
                exponent = math.log(found[figure] / before[1][figure]) / math.log(size / before[0])
                exponents[f"{figure}, {before[0]:,} to {size:,} {what}, exponent"] = exponent
                grown = f"{exponent:.2f}"
            shown = (
                f"{found[figure]:.0f} MB" if figure == "peak" else f"{found[figure]:.2f} s" if figure in found else ""
            )
            cells.append(f"{shown:>10}{grown:>6}")
        print(f"{size:>10,}" + "".join(cells), flush=True)
        before = size, found
    return exponents


def best(what: str, size: int, repeat: int) -> dict[str, float]:
    """Each figure of a size at its least."""
    file_of(what, size)
    runs = [run(what, size) for _ in range(repeat)]
    return {figure: min(found[figure] for found in runs) for figure in runs[0]}


def run(what: str, size: int) -> dict[str, float]:
    """The figures of one size, from a process of its own."""
    command = [sys.executable, __file__, "--run", what, f"--{what}", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        printed = child.stdout.read() if child.stdout else ""
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode != 0:
        raise SystemExit(f"{size} {what} failed")
    return {**json.loads(printed), "peak": usage.ru_maxrss * 1024 / 1e6}


def measure(what: str, size: int) -> dict[str, float]:
    """The seconds of every stage; a small pipeline first, to load what is needed."""
    import skc

    with tempfile.TemporaryDirectory() as name:
        small, path = Path(name) / "small.yaml", Path(name) / "pipeline.yaml"
        small.write_text(pipeline_text(3, "features"))
        skc.compile(small, str(table_file(100, 3)), rows=100)
        path.write_text(pipeline_text(size, "features") if what == "columns" else text_of_rows())
        used = time.process_time()
        made = skc.compile(path, str(file_of(what, size)), verify=what == "columns")
        used = time.process_time() - used
    if made.report is not None and not made.report.is_equal:
        raise SystemExit(f"{size} {what}: not verified")
    return {stage.name: stage.seconds for stage in made.stages} | {"cpu": used}


def text_of_rows() -> str:
    """The pipeline of the table that grows in rows."""
    inputs = [f"  {name}: {{type: float64, nullable: true}}" for name in NUMBERS]
    inputs += [f"  {name}: {{type: string, nullable: true}}" for name in STRINGS]
    features = [
        f"  numbers: {{from: [{', '.join(NUMBERS)}], apply: [{{impute: {{strategy: median}}}}, standard_scale]}}",
        f"  strings: {{from: [{', '.join(STRINGS)}], apply: [vocabulary]}}",
    ]
    outputs = [f"  {name}: {{features: [{name}], dtype: {dtype}}}" for name, dtype in OUTPUTS.items()]
    return "\n".join(["skc: 1", "name: tall", "inputs:", *inputs, "features:", *features, "outputs:", *outputs]) + "\n"


def file_of(what: str, size: int) -> Path:
    """The table of a size, generated once from a fixed seed and kept in the cache folder."""
    if what == "columns":
        return table_file(ROWS, size)
    file = CACHE / f"growth-{size}.parquet"
    if not file.exists():
        import pyarrow.parquet as pq

        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_suffix(".partial")
        with pq.ParquetWriter(partial, made_rows(0, 0).schema) as writer:
            for start in range(0, size, CHUNK):
                writer.write_table(made_rows(start, min(CHUNK, size - start)))
        partial.replace(file)
    return file


def made_rows(seed: int, rows: int) -> pa.Table:
    import numpy as np
    import pyarrow as pa

    source = np.random.default_rng(seed)
    columns = {
        name: pa.array(source.normal(k, 1, rows), mask=source.random(rows) < 0.1) for k, name in enumerate(NUMBERS)
    }
    for k, name in enumerate(STRINGS):
        words = pa.array([f"{name}_{word:05}" for word in range(10 ** (k + 1))])
        columns[name] = words.take(pa.array((source.random(rows) ** 2 * len(words)).astype(np.int64)))
    return pa.table(columns)


if __name__ == "__main__":
    main()
