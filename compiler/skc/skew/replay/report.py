"""The result of a replay: what of a log differs from what the artifact computes, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skc.skew.check import LogReport
from skc.skew.log_plans import OtherPlan
from skc.skew.replay.reason import Reason
from skc.skew.replay.rules import ReplayRule, Subject
from skc.skew.replay.training_report import TrainingReplay
from skc.verification.shown import OneLine, count, encoded, json_values, shortened

FORMAT = 1
FEW = 3  # names in one line


@dataclass(frozen=True)
class Example:
    """One request that differs. `reproduce` is a command that shows how its features come about; None where the log
    does not have all of the request.
    """

    id: str
    time_us: int
    served: Any
    recomputed: Any
    reproduce: str | None


@dataclass(frozen=True)
class ColumnReplay:
    """A column of an output, over the `rows` whose features were logged in full. `looked_at` of the `differing` rows
    were kept to find the reason, none if too many columns differ. `step` is the first step that can be at fault, of
    those that the column is made by; None if it is none of them.
    """

    output: str
    column: str
    rows: int
    differing: int
    worst_ulp: int
    looked_at: int = 0
    reason: Reason | None = None
    step: str | None = None
    made_by: tuple[str, ...] = ()
    examples: tuple[Example, ...] = ()

    @property
    def share(self) -> float:
        return self.differing / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class OutputReplay:
    """An output, over the `digests` requests of which only a digest was logged. Those that are `untold` have a digest
    that includes a column that cannot be recomputed; `malformed` are not features of this output at all.
    """

    output: str
    digests: int
    differing: int
    untold: int
    malformed: int
    examples: tuple[Example, ...] = ()


@dataclass(frozen=True)
class RefusalReplay:
    """Requests that one side refuses, or that each refuses for another reason."""

    served: str  # "served", or the code and the place
    recomputed: str
    rows: int
    examples: tuple[Example, ...]


@dataclass(frozen=True)
class NotRecomputed:
    """Columns that depend on inputs that the log leaves out or hashes."""

    inputs: tuple[str, ...]
    columns: tuple[str, ...]  # OUTPUT: COLUMN


@dataclass(frozen=True, repr=False)
class ReplayReport(OneLine):
    """A log compared with what an artifact computes of its requests.

    `requests` were replayed; of them `refused` were refused in serving, `without_features` have none in the log, and
    `unknown` cannot be made again. `differing` are those with any difference.
    """

    name: str
    plan: str
    log: LogReport
    requests: int
    refused: int
    without_features: int
    unknown: int
    differing: int
    outputs: tuple[OutputReplay, ...]
    columns: tuple[ColumnReplay, ...]
    refusals: tuple[RefusalReplay, ...]
    not_recomputed: NotRecomputed | None
    limit: str | None  # which of the requests were replayed, in words; None: all
    training: TrainingReplay | None = None
    left_out: tuple[OtherPlan, ...] = ()  # by --own-plan
    rules: tuple[ReplayRule, ...] = ()  # of --fail-on

    @property
    def found(self) -> tuple[ColumnReplay, ...]:
        """The columns that differ, those of most rows first."""
        return tuple(sorted((c for c in self.columns if c.differing), key=lambda c: -c.share))

    @property
    def found_by_digest(self) -> tuple[OutputReplay, ...]:
        """The outputs of which a digest differs, or the log has something else in its place."""
        return tuple(o for o in self.outputs if o.differing or o.malformed)

    @property
    def lost(self) -> int:
        """Requests that are missing from the log."""
        return self.log.dropped + sum(f.count for f in self.log.findings if f.kind in ("lost", "damaged", "torn"))

    def share(self, subject: Subject) -> float:
        """The share of requests that a rule is about."""
        match subject:
            case "served":
                return self.differing / self.requests if self.requests else 0.0
            case "training":
                return 0.0 if self.training is None else self.training.share
            case "lost":
                total = self.log.requests + self.lost
                return self.lost / total if total else 0.0

    @property
    def broken(self) -> tuple[str, ...]:
        """What the rules do not allow, in words."""
        return tuple(f"{r.text}: {self.share(r.subject):.3%}" for r in self.rules if self.share(r.subject) > r.limit)

    def fails(self, subject: Subject) -> bool:
        """Whether a finding about this is one that the rules do not allow; without rules, any."""
        return not self.rules or any(r.subject == subject and self.share(subject) > r.limit for r in self.rules)

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs, and nothing is missing."""
        is_served = not self.differing and not any(output.malformed for output in self.outputs)
        return is_served and self.log.is_whole and not self.share("training")

    @property
    def is_refused(self) -> bool:
        """Whether the rules do not allow it; without rules, any finding."""
        return bool(self.broken) if self.rules else not self.is_equal

    def verdict(self) -> str:
        """One line."""
        about = f"{count(self.requests, 'request')} of `{self.name}` replayed"
        if self.training is not None and self.training.share:
            return f"{self._trained()}: {about}" + (f", {self.differing:,} differ" if self.differing else "")
        if self.found:
            return f"code skew in {_first([f'`{c.column}`' for c in self.found])}: {about}, {self.differing:,} differ"
        if self.differing:
            return f"code skew: {about}, {self.differing:,} differ"
        if not self.log.is_whole:
            return f"no difference, but the log is not whole: {about}"
        return f"no difference: {about}"

    def _trained(self) -> str:
        """What was found about training."""
        assert self.training is not None
        one = self.training
        skews = [("data skew", one.data_skew), ("code skew", one.code_skew)]
        parts = [f"{name} in {number:,}" for name, number in skews if number]
        columns = _first([f"`{column.column}`" for column in one.found]) or "features"
        return f"{', '.join(parts)} of {count(one.matched, 'request')} with a training row ({columns})"

    def to_json(self) -> dict[str, Any]:
        """All facts, as schemas/replay-report.v1.schema.json says; values in the JSON forms of golden.jsonl."""
        facts = asdict(self)
        for key in ("rules", "log"):
            del facts[key]
        if facts["training"] is not None:
            facts["training"]["columns"] = [_with_pairs(column) for column in facts["training"]["columns"]]
        facts["columns"] = [_with_examples(column) for column in facts["columns"]]
        facts["outputs"] = [_with_examples(output) for output in facts["outputs"]]
        document: dict[str, Any] = json_values(
            {
                "skc": "replay",
                "format": FORMAT,
                "equal": self.is_equal,
                **facts,
                "broken": list(self.broken),
                "log": self.log.to_json(),
            }
        )
        return document


def _with_examples(facts: dict[str, Any]) -> dict[str, Any]:
    examples = [
        {**one, "served": encoded(one["served"]), "recomputed": encoded(one["recomputed"])} for one in facts["examples"]
    ]
    return {**facts, "examples": examples}


def _with_pairs(facts: dict[str, Any]) -> dict[str, Any]:
    samples = [
        {**one, "served": encoded(one["served"]), "training": encoded(one["training"])} for one in facts["samples"]
    ]
    return {**facts, "samples": samples}


def _first(names: Sequence[str]) -> str:
    """The first few, each of them short."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(shortened(name) for name in names[:FEW]) + more
