"""Find what is wrong with a CSV file that is not regular, or that the engine refuses, by reading it line by line.

Why: the engine's message is about its parser. A user needs the line, and a suggested fix. Why refuse files that the
engine reads: where a space is next to a quote, or a line has a surplus field, other readers see other values.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from skc.data.duckdb.csv_structure import BOM, UNREADABLE, is_regular, opened
from skc.data.sources import Source
from skc.diagnostics import SkcError, fail

LONGEST = 2_000_000  # bytes of a record, the engine's own limit; a header may be longer
LONGEST_HEADER = 16_000_000
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
QUOTES_HINT = 'a field with commas, quotes or line ends must be quoted, and quotes in it doubled: "say ""hi"""'
BLANK_HINT = 'remove the blank, or put it inside the quotes: `a,"b"` or `a," b"`, not `a, "b"`'
WIDTH_HINT = f"give every line as many fields as the first; {QUOTES_HINT}"
LINE_ENDS_HINT = r"give every line the same ending: `perl -pe 's/\r\n?/\n/g' OLD > NEW`"
ALONE = "a carriage return without a line feed"
EMPTY_HINT = 'write "" for an empty field, or remove the line'
LONG_HINT = "check for an unclosed quote; a table with such long strings can be saved as Parquet"


@contextmanager
def csv_trouble(source: Source, delimiter: str) -> Iterator[None]:
    """If reading a text file fails, report the line at fault, if there is one."""
    try:
        yield
    except SkcError as error:
        if error.code != "SKC203" or source.kind not in ("csv", "tsv"):
            raise
        for file in source.files:
            problem = explain(file, delimiter) or _mixed_line_ends(file)
            if problem is not None:
                message, hint = problem
                raise fail("SKC203", f"`{file}`, {message}", span=source.span, hint=hint) from error
        raise


def check_structure(header: Sequence[str], file: str, source: Source) -> None:
    """Refuse a file that some readers would read differently from the engine."""
    delimiter = "\t" if source.kind == "tsv" else ","
    try:
        if is_regular(file, delimiter, len(header)):
            return
    except UNREADABLE:
        return  # the engine reports it
    problem = explain(file, delimiter)
    if problem is not None:
        message, hint = problem
        raise fail("SKC203", f"`{file}`, {message}", span=source.span, hint=hint)


def check_separator(header: Sequence[str], file: str, source: Source, expected: Sequence[str]) -> None:
    """Refuse a file whose fields have another separator than its kind says, so that its header is a single name."""
    if len(header) != 1 or header[0] in expected:
        return
    actual = max(SEPARATORS, key=header[0].count)
    if actual not in header[0]:
        return
    message = f"`{file}` has fields separated by {SEPARATORS[actual]}, but skc reads commas (tabs in a .tsv file)"
    shown = header[0] if len(header[0]) <= 80 else f"{header[0][:79]}…"
    rewrite = f"import csv, sys; csv.writer(sys.stdout).writerows(csv.reader(sys.stdin, delimiter='{actual}'))"
    hint = "name it .tsv" if actual == "\t" else f'write it with commas: python3 -c "{rewrite}" < OLD > NEW'
    raise fail("SKC203", message, span=source.span, hint=hint, notes=[f"the first line is `{shown}`"])


@contextmanager
def long_fields() -> Iterator[None]:
    """Let Python's reader accept fields as long as the engine does. Its limit is global to the process."""
    limit = csv.field_size_limit(LONGEST_HEADER)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def explain(file: str, delimiter: str) -> tuple[str, str] | None:
    """(message, hint) for the first line that is wrong; None if there is none, or the file cannot be opened."""
    lines = Lines(file)
    try:
        with long_fields():
            return _explained(lines, delimiter)
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return f"line {lines.number + 1}: the byte 0x{byte:02x} is not UTF-8", utf8_hint(error.object)
    except TooLongError as error:
        return f"line {lines.number + 1 - len(lines.taken)}: {error}", LONG_HINT
    except UNREADABLE:
        return None


def _explained(lines: Lines, delimiter: str) -> tuple[str, str] | None:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    width, start, empty = 0, 1, None
    try:
        for record in reader:
            width = width or len(record)
            if not record and width == 1:
                empty = empty or reader.line_num
            elif empty is not None:
                return f"line {empty} is empty", EMPTY_HINT
            if record and len(record) != width:
                counts = f"{len(record)} fields, where the first line has {width}"
                return f"line {start}: {counts}", WIDTH_HINT
            if any(_begins_with_blank(field) for field in record) and _has_blank_beside_quote(lines.taken, delimiter):
                return f"line {start}: a blank next to a quote", BLANK_HINT
            if lines.taken[-1].endswith("\r"):
                return f"line {start}: {ALONE}", LINE_ENDS_HINT
            start = reader.line_num + 1
            lines.forget()
    except csv.Error as error:
        if re.search(f'" +({re.escape(delimiter)}|$)', "".join(lines.taken), re.MULTILINE):
            return f"line {start}: a blank next to a quote", BLANK_HINT
        if str(error).startswith("new-line character"):
            return f"line {start}: {ALONE}", LINE_ENDS_HINT
        return f"line {start}: {error}", QUOTES_HINT
    return None


def _begins_with_blank(field: str) -> bool:
    return field.startswith(" ") and field.lstrip(" ").startswith('"')


def _has_blank_beside_quote(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a record, as written, has a field that begins with spaces and then a quote."""
    text, position = "".join(lines), 0
    field = re.compile(rf'"(?:[^"]|"")*"|[^{delimiter}]*')
    while position <= len(text):
        match = field.match(text, position)
        assert match is not None  # it may be empty
        if _begins_with_blank(match[0]):
            return True
        position = match.end() + 1
    return False


class TooLongError(Exception):
    """A line too long for any table: the file is something else, or a quote is never closed."""


class Lines:
    """The lines of a file with their line ends, decoded one by one so that an error has a line.

    `number` counts them, `taken` has those of the record being read.
    """

    def __init__(self, file: str) -> None:
        self.number = 0
        self.longest = LONGEST_HEADER  # bytes of a record
        self.taken: list[str] = []
        self._size = 0
        self._file = file

    def forget(self) -> None:
        """A record was read."""
        self.taken.clear()
        self._size, self.longest = 0, LONGEST

    def __iter__(self) -> Iterator[str]:
        with opened(self._file) as stream:
            while line := stream.readline(self.longest + 1):
                self._size += len(line)
                if self._size > self.longest:
                    raise TooLongError(f"a record of more than {self.longest:,} bytes")
                text = line.removeprefix(BOM).decode("utf-8") if self.number == 0 else line.decode("utf-8")
                self.taken.append(text)
                yield text
                self.number += 1


def utf8_hint(data: bytes) -> str:
    """How to save a file as UTF-8, depending on its likely encoding."""
    guess = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "latin1"
    return f"save it as UTF-8: `iconv -f {guess} -t utf-8 OLD > NEW`, where {guess} is its current encoding"


def _mixed_line_ends(file: str) -> tuple[str, str] | None:
    with opened(file) as stream:
        lines = iter(lambda: stream.readline(LONGEST), b"")
        kinds = {b"\r\n" if line.endswith(b"\r\n") else b"\n" for line in lines if line.endswith(b"\n")}
    return ("the lines have different line endings", LINE_ENDS_HINT) if len(kinds) > 1 else None
