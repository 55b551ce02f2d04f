"""The result of measuring look-ups: by input, how fresh its values were, and what is wrong with that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from skc.skew.freshness.rules import FreshnessRule, Kind
from skc.skew.freshness.training import Leak
from skc.skew.log_plans import OtherPlan
from skc.skew.verdicts import percent
from skc.verification.shown import OneLine, count, json_values, shortened

FORMAT = 1
FEW = 3  # names in one line
LEAST = 100  # look-ups, on both sides: a share of fewer says little
Verdict = Literal["ok", "too few look-ups", "found"]


@dataclass(frozen=True)
class FreshnessFinding:
    """What is wrong with an input, in one sentence."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Percentiles:
    """Of `values` durations in microseconds; None where there is none."""

    values: int
    p50_us: int | None
    p95_us: int | None
    p99_us: int | None


@dataclass(frozen=True)
class TrainingSide:
    """The ages in training: their distribution, its distance from that in serving (Kolmogorov-Smirnov, with its
    p-value, also adjusted over all inputs), and the rows whose value is from after the label.
    """

    column: str
    rows: int
    ages: Percentiles
    ks: float | None
    p: float | None
    adjusted_p: float | None
    leaks: int
    first_leak: Leak | None


@dataclass(frozen=True)
class InputFreshness:
    """One input. `looked_up` requests say anything of its look-up, `hits` and `misses` whether a value was found;
    `defaults` are misses with a value nevertheless. `stale` values are older than `limit_us`, `future` ones more than a
    second younger than their request, and `furthest_us` by how much at most.
    """

    name: str
    limit_us: int | None
    looked_up: int
    hits: int
    misses: int
    defaults: int
    ages: Percentiles
    stale: int | None
    future: int
    furthest_us: int
    fetches: Percentiles
    training: TrainingSide | None = None
    findings: tuple[FreshnessFinding, ...] = ()

    @property
    def hit_rate(self) -> float | None:
        """None where no request says whether a value was found."""
        return self.hits / (self.hits + self.misses) if self.hits + self.misses else None

    @property
    def verdict(self) -> Verdict:
        if self.findings:
            return "found"
        return "ok" if self.looked_up >= LEAST else "too few look-ups"

    def share(self, what: str) -> float | None:
        """The share of values that are stale, or of look-ups that missed or were answered by a default."""
        if what == "stale":
            return self.stale / self.ages.values if self.stale is not None and self.ages.values >= LEAST else None
        look_ups = self.hits + self.misses
        return {"misses": self.misses, "defaults": self.defaults}[what] / look_ups if look_ups >= LEAST else None


@dataclass(frozen=True, repr=False)
class FreshnessReport(OneLine):
    """The look-ups of a log, and of the training rows."""

    name: str
    plan: str  # hash; empty where no artifact is given
    requests: int
    damaged: int
    inputs: tuple[InputFreshness, ...]
    left_out: tuple[OtherPlan, ...] = ()  # by --own-plan
    rules: tuple[FreshnessRule, ...] = ()  # of --fail-on
    broken: tuple[str, ...] = ()  # what they do not allow

    @property
    def found(self) -> tuple[InputFreshness, ...]:
        """The inputs with a finding."""
        return tuple(one for one in self.inputs if one.findings)

    @property
    def is_refused(self) -> bool:
        """Whether the rules do not allow it; without rules, any finding."""
        return bool(self.broken) if self.rules else bool(self.found)

    def fails(self, one: InputFreshness) -> bool:
        """Whether the rules do not allow an input; without rules, any finding."""
        return any(True for rule in self.rules for _ in broken_by(rule, one)) if self.rules else bool(one.findings)

    def verdict(self) -> str:
        """One line."""
        about = f"{count(self.requests, 'request')} of `{self.name}`"
        if self.found:
            names = [f"`{shortened(one.name)}`" for one in self.found]
            more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
            of = count(len(self.inputs), "looked-up input")
            return f"not as fresh as expected: {len(names)} of {of} ({', '.join(names[:FEW])}{more}), {about}"
        if all(one.verdict == "too few look-ups" for one in self.inputs):
            return f"too few look-ups to tell: {about}"
        return f"as fresh as expected: {count(len(self.inputs), 'looked-up input')}, {about}"

    def to_json(self) -> dict[str, Any]:
        """All facts, as schemas/freshness-report.v1.schema.json says."""
        facts: dict[str, Any] = json_values(
            {
                "skc": "freshness",
                "format": FORMAT,
                "name": self.name,
                "plan": self.plan or None,
                "requests": self.requests,
                "damaged": self.damaged,
                "left_out": [asdict(one) for one in self.left_out],
                "verdict": "found" if self.found else "ok",
                "inputs": [
                    {**asdict(one), "hit_rate": one.hit_rate, "verdict": one.verdict, "findings": _plain(one.findings)}
                    for one in self.inputs
                ],
                "broken": list(self.broken),
            }
        )
        return facts


def _plain(findings: Sequence[FreshnessFinding]) -> list[dict[str, str]]:
    return [{"kind": finding.kind, "text": finding.text} for finding in findings]


def broken_by(rule: FreshnessRule, one: InputFreshness) -> Iterator[str]:
    """What a rule does not allow of an input, in words."""
    if rule.kind is not None:
        for finding in one.findings:
            if finding.kind == rule.kind:
                yield f"{rule.text}: {one.name}: {finding.text}"
        return
    share = one.share(rule.share)
    if share is not None and share > rule.limit:
        yield f"{rule.text}: {one.name}: {percent(share)}"
