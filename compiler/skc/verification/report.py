"""The result of a verification, as data; `skc.reports` presents it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass, replace
from typing import Any, Literal

from skc.diagnostics import Diagnostic
from skc.equality.tally import ColumnReport
from skc.oracle.protocol import REFERENCE, Alone, Outcome, in_words
from skc.verification.shown import OneLine, count, encoded

FORMAT = 1
ITSELF = "one batch"  # what a relation of the graph with itself compares with
GOLDEN_FILE = "golden file"  # the check of the results in golden.jsonl
GUARDS, REFUSED = "skc.guards", "refused"  # output and column of a difference in refusals
DifferenceKind = Literal["value", "refused", "served", "failed"]


def refusal_kind(got: Outcome, want: Outcome, i: int) -> DifferenceKind:
    """Whether the graph serves a row that the oracle refuses, or refuses one without that or for another reason."""
    return "served" if want.refused[i] and not got.refused[i] else "refused"


@dataclass(frozen=True)
class Difference:
    """One value, missing position or refusal in which the graph and its oracle disagree.

    `step` is the first step whose value differs for that row, None if no single step does; `made_by` are all the steps
    that the column depends on. `against` is the name of the oracle, or "one batch" if the graph disagrees with itself;
    `located_by` has the values of steps. `kind` "served" is a row that the graph serves although the oracle refuses it;
    "refused" is one that it refuses for no reason or another one.
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
    against: str = REFERENCE
    found_in: Mapping[str, Any] | None = None  # the original row, if `record` was shrunk from it
    kind: DifferenceKind = "value"
    located_by: str = REFERENCE


@dataclass(frozen=True)
class WalkRow:
    """One column of one step for the row of a difference, on both sides, formatted for a report.

    `graph` is `=` if the value is identical, `?` if the graph does not show it.
    """

    step: str
    column: str
    reference: str
    graph: str
    differs: bool


@dataclass(frozen=True)
class Walk:
    """The values of the steps that a difference depends on, for its row, on both sides."""

    output: str
    column: str
    record: Mapping[str, Any]  # the raw row, JSON values
    rows: tuple[WalkRow, ...]
    against: str = REFERENCE  # who evaluated the steps


@dataclass(frozen=True)
class Check:
    """One kind of rows or one relation: how much was tried, how many rows disagree, how many both sides refuse."""

    name: str
    about: str
    rows: int
    values: int
    differing_rows: int
    refused_rows: int = 0
    against_reference: bool = True  # False for a relation of the graph with itself
    skipped: str | None = None  # why nothing was tried
    left: int = 0  # rows that were not tried because the budget of time was used up

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
    """Boundaries of one kind, such as edges or categories: how many were reached, out of how many.

    `total` counts all that exist, which may be more than are ever tried.
    """

    name: str
    tried: int
    total: int

    @property
    def is_whole(self) -> bool:
        return self.tried == self.total


@dataclass(frozen=True)
class Coverage:
    """Boundaries of one step: how many it has, and how many were reached from raw inputs.

    Of columns that are alike, such as the similarities to many points, raw inputs were searched for `columns_searched`,
    evenly spread; rows made for these and for other steps may reach boundaries of the others, too.
    """

    step: str
    op: str
    boundaries: int
    tried: int
    columns: int
    columns_reached: int
    columns_searched: int
    kinds: tuple[Kind, ...]
    degenerate: tuple[str, ...] = ()  # columns with the fallback for a missing statistic, or one equal to it

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


@dataclass(frozen=True)
class ByDesign:
    """Rows that the artifact refuses with this code although the oracle serves them, and may: not differences."""

    code: str
    rows: int


@dataclass(frozen=True)
class Met:
    """Rows of the user's data that a step serves, but turns into null, does not know, or clips; the first from 1."""

    kind: str  # null, unknown or clipped
    step: str
    column: str
    rows: int
    first_row: int


@dataclass(frozen=True)
class DataCounts:
    """The user's data: the number of rows, how many are refused, and what the steps do to the others."""

    rows: int
    refused: int
    met: tuple[Met, ...]


@dataclass(frozen=True, repr=False)
class Report(OneLine):
    """The complete result of `skc verify`."""

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
    model_matches_plan: bool | None = None  # None if nothing differs
    untried: tuple[str, ...] = ()  # what no row has covered
    refusals: tuple[Refusal, ...] = ()  # of the user's own rows
    data: DataCounts | None = None  # None if no data was passed
    warnings: tuple[Diagnostic, ...] = ()  # about what happens to every row of the data; an error if all are refused
    walks: tuple[Walk, ...] = ()  # of the first differences
    oracle: str = REFERENCE  # what the rows were compared with
    by_design: tuple[ByDesign, ...] = ()
    budget: float | None = None  # seconds that it could take, None if as long as it takes
    alone: Alone | None = None  # where the answer of the oracle about a row depends on the rows beside it

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """Problems that the user must fix, although nothing differs."""
        return tuple(warning for warning in self.warnings if warning.severity == "error")

    @property
    def is_equal(self) -> bool:
        return all(check.differing_rows == 0 for check in self.checks)

    @property
    def left(self) -> tuple[Check, ...]:
        """The checks of which the budget left rows out."""
        return tuple(check for check in self.checks if check.left)

    def to_json(self) -> dict[str, Any]:
        """All facts: `schemas/report.v1.schema.json`."""
        facts: dict[str, Any] = {"skc": "report", "format": FORMAT, "equal": self.is_equal, **asdict(self)}
        for difference in facts["differences"]:
            difference |= {"got": encoded(difference["got"]), "want": encoded(difference["want"])}
        for column in facts["columns"]:
            column["worst_error"] = encoded(column["worst_error"])
        if facts["alone"] is not None:
            facts["alone"]["worst_error"] = encoded(facts["alone"]["worst_error"])
        return facts

    def verdict(self) -> str:
        """The conclusion in one line."""
        rows = sum(check.rows for check in self.checks if check.against_reference)
        refused = sum(check.refused_rows for check in self.checks if check.against_reference)
        against = in_words(self.oracle)
        also = f", {refused:,} of them refused by both" if refused else ""
        also += "".join(f", {rows:,} by the artifact alone ({code})" for code, rows in map(astuple, self.by_design))
        extent = f"{count(rows, 'row')}{also}; {self.seconds:.1f} s, seed {self.seed}"
        if not self.is_equal:
            bad = ", ".join(check.name for check in self.checks if check.differing_rows)
            return f"NOT EQUAL: `{self.name}` differs from {against} in: {bad} ({extent})"
        if self.left and self.budget is not None:
            left = ", ".join(f"{check.left:,} of {check.name}" for check in self.left[:3])
            more = f" and {count(len(self.left) - 3, 'more check')}" if len(self.left) > 3 else ""
            rest = f"not tried within {self.budget:g} s: {left}{more}"
            return f"verified in part: `{self.name}` equals {against} ({extent}); {rest}"
        return f"verified: `{self.name}` equals {against} ({extent})"

    def walk_of(self, difference: Difference) -> Walk | None:
        """The walk of a difference, for those that have one."""
        place = (difference.output, difference.column, difference.record)
        return next((walk for walk in self.walks if (walk.output, walk.column, walk.record) == place), None)

    def first_differences(self) -> list[Difference]:
        """One difference of each kind in each output column."""
        firsts = {(d.output, d.column, d.kind): d for d in reversed(self.differences)}
        return [d for d in self.differences if firsts[d.output, d.column, d.kind] is d]
