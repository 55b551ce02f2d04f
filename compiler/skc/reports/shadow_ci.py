"""A comparison of two services for a CI: JUnit XML, and GitHub's annotations."""

from __future__ import annotations

from skc.reports import github, junit, shadow
from skc.reports.junit import Case
from skc.skew.shadow.report import ShadowReport, broken
from skc.verification.shown import count


def junit_of(report: ShadowReport) -> str:
    """One test case for the verdict, and one for each field that differs and each rule of `--fail-on`.

    Fields fail if the verdict does.
    """
    failure = report.verdict() if report.is_refused else None
    cases = [Case("verdict", shadow.text(report), failure)]
    for one in report.fields:
        message = f"differs in {count(one.differing, 'request')}" if failure is not None else None
        cases.append(Case(one.name, shadow.field_text(one), message))
    for rule in report.rules:
        messages = broken([rule], report)
        cases.append(Case(rule.text, "\n".join(messages), messages[0] if messages else None))
    return junit.of_cases("shadow", report.b, cases)


def github_of(report: ShadowReport) -> str:
    """One annotation per field, errors if the verdict is one; the inputs that explain it, and the verdict."""
    kind = "error" if report.is_refused else "warning"
    lines = [
        github.command(kind, f"skc shadow: {one.name}", shadow.field_text(one))
        for one in report.fields[: github.MOST - 2]
    ]
    if report.inputs:
        causes = "\n".join(map(shadow.input_text, report.inputs))
        lines.append(github.command("warning", "skc shadow: inputs that explain it", causes))
    kind = "error" if report.is_refused else "notice" if report.outcome == "agrees" else "warning"
    return "\n".join([*lines, github.command(kind, "skc shadow", report.verdict())])
