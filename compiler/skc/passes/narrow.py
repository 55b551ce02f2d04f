"""Leave out the columns that some columns are not computed from, within steps too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from skc.infer import ColumnNames, column_groups, column_names
from skc.ir import Pipeline, Ref, Step
from skc.ops import OPS

Place = tuple[str, int]  # a value and a column of it
Moved = dict[str, dict[int, int]]  # where the columns of a value that are left are now


def narrow(pipeline: Pipeline, places: Sequence[Place]) -> tuple[Pipeline, list[Place]]:
    """Requires: a fitted pipeline whose steps are not fused. Ensures: each place has the same values, and no input,
    step or column is left that none of them needs. Features and outputs are left out.
    """
    names = column_names(pipeline)
    taken = _taken(pipeline, places, names)
    moved: Moved = {i.value: {0: 0} for i in pipeline.inputs}
    steps = []
    for step in pipeline.steps:
        if step.name in taken:
            steps.append(_narrowed(step, taken[step.name], names, moved))
    used = {ref.value for step in steps for ref in step.inputs} | {value for value, _ in places}
    inputs = tuple(i for i in pipeline.inputs if i.value in used)
    left = replace(pipeline, inputs=inputs, features=(), outputs=(), steps=()).with_steps(steps)
    return left, [(value, moved[value][column]) for value, column in places]


def _taken(pipeline: Pipeline, places: Sequence[Place], names: ColumnNames) -> Mapping[str, list[int]]:
    """For each step that is needed, those of its input columns that are."""
    needed: dict[str, set[int]] = {}
    for value, column in places:
        needed.setdefault(value, set()).add(column)
    taken: dict[str, list[int]] = {}
    for step in reversed(pipeline.steps):
        if step.name in needed:
            columns = _columns(step, names)
            taken[step.name] = list(range(len(columns)))
            if OPS[step.op].is_columnwise(step.params):
                groups = _groups(step, names)
                taken[step.name] = [k for k, group in enumerate(groups) if not needed[step.name].isdisjoint(group)]
            for k in taken[step.name]:
                needed.setdefault(columns[k][0], set()).add(columns[k][1])
    return taken


def _columns(step: Step, names: ColumnNames) -> list[Place]:
    """The input columns of a step, in order."""
    return [(ref.value, k) for ref in step.inputs for k in range(len(names[ref.value]))[slice(ref.start, ref.stop)]]


def _groups(step: Step, names: ColumnNames) -> list[range]:
    """The output columns of a step, by the input column that they come from."""
    groups, start = [], 0
    for group in column_groups(step, names):
        groups.append(range(start, start + len(group)))
        start += len(group)
    return groups


def _narrowed(step: Step, taken: Sequence[int], names: ColumnNames, moved: Moved) -> Step:
    """The step with some of its input columns; notes in `moved` where its columns are then."""
    columns = _columns(step, names)
    if len(taken) == len(columns):
        moved[step.name] = {k: k for k in range(len(names[step.name]))}
        return replace(step, inputs=tuple(_moved(ref, names, moved) for ref in step.inputs))
    left = [column for k in taken for column in _groups(step, names)[k]]
    moved[step.name] = {column: k for k, column in enumerate(left)}
    refs = tuple(_moved(Ref(value, k, k + 1), names, moved) for value, k in (columns[k] for k in taken))
    state = {f.name: tuple(getattr(step.state, f.name)[k] for k in taken) for f in fields(step.state)}
    return replace(step, inputs=refs, state=replace(step.state, **state))


def _moved(ref: Ref, names: ColumnNames, moved: Moved) -> Ref:
    """The same columns of a value, of which others may have been left out."""
    columns = range(len(names[ref.value]))[slice(ref.start, ref.stop)]
    start, width = moved[ref.value][columns[0]], len(moved[ref.value])
    return Ref(ref.value) if len(columns) == width else Ref(ref.value, start, start + len(columns))
