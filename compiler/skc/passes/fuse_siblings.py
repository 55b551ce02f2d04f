"""Merge steps that apply the same op with the same parameters to different columns into one step over one block.

Why: a single-row request pays about 0.4 µs for every node of the graph, so 26 vocabularies as 26 subgraphs
cost 26 times what one over 26 columns does. A pipeline written column by column must not be slower than one
written in blocks.

Siblings are at the same depth (longest path from the inputs), so none can depend on another. A `source` step on
an input does not count towards the depth, so that columns with and without one can be fused. Columns are
siblings only if their types are equal in every respect (null and exact too), so that each keeps its type, and no op
can refuse after fusing what it accepted before. Members are ordered by the position of their inputs, so that columns
that are adjacent before a step stay adjacent after it and need no Gather.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from typing import Any

from skc.infer import ColumnNames, Types, column_names, step_input_types, value_types
from skc.ir import Pipeline, Ref, Step
from skc.ops import OPS

Places = dict[str, tuple[str, int]]  # an old value -> the value that contains it now, and its first column there


def fuse_siblings(pipeline: Pipeline) -> Pipeline:
    """Requires: a fitted pipeline. Ensures: the same outputs; features still refer to the same columns."""
    types, names = value_types(pipeline), column_names(pipeline)
    places: Places = {value.value: (value.value, 0) for value in pipeline.inputs}
    order: dict[str, int] = {value: i for i, value in enumerate(places)}
    steps: list[Step] = []
    for members in _sibling_groups(pipeline, types):
        moved = [replace(step, inputs=_rewrite(step.inputs, places, names)) for step in members]
        moved.sort(key=lambda step: [(order[ref.value], ref.start or 0) for ref in step.inputs])
        fused = fuse(moved, names)
        _place(moved, fused, names, places)
        order[fused.name] = len(order)
        steps.append(fused)
    outputs = tuple(replace(o, refs=_rewrite(o.refs, places, names)) for o in pipeline.outputs)
    return replace(pipeline, features=(), outputs=outputs, steps=()).with_steps(steps)


def _sibling_groups(pipeline: Pipeline, types: Types) -> Iterator[list[Step]]:
    """Groups of fusable steps, by ascending depth; within one depth in the order they were written in."""
    depth = {value.value: 0 for value in pipeline.inputs}
    raw = frozenset(depth)
    groups: dict[tuple[Any, ...], list[Step]] = {}
    for step in pipeline.steps:
        is_source = OPS[step.op].internal and all(ref.value in raw for ref in step.inputs)
        depth[step.name] = max(depth[ref.value] for ref in step.inputs) + (0 if is_source else 1)
        groups.setdefault((depth[step.name], *sibling_key(step, types)), []).append(step)
    yield from (groups[key] for key in sorted(groups, key=lambda key: key[0]))


def sibling_key(step: Step, types: Types) -> tuple[Any, ...]:
    """Equal for steps that can be one step, wherever they are in the pipeline."""
    op = OPS[step.op]
    if not op.is_columnwise(step.params):
        return (step.name,)
    (x,) = step_input_types(step, types)
    return (step.op, repr(step.params), x.dtype, x.nullable, x.exact)


def fuse(members: Sequence[Step], names: ColumnNames) -> Step:
    """Steps of one `sibling_key` as one step. Its name, `FIRST+2`, says how many other steps are in it; no unfused step
    has such a name.
    """
    first = members[0]
    if len(members) == 1:
        return first
    states = [step.state for step in members]
    merged = {f.name: tuple(item for state in states for item in getattr(state, f.name)) for f in fields(first.state)}
    return replace(
        first,
        name=f"{first.name}+{len(members) - 1}",
        inputs=tuple(ref for step in members for ref in step.inputs),
        state=type(first.state)(**merged),
        origins=tuple(step.name for step in members for _ in range(_input_width(step, names))),
    )


def _input_width(step: Step, names: ColumnNames) -> int:
    widths = [len(names[ref.value]) if ref.start is None else (ref.stop or 0) - ref.start for ref in step.inputs]
    return sum(widths)


def _place(members: Sequence[Step], fused: Step, names: ColumnNames, places: Places) -> None:
    start = 0
    for step in members:
        places[step.name] = (fused.name, start)
        start += len(names[step.name])


def _rewrite(refs: Sequence[Ref], places: Places, names: ColumnNames) -> tuple[Ref, ...]:
    moved = []
    for ref in refs:
        value, offset = places[ref.value]
        start, stop = (0, len(names[ref.value])) if ref.start is None else (ref.start, ref.stop or 0)
        moved.append(Ref(value, offset + start, offset + stop))
    return tuple(moved)
