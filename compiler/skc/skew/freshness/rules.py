"""The rules of `skc freshness --fail-on`: what makes it exit with 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from skc.fail_on import word_and_limit

Kind = Literal["hit_rate", "age", "fetch", "future", "training", "leak", "unlogged"]
KINDS: tuple[Kind, ...] = get_args(Kind)
SHARES = ("stale", "misses", "defaults")


@dataclass(frozen=True)
class FreshnessRule:
    """A finding of that kind, or an input of which more than the share `limit` of values or look-ups is so."""

    text: str
    kind: Kind | None = None
    share: str = ""
    limit: float = 0.0


def read_freshness_rule(text: str) -> FreshnessRule:
    """The name of a kind of finding, or `stale>SHARE`, `misses>SHARE`, `defaults>SHARE`. Raises SKC140."""
    word, limit = word_and_limit(text, KINDS, SHARES, "0.01")
    if limit is not None:
        return FreshnessRule(text, share=word, limit=limit)
    return FreshnessRule(text, next(kind for kind in KINDS if kind == word))
