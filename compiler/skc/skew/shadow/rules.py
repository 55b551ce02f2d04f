"""The rules of `skc shadow --fail-on`: what makes it exit with 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from skc.diagnostics import did_you_mean, fail

Subject = Literal["diverges", "any", "too-few", "latency"]
LATENCY = re.compile(r"latency>((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)")


@dataclass(frozen=True)
class ShadowRule:
    """A verdict, any request that differs, or B being `limit` times as slow as A at p95."""

    text: str
    subject: Subject
    limit: float = 0.0


def read_shadow_rule(text: str) -> ShadowRule:
    """`diverges`, `any`, `too-few` or `latency>RATIO`. Raises SKC140 for anything else."""
    limited = LATENCY.fullmatch(text)
    if limited:
        return ShadowRule(text, "latency", float(limited[1]))
    for subject in get_args(Subject):
        if text == subject != "latency":
            return ShadowRule(text, subject)
    words = ("diverges", "any", "too-few")
    hint = did_you_mean(text, words) or f"write {', '.join(words)} or latency>1.5"
    raise fail("SKC140", f"`{text}` is not a rule of --fail-on", hint=hint)
