"""The rules of `--fail-on`: words, some of which take a limit, as in `rows>0.01`.

Rules are read before any file is, so that a mistake in one costs no run.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from skc.diagnostics import did_you_mean, fail

RULE = re.compile(r"([a-z_-]+)(?:>((?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?))?")


def word_and_limit(
    text: str, words: Collection[str], limited: Collection[str], example: str
) -> tuple[str, float | None]:
    """One of `words` and None, or one of those that are `limited` and its limit. Raises SKC140 for anything else."""
    written = RULE.fullmatch(text)
    if written is not None:
        word, limit = written[1], written[2]
        if limit is None and word in words:
            return word, None
        if limit is not None and word in limited:
            return word, float(limit)
    name = text.partition(">")[0]
    known = ", ".join([*words, *(f"{word}>{example}" for word in limited)])
    hint = did_you_mean(name, list(dict.fromkeys([*words, *limited]))) or f"write one of {known}"
    raise fail("SKC140", f"`{text}` is not a rule of --fail-on", hint=hint)
