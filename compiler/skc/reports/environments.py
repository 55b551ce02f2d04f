"""The artifact in other environments, as text."""

from __future__ import annotations

from skc.environment_matrix import Matrix
from skc.reports.layout import table


def text(matrix: Matrix) -> str:
    """A table, and the verdict in one line."""
    rows = [("environment", "python", "numpy", "onnxruntime", "rows", "differing", "other bits", "")]
    for e in matrix.environments:
        counts = [f"{n:,}" if e.rows else "-" for n in (e.rows, e.differing, e.other_bits)]
        rows.append((e.name, *e.versions, counts[0], counts[1], counts[2], e.note))
    return f"{table(rows)}\n\n{matrix.verdict()}"
