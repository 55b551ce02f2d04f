"""One row in every language: p50 and p99 of the 39-column pipeline, bare and through the runtime, in one run.

    python benchmarks/embed.py [--rows 200000] [--calls 20000] [--repeat 3] [--langs python,java,go,cpp]

The pipeline is that of latency.py, signature packed: 13 float and 26 string columns. `bare` is a call of the language's
binding with the same tensors ready, `runtime` is `transform` of a record, `json` is `transform_json` of its bytes, and
`parser` the language's usual parser and then `transform`; each language measures itself, all in turns. All run the ONNX
Runtime of the conformance suite, one language after the other, and that `repeat` times: the table shows the median of
the p50, and how far they lie apart. The machine counts: quote ratios.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests" / "conformance"))

from run import onnxruntime_version, provide_onnxruntime  # noqa: E402  # found by the line above

COMMANDS = {
    "python": (sys.executable, __file__, "--measure"),
    "java": (str(ROOT / "runtime/java/bench"),),
    "go": (str(ROOT / "runtime/go/bench"),),
    "cpp": (str(ROOT / "runtime/cpp/bench/run"),),
}


def main() -> None:
    if "--measure" in sys.argv:
        artifact, record, calls = sys.argv[2:]
        print(json.dumps(measure_python(Path(artifact), Path(record), int(calls))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="rows to fit on")
    parser.add_argument("--calls", type=int, default=20_000, help="timed calls of each kind")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--langs", default=",".join(COMMANDS))
    given = parser.parse_args()
    library = provide_onnxruntime(onnxruntime_version())
    # PYTHONPATH puts the one ONNX Runtime before that of this environment, for compiling too: golden bits are its own.
    environment = {**os.environ, "SKC_ONNXRUNTIME_LIBRARY": str(library), "PYTHONPATH": str(library.parents[2])}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, given.rows, environment)
        found: dict[str, list[dict[str, Any]]] = {language: [] for language in given.langs.split(",")}
        for _ in range(given.repeat):
            for language, results in found.items():
                command = [*COMMANDS[language], str(folder / "packed"), str(folder / "record.json"), str(given.calls)]
                done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
                if done.returncode != 0:
                    sys.exit(f"{language}: {done.stderr}")
                results.append(json.loads(done.stdout))
    report(found)


def prepare(folder: Path, rows: int, environment: dict[str, str]) -> None:
    """The artifact and a record."""
    import pyarrow.parquet as pq
    from latency import PIPELINE
    from tables import make_table

    table = make_table(rows)
    pq.write_table(table, folder / "rows.parquet")
    (folder / "pipeline.yaml").write_text(PIPELINE)
    record = {name: table[name][7].as_py() for name in table.column_names}
    (folder / "record.json").write_text(json.dumps(record))
    options = ("--data", str(folder / "rows.parquet"), "--signature", "packed", "--no-verify")
    command = [sys.executable, "-m", "skc", "compile", str(folder / "pipeline.yaml"), "-o", str(folder / "packed")]
    subprocess.run([*command, *options], env=environment, check=True, stderr=subprocess.DEVNULL)


def measure_python(artifact: Path, path: Path, calls: int) -> dict[str, dict[str, float]]:
    import numpy as np
    from latency import bare, measure, tensors

    import skc_runtime

    record = json.loads(path.read_bytes())
    transformer = skc_runtime.load(artifact)
    feeds = tensors(transformer.manifest, record)
    body = path.read_bytes()
    subjects = {
        "bare": bare((artifact / "model.onnx").read_bytes(), feeds),
        "transform": lambda: transformer.transform(record),
        "transform_json": lambda: transformer.transform_json(body),
        "parse_and_transform": lambda: transformer.transform(json.loads(body)),
    }
    times = measure(subjects, calls)
    return {
        name: {f"p{q}_us": float(np.percentile(values, q)) / 1000 for q in (50, 99)} for name, values in times.items()
    }


def report(found: dict[str, list[dict[str, Any]]]) -> None:
    print(f"ONNX Runtime {onnxruntime_version()}, µs per row")
    print(
        f"{'':<10}{'bare p50':>20}{'p99':>8}{'runtime p50':>20}{'p99':>8}{'adds':>8}{'of bare':>9}"
        f"{'json p50':>20}{'parser p50':>20}"
    )
    for language, results in found.items():
        bare = [r["bare"]["p50_us"] for r in results]
        whole = [r["transform"]["p50_us"] for r in results]
        p99 = [statistics.median(r[kind]["p99_us"] for r in results) for kind in ("bare", "transform")]
        added = statistics.median(whole) - statistics.median(bare)
        print(
            f"{language:<10}{spread(bare):>20}{p99[0]:>8.1f}{spread(whole):>20}{p99[1]:>8.1f}{added:>8.1f}"
            f"{added / statistics.median(bare):>9.2f}"
            f"{spread([r['transform_json']['p50_us'] for r in results]):>20}"
            f"{spread([r['parse_and_transform']['p50_us'] for r in results]):>20}"
        )


def spread(values: list[float]) -> str:
    return f"{statistics.median(values):.1f} ({min(values):.1f}-{max(values):.1f})"


if __name__ == "__main__":
    main()
