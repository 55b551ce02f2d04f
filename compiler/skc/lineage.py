"""Where each output column comes from: the inputs, and the steps between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from skc.infer import ColumnNames, column_groups, column_names
from skc.ir import Pipeline, Ref, Step
from skc.op import is_shown
from skc.ops import OPS


@dataclass(frozen=True)
class Lineage:
    """The inputs that a column is computed from, and the steps on the way, both in the order of the pipeline.

    Only steps that a user sees are listed.
    """

    inputs: tuple[str, ...]
    steps: tuple[str, ...]


def lineages(pipeline: Pipeline) -> Mapping[str, tuple[Lineage, ...]]:
    """One for every column of every output of a fitted pipeline, by output."""
    names = column_names(pipeline)
    known: dict[str, tuple[Lineage, ...]] = {i.value: (Lineage((i.name,), ()),) for i in pipeline.inputs}
    order = {name: k for k, name in enumerate([*(i.name for i in pipeline.inputs), *(s.name for s in pipeline.steps)])}

    def of(ref: Ref) -> tuple[Lineage, ...]:
        return known[ref.value][ref.start : ref.stop]

    def joined(parts: tuple[Lineage, ...], step: Step) -> Lineage:
        own = (step.name,) if is_shown(OPS[step.op]) else ()
        inputs = {name for part in parts for name in part.inputs}
        steps = {name for part in parts for name in (*part.steps, *own)}
        return Lineage(tuple(sorted(inputs, key=order.__getitem__)), tuple(sorted(steps, key=order.__getitem__)))

    for step in pipeline.steps:
        below = tuple(lineage for ref in step.inputs for lineage in of(ref))
        groups = column_groups(step, names)
        if OPS[step.op].is_columnwise(step.params):
            traced = [(joined((lineage,), step), len(group)) for lineage, group in zip(below, groups, strict=True)]
        else:
            traced = [(joined(below, step), sum(map(len, groups)))]  # one, however many columns share it
        known[step.name] = tuple(lineage for lineage, width in traced for _ in range(width))
    return {output.name: tuple(lineage for ref in output.refs for lineage in of(ref)) for output in pipeline.outputs}


def column_inputs(
    pipeline: Pipeline, fitted: Sequence[Step], names: ColumnNames
) -> Mapping[str, tuple[frozenset[str], ...]]:
    """For every input and fitted step, the names of the inputs that each of its columns is computed from."""
    known: dict[str, tuple[frozenset[str], ...]] = {i.value: (frozenset([i.name]),) for i in pipeline.inputs}
    for step in fitted:
        below = [inputs for ref in step.inputs for inputs in known[ref.value][ref.start : ref.stop]]
        if OPS[step.op].is_columnwise(step.params):
            groups = zip(below, column_groups(step, names), strict=True)
            known[step.name] = tuple(inputs for inputs, group in groups for _ in group)
        else:
            known[step.name] = (frozenset[str]().union(*below),) * len(names[step.name])
    return known
