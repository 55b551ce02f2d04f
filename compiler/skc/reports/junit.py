"""A verification, or a comparison with a profile, as JUnit XML: one test case per check or column, for a CI."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

from skc.diagnostics import Diagnostic
from skc.reports import drift, freshness, parity
from skc.reports.verification import data_texts, diagnosis, difference_text, extent
from skc.skew.freshness.report import FreshnessReport
from skc.skew.parity.report import ParityReport
from skc.skew.parity.report import broken as parity_broken
from skc.skew.report import ColumnDrift, DriftReport, PartDrift, broken
from skc.skew.rules import DriftRule
from skc.verification.report import Report
from skc.verification.shown import count

UNTOLD = ("too few rows", "not watched")


@dataclass(frozen=True)
class Case:
    """A test case: what it found, and the message of its failure, if it is one."""

    name: str
    text: str
    failure: str | None = None


def of_cases(command: str, name: str, cases: Sequence[Case]) -> str:
    """The test cases of a command about something of that name."""
    failed = sum(case.failure is not None for case in cases)
    suite = _suite(name, len(cases), failures=failed, command=command)
    for one in cases:
        case = _case(f"skc.{command}.{name}", one.name)
        if one.failure is not None:
            ET.SubElement(case, "failure", message=_xml_safe(one.failure)).text = _xml_safe(one.text)
        else:
            ET.SubElement(case, "system-out").text = _xml_safe(one.text)
        suite.append(case)
    return _xml(suite)


def of_report(report: Report) -> str:
    """One test case per check."""
    failed = sum(1 for check in report.checks if check.differing_rows)
    skipped = sum(1 for check in report.checks if check.skipped is not None or (check.left and not check.rows))
    suite = _suite(report.name, len(report.checks), failures=failed, skipped=skipped, seconds=report.seconds)
    for check in report.checks:
        case = ET.SubElement(suite, "testcase", classname=f"skc.verify.{report.name}", name=check.name)
        if check.skipped is not None:
            ET.SubElement(case, "skipped", message=check.skipped)
        elif check.left and not check.rows:
            ET.SubElement(case, "skipped", message=f"none of {count(check.left, 'row')} within the budget")
        else:
            tried = f"{extent(check)} rows" if check.left else count(check.rows, "row")
            summary = f"{tried}, {check.refused_rows:,} refused by both: {check.about}"
            notes = data_texts(report) if check.name == "data" else []
            ET.SubElement(case, "system-out").text = _xml_safe("\n".join([summary, *notes]))
        if check.differing_rows:
            differences = [difference_text(d) for d in report.differences if d.check == check.name]
            failure = ET.SubElement(case, "failure", message=f"{check.differing_rows} of {check.rows} rows differ")
            failure.text = _xml_safe("\n\n".join([*differences, *diagnosis(report)]))
    return _xml(suite)


def of_drift(report: DriftReport) -> str:
    """One test case per column, window and group. What `--fail-on` does not allow fails; any finding without it."""
    cases = [_column_case(report, column) for column in report.columns]
    cases += [_part_case(report, part) for part in report.parts]
    cases += [_rule_case(report, rule) for rule in report.rules if rule.limit is not None]
    failed = sum(case.find("failure") is not None for case in cases)
    skipped = sum(case.find("skipped") is not None for case in cases)
    suite = _suite(report.name, len(cases), failures=failed, skipped=skipped, command="drift")
    suite.extend(cases)
    return _xml(suite)


def _column_case(report: DriftReport, column: ColumnDrift) -> ET.Element:
    case = _case(f"skc.drift.{report.name}", column.name)
    text = _xml_safe(drift.column_text(column))
    if column.verdict in UNTOLD:
        ET.SubElement(case, "skipped", message=column.verdict)
    if report.fails(column.worst) and not column.follows:
        message = _xml_safe(f"{column.verdict}: {column.text}")
        ET.SubElement(case, "failure", message=message).text = text
    else:
        ET.SubElement(case, "system-out").text = text
    return case


def _part_case(report: DriftReport, part: PartDrift) -> ET.Element:
    case = _case(f"skc.drift.{report.name}.parts", part.label)
    if part.verdict in UNTOLD:
        ET.SubElement(case, "skipped", message=part.verdict)
    if report.fails(part.verdict):
        ET.SubElement(case, "failure", message=_xml_safe(f"{part.verdict}: {', '.join(part.found)}"))
    return case


def _rule_case(report: DriftReport, rule: DriftRule) -> ET.Element:
    case = _case(f"skc.drift.{report.name}", rule.text)
    for message in broken([rule], report):
        ET.SubElement(case, "failure", message=_xml_safe(message))
    return case


def of_parity(report: ParityReport) -> str:
    """One test case for the keys, one per column, and one per rule of `--fail-on`; with rules only those fail."""
    name = f"skc.parity.{report.name}"
    texts = {"keys": parity.key_text(report)} | {c.name: parity.column_text(c) for c in report.columns}
    has_findings = {"keys": bool(report.key_findings)} | {c.name: c.is_found for c in report.columns}
    cases = []
    for label, text in texts.items():
        case = _case(name, label)
        fails = has_findings[label] and not report.rules
        if fails:
            message = text.partition("\n")[0] if label != "keys" else "; ".join(s for _, _, s in report.key_findings)
            ET.SubElement(case, "failure", message=_xml_safe(message))
        ET.SubElement(case, "system-out").text = _xml_safe(text)
        cases.append(case)
    for rule in report.rules:
        case = _case(f"{name}.rules", rule.text)
        for message in parity_broken([rule], report):
            ET.SubElement(case, "failure", message=_xml_safe(message))
        cases.append(case)
    failed = sum(case.find("failure") is not None for case in cases)
    suite = _suite(report.name, len(cases), failures=failed, command="parity")
    suite.extend(cases)
    return _xml(suite)


def of_freshness(report: FreshnessReport) -> str:
    """One test case per input. What `--fail-on` does not allow fails; any finding without it."""
    failed = sum(map(report.fails, report.inputs))
    few = [one for one in report.inputs if one.verdict == "too few look-ups"]
    suite = _suite(report.name, len(report.inputs), failures=failed, skipped=len(few), command="freshness")
    for one in report.inputs:
        case = _case(f"skc.freshness.{report.name}", one.name)
        text = _xml_safe(freshness.input_text(one))
        if one in few:
            ET.SubElement(case, "skipped", message=one.verdict)
        if report.fails(one):
            ET.SubElement(case, "failure", message=text.split("\n")[0]).text = text
        else:
            ET.SubElement(case, "system-out").text = text
        suite.append(case)
    return _xml(suite)


def _case(classname: str, name: str) -> ET.Element:
    return ET.Element("testcase", {"classname": _xml_safe(classname), "name": _xml_safe(name)})


def of_diagnostics(diagnostics: Sequence[Diagnostic], command: str = "verify") -> str:
    """The report of a command that could not begin."""
    suite = _suite("", 1, errors=1, command=command)
    case = ET.SubElement(suite, "testcase", classname=f"skc.{command}", name="artifact")
    details = "\n\n".join(diagnostic.text() for diagnostic in diagnostics)
    ET.SubElement(case, "error", message=_xml_safe(diagnostics[0].message)).text = _xml_safe(details)
    return _xml(suite)


def _suite(
    name: str,
    tests: int,
    *,
    failures: int = 0,
    errors: int = 0,
    skipped: int = 0,
    seconds: float = 0.0,
    command: str = "verify",
) -> ET.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": skipped}
    attributes = {noun: str(number) for noun, number in counts.items()} | {"time": f"{seconds:.3f}"}
    return ET.Element("testsuite", {"name": f"skc {command} {name}".rstrip(), **attributes})


def _xml(suite: ET.Element) -> str:
    """ASCII, so that no locale of a terminal or CI can corrupt it."""
    data: bytes = ET.tostring(suite, encoding="us-ascii", xml_declaration=True)
    return data.decode("ascii")


def _xml_safe(text: str) -> str:
    """Replace control characters, most of which XML 1.0 cannot represent."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
