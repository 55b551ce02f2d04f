"""What is read of a log that is not whole: each part once, however many copies of it there are, and what breaks off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skc.skew.log_reader import FileRead, log_files, open_lines
from skc.verification.shown import count


@dataclass
class Unread:
    """How many files are copies of others, and are left out; and how many are torn, damaged or cut short."""

    copies: int = 0
    broken: int = 0

    def see(self, read: FileRead) -> None:
        """A file, after it was read."""
        self.broken += bool(read.damaged or read.torn or read.cut_short)

    @property
    def text(self) -> str:
        """What a report says of it; "" if the files are whole."""
        copies = f"{count(self.copies, 'file')} left out that {_are(self.copies)} a copy of another"
        broken = f"{count(self.broken, 'file')} of which a part cannot be read"
        parts = [*([copies] if self.copies else []), *([broken] if self.broken else [])]
        return f"the log is not whole: {', '.join(parts)}: see `skc log check`" if parts else ""


def each_part(paths: Sequence[Path], unread: Unread | None = None) -> list[Path]:
    """The files of logs, of each part the one that has most lines. Raises SKC601 to SKC603."""
    files: dict[tuple[str, int] | Path, list[Path]] = {}
    for path in log_files(paths):
        with open_lines(path) as (header, _):
            part = path if header is None else (header.writer, header.part)
            files.setdefault(part, []).append(path)
    if unread is not None:
        unread.copies += sum(len(copies) - 1 for copies in files.values())
    return [copies[0] if len(copies) == 1 else max(copies, key=_lines) for copies in files.values()]


def _lines(path: Path) -> int:
    with open_lines(path) as (_, lines):
        return sum(1 for _ in lines)


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
