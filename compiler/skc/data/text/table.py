"""A file of text as a table: the names of its columns, and its rows, each with a field for every column.

A file that readers read differently is refused: where a blank is next to a quote, a line has a surplus field, or ends
in a carriage return alone, others see other values.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from contextlib import suppress

from skc.data.text.lines import TooLongError, WrongByteError
from skc.data.text.mending import encoding_hint, layout_changes, under_data
from skc.data.text.opening import UNREADABLE
from skc.data.text.records import Record, SyntaxLineError, long_fields, records_of
from skc.ir import ReadOptions

QUOTES_HINT = 'a field with {}, quotes or line ends must be quoted, and quotes in it doubled: "say ""hi"""'
BLANK_HINT = 'write `trim: true` under `data`; or remove the blank, or put it inside the quotes: `a,"b"` or `a," b"`'
LINE_ENDS_HINT = r"give every line the same ending: `perl -pe 's/\r\n?/\n/g' OLD > NEW`"
ALONE = "a carriage return without a line feed"
EMPTY_HINT = 'write "" for an empty field, or remove the line'
LONG_HINT = "check for an unclosed quote; a table with such long strings can be saved as Parquet"
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars", " ": "blanks"}
SHOWN = 40  # characters of a field in a message


class TextError(Exception):
    """What is wrong with a file of text: a message that begins with the line, and a suggested fix."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


def column_names(file: str, options: ReadOptions, separator: str) -> tuple[str, ...]:
    """The names that the file or its options give the columns; empty for a file without a record.

    Raises TextError and UNREADABLE.
    """
    if isinstance(options.header, tuple):
        return options.header
    first = next(_records(file, options, separator), None)
    if first is None:
        return ()
    if options.header is False:
        return tuple(f"column_{k}" for k, _ in enumerate(first.fields, start=1))
    # pandas writes its index without a name, and a separator at the end of each line makes one more column
    return tuple(name or f"(unnamed {k})" for k, name in enumerate(first.fields, start=1))


def has_header(options: ReadOptions) -> bool:
    """Whether a record of the file has the names."""
    return options.header is not False and not isinstance(options.header, tuple)


def rows(file: str, options: ReadOptions, separator: str) -> Iterator[Record]:
    """The rows, without the header and empty lines. Raises TextError and UNREADABLE."""
    width = len(options.header) if isinstance(options.header, tuple) else 0
    is_header, empty = has_header(options), 0
    for record in _records(file, options, separator):
        width = width or len(record.fields)
        if not record.fields and width == 1:
            empty = empty or record.line
        elif empty:
            raise TextError(f"line {empty} is empty", EMPTY_HINT)
        _check(record, width, file, options, separator)
        if record.fields and not is_header:
            yield record
        is_header = False


def _check(record: Record, width: int, file: str, options: ReadOptions, separator: str) -> None:
    if record.fields and len(record.fields) != width:
        raise _ragged(record, width, file, options, separator)
    if not options.trim and options.quote and _has_blank_beside_quote(record, options.quote, separator):
        raise TextError(f"line {record.line}: a blank next to a quote", BLANK_HINT)
    if record.lines[-1].endswith("\r"):
        raise TextError(f"line {record.line}: {ALONE}", LINE_ENDS_HINT)


def _ragged(record: Record, width: int, file: str, options: ReadOptions, separator: str) -> TextError:
    what = "`header`" if isinstance(options.header, tuple) else "the header" if options.skip_rows else "the first line"
    number = "1 field" if len(record.fields) == 1 else f"{len(record.fields)} fields"
    message = f"line {record.line}: {number}, where {what} has {width}"
    if len(record.fields) > width:
        message += f"; `{_shown(record.fields[width])}` has no column"
    return TextError(message, _width_hint(record, file, options, separator))


def _width_hint(record: Record, file: str, options: ReadOptions, separator: str) -> str:
    first = record.lines[0][:1]
    if first in ("#", "%", "!") and not options.comment:
        return f"write {under_data({'comment': first})}"
    changes = layout_changes(file, options, separator)
    fill = f"give every line as many fields as the first; {_quotes_hint(separator)}"
    return f"write {under_data(changes)} if such lines are not rows; otherwise {fill}" if changes else fill


def _quotes_hint(separator: str) -> str:
    return QUOTES_HINT.format(NAMES.get(separator, "separators"))


def _has_blank_beside_quote(record: Record, quote: str, separator: str) -> bool:
    """Whether a record, as written, has a field that begins with spaces and then a quote."""

    def begins_with_blank(field: str) -> bool:
        return field.startswith(" ") and field.lstrip(" ").startswith(quote)

    if not any(f" {quote}" in line for line in record.lines):  # so it is in nearly every record
        return False
    if not any(begins_with_blank(field) for field in record.fields):
        return False
    text, position, mark = "".join(record.lines), 0, re.escape(quote)
    one = re.compile(rf"{mark}(?:[^{mark}]|{mark}{mark})*{mark}|[^{re.escape(separator)}]*")
    while position <= len(text):
        match = one.match(text, position)
        assert match is not None  # it may be empty
        if begins_with_blank(match[0]):
            return True
        position = match.end() + 1
    return False


def _records(file: str, options: ReadOptions, separator: str) -> Iterator[Record]:
    """All records. Raises TextError for a line that is wrong."""
    try:
        yield from records_of(file, options, separator)
    except WrongByteError as error:
        byte = f"the byte 0x{error.byte:02x} is not" if error.byte is not None else "the file is not"
        message = f"line {error.line}, column {error.column}: {byte} {_encoding(options)}"
        raise TextError(message, encoding_hint(file, options)) from None
    except TooLongError as error:
        raise TextError(f"line {error.line}: {error}", LONG_HINT) from None
    except SyntaxLineError as error:
        raise _syntax(error, options, separator) from None


def _encoding(options: ReadOptions) -> str:
    return "UTF-8" if options.encoding == "utf-8" else options.encoding


def _syntax(error: SyntaxLineError, options: ReadOptions, separator: str) -> TextError:
    if re.search(f"{re.escape(options.quote)} +({re.escape(separator)}|$)", "".join(error.lines), re.MULTILINE):
        return TextError(f"line {error.line}: a blank next to a quote", BLANK_HINT)
    if str(error).startswith("new-line character"):
        return TextError(f"line {error.line}: {ALONE}", LINE_ENDS_HINT)
    return TextError(f"line {error.line}: {error}", _quotes_hint(separator))


def first_problem(file: str, options: ReadOptions, separator: str) -> TextError | None:
    """What is wrong first; None if nothing is."""
    try:
        with long_fields():
            for _ in rows(file, options, separator):
                pass
    except TextError as error:
        return error
    return None


def lines_of(file: str, options: ReadOptions, separator: str, numbers: Collection[int]) -> dict[int, int]:
    """The line of each of some rows, by its number (from 1), as far as the file can still be read."""
    lines: dict[int, int] = {}
    with long_fields(), suppress(TextError, *UNREADABLE):
        for k, record in enumerate(rows(file, options, separator), start=1):
            if k in numbers:
                lines[k] = record.line
            if len(lines) == len(numbers):
                break
    return lines


def _shown(field: str) -> str:
    return field if len(field) <= SHOWN else f"{field[: SHOWN - 1]}…"
