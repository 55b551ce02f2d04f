"""The files of a request log: `PID-NUMBER.jsonl.open` while it is written, without `.open` when it is complete.

Why so careful: lines must be whole whatever happens. A write that fails half-way (a full disk) is cut back to the last
whole line; what cannot be cut back is left, and another file begun. A name is taken by creating it exclusively, and
only then is looked whether a complete file has it: two containers that share a folder may both be process 1.
"""

from __future__ import annotations

import os
from pathlib import Path

OPEN = ".open"
MODE = 0o600  # requests are personal data


class LogFile:
    """One file, from its header to its end. Every method may raise OSError, and leaves only whole lines."""

    def __init__(self, folder: Path, header: bytes, *, fsync: bool) -> None:
        self.path = _create(folder)
        self._fsync = fsync
        self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_CLOEXEC", 0))
        self.size = 0  # of whole lines
        self.is_torn = False  # half a line could not be cut off, so that nothing may follow it
        try:
            self.write(header)
        except OSError:
            self.abandon()
            self.path.unlink(missing_ok=True)
            raise

    def write(self, lines: bytes) -> None:
        """Append whole lines: all of them, or none."""
        try:
            written = 0
            while written < len(lines):
                written += os.write(self._fd, memoryview(lines)[written:])
            if self._fsync:
                os.fsync(self._fd)
        except OSError:
            self.is_torn = True
            os.ftruncate(self._fd, self.size)
            self.is_torn = False
            raise
        self.size += len(lines)

    @property
    def is_there(self) -> bool:
        """Whether it was not deleted: what is written to a deleted file is lost."""
        return os.fstat(self._fd).st_nlink > 0

    def complete(self, trailer: bytes) -> None:
        """Write the last line, and give the file its name."""
        try:
            self.write(trailer)
        finally:
            self.abandon()
        os.rename(self.path, self.path.with_suffix(""))

    def abandon(self) -> None:
        """Close it as it is, incomplete."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def _create(folder: Path) -> Path:
    """An empty file with a name of its own."""
    number = 0
    while True:
        final = folder / f"{os.getpid()}-{number}.jsonl"
        path = final.with_name(final.name + OPEN)
        number += 1
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE))
        except FileExistsError:
            continue
        if not final.exists():
            return path
        path.unlink()
