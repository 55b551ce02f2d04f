"""What a verification found, as data; and as text, JSON and JUnit XML."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from skc.diagnostics import Diagnostic
from skc.equality.tally import ColumnReport
from skc.verification.tables import count, encoded, indented, shortened, shown, table

FORMAT = 1
GOLDEN_FILE = "golden file"  # the check of what golden.jsonl says
GUARDS, REFUSED = "skc.guards", "refused"  # output and column of a difference in what is refused
SHOWN_COLUMNS = 12
SHOWN_DIFFERENCES = 5


@dataclass(frozen=True)
class Difference:
    """One value, missing position or refusal in which the graph and its reference disagree.

    `step` is the first step whose value differs for that row, None where none does by itself; `made_by` are all the
    steps behind the column. `against` is "reference", or "one batch" where the graph disagrees with itself.
    """

    check: str
    output: str
    column: str
    step: str | None
    made_by: tuple[str, ...]
    record: Mapping[str, Any]  # the raw row, JSON values
    got: Any
    want: Any
    reproduce: str
    against: str = "reference"
    found_in: Mapping[str, Any] | None = None  # the row that was tried, where `record` was shrunk from it

    def text(self) -> str:
        """A block of lines: what differs, where it comes from, and how to see it again."""
        sides = ("graph", "reference") if self.against == "reference" else (self.check, self.against)
        if self.check == GOLDEN_FILE:
            sides = ("golden.jsonl", "reference")
        record = self._record_text(self.record)
        lines = [
            ("step", self.blame()),
            (sides[0], self.shown(self.got)),
            (sides[1], self.shown(self.want)),
            ("record", record),
            *([("shrunk from", self._record_text(self.found_in))] if self.found_in is not None else []),
            ("reproduce", self.reproduce),
        ]
        width = max(len(label) for label, _ in lines) + 1
        where = f"step `{self.output}` by itself" if self.check == "steps" else f"output `{self.output}`"
        head = f"difference in {where}, column `{self.column}` ({self.check})"
        return "\n".join([head, *(f"  {f'{label}:':<{width}} {value}" for label, value in lines)])

    @staticmethod
    def _record_text(record: Mapping[str, Any]) -> str:
        return json.dumps({k: shortened(v) for k, v in record.items()}, ensure_ascii=False)

    def shown(self, value: Any) -> str:
        """A refusal in its words, a number with all its digits, anything else as JSON."""
        if self.column == REFUSED:
            return str(value)
        return shown(value)

    def blame(self) -> str:
        chain = " → ".join(self.made_by)
        if self.step is None and chain and self.against == "reference" and self.check != GOLDEN_FILE:
            return f"none differs by itself: look behind the last of {chain}, on the way to the output"
        if self.step is None:
            return f"none differs by itself; the column is made by {chain}" if chain else "none differs by itself"
        return f"{self.step} is the first that differs" + (f", of {chain}" if len(self.made_by) > 1 else "")


@dataclass(frozen=True)
class WalkRow:
    """One column of one step for the row of a difference, on both sides, as a report shows values.

    `graph` is `=` where it is the very same value, `?` where the graph does not show it.
    """

    step: str
    column: str
    reference: str
    graph: str
    differs: bool


@dataclass(frozen=True)
class Walk:
    """What the steps behind a difference make of its row, side by side."""

    output: str
    column: str
    record: Mapping[str, Any]  # the raw row, JSON values
    rows: tuple[WalkRow, ...]

    def text(self) -> str:
        """The rows as a table."""
        marked = [(r.step, r.column, r.reference, r.graph, "<- differs" if r.differs else "") for r in self.rows]
        return table([("step", "column", "reference", "graph", ""), *marked])


@dataclass(frozen=True)
class Check:
    """One kind of rows or one relation: how much was tried, how many rows disagreed, how many both sides refuse."""

    name: str
    about: str
    rows: int
    values: int
    differing_rows: int
    refused_rows: int = 0
    against_reference: bool = True  # False for a relation of the graph with itself
    skipped: str | None = None  # why nothing was tried

    def plus(self, rows: int, values: int, differing: int, refused: int) -> Check:
        """The same check after more rows."""
        return replace(
            self,
            rows=self.rows + rows,
            values=self.values + values,
            differing_rows=self.differing_rows + differing,
            refused_rows=self.refused_rows + refused,
        )


@dataclass(frozen=True)
class Kind:
    """Boundaries of one kind, such as edges or categories: how many came through, of how many there are.

    `total` counts all there are, and may be more than are ever tried.
    """

    name: str
    tried: int
    total: int

    @property
    def is_whole(self) -> bool:
        return self.tried == self.total

    def text(self) -> str:
        return f"{self.name} {self.tried:,} of {self.total:,}"


@dataclass(frozen=True)
class Coverage:
    """Boundaries of one step: how many it has, and how many came through from raw inputs."""

    step: str
    op: str
    boundaries: int
    tried: int
    columns: int
    columns_reached: int
    kinds: tuple[Kind, ...]
    degenerate: tuple[str, ...] = ()  # columns for which fitting found no statistic, and what stands instead

    @property
    def is_whole(self) -> bool:
        return self.tried == self.boundaries and self.columns_reached == self.columns


@dataclass(frozen=True)
class Refusal:
    """Rows of the user's data that a policy of `error` refuses, on both sides alike; the first, counted from 1."""

    code: str
    step: str
    column: str
    rows: int
    first_row: int

    def text(self) -> str:
        return (
            f"{count(self.rows, 'row')} refused ({self.code}) by `{self.step}`, column `{self.column}`; "
            f"the first is row {self.first_row:,}"
        )


@dataclass(frozen=True)
class Met:
    """Rows of the user's data that a step serves, and yet makes null, does not know, or clips; the first from 1."""

    kind: str  # null, unknown or clipped
    step: str
    column: str
    rows: int
    first_row: int

    def text(self) -> str:
        words = {"null": "made null", "unknown": "unknown", "clipped": "clipped"}[self.kind]
        return (
            f"{count(self.rows, 'row')} {words} by `{self.step}`, column `{self.column}`; "
            f"the first is row {self.first_row:,}"
        ).replace("unknown by", "unknown to")


@dataclass(frozen=True)
class DataCounts:
    """The user's data: how many rows, how many of them are refused, and what the steps do to the others."""

    rows: int
    refused: int
    met: tuple[Met, ...]


@dataclass(frozen=True, repr=False)
class Report:
    """Everything `skc verify` has to say."""

    name: str
    identity: str  # of the artifact: SHA-256 of its manifest.json
    plan: str
    seed: int
    checks: tuple[Check, ...]
    columns: tuple[ColumnReport, ...]
    coverage: tuple[Coverage, ...]
    differences: tuple[Difference, ...]
    seconds: float
    versions: Mapping[str, str]
    model_matches_plan: bool | None = None  # None where nothing differs
    untried: tuple[str, ...] = ()  # what no row has shown
    refusals: tuple[Refusal, ...] = ()  # of the user's own rows
    data: DataCounts | None = None  # None where no data was given
    warnings: tuple[Diagnostic, ...] = ()  # what happens to every one of them; an error where all are refused
    walks: tuple[Walk, ...] = ()  # of the first differences

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """What the user must change, although nothing differs."""
        return tuple(warning for warning in self.warnings if warning.severity == "error")

    @property
    def is_equal(self) -> bool:
        return all(check.differing_rows == 0 for check in self.checks)

    def to_json(self) -> dict[str, Any]:
        """All facts: `schemas/report.v1.schema.json`."""
        facts: dict[str, Any] = {"skc": "report", "format": FORMAT, "equal": self.is_equal, **asdict(self)}
        for difference in facts["differences"]:
            difference |= {"got": encoded(difference["got"]), "want": encoded(difference["want"])}
        for column in facts["columns"]:
            column["worst_error"] = encoded(column["worst_error"])
        return facts

    def to_junit(self) -> str:
        """One test case per check, for a CI that reads JUnit XML."""
        failed = sum(1 for check in self.checks if check.differing_rows)
        skipped = sum(1 for check in self.checks if check.skipped is not None)
        suite = _suite(self.name, len(self.checks), failures=failed, skipped=skipped, seconds=self.seconds)
        for check in self.checks:
            case = ET.SubElement(suite, "testcase", classname=f"skc.verify.{self.name}", name=check.name)
            if check.skipped is not None:
                ET.SubElement(case, "skipped", message=check.skipped)
            else:
                told = f"{count(check.rows, 'row')}, {check.refused_rows:,} refused by both: {check.about}"
                notes = self._data_texts() if check.name == "data" else []
                ET.SubElement(case, "system-out").text = _xml_safe("\n".join([told, *notes]))
            if check.differing_rows:
                own = [d.text() for d in self.differences if d.check == check.name]
                failure = ET.SubElement(case, "failure", message=f"{check.differing_rows} of {check.rows} rows differ")
                failure.text = _xml_safe("\n\n".join([*own, *self._diagnosis()]))
        return _xml(suite)

    def _data_texts(self) -> list[str]:
        return [*self.refusal_texts(), *self.met_texts(), *self.warning_texts()]

    def text(self) -> str:
        """For a person: checks, the worst output columns, coverage, differences."""
        parts = [self._check_table(), self._column_table(), self._coverage_table(), *self._difference_texts()]
        parts += [*self._diagnosis(), *self._data_texts(), *self._untried(), self.verdict()]
        return "\n\n".join(part for part in parts if part)

    def __repr__(self) -> str:
        """One line for a notebook; `text()` is the whole."""
        return f"<Report: {self.verdict()}>"

    def verdict(self) -> str:
        """One line: what may be believed now."""
        rows = sum(check.rows for check in self.checks if check.against_reference)
        refused = sum(check.refused_rows for check in self.checks if check.against_reference)
        also = f", {refused:,} of them refused by both" if refused else ""
        tried = f"{count(rows, 'row')}{also}; {self.seconds:.1f} s, seed {self.seed}"
        if not self.is_equal:
            bad = ", ".join(check.name for check in self.checks if check.differing_rows)
            return f"NOT EQUAL: `{self.name}` differs from its reference in: {bad} ({tried})"
        return f"verified: `{self.name}` equals its reference ({tried})"

    def _check_table(self) -> str:
        rows = [("check", "rows", "differing", "refused", "what")]
        for c in self.checks:
            counts = (c.name, f"{c.rows:,}", f"{c.differing_rows:,}", f"{c.refused_rows:,}", c.about)
            rows.append(counts if c.skipped is None else (c.name, "-", "-", "-", f"{c.about}: {c.skipped}"))
        return table(rows)

    def _column_table(self) -> str:
        """The columns that are not equal to the last bit, the worst first; of the others their number."""
        bitwise = [c for c in self.columns if not c.differing_rows and not c.worst_ulp]
        worst = sorted(
            (c for c in self.columns if c not in bitwise),
            key=lambda c: (-c.differing_rows, -c.worst_error, -c.worst_ulp),
        )
        rows = [("output column", "class", "differing", "worst ulp", "worst error")]
        rows += [
            (
                f"{c.output}: {c.column}",
                "exact" if c.exact else "1e-6",
                f"{c.differing_rows:,}",
                f"{c.worst_ulp:,}" if c.worst_ulp else "-",
                f"{c.worst_error:.3g}" if c.worst_error else "-",
            )
            for c in worst[:SHOWN_COLUMNS]
        ]
        lines = [table(rows)] if worst else []
        if len(worst) > SHOWN_COLUMNS:
            lines.append(f"… and {count(len(worst) - SHOWN_COLUMNS, 'more column')}, none worse")
        if bitwise:
            lines.append(f"{count(len(bitwise), 'output column')} equal to the last bit")
        return "\n".join(lines)

    def _coverage_table(self) -> str:
        """How many boundaries of each step were tried; where there are many steps, those that miss some come first."""
        order = sorted(self.coverage, key=lambda c: c.is_whole) if len(self.coverage) > SHOWN_COLUMNS else self.coverage
        rows = [("step", "boundaries seen, from raw inputs", "columns", "of these")]
        rows += [
            (
                c.step,
                f"{c.tried:,} of {c.boundaries:,}",
                f"{c.columns_reached:,} of {c.columns:,}",
                ", ".join(kind.text() for kind in c.kinds),
            )
            for c in order[:SHOWN_COLUMNS]
        ]
        rest = order[SHOWN_COLUMNS:]
        told = f"{sum(c.tried for c in rest):,} of {sum(c.boundaries for c in rest):,} boundaries"
        more = f"\n… and {count(len(rest), 'more step')}: {told}" if rest else ""
        told = "".join(f"\n  {line}" for line in self._degenerate_lines())
        degenerate = f"\n\nfitting found no statistic, and took what the op's page says{told}" if told else ""
        return table(rows) + more + degenerate if self.coverage else ""

    def _degenerate_lines(self) -> list[str]:
        lines = [f"`{c.step}`, column {told}" for c in self.coverage for told in c.degenerate]
        rest = len(lines) - SHOWN_COLUMNS
        return lines if rest <= 0 else [*lines[:SHOWN_COLUMNS], f"… and {count(rest, 'more column')}"]

    def _difference_texts(self) -> list[str]:
        """One of each output column, as many as a screen holds."""
        shown = self.first_differences()[:SHOWN_DIFFERENCES]
        rest = len(self.differences) - len(shown)
        more = [f"{count(rest, 'more difference')} in `--format json`"] if rest else []
        walks = {(w.output, w.column): indented(w.text()) for w in self.walks[:1]}
        return [*("\n".join([d.text(), *_given(walks.get((d.output, d.column)))]) for d in shown), *more]

    def first_differences(self) -> list[Difference]:
        """One of each output column."""
        firsts = {(d.output, d.column): d for d in reversed(self.differences)}
        return [d for d in self.differences if firsts[d.output, d.column] is d]

    def _diagnosis(self) -> list[str]:
        """Whom to look at: the file, or skc."""
        if any(check.name == GOLDEN_FILE and check.differing_rows for check in self.checks):
            changed = "it was changed, or made on another processor. Compile the pipeline again."
            return [f"golden.jsonl does not say what plan.json gives: {changed}"]
        if self.model_matches_plan is None:
            return []
        if self.model_matches_plan:
            return ["This version of skc compiles the same model from plan.json: please report the difference."]
        changed = "it was changed, or other versions built it. Compile the pipeline again."
        return [f"model.onnx is not what this version of skc compiles from plan.json: {changed}"]

    def refusal_texts(self) -> list[str]:
        """Which of the user's rows no service would get features for: equal, and yet worth knowing."""
        if not self.refusals:
            return []
        data = next(check for check in self.checks if check.name == "data")
        head = f"of your own {count(data.rows, 'row')}, policies of `error` refuse {data.refused_rows:,}"
        return ["\n".join([head, *(f"  {refusal.text()}" for refusal in self.refusals[:SHOWN_COLUMNS])])]

    def met_texts(self) -> list[str]:
        """What the steps do to the user's rows that they serve."""
        if self.data is None or not self.data.met:
            return []
        lines = [f"  {met.text()}" for met in self.data.met]
        rest = len(lines) - SHOWN_COLUMNS
        more = [f"  … and {rest:,} more in `--format json`"] if rest > 0 else []
        head = f"of the {count(self.data.rows - self.data.refused, 'row')} of your own that are served"
        return ["\n".join([head, *lines[:SHOWN_COLUMNS], *more])]

    def warning_texts(self) -> list[str]:
        """What happens to every one of the user's rows."""
        return [warning.text() for warning in self.warnings]

    def _untried(self) -> list[str]:
        """What the verdict does not speak of."""
        told = [f"{check.name}: {check.skipped}" for check in self.checks if check.skipped is not None] + [
            *self.untried
        ]
        rest = len(told) - SHOWN_COLUMNS
        more = [f"  … and {rest:,} more in `--format json`"] if rest > 0 else []
        return ["\n".join(["not tried", *(f"  {line}" for line in told[:SHOWN_COLUMNS]), *more])] if told else []


def error_junit(message: str, details: str) -> str:
    """The report of a verification that could not begin."""
    suite = _suite("", 1, errors=1)
    case = ET.SubElement(suite, "testcase", classname="skc.verify", name="artifact")
    ET.SubElement(case, "error", message=_xml_safe(message)).text = _xml_safe(details)
    return _xml(suite)


def _given(text: str | None) -> list[str]:
    return [] if text is None else [text]


def _suite(
    name: str, tests: int, *, failures: int = 0, errors: int = 0, skipped: int = 0, seconds: float = 0.0
) -> ET.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors, "skipped": skipped}
    told = {noun: str(number) for noun, number in counts.items()} | {"time": f"{seconds:.3f}"}
    return ET.Element("testsuite", {"name": f"skc verify {name}".rstrip(), **told})


def _xml(suite: ET.Element) -> str:
    """ASCII, so that no locale of a terminal or CI can spoil it."""
    written: bytes = ET.tostring(suite, encoding="us-ascii", xml_declaration=True)
    return written.decode("ascii")


def _xml_safe(text: str) -> str:
    """XML 1.0 has no way to write most control characters."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
