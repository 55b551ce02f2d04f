"""Errors collected while parsing and building, and the formatting of user text in messages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from skc.diagnostics import Diagnostic, SkcError

MOST = 20  # errors reported at once, and names listed in a note


class _TooManyError(SkcError):
    """Enough errors were found to stop checking."""


class Problems:
    """Errors found so far in parts that do not depend on each other, so that one run reports them all."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Collect errors raised inside the block and continue after it."""
        try:
            yield
        except _TooManyError:
            raise
        except SkcError as error:
            self._found += (d for d in error.diagnostics if d not in self._found)
        if len(self._found) >= MOST:
            raise _TooManyError(*self._found[:MOST])

    def passes(self, check: Callable[..., None], *subjects: Any) -> bool:
        """Whether a check passes. An error that it raises is collected."""
        with self.collect():
            check(*subjects)
            return True
        return False

    def stop_if_any(self) -> None:
        """Raise everything found."""
        if self._found:
            raise self.error()

    def error(self) -> SkcError:
        """All errors found, as one exception."""
        return SkcError(*sorted(self._found, key=lambda d: (d.span is None, d.span or ())))


def quoted(names: Iterable[str]) -> str:
    """Names quoted for a note, shortened if there are many."""
    words = [f"`{shown(name)}`" for name in names]
    more = f" and {len(words) - MOST} more" if len(words) > MOST else ""
    return ", ".join(words[:MOST]) + more


def shown(text: str) -> str:
    """User text as shown in a message: printable, on one line and at most 60 characters."""
    printable = text if text.isprintable() else repr(text)[1:-1]
    return printable if len(printable) <= 60 else f"{printable[:57]}..."
