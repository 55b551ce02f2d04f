"""A comparison of an online store with the offline table, as one page."""

from __future__ import annotations

from dataclasses import dataclass

from skc.reports.pages import render_page
from skc.reports.parity import note_texts, value_text
from skc.skew.parity.report import FOUND, IN_WORDS, ColumnParity, ParityReport, finding_text
from skc.verification.shown import count

MOST_COLUMNS = 200


@dataclass(frozen=True)
class Piece:
    """A part of the bar of a column: a kind of pair, its words, and its width in per cent; at least visible."""

    kind: str
    words: str
    width: float


def page(report: ParityReport) -> str:
    """The page as HTML. Every value in it is escaped."""
    quiet = tuple(column for column in report.columns if not column.is_found)
    columns = (*report.found, *quiet)
    return render_page(
        "parity.html.j2",
        {},
        report=report,
        columns=columns[:MOST_COLUMNS],
        more_columns=count(len(columns) - MOST_COLUMNS, "more column") if len(columns) > MOST_COLUMNS else None,
        pieces=pieces,
        kinds=FOUND,
        finding=finding_text,
        value=value_text,
        notes=note_texts(report),
    )


def pieces(column: ColumnParity) -> tuple[Piece, ...]:
    """The bar of a column: what is equal, and each finding."""
    if not column.rows:
        return ()
    shares = [(kind, column.counts.get(kind, 0) / column.rows) for kind in ("equal", "within-lag", *FOUND)]
    return tuple(
        Piece(kind, f"{column.counts[kind]:,} {IN_WORDS[kind]}", max(0.6, 100 * share))
        for kind, share in shares
        if share
    )
