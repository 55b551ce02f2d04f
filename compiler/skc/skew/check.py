"""What a request log lost, and what in it does not belong together.

How a loss is seen: every writer numbers its requests before it queues them. So a file should have as many requests as
`logged` grew from its first line to its last (fewer: lines are missing), and what `n` grew beyond that was dropped by
the service. Where a file has no last line, the first line of the writer's next file tells the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from skc.skew.log_plans import LogPlan
from skc.skew.log_reader import FileRead, Header, LoggedRequest, log_files, read_file

Kind = Literal[
    "dropped", "lost", "missing", "torn", "damaged", "cut-short", "overlap", "open", "plans", "repeated-ids", "clock"
]
# What a service may do without anything being wrong with its log.
NOTES: tuple[Kind, ...] = ("open", "plans", "repeated-ids", "clock")
BACKWARDS_US = 1_000_000  # threads that log at the same time are this far apart at most


@dataclass(frozen=True)
class LogFinding:
    """`count` requests, lines or files that something is said about; `where` is a file, or a writer."""

    kind: Kind
    count: int
    where: str
    message: str

    @property
    def is_loss(self) -> bool:
        """Whether the log is not what the service served."""
        return self.kind not in NOTES


@dataclass(frozen=True)
class LogReport:
    """Everything about some files: `requests` are those read, `served` without an error."""

    files: int
    writers: int
    plans: tuple[str, ...]
    requests: int
    served: int
    dropped: int
    sampled_out: int
    first_us: int | None
    last_us: int | None
    findings: tuple[LogFinding, ...]

    @property
    def is_whole(self) -> bool:
        return not any(finding.is_loss for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """Plain JSON data."""
        return {"skc": "log-check", "format": 1, "whole": self.is_whole, **asdict(self)}


@dataclass
class _Seen:
    """The requests of one file."""

    served: int = 0
    numbers: array[int] = field(default_factory=lambda: array("q"))
    ids: array[int] = field(default_factory=lambda: array("q"))  # their hashes
    first_us: int | None = None
    last_us: int | None = None
    backwards: int = 0
    latest_us: int = 0

    def see(self, request: LoggedRequest) -> None:
        self.served += "error" not in request.document
        self.numbers.append(request.n)
        self.ids.append(hash(request.id))
        time = request.time_us
        self.first_us = time if self.first_us is None else min(self.first_us, time)
        self.last_us = time if self.last_us is None else max(self.last_us, time)
        self.backwards += time < self.latest_us - BACKWARDS_US
        self.latest_us = time


class Watch(Protocol):
    """Somebody who gets the requests of a plan while they are checked, each once however many copies there are."""

    def begin(self, path: Path, header: Header) -> None:
        """A file begins."""

    def see(self, request: LoggedRequest) -> None:
        """A request of the file that began last."""


@dataclass(frozen=True)
class _File:
    read: FileRead
    header: Header
    seen: _Seen


def check_log(paths: Sequence[Path], plan: LogPlan | None = None, watch: Watch | None = None) -> LogReport:
    """Read all files of a log once, and say what is missing. What is missing is looked for in those of other pipelines
    too; only `watch` does not see the requests that `plan` leaves out.

    Memory grows by 16 bytes a request. Raises SKC601 to SKC604.
    """
    findings: list[LogFinding] = []
    files: list[_File] = []
    paths = log_files(paths)
    for path in paths:
        seen = _Seen()
        read = _read(path, seen, plan or LogPlan(), files, watch)
        findings += _of_file(read, seen)
        if read.header is not None:
            files.append(_File(read, read.header, seen))
    writers: dict[str, list[_File]] = {}
    for file in sorted(files, key=lambda f: (f.header.writer, f.header.part, str(f.read.path))):
        writers.setdefault(file.header.writer, []).append(file)
    dropped = sampled_out = 0
    for same in writers.values():
        chain = _without_overlap(same, findings)
        dropped += _of_writer(chain, findings)
        sampled_out += max((f.read.totals.sampled_out for f in chain if f.read.totals), default=0)
    plans = tuple(sorted({file.header.plan for file in files}))
    if len(plans) > 1:
        message = f"the files are of {len(plans)} pipelines: {', '.join(plan[:12] for plan in plans)}"
        findings.append(LogFinding("plans", len(plans), "all files", message))
    findings += _repeated_ids(files)
    times = [t for f in files for t in (f.seen.first_us, f.seen.last_us) if t is not None]
    return LogReport(
        files=len(paths),
        writers=len(writers),
        plans=plans,
        requests=sum(len(file.seen.numbers) for file in files),
        served=sum(file.seen.served for file in files),
        dropped=dropped,
        sampled_out=sampled_out,
        first_us=min(times, default=None),
        last_us=max(times, default=None),
        findings=tuple(sorted(findings, key=lambda f: (f.kind in NOTES, f.where, f.kind))),
    )


def _read(path: Path, seen: _Seen, plan: LogPlan, before: Sequence[_File], watch: Watch | None) -> FileRead:
    """Read one file; the requests that one of the files `before` has too are not watched again."""
    again: set[int] = set()

    def begin(header: Header) -> None:
        plan.begin(path, header)
        for file in before:
            if (file.header.writer, file.header.part) == (header.writer, header.part):
                again.update(file.seen.numbers)
        if watch is not None and plan.reads_file:
            watch.begin(path, header)

    if watch is None:
        return read_file(path, seen.see, begin)
    pass_on = watch.see

    def see(request: LoggedRequest) -> None:
        seen.see(request)
        if (not again or request.n not in again) and plan.takes():
            pass_on(request)

    return read_file(path, see, begin)


def _of_file(read: FileRead, seen: _Seen) -> list[LogFinding]:
    """What a file shows alone."""
    where = str(read.path)
    findings: list[LogFinding] = []
    if read.torn:
        findings.append(LogFinding("torn", 1, where, "the file ends within a line"))
    if read.cut_short:
        findings.append(LogFinding("cut-short", 1, where, "the compressed file ends too early, or is damaged"))
    if read.damaged:
        findings.append(LogFinding("damaged", read.damaged, where, f"{read.damaged:,} lines are not a request"))
    if read.totals is None and not read.cut_short:
        message = "the file has no last line: its service is running, or was killed"
        findings.append(LogFinding("open", 1, where, message))
    if seen.backwards:
        message = f"the clock went back {seen.backwards:,} times by more than a second"
        findings.append(LogFinding("clock", seen.backwards, where, message))
    return findings


def _without_overlap(files: list[_File], findings: list[LogFinding]) -> list[_File]:
    """The files of one writer, each part once: a copy of it is an overlap, and so is a number that occurs twice."""
    chain: list[_File] = []
    for file in files:
        if chain and chain[-1].header.part == file.header.part:
            message = f"the same requests are in `{chain[-1].read.path}`"
            findings.append(LogFinding("overlap", len(file.seen.numbers), str(file.read.path), message))
            if len(file.seen.numbers) > len(chain[-1].seen.numbers):
                chain[-1] = file  # the longer of two copies
        else:
            chain.append(file)
    for file in chain:
        numbers = np.frombuffer(file.seen.numbers, np.int64)
        repeated = len(numbers) - len(np.unique(numbers))
        if repeated:
            message = f"{repeated:,} sequence numbers occur twice"
            findings.append(LogFinding("overlap", repeated, str(file.read.path), message))
    return chain


def _of_writer(chain: list[_File], findings: list[LogFinding]) -> int:
    """How many requests a writer dropped; its losses are added to the findings."""
    dropped = 0
    for file, following in zip(chain, [*chain[1:], None], strict=True):
        where, header, totals = str(file.read.path), file.header, file.read.totals
        numbers = np.unique(np.frombuffer(file.seen.numbers, np.int64))
        if totals is not None:
            n, logged = totals.n, totals.logged
        elif following is not None and following.header.part == header.part + 1:
            n, logged = following.header.after, following.header.logged
        else:  # what came after its last request is not known
            n, logged = int(numbers.max(initial=header.after)), header.logged + len(numbers) + file.read.damaged
        lost = logged - header.logged - len(numbers)
        if lost > 0:
            message = f"{lost:,} requests that the service wrote are not in the file"
            findings.append(LogFinding("lost", lost, where, message))
        missed = n - header.after - (logged - header.logged)
        dropped += missed
        if missed > 0:
            findings.append(LogFinding("dropped", missed, where, f"the service dropped {missed:,} requests"))
    for one, other in pairwise(chain):
        absent = other.header.part - one.header.part - 1
        if absent:
            n, logged = (one.read.totals.n, one.read.totals.logged) if one.read.totals else (0, 0)
            lost = other.header.logged - logged if one.read.totals else 0
            dropped += max(0, other.header.after - n - lost) if one.read.totals else 0
            message = f"{absent:,} files with {lost:,} requests are missing between part {one.header.part} and this"
            findings.append(LogFinding("missing", absent, str(other.read.path), message))
    if chain[0].header.part:
        message = f"{chain[0].header.part:,} files before this with {chain[0].header.logged:,} requests are not given"
        findings.append(LogFinding("missing", chain[0].header.part, str(chain[0].read.path), message))
    return dropped


def _repeated_ids(files: list[_File]) -> list[LogFinding]:
    if not files:
        return []
    hashes = np.sort(np.concatenate([np.frombuffer(file.seen.ids, np.int64) for file in files]))
    repeated = int((hashes[1:] == hashes[:-1]).sum())
    message = f"{repeated:,} requests have the id of another: a retry, or an id that is not one"
    return [LogFinding("repeated-ids", repeated, "all files", message)] if repeated else []
