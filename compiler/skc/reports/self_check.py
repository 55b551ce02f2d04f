"""A self-check as text."""

from __future__ import annotations

from typing import get_args

from skc.reports.layout import table
from skc.selfcheck.report import Fate, MutantResult, SelfCheck

MOST_SHOWN = 20


def fates(check: SelfCheck) -> str:
    """A table of how many mutants of each kind met which fate."""
    rows: list[tuple[str, ...]] = [("fault", "mutants", *get_args(Fate))]
    for kind in dict.fromkeys(o.mutant.kind for o in check.outcomes):
        rows.append(_row(kind, [o for o in check.outcomes if o.mutant.kind == kind]))
    return table([*rows, _row("all", list(check.outcomes))])


def text(check: SelfCheck) -> str:
    """Human-readable: the table, and the mutants that were not found or misplaced."""
    parts = [fates(check)]
    parts += _listed("not found: no row tried exposes it, and possibly none can", check.survivors)
    parts += _listed("found, but attributed to another step", check.misplaced)
    return "\n\n".join([*parts, check.verdict()])


def _row(kind: str, outcomes: list[MutantResult]) -> tuple[str, ...]:
    fates_seen = [o.fate for o in outcomes]
    return (kind, f"{len(fates_seen):,}", *(f"{fates_seen.count(fate):,}" for fate in get_args(Fate)))


def _listed(heading: str, results: tuple[MutantResult, ...]) -> list[str]:
    if not results:
        return []
    lines = [f"  {o.mutant.kind}: {o.mutant.what} ({', '.join(sorted(o.mutant.steps)) or 'outputs'})" for o in results]
    more = [f"  and {len(lines) - MOST_SHOWN:,} more"] if len(lines) > MOST_SHOWN else []
    return ["\n".join([f"{heading}:", *lines[:MOST_SHOWN], *more])]
