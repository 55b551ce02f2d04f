"""Split records into fields that Python's `csv` cannot: with blanks around them, or a separator of several characters.

A field is quoted if the first character that is not a blank to leave out is a quote; a quote in it is doubled. All
other text is as it is written.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator

from skc.ir import WHITESPACE

BLANKS = " \t"


class Splitter:
    """`trim` leaves out the blanks around a field, outside of quotes. An empty `quote` means that none is quoted."""

    def __init__(self, separator: str, quote: str, *, trim: bool) -> None:
        self._is_blank = separator == WHITESPACE
        self._blanks = BLANKS.replace(separator, "") if trim else ""
        self._between = re.compile(f"[{BLANKS}]+" if self._is_blank else re.escape(separator))
        around, mark = f"[{self._blanks}]*" if self._blanks else "", re.escape(quote)
        self._quote = quote
        self._opening = re.compile(around + mark)
        self._quoted = re.compile(f"{around}{mark}((?:[^{mark}]|{mark}{mark})*+){mark}{around}" if quote else "")

    def records(self, lines: Iterable[str]) -> Iterator[list[str]]:
        """The fields of each record; none for an empty line. Raises csv.Error."""
        text = ""
        for line in lines:
            is_inside = bool(text) and self._quote not in line
            text += line
            fields = None if is_inside else self._fields(text)
            if fields is not None:
                text = ""
                yield fields
        if text:
            raise csv.Error("unexpected end of data")

    def _fields(self, text: str) -> list[str] | None:
        """The fields; None if a quote is still open."""
        line = text.removesuffix("\n").removesuffix("\r")
        if self._is_blank:
            line = line.strip(BLANKS)
        if not line.strip(self._blanks):
            return []
        if self._quote and self._quote in line:
            return self._with_quotes(line)
        return [field.strip(self._blanks) for field in self._between.split(line)]

    def _with_quotes(self, line: str) -> list[str] | None:
        fields: list[str] = []
        position = 0
        while True:
            if self._opening.match(line, position) is None:
                between = self._between.search(line, position)
                end = len(line) if between is None else between.start()
                fields.append(line[position:end].strip(self._blanks))
            else:
                quoted = self._quoted.match(line, position)
                if quoted is None:
                    return None
                fields.append(quoted[1].replace(self._quote * 2, self._quote))
                between = self._between.match(line, quoted.end())
                if between is None and quoted.end() < len(line):
                    raise csv.Error("text between a closing quote and the next separator")
            if between is None:
                return fields
            position = between.end()
