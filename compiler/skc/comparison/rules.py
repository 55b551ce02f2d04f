"""The rules of `--fail-on`, with which CI refuses changes.

Why separate from the report: rules are checked before the artifacts are read and before any row is run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from skc.fail_on import word_and_limit

# kind of change -> what `--fail-on` refuses under that name
KINDS: Mapping[str, str] = {
    "inputs": "an input that was added, removed or declared differently",
    "outputs": "an output that was added, removed, of another dtype or with other columns",
    "steps": "a step that was added, removed or replaced by another op",
    "params": "a parameter of a step",
    "added-ids": "a new category",
    "removed-ids": "a removed category",
    "moved-ids": "a category that still exists, with another id: the rows of an embedding would be mixed up",
    "statistics": "a number that fitting learned: a mean, an edge, a bound",
}


@dataclass(frozen=True)
class Rule:
    """`subject` is "any", "rows" or a key of KINDS; `limit` is the largest value allowed for rows and statistics,
    None if there is none.
    """

    text: str
    subject: str
    limit: float | None = None


def read_rule(text: str) -> Rule:
    """Raises SKC140 for an invalid rule."""
    return Rule(text, *word_and_limit(text, ("any", *KINDS), ("rows", "statistics"), "0.01"))
