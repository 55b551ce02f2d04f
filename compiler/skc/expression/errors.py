"""An error inside the text of an expression, with its offset, so that a front end can add line and column."""

from __future__ import annotations

from skc.codes import Code
from skc.diagnostics import Diagnostic, SkcError

_SHOWN = 100  # characters of the expression's line that are shown


class ExpressionError(SkcError):
    """`offset` is the position in the expression's text, in characters from 0."""

    def __init__(self, code: Code, message: str, text: str, offset: int, hint: str | None = None) -> None:
        self.offset = min(max(offset, 0), len(text))
        super().__init__(Diagnostic(code, message, hint=hint, notes=_caret(text, self.offset)))


def _caret(text: str, offset: int) -> tuple[str, ...]:
    """The line of the text that contains the offset, shortened around it, and a caret below it."""
    start = text.rfind("\n", 0, offset) + 1
    line = text[start:].split("\n", 1)[0]
    column = offset - start
    first = max(0, min(column - _SHOWN // 2, len(line) - _SHOWN))
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line[first : first + _SHOWN])
    return (shown, " " * (column - first) + "^")
