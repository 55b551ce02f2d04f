"""Explain why the engine refuses a CSV file, or would read it differently from other readers.

Why: the engine's message is about its parser. A user needs the line, and a suggested fix. Why refuse files that the
engine reads: where a space is next to a quote, or a line has a surplus field, other readers see other values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from skc.data.duckdb.csv_structure import is_regular
from skc.data.sources import Source, separator_of
from skc.data.text.lines import LONGEST
from skc.data.text.opening import UNREADABLE, opened
from skc.data.text.table import LINE_ENDS_HINT, TextError, first_problem
from skc.diagnostics import SkcError, fail


@contextmanager
def csv_trouble(source: Source) -> Iterator[None]:
    """If reading a text file fails, report the line at fault, if there is one."""
    try:
        yield
    except SkcError as error:
        if error.code != "SKC203" or source.kind not in ("csv", "tsv"):
            raise
        for file in source.files:
            problem = _explained(file, source) or _mixed_line_ends(source.path(file))
            if problem is not None:
                raise refused(file, problem, source) from error
        raise


def check_structure(header: Sequence[str], file: str, source: Source) -> None:
    """Refuse a file that some readers would read differently from the engine."""
    try:
        if is_regular(source.path(file), separator_of(source), len(header)):
            return
    except UNREADABLE:
        return  # the engine reports it
    problem = _explained(file, source)
    if problem is not None:
        raise refused(file, problem, source)


def refused(file: str, problem: TextError, source: Source) -> SkcError:
    """SKC203 for a line of a file."""
    return fail("SKC203", f"`{file}`, {problem.message}", span=source.span, hint=problem.hint)


def _explained(file: str, source: Source) -> TextError | None:
    """What is wrong with a file; None if nothing is, or it cannot be opened."""
    try:
        return first_problem(source.path(file), source.options, separator_of(source))
    except UNREADABLE:
        return None


def _mixed_line_ends(file: str) -> TextError | None:
    kinds: set[bytes] = set()
    with suppress(*UNREADABLE), opened(file) as stream:  # the engine reports what cannot be read
        lines = iter(lambda: stream.readline(LONGEST), b"")
        kinds = {b"\r\n" if line.endswith(b"\r\n") else b"\n" for line in lines if line.endswith(b"\n")}
    return TextError("the lines have different line endings", LINE_ENDS_HINT) if len(kinds) > 1 else None
