"""What a verification found, as data; and as text, JSON and JUnit XML."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Difference:
    """One value, missing position or refusal in which the graph and its reference disagree."""

    check: str
    output: str
    column: str
    step: str  # the first step whose values differ for that row
    record: Mapping[str, Any]  # the raw row, JSON values
    got: Any
    want: Any
    reproduce: str

    def text(self) -> str:
        return "\n".join(
            [
                f"difference in output `{self.output}`, column `{self.column}` ({self.check})",
                f"  first differs in step `{self.step}`",
                f"  graph:     {self.got!r}",
                f"  reference: {self.want!r}",
                f"  record:    {json.dumps({k: _short(v) for k, v in self.record.items()}, ensure_ascii=False)}",
                f"  reproduce: {self.reproduce}",
            ]
        )


@dataclass(frozen=True)
class Check:
    """One kind of rows or one relation: how much was tried and how many rows disagreed."""

    name: str
    about: str
    rows: int
    values: int
    differing_rows: int
    against_reference: bool = True  # False for a relation of the graph with itself


@dataclass(frozen=True)
class ColumnReport:
    """The worst distance seen in one output column."""

    output: str
    column: str
    exact: bool
    worst_ulp: int
    worst_error: float  # |a - b| / max(1, |b|)


@dataclass(frozen=True)
class Coverage:
    """Boundaries of one step: how many it has, and how many came through from raw inputs."""

    step: str
    op: str
    boundaries: int
    tried: int
    columns: int
    columns_reached: int


@dataclass(frozen=True)
class Report:
    """Everything `skc verify` has to say."""

    name: str
    plan: str
    seed: int
    checks: tuple[Check, ...]
    columns: tuple[ColumnReport, ...]
    coverage: tuple[Coverage, ...]
    differences: tuple[Difference, ...]
    seconds: float
    versions: Mapping[str, str]

    @property
    def is_equal(self) -> bool:
        return all(check.differing_rows == 0 for check in self.checks)

    def to_json(self) -> str:
        """All facts, as one JSON document."""
        return json.dumps({"equal": self.is_equal, **asdict(self)}, ensure_ascii=False, indent=2)

    def to_junit(self) -> str:
        """One test case per check, for a CI that reads JUnit XML."""
        failed = sum(1 for check in self.checks if check.differing_rows)
        suite = ET.Element(
            "testsuite", name=f"skc verify {self.name}", tests=str(len(self.checks)), failures=str(failed)
        )
        for check in self.checks:
            case = ET.SubElement(suite, "testcase", classname=f"skc.verify.{self.name}", name=check.name)
            if check.differing_rows:
                own = [d.text() for d in self.differences if d.check == check.name]
                failure = ET.SubElement(case, "failure", message=f"{check.differing_rows} of {check.rows} rows differ")
                failure.text = _xml_safe("\n\n".join(own))
        return ET.tostring(suite, encoding="unicode", xml_declaration=True)

    def text(self, *, columns: int = 12) -> str:
        """For a person: checks, the worst output columns, coverage, differences."""
        parts = [self._check_table(), self._column_table(columns), self._coverage_table()]
        parts += [difference.text() for difference in self.differences[:5]]
        if len(self.differences) > 5:
            parts.append(f"… and {len(self.differences) - 5} more differences listed by --format json")
        return "\n\n".join(part for part in parts if part) + "\n\n" + self.verdict()

    def verdict(self) -> str:
        """One line: what may be believed now."""
        rows = sum(check.rows for check in self.checks if check.against_reference)
        if not self.is_equal:
            bad = ", ".join(check.name for check in self.checks if check.differing_rows)
            tried = f"{rows:,} rows tried, {self.seconds:.1f} s"
            return f"NOT EQUAL: `{self.name}` differs from its reference in: {bad} ({tried})"
        return f"verified: `{self.name}` equals its reference on {rows:,} rows ({self.seconds:.1f} s, seed {self.seed})"

    def _check_table(self) -> str:
        rows = [("check", "rows", "differing", "what")]
        rows += [(c.name, f"{c.rows:,}", f"{c.differing_rows:,}", c.about) for c in self.checks]
        return _table(rows)

    def _column_table(self, limit: int) -> str:
        worst = sorted(self.columns, key=lambda c: (-c.worst_error, -c.worst_ulp))
        rows = [("output column", "class", "worst ulp", "worst error")]
        rows += [
            (f"{c.output}: {c.column}", "exact" if c.exact else "1e-6", f"{c.worst_ulp:,}", f"{c.worst_error:.3g}")
            for c in worst[:limit]
        ]
        table = _table(rows)
        rest = len(worst) - limit
        return table if rest <= 0 else f"{table}\n… and {rest} more columns, none worse"

    def _coverage_table(self) -> str:
        rows = [("step", "boundaries", "from raw inputs")]
        rows += [
            (c.step, f"{c.tried:,} of {c.boundaries:,}", f"{c.columns_reached} of {c.columns} columns")
            for c in self.coverage
        ]
        return _table(rows) if len(rows) > 1 else ""


def _short(value: Any) -> Any:
    return f"{value[:60]}… ({len(value)} characters)" if isinstance(value, str) and len(value) > 60 else value


def _table(rows: Sequence[tuple[str, ...]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows)


def _xml_safe(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
