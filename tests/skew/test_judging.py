"""A finding needs an effect, an adjusted p-value below 0.01, and a hundred rows on both sides."""

from __future__ import annotations

import pytest

from skc.profile.scales import DEFAULTS, NEVER
from skc.skew.effects import Effect
from skc.skew.judging import judge


def effect(value: float, p: float | None, rows: int = 100, reference: int = 100, measure: str = "psi") -> Effect:
    return Effect(measure, value, p, rows, reference)


@pytest.mark.parametrize(
    ("one", "verdict"),
    [
        (effect(0.1, 0.0), "minor"),
        (effect(0.0999, 0.0), "ok"),
        (effect(0.15, 0.0), "moderate"),
        (effect(0.25, 0.0), "severe"),
        (effect(0.25, 0.00999), "severe"),
        (effect(0.25, 0.01), "ok"),
        (effect(0.25, 0.0, rows=99), "too few rows"),
        (effect(0.25, 0.0, reference=99), "too few rows"),
        (effect(0.02, None, measure="unseen"), "moderate"),
        (effect(9.0, 0.0, measure="ks"), "ok"),
    ],
)
def test_all_three_have_to_hold(one: Effect, verdict: str) -> None:
    (judged,) = judge([(DEFAULTS, [one])])
    assert judged.verdict == verdict
    assert bool(judged.findings) == (verdict in ("minor", "moderate", "severe"))


def test_p_values_are_adjusted_over_all_columns_that_are_tested() -> None:
    quiet = [(DEFAULTS, [effect(0.0, 0.9)])] * 9
    found = judge([(DEFAULTS, [effect(0.3, 0.002)]), *quiet])[0]
    assert (found.verdict, found.adjusted["psi"]) == ("ok", pytest.approx(0.02))
    few = [(DEFAULTS, [effect(0.0, 0.9, rows=99)])] * 9
    unwatched = [(None, [effect(0.0, 0.9)])] * 9
    never = [({**DEFAULTS, "psi": NEVER}, [effect(0.0, 0.9)])] * 9
    for others in (few, unwatched, never):
        found = judge([(DEFAULTS, [effect(0.3, 0.002)]), *others])[0]
        assert (found.verdict, found.adjusted["psi"]) == ("severe", pytest.approx(0.002))


def test_the_worst_finding_comes_first_and_a_column_may_not_be_watched() -> None:
    effects = [effect(0.12, 0.0), effect(0.3, 0.0, measure="nulls"), effect(0.01, None, measure="unseen")]
    judged, other = judge([(DEFAULTS, effects), (None, effects)])
    assert [finding.effect.measure for finding in judged.findings] == ["nulls", "unseen", "psi"]
    assert [finding.reached for finding in judged.findings] == [0.2, 0.005, 0.1]
    assert (other.verdict, other.findings) == ("not watched", ())
