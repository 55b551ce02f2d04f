"""The requests in a folder of logs, each once, in the order of their numbers, also while services write.

Every writer numbers its requests (`n`), and its files (`part`). So the number of the last request that was shipped of a
writer is all that an adapter has to remember: files may be renamed when they are complete, and be read again from the
start after a restart.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

OPEN = ".open"  # ends the name of a file until it is complete
ENDS = (".jsonl", f".jsonl{OPEN}")


@dataclass(frozen=True)
class Request:
    """One line of a log, as it is; (`writer`, `n`) is its identity."""

    writer: str
    n: int
    line: str
    document: Mapping[str, Any]
    header: Mapping[str, Any]  # the first line of its file: name, plan, identity, host, …


@dataclass(frozen=True)
class _File:
    """A file with something new: its first line, and what its inode said before it was read."""

    path: Path
    header: Mapping[str, Any]
    start: int  # of the second line
    state: tuple[int, int, int]

    @property
    def key(self) -> tuple[str, int]:
        """What stays the same when it is renamed, and is never given to another file, as a name or an inode is."""
        return self.header["writer"], self.header["part"]


@dataclass
class LogTail:
    """The requests of a folder after those that were `shipped`: by writer, the number of the last."""

    folder: Path
    shipped: dict[str, int] = field(default_factory=dict)
    _positions: dict[tuple[str, int], int] = field(default_factory=dict)
    _seen: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # by name, files that were read to their ends

    def take(self, most: int) -> list[Request]:
        """At most so many new requests, which are then shipped as far as this is concerned."""
        taken: list[Request] = []
        for file in sorted(self._changed(), key=lambda one: one.key):
            for request in self._new(file):
                taken.append(request)
                if len(taken) == most:
                    return taken
        return taken

    def _changed(self) -> list[_File]:
        """The files that were not read to their ends. They are listed before any is read: all but the last file of each
        writer are final then, so that no request is shipped before an earlier one.
        """
        files = (_opened(self.folder / name) for name in self._names())
        return [file for file in files if file is not None and self._seen.get(file.path.name) != file.state]

    def _names(self) -> set[str]:
        """The names of the files once they are complete. Listing a folder may miss a file that is renamed meanwhile, so
        it is listed until that says the same again.
        """
        before, now = None, set()
        while now != before:
            before = now
            now = {path.name.removesuffix(OPEN) for path in self.folder.iterdir() if path.name.endswith(ENDS)}
        return now

    def _new(self, file: _File) -> Iterator[Request]:
        writer = file.header["writer"]
        with open_log(file.path) as lines:
            lines.seek(self._positions.get(file.key, file.start))
            for line in lines:
                if not line.endswith(b"\n"):  # it is being written, or was torn by a kill
                    break
                self._positions[file.key] = lines.tell()
                document = json.loads(line)
                if "request" in document and document["n"] > self.shipped.get(writer, 0):
                    self.shipped[writer] = document["n"]
                    yield Request(writer, document["n"], line.decode().rstrip("\n"), document, file.header)
        self._seen[file.path.name] = file.state


def open_log(path: Path) -> BinaryIO:
    """A file by its name once it is complete, which it may be given at any moment; empty if it was deleted."""
    for name in (path, path.with_name(path.name + OPEN), path):
        try:
            return name.open("rb")
        except FileNotFoundError:
            continue
    return io.BytesIO()


def _opened(path: Path) -> _File | None:
    """A file whose first line is whole."""
    with open_log(path) as lines:
        first = lines.readline()
        if not first.endswith(b"\n"):
            return None
        about = os.fstat(lines.fileno())
    return _File(path, json.loads(first), len(first), (about.st_ino, about.st_size, about.st_ctime_ns))
