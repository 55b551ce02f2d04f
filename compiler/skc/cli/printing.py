"""What the commands print: results to stdout, messages to stderr, errors in the format that was asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from skc.diagnostics import Diagnostic

EQUAL, DIFFERENT, USER, BUG = 0, 1, 2, 3


def talk(text: str) -> None:
    """A message to stderr."""
    print(text, file=sys.stderr)


def show(text: str) -> None:
    """A result to stdout. A reader that has seen enough (`| head`) changes nothing about what the command found."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # what else is printed goes nowhere


def show_json(document: Any) -> None:
    """A result to stdout as JSON."""
    from skc.verification.shown import json_text

    show(json_text(document))


def show_diagnostics(diagnostics: Sequence[Diagnostic], arguments: list[str]) -> None:
    """Errors follow the format that was asked for, even where the command never began."""
    if _wants(arguments, "json"):
        show_json({"diagnostics": [d.to_json() for d in diagnostics]})
        return
    if _wants(arguments, "junit"):  # what reads it would take an empty file for a success, or for nothing at all
        from skc.reports import junit

        show(junit.of_diagnostics(diagnostics))
    if _wants(arguments, "github"):
        from skc.reports import github

        show(github.of_diagnostics(diagnostics))
    talk("\n\n".join(diagnostic.text() for diagnostic in diagnostics))


def _wants(arguments: list[str], wanted: str) -> bool:
    return f"--format={wanted}" in arguments or ("--format", wanted) in pairwise(arguments)
