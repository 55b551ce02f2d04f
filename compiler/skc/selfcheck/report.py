"""What became of the mutants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from skc.selfcheck.mutant import Mutant

Fate = Literal["found", "within 1e-6", "evened out", "equivalent", "not found"]


@dataclass(frozen=True)
class Outcome:
    """What became of one mutant.

    found: by a check, which blames a step. within 1e-6: outputs have other bits, and agree. evened out: the value of a
    step is another in some row tried, and the steps behind it give the same outputs. equivalent: `reason` says why no
    row can show it. not found: nothing changed in any row tried, and no reason is known.
    """

    mutant: Mutant
    fate: Fate
    check: str | None
    step: str | None
    reason: str | None = None

    @property
    def is_placed(self) -> bool:
        """The right step is blamed; one behind all steps is blamed on none."""
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


@dataclass(frozen=True)
class SelfCheck:
    """All mutants of one artifact; `candidates` is how many there were to choose from."""

    name: str
    outcomes: tuple[Outcome, ...]
    candidates: int
    seconds: float

    @property
    def survivors(self) -> tuple[Outcome, ...]:
        return tuple(o for o in self.outcomes if o.fate == "not found")

    @property
    def misplaced(self) -> tuple[Outcome, ...]:
        """Found, and blamed on a step that is right."""
        return tuple(o for o in self.outcomes if o.fate == "found" and o.check != "loading" and not o.is_placed)

    def to_json(self) -> dict[str, Any]:
        return {
            "skc": "self-check",
            "name": self.name,
            "candidates": self.candidates,
            "seconds": round(self.seconds, 3),
            "mutants": [o.to_json() for o in self.outcomes],
        }
