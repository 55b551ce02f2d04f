"""The rules of `skc shadow --fail-on`: what makes it exit with 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from skc.fail_on import word_and_limit

Subject = Literal["diverges", "any", "too-few", "latency"]


@dataclass(frozen=True)
class ShadowRule:
    """A verdict, any request that differs, or B being `limit` times as slow as A at p95."""

    text: str
    subject: Subject
    limit: float = 0.0


def read_shadow_rule(text: str) -> ShadowRule:
    """`diverges`, `any`, `too-few` or `latency>RATIO`. Raises SKC140 for anything else."""
    word, limit = word_and_limit(text, ("diverges", "any", "too-few"), ("latency",), "1.5")
    return ShadowRule(text, cast(Subject, word), limit or 0.0)  # these are its subjects
