"""Windows and groups, each compared by itself: inputs, predictions, outputs, and what steps met."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from skc.ir import DriftScales, Scale
from skc.skew.effects import Effect, Tally
from skc.skew.judging import LEAST_ROWS, judge
from skc.skew.lineage import followed
from skc.skew.outputs import CountedStep
from skc.skew.parts import WHOLE, Part
from skc.skew.report import FOUND, PartColumn, PartDrift, Role
from skc.skew.steps import step_of
from skc.skew.watched import Watched


@dataclass(frozen=True)
class _Question:
    """A column of a part, and what is to be judged of it."""

    part: Part
    name: str
    role: Role
    inputs: tuple[str, ...]
    scales: Mapping[str, Scale] | None
    effects: Sequence[Effect]


def compared_parts(
    columns: Sequence[tuple[Watched, Mapping[Part, Tally]]],
    steps: Sequence[CountedStep],
    scales: DriftScales,
    rows: Mapping[Part, int],
    behind: Mapping[str, Sequence[str]],
) -> tuple[PartDrift, ...]:
    """Every window and group; one family of tests, so that many windows raise no more false alarms than one.

    Outputs and steps are listed where any part has a finding of theirs. `rows` has all parts in order, `behind` the
    steps that an output, and what a step met, is computed by.
    """
    parts = [part for part in rows if part != WHOLE]
    questions = [_of_column(watched, part, tallies[part]) for part in parts for watched, tallies in columns]
    questions += [_of_step(step, part, scales) for part in parts for step in steps]
    verdicts = judge([(question.scales, question.effects) for question in questions])
    judged = [PartColumn(q.name, q.role, verdict, q.inputs) for q, verdict in zip(questions, verdicts, strict=True)]
    shown = {one.name for one in judged if not one.is_computed or one.verdict in FOUND}
    by_part: dict[Part, list[PartColumn]] = {part: [] for part in parts}
    for question, one in zip(questions, judged, strict=True):
        if one.name in shown:
            by_part[question.part].append(one)
    return tuple(PartDrift(part.label, rows[part], _linked(by_part[part], behind)) for part in parts)


def _linked(columns: Sequence[PartColumn], behind: Mapping[str, Sequence[str]]) -> tuple[PartColumn, ...]:
    follows = followed(columns, behind)
    return tuple(replace(one, follows=follows.get(one.name, ())) if one.is_computed else one for one in columns)


def _of_column(watched: Watched, part: Part, tally: Tally) -> _Question:
    """Too few rows are too few for every test: none is computed."""
    effects = watched.compared(tally).effects if tally.rows >= LEAST_ROWS else ()
    return _Question(part, watched.name, watched.role, watched.inputs, watched.scales, effects)


def _of_step(counted: CountedStep, part: Part, scales: DriftScales) -> _Question:
    step = step_of(counted, scales, part)
    return _Question(part, step.name, "step", step.inputs, step.scales, step.compared.effects)
