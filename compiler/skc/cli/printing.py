"""What the commands print: results to stdout, messages to stderr, errors in the requested format."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from skc.diagnostics import Diagnostic

EQUAL, DIFFERENT, USER, BUG = 0, 1, 2, 3


def talk(text: str) -> None:
    """Print a message to stderr."""
    print(text, file=sys.stderr)


def show(text: str) -> None:
    """Print a result to stdout. A reader that closes the pipe early (`| head`) does not change the exit code."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # further output is discarded


def show_json(document: Any) -> None:
    """Print a result to stdout as JSON."""
    from skc.verification.shown import json_text

    show(json_text(document))


def show_diagnostics(diagnostics: Sequence[Diagnostic], arguments: list[str]) -> None:
    """Print errors in the requested format, even if the command did not start."""
    if _wants(arguments, "json"):
        show_json({"diagnostics": [d.to_json() for d in diagnostics]})
        return
    if _wants(arguments, "junit"):  # a CI would read an empty file as a success, or ignore it
        from skc.reports import junit

        show(junit.of_diagnostics(diagnostics, arguments[0] if arguments and arguments[0].isalpha() else "verify"))
    if _wants(arguments, "github"):
        from skc.reports import github

        show(github.of_diagnostics(diagnostics))
    talk("\n\n".join(diagnostic.text() for diagnostic in diagnostics))


def _wants(arguments: list[str], format_name: str) -> bool:
    return f"--format={format_name}" in arguments or ("--format", format_name) in pairwise(arguments)
