"""A comparison of two artifacts as text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from skc.comparison.changes import Change
from skc.comparison.report import DiffReport
from skc.comparison.rows import RowsChanged
from skc.reports.layout import table
from skc.verification.shown import shortened

LONGEST = 80


def text(report: DiffReport) -> str:
    """Human-readable: the contract first, then what was learned, then the rows."""
    if report.is_same:
        return report.verdict()
    parts = [table([("kind", "where", "what", "old", "new"), *map(_line, report.changes)])] if report.changes else []
    return "\n\n".join([*parts, *(() if report.rows is None else _row_texts(report.rows))])


def _row_texts(rows: RowsChanged) -> Iterator[str]:
    changed = sorted((c for c in rows.columns if c.changed), key=lambda c: -c.changed)
    if changed:
        share = [f"{c.changed / rows.rows:.2%}" for c in changed]
        lines = [(f"{c.output}: {c.column}", f"{c.changed:,}", s) for c, s in zip(changed, share, strict=True)]
        yield table([("output column", "rows", "share"), *lines])
    refused = f"; {rows.newly_refused:,} are refused now" if rows.newly_refused else ""
    served = f"; {rows.newly_served:,} were refused before" if rows.newly_served else ""
    yield f"{rows.changed:,} of {rows.rows:,} rows change ({rows.share:.2%}){refused}{served}"


def _line(change: Change) -> tuple[str, ...]:
    shift = "" if change.shift is None else f" (by {change.shift:.3g} of itself)"
    return change.kind, change.where, change.what + shift, _value(change.old), _value(change.new)


def _value(value: Any) -> str:
    if value is None:
        return "-"
    text = json.dumps(shortened(value), ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
