"""The independent reference: a fitted pipeline run step by step in NumPy, by the ops' own `apply`."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from skc.infer import column_names, input_names, settled, value_types
from skc.ir import Output, Pipeline
from skc.ops import OPS
from skc.oracle.protocol import REFERENCE, Evaluation, GuardHit, Outcome, select
from skc.oracle.signals import with_signals
from skc.values.types import Block
from skc_runtime.kinds import ELEMENTS, Array
from skc_runtime.manifest import Manifest


def run(pipeline: Pipeline, inputs: Mapping[str, Block]) -> Evaluation:
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
    return Evaluation(
        values,
        {name: array for name, (array, _) in outputs.items()},
        {name: valid for name, (_, valid) in outputs.items() if valid is not None},
        tuple(guards),
    )


class Reference:
    """The oracle of a pipeline: the `apply` of its ops. Guards are in the manifest's order."""

    name = steps_name = REFERENCE
    by_design: frozenset[str] = frozenset()

    def __init__(self, pipeline: Pipeline, manifest: Manifest) -> None:
        self._pipeline, self._guards, self._signals = pipeline, manifest.guards, manifest.signals

    def run(self, blocks: Mapping[str, Block]) -> Outcome:
        """One call for all rows."""
        outcome = self.evaluate(self._pipeline, blocks).outcome(self._guards)
        return with_signals(outcome, self._signals, self._pipeline)

    def evaluate(self, pipeline: Pipeline, blocks: Mapping[str, Block]) -> Evaluation:
        return run(pipeline, blocks)


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
