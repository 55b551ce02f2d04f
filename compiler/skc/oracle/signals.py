"""The signals of rows by the reference: which values are null, unknown, invalid, clipped or out of range.

They are an output like any other for a comparison (`skc.signals`), which no runtime returns. The `met` of an op
defines what a kind means for its steps, and `skc.infer.makes_null` which of them may make a value null. The graph's own
signals come from `lower`, and share no code with these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from skc.diagnostics import bug
from skc.infer import ColumnNames, column_groups, column_names, input_names, makes_null, value_types
from skc.ir import SOURCE, Pipeline, Step
from skc.ops import OPS
from skc.oracle.protocol import Outcome, select
from skc.values.types import Block, concat_blocks
from skc_runtime.kinds import Array
from skc_runtime.manifest import OutputSpec, Signals

Place = tuple[str, str, str]  # kind, step, input column


@dataclass(frozen=True)
class SignalHit:
    """One column: the rows whose value in input column `column` of `step` is of this kind."""

    kind: str
    step: str
    column: str
    mask: Array  # bool [N]

    @property
    def place(self) -> Place:
        return self.kind, self.step, self.column


def spec_of(signals: Signals) -> OutputSpec:
    """The signals as an output of a comparison; every column is named after its kind and place."""
    columns = tuple(f"{column.kind} `{column.input}` at `{column.step}`" for column in signals.columns)
    return OutputSpec(signals.tensor, "bool", columns, (True,) * len(columns), None)


def with_signals(outcome: Outcome, signals: Signals | None, pipeline: Pipeline) -> Outcome:
    """An outcome that has the values of steps, with the signals that a manifest declares as one more output."""
    if signals is None:
        return outcome
    array = signalled(signals, pipeline, outcome.steps, len(outcome.guards))
    return replace(outcome, outputs={**outcome.outputs, signals.tensor: array})


def signalled(signals: Signals, pipeline: Pipeline, values: Mapping[str, Block], rows: int) -> Array:
    """bool [N, S] in the order of the manifest, from the values of all steps."""
    hits: dict[Place, list[Array]] = {}  # several if a step has columns of the same name
    for hit in hits_of(pipeline, values):
        hits.setdefault(hit.place, []).append(hit.mask)
    masks_by_column = [hits.get((column.kind, column.step, column.input)) for column in signals.columns]
    columns = [masks.pop(0) if masks else np.zeros(rows, dtype=bool) for masks in masks_by_column]
    for kind, step, column in (place for place, masks in hits.items() if any(mask.any() for mask in masks)):
        raise bug(f"the graph has no signal `{kind}` of `{column}` at `{step}`")
    return np.stack(columns, axis=1)


def hits_of(pipeline: Pipeline, values: Mapping[str, Block]) -> Iterator[SignalHit]:
    """All signals of a fitted pipeline, from the values of its inputs and steps."""
    types, names = value_types(pipeline), column_names(pipeline)
    seen_through = {step.inputs[0].value: step.name for step in pipeline.steps if step.op == SOURCE}
    for i in pipeline.inputs:
        value = seen_through.get(i.value, i.value)
        if types[value].nullable:
            yield SignalHit("null", i.value, i.name, ~values[value].present()[:, 0])
    for step in pipeline.steps:
        if step.op == SOURCE or not names[step.name]:
            continue
        op, blocks = OPS[step.op], [select(values, ref) for ref in step.inputs]
        met = op.met(step.params, step.state, *op.arguments(step.params, blocks))
        for kind, mask in met.items():
            yield from _columns(kind, step, mask, names)
        if "unknown" not in met and makes_null(step, types):
            mask = became_null(step, blocks, values[step.name].present(), names)
            yield from _columns(op.made_null, step, mask, names)


def became_null(step: Step, blocks: Sequence[Block], present: Array, names: ColumnNames) -> Array:
    """bool [N, K]: where a value becomes null, for the input columns of a step; if it combines several, bool [N, 1],
    where all of them are present. `present` says where the step has a value.
    """
    if not OPS[step.op].is_columnwise(step.params):
        complete = np.concatenate([block.present() for block in blocks], axis=1).all(axis=1)
        return np.asarray(complete & ~present.any(axis=1))[:, None]
    block, start = concat_blocks(blocks), 0
    mask = np.zeros(block.values.shape, dtype=bool)
    for k, group in enumerate(column_groups(step, names)):
        if group:
            mask[:, k] = block.present()[:, k] & ~present[:, start : start + len(group)].any(axis=1)
        start += len(group)
    return mask


def _columns(kind: str, step: Step, mask: Array, names: ColumnNames) -> Iterator[SignalHit]:
    for k, column in zip(range(mask.shape[1]), input_names(step, names), strict=False):
        yield SignalHit(kind, step.name, column, mask[:, k])
