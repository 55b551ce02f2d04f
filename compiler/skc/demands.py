"""What fitting asks of the training rows, as far as it is known before any of them is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from skc.data.engine import Column
from skc.diagnostics import bug
from skc.infer import Types, needs_target, step_input_types, value_types
from skc.ir import SOURCE, DataSource, Input, Pipeline, Ref, Step
from skc.ops import OPS
from skc.stats.requests import (
    ByTarget,
    Count,
    Covariance,
    Levels,
    Max,
    Mean,
    Min,
    NullCount,
    Quantiles,
    Stat,
    ValueCounts,
    Variance,
)

STATISTICS: Mapping[type[Stat], str] = {  # as messages call them
    Count: "count",
    NullCount: "number of nulls",
    Min: "minimum",
    Max: "maximum",
    Mean: "mean",
    Variance: "variance",
    Quantiles: "quantiles",
    ValueCounts: "counts of values",
    Covariance: "covariances",
    ByTarget: "target by value",
    Levels: "levels",
}
ADDED = (Count, NullCount, Min, Max, Mean)  # those of some rows are enough for those of all


@dataclass(frozen=True)
class Use:
    """A statistic that a step needs."""

    step: str
    statistic: str


@dataclass
class Demands:
    """What can be asked: means of columns that are read in place, and of other statistics the inputs, by name, whose
    values they are computed from together, with what needs them.
    """

    means: dict[Column, None] = field(default_factory=dict)
    together: dict[tuple[str, ...], dict[Use, None]] = field(default_factory=dict)


def key_of(value: str, column: int) -> str:
    """A column of a value."""
    return f"{value}[{column}]"


def requests_of(step: Step, types: Types) -> tuple[Stat, ...]:
    """The statistics that a step needs of every input column."""
    return OPS[step.op].needs(step.params, *step_input_types(step, types))


def with_target(pipeline: Pipeline, types: Types, declared: DataSource) -> tuple[Pipeline, Input | None]:
    """The pipeline with the target among its inputs, if a step learns from it: no step has it as its input."""
    if not any(step.state is None and needs_target(step, types) for step in pipeline.steps):
        return pipeline, None
    target = declared.target or (pipeline.data.target if pipeline.data else None)
    if target is None:
        raise bug("a step learns from a target that is not declared")
    return replace(pipeline, inputs=(*pipeline.inputs, target)), target


def columns_in_place(steps: Sequence[Step], inputs: Sequence[Input]) -> dict[str, Column]:
    """What an engine can read without the graph, by key: the inputs, and those whose sentinels are null."""
    columns = {key_of(i.value, 0): Column(i.name, i.dtype, f"column `{i.name}`", i.span) for i in inputs}
    for step in steps:
        below = columns.get(key_of(step.inputs[0].value, 0))
        if step.op == SOURCE and below is not None:
            columns[key_of(step.name, 0)] = replace(below, null_values=tuple(step.params.null_values))
    return columns


def promised(steps: Sequence[Step], inputs: Sequence[Input]) -> dict[str, str]:
    """For each input the column that its contract is about: that after its `source` step, where sentinels are null."""
    behind = {step.inputs[0].value: step.name for step in reversed(steps) if step.op == SOURCE}
    return {i.name: key_of(behind.get(i.value, i.value), 0) for i in inputs}


def summarised(
    steps: Sequence[Step], inputs: Sequence[Input], requests: Mapping[str, Sequence[Stat]]
) -> dict[str, Column]:
    """Those of the columns in place that are summarised: what contracts are about, and what steps learn from."""
    read = {ref.value for step in steps if requests[step.name] for ref in step.inputs}
    needed = {*promised(steps, inputs).values(), *(key_of(value, 0) for value in read)}
    return {name: column for name, column in columns_in_place(steps, inputs).items() if name in needed}


def demands_of(pipeline: Pipeline, target: Input | None) -> Demands:
    """What the steps that have no state can ask. `pipeline` has the target among its inputs, if there is one."""
    types, demands = value_types(pipeline, before_carrying=True), Demands()
    in_place = columns_in_place(pipeline.steps, pipeline.inputs)
    order = {i.name: k for k, i in enumerate(pipeline.inputs)}
    behind = _inputs_behind(pipeline, types)
    for step in pipeline.steps:
        requests = requests_of(step, types) if step.state is None else ()
        refs = [(ref.value, inputs) for ref in step.inputs for inputs in _of_ref(ref, behind, types)]
        for request in requests:
            for inputs in _together(request, [inputs for _, inputs in refs], step, types, target):
                names = tuple(sorted(inputs, key=order.__getitem__))
                demands.together.setdefault(names, {})[Use(step.name, STATISTICS[type(request)])] = None
            if isinstance(request, Covariance | ByTarget | Levels):
                continue
            for value, inputs in refs:
                column = in_place.get(key_of(value, 0))
                if column is not None and isinstance(request, ADDED):
                    demands.means.update({column: None} if isinstance(request, Mean) else {})
                else:
                    names = tuple(sorted(inputs, key=order.__getitem__))
                    demands.together.setdefault(names, {})[Use(step.name, STATISTICS[type(request)])] = None
    return demands


def _together(
    request: Stat, columns: Sequence[frozenset[str]], step: Step, types: Types, target: Input | None
) -> list[frozenset[str]]:
    """The inputs behind each joint statistic that a request is about. Where it is not known how many columns there are,
    those of all together.
    """
    is_known = sum(types[ref.value].width or 0 for ref in step.inputs if ref.start is None) == len(columns)
    everything = frozenset[str]().union(*columns)
    match request:
        case Covariance(chosen):
            is_part = is_known and chosen is not None
            return [everything.union() if not is_part else frozenset[str]().union(*(columns[k] for k in chosen or ()))]
        case ByTarget(fold):
            of_target = frozenset([] if target is None else [target.name])
            if not is_known:
                return [everything | of_target]
            return [columns[k] | columns[fold] | of_target for k in range(len(columns)) if k != fold]
        case _:
            return []


def _inputs_behind(pipeline: Pipeline, types: Types) -> Mapping[str, list[frozenset[str]]]:
    """Of every value the inputs behind its columns, in order: for each column, or once for several in a row."""
    behind: dict[str, list[frozenset[str]]] = {i.value: [frozenset([i.name])] for i in pipeline.inputs}
    for step in pipeline.steps:
        below = [inputs for ref in step.inputs for inputs in _of_ref(ref, behind, types)]
        is_apart = OPS[step.op].is_columnwise(step.params)
        behind[step.name] = below if is_apart else [frozenset[str]().union(*below)]
    return behind


def _of_ref(ref: Ref, behind: Mapping[str, list[frozenset[str]]], types: Types) -> list[frozenset[str]]:
    """The same of the columns that a step takes of a value, or of more if it is not known which these are."""
    columns = behind[ref.value]
    return columns[ref.start : ref.stop] if types[ref.value].width == len(columns) else columns
