"""What skc says when something is wrong: one value type, and its rendering as text and as JSON.

Why: an error that a user can cause is data (code, message, place, hint) long before it is text. Every stage raises
`SkcError` with one or more diagnostics; only the command line prints them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from typing import Literal

from skc.codes import Code


@dataclass(frozen=True, order=True)
class Span:
    """A place in a text file: 1-based line and column. Spans of one file are ordered."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """One message to the user. `notes` are facts, `hint` is a suggested fix."""

    code: Code
    message: str
    span: Span | None = None
    hint: str | None = None
    notes: tuple[str, ...] = ()
    severity: Literal["error", "warning"] = "error"

    def text(self) -> str:
        """The diagnostic as the terminal shows it, without colour."""
        lines = [f"{self.severity}[{self.code}]: {self.message}"]
        if self.span is not None:
            lines.append(f"  --> {self.span}")
        lines.extend(f"   {note}" for note in self.notes)
        if self.hint is not None:
            lines.extend(["", f"hint: {self.hint}"])
        return "\n".join(lines)

    def to_json(self) -> dict[str, object]:
        """The same facts as `text`, as plain JSON data."""
        return asdict(self)


class SkcError(Exception):
    """An error the user can cause and mend. Carries at least one diagnostic."""

    def __init__(self, *diagnostics: Diagnostic) -> None:
        self.diagnostics = diagnostics
        super().__init__("\n\n".join(diagnostic.text() for diagnostic in diagnostics))

    @property
    def code(self) -> Code:
        """The code of the first diagnostic."""
        return self.diagnostics[0].code


def fail(
    code: Code, message: str, *, span: Span | None = None, hint: str | None = None, notes: Iterable[str] = ()
) -> SkcError:
    """An `SkcError` with one diagnostic, to be raised by the caller."""
    return SkcError(Diagnostic(code, message, span, hint, tuple(notes)))


def bug(message: str) -> SkcError:
    """An error that only a mistake in skc itself can cause."""
    return fail("SKC901", f"internal error: {message}", hint="this is a bug in skc; please report it with the pipeline")


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint naming the known word nearest to `word`, or None when none is near."""
    near = get_close_matches(word, list(known), n=1)
    return f"did you mean `{near[0]}`?" if near else None
