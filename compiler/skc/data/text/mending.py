"""Which options would mend a file that does not fit those given: what a hint suggests, tried before it is given."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from typing import Any

from skc.data.text.lines import LONGEST, LineError, all_lines, skipped_lines
from skc.data.text.opening import UNREADABLE, opened
from skc.data.text.records import long_fields, records_of
from skc.data.text.splitting import Splitter
from skc.ir import WHITESPACE, ReadOptions

SEPARATORS = (",", ";", "\t", "|", WHITESPACE)
HEAD = 100  # lines among which the header may be
WIDTHS = 100_000  # records whose numbers of fields say where a table begins and ends
ENCODINGS = ("utf-8", "cp1252", "latin-1")
MOST_RIGHT = 10  # lines in UTF-8 for each with a wrong byte
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def under_data(changes: Mapping[str, Any]) -> str:
    """The options to write, as YAML."""
    written = [f"`{name}: {json.dumps(value, ensure_ascii=False)}`" for name, value in changes.items()]
    *most, last = written
    return f"{', '.join(most)} and {last} under `data`" if most else f"{last} under `data`"


def encoding_hint(file: str, options: ReadOptions) -> str:
    """The first of some encodings that has all bytes of a file, unless most of it is in the given one."""
    if options.encoding == "utf-8" and is_mostly_utf8(file):
        return "correct the byte: nearly all other characters of the file that are not ASCII are valid UTF-8"
    with opened(file) as stream:
        mark = MARKS.get(stream.read(2))
    known = (name for name in ENCODINGS if name != options.encoding and _decodes(file, name))
    encoding = mark or next(known, ENCODINGS[-1])
    if mark is not None:
        return f"write {under_data({'encoding': encoding})}"
    return f"write {under_data({'encoding': encoding})}, or the encoding that the file was saved in"


def is_mostly_utf8(file: str) -> bool:
    """Whether of the lines that are not ASCII, in the first of a file, nearly all are UTF-8."""
    right = wrong = 0
    with opened(file) as stream:
        for line in islice(iter(lambda: stream.readline(LONGEST), b""), WIDTHS):
            if not line.isascii():
                try:
                    line.decode("utf-8")
                    right += 1
                except UnicodeDecodeError:
                    wrong += 1
    return right >= MOST_RIGHT * wrong and right > 0


def _decodes(file: str, encoding: str) -> bool:
    try:
        return all(True for _ in all_lines(file, encoding))
    except (LineError, *UNREADABLE):
        return False


def layout_changes(file: str, options: ReadOptions, separator: str) -> dict[str, Any]:
    """The lines to leave out so that all records have as many fields: none if that is not so simple."""
    widths = [(line, width) for line, width in _widths(file, options, separator) if width]
    if not widths:
        return {}
    most, _ = Counter(width for _, width in widths).most_common(1)[0]
    first = next(k for k, (_, width) in enumerate(widths) if width == most)
    last = max(k for k, (_, width) in enumerate(widths) if width == most)
    if most == 1 or any(width != most for _, width in widths[first : last + 1]):
        return {}
    above, below = widths[first][0] - 1 - skipped_lines(options), len(widths) - 1 - last
    changes: dict[str, Any] = {}
    if first:
        changes["skip_rows"] = options.skip_rows + above
    if below:
        changes["skip_footer"] = options.skip_footer + below
    return changes


def _widths(file: str, options: ReadOptions, separator: str) -> Iterator[tuple[int, int]]:
    """The line and the number of fields of each record, as far as they can be read."""
    try:
        with long_fields():
            for record in islice(records_of(file, options, separator), WIDTHS):
                yield record.line, len(record.fields)
    except (LineError, *UNREADABLE):
        return


def header_changes(file: str, options: ReadOptions, separator: str, expected: Collection[str]) -> dict[str, Any]:
    """The separator, and the rows to leave out, with which a line near the start has all expected names."""
    try:
        lines = list(islice(all_lines(file, options.encoding), HEAD))
    except (LineError, *UNREADABLE):
        return {}
    if not expected:
        return {}
    for one in (separator, *(other for other in SEPARATORS if other != separator)):
        for trim in (options.trim, True):
            splitter = Splitter(one, options.quote, trim=trim)
            for k, line in enumerate(lines):
                if set(expected) <= set(_first_record(splitter, line)):
                    changed = replace(options, separator=one, trim=trim, skip_rows=k, header=True)
                    return _differences(changed, options, separator)
    return {}


def _differences(changed: ReadOptions, options: ReadOptions, separator: str) -> dict[str, Any]:
    before = replace(options, separator=separator)
    names = ("separator", "trim", "skip_rows", "header")
    return {name: getattr(changed, name) for name in names if getattr(changed, name) != getattr(before, name)}


def _first_record(splitter: Splitter, line: str) -> list[str]:
    try:
        return next(splitter.records([line]), [])
    except csv.Error:
        return []
