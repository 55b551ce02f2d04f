"""A report as one page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from skc.equality.tally import ColumnReport
from skc.reports.pages import render_page
from skc.reports.verification import blame, data_texts, extent, kind_text, value_text
from skc.verification.report import ITSELF, Difference, Report
from skc.verification.shown import count, shortened

MOST_COLUMNS = 200  # on a page; the others are only counted
FAR = 64  # doublings of an ulp at which the scale ends: no two float64 are further apart
TICKS = (0, 10, 20, 30, 40, 50, 60)


def page(report: Report) -> str:
    """The page as HTML, to be written into a file. Every value in it is escaped."""
    columns = sorted(report.columns, key=lambda c: (-c.differing_rows, -c.worst_ulp, c.output, c.column))
    return render_page(
        "report.html.j2",
        {"record": _record},
        report=report,
        columns=columns[:MOST_COLUMNS],
        more_columns=count(len(columns) - MOST_COLUMNS, "more column") if len(columns) > MOST_COLUMNS else None,
        distance=_distance,
        ticks=[(power, 100 * power / FAR) for power in TICKS],
        differences=report.first_differences(),
        rest=len(report.differences) - len(report.first_differences()),
        sides=_sides,
        walk_of=report.walk_of,
        share=_share,
        data_texts=data_texts(report),
        kind_text=kind_text,
        extent=extent,
        blame=blame,
    )


def _distance(column: ColumnReport) -> float:
    """The length of a bar in per cent of the scale: the binary logarithm of the distance in ulp."""
    return 0.0 if column.worst_ulp == 0 else max(1.0, 100 * min(math.log2(column.worst_ulp), FAR) / FAR)


def _share(tried: int, total: int) -> float:
    return 100.0 if total == 0 else 100 * tried / total


def _sides(difference: Difference) -> tuple[tuple[str, str], ...]:
    """Both values, each with the name of its side."""
    names = (difference.check if difference.against == ITSELF else "graph", difference.against)
    return tuple(
        zip(names, (value_text(difference, difference.got), value_text(difference, difference.want)), strict=True)
    )


def _record(record: Mapping[str, Any]) -> str:
    return json.dumps({k: shortened(v) for k, v in record.items()}, ensure_ascii=False, indent=1)
