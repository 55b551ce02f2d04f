"""The independent reference: a fitted pipeline run step by step in NumPy, by the ops' own `apply`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from skc.infer import column_names, input_names, settled, value_types
from skc.ir import Output, Pipeline, Ref
from skc.ops import OPS
from skc.values.types import Block
from skc_runtime.kinds import ELEMENTS, Array


@dataclass(frozen=True)
class GuardHit:
    """One guard column: rows of `step` whose input column `column` violated the policy."""

    code: str
    step: str
    column: str
    mask: Array  # bool [N]


@dataclass(frozen=True)
class Result:
    """The complete result of a run: each value by name, the outputs, their missing positions and the guards."""

    values: Mapping[str, Block]
    outputs: Mapping[str, Array]
    valid: Mapping[str, Array]  # only outputs that may hold nulls and are not floats
    guards: tuple[GuardHit, ...]


def run(pipeline: Pipeline, inputs: Mapping[str, Block]) -> Result:
    """Run a fitted pipeline on blocks [N, 1], one per input name."""
    names, types = column_names(pipeline), value_types(pipeline)
    values = {i.value: inputs[i.name] for i in pipeline.inputs}
    guards: list[GuardHit] = []
    for step in pipeline.steps:
        op = OPS[step.op]
        blocks = [select(values, ref) for ref in step.inputs]
        with np.errstate(all="ignore"):
            block = op.apply(step.params, step.state, *op.arguments(step.params, blocks))
        columns = input_names(step, names)
        guards += [
            GuardHit(guard.code, step.name, columns[k], guard.mask[:, k])
            for guard in block.guards
            for k in range(guard.mask.shape[1])
        ]
        values[step.name] = settled(block, types[step.name])
    outputs = {output.name: _cast_output(output, values) for output in pipeline.outputs}
    return Result(
        values,
        {name: array for name, (array, _) in outputs.items()},
        {name: valid for name, (_, valid) in outputs.items() if valid is not None},
        tuple(guards),
    )


def select(values: Mapping[str, Block], ref: Ref) -> Block:
    """The columns that a reference names."""
    block = values[ref.value]
    return block if ref.start is None or ref.stop is None else block.columns(ref.start, ref.stop)


def _cast_output(output: Output, values: Mapping[str, Block]) -> tuple[Array, Array | None]:
    dtype = ELEMENTS[output.dtype].numpy
    blocks = [select(values, ref) for ref in output.refs]
    if ELEMENTS[output.dtype].is_float:
        with np.errstate(over="ignore"):
            columns = [np.where(b.present(), b.values.astype(dtype), dtype.type(np.nan)) for b in blocks]
        return np.concatenate(columns, axis=1), None
    array = np.concatenate([block.values.astype(dtype) for block in blocks], axis=1)
    if all(block.valid is None for block in blocks):
        return array, None
    return array, np.concatenate([block.present() for block in blocks], axis=1)
