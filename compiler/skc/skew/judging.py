"""Which effects are findings: large enough, too improbable to be chance, and of enough rows.

Why all three: at a million rows every shift is significant, and at fifty rows PSI exceeds 0.1 without any drift. Of 200
columns without drift, ten have p < 0.05: so p-values are adjusted over all tests of a report (Benjamini and Hochberg),
which bounds the probability of any false alarm by LEVEL, whatever the number of columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from skc.ir import Scale
from skc.profile.scales import level_of
from skc.skew.effects import Effect
from skc.skew.measures import adjusted
from skc.skew.verdicts import VERDICTS, Finding, Judged

LEVEL = 0.01  # of the adjusted p-values
LEAST_ROWS = 100  # on both sides
FIRST_SAID = (
    "refused",
    "excluded",
    "steps",
    "unseen",
    "nulls",
    "zeros",
    "infinite",
    "outside",
    "psi",
    "linf",
    "jsd",
    "cramers_v",
    "ks",
    "wasserstein",
)


def judge(columns: Sequence[tuple[Mapping[str, Scale] | None, Sequence[Effect]]]) -> list[Judged]:
    """Judge the effects of all columns of a report together, by the scales of each; None: it is not watched.

    A test of too few rows cannot be a finding, and so is not one of the tests that p-values are adjusted for.
    """
    tested = [
        (k, effect)
        for k, (scales, effects) in enumerate(columns)
        for effect in effects
        if scales is not None and effect.p is not None and _is_enough(effect) and _has_level(scales[effect.measure])
    ]
    values = adjusted([effect.p for _, effect in tested if effect.p is not None])
    by_column: list[dict[str, float]] = [{} for _ in columns]
    for (k, effect), p in zip(tested, values, strict=True):
        by_column[k][effect.measure] = p
    return [_judged(scales, effects, p) for (scales, effects), p in zip(columns, by_column, strict=True)]


def _has_level(scale: Scale) -> bool:
    return any(level is not None for level in (scale.minor, scale.moderate, scale.severe))


def _judged(scales: Mapping[str, Scale] | None, effects: Sequence[Effect], adjusted_p: Mapping[str, float]) -> Judged:
    if scales is None:
        return Judged("not watched", (), {})
    findings = [finding for effect in effects if (finding := _finding(scales, effect, adjusted_p)) is not None]
    findings.sort(key=lambda f: (-VERDICTS.index(f.level), FIRST_SAID.index(f.effect.measure)))
    if findings:
        return Judged(findings[0].level, tuple(findings), adjusted_p)
    is_enough = any(_is_enough(effect) for effect in effects)
    return Judged("ok" if is_enough else "too few rows", (), adjusted_p)


def _is_enough(effect: Effect) -> bool:
    return min(effect.rows, effect.reference) >= LEAST_ROWS


def _finding(scales: Mapping[str, Scale], effect: Effect, adjusted_p: Mapping[str, float]) -> Finding | None:
    scale = scales[effect.measure]
    level = level_of(scale, effect.value)
    p = adjusted_p.get(effect.measure)
    if level is None or not _is_enough(effect) or (p is not None and p >= LEVEL):
        return None
    reached = getattr(scale, level)
    return Finding(effect, level, p, reached)
