"""Which column moved first: an input that drifts and the outputs that are computed from it are one finding.

An output that drifts while none of its inputs does is a finding of its own: inputs moved together in a way that none
shows alone, or what computed it is not what was compiled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skc.skew.report import FOUND, ColumnDrift


def linked(columns: Sequence[ColumnDrift], outputs: Sequence[ColumnDrift]) -> list[ColumnDrift]:
    """The columns of the rows, then the outputs, each with what it follows."""
    moved = {column.name for column in columns if column.role == "input" and column.verdict in FOUND}
    after = [
        replace(output, follows=tuple(name for name in output.inputs if name in moved))
        if output.verdict in FOUND
        else output
        for output in outputs
    ]
    before = [
        replace(column, followers=tuple((o.name, o.verdict) for o in after if column.name in o.follows))
        if column.role == "input"
        else column
        for column in columns
    ]
    return [*before, *after]
