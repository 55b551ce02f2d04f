"""A replay as one page."""

from __future__ import annotations

from skc.reports.pages import render_page
from skc.reports.replay import facts, output_text, reason_text, refusal_text, step_text, training_reason
from skc.skew.replay.report import ReplayReport
from skc.skew.replay.times import time_text
from skc.verification.shown import count, shown

MOST_COLUMNS = 200


def page(report: ReplayReport) -> str:
    """The page as HTML. Every value in it is escaped."""
    equal = [column for column in report.columns if not column.differing]
    more = len(equal) - MOST_COLUMNS
    return render_page(
        "replay.html.j2",
        {"value": shown, "time": time_text},
        report=report,
        found=report.found,
        equal=equal[:MOST_COLUMNS],
        more_columns=count(more, "more column") if more > 0 else None,
        reason=reason_text,
        training_reason=training_reason,
        step=step_text,
        others=[*map(output_text, report.found_by_digest), *map(refusal_text, report.refusals)],
        facts=list(facts(report)),
    )
