"""Which step made a difference: by the lineage of the columns that differ, and of those that do not.

Why by lineage: what a service computed between its request and its features is not in a log. If the artifact's own
graph is wrong in a step, `skc.blame` sees it; otherwise a step on which a column without differences depends too was
right, and the first on which no such column depends is the first that can be at fault.
"""

from __future__ import annotations

from collections.abc import Collection

from skc.infer import column_groups, column_names
from skc.ir import Pipeline
from skc.op import is_shown
from skc.ops import OPS

Node = tuple[str, int]  # a step, and its input column (0 for a step that combines its columns)
Place = tuple[str, int]  # an output, and the index of a column


def first_suspect(pipeline: Pipeline, place: Place, agreeing: Collection[Place]) -> str | None:
    """The first step behind a column that no agreeing column depends on; None if there is none."""
    cleared: set[Node] = set()
    for one in agreeing:
        cleared |= behind(pipeline, one)
    suspects = {step for step, _ in behind(pipeline, place) - cleared}
    return next((s.name for s in pipeline.steps if s.name in suspects and is_shown(OPS[s.op])), None)


def behind(pipeline: Pipeline, place: Place) -> set[Node]:
    """The steps that an output column depends on, column by column."""
    names, steps = column_names(pipeline), {step.name: step for step in pipeline.steps}
    output, k = place
    refs = next(o.refs for o in pipeline.outputs if o.name == output)
    sources = [(ref.value, c) for ref in refs for c in _columns(ref.start, ref.stop, len(names[ref.value]))]
    nodes: set[Node] = set()
    open_columns = [sources[k]]
    while open_columns:
        value, column = open_columns.pop()
        if value not in steps:
            continue
        step = steps[value]
        sources = [(r.value, c) for r in step.inputs for c in _columns(r.start, r.stop, len(names[r.value]))]
        group = 0
        if OPS[step.op].is_columnwise(step.params):
            groups = column_groups(step, names)
            group = [g for g, columns in enumerate(groups) for _ in columns][column]
            sources = [sources[group]]
        if (value, group) not in nodes:
            nodes.add((value, group))
            open_columns += sources
    return nodes


def _columns(start: int | None, stop: int | None, width: int) -> range:
    return range(*slice(start, stop).indices(width))
