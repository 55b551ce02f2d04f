"""Every result of `skc.api` in every format that it has.

Why one function: the command line and Python print the same, and refuse an unsupported format in the same way.
"""

from __future__ import annotations

from typing import assert_never, get_args

from skc.comparison.report import DiffReport
from skc.diagnostics import fail
from skc.environment_matrix import Matrix
from skc.options import ReportFormat
from skc.reports import compiled, diff, environments, explanation, github, html, junit, self_check, verification
from skc.results import Compiled, Verified
from skc.selfcheck.report import SelfCheck
from skc.verification.explain import Explanation
from skc.verification.report import Report
from skc.verification.shown import json_text

Result = Compiled | Verified | Report | Matrix | SelfCheck | Explanation | DiffReport


def render(found: Result, format: ReportFormat = "text") -> str:
    """A result as the command line prints it. Only a `Report` can be "junit", "html" or "github". Raises SKC140."""
    if isinstance(found, Verified) and found.environments is None:
        return render(found.report, format)
    if format not in get_args(ReportFormat):
        raise fail("SKC140", f"`{format}` is not a format", hint=f"choose {' or '.join(get_args(ReportFormat))}")
    if format == "json":
        return json_text(found.to_json())
    if format == "text":
        return _text(found)
    if not isinstance(found, Report):
        raise fail("SKC140", f"a {type(found).__name__} is not written as {format}", hint="choose text or json")
    pages = {"junit": junit.of_report, "html": html.page, "github": github.of_report}
    return pages[format](found)


def _text(found: Result) -> str:
    match found:
        case Verified():
            more = "" if found.environments is None else f"\n\n{_text(found.environments)}"
            return _text(found.report) + more
        case Report():
            return verification.text(found)
        case Compiled():
            return compiled.text(found)
        case Matrix():
            return environments.text(found)
        case SelfCheck():
            return self_check.text(found)
        case Explanation():
            return explanation.text(found)
        case DiffReport():
            return diff.text(found)
        case _:
            assert_never(found)
