"""The look-ups of a log as one page."""

from __future__ import annotations

from skc.reports.freshness import HEAD, row, training_text
from skc.reports.pages import render_page
from skc.skew.freshness.report import FreshnessReport
from skc.verification.shown import count


def page(report: FreshnessReport) -> str:
    """The page as HTML, to be written into a file. Every value in it is escaped."""
    return render_page(
        "freshness.html.j2",
        {},
        report=report,
        head=HEAD,
        row=row,
        training_text=training_text,
        damaged=count(report.damaged, "line") if report.damaged else None,
    )
