"""What `skc replay` is asked: the rules of --fail-on (which findings make it exit with 1), and --key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from skc.diagnostics import did_you_mean, fail

Subject = Literal["served", "training", "lost"]
SUBJECTS: tuple[Subject, ...] = get_args(Subject)
LIMITED = re.compile(r"([a-z]+)>((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?)")


@dataclass(frozen=True)
class ReplayRule:
    """More than the share `limit` of requests that differ from what was served, or from training, or that were lost."""

    text: str
    subject: Subject
    limit: float = 0.0


def read_replay_rule(text: str) -> ReplayRule:
    """`served`, `training` or `lost`, or one of them with `>SHARE`. Raises SKC140 for anything else."""
    limited = LIMITED.fullmatch(text)
    name = limited[1] if limited else text
    for subject in SUBJECTS:
        if name == subject:
            return ReplayRule(text, subject, float(limited[2]) if limited else 0.0)
    hint = did_you_mean(name, SUBJECTS) or "write served, training, lost or lost>0.001"
    raise fail("SKC140", f"`{text}` is not a rule of --fail-on", hint=hint)


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
