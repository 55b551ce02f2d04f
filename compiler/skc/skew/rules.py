"""The rules of `skc drift --fail-on`: which findings make it exit with 1."""

from __future__ import annotations

from dataclasses import dataclass

from skc.fail_on import word_and_limit
from skc.profile.levels import LEVELS, Level


@dataclass(frozen=True)
class DriftRule:
    """A finding of `level` or worse, or more than the share `limit` of all columns with one."""

    text: str
    level: Level | None = None
    limit: float | None = None


def read_drift_rule(text: str) -> DriftRule:
    """`minor`, `moderate`, `severe` or `columns>SHARE`. Raises SKC140 for anything else."""
    word, limit = word_and_limit(text, LEVELS, ("columns",), "0.2")
    return DriftRule(text, next((level for level in LEVELS if level == word), None), limit)
