"""What `skc replay` finds in logs of the rides, and what it costs.

    python benchmarks/replay.py clean      # 100,000 requests without a fault: 0 differences, exit 0
    python benchmarks/replay.py planted    # each of 12 faults in its columns alone, and at least 11 named; noise is not
    python benchmarks/replay.py plan       # a log of another pipeline: exit 2, and both hashes
    python benchmarks/replay.py hidden     # inputs that the log leaves out or hashes: the other columns are compared
    python benchmarks/replay.py size       # 1,000,000 requests, as digests and in full: seconds, peak of memory
    python benchmarks/replay.py training   # 1,000,000 requests joined with as many rows of training

Without an argument, all of them. Exits with 1 if one is not as this says. `--requests` is for `size` and `training`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import results

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from planted_skew import BEFORE, NOISE, PLANTED, Planted  # noqa: E402
from served_rides import write_log  # noqa: E402
from skewed_rides import rides  # noqa: E402

import skc  # noqa: E402
import skc_runtime  # noqa: E402
from skc.skew.replay.report import ReplayReport  # noqa: E402

EXAMPLE = ROOT / "examples" / "rides"
MOST_SECONDS, MOST_BYTES = 60.0, 1 << 30  # of a million requests, on a machine that does nothing else
LEAST_NAMED = 11
RATIOS: dict[str, float] = {}  # what is kept


@cache
def home() -> Path:
    """A folder with artifacts of the rides: as it is, hiding two inputs, and with another scaler."""
    folder = Path(tempfile.mkdtemp(prefix="skc-replay-"))
    shutil.copy(EXAMPLE / "data.csv", folder)
    text = (EXAMPLE / "pipeline.yaml").read_text(encoding="utf-8")
    texts = {
        "rides": text,
        "hiding": text + "log: {omit: [driver], hash: [fare]}\n",
        "other": text.replace("log1p, standard_scale", "log1p, robust_scale"),
    }
    for name, one in texts.items():
        (folder / f"{name}.yaml").write_text(one, encoding="utf-8")
        skc.compile(folder / f"{name}.yaml", out=folder / name, rows=0, verify=False)
    return folder


def requests(number: int) -> list[dict[str, Any]]:
    """The rides, over and over."""
    rows = rides().to_pylist()
    return (rows * (number // len(rows) + 1))[:number]


def logged(name: str, number: int, artifact: str = "rides", **options: Any) -> Path:
    path = home() / f"{name}.jsonl"
    with skc_runtime.load(home() / artifact) as transformer:
        own = options.pop("planted", None)
        own = None if own is None else own.own(transformer)
        write_log(path, transformer, requests(number), own=own, **options)
    return path


def run(*arguments: str | Path) -> tuple[int, str, str, float, float, int]:
    """The exit code of `skc`, what it printed, its CPU and wall seconds, and the peak of its memory in bytes."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = subprocess.Popen([sys.executable, "-m", "skc", *map(str, arguments)], stdout=out, stderr=err)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode())
    cpu = used.ru_utime + used.ru_stime
    return process.returncode, texts[0], texts[1], cpu, wall, used.ru_maxrss * 1024


def seen(name: str, is_right: bool, *texts: Any) -> bool:
    print(f"{name}: {'ok' if is_right else 'WRONG'}")
    for text in texts:
        print(f"  {text}")
    return is_right


def clean(_: int) -> bool:
    path = logged("clean", 100_000)
    code, text, _, cpu, wall, memory = run("replay", path, home() / "rides", "--format", "json")
    found = json.loads(text)
    is_right = (code, found["requests"], found["differing"], found["equal"]) == (0, 100_000, 0, True)
    digests = sum(output["digests"] for output in found["outputs"])
    cost = f"{cpu:.1f} CPU s, {wall:.1f} s, {memory >> 20} MiB"
    return seen("clean", is_right, f"exit {code}, {found['differing']} of {digests:,} digests differ; {cost}")


def replayed(planted: Planted) -> ReplayReport:
    return skc.replay(logged("planted", 5000, planted=planted), home() / "rides")


def is_named(planted: Planted, report: ReplayReport) -> bool:
    """Whether every column that differs has a reason, and a right one."""
    reasons = [column.reason for column in report.found]
    return all(r is not None and any(words in r.text for words in planted.words) for r in reasons)


def planted(_: int) -> bool:
    lines, named, exact = [], 0, 0
    for name, fault in PLANTED.items():
        report = replayed(fault)
        is_exact = {column.column for column in report.found} == fault.columns
        named, exact = named + is_named(fault, report), exact + is_exact
        lines += described(name, fault, report)
    noise = replayed(NOISE)
    is_quiet = all(column.reason is None for column in noise.found)
    lines += described("noise", NOISE, noise)
    lines.append("beyond the twelve, before steps that are not linear:")
    for name, fault in BEFORE.items():
        lines += described(name, fault, replayed(fault))
    is_right = exact == len(PLANTED) and named >= LEAST_NAMED and is_quiet
    summary = f"{exact} of {len(PLANTED)} in exactly their columns, {named} named, noise named: {not is_quiet}"
    return seen("planted", is_right, summary, *lines)


def described(name: str, fault: Planted, report: ReplayReport) -> Sequence[str]:
    columns = [f"{c.column}: {c.reason.text if c.reason else 'not explained'}" for c in report.found]
    is_exact = {column.column for column in report.found} == fault.columns
    return [f"{name}{'' if is_exact else ' (WRONG COLUMNS)'}: {'; '.join(columns)}"]


def plan(_: int) -> bool:
    path = logged("plan", 1000)
    code, _, text, *_ = run("replay", path, home() / "other")
    plans = [json.loads((home() / name / "manifest.json").read_bytes())["plan"] for name in ("rides", "other")]
    forced = skc.replay(path, home() / "other", any_plan=True)
    is_right = code == 2 and all(one in text for one in plans) and forced.differing == 1000
    return seen("plan", is_right, text.splitlines()[0], f"with --any-plan {forced.differing:,} of 1,000 differ")


def hidden(_: int) -> bool:
    digest = skc.replay(logged("digest", 5000, "hiding", salt=b"s"), home() / "hiding")
    full = skc.replay(logged("full", 5000, "hiding", salt=b"s", features="full"), home() / "hiding")
    assert full.not_recomputed is not None
    columns = {column.column for column in full.columns}
    listed = {name.partition(": ")[2] for name in full.not_recomputed.columns}
    is_right = digest.is_equal and full.is_equal and listed == {"amounts.fare", "fare_per_km", "driver"}
    is_right &= len(columns) == 12 and not columns & listed
    return seen("hidden", is_right, f"not recomputed: {', '.join(sorted(listed))}; {len(columns)} columns compared")


def size(number: int) -> bool:
    is_right = True
    for features in ("digest", "full"):
        path = logged("size", number, features=features)
        code, text, _, cpu, wall, memory = run("replay", path, home() / "rides")
        bytes_ = path.stat().st_size
        path.unlink()
        is_right &= code == 0 and wall < MOST_SECONDS and memory < MOST_BYTES
        RATIOS[f"{features}, memory to 1 GiB"] = memory / MOST_BYTES
        RATIOS[f"{features}, processor time to 60 s"] = cpu / MOST_SECONDS
        cost = f"{cpu:.1f} CPU s, {wall:.1f} s, {memory >> 20} MiB, a log of {bytes_ >> 20} MiB"
        print(f"  {number:,} requests, {features}: exit {code}, {text.splitlines()[-1]}; {cost}")
    return seen("size", is_right)


def training(number: int) -> bool:
    path = logged("training", number)
    table = rides()
    parts = pa.concat_tables([table] * (number // len(table) + 1)).slice(0, number)
    ids = pa.array([f"r{k}" for k in range(number)])
    pq.write_table(parts.append_column("ride", ids), home() / "training.parquet")
    arguments = ("--training", home() / "training.parquet", "--key", "id=ride", "--format", "json")
    code, text, _, cpu, wall, memory = run("replay", path, home() / "rides", *arguments)
    path.unlink()
    found = json.loads(text)["training"]
    is_right = code == 0 and found["matched"] == number and memory < MOST_BYTES
    cost = f"{cpu:.1f} CPU s, {wall:.1f} s, {memory >> 20} MiB"
    return seen("training", is_right, f"{found['matched']:,} of {number:,} matched, exit {code}; {cost}")


CHECKS: dict[str, Callable[[int], bool]] = {one.__name__: one for one in (clean, planted, plan, hidden, size, training)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("check", nargs="*", choices=[*CHECKS, []], help="all if none is named")
    parser.add_argument("--requests", type=int, default=1_000_000)
    results.add_flag(parser)
    given = parser.parse_args()
    try:
        done = [CHECKS[name](given.requests) for name in given.check or CHECKS]  # every one, whatever the others say
        results.save(given.json, RATIOS)
        return 0 if all(done) else 1
    finally:
        shutil.rmtree(home())


if __name__ == "__main__":
    sys.exit(main())
