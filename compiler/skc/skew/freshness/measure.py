"""Measures the look-ups of a log, and compares their ages with those of training rows.

Why no test for rates and percentiles: they are of all requests, and what is expected of them is a promise that the
service keeps or does not. Only the comparison with training infers something, so only it has a p-value: the ages differ
if the distributions are at least KS apart and that is too improbable to be chance, over all inputs together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from skc.diagnostics import SkcError, fail
from skc.ir import Freshness
from skc.scratch import scratch_folder
from skc.skew.freshness.lookups import LogContract, LookUps, read_lookups
from skc.skew.freshness.report import (
    LEAST,
    FreshnessFinding,
    FreshnessReport,
    InputFreshness,
    Percentiles,
    TrainingSide,
    broken_by,
)
from skc.skew.freshness.rules import FreshnessRule
from skc.skew.freshness.training import TrainingAges
from skc.skew.log_plans import LogPlan
from skc.skew.verdicts import number, percent
from skc.time.durations import duration_text
from skc.verification.shown import count
from skc_runtime.kinds import Array

FUTURE_US = 1_000_000  # by so much the clocks of two machines may differ
KS = 0.1  # at least a tenth of the values have another age
LEVEL = 0.01  # of the adjusted p-values


@dataclass(frozen=True)
class Expected:
    """What is known besides the log: its plan and inputs, what is declared, and the ages of training rows."""

    plan: str = ""
    inputs: tuple[str, ...] = ()
    freshness: Freshness = field(default_factory=Freshness)
    training: Mapping[str, TrainingAges] = field(default_factory=dict)


def measure(
    logs: Sequence[Path], expected: Expected, rules: Sequence[FreshnessRule], *, own_plan: bool = False
) -> FreshnessReport:
    """Measure the look-ups of a log, if `own_plan` only those of its requests that the artifact served.

    Raises SKC601 to SKC604, SKC660 if it has none.
    """
    plan = LogPlan(expected.plan, own_plan)
    freshness = expected.freshness
    from_requests = {name: look_up.as_of for name, look_up in freshness.inputs if look_up.as_of in expected.inputs}
    times = {name: other for name, other in from_requests.items() if other is not None}
    with scratch_folder("skc-freshness") as folder:
        look_ups = read_lookups(logs, folder, LogContract(plan, times))
        declared = [name for name, look_up in freshness.inputs if look_up.max_age_us is not None]
        names = sorted({*look_ups.inputs, *declared, *expected.training})
        if not any(one.looked_up for one in look_ups.inputs.values()):
            raise _nothing(look_ups.requests)
        inputs = [_measured(name, look_ups.of(name), freshness, expected.training.get(name)) for name in names]
    inputs = [_judged(one, freshness) for one in _adjusted(inputs)]
    broken = tuple(message for rule in rules for one in inputs for message in broken_by(rule, one))
    return FreshnessReport(
        look_ups.name,
        expected.plan,
        look_ups.requests,
        look_ups.damaged,
        tuple(inputs),
        plan.left_out,
        tuple(rules),
        broken,
    )


def _nothing(requests: int) -> SkcError:
    if not requests:
        hint = "give a log that has requests: `skc log check` says what is in it"
        return fail("SKC660", "the log has no requests", hint=hint)
    hint = "let the service pass as_of=, fetched_us= or hit= to `log.add`"
    return fail("SKC660", f"none of {count(requests, 'request')} says anything of a look-up", hint=hint)


def strictly(report: FreshnessReport) -> FreshnessReport:
    """The report, unless an input has too few look-ups to tell. Raises SKC622."""
    few = [f"`{one.name}`" for one in report.inputs if one.verdict == "too few look-ups"]
    if few:
        names = ", ".join(few[:5]) + (" …" if len(few) > 5 else "")
        hint = f"give a log of at least {LEAST} look-ups, or leave out --strict"
        message = f"too few look-ups to say that {names} are fresh"
        raise fail("SKC622", message, hint=hint, notes=[report.verdict()])
    return report


def percentiles(ordered: Array) -> Percentiles:
    """Of sorted values: the least one that so many of them do not exceed."""
    n = len(ordered)
    if not n:
        return Percentiles(0, None, None, None)
    return Percentiles(n, *(int(ordered[-(-n * p // 100) - 1]) for p in (50, 95, 99)))


def _measured(name: str, look_ups: LookUps, freshness: Freshness, training: TrainingAges | None) -> InputFreshness:
    max_age = freshness.of(name).max_age_us
    limit = freshness.p95_age_us if max_age is None else max_age
    ages = look_ups.ages()
    return InputFreshness(
        name,
        limit,
        look_ups.looked_up,
        look_ups.hits,
        look_ups.misses,
        look_ups.defaults,
        percentiles(ages),
        None if limit is None else len(ages) - int(np.searchsorted(ages, limit, "right")),
        int(np.searchsorted(ages, -FUTURE_US, "left")),
        max(0, -int(ages[0])) if len(ages) else 0,
        percentiles(look_ups.fetches()),
        None if training is None else _compared(training, ages),
    )


def _compared(training: TrainingAges, serving: Array) -> TrainingSide:
    ks = p = None
    if min(len(training.ages), len(serving)) >= LEAST:
        from scipy import stats  # only a comparison needs it

        result = stats.ks_2samp(training.ages, serving, method="asymp")
        ks, p = float(result.statistic), float(result.pvalue)
    return TrainingSide(
        training.column, training.rows, percentiles(training.ages), ks, p, None, training.leaks, training.first
    )


def _adjusted(inputs: Sequence[InputFreshness]) -> list[InputFreshness]:
    """With p-values adjusted over all comparisons with training."""
    p_values = {one.name: one.training.p for one in inputs if one.training is not None and one.training.p is not None}
    if not p_values:
        return list(inputs)
    from skc.skew.measures import adjusted

    by_name = dict(zip(p_values, adjusted(list(p_values.values())), strict=True))
    return [
        one if one.training is None else replace(one, training=replace(one.training, adjusted_p=by_name.get(one.name)))
        for one in inputs
    ]


def _judged(one: InputFreshness, freshness: Freshness) -> InputFreshness:
    is_wanted = freshness.of(one.name).max_age_us is not None
    findings = (
        _age(one),
        _hits(one, freshness.hit_rate),
        _fetch(one, freshness.fetch_p99_us),
        _future(one),
        _unlogged(one) if is_wanted else None,
        *(() if one.training is None else (_training(one, one.training), _leak(one.training))),
    )
    return replace(one, findings=tuple(finding for finding in findings if finding is not None))


def _age(one: InputFreshness) -> FreshnessFinding | None:
    p95, stale = one.ages.p95_us, one.share("stale")
    if p95 is None or one.limit_us is None or stale is None or p95 <= one.limit_us:
        return None
    limit = duration_text(one.limit_us)
    return FreshnessFinding("age", f"{percent(stale)} of the values are older than {limit}; p95 {duration_text(p95)}")


def _hits(one: InputFreshness, target: float | None) -> FreshnessFinding | None:
    if target is None or one.hit_rate is None or one.hits + one.misses < LEAST or one.hit_rate >= target:
        return None
    defaults = one.share("defaults")
    more = f"; {percent(defaults)} of the look-ups were answered by a default" if defaults else ""
    text = f"{percent(one.hit_rate)} of the look-ups found a value, at least {percent(target)} expected{more}"
    return FreshnessFinding("hit_rate", text)


def _fetch(one: InputFreshness, target: int | None) -> FreshnessFinding | None:
    p99 = one.fetches.p99_us
    if target is None or p99 is None or one.fetches.values < LEAST or p99 <= target:
        return None
    text = f"p99 of the look-ups took {duration_text(p99)}, at most {duration_text(target)} expected"
    return FreshnessFinding("fetch", text)


def _future(one: InputFreshness) -> FreshnessFinding | None:
    if not one.future:
        return None
    far = duration_text(one.furthest_us)
    text = f"{one.future:,} values are from after their request, by up to {far}: clocks differ, or time zones"
    return FreshnessFinding("future", text)


def _unlogged(one: InputFreshness) -> FreshnessFinding | None:
    if one.ages.values:
        return None
    return FreshnessFinding("unlogged", "it has a `max_age`, and no request says when its value is from")


def _training(one: InputFreshness, training: TrainingSide) -> FreshnessFinding | None:
    p, there, here = training.adjusted_p, training.ages.p95_us, one.ages.p95_us
    if training.ks is None or p is None or there is None or here is None or training.ks < KS or p >= LEVEL:
        return None
    sides = f"training p95 {duration_text(there)}, serving p95 {duration_text(here)}"
    text = f"{sides}: the ages differ (KS {number(training.ks)}, adjusted p {number(p)})"
    return FreshnessFinding("training", text)


def _leak(training: TrainingSide) -> FreshnessFinding | None:
    if not training.leaks or training.first_leak is None:
        return None
    share = percent(training.leaks / training.rows)
    text = f"{share} of the training rows ({training.leaks:,}) have a value from after their label"
    return FreshnessFinding("leak", f"{text}, the first in {training.first_leak.place}")
