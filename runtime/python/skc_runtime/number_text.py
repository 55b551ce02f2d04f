"""Numbers as JSON writes them: what a body's number is, and the number in a string of an input with `text: number`.

A number without fraction and exponent is an integer of any length; any other is the nearest float64. A string holds
exactly one such number: `+5`, `.5`, `5.`, `007`, ` 5`, `1_000`, `1,5`, `inf` and `nan` are refused, as in JSON.
"""

from __future__ import annotations

import math
import re

from skc_runtime.errors import RecordError, shown

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_LONGEST_INTEGER = 400  # digits: more than any float64 or int64 has


class _Huge(int):
    """An integer beyond the range of every input, shown as it was written."""

    text: str

    def __repr__(self) -> str:
        return self.text if len(self.text) <= 40 else f"{self.text[:40]}… ({len(self.text)} characters)"


_Huge.__name__ = "int"  # what a message calls it


def read_number(text: str) -> float | int:
    """The number of a string. Raises RecordError `invalid-value`."""
    match = _NUMBER.fullmatch(text)
    if match is None:
        hint = "a number as JSON writes it, such as -1234.5 or 1e-3: no blanks, separators or leading zeros"
        raise RecordError("invalid-value", f"{shown(text)} is not a number", hint=hint)
    return integer_of(text) if match.group(1, 2) == (None, None) else float_of(text)


def integer_of(text: str) -> int:
    """An integer in the grammar of JSON."""
    return int(text) if len(text) <= _LONGEST_INTEGER else _huge(text)


def float_of(text: str) -> float | int:
    """The nearest float64; beyond the largest one, an integer that is too large for any input."""
    value = float(text)
    return value if math.isfinite(value) else _huge(text)


def _huge(text: str) -> _Huge:
    value = _Huge(-(10**_LONGEST_INTEGER) if text.startswith("-") else 10**_LONGEST_INTEGER)
    value.text = text
    return value
