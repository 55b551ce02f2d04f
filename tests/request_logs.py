"""Request logs for tests: what services write, and programs that are killed or run out of space while they do."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from skc.skew.check import LogReport
from skc_runtime.log_files import OPEN


def counts_by_kind(report: LogReport) -> dict[str, int]:
    """The findings, added up."""
    counts: Counter[str] = Counter()
    for finding in report.findings:
        counts[finding.kind] += finding.count
    return dict(counts)


def files(folder: Path) -> list[Path]:
    """The files of a log, in the order of their numbers."""
    return sorted(folder.iterdir(), key=lambda p: (int(p.name.split("-")[0]), int(p.name.split("-")[1].split(".")[0])))


def lines(path: Path) -> list[dict[str, Any]]:
    """Every line of a file, which must all be whole."""
    text = path.read_text(encoding="utf-8")
    assert text.endswith("\n")
    return [json.loads(line) for line in text.split("\n")[:-1]]


def records(folder: Path) -> list[dict[str, Any]]:
    """The requests of all files."""
    return [line for path in files(folder) for line in lines(path) if "request" in line]


def end(folder: Path) -> dict[str, Any]:
    """The totals of the last file, which must be complete."""
    last = files(folder)[-1]
    assert not last.name.endswith(OPEN)
    return lines(last)[-1]


def gaps(numbers: list[int], n: int) -> int:
    """How many of 1 to n are missing; the numbers must ascend."""
    assert numbers == sorted(set(numbers))
    return n - len(numbers)
