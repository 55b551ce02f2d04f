"""The verdict on a column, and its findings in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from skc.profile.levels import Level
from skc.skew.effects import Effect

Verdict = Literal["not watched", "ok", "too few rows", "minor", "moderate", "severe"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)  # from nothing to the worst


@dataclass(frozen=True)
class Finding:
    """An effect that is worth saying, and its adjusted p-value (None: an absolute rule)."""

    effect: Effect
    level: Level
    adjusted_p: float | None
    reached: float  # the threshold

    @property
    def text(self) -> str:
        """One clause."""
        return said(self.effect)


@dataclass(frozen=True)
class Judged:
    """A column: its verdict, and its findings, the worst first."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    adjusted: Mapping[str, float]  # p-values by measure


def said(effect: Effect) -> str:
    """One clause."""
    before, after = (percent(share) for share in (effect.before or 0.0, effect.after or 0.0))
    match effect.measure:
        case "nulls" | "zeros" | "infinite":
            noun = {"nulls": "null", "zeros": "zero", "infinite": "infinite"}[effect.measure]
            return f"{after} {noun}, {before} in training"
        case "unseen":
            such = f", such as {effect.what}" if effect.what else ""
            expected = f", where {before} is to be expected" if effect.before else ""
            return f"{after} of the values were not seen in training{expected}{such}"
        case "outside":
            return f"{after} of the values are {effect.what}, the ends of training"
        case "steps":
            return f"{after} {effect.what}, {before} in training"
        case "excluded":
            return f"`where` of training excludes {after} of the rows, {before} in training"
        case "refused":
            return f"{after} of the requests were refused for it"
        case "linf":
            return f"{effect.what}: {after} of the values, {before} in training"
        case _:
            return f"{effect.what or 'the distribution moved'}: {NAMES[effect.measure]} {number(effect.value)}"


OF_DISTRIBUTIONS = ("psi", "jsd", "cramers_v", "ks", "wasserstein")
NAMES: Mapping[str, str] = {
    "psi": "PSI",
    "jsd": "JSD (bits)",
    "linf": "L∞",
    "ks": "KS distance at least",
    "wasserstein": "Wasserstein distance (in σ, from 100 quantiles)",
    "cramers_v": "Cramér's V",
    "nulls": "change of nulls",
    "zeros": "change of zeros",
    "infinite": "change of infinities",
    "steps": "change of rows",
    "excluded": "change of rows that `where` excludes",
    "unseen": "unseen",
    "outside": "out of range",
    "refused": "refused",
}


def percent(share: float) -> str:
    """`9.4 %`; a small share with two digits."""
    value = 100 * share
    return f"{value:.1f} %" if value == 0 or value >= 0.1 else f"{value:.2g} %"


def number(value: float) -> str:
    """Three digits."""
    return f"{value:.3g}"
