"""Every result of `skc.api` in every format that it has.

Why one function: the command line and Python print the same, and refuse an unsupported format in the same way.
"""

from __future__ import annotations

from typing import Any

from skc.api import Compiled, Verified
from skc.comparison.report import DiffReport
from skc.diagnostics import fail
from skc.environment_matrix import Matrix
from skc.options import ReportFormat
from skc.reports import compiled, diff, environments, explanation, github, html, junit, self_check, verification
from skc.selfcheck.report import SelfCheck
from skc.verification.explain import Explanation
from skc.verification.report import Report
from skc.verification.shown import json_text

Result = Compiled | Verified | Report | Matrix | SelfCheck | Explanation | DiffReport


def render(found: Result, format: ReportFormat = "text") -> str:
    """A result as the command line prints it. Only a `Report` can be "junit", "html" or "github". Raises SKC140."""
    if isinstance(found, Verified) and found.environments is None:
        return render(found.report, format)
    if format == "json":
        return json_text(found.to_json())
    if format == "text":
        return _text(found)
    if not isinstance(found, Report):
        raise fail("SKC140", f"a {type(found).__name__} is not written as {format}", hint="choose text or json")
    pages = {"junit": junit.of_report, "html": html.page, "github": github.of_report}
    return pages[format](found)


def _text(found: Any) -> str:
    match found:
        case Verified():
            parts = [found.report, *([] if found.environments is None else [found.environments])]
            return "\n\n".join(_text(part) for part in parts)
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
    raise TypeError(f"a {type(found).__name__} is not a result of skc.api")
