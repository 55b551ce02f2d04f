"""The rules of `skc parity --fail-on`: which findings make it exit with 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from skc.fail_on import word_and_limit

Subject = Literal[
    "missing", "ghosts", "early", "behind", "schema", "absent",
    "only-offline", "only-online", "stale", "narrowed", "negated", "other", "unreadable",
    "differs",
]  # fmt: skip
SUBJECTS: tuple[Subject, ...] = get_args(Subject)


@dataclass(frozen=True)
class ParityRule:
    """A finding of `subject` of more than the share `limit`: of the keys, or of the rows of a column."""

    text: str
    subject: Subject
    limit: float = 0.0


def read_parity_rule(text: str) -> ParityRule:
    """`stale` or `stale>0.01`. Raises SKC140 for anything else."""
    word, limit = word_and_limit(text, SUBJECTS, SUBJECTS, "0.01")
    return ParityRule(text, cast(Subject, word), limit or 0.0)  # it is one of SUBJECTS
