"""The changes between two artifacts, and the rules by which a CI refuses them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skc.comparison.changes import KINDS, Change
from skc.comparison.rows import RowsChanged
from skc.diagnostics import did_you_mean, fail
from skc.verification.shown import count, encoded

FORMAT = 1


@dataclass(frozen=True)
class DiffReport:
    """What differs between two artifacts. `rows` is None where no data was given."""

    old: str  # plan hashes
    new: str
    changes: tuple[Change, ...]
    rows: RowsChanged | None

    @property
    def is_same(self) -> bool:
        return not self.changes and not (self.rows and self.rows.changed)

    def broken(self, rules: Sequence[str]) -> list[str]:
        """The rules that the changes break, in words. Raises SKC140 for what is no rule."""
        return [said for rule in rules for said in self._broken(rule)]

    def _broken(self, rule: str) -> Iterator[str]:
        limit = re.fullmatch(r"(rows|statistics)>([0-9.]+(?:[eE]-?[0-9]+)?)", rule)
        if rule == "any" and not self.is_same:
            yield f"any: {count(len(self.changes), 'change')}"
        elif limit and limit[1] == "rows":
            yield from self._rows_beyond(float(limit[2]))
        elif limit:
            shifted = [c for c in self.changes if c.shift is not None and c.shift > float(limit[2])]
            yield from (f"{rule}: {c.where} {c.what} moved by {c.shift:.3g} of itself" for c in shifted)
        elif rule in KINDS:
            yield from (f"{rule}: {c.where}: {c.what}" for c in self.changes if c.kind == rule)
        elif rule != "any":
            known = ", ".join(("any", *KINDS, "rows>SHARE", "statistics>SHARE"))
            raise fail("SKC140", f"`{rule}` is not a rule of --fail-on", hint=did_you_mean(rule, KINDS) or known)

    def _rows_beyond(self, share: float) -> Iterator[str]:
        if self.rows is None:
            raise fail("SKC140", "`rows>…` needs rows", hint="give some with --data")
        if self.rows.share > share:
            yield f"rows>{share:g}: {self.rows.changed:,} of {self.rows.rows:,} rows change ({self.rows.share:.2%})"

    def to_json(self) -> dict[str, Any]:
        """All facts."""
        facts: dict[str, Any] = {"skc": "diff", "format": FORMAT, "same": self.is_same, **asdict(self)}
        for change in facts["changes"]:
            change |= {"shift": encoded(change["shift"])}
        return facts
