"""The rules of `skc freshness --fail-on`: what makes it exit with 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from skc.diagnostics import did_you_mean, fail

Kind = Literal["hit_rate", "age", "fetch", "future", "training", "leak", "unlogged"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SHARES = ("stale", "misses", "defaults")
LIMIT = re.compile(rf"({'|'.join(SHARES)})>((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)")


@dataclass(frozen=True)
class FreshnessRule:
    """A finding of that kind, or an input of which more than the share `limit` of values or look-ups is so."""

    text: str
    kind: Kind | None = None
    share: str = ""
    limit: float = 0.0


def read_freshness_rule(text: str) -> FreshnessRule:
    """The name of a kind of finding, or `stale>SHARE`, `misses>SHARE`, `defaults>SHARE`. Raises SKC140."""
    limited = LIMIT.fullmatch(text)
    if limited:
        return FreshnessRule(text, share=limited[1], limit=float(limited[2]))
    for kind in KINDS:
        if text == kind:
            return FreshnessRule(text, kind)
    hint = did_you_mean(text, KINDS) or f"write {', '.join(KINDS)}, or stale>0.01, misses>0.1, defaults>0.01"
    raise fail("SKC140", f"`{text}` is not a rule of --fail-on", hint=hint)
