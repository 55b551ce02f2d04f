"""What a request log costs: `Log.add` beside a bare call, in every language, and under overload.

    python benchmarks/request_log.py [--langs python,java,go,cpp] [--calls 20000] [--overload SECONDS]

The 39-column pipeline of `latency.py`. CPU time of the whole process (the caller and the thread that writes), per
request: a call of the transformer, and `add` with features as checksums and in full, without dropping any. For Python
also how long the caller is kept. With --overload, Python adds as fast as it can for so many seconds, which is faster
than it can write: what was dropped, what the files say, and the growth of memory.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "conformance")]

import skc_runtime  # noqa: E402  # before ONNX Runtime, whose telemetry it switches off

# isort: split
import results  # noqa: E402
from executors import LANGUAGES, Executor  # noqa: E402
from latency import PIPELINE  # noqa: E402
from run import onnxruntime_version, provide_onnxruntime  # noqa: E402
from tables import make_table  # noqa: E402

import skc  # noqa: E402
from skc.skew.check import check_log  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
ROUNDS = 5  # the best of so many


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--langs", default=",".join(LANGUAGES), help="languages to measure")
    parser.add_argument("--calls", type=int, default=20_000, help="calls of each measurement")
    parser.add_argument("--overload", type=float, default=0.0, metavar="SECONDS", help="also add too fast for so long")
    results.add_flag(parser)
    arguments = parser.parse_args()
    ratios: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "pipeline.yaml").write_text(PIPELINE)
        table = make_table(20_000)
        record = {column: table[column][7].as_py() for column in table.column_names}
        skc.compile(folder / "pipeline.yaml", table, out=folder / "artifact", verify=False)
        print("CPU µs per request, the best of 5 turns")
        print(f"{'':<8}{'a call':>9}{'add':>9}{'in full':>9}{'add/call':>10}")
        for language in arguments.langs.split(","):
            call, digest, full = costs(language, folder, record, arguments.calls)
            print(f"{language:<8}{call:>9.1f}{digest:>9.1f}{full:>9.1f}{digest / call:>10.2f}")
            ratios[f"{language}: add, to a call"] = digest / call
        with skc_runtime.load(folder / "artifact") as transformer:
            caller(transformer, folder, record, arguments.calls)
            if arguments.overload:
                overload(transformer, folder, record, arguments.overload)
    results.save(arguments.json, ratios)


def costs(language: str, folder: Path, record: dict[str, Any], calls: int) -> tuple[float, float, float]:
    """CPU µs of a call, of `add` with checksums, and of `add` in full."""
    with Executor(LANGUAGES[language], provide_onnxruntime(onnxruntime_version()), {}) as executor:
        executor.ask({"do": "load", "artifact": str(folder / "artifact"), "replay": "tolerance"})
        executor.ask({"do": "rows", "rows": [record]})

        def cpu(request: dict[str, Any], number: int) -> float:
            before = cpu_seconds(executor.pid)
            answer = executor.ask(request)
            assert "error" not in answer, answer
            return (cpu_seconds(executor.pid) - before) / number * 1e6

        def log(features: str) -> float:
            with tempfile.TemporaryDirectory(dir=folder) as target:
                options = {"features": features, "on_full": "wait"}
                entry = {"id": "0123456789abcdef", "record": record, "time_us": 1_700_000_000_000_000}
                request = {"do": "log", "folder": target, "options": options, "add": [entry], "rounds": calls}
                return cpu(request, calls)

        serve = {"do": "threads", "threads": 1, "rounds": calls}
        turns = [(cpu(serve, calls), log("digest"), log("full")) for _ in range(ROUNDS)]
    call, digest, full = (min(turn[k] for turn in turns) for k in range(3))
    return call, digest, full


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def caller(transformer: skc_runtime.Transformer, folder: Path, record: dict[str, Any], calls: int) -> None:
    """How long Python's caller is kept, at about 1,000 requests a second, with and without a log, in turns."""
    features = transformer.transform_record(record)
    with skc_runtime.Log.open(folder / "caller", transformer) as log:
        kept = {"a call": lambda: transformer.transform_record(record), "add": lambda: log.add("id", record, features)}
        times: dict[str, list[int]] = {name: [] for name in kept}
        for _ in range(min(calls, 5_000)):
            for name, subject in kept.items():
                times[name].append(nanoseconds(subject))
            time.sleep(0.001)
    assert log.counts().dropped == 0
    for name, found in times.items():
        found.sort()
        p50, p99 = statistics.median(found) / 1e3, found[len(found) * 99 // 100] / 1e3
        print(f"Python, {name}: p50 {p50:.1f} µs, p99 {p99:.1f} µs")


def nanoseconds(subject: Callable[[], Any]) -> int:
    start = time.perf_counter_ns()
    subject()
    return time.perf_counter_ns() - start


def overload(transformer: skc_runtime.Transformer, folder: Path, record: dict[str, Any], seconds: float) -> None:
    """Add as fast as the caller can, which is faster than lines can be made."""
    features = transformer.transform_record(record)
    for on_full in ("drop", "wait"):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with skc_runtime.Log.open(folder / on_full, transformer, on_full=on_full) as log:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                for _ in range(100):
                    log.add("id", record, features)
        counts, grown = log.counts(), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        report = check_log([folder / on_full])
        print(
            f"overload, {on_full}: {counts.n:,} added, {counts.logged:,} logged, {counts.dropped:,} dropped in "
            f"{seconds:g} s; the files have {report.requests:,}, and gaps of {report.dropped:,}; memory grew by "
            f"{grown:.0f} MiB"
        )
        assert counts.logged + counts.dropped == counts.n
        assert (report.requests, report.dropped) == (counts.logged, counts.dropped)


if __name__ == "__main__":
    main()
