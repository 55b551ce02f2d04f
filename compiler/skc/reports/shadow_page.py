"""A comparison of two services as one page."""

from __future__ import annotations

import json
from typing import Any

from skc.reports.pages import render_page
from skc.skew.shadow.report import ShadowReport
from skc.skew.verdicts import number, percent
from skc.verification.shown import count, shortened

MOST_FIELDS = 100


def page(report: ShadowReport) -> str:
    """The page as HTML. Every value in it is escaped."""
    left = len(report.fields) - MOST_FIELDS
    return render_page(
        "shadow.html.j2",
        {"percent": percent, "three": number, "value": _value},
        report=report,
        fields=report.fields[:MOST_FIELDS],
        more_fields=count(left, "more field") if left > 0 else None,
        scale=_scale(report),
    )


def _scale(report: ShadowReport) -> dict[str, float]:
    """Where the bounds, the share and what is allowed lie on the bar, in per cent of its length."""
    share = report.share
    end = min(1.0, 1.25 * max(share.upper, report.allowed, 1e-4))
    places = {"least": share.lower, "most": share.upper, "observed": share.observed, "allowed": report.allowed}
    return {"end": end, **{name: 100 * min(1.0, value / end) for name, value in places.items()}}


def _value(value: Any) -> str:
    return str(shortened(json.dumps(value, ensure_ascii=False)))
