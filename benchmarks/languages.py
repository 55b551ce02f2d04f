"""Every language beside its own binding of ONNX Runtime: one row, and a batch, of the 39-column pipeline, in one run.

    python benchmarks/languages.py [--rows 100000] [--calls 20000] [--repeat 3] [--langs java,go] [--what row]

The pipeline is that of latency.py, signature packed: 13 float and 26 string columns. All run the ONNX Runtime of the
conformance suite, one language after the other, and that `repeat` times; each language measures its subjects in turns,
and checks that they agree. A row, p50 (the median over the repeats) and p99:

    empty    a call of a graph that does nothing, its tensor made and its result read: what a call costs there
    ready    a call of the model with all tensors ready, and the results not read: no request can be served for less
    bare     a call as a plain user writes it: the values lie in arrays, the tensors are made, the results are copied
    runtime  `transform` of a record
    json     `transform_json` of its bytes
    parser   the language's usual JSON parser, then `transform`

A batch, the best of the repeats: `bare` as above in one call, `chunks` the same 4,096 rows at a time on two threads,
the runtime's `columns` and `records`. The machine counts: quote ratios.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

import results  # noqa: E402
from run import onnxruntime_version, provide_onnxruntime  # noqa: E402  # found by the line above

COMMANDS = {
    "python": (sys.executable, __file__, "--measure"),
    "java": (str(ROOT / "runtime/java/bench"),),
    "go": (str(ROOT / "runtime/go/bench"),),
    "cpp": (str(ROOT / "runtime/cpp/bench/run"),),
}


def main() -> None:
    if "--measure" in sys.argv:
        _, artifact, empty, record, calls = sys.argv[2:]
        print(json.dumps(measure_python(Path(artifact), Path(empty), Path(record), int(calls))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the batch")
    parser.add_argument("--calls", type=int, default=20_000, help="timed calls of each kind")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--langs", default=",".join(COMMANDS))
    parser.add_argument("--what", default="row,batch")
    results.add_flag(parser)
    given = parser.parse_args()
    ratios: dict[str, float] = {}
    environment = environment_of_all()
    languages, what = given.langs.split(","), given.what.split(",")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, given.rows, environment)
        artifact = str(folder / "packed")
        row = ("row", artifact, str(folder / "empty.onnx"), str(folder / "record.json"), str(given.calls))
        batch = ("batch", artifact, str(folder / "columns.json"), str(given.repeat))
        print(
            f"ONNX Runtime {onnxruntime_version()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
        )
        if "row" in what:
            found: dict[str, list[dict[str, Any]]] = {language: [] for language in languages}
            for _ in range(given.repeat):
                for language, runs in found.items():
                    runs.append(measured(language, row, environment))
            ratios |= report_rows(found)
        if "batch" in what:
            best = {each: measured(each, batch, environment) for each in languages if each != "python"}
            ratios |= report_batches(best, given.rows)
    results.save(given.json, ratios)


def library() -> Path:
    """The shared library of ONNX Runtime that all languages run."""
    return provide_onnxruntime(onnxruntime_version())


def environment_of_all() -> dict[str, str]:
    """PYTHONPATH puts the one ONNX Runtime before that of this one, for compiling too: golden bits are its own."""
    one = {"SKC_ONNXRUNTIME_LIBRARY": str(library()), "PYTHONPATH": str(library().parents[2])}
    return {**os.environ, **one, "ORT_DISABLE_TELEMETRY": "1"}


def measured(language: str, arguments: tuple[str, ...], environment: dict[str, str]) -> dict[str, Any]:
    command = [*COMMANDS[language], *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{language}: {done.stderr}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def prepare(folder: Path, rows: int, environment: dict[str, str]) -> None:
    """The artifact, a record, the table by columns, and a graph that does nothing."""
    import pyarrow.parquet as pq
    from latency import PIPELINE, empty_model
    from tables import make_table

    table = make_table(max(rows, 200_000))
    pq.write_table(table, folder / "rows.parquet")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "empty.onnx").write_bytes(empty_model())
    record = {name: table[name][7].as_py() for name in table.column_names}
    (folder / "record.json").write_text(json.dumps(record))
    (folder / "columns.json").write_text(json.dumps(table.slice(0, rows).to_pydict()))
    compiled(folder, "packed", environment)


def compiled(folder: Path, name: str, environment: dict[str, str], *options: str) -> Path:
    """An artifact of the pipeline and the rows that lie in the folder, for all languages."""
    out = folder / name
    given = ("--data", str(folder / "rows.parquet"), "--signature", "packed", "--no-verify", *options)
    command = [sys.executable, "-m", "skc", "compile", str(folder / "pipeline.yaml"), "-o", str(out)]
    subprocess.run([*command, *given], env=environment, check=True, stderr=subprocess.DEVNULL)
    return out


def measure_python(artifact: Path, empty: Path, path: Path, calls: int) -> dict[str, dict[str, float]]:
    import numpy as np
    from latency import bare, measure, session, tensors

    import skc_runtime

    record = json.loads(path.read_bytes())
    transformer = skc_runtime.load(artifact)
    body = path.read_bytes()
    zeros = [0.0] * 13
    nothing, plain = session(empty.read_bytes()), session((artifact / "model.onnx").read_bytes())
    feeds = tensors(transformer.manifest, record)
    rows = {name: values.tolist() for name, values in feeds.items()}
    subjects = {
        "empty": lambda: nothing.run(None, {"x": np.array([zeros])}),
        "ready": bare((artifact / "model.onnx").read_bytes(), feeds),
        "bare": lambda: plain.run(None, {name: np.array(values, feeds[name].dtype) for name, values in rows.items()}),
        "transform": lambda: transformer.transform(record),
        "transform_json": lambda: transformer.transform_json(body),
        "parse_and_transform": lambda: transformer.transform(json.loads(body)),
    }
    times = measure(subjects, calls)
    return {
        name: {f"p{q}_us": float(np.percentile(values, q)) / 1000 for q in (50, 99)} for name, values in times.items()
    }


ROW = {
    "empty": "empty",
    "ready": "ready",
    "bare": "bare",
    "runtime": "transform",
    "json": "transform_json",
    "parser": "parse_and_transform",
}
BATCH = {"bare": "bare", "chunks": "bare_chunks", "columns": "columns", "records": "records"}


def report_rows(found: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    kept: dict[str, float] = {}
    print("one row, µs: p50, p99")
    print(f"{'':<8}{''.join(f'{title:>16}' for title in ROW)}{'runtime/bare':>14}{'/ready':>8}{'json/bare':>11}")
    for language, runs in found.items():
        p50, p99 = ({t: statistics.median(r[k][f"p{q}_us"] for r in runs) for t, k in ROW.items()} for q in (50, 99))
        cells = "".join(f"{p50[title]:>9.2f}{p99[title]:>7.1f}" for title in ROW)
        ratios = (p50["runtime"] / p50["bare"], p50["runtime"] / p50["ready"], p50["json"] / p50["bare"])
        print(f"{language:<8}{cells}{ratios[0]:>14.2f}{ratios[1]:>8.2f}{ratios[2]:>11.2f}")
        kept |= {f"{language}: runtime, to bare": ratios[0], f"{language}: JSON, to bare": ratios[2]}
    return kept


def report_batches(found: dict[str, dict[str, Any]], rows: int) -> dict[str, float]:
    kept: dict[str, float] = {}
    print(f"{rows:,} rows, ms: the best")
    print(
        f"{'':<8}{''.join(f'{title:>10}' for title in BATCH)}{'columns/bare':>14}{'/chunks':>9}{'records/chunks':>16}"
    )
    for language, result in found.items():
        ms = {title: result.get(key, math.nan) for title, key in BATCH.items()}
        cells = "".join(f"{ms[title]:>10.1f}" for title in BATCH)
        ratios = (ms["columns"] / ms["bare"], ms["columns"] / ms["chunks"], ms["records"] / ms["chunks"])
        print(f"{language:<8}{cells}{ratios[0]:>14.2f}{ratios[1]:>9.2f}{ratios[2]:>16.2f}")
        kept |= {f"{language}: {rows:,} rows, to bare": ratios[0], f"{language}: {rows:,} rows, to chunks": ratios[1]}
    return kept


if __name__ == "__main__":
    main()
