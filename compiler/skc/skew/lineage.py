"""Which column moved first: an input that drifts, or its ages, and the steps and outputs that are computed from it, are
one finding.

What a step met, or an output, that drifts while none of its inputs does is a finding of its own: inputs moved together
in a way that none shows alone, or what computed it is not what was compiled. Outputs after such a step follow it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from skc.skew.report import FOUND, ColumnDrift, PartColumn
from skc.skew.verdicts import Verdict

ORDER = (("age",), ("where", "step"), ("output",))


def linked(
    columns: Sequence[ColumnDrift], after: Sequence[ColumnDrift], steps: Mapping[str, Sequence[str]]
) -> list[ColumnDrift]:
    """The columns of the rows, then what is computed, each with what it follows.

    `steps` has the names of the steps that an output is computed by, and of the one that a count is of.
    """
    follows = followed([*columns, *after], steps)
    ordered = [column for roles in ORDER for column in after if column.role in roles]
    computed = [replace(column, follows=follows.get(column.name, ())) for column in ordered]
    return [replace(column, followers=_followers(column, computed)) for column in (*columns, *computed)]


def followed(
    columns: Sequence[ColumnDrift | PartColumn], steps: Mapping[str, Sequence[str]]
) -> dict[str, tuple[str, ...]]:
    """What each computed column with a finding follows: the inputs that drifted, or else their ages, or else the steps
    before it.
    """
    drifted = [column for column in columns if column.verdict in FOUND]
    moved = {column.name for column in drifted if column.role == "input"}
    computed = [column for column in drifted if column.is_computed]
    follows = {column.name: tuple(name for name in column.inputs if name in moved) for column in computed}
    ages = {column.inputs[0]: column.name for column in computed if column.role == "age" and not follows[column.name]}
    for column in computed:
        if column.role != "age" and not follows[column.name]:
            follows[column.name] = tuple(ages[name] for name in column.inputs if name in ages)
    counts = [column.name for column in computed if column.role == "step" and not follows[column.name]]
    first = {step: name for name in counts for step in steps[name]}
    for column in computed:
        if column.role == "output" and not follows[column.name]:
            follows[column.name] = tuple(dict.fromkeys(first[s] for s in steps[column.name] if s in first))
    return follows


def _followers(column: ColumnDrift, computed: Sequence[ColumnDrift]) -> tuple[tuple[str, Verdict], ...]:
    if column.role not in ("input", "age", "step"):
        return ()
    return tuple((other.name, other.verdict) for other in computed if column.name in other.follows)
