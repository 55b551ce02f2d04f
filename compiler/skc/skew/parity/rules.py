"""The rules of `skc parity --fail-on`: which findings make it exit with 1."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from skc.diagnostics import did_you_mean, fail

Subject = Literal[
    "missing", "ghosts", "early", "behind", "schema", "absent",
    "only-offline", "only-online", "stale", "narrowed", "negated", "other", "unreadable",
    "differs",
]  # fmt: skip
SUBJECTS: tuple[Subject, ...] = get_args(Subject)
RULE = re.compile(r"([a-z-]+)(?:>((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?))?")


@dataclass(frozen=True)
class ParityRule:
    """A finding of `subject` of more than the share `limit`: of the keys, or of the rows of a column."""

    text: str
    subject: Subject
    limit: float = 0.0


def read_parity_rule(text: str) -> ParityRule:
    """`stale` or `stale>0.01`. Raises SKC140 for anything else."""
    written = RULE.fullmatch(text)
    for subject in SUBJECTS:
        if written is not None and written[1] == subject:
            return ParityRule(text, subject, float(written[2] or 0))
    name = "" if written is None else written[1]
    hint = did_you_mean(name, SUBJECTS) or f"write one of {', '.join(SUBJECTS)}, or such as stale>0.01"
    raise fail("SKC140", f"`{text}` is not a rule of --fail-on", hint=hint)
