"""A verification as JUnit XML: one test case per check, for a CI that reads such files."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from skc.diagnostics import Diagnostic
from skc.reports.verification import data_texts, diagnosis, difference_text
from skc.verification.report import Report
from skc.verification.shown import count


def of_report(report: Report) -> str:
    """One test case per check."""
    failed = sum(1 for check in report.checks if check.differing_rows)
    skipped = sum(1 for check in report.checks if check.skipped is not None)
    suite = _suite(report.name, len(report.checks), failures=failed, skipped=skipped, seconds=report.seconds)
    for check in report.checks:
        case = ET.SubElement(suite, "testcase", classname=f"skc.verify.{report.name}", name=check.name)
        if check.skipped is not None:
            ET.SubElement(case, "skipped", message=check.skipped)
        else:
            summary = f"{count(check.rows, 'row')}, {check.refused_rows:,} refused by both: {check.about}"
            notes = data_texts(report) if check.name == "data" else []
            ET.SubElement(case, "system-out").text = _xml_safe("\n".join([summary, *notes]))
        if check.differing_rows:
            differences = [difference_text(d) for d in report.differences if d.check == check.name]
            failure = ET.SubElement(case, "failure", message=f"{check.differing_rows} of {check.rows} rows differ")
            failure.text = _xml_safe("\n\n".join([*differences, *diagnosis(report)]))
    return _xml(suite)


def of_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """The report of a verification that could not begin."""
    suite = _suite("", 1, errors=1)
    case = ET.SubElement(suite, "testcase", classname="skc.verify", name="artifact")
    details = "\n\n".join(diagnostic.text() for diagnostic in diagnostics)
    ET.SubElement(case, "error", message=_xml_safe(diagnostics[0].message)).text = _xml_safe(details)
    return _xml(suite)


def _suite(
    name: str, tests: int, *, failures: int = 0, errors: int = 0, skipped: int = 0, seconds: float = 0.0
) -> ET.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": skipped}
    attributes = {noun: str(number) for noun, number in counts.items()} | {"time": f"{seconds:.3f}"}
    return ET.Element("testsuite", {"name": f"skc verify {name}".rstrip(), **attributes})


def _xml(suite: ET.Element) -> str:
    """ASCII, so that no locale of a terminal or CI can corrupt it."""
    data: bytes = ET.tostring(suite, encoding="us-ascii", xml_declaration=True)
    return data.decode("ascii")


def _xml_safe(text: str) -> str:
    """Replace control characters, most of which XML 1.0 cannot represent."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
