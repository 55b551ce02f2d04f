"""Rows of serving against what training froze."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from skc.data.engine import Column, Table
from skc.data.instants import check_timed
from skc.data.statistics import summarise
from skc.diagnostics import fail
from skc.ir import DriftScales
from skc.profile.document import by_name
from skc.profile.measure import moments
from skc.skew.ages import compared_ages, sought_moments
from skc.skew.counting import Bins, count
from skc.skew.divided import compared_parts
from skc.skew.effects import Tally
from skc.skew.excluded import excluded_share, where_of
from skc.skew.judging import LEAST_ROWS, judge
from skc.skew.lineage import linked
from skc.skew.log_plans import LogPlan
from skc.skew.outputs import CountedOutputs, FullColumns, count_outputs
from skc.skew.parts import WHOLE, Divide, Part, width_of
from skc.skew.prediction import Prediction
from skc.skew.reference import Reference
from skc.skew.report import ColumnDrift, DriftReport, broken
from skc.skew.rules import DriftRule
from skc.skew.serving import Served, open_served
from skc.skew.steps import StepDrift, step_of
from skc.skew.verdicts import Judged
from skc.skew.watched import NOTHING, Watched, watched_ages, watched_columns, watched_outputs
from skc.stats.requests import Mean, Variance

GROUPED = ("string", "int64", "bool", "date")


@dataclass(frozen=True)
class Division:
    """Which thresholds hold, and how the rows are divided: into windows of `window` by a column, and into groups."""

    scales: DriftScales
    window: str | None = None
    by: str | None = None
    group: str | None = None
    threads: int | None = None

    @property
    def others(self) -> tuple[str, ...]:
        """The columns that the rows are divided by."""
        return tuple(dict.fromkeys(name for name in (self.by, self.group) if name is not None))


def checked(report: DriftReport, rules: Sequence[DriftRule], *, strict: bool) -> DriftReport:
    """The report with what the rules do not allow. Raises SKC622 for too few rows to tell, if `strict`."""
    untold = [column.name for column in report.columns if column.verdict == "too few rows"]
    if strict and untold:
        names = ", ".join(f"`{name}`" for name in untold[:5]) + (" …" if len(untold) > 5 else "")
        hint = f"compare at least {LEAST_ROWS} rows with at least as many, or leave out --strict"
        raise fail("SKC622", f"too few rows to say that {names} did not drift", hint=hint, notes=[report.verdict()])
    return replace(report, rules=tuple(rules), broken=broken(rules, report))


def drift(
    reference: Reference, data: Any, division: Division, prediction: Prediction | None = None, *, own_plan: bool = False
) -> DriftReport:
    """Compare rows with a reference, and a column of predictions with its own; of a log, if `own_plan`, only the
    requests that the artifact served.

    Raises SKC200 to SKC206, SKC220 to SKC226, SKC601 to SKC604, SKC623 to SKC625.
    """
    predicted = None if prediction is None else prediction.input
    _check_prediction(reference, prediction)
    watched = {w.name: w for w in watched_columns(reference, division.scales, prediction)}
    plan = LogPlan(reference.plan, own_plan)
    how = division.others, reference.reading, division.threads, plan, predicted, where_of(reference)
    full = () if reference.profile.outputs is None else reference.outputs
    with open_served(data, reference.inputs, *how, full, sought_moments(reference)) as served:
        columns = _columns(served, reference)
        there = [watched[name] for name in columns if name in watched]
        divide = _divide(served, division)
        tallies = count(served.data, [Bins(columns[w.name], w.profile) for w in there], divide)
        known = _moments(served.data, {w.name: columns[w.name] for w in there if w.has_moments})
        rows = served.data.count()
        outputs = _outputs(served, reference, divide)
        ages = compared_ages(served, reference, columns, divide, division.scales)
    refused = {} if served.requests is None else {w.name: served.refused.get(w.name, 0) for w in there}
    aged = watched_ages(reference, ages.columns, division.scales)
    computed = watched_outputs(reference, outputs.columns, division.scales)
    both: list[tuple[Watched, Mapping[Part, Tally]]]
    both = [(w, {part: row[k] for part, row in tallies.items()}) for k, w in enumerate(there)]
    both += zip(aged, (one.tallies for one in ages.columns), strict=True)
    both += zip(computed, (one.tallies for one in outputs.columns), strict=True)
    met = [one for one in outputs.steps if one.kind.kind != "null"]
    share = excluded_share(reference, rows, served.selected, division.scales)
    steps = [*([] if share is None else [share]), *(step_of(one, division.scales) for one in met)]
    whole = [(w, of_part[WHOLE]) for w, of_part in both]
    answers = _judged(whole, known, refused, served.requests or 0, steps)
    judged = dict(zip((w.name for w in there), answers[: len(there)], strict=True))
    own = [judged.get(name) or _missing(w, served.hidden) for name, w in watched.items()]
    behind: dict[str, Sequence[str]] = {step.name: [step.step] for step in steps}
    behind |= {w.name: w.computed.steps for w in computed if w.computed is not None}
    return DriftReport(
        reference.name,
        reference.plan,
        reference.profile.of,
        reference.profile.rows,
        rows,
        tuple(linked(_with_before(own, reference), answers[len(there) :], behind)),
        compared_parts(both, met, division.scales, _rows_of(tallies, both), behind),
        _not_computed(reference, computed),
        ages.moments,
        ages.others,
        None if served.full is None else served.full.count,
        plan.left_out,
        None if served.unread is None else served.unread.text or None,
    )


def _with_before(columns: Sequence[ColumnDrift], reference: Reference) -> list[ColumnDrift]:
    """Inputs with what they were before `where`."""
    before = reference.profile.before
    if before is None:
        return list(columns)
    known = {one.name: one for one in before.columns}
    return [
        replace(one, before=known.get(one.name), rows_before=before.rows) if one.role == "input" else one
        for one in columns
    ]


def _rows_of(
    tallies: Mapping[Part, Sequence[Tally]], both: Sequence[tuple[Watched, Mapping[Part, Tally]]]
) -> dict[Part, int]:
    """The rows of each part, in order; where a log hides every input, those that have outputs."""
    if not both or any(tallies.values()):
        return {part: row[0].rows if row else 0 for part, row in tallies.items()}
    return {part: tally.rows for part, tally in both[0][1].items()}


def _outputs(served: Served, reference: Reference, divide: Divide) -> CountedOutputs:
    """The output columns that were served, or can be computed from the inputs that there are."""
    if reference.pipeline is None or reference.profile.outputs is None:
        return CountedOutputs()
    available = {i.name for i in served.present}
    full = None
    if served.full is not None:
        columns = {label: served.others[name] for label, name in served.full.names.items()}
        full = FullColumns(served.others[served.full.marker], columns)
    return count_outputs(served.data, reference.pipeline, reference.profile.outputs, available, divide, full)


def _not_computed(reference: Reference, computed: Sequence[Watched]) -> tuple[str, ...]:
    outputs = reference.profile.outputs
    there = {w.name for w in computed}
    return () if outputs is None else tuple(one.label for one in outputs.columns if one.label not in there)


def _check_prediction(reference: Reference, prediction: Prediction | None) -> None:
    if prediction is not None and prediction.column.name in by_name(reference.profile):
        name = prediction.column.name
        message = f"`{name}` is an input, and so compared without --prediction"
        raise fail("SKC140", message, hint="name the column of predictions")


def _columns(served: Served, reference: Reference) -> dict[str, Column]:
    """Every column that there is, as fitting saw it."""
    return {
        i.name: Column(i.name, i.dtype, f"column `{i.name}`", None, reference.sentinels.get(i.name, ()))
        for i in served.present
    }


def _divide(served: Served, division: Division) -> Divide:
    by = None if division.by is None else served.others[division.by]
    group = None if division.group is None else served.others[division.group]
    if by is not None:
        check_timed(by)
    if group is not None and group.dtype not in GROUPED:
        hint = f"name a column of {', '.join(GROUPED)}"
        raise fail("SKC623", f"{group.label} is {group.dtype}, which makes no groups", hint=hint)
    return Divide(by, 0 if division.window is None else width_of(division.window), group)


def _moments(table: Table, columns: Mapping[str, Column]) -> dict[str, tuple[float | None, float | None]]:
    """The mean and the deviation of columns of numbers, from exact sums."""
    known = summarise(table, columns)
    some = {name: column for name, column in columns.items() if known[name].count}
    answers = moments(table, some, known)
    return {name: (answers[name].get(Mean()), _root(answers[name].get(Variance()))) for name in some}


def _root(variance: float | None) -> float | None:
    return None if variance is None else float(variance**0.5)


def _judged(
    both: Sequence[tuple[Watched, Tally]],
    known: Mapping[str, tuple[float | None, float | None]],
    refused: Mapping[str, int],
    requests: int,
    steps: Sequence[StepDrift],
) -> list[ColumnDrift]:
    """Judge all columns together, and what steps met."""
    compared = [
        w.compared(tally, NOTHING if w.computed else known.get(w.name, NOTHING), is_whole=True).with_refused(
            None if w.computed else refused.get(w.name), requests, w.rows
        )
        for w, tally in both
    ]
    of_columns = [(w.scales, c.effects) for (w, _), c in zip(both, compared, strict=True)]
    judged = judge([*of_columns, *((step.scales, step.compared.effects) for step in steps)])
    columns = [
        ColumnDrift(w.name, w.profile.dtype, w.role, w.profile.nulls, tally, c, verdict, w.inputs)
        for (w, tally), c, verdict in zip(both, compared, judged[: len(both)], strict=True)
    ]
    return [*columns, *(step.judged(verdict) for step, verdict in zip(steps, judged[len(both) :], strict=True))]


def _missing(watched: Watched, hidden: Collection[str]) -> ColumnDrift:
    """A column that no row has; a log may leave it out on purpose."""
    is_ignored = watched.scales is None or watched.profile.name in hidden
    verdict = Judged("not watched" if is_ignored else "severe", (), {})
    profile = watched.profile
    return ColumnDrift(profile.name, profile.dtype, watched.role, profile.nulls, None, None, verdict)
