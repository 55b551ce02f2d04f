"""The results of a self-check: the fate of every mutant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from skc.selfcheck.mutant import Mutant
from skc.verification.shown import OneLine

Fate = Literal["found", "within 1e-6", "evened out", "equivalent", "not found"]


@dataclass(frozen=True)
class MutantResult:
    """The fate of one mutant.

    found: by a check, which blames a step. within 1e-6: outputs have other bits, but agree. evened out: the value of a
    step differs in some row tried, but later steps produce the same outputs. equivalent: `reason` says why no row can
    reveal it. not found: nothing changed in any row tried, and no reason is known.
    """

    mutant: Mutant
    fate: Fate
    check: str | None
    step: str | None
    reason: str | None = None

    @property
    def is_placed(self) -> bool:
        """The right step is blamed, or no step if the fault is after all steps."""
        return self.step in self.mutant.steps if self.mutant.steps else self.step is None

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": self.mutant.kind,
            "what": self.mutant.what,
            "steps": sorted(self.mutant.steps),
            "fate": self.fate,
            "check": self.check,
            "step": self.step,
            "reason": self.reason,
        }


@dataclass(frozen=True, repr=False)
class SelfCheck(OneLine):
    """All mutants of one artifact; `candidates` is how many there were to choose from."""

    name: str
    outcomes: tuple[MutantResult, ...]
    candidates: int
    seconds: float

    @property
    def survivors(self) -> tuple[MutantResult, ...]:
        return tuple(o for o in self.outcomes if o.fate == "not found")

    @property
    def misplaced(self) -> tuple[MutantResult, ...]:
        """Found, but blamed on a step that is correct."""
        return tuple(o for o in self.outcomes if o.fate == "found" and o.check != "loading" and not o.is_placed)

    def verdict(self) -> str:
        """One line: how many faults were found."""
        extent = f"{len(self.outcomes):,} of {self.candidates:,} mutants; {self.seconds:.1f} s"
        found_count = sum(o.fate == "found" for o in self.outcomes)
        survivors = f"; {len(self.survivors):,} changed nothing in any row tried" if self.survivors else ""
        return f"self-check of `{self.name}`: {found_count:,} planted faults found{survivors} ({extent})"

    def to_json(self) -> dict[str, Any]:
        return {
            "skc": "self-check",
            "name": self.name,
            "candidates": self.candidates,
            "seconds": round(self.seconds, 3),
            "mutants": [o.to_json() for o in self.outcomes],
        }
