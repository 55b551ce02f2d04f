"""The rules of `skc drift --fail-on`: which findings make it exit with 1."""

from __future__ import annotations

import re
from dataclasses import dataclass

from skc.diagnostics import did_you_mean, fail
from skc.profile.levels import LEVELS, Level

LIMIT = re.compile(r"columns>((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)")


@dataclass(frozen=True)
class DriftRule:
    """A finding of `level` or worse, or more than the share `limit` of all columns with one."""

    text: str
    level: Level | None = None
    limit: float | None = None


def read_drift_rule(text: str) -> DriftRule:
    """`minor`, `moderate`, `severe` or `columns>SHARE`. Raises SKC140 for anything else."""
    limited = LIMIT.fullmatch(text)
    if limited:
        return DriftRule(text, limit=float(limited[1]))
    for level in LEVELS:
        if text == level:
            return DriftRule(text, level)
    hint = did_you_mean(text, LEVELS) or f"write {', '.join(LEVELS)} or columns>0.2"
    raise fail("SKC140", f"`{text}` is not a rule of --fail-on", hint=hint)
