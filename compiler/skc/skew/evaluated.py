"""Everything that an artifact computes for some requests, as the columns among which a cause is looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from skc.infer import column_names
from skc.ir import Pipeline
from skc.lineage import lineages
from skc.op import is_shown
from skc.ops import OPS
from skc.oracle.protocol import Evaluate
from skc.rows.sampling import Record, to_blocks
from skc.skew.causes import Column
from skc.skew.causes.column import Role
from skc.skew.reference import sentinels_of
from skc.values.types import Block, Scalar, column_block
from skc_runtime.kinds import KINDS, Array
from skc_runtime.manifest import OutputSpec

Changed = Callable[[str, Array, Array], Array | None]
NOTHING = frozenset[str]()


class Evaluated:
    """Some requests, evaluated by the reference: their inputs, the values of all steps, and their features."""

    def __init__(
        self, pipeline: Pipeline, outputs: Sequence[OutputSpec], evaluate: Evaluate, records: Sequence[Record]
    ) -> None:
        self._pipeline, self._outputs, self._evaluate = pipeline, outputs, evaluate
        self._blocks = to_blocks(pipeline.inputs, records)
        self._known = evaluate(pipeline, self._blocks)

    def columns(
        self,
        hidden_inputs: frozenset[str] = NOTHING,
        hidden_steps: frozenset[str] = NOTHING,
        hidden_columns: Mapping[str, Array] | None = None,
    ) -> Iterator[Column]:
        """Inputs, steps and features, without what depends on hidden inputs."""
        names, sentinels = column_names(self._pipeline), sentinels_of(self._pipeline)
        for i in self._pipeline.inputs:
            if i.name not in hidden_inputs:
                yield from _of_block(self._known.values[i.value], [i.name], "input", sentinels[i.name])
        for step in self._pipeline.steps:
            if step.name not in hidden_steps and is_shown(OPS[step.op]):
                labels = names[step.name]
                labels_of = [step.name] if len(labels) == 1 else [f"{step.name}: {label}" for label in labels]
                yield from _of_block(self._known.values[step.name], labels_of, "step")
        for output in self._outputs:
            values, valid = self._known.outputs[output.name], self._known.valid.get(output.name)
            for k, label in enumerate(output.columns):
                if hidden_columns is None or not hidden_columns[output.name][k]:
                    present = None if valid is None else valid[:, k]
                    yield Column(label, output.dtype, values[:, k], present, "feature")

    def feature(self, output: str, k: int) -> Column:
        """One feature."""
        spec = next(o for o in self._outputs if o.name == output)
        valid = self._known.valid.get(output)
        present = None if valid is None else valid[:, k]
        return Column(spec.columns[k], spec.dtype, self._known.outputs[output][:, k], present)

    def changed(self, output: str, k: int) -> Changed:
        """What a feature is with other numbers [M] of an input in some rows [M], as float64; None if it does not depend
        on that, or the input does not take such numbers.
        """
        spec = next(o for o in self._outputs if o.name == output)
        depends = lineages(self._pipeline)[output][k].inputs
        inputs = {i.name: i for i in self._pipeline.inputs}

        def again(name: str, numbers: Array, rows: Array) -> Array | None:
            if name not in depends or spec.dtype == "string":
                return None
            value = inputs[name]
            is_int64 = (numbers == np.floor(numbers)) & (np.abs(numbers) < 2.0**63)
            if not KINDS[value.dtype].is_float and not np.all(np.isnan(numbers) | is_int64):
                return None
            values = [_scalar(number, is_float=KINDS[value.dtype].is_float) for number in numbers.tolist()]
            blocks = {n: block.taken(rows) for n, block in self._blocks.items()}
            result = self._evaluate(self._pipeline, {**blocks, name: column_block(value.dtype, values, value.nullable)})
            valid = result.valid.get(output)
            return Column("", spec.dtype, result.outputs[output][:, k], None if valid is None else valid[:, k]).numbers

        return again


def _scalar(number: float, *, is_float: bool) -> Scalar:
    if number != number:
        return None
    return number if is_float else int(number)


def _of_block(block: Block, labels: Sequence[str], role: Role, sentinels: Sequence[Scalar] = ()) -> Iterator[Column]:
    counts_as_null = [value for value in sentinels if value is not None]
    for k, label in enumerate(labels):
        valid = None if block.valid is None else block.valid[:, k]
        is_null = np.isin(block.values[:, k], counts_as_null) if counts_as_null else None
        yield Column(label, block.dtype, block.values[:, k], valid, role, is_null)
