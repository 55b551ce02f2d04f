"""How a request finds its row of training: `--key id=ride_id`, and what to say if no request finds one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skc.data.duckdb.connection import Database
from skc.diagnostics import SkcError, did_you_mean, fail
from skc.skew.keys.proposing import LEAST_SHARE, Proposal, Proposals, sample
from skc.skew.replay.rules import Key
from skc.verification.shown import shortened, shown

OF_LOG = ("id", "key")  # what a line of a log has besides its inputs
FEW = 3
LOG, TABLE = "log", "table"
OTHER_COLUMN = "give the column of the training table that has the key of a request, as --key id=COLUMN"


def check_key(key: Key, inputs: Sequence[str], hidden: Sequence[str]) -> None:
    """Refuse what a line of the log does not have. Raises SKC631."""
    if key.of_log in hidden:
        hint = "give another key: this input is left out of the log, or hashed"
        raise fail("SKC631", f"the log hides the input `{key.of_log}`", hint=hint)
    known = [*OF_LOG, *inputs]
    if key.of_log not in known:
        hint = did_you_mean(key.of_log, known) or "the key is `id`, `key`, or one of the inputs"
        raise fail("SKC631", f"a request of the log has no `{key.of_log}`", hint=hint)


@dataclass(frozen=True)
class Keys:
    """SQL of relations with the column `k`, a text: the keys of requests, those of training, and by its name what else
    of a request there is to take.
    """

    of_log: str
    of_training: str
    others: Mapping[str, str]


def none_in_common(database: Database, key: Key, keys: Keys) -> SkcError:
    """No key of a request is one of training: what would match, if anything does."""
    notes = [
        f"in the log, `{key.of_log}`: {_some(database, keys.of_log)}",
        f"in training, `{key.column}`: {_some(database, keys.of_training)}",
    ]
    if not database.execute(f"SELECT 1 FROM ({keys.of_training}) LIMIT 1"):
        return fail("SKC208", f"no row of training has a `{key.column}`", hint="give a table with rows")
    message = f"no `{key.of_log}` of the log is in the column `{key.column}` of training"
    return fail("SKC632", message, hint=_proposal(database, key, keys), notes=notes)


def _proposal(database: Database, key: Key, keys: Keys) -> str:
    """What most keys match by; or another part of a request; or what any key matches by, where training has few."""
    sides = {
        LOG: Proposals(database, plain=keys.of_training, written=keys.of_log),
        TABLE: Proposals(database, plain=keys.of_log, written=keys.of_training),
    }
    return _written(sides, LEAST_SHARE) or _other_part(database, key, keys) or _written(sides, 0) or OTHER_COLUMN


def _written(sides: Mapping[str, Proposals], least: float) -> str | None:
    for merging in (False, True):
        best = {side: one for side in sides if (one := sides[side].best(least, merging=merging)) is not None}
        if best:
            side = max(best, key=lambda name: best[name].matches)
            return _in_words(side, best[side])
    return None


def _in_words(side: str, proposal: Proposal) -> str:
    other = TABLE if side == LOG else LOG
    words = proposal.template.words
    return f"the keys of the {side} are those of the {other}, {words}: write them the same way in the table"


def _other_part(database: Database, key: Key, keys: Keys) -> str | None:
    tried = len(sample(database, keys.of_log))
    for name, relation in keys.others.items():
        values = len(sample(database, relation))
        there = f"SELECT 1 FROM ({relation}) WHERE k IN (SELECT k FROM ({keys.of_training})) LIMIT 1"
        if 2 * values >= tried and database.execute(there):
            return f"`{name}` of the log is in that column: give --key {name}={key.column}"
    return None


def _some(database: Database, relation: str) -> str:
    """The first keys."""
    rows = database.execute(f"SELECT k FROM ({relation}) ORDER BY k LIMIT 100")
    first = list(dict.fromkeys(value for (value,) in rows))[:FEW]
    return ", ".join(shown(shortened(value)) for value in first) or "none"
