"""`skc log cut`: deletes whole files of a log whose requests are all older than a time.

A file that a process still writes is never deleted, nor one without any request, whose time nobody knows. All files
are read before any is deleted: what is not a log is refused, and then nothing is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from skc.diagnostics import fail
from skc.skew.log_reader import LoggedRequest, log_files, read_file
from skc_runtime.log_files import OPEN


@dataclass(frozen=True)
class Cut:
    """The files that were deleted, or would be, and how many requests they had; the number of those that are left."""

    files: tuple[Path, ...]
    requests: int
    kept: int


def time_of(text: str) -> int:
    """A date or a time in ISO 8601, of UTC unless it says otherwise, in microseconds since 1970. Raises SKC140."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        hint = "write 2026-11-30, or 2026-11-30T12:00:00+01:00"
        raise fail("SKC140", f"`{text}` is not a date", hint=hint) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def cut_log(folder: Path, before_us: int, *, dry_run: bool = False) -> Cut:
    """Delete the files of a folder whose last request is before a time. Raises SKC601 to SKC603."""
    if not folder.is_dir():
        hint = "give the folder that the service writes into"
        raise fail("SKC601", f"`{folder}` is not a folder", hint=hint)
    files = log_files([folder])
    old: list[Path] = []
    requests = 0
    for file in files:
        last, count = _last(file)
        if last is not None and last < before_us and not file.name.endswith(OPEN):
            old.append(file)
            requests += count
    for file in [] if dry_run else old:
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            hint = "run it as a user who may delete the file"
            raise fail("SKC601", f"`{file}` cannot be deleted: {error.strerror}", hint=hint) from None
    return Cut(tuple(old), requests, len(files) - len(old))


def _last(file: Path) -> tuple[int | None, int]:
    """The latest time of a request, and how many there are."""
    last: int | None = None
    count = 0

    def see(request: LoggedRequest) -> None:
        nonlocal last, count
        last = request.time_us if last is None else max(last, request.time_us)
        count += 1

    read_file(file, see)
    return last, count
