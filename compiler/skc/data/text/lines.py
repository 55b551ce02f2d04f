"""The lines of a file of text, decoded, as far as they can hold records.

Why not `open(file, encoding=…)`: an error must name the line and the column of a wrong byte, and the lines before it
must be readable; a line without end must take little memory.
"""

from __future__ import annotations

import codecs
import io
from collections import deque
from collections.abc import Iterator

from skc.data.text.opening import opened
from skc.ir import ReadOptions

LONGEST = 2_000_000  # characters of a record; in the engine, bytes
LONGEST_HEADER = 16_000_000
CHUNK = 1 << 18  # bytes
BOM = "\ufeff"


class LineError(Exception):
    """What is wrong with a line, or with the record that begins there. `line` counts from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class TooLongError(LineError):
    """A record too long for any table: the file is something else, or a quote is never closed."""


class WrongByteError(LineError):
    """Bytes that the encoding does not have: the column, from 1, and the first of them."""

    def __init__(self, line: int, column: int, byte: int | None, reason: str) -> None:
        super().__init__(line, reason)
        self.column, self.byte = column, byte


class Lines:
    """The lines that have records, for a reader of records.

    Without the first `skip_rows` and those above a numbered header, the last `skip_footer` that are not empty, and
    those that begin with `comment` outside of a record. `number` counts lines from 1; `taken` has those of the record
    that is being read. Raises WrongByteError, TooLongError and UNREADABLE.
    """

    def __init__(self, file: str, options: ReadOptions) -> None:
        self.number = 0
        self.taken: list[str] = []
        self._size, self._longest = 0, LONGEST_HEADER
        self._file, self._options = file, options

    def forget(self) -> None:
        """A record was read."""
        self.taken.clear()
        self._size, self._longest = 0, LONGEST

    def __iter__(self) -> Iterator[str]:
        comment, skipped = self._options.comment, skipped_lines(self._options)
        for number, line in _without_footer(all_lines(self._file, self._options.encoding), self._options.skip_footer):
            is_comment = bool(comment) and not self.taken and line.startswith(comment)
            if number <= skipped or is_comment:
                continue
            self.number = number
            self.taken.append(line)
            self._size += len(line)
            if self._size > self._longest:
                raise TooLongError(self.start, f"a record of more than {self._longest:,} characters")
            yield line

    @property
    def start(self) -> int:
        """The line in which the record begins that is being read."""
        return self.number - max(len(self.taken) - 1, 0)


def skipped_lines(options: ReadOptions) -> int:
    """How many lines at the start of a file have no record."""
    above = 0 if isinstance(options.header, bool | tuple) else options.header - 1
    return options.skip_rows + above


def _without_footer(lines: Iterator[str], count: int) -> Iterator[tuple[int, str]]:
    """All but the last lines with their numbers; an empty line does not count as one of them."""
    if not count:
        yield from enumerate(lines, start=1)
        return
    held: deque[tuple[int, str]] = deque()
    full = 0
    for number, line in enumerate(lines, start=1):
        held.append((number, line))
        full += not is_empty(line)
        while full > count:
            first = held.popleft()
            full -= not is_empty(first[1])
            yield first


def is_empty(line: str) -> bool:
    """Whether a line has nothing but blanks."""
    return not line.strip(" \t\r\n")


def all_lines(file: str, encoding: str) -> Iterator[str]:
    """The lines of a file, which end in LF. Raises WrongByteError after the lines before it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    number, rest, is_first = 0, "", True
    with opened(file) as stream:
        while True:
            data = stream.read(CHUNK)
            text, wrong = _decoded(decoder, data)
            if is_first and text:
                text, is_first = text.removeprefix(BOM), False
            *lines, rest = _split(rest, text)
            number += len(lines)
            yield from lines
            if wrong is not None:
                raise WrongByteError(number + 1, len(rest) + 1, *wrong)
            if not data or len(rest) > LONGEST_HEADER:  # `Lines` refuses it
                break
    if rest:
        yield rest


def _split(rest: str, text: str) -> list[str]:
    """Lines, the last of which has no end, and may be empty."""
    if "\n" not in text:
        return [rest + text]
    lines = list(io.StringIO(rest + text, newline="\n"))
    return [*lines, ""] if lines[-1].endswith("\n") else lines


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes) -> tuple[str, tuple[int | None, str] | None]:
    """The text of some bytes, up to the first that is wrong; no bytes end the file."""
    state = decoder.getstate()
    try:
        return decoder.decode(data, not data), None
    except UnicodeError:
        decoder.setstate(state)
    text = ""
    for one in [data[k : k + 1] for k in range(len(data))] or [b""]:
        try:
            text += decoder.decode(one, not one)
        except UnicodeDecodeError as error:
            return text, (error.object[error.start], error.reason)
        except UnicodeError as error:  # a codec that says no more
            return text, (one[0] if one else None, str(error))
    return text, None
