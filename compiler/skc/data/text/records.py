"""The records of a file of text, as its options say that it is written.

Why Python's `csv` and not the engine: it defines what a record is, for every encoding that Python knows, and what it
refuses has a line. The engine reads a plain file (`is_plain`) ten times as fast; tests compare the two.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from skc.data.text.lines import LONGEST_HEADER, LineError, Lines
from skc.data.text.splitting import Splitter
from skc.ir import ReadOptions

VALUES = ("separator", "decimal", "thousands", "null_values", "true_values", "false_values", "sheet")


@dataclass(frozen=True)
class Record:
    """The lines in which a record is written, the number of the first of them (from 1), and its fields: none if the
    line is empty.
    """

    line: int
    fields: list[str]
    lines: tuple[str, ...]


class SyntaxLineError(LineError):
    """Quotes that do not make fields. `lines` are those of the record, as far as it was read."""

    def __init__(self, line: int, reason: str, lines: tuple[str, ...]) -> None:
        super().__init__(line, reason)
        self.lines = lines


def is_plain(options: ReadOptions) -> bool:
    """Whether the engine reads such files by itself: no option but the separator says where a field is."""
    default = ReadOptions()
    structure = replace(options, **{name: getattr(default, name) for name in VALUES})
    is_one = options.separator is None or (len(options.separator) == 1 and options.separator.isascii())
    return structure == default and options.header is True and is_one and options.separator != " "


def records_of(file: str, options: ReadOptions, separator: str) -> Iterator[Record]:
    """All records, the header first if the file has one. Read them inside of `long_fields`.

    Raises LineError at the line that is wrong, UNREADABLE where the file cannot be opened or unpacked.
    """
    lines = Lines(file, options)
    parsed = _parsed(lines, options, separator)
    while True:
        try:
            fields = next(parsed, None)
        except csv.Error as error:
            raise SyntaxLineError(lines.start, str(error), tuple(lines.taken)) from None
        if fields is None:
            return
        yield Record(lines.start, fields, tuple(lines.taken))
        lines.forget()


def _parsed(lines: Lines, options: ReadOptions, separator: str) -> Iterator[list[str]]:
    if options.trim or len(separator) > 1:
        return Splitter(separator, options.quote, trim=options.trim).records(lines)
    if not options.quote:
        return csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE, strict=True)
    return csv.reader(lines, delimiter=separator, quotechar=options.quote, strict=True)


@contextmanager
def long_fields() -> Iterator[None]:
    """Let Python's reader accept fields as long as the engine does. Its limit is global to the process."""
    limit = csv.field_size_limit(LONGEST_HEADER)
    try:
        yield
    finally:
        csv.field_size_limit(limit)
