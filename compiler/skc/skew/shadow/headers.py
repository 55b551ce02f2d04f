"""The headers that `--header` adds to every request: `Name: value`, or `@FILE` with one on each line, as for curl.

Why so strict: a line break in a value would begin another header, or another request. And why no value is ever shown:
most are secrets. An answer may repeat one (some servers do so to help); there it is replaced by `***`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from skc.diagnostics import SkcError, fail

NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110
VALUE = re.compile(r"[\t -~]*")
HINT = "write --header 'Name: value', or --header @FILE with one on each line"
OF_CONNECTIONS = (
    "accept-encoding", "connection", "content-length", "expect", "te", "trailer", "transfer-encoding", "upgrade",
)  # fmt: skip
LONGEST = 1 << 20  # bytes of a file
SHORT = 8  # characters; what is shorter is not a secret, and occurs in any text
HIDDEN = "***"


def read_headers(texts: Sequence[Any], option: str) -> dict[str, str]:
    """The headers that an option gives, by name. Raises SKC688."""
    headers: dict[str, str] = {}
    known: set[str] = set()
    for place, line in _lines(texts, option):
        name, value = _header(place, line)
        if name.lower() in known:
            raise fail("SKC688", f"{place} has the header `{name}` again", hint="give it once, for each side")
        known.add(name.lower())
        headers[name] = value
    return headers


def merged(first: Mapping[str, str], *others: Mapping[str, str]) -> dict[str, str]:
    """Headers, of which a later one replaces an earlier one of the same name, however it is written."""
    by_name = {name.lower(): (name, value) for one in (first, *others) for name, value in one.items()}
    return dict(by_name.values())


def _lines(texts: Sequence[Any], option: str) -> Iterator[tuple[str, str]]:
    """Every header with its place."""
    for k, text in enumerate(texts, 1):
        place = option if len(texts) == 1 else f"{option} number {k}"
        if not isinstance(text, str):
            raise fail("SKC688", f"{place} is not a text", hint=HINT)
        if not text.startswith("@"):
            yield place, text
            continue
        path = Path(text[1:])
        lines = [(n, line) for n, line in enumerate(_read(path, place).split("\n"), 1) if line.strip()]
        if not lines:
            raise fail("SKC688", f"`{path}` has no header", hint=HINT)
        yield from ((f"{path}:{n}", line.removesuffix("\r")) for n, line in lines)


def _read(path: Path, place: str) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LONGEST + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        hint = "give a file with one header on each line, as --header @FILE"
        raise fail("SKC688", f"{place}: `{path}` cannot be read: {reason}", hint=hint) from None
    if len(data) > LONGEST:
        hint = "give a file with one header on each line, as --header @FILE"
        raise fail("SKC688", f"{place}: `{path}` has more than {LONGEST:,} bytes", hint=hint)
    return data.decode("utf-8-sig", "replace")


def _header(place: str, line: str) -> tuple[str, str]:
    """The name and the value. Neither is shown where it is not clear which is which."""
    name, colon, value = line.partition(":")
    if not colon or not NAME.fullmatch(name):
        reason = "the name before the colon is not one of a header" if colon else "it has no colon"
        raise fail("SKC688", f"{place} is not a header: {reason}", hint=HINT)
    value = value.strip(" \t")
    if name.lower() in OF_CONNECTIONS:
        message = f"{place}: the header `{name}` belongs to the connection, and skc writes it"
        raise fail("SKC688", message, hint="leave the header out")
    if not value:
        raise fail("SKC688", f"{place}: the header `{name}` has no value", hint="give it one, or leave it out")
    if not VALUE.fullmatch(value):
        what = "a character that is not of ASCII" if value.isprintable() else "a line break or a control character"
        message = f"{place}: the value of the header `{name}` has {what}"
        raise fail("SKC688", message, hint="encode it as the service reads it, or write two headers as two")
    return name, value


@dataclass(frozen=True, repr=False)
class Secrets:
    """What no message or report may show: the values of headers, and the words of these."""

    values: tuple[str, ...]

    @staticmethod
    def of(*headers: Mapping[str, str]) -> Secrets:
        """Of all sides."""
        words = {word for one in headers for value in one.values() for word in (value, *value.split())}
        return Secrets(tuple(sorted((word for word in words if len(word) >= SHORT), key=lambda w: (-len(w), w))))

    def hide(self, value: Any) -> Any:
        """The value, in which every text that has a secret has `***` instead."""
        if isinstance(value, str):
            for secret in self.values:
                value = value.replace(secret, HIDDEN)
        elif isinstance(value, tuple):
            return tuple(map(self.hide, value))
        elif is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{f.name: self.hide(getattr(value, f.name)) for f in fields(value) if f.init})
        return value

    @contextmanager
    def hidden(self) -> Iterator[None]:
        """Errors within the context do not show them."""
        try:
            yield
        except SkcError as error:
            raise SkcError(*self.hide(error.diagnostics)) from None
