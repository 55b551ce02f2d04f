"""How a request finds its row of training: `--key id=ride_id`, and what to say if no request finds one."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from skc.diagnostics import SkcError, did_you_mean, fail
from skc.skew.replay.rules import Key
from skc.verification.shown import shortened, shown

OF_LOG = ("id", "key")  # what a line of a log has besides its inputs
FEW = 3
# How the texts of two systems for one key differ.
CHANGES: Sequence[tuple[str, Callable[[str], str]]] = (
    ("spaces around", str.strip),
    ("in another case", str.casefold),
    ("without dashes", lambda key: key.replace("-", "").casefold()),
    ("without a fraction, such as 12 for 12.0", lambda key: re.sub(r"\.0+$", "", key)),
    ("without zeros in front", lambda key: key.lstrip("0") or "0"),
    ("without what is before the last `:`", lambda key: key.rpartition(":")[2]),
    ("without what is after the first `|`", lambda key: key.partition("|")[0]),
    ("without what is before the last `_`", lambda key: key.rpartition("_")[2]),
    ("as the number in it", lambda key: "".join(re.findall(r"\d+", key)).lstrip("0")),
)


def check_key(key: Key, inputs: Sequence[str], hidden: Sequence[str]) -> None:
    """Refuse what a line of the log does not have. Raises SKC631."""
    if key.of_log in hidden:
        hint = "give another key: this input is left out of the log, or hashed"
        raise fail("SKC631", f"the log hides the input `{key.of_log}`", hint=hint)
    known = [*OF_LOG, *inputs]
    if key.of_log not in known:
        hint = did_you_mean(key.of_log, known) or "the key is `id`, `key`, or one of the inputs"
        raise fail("SKC631", f"a request of the log has no `{key.of_log}`", hint=hint)


def none_in_common(
    key: Key, of_log: Sequence[str], of_training: Sequence[str], others: Mapping[str, Sequence[str]]
) -> SkcError:
    """No key of some requests is one of training: what would match, if anything does. `others` are keys of requests by
    what else there is to take.
    """
    notes = [
        f"in the log, `{key.of_log}`: {_some(of_log)}",
        f"in training, `{key.column}`: {_some(of_training)}",
    ]
    message = f"no `{key.of_log}` of the log is in the column `{key.column}` of training"
    return fail("SKC632", message, hint=_proposal(key, of_log, of_training, others), notes=notes)


def _proposal(key: Key, of_log: Sequence[str], of_training: Sequence[str], others: Mapping[str, Sequence[str]]) -> str:
    trained = set(of_training)
    for words, change in CHANGES:
        if ({change(value) for value in of_training} & {change(value) for value in of_log}) - {""}:
            return f"they match {words}: write the keys the same way in the table"
    for name, values in others.items():
        if 2 * len(values) >= len(of_log) and not trained.isdisjoint(values):
            return f"`{name}` of the log is in that column: give --key {name}={key.column}"
    return "give the column of the training table that has the key of a request, as --key id=COLUMN"


def _some(values: Sequence[str]) -> str:
    return ", ".join(shown(shortened(value)) for value in values[:FEW]) or "none"
