"""A report as GitHub's workflow commands: each difference becomes an annotation of the pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from skc.diagnostics import Diagnostic
from skc.reports import drift, freshness, parity
from skc.reports.verification import difference_text, met_texts, refusal_texts
from skc.skew.freshness.report import FreshnessReport
from skc.skew.parity.report import ParityReport
from skc.skew.report import DriftReport
from skc.verification.report import Report

MOST = 10  # GitHub shows ten annotations of a kind per step, and silently drops the rest


def of_report(report: Report) -> str:
    """One error per output column that differs, warnings for rows that are refused, and the verdict."""
    return "\n".join(_lines(report))


def _lines(report: Report) -> Iterator[str]:
    shown = report.first_differences()
    for difference in shown[:MOST]:
        yield command("error", f"skc verify: {difference.output}, {difference.column}", difference_text(difference))
    if not report.is_equal and not shown:
        bad = ", ".join(check.about for check in report.checks if check.differing_rows)
        yield command("error", "skc verify", bad)
    for text in refusal_texts(report):
        yield command("warning", "skc verify: rows that every service refuses", text)
    for text in met_texts(report):
        yield command("notice", "skc verify: what steps do to your rows", text)
    for warning in report.warnings:
        yield of_diagnostics([warning])
    yield command("notice" if report.is_equal else "error", "skc verify", report.verdict())


def of_drift(report: DriftReport) -> str:
    """One error per column that drifted severely, a warning for the others and for windows, and the verdict."""
    severe = [column for column in report.found if column.worst == "severe"]
    others = [column for column in report.found if column.worst != "severe"]
    lines = [command("error", f"skc drift: {c.name}", drift.column_text(c)) for c in severe[:MOST]]
    lines += [command("warning", f"skc drift: {c.name}", drift.column_text(c)) for c in others[:MOST]]
    drifted = [f"{part.label}: {part.verdict}: {', '.join(part.found)}" for part in report.parts if part.found]
    if drifted:
        lines.append(command("warning", "skc drift: windows and groups", "\n".join(drifted)))
    kind = "error" if severe else "warning" if report.is_drifted else "notice"
    return "\n".join([*lines, command(kind, "skc drift", report.verdict())])


def of_parity(report: ParityReport) -> str:
    """One error per column that differs, and for keys, notes, and the verdict."""
    lines = [command("error", f"skc parity: {c.name}", parity.column_text(c)) for c in report.found[:MOST]]
    if report.key_findings:
        lines.append(command("error", "skc parity: keys", parity.key_text(report)))
    notes = parity.note_texts(report)
    if notes:
        lines.append(command("notice", "skc parity: notes", "\n".join(notes)))
    kind = "error" if report.is_refused else "warning" if report.is_different else "notice"
    return "\n".join([*lines, command(kind, "skc parity", report.verdict())])


def of_freshness(report: FreshnessReport) -> str:
    """One error per input that the rules do not allow, a warning for others with a finding, and the verdict."""
    lines = [
        command("error" if report.fails(one) else "warning", f"skc freshness: {one.name}", freshness.input_text(one))
        for one in report.found[:MOST]
    ]
    kind = "error" if report.is_refused else "warning" if report.found else "notice"
    return "\n".join([*lines, command(kind, "skc freshness", report.verdict())])


def of_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """Diagnostics as annotations, at their location in the pipeline file if they have one."""
    return "\n".join(_diagnostic(d) for d in diagnostics)


def _diagnostic(diagnostic: Diagnostic) -> str:
    location: dict[str, str | int] = {}
    if diagnostic.span is not None:
        location = {"file": str(diagnostic.span.file), "line": diagnostic.span.line, "col": diagnostic.span.column}
    kind = "warning" if diagnostic.severity == "warning" else "error"
    text = "\n\n".join([diagnostic.message, *diagnostic.notes, *([diagnostic.hint] if diagnostic.hint else [])])
    return command(kind, diagnostic.code, text, **location)


def command(kind: str, title: str, message: str, **location: str | int) -> str:
    """`::error file=…,title=…::message`, on one line whatever the texts contain."""
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in {**location, "title": title}.items())
    return f"::{kind} {properties}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
