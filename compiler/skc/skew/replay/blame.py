"""Which step made a difference: by the lineage of the columns that differ, and of those that do not.

Why by lineage: what a service computed between its request and its features is not in a log. If the artifact's own
graph is wrong in a step, `skc.blame` sees it; otherwise the reason of a difference says where it lies; without one, a
step on which a column without differences depends too was right, and the first other one can be at fault.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from skc.infer import ColumnNames, column_groups, column_names
from skc.ir import Pipeline, Step
from skc.op import is_shown
from skc.ops import OPS
from skc.skew.replay.reason import Reason

Node = tuple[str, int]  # a step, and its input column (0 for a step that combines its columns)
Place = tuple[str, int]  # an output, and the index of a column


def first_suspect(pipeline: Pipeline, place: Place, agreeing: Collection[Place]) -> str | None:
    """The first step behind a column that no agreeing column depends on; None if there is none."""
    cleared: set[Node] = set()
    for one in agreeing:
        cleared |= behind(pipeline, one)
    suspects = {step for step, _ in behind(pipeline, place) - cleared}
    return next((s.name for s in pipeline.steps if s.name in suspects and is_shown(OPS[s.op])), None)


def step_of(reason: Reason, made_by: Sequence[str]) -> str | None:
    """The step from which on a column is what a reason says: the first that takes the value it is about, or the one
    after the step whose value was served; None if it is about the feature itself.
    """
    names = [str(value).split(": ")[0] for value in reason.parameters.values()]
    if "in" in reason.parameters:
        place = str(reason.parameters["in"]).split(": ")[0]
        later = made_by[made_by.index(place) + 1 :] if place in made_by else made_by
        return later[0] if later else None
    if reason.kind == "time":
        return made_by[0] if made_by else None
    skipped = [made_by[made_by.index(name) + 1 :] for name in names if name in made_by]
    return skipped[0][0] if skipped and skipped[0] else None


def behind(pipeline: Pipeline, place: Place) -> set[Node]:
    """The steps that an output column depends on, column by column."""
    names, steps = column_names(pipeline), {step.name: step for step in pipeline.steps}
    return {
        (value, _group(steps[value], column, names)) for value, column in made_of(pipeline, place) if value in steps
    }


def made_of(pipeline: Pipeline, place: Place) -> set[tuple[str, int]]:
    """The columns of inputs and steps that an output column is made of, as a value and the index of its column."""
    names, steps = column_names(pipeline), {step.name: step for step in pipeline.steps}
    output, k = place
    refs = next(o.refs for o in pipeline.outputs if o.name == output)
    origins: set[tuple[str, int]] = set()
    waiting = [[(ref.value, c) for ref in refs for c in _columns(ref.start, ref.stop, len(names[ref.value]))][k]]
    while waiting:
        value, column = waiting.pop()
        if (value, column) in origins:
            continue
        origins.add((value, column))
        if value in steps:
            step = steps[value]
            sources = [(r.value, c) for r in step.inputs for c in _columns(r.start, r.stop, len(names[r.value]))]
            is_columnwise = OPS[step.op].is_columnwise(step.params)
            waiting += [sources[_group(step, column, names)]] if is_columnwise else sources
    return origins


def _group(step: Step, column: int, names: ColumnNames) -> int:
    """The input column of a step that one of its columns comes from; 0 if it combines them."""
    if not OPS[step.op].is_columnwise(step.params):
        return 0
    return [g for g, columns in enumerate(column_groups(step, names)) for _ in columns][column]


def _columns(start: int | None, stop: int | None, width: int) -> range:
    return range(*slice(start, stop).indices(width))
