"""The columns of a report: how many rows differ, by how much, from which step on, and why."""

from __future__ import annotations

from collections.abc import Sequence

from skc.artifact import Artifact
from skc.blame.localise import makers_of
from skc.equality.tally import ColumnReport
from skc.op import is_shown
from skc.ops import OPS
from skc.skew.replay.blame import first_suspect, step_of
from skc.skew.replay.reason import reason_of
from skc.skew.replay.report import ColumnReplay
from skc.skew.replay.served import OutputTally, ServedComparison
from skc.skew.replay.shown import MOST_EXAMPLES, Shower
from skc.skew.replay.why import Explainer


def columns_of_report(artifact: Artifact, comparison: ServedComparison, shower: Shower) -> tuple[ColumnReplay, ...]:
    """Every column that was compared by value, in the manifest's order."""
    counted = {(one.output, one.column): one for one in comparison.values.columns()}
    tallies = comparison.tally.outputs
    explainer = Explainer(shower, comparison.tally.seen.items)
    compared = [
        (tally, k, counted[name, column])
        for name, tally in tallies.items()
        for k, column in enumerate(tally.spec.columns)
        if tally.compared[k]
    ]
    agreeing = [(one.output, k) for _, k, one in compared if not one.differing_rows]
    return tuple(
        _differing(tally, k, one, agreeing, shower, explainer)
        if one.differing_rows
        else ColumnReplay(one.output, one.column, int(tally.compared[k]), 0, one.worst_ulp)
        for tally, k, one in compared
    )


def _differing(
    tally: OutputTally,
    k: int,
    counted: ColumnReport,
    agreeing: Sequence[tuple[str, int]],
    shower: Shower,
    explainer: Explainer,
) -> ColumnReplay:
    rows, pipeline = tally.columns[k].items, shower.pipeline
    looked_at = len(rows) if explainer.left else 0
    reason = reason_of(explainer.explain(tally.spec, k, rows)) if looked_at else None
    makers = [pipeline.step(step) for step in makers_of(pipeline, counted.output, k)]
    made_by = tuple(one.name for one in makers if is_shown(OPS[one.op]))
    step = shower.wrong_step(counted.output, k, rows[0])
    if step is None and reason is not None:
        step = step_of(reason, made_by)
    elif step is None:
        step = first_suspect(pipeline, (counted.output, k), agreeing)
    return ColumnReplay(
        counted.output,
        counted.column,
        int(tally.compared[k]),
        counted.differing_rows,
        counted.worst_ulp,
        looked_at,
        reason,
        step,
        made_by,
        tuple(shower.example(row) for row in rows[:MOST_EXAMPLES]),
    )
