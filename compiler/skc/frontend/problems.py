"""Mistakes collected while reading and building, and how names and texts of the user look in a message."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from skc.diagnostics import Diagnostic, SkcError

MOST = 20  # errors reported at once, and names listed in a note


class _TooManyError(SkcError):
    """There are enough errors to stop looking."""


class Problems:
    """Errors found so far in parts that do not depend on each other, so that one run reports them all."""

    def __init__(self) -> None:
        self._found: list[Diagnostic] = []

    def __bool__(self) -> bool:
        return bool(self._found)

    @contextmanager
    def collect(self) -> Iterator[None]:
        """Keep the errors raised inside, and go on after the block."""
        try:
            yield
        except _TooManyError:
            raise
        except SkcError as error:
            self._found += (d for d in error.diagnostics if d not in self._found)
        if len(self._found) >= MOST:
            raise _TooManyError(*self._found[:MOST])

    def passes(self, check: Callable[..., None], *subjects: Any) -> bool:
        """Whether a check raises nothing; what it raises is kept."""
        with self.collect():
            check(*subjects)
            return True
        return False

    def stop_if_any(self) -> None:
        """Raise everything found."""
        if self._found:
            raise self.error()

    def error(self) -> SkcError:
        """Everything found, in one."""
        return SkcError(*sorted(self._found, key=lambda d: (d.span is None, d.span or ())))


def quoted(names: Iterable[str]) -> str:
    """Names as a note lists them."""
    words = [f"`{shown(name)}`" for name in names]
    more = f" and {len(words) - MOST} more" if len(words) > MOST else ""
    return ", ".join(words[:MOST]) + more


def shown(text: str) -> str:
    """A text of the user as a message shows it: in one line, and not too long."""
    printable = text if text.isprintable() else repr(text)[1:-1]
    return printable if len(printable) <= 60 else f"{printable[:57]}..."
