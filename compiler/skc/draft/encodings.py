"""The encoding of a file of text: what its bytes show, and what they leave open.

A byte order mark, zeros beside ASCII, and text that is valid UTF-8 leave no doubt. Whatever else a file is in, all of
its bytes are valid in many encodings, which no program can tell apart for certain: what is found then is a guess.
Why not `charset-normalizer` for all: it says cp1250 for most files in cp1252, which are by far the more frequent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from skc.data.sources import READABLE
from skc.data.text.lines import LineError, all_lines
from skc.data.text.mending import MARKS, is_mostly_utf8
from skc.data.text.opening import opened
from skc.diagnostics import fail

HEAD = 1 << 16  # bytes
WIDE_MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32"}
WESTERN = ("cp1252", "latin-1")
MOST_ASCII = 0.5  # of the bytes of a file in an encoding with ASCII at its place
MOST_RUNS = 0.2  # of the places with bytes beyond ASCII have several of them, in Latin script
SHOWN = 30  # characters of a line


@dataclass(frozen=True)
class Encoding:
    """A name of Python's, and if it is a guess the first line that shows it, and how that line reads."""

    name: str
    line: int = 0
    shown: str = ""


def encoding_of(file: str) -> Encoding:
    """The encoding of a file. Raises UNREADABLE, and SKC202 for one that is not text."""
    with opened(file) as stream:
        head = stream.read(HEAD)
    mark = WIDE_MARKS.get(head[:4]) or MARKS.get(head[:2])
    if mark is not None:
        return Encoding(mark)
    if 0 in head:
        name = _with_zeros(head)
        if name is None:
            raise fail("SKC202", f"`{file}` is not a file of text", hint=READABLE)
        return Encoding(name)
    if _decodes(file, "utf-8") or is_mostly_utf8(file):  # a wrong byte in UTF-8 is an error of the file
        return Encoding("utf-8")
    name = next(name for name in (_foreign(head), *WESTERN) if name is not None and _decodes(file, name))
    return _with_example(file, name)


def _with_zeros(head: bytes) -> str | None:
    """Zeros at odd or at even places are halves of ASCII characters in UTF-16; otherwise the file is not text."""
    odd, even = head[1::2].count(0), head[::2].count(0)
    if odd > len(head) / 8 and not even:
        return "utf-16-le"
    return "utf-16-be" if even > len(head) / 8 and not odd else None


def _foreign(head: bytes) -> str | None:
    """An encoding of another script than Latin, or without ASCII at its place; None if there is no sign of one."""
    is_ascii = len(re.findall(rb"[A-Za-z0-9\s,;]", head)) > MOST_ASCII * len(head) and b"\n" in head
    runs = re.findall(rb"[\x80-\xff]+", head)
    if is_ascii and sum(len(run) > 1 for run in runs) <= MOST_RUNS * len(runs):
        return None  # letters with accents stand alone
    from charset_normalizer import from_bytes  # takes a while to load, and only such files need it

    best = from_bytes(head).best()
    return None if best is None else str(best.encoding)


def _decodes(file: str, name: str) -> bool:
    try:
        return all(True for _ in all_lines(file, name))
    except LineError:
        return False


def _with_example(file: str, name: str) -> Encoding:
    for number, line in enumerate(all_lines(file, name), start=1):
        at = next((k for k, character in enumerate(line) if not character.isascii()), None)
        if at is not None:
            start = max(0, at - SHOWN // 2)
            return Encoding(name, number, line[start : start + SHOWN].strip())
    return Encoding(name)
