"""YAML text: values in flow style, quoted so that every reader of YAML takes them for what they are, with comments.

Why not a library's dumper: comments stand at the ends of lines and between the entries of a mapping, where columns are
left out. `tests/draft/test_writing.py` reads back whatever is written, with the reader of pipelines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

LETTERS = "A-Za-zÀ-ÖØ-öø-ɏ_"
PLAIN = re.compile(f"[{LETTERS}][{LETTERS}0-9]*([-./ ][{LETTERS}0-9]+)*")
# Words that some reader of YAML takes for a bool, a null or a number.
SPECIAL = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"])
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
MARK = "guess: "  # of a comment that is one
WIDTH = 120
AROUND = 2  # blanks before a comment
BEHIND = 18  # characters that may follow a value in its last line


def scalar(value: Any) -> str:
    """A value as YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float(value)
    if isinstance(value, int):
        return str(value)
    text = str(value)
    if PLAIN.fullmatch(text) and text.lower() not in SPECIAL:
        return text
    return UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(text, ensure_ascii=False))


def _float(value: float) -> str:
    if value in (float("inf"), float("-inf")):
        return ".inf" if value > 0 else "-.inf"
    if value >= 1000 and value == 10 ** len(str(int(value))[1:]):
        return f"1e{len(str(int(value))) - 1}"
    return repr(value)


def flow(value: Any) -> str:
    """A value, a list or a mapping, on one line."""
    return " ".join(_pieces(value))


def wrapped(value: Any, indent: int, first: int) -> str:
    """The same on as many lines as it takes, of which the first begins behind `first` characters."""
    lines, line, before = [], "", first
    for piece in _pieces(value):
        if line and before + len(line) + len(piece) + 1 + BEHIND > WIDTH:
            lines.append(line)
            line, before = " " * indent, 0
        line += (" " if line.strip() else "") + piece
    return "\n".join([*lines, line])


def _pieces(value: Any) -> list[str]:
    """A value in pieces that blanks may divide."""
    if isinstance(value, Mapping):
        entries = [_pieces(one) for one in value.values()]
        for key, entry in zip(value, entries, strict=True):
            entry[0] = f"{scalar(key)}: {entry[0]}"
        return _enclosed(entries, "{", "}")
    if isinstance(value, list | tuple):
        return _enclosed([_pieces(one) for one in value], "[", "]")
    return [scalar(value)]


def _enclosed(entries: list[list[str]], opening: str, closing: str) -> list[str]:
    for entry in entries[:-1]:
        entry[-1] += ","
    pieces = [piece for entry in entries for piece in entry] or [""]
    pieces[0] = opening + pieces[0]
    pieces[-1] += closing
    return pieces


def comment(text: str) -> str:
    """A text as it may stand in a comment, on one line."""
    return UNPRINTABLE.sub(lambda match: f"\\u{ord(match[0]):04x}", " ".join(text.split(" ")))


def commented(line: str, remarks: Iterable[str], indent: int) -> list[str]:
    """A line with remarks behind it, or above it where they do not fit."""
    remarks = [comment(remark) for remark in remarks if remark]
    if not remarks:
        return [line]
    one = "; ".join(remarks)
    if len(line) + AROUND + 2 + len(one) <= WIDTH and "\n" not in line:
        return [f"{line}{' ' * AROUND}# {one}"]
    above = [one] if len(one) + indent + 2 <= WIDTH else remarks
    return [*(f"{' ' * indent}# {remark}" for remark in above), line]
