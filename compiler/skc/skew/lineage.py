"""Which column moved first: an input that drifts, and the steps and outputs that are computed from it, are one finding.

What a step met, or an output, that drifts while none of its inputs does is a finding of its own: inputs moved together
in a way that none shows alone, or what computed it is not what was compiled. Outputs after such a step follow it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from skc.skew.report import FOUND, ColumnDrift
from skc.skew.verdicts import Verdict


def linked(
    columns: Sequence[ColumnDrift], after: Sequence[ColumnDrift], steps: Mapping[str, Sequence[str]]
) -> list[ColumnDrift]:
    """The columns of the rows, then what is computed, each with what it follows.

    `steps` has the names of the steps that an output is computed by, and of the one that a count is of.
    """
    moved = {column.name for column in columns if column.role == "input" and column.verdict in FOUND}
    counts = [_after(column, moved) for column in after if column.role == "step"]
    first = {name: column.name for column in counts if column.is_found for name in steps[column.name]}
    outputs = []
    for column in after:
        if column.role == "output":
            output = _after(column, moved)
            met = () if output.follows else tuple(dict.fromkeys(first[s] for s in steps[column.name] if s in first))
            outputs.append(replace(output, follows=met) if met and output.verdict in FOUND else output)
    computed = [*counts, *outputs]
    return [replace(column, followers=_followers(column, computed)) for column in (*columns, *computed)]


def _after(column: ColumnDrift, moved: set[str]) -> ColumnDrift:
    follows = tuple(name for name in column.inputs if name in moved) if column.verdict in FOUND else ()
    return replace(column, follows=follows)


def _followers(column: ColumnDrift, computed: Sequence[ColumnDrift]) -> tuple[tuple[str, Verdict], ...]:
    if column.role not in ("input", "step"):
        return ()
    return tuple((other.name, other.verdict) for other in computed if column.name in other.follows)
