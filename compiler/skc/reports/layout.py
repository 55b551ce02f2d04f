"""How lines and tables of a report are laid out."""

from __future__ import annotations

from collections.abc import Sequence


def table(rows: Sequence[tuple[str, ...]]) -> str:
    """Columns as wide as necessary, two spaces apart."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def indented(text: str) -> str:
    """Every line indented by two spaces."""
    return "\n".join(f"  {line}" for line in text.splitlines())
