"""Services that log for a while, and what is in their files, for tests of programs that ship logs."""

from __future__ import annotations

import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

from request_logs import files, lines

import skc

PIPELINE = """\
skc: 1
name: shipped
inputs: {x: {type: float64, nullable: true}}
outputs: {out: {features: [x], dtype: float64}}
"""
SERVICE = """\
import sys, time
import skc_runtime
artifact, log, requests = sys.argv[1:]
with skc_runtime.load(artifact) as transformer:
    with skc_runtime.Log.open(log, transformer, flush=0.02, rotate_bytes=30_000, on_full="wait") as opened:
        for k in range(int(requests)):
            opened.add(str(k), {"x": float(k)})
            time.sleep(0.002)
"""


def services_that_log(folder: Path, number: int, requests: int) -> list[subprocess.Popen[bytes]]:
    """Processes that log into FOLDER/log, a request every few milliseconds, into many small files."""
    (folder / "pipeline.yaml").write_text(PIPELINE)
    (folder / "rows.csv").write_text("x\n1\n")
    skc.compile(folder / "pipeline.yaml", folder / "rows.csv", folder / "artifact", rows=0, verify=False)
    arguments = [str(folder / "artifact"), str(folder / "log"), str(requests)]
    services = [subprocess.Popen([sys.executable, "-c", SERVICE, *arguments]) for _ in range(number)]
    while not (folder / "log").exists():
        time.sleep(0.02)
    return services


def logged(folder: Path) -> dict[str, list[int]]:
    """By writer, the numbers of all requests in files, in order."""
    numbers: dict[str, list[int]] = defaultdict(list)
    for path in files(folder):
        header, *rest = lines(path)
        numbers[header["writer"]] += [line["n"] for line in rest if "request" in line]
    return {writer: sorted(values) for writer, values in numbers.items()}
