"""What fitting, compiling, verifying and serving cost in counts that do not depend on the machine.

    python benchmarks/counts.py             # print them
    python benchmarks/counts.py --check     # compare them with results.json; what CI does
    python benchmarks/counts.py --write     # keep them there

Queries of the engine, sessions of ONNX Runtime and their runs, nodes and kernels of a graph, rows that are compared
and bytes of files are compared exactly: fewer is as much of a change as more, to be kept with `--write`. Function
calls of Python (of the calling thread, C functions too) and the peak of allocated bytes may differ by `SLACK`, since
they depend on versions of libraries. Two widths of one pipeline give the exponent that each count grows with; none may
exceed `LINEAR`, whatever is kept. Rows that are compared may only grow.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import math
import os
import subprocess
import sys
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import results

import skc_runtime  # before ONNX Runtime, whose telemetry it switches off

# isort: split
import onnx
import onnxruntime
import pyarrow.parquet as pq
from columns import pipeline_text, table_file
from latency import PIPELINE
from tables import make_table

import skc
from skc import artifact as artifacts
from skc.data.duckdb.connection import Database
from skc.fit import fit
from skc.frontend.yaml.reader import read_pipeline
from skc_runtime.session import GraphSession

SLACK = 0.05
LINEAR = 1.1  # the largest exponent of a count that grows with the columns
ROWS, BATCH = 2_000, 3_000
WIDTHS = (100, 400)
ROUGH = ("calls", "peak bytes")
Counts = dict[str, int]
T = TypeVar("T")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with results.json, exit 1 if they differ")
    parser.add_argument("--write", action="store_true", help="keep them in results.json")
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.measure:
        print(json.dumps(measured()))
        return
    # the order of sets decides in which order some things are tried, so how often functions are called
    fixed = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run([sys.executable, __file__, "--measure"], env=fixed, stdout=subprocess.PIPE, check=True)
    counts: dict[str, Counts] = json.loads(done.stdout)
    print(table(counts))
    found = differences(results.read().get("counts", {}), counts) if given.check else []
    found += [
        f"{stage}: {name} grows with the exponent {exponent:.2f} of the columns, at most {LINEAR} is allowed"
        for stage, name, exponent in exponents(counts)
        if exponent > LINEAR
    ]
    if given.write and not found:
        results.write(counts=counts)
    if found:
        sys.exit("\n".join(["", *found, "if this is meant: python benchmarks/counts.py --write"]))


def measured() -> dict[str, Counts]:
    """The counts of every stage of every pipeline, by `pipeline: stage`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mixed = folder / "mixed.parquet"
        pq.write_table(make_table(ROWS), mixed)
        stages(folder / "warm-up", pipeline_text(3, "features"), table_file(100, 3))
        found = {"39 mixed": stages(folder / "mixed", PIPELINE, mixed)}
        for width in WIDTHS:
            text = pipeline_text(width, "features")
            found[f"{width} floats"] = stages(folder / f"floats-{width}", text, table_file(ROWS, width))
    return {
        f"{pipeline}: {stage}": counts for pipeline, by_stage in found.items() for stage, counts in by_stage.items()
    }


def stages(folder: Path, text: str, rows: Path) -> dict[str, Counts]:
    """What each stage costs, from pipeline.yaml to a batch that is served."""
    folder.mkdir()
    path = folder / "pipeline.yaml"
    path.write_text(text)
    pipeline, _ = read_pipeline(path)
    _, fitting = counted(lambda: fit(pipeline, str(rows), threads=1))
    profiled, profiling = counted(lambda: fit(pipeline, str(rows), threads=1, profile=pipeline.profile))
    artifact, compiling = counted(
        lambda: artifacts.assemble(
            profiled.pipeline, "packed", profile=profiled.profile, profile_rows=profiled.profile_rows
        )
    )
    out = folder / "artifact"
    artifacts.write(artifact, out)
    report, verifying = counted(lambda: skc.verify(out, str(rows), rows=1_000))
    if not report.is_equal:
        raise SystemExit(f"{rows.stem} is not verified")
    transformer, loading = counted(lambda: skc_runtime.load(out))
    table = pq.read_table(rows).slice(0, BATCH)
    record = table.slice(7, 1).to_pylist()[0]
    transformer.transform(record)
    return {
        "fit": fitting,
        "fit and profile": profiling,
        "compile": compiling | graph(out / "model.onnx"),
        "verify": verifying | {"rows": sum(check.rows for check in report.checks if check.against_reference)},
        "load": loading,
        "one row": counted(lambda: transformer.transform(record))[1],
        "one JSON request": counted(lambda: transformer.transform_json(json.dumps(record, default=str)))[1],
        f"{table.num_rows} rows of Arrow": counted(lambda: transformer.transform(table))[1]
        | {"peak bytes": peak(lambda: transformer.transform(table))},
    }


def counted(work: Callable[[], T]) -> tuple[T, Counts]:
    """The result, and what was called how often."""
    profile = cProfile.Profile()
    with counting() as counts:
        profile.enable()
        result = work()
        profile.disable()
    # not `pstats`, which keeps one of several generators that begin on the same line, whichever comes last in memory
    calls = sum(entry.callcount for entry in profile.getstats())
    return result, {**dict(sorted(counts.items())), "calls": calls}


@contextmanager
def counting() -> Iterator[Counter[str]]:
    """Counts the calls of what is dear: queries, sessions and their runs."""
    counts: Counter[str] = Counter()
    watched = {
        **{(Database, name): "queries" for name in ("execute", "run", "row", "batches")},
        (GraphSession, "__init__"): "sessions",
        (GraphSession, "run"): "runs",
    }
    originals = {place: getattr(*place) for place in watched}

    def watch(original: Callable[..., Any], what: str) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            counts[what] += 1
            return original(*args, **named)

        return call

    for (owner, name), what in watched.items():
        setattr(owner, name, watch(originals[owner, name], what))
    try:
        yield counts
    finally:
        for (owner, name), original in originals.items():
            setattr(owner, name, original)


def graph(model: Path) -> Counts:
    """Nodes as written, kernels as ONNX Runtime runs them in serving, and the bytes of the file."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    optimised = model.with_name("optimised.onnx")
    options.optimized_model_filepath = str(optimised)
    onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    nodes, kernels = (len(onnx.load(str(file)).graph.node) for file in (model, optimised))
    optimised.unlink()
    return {"nodes": nodes, "kernels": kernels, "bytes": model.stat().st_size}


def peak(work: Callable[[], object]) -> int:
    """The most bytes that Python and NumPy held at once for it."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def differences(kept: Mapping[str, Counts], counts: Mapping[str, Counts]) -> list[str]:
    """What differs from what is kept, one line each."""
    found = []
    for stage in {**kept, **counts}:
        before, now = kept.get(stage, {}), counts.get(stage, {})
        for name in {**before, **now}:
            was, is_ = before.get(name), now.get(name)
            if not agree(name, was, is_):
                found.append(f"{stage}: {shown(is_)} {name}, kept are {shown(was)}")
    return found


def agree(name: str, was: int | None, is_: int | None) -> bool:
    """Whether a count is what was kept."""
    if was is None or is_ is None or name not in ROUGH:
        return was == is_
    return abs(is_ - was) <= SLACK * was


def shown(count: int | None) -> str:
    return "no" if count is None else f"{count:,}"


def exponents(counts: Mapping[str, Counts]) -> list[tuple[str, str, float]]:
    """What each count of each stage grows with from the narrow to the wide pipeline: 1 is linear in the columns."""
    narrow, wide = WIDTHS
    grown = []
    for stage, ends in counts.items():
        start = counts.get(stage.replace(f"{wide} floats", f"{narrow} floats"))
        if not stage.startswith(f"{wide} floats") or start is None:
            continue
        for name, end in ends.items():
            if start.get(name) and end:
                grown.append((stage, name, math.log(end / start[name]) / math.log(wide / narrow)))
    return grown


def table(counts: Mapping[str, Counts]) -> str:
    names = [*dict.fromkeys(name for by_name in counts.values() for name in by_name)]
    lines = [f"{'':<36}" + "".join(f"{name:>12}" for name in names)]
    for stage, by_name in counts.items():
        lines.append(f"{stage:<36}" + "".join(f"{by_name[n]:>12,}" if n in by_name else f"{'':>12}" for n in names))
    lines += [f"{stage + ', ' + name:<60} exponent {grown:.2f}" for stage, name, grown in exponents(counts)]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
