"""The look-ups of a log as one page."""

from __future__ import annotations

from skc.reports.freshness import HEAD, row, training_text
from skc.reports.pages import render_page
from skc.skew.freshness.report import FreshnessReport
from skc.skew.log_plans import left_out_text
from skc.verification.shown import count

MOST_INPUTS = 200  # on a page; the others are only counted


def page(report: FreshnessReport) -> str:
    """The page as HTML, to be written into a file. Every value in it is escaped."""
    return render_page(
        "freshness.html.j2",
        {},
        report=report,
        inputs=sorted(report.inputs, key=lambda one: not one.findings)[:MOST_INPUTS],
        more=count(len(report.inputs) - MOST_INPUTS, "more input") if len(report.inputs) > MOST_INPUTS else None,
        head=HEAD,
        row=row,
        training_text=training_text,
        damaged=count(report.damaged, "line") if report.damaged else None,
        left_out=left_out_text(report.left_out),
    )
