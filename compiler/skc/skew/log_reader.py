"""Reads the files of a request log (`skc_runtime.log_lines`), line by line, whatever happened to them.

Why nothing of a damaged file is refused: it is the file of the day on which something went wrong. Every whole line is
read, and what is not whole is counted. Only a file that was never a log, or is of a newer format, is an error.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from skc.diagnostics import SkcError, fail
from skc_runtime.errors import SkcRuntimeError, shown
from skc_runtime.kinds import INT64_MAX, INT64_MIN
from skc_runtime.log_files import OPEN
from skc_runtime.log_lines import FORMAT
from skc_runtime.strict_json import Fields

SUFFIXES = (".jsonl", ".jsonl" + OPEN, ".jsonl.gz")
LONGEST_LINE = 1 << 28  # bytes; longer ones are damage, and are not kept in memory
GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Header:
    """The first line of a file."""

    name: str
    plan: str
    writer: str
    part: int
    after: int
    logged: int
    sample: float
    sample_by: str
    features: str
    omit: tuple[str, ...]
    hash: tuple[str, ...]


@dataclass(frozen=True)
class Totals:
    """The last line of a complete file: the totals of its writer so far."""

    n: int
    logged: int
    dropped: int
    sampled_out: int


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One whole line: `document` is all of it."""

    n: int
    id: str
    time_us: int
    document: dict[str, Any]


@dataclass(frozen=True)
class FileRead:
    """What there was besides the requests. `header` is None if the file ends within it.

    `damaged` counts whole lines that are not a record. A file that is `torn` ends within a line; one that is
    `cut_short` is compressed and ends too early.
    """

    path: Path
    header: Header | None
    totals: Totals | None
    damaged: int
    torn: bool
    cut_short: bool


def log_files(paths: Sequence[Path]) -> list[Path]:
    """The files of logs, which are files or folders, each once. Raises SKC601."""
    files: dict[Path, None] = {}
    for path in paths:
        try:
            inside = sorted(p for p in path.iterdir() if p.name.endswith(SUFFIXES)) if path.is_dir() else [path]
            path.stat()
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            raise _unreadable(path, error) from None
        if not inside:
            hint = f"give a folder that has files ending in {', '.join(SUFFIXES)}"
            raise fail("SKC601", f"`{path}` has no request log", hint=hint)
        files.update(dict.fromkeys(inside))
    return list(files)


def _ignore(header: Header) -> None:
    """The default `begin` of `read_file`."""


def read_file(path: Path, see: Callable[[LoggedRequest], None], begin: Callable[[Header], None] = _ignore) -> FileRead:
    """Pass the first line of a file to `begin`, then every request to `see`. Raises SKC601, SKC602, SKC603."""
    try:
        with path.open("rb") as raw:
            is_compressed = raw.peek(2)[:2] == GZIP
            source = io.BufferedReader(_Gunzipped(gzip.GzipFile(fileobj=raw))) if is_compressed else raw
            return _read(path, _Lines(source), see, begin)
    except OSError as error:
        raise _unreadable(path, error) from None


@contextmanager
def open_lines(path: Path) -> Iterator[tuple[Header | None, WholeLines]]:
    """The first line of a file, and all whole lines after it as they are. Raises SKC601, SKC602, SKC603."""
    try:
        with path.open("rb") as raw:
            is_compressed = raw.peek(2)[:2] == GZIP
            source = io.BufferedReader(_Gunzipped(gzip.GzipFile(fileobj=raw))) if is_compressed else raw
            lines = _Lines(source)
            each = iter(lines)
            first = next(each, b"")
            yield (_header(path, first) if _is_header(path, first) else None), WholeLines(lines, each)
    except OSError as error:
        raise _unreadable(path, error) from None


class WholeLines(Iterator[bytes]):
    """The whole lines of a file after its first."""

    def __init__(self, lines: _Lines, each: Iterator[bytes]) -> None:
        self._lines, self._each = lines, each
        self._is_torn = False

    def __next__(self) -> bytes:
        while not (line := next(self._each)).endswith(b"\n"):
            self._is_torn = True
        return line

    @property
    def breaks_off(self) -> bool:
        """Whether the file ends within a line, or is compressed and ends too early: known after the last line."""
        return self._is_torn or self._lines.cut_short


def parsed_request(line: bytes) -> LoggedRequest | None:
    """The request in a line; None if it is not one."""
    return _request(_parsed(line))


class _Gunzipped(io.RawIOBase):
    """All that can be decompressed: a `GzipFile` that ends too early keeps the last kilobytes to itself."""

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._file.read1(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Lines:
    """The lines of a file with their ends. Iteration stops where a compressed file breaks off."""

    def __init__(self, file: Any) -> None:
        self._file: BinaryIO = file
        self.cut_short = False

    def __iter__(self) -> Iterator[bytes]:
        while line := self._next():
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                while (more := self._next()) and not more.endswith(b"\n"):
                    pass
                line = b"\n"
            yield line

    def _next(self) -> bytes:
        try:
            return self._file.readline(LONGEST_LINE)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            self.cut_short = True
            return b""


def _read(path: Path, lines: _Lines, see: Callable[[LoggedRequest], None], begin: Callable[[Header], None]) -> FileRead:
    each = iter(lines)
    first = next(each, b"")
    if not _is_header(path, first):
        return FileRead(path, None, None, 0, bool(first), lines.cut_short)
    header, totals, damaged, torn = _header(path, first), None, 0, False
    begin(header)
    for line in each:
        if not line.endswith(b"\n"):
            torn = True
            break
        value = _parsed(line)
        request = _request(value)
        if request is not None:
            see(request)
        elif (end := _totals(value)) is not None:
            totals = end
        else:
            damaged += 1
    return FileRead(path, header, totals, damaged, torn, lines.cut_short)


def _is_header(path: Path, first: bytes) -> bool:
    """Whether the first line is whole; a part of it is the start of a log. Raises SKC602."""
    if first.endswith(b"\n"):
        return True
    if first and not b'{"skc":"log","format":'.startswith(first[:22]):
        raise _foreign(path)
    return False


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _header(path: Path, line: bytes) -> Header:
    value = _parsed(line)
    if not isinstance(value, dict) or value.get("skc") != "log":
        raise _foreign(path)
    fields = Fields(value, str(path))
    try:
        version = fields.number("format", 1, 2**53)
        if version > FORMAT:
            message = f"`{path}` has format {version}, and this version of skc reads format {FORMAT}"
            raise fail("SKC603", message, hint="install a newer skc")
        return Header(
            fields.text("name"),
            fields.text("plan"),
            fields.text("writer"),
            fields.number("part"),
            fields.number("after", 0, 2**53),
            fields.number("logged", 0, 2**53),
            float(fields.take("sample")),
            fields.text("sample_by"),
            fields.text("features"),
            fields.texts("omit"),
            fields.texts("hash"),
        )
    except (SkcRuntimeError, TypeError, ValueError) as error:
        reason = error.message if isinstance(error, SkcRuntimeError) else "sample is not a number"
        hint = "it was edited: give the file as the service wrote it"
        raise fail("SKC602", f"the first line of `{path}` is not that of a request log: {reason}", hint=hint) from None


def _request(value: Any) -> LoggedRequest | None:
    if not isinstance(value, dict) or "request" not in value:
        return None
    n, id_, time_us = value.get("n"), value.get("id"), value.get("time_us")
    if type(n) is not int or type(id_) is not str or type(time_us) is not int:
        return None
    if not 1 <= n <= INT64_MAX or not INT64_MIN <= time_us <= INT64_MAX:
        return None
    return LoggedRequest(n, id_, time_us, value)


def _totals(value: Any) -> Totals | None:
    if not isinstance(value, dict) or value.get("end") is not True:
        return None
    counts = [value.get(key) for key in ("n", "logged", "dropped", "sampled_out")]
    if not all(type(count) is int and count >= 0 for count in counts):
        return None
    return Totals(*counts)  # type: ignore[arg-type]  # they are integers


def _foreign(path: Path) -> SkcError:
    hint = f"a log is written by `Log.open` of a runtime; its files end in {', '.join(SUFFIXES)}"
    return fail("SKC602", f"`{path}` is not a request log", hint=hint)


def _unreadable(path: Path, error: OSError | ValueError) -> SkcError:
    message = f"`{shown(str(path))[1:-1]}` cannot be read: {getattr(error, 'strerror', None) or error}"
    return fail("SKC601", message, hint="give the files of a log, or its folder")
