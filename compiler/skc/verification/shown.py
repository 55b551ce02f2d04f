"""How a value is formatted in a message or a report."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from typing import Any

from skc_runtime import golden

LONGEST = 60


class OneLine(ABC):
    """A result with a one-line verdict; here, because `skc.reports.render` is in a higher layer."""

    @abstractmethod
    def verdict(self) -> str:
        """The conclusion in one line."""

    def __str__(self) -> str:
        return f"{self.verdict()}; print(skc.render(result)) shows all of it"

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.verdict()}>"


def count(number: int, noun: str) -> str:
    """`1 row`, `2 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def shown(value: Any) -> str:
    """A number with all its digits, anything else as JSON; a long string is cut."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return repr(value) if is_number else json.dumps(shortened(value), ensure_ascii=False)


def shortened(value: Any) -> Any:
    """A long string cut, with its length."""
    is_long = isinstance(value, str) and len(value) > LONGEST
    return f"{value[:LONGEST]}… ({len(value)} characters)" if is_long else value


def encoded(value: Any) -> Any:
    """A value in the JSON forms of golden.jsonl: int64 as a decimal string, NaN and infinities as words."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    form: str | float = golden.encode_value("int64" if isinstance(value, int) else "float64", value)
    return form


def json_values(document: Any) -> Any:
    """A document of which every float is in the JSON form of golden.jsonl; JSON has no infinity and no NaN."""
    if isinstance(document, dict):
        return {key: json_values(value) for key, value in document.items()}
    if isinstance(document, list | tuple):
        return [json_values(value) for value in document]
    return encoded(document) if isinstance(document, float) else document


def json_text(document: Any) -> str:
    """A document as the command line prints it."""
    return json.dumps(json_values(document), ensure_ascii=False, indent=2, allow_nan=False)
