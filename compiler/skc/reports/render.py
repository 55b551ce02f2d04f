"""Renders every result of `skc.api` and `skc.skew_api` in each of its formats.

Why one function: the command line and Python print the same, and refuse an unsupported format in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, assert_never, get_args

from skc.comparison.report import DiffReport
from skc.diagnostics import fail
from skc.environment_matrix import Matrix
from skc.options import ReportFormat
from skc.reports import (
    collected,
    compiled,
    diff,
    drafted,
    drift,
    drift_page,
    environments,
    explanation,
    freshness,
    freshness_page,
    github,
    html,
    junit,
    parity,
    parity_page,
    replay,
    replay_ci,
    replay_page,
    self_check,
    shadow,
    shadow_ci,
    shadow_page,
    verification,
)
from skc.results import Collected, Compiled, Drafted, Verified
from skc.selfcheck.report import SelfCheck
from skc.skew.freshness.report import FreshnessReport
from skc.skew.parity.report import ParityReport
from skc.skew.replay.report import ReplayReport
from skc.skew.report import DriftReport
from skc.skew.shadow.report import ShadowReport
from skc.verification.explain import Explanation
from skc.verification.report import Report
from skc.verification.shown import json_text

# What is printed as a test report, as annotations and as a page too.
PAGES: Mapping[type, Mapping[str, Callable[[Any], str]]] = {
    Report: {"junit": junit.of_report, "html": html.page, "github": github.of_report},
    DriftReport: {"junit": junit.of_drift, "html": drift_page.page, "github": github.of_drift},
    FreshnessReport: {"junit": junit.of_freshness, "html": freshness_page.page, "github": github.of_freshness},
    ParityReport: {"junit": junit.of_parity, "html": parity_page.page, "github": github.of_parity},
    ReplayReport: {"junit": replay_ci.junit, "html": replay_page.page, "github": replay_ci.github},
    ShadowReport: {"junit": shadow_ci.junit_of, "html": shadow_page.page, "github": shadow_ci.github_of},
}
Skewed = DriftReport | FreshnessReport | ParityReport | ReplayReport | ShadowReport
Result = Collected | Compiled | Drafted | Verified | Report | Matrix | SelfCheck | Explanation | DiffReport | Skewed


def render(result: Result, format: ReportFormat = "text") -> str:
    """A result as the command line prints it. Only a `Report` and what is `Skewed` can be "junit", "html" or "github".

    Raises SKC140.
    """
    if isinstance(result, Verified) and result.environments is None:
        return render(result.report, format)
    if format not in get_args(ReportFormat):
        raise fail("SKC140", f"`{format}` is not a format", hint=f"choose {' or '.join(get_args(ReportFormat))}")
    if format == "json":
        return json_text(result.to_json())
    if format == "text":
        return _text(result)
    if type(result) not in PAGES:
        raise fail("SKC140", f"a {type(result).__name__} is not written as {format}", hint="choose text or json")
    return PAGES[type(result)][format](result)


def _text(result: Result) -> str:
    match result:
        case Verified():
            more = "" if result.environments is None else f"\n\n{_text(result.environments)}"
            return _text(result.report) + more
        case Report():
            return verification.text(result)
        case Compiled():
            return compiled.text(result)
        case Collected():
            return collected.text(result)
        case Drafted():
            return drafted.text(result)
        case Matrix():
            return environments.text(result)
        case SelfCheck():
            return self_check.text(result)
        case Explanation():
            return explanation.text(result)
        case DiffReport():
            return diff.text(result)
        case DriftReport():
            return drift.text(result)
        case FreshnessReport():
            return freshness.text(result)
        case ParityReport():
            return parity.text(result)
        case ShadowReport():
            return shadow.text(result)
        case ReplayReport():
            return replay.text(result)
        case _:
            assert_never(result)
