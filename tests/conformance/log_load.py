"""A request log under load, in every language: what it drops it counts, and what it writes can be read."""

from __future__ import annotations

import resource
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from checks import Tally, short
from executors import Executor
from request_logs import counts_by_kind

from skc.skew.check import LogReport, check_log

THREADS, ROUNDS = 4, 5_000
LONG = 30_000  # so that a disk that is full for a while has room again before the last request
LOADS: Mapping[str, Mapping[str, Any]] = {
    "drop": {"queue": 100, "flush": 0.05},
    "wait": {"queue": 100, "flush": 0.01, "on_full": "wait"},
    "rotated": {"queue": 100, "flush": 0.01, "on_full": "wait", "rotate_bytes": 50_000},
}


def check_log_loads(executor: Executor, suite: Path, index: Mapping[str, Any]) -> Iterator[Tally]:
    """Threads that add as fast as they can; and a disk that is full for a while, of which a locale has other words."""
    entry = next(entry for entry in index["logs"] if entry["id"] == "features-in-full")
    executor.ask({"do": "load", "artifact": str(suite / entry["artifact"]), "replay": "exact"})
    for name, options in LOADS.items():
        yield _loaded(executor, name, {**entry, "options": options}, lambda folder: None)
    yield _loaded(
        executor,
        "full-disk",
        {**entry, "options": {**LOADS["wait"], "rotate_bytes": 1 << 30}},
        _FullDisk(executor.pid),
        LONG,
    )


class _FullDisk:
    """Files of a process may not grow for a while, after they have some requests."""

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def __call__(self, folder: Path) -> None:
        end = time.monotonic() + 60
        while not any(path.stat().st_size > 20_000 for path in _files(folder)) and time.monotonic() < end:
            time.sleep(0.001)
        self._limit(max((path.stat().st_size for path in _files(folder)), default=0) + 100)
        time.sleep(0.05)
        self._limit(resource.RLIM_INFINITY)

    def _limit(self, size: int) -> None:
        resource.prlimit(self._pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _loaded(
    executor: Executor, name: str, entry: Mapping[str, Any], meanwhile: Callable[[Path], None], rounds: int = ROUNDS
) -> Tally:
    tally, folder = Tally(f"logs/load-{name}"), Path(tempfile.mkdtemp())
    adding = {"folder": str(folder / "log"), "options": entry["options"], "add": entry["add"][:1]}
    disturbing = threading.Thread(target=meanwhile, args=(folder / "log",))
    disturbing.start()
    answer = executor.ask({"do": "log", "threads": THREADS, "rounds": rounds, **adding})
    disturbing.join()
    if "counts" not in answer:
        tally.expect(False, f"counts are wanted, not {short(answer)}")
        return tally
    n, logged, dropped, _ = answer["counts"]
    report = check_log([folder / "log"])
    tally.expect(n == THREADS * rounds == logged + dropped, f"{THREADS * rounds} requests were added, not {answer}")
    tally.expect(report.requests == logged, f"{logged} were logged, and {report.requests} are there")
    tally.expect(_drops(report) == dropped, f"{dropped} were dropped, and {_drops(report)} are missing")
    tally.expect((dropped > 0) is (name in ("drop", "full-disk")), f"{dropped} were dropped")
    tally.expect((report.files > 1) is (name == "rotated"), f"{report.files} files")
    unexpected = set(counts_by_kind(report)) - {"repeated-ids", "dropped"}
    tally.expect(not unexpected, f"{report.findings}")
    shutil.rmtree(folder)
    return tally


def _drops(report: LogReport) -> int:
    """From the files alone."""
    assert report.dropped == counts_by_kind(report).get("dropped", 0)
    return report.dropped
