"""Read untrusted JSON as plain data, or refuse it: `artifact-malformed` with the location, whatever is wrong."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any, NoReturn

from skc_runtime.errors import ArtifactError, shown

_REBUILD = "the artifact is damaged or was edited by hand: compile it again"


def malformed(location: str, message: str) -> ArtifactError:
    """The error for JSON that does not match its schema."""
    return ArtifactError("artifact-malformed", f"{location}: {message}", hint=_REBUILD)


def parse(data: bytes, location: str) -> Any:
    """UTF-8 JSON without duplicate keys, NaN or Infinity, and of bounded depth."""
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=without_duplicates, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:  # JSON and Unicode errors are ValueErrors
        raise malformed(location, f"not valid JSON: {shown(error, 200)}") from None


def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A hook of `json`: an object, or ValueError for a duplicate key."""
    result = dict(pairs)
    if len(result) != len(pairs):
        counts = Counter(key for key, _ in pairs)
        raise ValueError(f"duplicate key {next(key for key, count in counts.items() if count > 1)!r}")
    return result


def refuse_constant(text: str) -> NoReturn:
    """A hook of `json`, which by default accepts NaN and Infinity."""
    raise ValueError(f"{text} is not JSON")


class Fields:
    """One JSON object being read: keys are taken by type, and `done` refuses what is left."""

    def __init__(self, value: object, location: str) -> None:
        if not isinstance(value, dict):
            raise malformed(location, f"expected an object, got {shown(value)}")
        self._left: dict[str, Any] = dict(value)
        self.location = location

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def take(self, key: str) -> Any:
        """The value of a key, of any type."""
        if key not in self._left:
            raise malformed(self.location, f"`{key}` is missing")
        return self._left.pop(key)

    def _typed(self, key: str, kind: type, noun: str) -> Any:
        value = self.take(key)
        if type(value) is not kind:  # an exact type: true is not an integer here
            raise malformed(f"{self.location}.{key}", f"expected {noun}, got {shown(value)}")
        return value

    def text(self, key: str) -> str:
        value = self._typed(key, str, "a string")
        check_text(value, f"{self.location}.{key}")
        return str(value)

    def optional_text(self, key: str) -> str | None:
        if self._left.get(key, "") is None:
            del self._left[key]
            return None
        return self.text(key)

    def one_of(self, key: str, *choices: str) -> str:
        value = self.text(key)
        if value not in choices:
            raise malformed(f"{self.location}.{key}", f"expected one of {', '.join(choices)}, got {shown(value)}")
        return value

    def flag(self, key: str) -> bool:
        return bool(self._typed(key, bool, "true or false"))

    def number(self, key: str, low: int = 0, high: int = 2**31 - 1) -> int:
        value = int(self._typed(key, int, "an integer"))
        if not low <= value <= high:
            raise malformed(f"{self.location}.{key}", f"expected {low} to {high}, got {shown(value)}")
        return value

    def items(self, key: str) -> list[Any]:
        return list(self._typed(key, list, "an array"))

    def objects(self, key: str) -> list[Fields]:
        return [Fields(item, f"{self.location}.{key}[{i}]") for i, item in enumerate(self.items(key))]

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(self._each(key, str, "a string"))

    def flags(self, key: str) -> tuple[bool, ...]:
        return tuple(self._each(key, bool, "true or false"))

    def _each(self, key: str, kind: type, noun: str) -> list[Any]:
        items = self.items(key)
        for i, item in enumerate(items):
            if type(item) is not kind:
                raise malformed(f"{self.location}.{key}[{i}]", f"expected {noun}, got {shown(item)}")
            if kind is str:
                check_text(str(item), f"{self.location}.{key}[{i}]")
        return items

    def object(self, key: str) -> Fields:
        return Fields(self.take(key), f"{self.location}.{key}")

    def optional_object(self, key: str) -> Fields | None:
        if self._left.get(key, "") is None:
            del self._left[key]
            return None
        return self.object(key)

    def texts_by_key(self, key: str) -> dict[str, str]:
        """An object of strings."""
        fields = self.object(key)
        return {name: fields.text(name) for name in list(fields._left)}

    def done(self) -> None:
        """Refuse any key that was not taken."""
        if self._left:
            raise malformed(self.location, f"unknown key {shown(next(iter(self._left)))}")


def check_text(text: str, location: str) -> None:
    """Refuse a lone surrogate (JSON can escape one) and NUL: no other language could represent the name."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise malformed(location, f"{shown(text)} contains a lone surrogate") from None
    if "\0" in text:
        raise malformed(location, f"{shown(text)} contains a NUL")
