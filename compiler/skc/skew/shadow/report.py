"""The result of comparing two services on the same requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skc.skew.shadow.fields import FieldReport
from skc.skew.shadow.inputs import InputCause
from skc.skew.shadow.rules import ShadowRule
from skc.skew.shadow.verdict import Share, Verdict
from skc.skew.verdicts import percent
from skc.verification.shown import OneLine, count, json_values, shortened

FORMAT = 1


@dataclass(frozen=True)
class Latency:
    """Microseconds of one side, over the requests of which it is known."""

    rows: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, repr=False)
class ShadowReport(OneLine):
    """Two services, or logs of them, on the same requests.

    `compared` is what makes a request differ: "predictions", "features" or "all". `allowed` is the share of requests
    that may differ.
    """

    a: str
    b: str
    compared: str
    allowed: float
    share: Share
    refused: tuple[int, int]
    only_a: int
    only_b: int
    repeated: int
    fields: tuple[FieldReport, ...]
    inputs: tuple[InputCause, ...]
    latency: tuple[Latency | None, Latency | None]
    notes: tuple[str, ...] = ()
    rules: tuple[ShadowRule, ...] = ()  # of --fail-on
    broken: tuple[str, ...] = ()  # what they do not allow

    @property
    def rows(self) -> int:
        return self.share.rows

    @property
    def outcome(self) -> Verdict:
        """Whether more requests differ than may."""
        return self.share.verdict(self.allowed)

    @property
    def is_refused(self) -> bool:
        """Whether the rules do not allow it; without rules, if the services diverge."""
        return bool(self.broken) if self.rules else self.outcome == "diverges"

    def verdict(self) -> str:
        """One line."""
        share = self.share
        differ = f"{share.differing:,} of {count(share.rows, 'request')} differ in `{shortened(self.b)}`"
        noise = "" if share.noise is None else f", {share.noise:,} of them by noise"
        bounds = f"{percent(share.lower)} to {percent(share.upper)}" if share.lower else f"below {percent(share.upper)}"
        return f"{self.outcome}: {differ}{noise} ({bounds} with 95 % confidence; {percent(self.allowed)} may)"

    def to_json(self) -> dict[str, Any]:
        """All facts, as schemas/shadow-report.v1.schema.json says."""
        facts: dict[str, Any] = json_values(
            {
                "skc": "shadow",
                "format": FORMAT,
                "a": self.a,
                "b": self.b,
                "compared": self.compared,
                "verdict": self.outcome,
                "allowed": self.allowed,
                **asdict(self.share),
                "observed": self.share.observed,
                "refused": list(self.refused),
                "only_a": self.only_a,
                "only_b": self.only_b,
                "repeated": self.repeated,
                "fields": [asdict(one) for one in self.fields],
                "inputs": [{**asdict(one), "share": one.share, "other_share": one.other_share} for one in self.inputs],
                "latency_us": [None if side is None else asdict(side) for side in self.latency],
                "notes": list(self.notes),
                "broken": list(self.broken),
            }
        )
        return facts


def broken(rules: Sequence[ShadowRule], report: ShadowReport) -> tuple[str, ...]:
    """What the rules do not allow, in words."""
    messages = []
    for rule in rules:
        if rule.subject == "diverges" and report.outcome == "diverges":
            messages.append(f"{rule.text}: {report.verdict()}")
        if rule.subject == "any" and report.share.differing:
            messages.append(f"{rule.text}: {count(report.share.differing, 'request')}")
        if rule.subject == "too-few" and report.outcome == "too few requests":
            messages.append(f"{rule.text}: {report.verdict()}")
        if rule.subject == "latency":
            slower = _ratio(report.latency)
            if slower is not None and slower > rule.limit:
                messages.append(f"{rule.text}: B takes {slower:.2f} times as long as A (p95)")
    return tuple(messages)


def _ratio(latency: tuple[Latency | None, Latency | None]) -> float | None:
    a, b = latency
    return None if a is None or b is None or not a.p95 else b.p95 / a.p95
