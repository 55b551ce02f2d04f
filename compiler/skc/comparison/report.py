"""The changes as text and JSON, and the rules by which a CI refuses them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skc.comparison.changes import KINDS, Change
from skc.comparison.rows import RowsChanged
from skc.diagnostics import did_you_mean, fail
from skc.verification.tables import count, encoded, shortened, table

FORMAT = 1
LONGEST = 80


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
            raise fail("SKC140", f"`{rule}` is no rule of --fail-on", hint=did_you_mean(rule, KINDS) or known)

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

    def text(self) -> str:
        """For a person: the contract first, then what was learned, then the rows."""
        if self.is_same:
            return f"no change: plan {self.old[:12]}" + ("" if self.old == self.new else f" and {self.new[:12]}")
        parts = [table([("kind", "where", "what", "old", "new"), *map(_line, self.changes)])] if self.changes else []
        return "\n\n".join([*parts, *self._row_texts()])

    def _row_texts(self) -> Iterator[str]:
        if self.rows is None:
            return
        changed = sorted((c for c in self.rows.columns if c.changed), key=lambda c: -c.changed)
        if changed:
            share = [f"{c.changed / self.rows.rows:.2%}" for c in changed]
            lines = [(f"{c.output}: {c.column}", f"{c.changed:,}", s) for c, s in zip(changed, share, strict=True)]
            yield table([("output column", "rows", "share"), *lines])
        refused = f"; {self.rows.newly_refused:,} are refused now" if self.rows.newly_refused else ""
        served = f"; {self.rows.newly_served:,} were refused before" if self.rows.newly_served else ""
        yield f"{self.rows.changed:,} of {self.rows.rows:,} rows change ({self.rows.share:.2%}){refused}{served}"


def _line(change: Change) -> tuple[str, ...]:
    shift = "" if change.shift is None else f" (by {change.shift:.3g} of itself)"
    return change.kind, change.where, change.what + shift, _value(change.old), _value(change.new)


def _value(value: Any) -> str:
    if value is None:
        return "-"
    text = json.dumps(shortened(value), ensure_ascii=False)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
