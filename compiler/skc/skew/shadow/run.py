"""Compares two services request by request, and says whether they diverge, in what, and for which inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from skc.diagnostics import SkcError, fail
from skc.skew.shadow.answers import Answer
from skc.skew.shadow.differing import Difference, Rules
from skc.skew.shadow.evaluating import Evaluator
from skc.skew.shadow.fields import FieldTally
from skc.skew.shadow.inputs import InputTally, Known
from skc.skew.shadow.pairs import Pair, Unpaired
from skc.skew.shadow.report import Latency, ShadowReport
from skc.skew.shadow.verdict import share_of

Compared = Literal["predictions", "features", "all"]
MOST_TIMES = 1_000_000  # of each side; what comes after is not part of the percentiles
COUNTED: Mapping[Compared, tuple[str, ...]] = {
    "predictions": ("refusal", "prediction"),
    "features": ("refusal", "feature"),
    "all": ("refusal", "prediction", "feature", "field"),
}


@dataclass
class Tally:
    """Everything that is counted in one pass over the pairs."""

    rules: Rules
    known: Mapping[str, Known]
    again: bool = False
    compared: Compared | None = None  # predictions if there are any, else all
    evaluator: Evaluator | None = None
    rows: int = 0
    served: int = 0  # requests that neither side refused
    refused: list[int] = field(default_factory=lambda: [0, 0])
    has_predictions: bool = False
    times: tuple[list[float], list[float]] = field(default_factory=lambda: ([], []))

    def __post_init__(self) -> None:
        self.fields = FieldTally(self.rules, self.known, self.evaluator)
        ways: tuple[Compared, ...] = ("predictions", "all") if self.compared is None else (self.compared,)
        self.inputs = {way: InputTally(self.known) for way in ways}
        self.is_comparable = dict.fromkeys(ways, False)  # whether any two answers have something to compare
        self.differing = dict.fromkeys(ways, 0)
        self.noise = dict.fromkeys(ways, 0)

    def add(self, pair: Pair) -> None:
        """Count one request."""
        differences = self.rules.differences(pair.a, pair.b)
        noise = [] if pair.again is None else self.rules.differences(pair.a, pair.again)
        self.rows += 1
        for side, answer in enumerate((pair.a, pair.b)):
            self.refused[side] += answer.refusal is not None
            if answer.latency_us is not None and len(self.times[side]) < MOST_TIMES:
                self.times[side].append(answer.latency_us)
        self.has_predictions |= bool(_compared(self.rules, pair.a)) and bool(_compared(self.rules, pair.b))
        self.fields.add(pair, differences, noise)
        self.served += pair.a.refusal is None and pair.b.refusal is None
        for way, inputs in self.inputs.items():
            self.is_comparable[way] = self.is_comparable[way] or self._is_comparable(pair, way)
            differs, is_noise = _counts(differences, way), _counts(noise, way)
            self.differing[way] += differs
            self.noise[way] += is_noise
            inputs.add(pair, differs and not is_noise)

    def _is_comparable(self, pair: Pair, way: Compared) -> bool:
        fields = way != "features" and any(map(self.rules.is_compared, (*pair.a.fields, *pair.b.fields)))
        return fields or (way != "predictions" and bool(pair.a.features.keys() & pair.b.features.keys()))

    @property
    def way(self) -> Compared:
        """What makes a request differ."""
        return self.compared or ("predictions" if self.has_predictions else "all")


def compared(a: str, b: str, pairs: Iterable[Pair], tally: Tally, allowed: float, unpaired: Unpaired) -> ShadowReport:
    """Go through all pairs. Raises SKC685 if there are none, SKC687 if nothing can be compared."""
    for pair in pairs:
        tally.add(pair)
    if not tally.rows:
        raise _no_pair(a, b, unpaired)
    way = tally.way
    if tally.served and not tally.is_comparable[way]:
        what = {"predictions": "predictions", "features": "features", "all": "predictions or features"}[way]
        hint = "log features or predictions, and check --compare, --prediction and --ignore"
        raise fail("SKC687", f"the answers to {tally.served:,} requests have no {what} to compare", hint=hint)
    return ShadowReport(
        a=a,
        b=b,
        compared=way,
        allowed=allowed,
        share=share_of(tally.rows, tally.differing[way], tally.noise[way] if tally.again else None),
        refused=(tally.refused[0], tally.refused[1]),
        only_a=unpaired.only_a,
        only_b=unpaired.only_b,
        repeated=unpaired.repeated,
        fields=tally.fields.reports(again=tally.again),
        inputs=tally.inputs[way].causes(),
        latency=(_latency(tally.times[0]), _latency(tally.times[1])),
        notes=tuple(_notes(unpaired)),
    )


def _no_pair(a: str, b: str, unpaired: Unpaired) -> SkcError:
    empty = [name for name, requests in ((a, unpaired.only_a), (b, unpaired.only_b)) if not requests]
    if unpaired.only_a and unpaired.only_b:
        hint = "give logs of the same requests: a shadow service gets the id of the first with its request"
        facts = f"{unpaired.only_a:,} are only in A, {unpaired.only_b:,} only in B"
        return fail("SKC685", f"no request is in both: {facts}", hint=hint)
    hint = "give a log that has requests: `skc log check` says what is in it"
    return fail("SKC685", f"`{empty[0]}` has no requests", hint=hint)


def _notes(unpaired: Unpaired) -> Iterator[str]:
    a, b = unpaired.plans
    if a | b and a != b:
        sides = (", ".join(sorted(plan[:12] for plan in plans)) for plans in (a, b))
        yield "the pipelines differ: A has {}, B has {}".format(*sides)
    yield from (f"{side}: {one.text}" for side, one in zip("AB", unpaired.unread, strict=True) if one.text)
    if unpaired.hidden:
        names = ", ".join(f"`{name}`" for name in sorted(unpaired.hidden))
        yield f"left out of the log, or hashed there: {names}"


def _counts(differences: list[Difference], way: Compared) -> bool:
    return any(difference.kind in COUNTED[way] for difference in differences)


def _compared(rules: Rules, answer: Answer) -> list[str]:
    return [name for name in answer.fields if rules.is_compared(name)]


def _latency(times: list[float]) -> Latency | None:
    if not times:
        return None
    p50, p95, p99 = np.percentile(np.array(times), (50, 95, 99)).tolist()
    return Latency(len(times), p50, p95, p99)
