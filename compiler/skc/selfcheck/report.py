"""What became of the mutants, for a person and as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

from skc.selfcheck.mutant import Mutant
from skc.verification.tables import table

Fate = Literal["found", "within 1e-6", "evened out", "equivalent", "not found"]
MOST_SHOWN = 20


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

    def table(self) -> str:
        """How many of each kind came to which end."""
        rows: list[tuple[str, ...]] = [("fault", "mutants", *get_args(Fate))]
        for kind in dict.fromkeys(o.mutant.kind for o in self.outcomes):
            rows.append(_row(kind, [o for o in self.outcomes if o.mutant.kind == kind]))
        return table([*rows, _row("all", list(self.outcomes))])

    def text(self) -> str:
        """For a person: the table, and by name what was not found or misplaced."""
        parts = [self.table()]
        parts += _listed("not found: no row tried shows it, and maybe none can", self.survivors)
        parts += _listed("found, and blamed on another step", self.misplaced)
        return "\n\n".join([*parts, self.verdict()])

    def verdict(self) -> str:
        tried = f"{len(self.outcomes):,} of {self.candidates:,} mutants; {self.seconds:.1f} s"
        found = sum(o.fate == "found" for o in self.outcomes)
        left = f"; {len(self.survivors):,} changed nothing in any row tried" if self.survivors else ""
        return f"self-check of `{self.name}`: {found:,} planted faults found{left} ({tried})"


def _row(kind: str, outcomes: list[Outcome]) -> tuple[str, ...]:
    fates = [o.fate for o in outcomes]
    return (kind, f"{len(fates):,}", *(f"{fates.count(fate):,}" for fate in get_args(Fate)))


def _listed(heading: str, found: tuple[Outcome, ...]) -> list[str]:
    if not found:
        return []
    lines = [f"  {o.mutant.kind}: {o.mutant.what} ({', '.join(sorted(o.mutant.steps)) or 'outputs'})" for o in found]
    more = [f"  and {len(lines) - MOST_SHOWN:,} more"] if len(lines) > MOST_SHOWN else []
    return ["\n".join([f"{heading}:", *lines[:MOST_SHOWN], *more])]
