"""A comparison of rows with a profile, as one page."""

from __future__ import annotations

from dataclasses import dataclass

from skc.reports.drift import (
    age_texts,
    before_text,
    excluded_texts,
    followers_text,
    moved_texts,
    origin_text,
    served_text,
    shift_texts,
)
from skc.reports.pages import render_page
from skc.skew.effects import Bar
from skc.skew.log_plans import left_out_text
from skc.skew.report import FOUND, ColumnDrift, DriftReport
from skc.skew.verdicts import NAMES, VERDICTS, Verdict, number, percent
from skc.verification.shown import count

MOST_COLUMNS = 200
MOST_PARTS = 120


@dataclass(frozen=True)
class Pair:
    """A bin or category: its shares on both sides as texts, and as heights in per cent of the highest of all."""

    label: str
    training: str
    serving: str
    low: float
    high: float


@dataclass(frozen=True)
class PartRow:
    """A column over all windows or groups: the verdict and the first finding of each."""

    name: str
    cells: tuple[tuple[Verdict, str], ...]


def page(report: DriftReport) -> str:
    """The page as HTML. Every value in it is escaped."""
    quiet = tuple(column for column in report.columns if not column.is_found)
    columns = (*report.found, *quiet)
    return render_page(
        "drift.html.j2",
        {"percent": percent, "three": number},
        report=report,
        columns=columns[:MOST_COLUMNS],
        more_columns=count(len(columns) - MOST_COLUMNS, "more column") if len(columns) > MOST_COLUMNS else None,
        pairs=pairs,
        names=NAMES,
        moved=moved_texts,
        origin=origin_text,
        followers=followers_text,
        shifts=shift_texts,
        before=before_text,
        excluded=tuple(excluded_texts(report)),
        ages=tuple(age_texts(report)),
        served="" if report.outputs_served is None else served_text(report),
        left_out=left_out_text(report.left_out),
        unread=report.unread,
        parts=report.parts[:MOST_PARTS],
        more_parts=count(len(report.parts) - MOST_PARTS, "more part") if len(report.parts) > MOST_PARTS else None,
        part_rows=_part_rows(report),
    )


def pairs(column: ColumnDrift) -> tuple[Pair, ...]:
    """The strip of a column; nothing if one side has no value."""
    bars: tuple[Bar, ...] = () if column.compared is None else column.compared.bars
    m, n = sum(bar.training for bar in bars), sum(bar.serving for bar in bars)
    if not m or not n:
        return ()
    most = max(max(bar.training / m, bar.serving / n) for bar in bars)
    return tuple(
        Pair(
            bar.label,
            percent(bar.training / m),
            percent(bar.serving / n),
            100 * bar.training / m / most,
            100 * bar.serving / n / most,
        )
        for bar in bars
    )


def _part_rows(report: DriftReport) -> list[PartRow]:
    """The columns with a finding in any part, the worst first."""
    parts = report.parts[:MOST_PARTS]
    names = dict.fromkeys(name for part in parts for name in part.found)
    rows = []
    for name in names:
        judged = [next(column.judged for column in part.columns if column.name == name) for part in parts]
        cells = tuple((one.verdict, one.findings[0].text if one.findings else one.verdict) for one in judged)
        rows.append(PartRow(name, cells))
    return sorted(rows, key=lambda row: -sum(VERDICTS.index(v) for v, _ in row.cells if v in FOUND))
