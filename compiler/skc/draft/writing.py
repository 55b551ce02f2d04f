"""YAML text: values in flow style, quoted so that every reader of YAML takes them for what they are, with comments.

Why not a library's dumper: comments stand at the ends of lines and between the entries of a mapping, where columns are
left out. `tests/draft/test_writing.py` reads back whatever is written, with the reader of pipelines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([-./][A-Za-z0-9_]+)*")
# Words that some reader of YAML takes for a bool, a null or a number.
SPECIAL = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"])
UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff\ud800-\udfff]")
MARK = "# guess: "  # of a comment that is one
WIDTH = 120
AROUND = 2  # blanks before a comment
BEFORE = 20  # characters in the line in which a list of names begins, and behind its end


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
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{scalar(key)}: {flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return scalar(value)


def names(values: Sequence[str], indent: int) -> str:
    """A list of names, on as many lines as it takes."""
    if len(values) == 1:
        return scalar(values[0])
    lines, line = [], "["
    for k, value in enumerate(values):
        piece = scalar(value) + ("]" if k == len(values) - 1 else ",")
        if len(line) > 1 and len(line) + len(piece) + BEFORE > WIDTH:
            lines.append(line.rstrip())
            line = " " * indent
        line += piece + " "
    return "\n".join([*lines, line.rstrip()])


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
