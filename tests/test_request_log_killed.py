"""`kill -9` of a service in any language tears at most the last line of its request log, and a reader says so."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
import toolchains
from executors import LANGUAGES, Executor, ExecutorError
from forged_artifacts import compile_pipeline, identity
from request_logs import counts_by_kind
from run import onnxruntime_version, provide_onnxruntime

from skc.skew.check import check_log

KILLS = 3
INPUTS = [{"name": "x", "type": "float64", "nullable": True, "nan": "null"}]


def ask(executor: Executor, request: dict[str, Any]) -> None:
    """Without an answer: it is killed before."""
    with contextlib.suppress(ExecutorError):
        executor.ask(request)


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_killed_service_leaves_whole_lines(name: str, tmp_path: Path) -> None:
    missing = toolchains.missing(name)
    if missing and toolchains.in_ci():
        pytest.fail(f"in CI: {', '.join(missing)}")
    if missing:
        pytest.skip(", ".join(missing))
    artifact = compile_pipeline(identity(INPUTS), "packed", [{"x": 1.0}]).write(tmp_path / "artifact")
    library = provide_onnxruntime(onnxruntime_version())
    for kill in range(KILLS):
        folder = tmp_path / f"log-{kill}"
        with contextlib.suppress(ExecutorError), Executor(LANGUAGES[name], library, {}) as executor:
            assert executor.ask({"do": "load", "artifact": str(artifact), "replay": "exact"}) == {"loaded": True}
            added = {"id": "a", "record": {"x": 1.5}, "time_us": 1}
            options = {"on_full": "wait", "queue": 1000, "flush": 0.02}
            request = {"do": "log", "folder": str(folder), "options": options, "add": [added], "rounds": 1 << 30}
            asking = threading.Thread(target=ask, args=(executor, request))
            asking.start()
            limit = time.monotonic() + 60
            while not folder.is_dir() or not any(path.stat().st_size > 100_000 for path in folder.iterdir()):
                assert time.monotonic() < limit
                time.sleep(0.01 * (kill + 1))
            executor.kill()
            asking.join()
        (path,) = folder.iterdir()
        *lines, rest = path.read_bytes().split(b"\n")
        assert [json.loads(line)["n"] for line in lines[1:]] == list(range(1, len(lines)))
        report = check_log([folder])
        assert report.requests == len(lines) - 1 > 100
        assert set(counts_by_kind(report)) == {"open", "repeated-ids"} | ({"torn"} if rest else set())
