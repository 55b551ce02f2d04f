"""What `skc replay` is asked: the rules of --fail-on (which findings make it exit with 1), and --key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from skc.diagnostics import fail
from skc.fail_on import word_and_limit

Subject = Literal["served", "training", "lost"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)


@dataclass(frozen=True)
class ReplayRule:
    """More than the share `limit` of requests that differ from what was served, or from training, or that were lost."""

    text: str
    subject: Subject
    limit: float = 0.0


def read_replay_rule(text: str) -> ReplayRule:
    """`served`, `training` or `lost`, or one of them with `>SHARE`. Raises SKC140 for anything else."""
    word, limit = word_and_limit(text, SUBJECTS, SUBJECTS, "0.001")
    return ReplayRule(text, cast(Subject, word), limit or 0.0)  # it is one of SUBJECTS


@dataclass(frozen=True)
class Key:
    """`of_log` is `id`, `key` or an input; `column` is one of the training table."""

    of_log: str
    column: str


def read_key(text: str) -> Key:
    """`NAME` or `NAME=COLUMN`. Raises SKC140."""
    name, has_column, column = text.partition("=")
    if not name or (has_column and not column):
        raise fail("SKC140", f"`{text}` is not a key", hint="write id=COLUMN, key=COLUMN or INPUT=COLUMN")
    return Key(name, column or name)
