"""The result of comparing rows with a profile: columns, their findings, windows and groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from skc.profile.document import InputBefore
from skc.skew.effects import Bar, Compared, Effect, Tally
from skc.skew.log_plans import OtherPlan
from skc.skew.rules import DriftRule
from skc.skew.verdicts import OF_DISTRIBUTIONS, VERDICTS, Finding, Judged, Verdict
from skc.verification.shown import OneLine, count, json_values, shortened
from skc_runtime.kinds import DType

FORMAT = 1
FEW = 3  # names in one line
SIDES = ("training", "serving")
FOUND: tuple[Verdict, ...] = ("minor", "moderate", "severe")
Role = Literal["input", "age", "where", "step", "output", "prediction"]
Reason = Literal["not-frozen", "no-values", "local-time", "no-moment", "hidden", "missing"]
COMPUTED: tuple[Role, ...] = ("age", "where", "step", "output")


@dataclass(frozen=True)
class ColumnDrift:
    """A column of the profile. `tally` and `compared` are None if serving does not have it at all.

    An output, what a step met, and ages are computed from `inputs`. If some of these drifted, it `follows` them, or
    else their ages, or the steps before it that did: they and it are one finding, which is theirs, and `followers` are
    those of a column.
    `before` is an input over the `rows_before` rows that `where` of training selected from.
    """

    name: str
    dtype: DType
    role: Role
    reference_nulls: int
    tally: Tally | None
    compared: Compared | None
    judged: Judged
    inputs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()
    followers: tuple[tuple[str, Verdict], ...] = ()
    before: InputBefore | None = None
    rows_before: int = 0

    @property
    def verdict(self) -> Verdict:
        return self.judged.verdict

    @property
    def worst(self) -> Verdict:
        """The worst verdict of the finding: on the column, or on an output that follows it."""
        return worst([self.verdict, *(verdict for _, verdict in self.followers)])

    @property
    def is_computed(self) -> bool:
        """Whether it is not in the rows."""
        return self.role in COMPUTED

    @property
    def is_missing(self) -> bool:
        """Whether no row has such a column."""
        return self.tally is None

    @property
    def is_found(self) -> bool:
        """Whether there is a finding, and not only that of an input before it."""
        return self.verdict in FOUND and not self.follows

    @property
    def text(self) -> str:
        """The finding in one sentence; empty if there is none."""
        if self.is_missing:
            return "the column is missing"
        findings = self.judged.findings
        others = [f for f in findings[1:] if f.effect.measure not in OF_DISTRIBUTIONS]
        return "; ".join(finding.text for finding in [*findings[:1], *others[:1]])


@dataclass(frozen=True)
class NotCompared:
    """An input whose ages are not compared, and why."""

    name: str
    reason: Reason
    text: str


@dataclass(frozen=True)
class PartColumn:
    """A column of a window or a group: see `ColumnDrift`."""

    name: str
    role: Role
    judged: Judged
    inputs: tuple[str, ...] = ()
    follows: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        return self.judged.verdict

    @property
    def is_computed(self) -> bool:
        """Whether it is not in the rows."""
        return self.role in COMPUTED

    @property
    def is_found(self) -> bool:
        """Whether there is a finding, and not only that of a column before it."""
        return self.verdict in FOUND and not self.follows


@dataclass(frozen=True)
class PartDrift:
    """A window or a group: its rows, and its columns; of what is computed those with a finding in any part."""

    label: str
    rows: int
    columns: tuple[PartColumn, ...]

    @property
    def verdict(self) -> Verdict:
        return worst([column.verdict for column in self.columns])

    @property
    def found(self) -> tuple[str, ...]:
        """The columns with a finding."""
        return tuple(column.name for column in self.columns if column.is_found)

    def worst_of(self, column: PartColumn) -> Verdict:
        """The worst verdict of a finding: on the column, or on one that follows it."""
        return worst([column.verdict, *(one.verdict for one in self.columns if column.name in one.follows)])


@dataclass(frozen=True, repr=False)
class DriftReport(OneLine):
    """Rows of serving compared with what was frozen at training."""

    name: str
    plan: str  # hash; empty where a profile alone is compared with
    reference: str  # "training", "sample" or "table"
    reference_rows: int
    rows: int
    columns: tuple[ColumnDrift, ...]
    parts: tuple[PartDrift, ...] = ()
    not_computed: tuple[str, ...] = ()  # outputs of the profile that lack an input
    age_moments: tuple[str, str] | None = None  # the columns that ages are measured from, in training and in serving
    ages_not_compared: tuple[NotCompared, ...] = ()
    outputs_served: int | None = None  # requests of which the log has them in full; None if it has none
    left_out: tuple[OtherPlan, ...] = ()  # by --own-plan
    unread: str | None = None  # what could not be read of a log
    rules: tuple[DriftRule, ...] = ()  # of --fail-on
    broken: tuple[str, ...] = ()  # what they do not allow

    @property
    def found(self) -> tuple[ColumnDrift, ...]:
        """The columns with a finding, the worst first."""
        return tuple(sorted((c for c in self.columns if c.is_found), key=lambda c: -VERDICTS.index(c.worst)))

    @property
    def watched(self) -> int:
        return sum(column.verdict != "not watched" and column.role not in ("where", "step") for column in self.columns)

    @property
    def computed(self) -> tuple[ColumnDrift, ...]:
        """The columns that are computed, and what steps met on the way."""
        return tuple(column for column in self.columns if column.is_computed)

    @property
    def is_drifted(self) -> bool:
        """Whether there is any finding, in all rows or in a part of them."""
        return bool(self.found) or any(part.found for part in self.parts)

    @property
    def is_refused(self) -> bool:
        """Whether the rules do not allow it; without rules, any finding."""
        return bool(self.broken) if self.rules else self.is_drifted

    def fails(self, verdict: Verdict) -> bool:
        """Whether the rules do not allow a column, a window or a group of that verdict; without rules, any finding."""
        levels = [rule.level for rule in self.rules if rule.level is not None] if self.rules else ["minor"]
        return any(VERDICTS.index(verdict) >= VERDICTS.index(level) for level in levels)

    @property
    def is_too_few(self) -> bool:
        """Whether no column has enough rows to tell."""
        verdicts = {column.verdict for column in self.columns} - {"not watched"}
        return verdicts == {"too few rows"}

    def verdict(self) -> str:
        """One line."""
        about = f"{count(self.rows, 'row')} compared with {self.reference_rows:,} of `{self.name}`"
        if self.found:
            level = self.found[0].worst
            names = _first([f"`{column.name}`" for column in self.found])
            return f"drift ({level}) in {len(self.found)} of {count(self.watched, 'column')} ({names}): {about}"
        drifted = [part.label for part in self.parts if part.found]
        if drifted:
            return f"no drift in all rows together, but in {_first(drifted)}: {about}"
        if self.is_too_few:
            return f"too few rows to tell: {about}"
        return f"no drift in {count(self.watched, 'column')}: {about}"

    def to_json(self) -> dict[str, Any]:
        """All facts, as schemas/skew-report.v1.schema.json says."""
        facts: dict[str, Any] = json_values(
            {
                "skc": "drift",
                "format": FORMAT,
                "name": self.name,
                "plan": self.plan or None,
                "reference": self.reference,
                "reference_rows": self.reference_rows,
                "rows": self.rows,
                "verdict": worst([column.verdict for column in self.columns]),
                "columns": [_column_to_json(column) for column in self.columns],
                "not_computed": list(self.not_computed),
                "age_moments": None if self.age_moments is None else dict(zip(SIDES, self.age_moments, strict=True)),
                "ages_not_compared": [asdict(one) for one in self.ages_not_compared],
                "outputs_served": self.outputs_served,
                "left_out": [asdict(one) for one in self.left_out],
                "unread": self.unread,
                "parts": [_part_to_json(part) for part in self.parts],
                "broken": list(self.broken),
            }
        )
        return facts


def _first(names: Sequence[str]) -> str:
    """The first few, each of them short."""
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return ", ".join(shortened(name) for name in names[:FEW]) + more


def worst(verdicts: Sequence[Verdict]) -> Verdict:
    """The worst of some verdicts."""
    return max(verdicts, key=VERDICTS.index, default="not watched")


def _column_to_json(column: ColumnDrift) -> dict[str, Any]:
    compared = column.compared
    return {
        "name": column.name,
        "type": column.dtype,
        "role": column.role,
        "verdict": column.verdict,
        "missing": column.is_missing,
        "inputs": list(column.inputs),
        "follows": list(column.follows),
        "findings": [_finding_to_json(finding) for finding in column.judged.findings],
        "reference_nulls": column.reference_nulls,
        "before_where": _before_to_json(column),
        "nulls": None if column.tally is None else column.tally.nulls,
        "values": None if column.tally is None else column.tally.values,
        "measures": [] if compared is None else [_effect_to_json(e, column.judged) for e in compared.effects],
        "statistics": None if compared is None else asdict(compared.statistics),
        "bars": [] if compared is None else [_bar_to_json(bar) for bar in compared.bars],
        "moved": [] if compared is None else [_bar_to_json(bar) for bar in compared.moved],
    }


def _before_to_json(column: ColumnDrift) -> dict[str, Any] | None:
    one = column.before
    if one is None:
        return None
    infinite = None if one.infinite is None else sum(one.infinite)
    return {"rows": column.rows_before, "nulls": one.nulls, "zeros": one.zeros, "infinite": infinite}


def _effect_to_json(effect: Effect, judged: Judged) -> dict[str, Any]:
    return {
        "measure": effect.measure,
        "value": effect.value,
        "p": effect.p,
        "adjusted_p": judged.adjusted.get(effect.measure),
        "rows": effect.rows,
        "reference_rows": effect.reference,
        "before": effect.before,
        "after": effect.after,
    }


def _bar_to_json(bar: Bar) -> dict[str, Any]:
    return {"label": bar.label, "training": bar.training, "serving": bar.serving}


def _finding_to_json(finding: Finding) -> dict[str, Any]:
    return {
        "measure": finding.effect.measure,
        "level": finding.level,
        "value": finding.effect.value,
        "threshold": finding.reached,
        "adjusted_p": finding.adjusted_p,
        "text": finding.text,
    }


def _part_to_json(part: PartDrift) -> dict[str, Any]:
    columns = [
        {
            "name": column.name,
            "role": column.role,
            "verdict": column.verdict,
            "follows": list(column.follows),
            "findings": [_finding_to_json(finding) for finding in column.judged.findings],
        }
        for column in part.columns
    ]
    return {"label": part.label, "rows": part.rows, "verdict": part.verdict, "columns": columns}


def broken(rules: Sequence[DriftRule], report: DriftReport) -> tuple[str, ...]:
    """What the rules do not allow, in words."""
    return tuple(message for rule in rules for message in _broken(rule, report))


def _broken(rule: DriftRule, report: DriftReport) -> Iterator[str]:
    if rule.limit is not None:
        n, watched = _drifted_shares(report)
        share = n / watched if watched else 0.0
        if share > rule.limit:
            yield f"{rule.text}: {n} of {count(watched, 'column')} ({share:.0%})"
        return
    assert rule.level is not None
    least = VERDICTS.index(rule.level)
    for column in report.found:
        if VERDICTS.index(column.worst) >= least:
            yield f"{rule.text}: {column.name}: {column.text}"
    for part in report.parts:
        for one in part.columns:
            if one.is_found and VERDICTS.index(part.worst_of(one)) >= least:
                yield f"{rule.text}: {part.label}: {one.name}: {one.judged.findings[0].text}"


def _drifted_shares(report: DriftReport) -> tuple[int, int]:
    """How many columns that rows have drifted, and how many are watched: outputs only say the same again."""
    columns = [column for column in report.columns if not column.is_computed and column.verdict != "not watched"]
    return sum(column.is_found for column in columns), len(columns)
