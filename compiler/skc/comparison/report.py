"""The changes between two artifacts, and the rules that they violate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from skc.comparison.changes import Change
from skc.comparison.rows import RowsChanged
from skc.comparison.rules import Rule
from skc.verification.shown import OneLine, count, json_values

FORMAT = 1


@dataclass(frozen=True, repr=False)
class DiffReport(OneLine):
    """What differs between two artifacts. `rows` is None without data; `broken` describes the violations of the
    requested rules.
    """

    old: str  # plan hashes
    new: str
    changes: tuple[Change, ...]
    rows: RowsChanged | None
    broken: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        return not self.changes and not (self.rows and self.rows.changed)

    def verdict(self) -> str:
        """One line: how many changes there are, and in how many rows."""
        if self.is_same:
            return f"no change: plan {self.old[:12]}" + ("" if self.old == self.new else f" and {self.new[:12]}")
        rows = "" if self.rows is None else f", in {self.rows.changed:,} of {self.rows.rows:,} rows"
        return f"{count(len(self.changes), 'change')}{rows}: plan {self.old[:12]} and {self.new[:12]}"

    def to_json(self) -> dict[str, Any]:
        """All facts."""
        facts: dict[str, Any] = json_values({"skc": "diff", "format": FORMAT, "same": self.is_same, **asdict(self)})
        return facts


def broken(rules: Sequence[Rule], report: DiffReport) -> tuple[str, ...]:
    """Descriptions of everything in a report that the rules do not allow. A rule about rows requires data."""
    return tuple(message for rule in rules for message in _broken(rule, report))


def _broken(rule: Rule, report: DiffReport) -> Iterator[str]:
    of_kind = [c for c in report.changes if c.kind == rule.subject]
    if rule.subject == "any":
        if not report.is_same:
            yield f"any: {count(len(report.changes), 'change')}"
    elif rule.limit is None:
        yield from (f"{rule.text}: {c.where}: {c.what}" for c in of_kind)
    elif rule.subject == "statistics":
        shifted = [c for c in of_kind if c.shift is not None and c.shift > rule.limit]
        yield from (f"{rule.text}: {c.where} {c.what} moved by {c.shift:.3g} of itself" for c in shifted)
    elif report.rows is not None and report.rows.share > rule.limit:
        rows = report.rows
        yield f"rows>{rule.limit:g}: {rows.changed:,} of {rows.rows:,} rows change ({rows.share:.2%})"
