"""What is wrong with a CSV file that the engine refuses: found by reading it again, slowly, with an eye on the line.

Why: the engine's message speaks of its parser. A user needs the line, and what to do about it.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from skc.diagnostics import SkcError, fail
from skc.stats.sources import Source

LONGEST = 2**31 - 1  # what a C long holds everywhere
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}
UTF8_HINT = "save it as UTF-8: `iconv -f latin1 -t utf-8 OLD > NEW`, where latin1 is what it is now"
QUOTES_HINT = 'a field with commas, quotes or line ends stands in quotes, and a quote in it twice: "say ""hi"""'
LINE_ENDS_HINT = "give every line the same end, as `dos2unix` does"


@contextmanager
def csv_trouble(source: Source, delimiter: str) -> Iterator[None]:
    """Where reading a text file fails, say which line is to blame, if there is one."""
    try:
        yield
    except SkcError as error:
        if error.code != "SKC203" or source.kind not in ("csv", "tsv"):
            raise
        for file in source.files:
            found = explain(file, delimiter)
            if found is not None:
                message, hint = found
                raise fail("SKC203", f"`{file}`, {message}", span=source.span, hint=hint) from error
        raise


def check_separator(header: Sequence[str], file: str, source: Source, wanted: Sequence[str]) -> None:
    """Refuse a file whose fields are not separated by what its kind says: all of its header is one name."""
    if len(header) != 1 or header[0] in wanted:
        return
    found = max(SEPARATORS, key=header[0].count)
    if found not in header[0]:
        return
    message = f"`{file}` has fields separated by {SEPARATORS[found]}, and skc reads commas (tabs in a .tsv file)"
    shown = header[0] if len(header[0]) <= 80 else f"{header[0][:79]}…"
    hint = "call it .tsv" if found == "\t" else f'save it as Parquet: pandas.read_csv(…, sep="{found}").to_parquet(…)'
    raise fail("SKC203", message, span=source.span, hint=hint, notes=[f"the first line is `{shown}`"])


def check_empty_lines(header: Sequence[str], file: str, source: Source) -> None:
    """Refuse an empty line between the rows of a single column: a row to some readers, and none to others."""
    if len(header) != 1:
        return
    empty = None
    reader = csv.reader(_lines(file), delimiter="\t" if source.kind == "tsv" else ",")
    # what cannot be read, the engine tells of
    with long_fields(), suppress(csv.Error, OSError, EOFError, UnicodeDecodeError):
        for record in reader:
            if record and empty is not None:
                hint = 'write "" for an empty field, or take the line out'
                raise fail("SKC203", f"`{file}`, line {empty} is empty", span=source.span, hint=hint)
            if not record and empty is None:
                empty = reader.line_num


@contextmanager
def long_fields() -> Iterator[None]:
    """Let Python's reader take fields as long as the engine does. Its limit belongs to the whole process."""
    limit = csv.field_size_limit(LONGEST)
    try:
        yield
    finally:
        csv.field_size_limit(limit)


def explain(file: str, delimiter: str) -> tuple[str, str] | None:
    """(message, hint) for the first line that is not right; None where all are, or the file does not open."""
    with long_fields():
        return _explained(file, delimiter)


def _explained(file: str, delimiter: str) -> tuple[str, str] | None:
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    width, start = 0, 1
    try:
        for record in reader:
            width = width or len(record)
            if record and len(record) != width:
                counts = f"{len(record)} fields, where the first line has {width}"
                return f"line {start}: {counts}", QUOTES_HINT
            start = reader.line_num + 1
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        return f"line {reader.line_num + 1}: the byte 0x{byte:02x} is not UTF-8", UTF8_HINT
    except (OSError, EOFError):
        return None
    except csv.Error as error:
        return f"line {start}: {error}", QUOTES_HINT
    if len(_line_ends(file)) > 1:
        return "the lines have ends of several kinds", LINE_ENDS_HINT
    return None


def _lines(file: str) -> Iterator[str]:
    """The lines of a file with their ends, decoded one by one so that an error is at its line."""
    with _opened(file) as lines:
        for i, line in enumerate(lines):
            yield line.decode("utf-8-sig" if i == 0 else "utf-8")


def _line_ends(file: str) -> set[bytes]:
    with _opened(file) as lines:
        return {b"\r\n" if line.endswith(b"\r\n") else b"\n" for line in lines if line.endswith(b"\n")}


def _opened(file: str) -> Any:
    return gzip.open(file, "rb") if file.lower().endswith(".gz") else open(file, "rb")
