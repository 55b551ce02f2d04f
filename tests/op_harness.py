"""One op at work: fitted by the oracle statistics, then run by the reference and by the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pydantic
from oracle_stats import block_stats

from skc.equality.sides import feeds
from skc.frontend import build as frontend
from skc.frontend.definitions import FeatureDefinition, Name, OutputDefinition, PipelineDefinition, StepDefinition
from skc.infer import column_levels, column_names, joined_type, step_input_types, value_types
from skc.ir import SOURCE, DataSource, Input, Output, Pipeline, Ref, Step
from skc.lower import GUARDS, lower
from skc.op import AnyOp, Case
from skc.ops import OPS
from skc.oracle import reference
from skc.stats.requests import Levels
from skc.values.types import Block, Scalar, ValueType
from skc_runtime.kinds import KINDS, Array, DType
from skc_runtime.manifest import Signature

STEP = "case/step"  # cases name their columns, and no name holds a `/`
Rows = Sequence[Sequence[Scalar]]


def block_from_rows(dtype: DType, rows: Sequence[Sequence[Scalar]], width: int, nullable: bool) -> Block:
    """A block from plain Python rows; None is null. For float64 NaN is null too."""
    values = np.empty((len(rows), width), dtype=KINDS[dtype].numpy)
    valid = np.ones((len(rows), width), dtype=bool)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            valid[i, j] = value is not None
            values[i, j] = KINDS[dtype].zero if value is None else value
    if KINDS[dtype].is_float or not nullable:
        return Block(dtype, values)
    return Block(dtype, values, valid)


@dataclass(frozen=True)
class Run:
    """Outputs as plain rows (None for null), raw arrays, and the guard hits (code, row, column)."""

    rows: list[list[Scalar]]
    values: Array
    valid: Array | None
    guards: set[tuple[str, int, str]]


def parameters(op: AnyOp, params: Mapping[str, Any]) -> Any:
    """The op's `Params` from plain values, checked as those of a pipeline.yaml are."""
    text = pydantic.TypeAdapter(dict[str, Any]).dump_json(dict(params))
    return pydantic.TypeAdapter(op.params).validate_json(text, strict=True)


def build(
    op: AnyOp, params: Mapping[str, Any], columns: Mapping[str, str], state: Any = None, target: DType | None = None
) -> Pipeline:
    """A pipeline of the op, as step `STEP`, over all inputs; unfitted where no state is given."""
    inputs = tuple(Input(n, t.removesuffix("?"), nullable=t.endswith("?")) for n, t in columns.items())  # type: ignore[arg-type]  # cases name types as text
    checked = parameters(op, params)
    types = tuple(ValueType(i.dtype, nullable=i.nullable) for i in inputs)
    dtype = op.infer(checked, *(types if op.is_variadic(checked) else (joined_type(types),))).dtype
    if op.name == SOURCE:  # the builder puts one of its own behind an input, and nobody can ask for one
        step = Step(STEP, op.name, checked, tuple(Ref(i.value) for i in inputs))
        return Pipeline("case", inputs, (step,), (), (Output("out", (Ref(STEP),), KINDS[dtype].element),))
    applied = StepDefinition(op, checked, state, name=STEP)
    feature = FeatureDefinition("case", tuple(Name(f"inputs.{i.name}") for i in inputs), (applied,))
    output = OutputDefinition("out", (Name("case"),), KINDS[dtype].element)
    data = None if target is None else DataSource(target=Input("the target", target))
    return frontend.build(PipelineDefinition("case", inputs, (feature,), (output,), data))[0]


def blocks(pipeline: Pipeline, rows: Rows) -> dict[str, Block]:
    """The rows as one block [N, 1] per input."""
    return {
        i.name: block_from_rows(i.dtype, [[row[k]] for row in rows], 1, i.nullable)
        for k, i in enumerate(pipeline.inputs)
    }


def fit(pipeline: Pipeline, rows: Rows) -> Pipeline:
    """Fit the last step by the oracle statistics of what the reference gives for its inputs. If the pipeline has a
    target, it is the last value of each row.
    """
    *before, step = pipeline.steps
    op = OPS[step.op]
    types = step_input_types(step, value_types(pipeline))
    partial = Pipeline("partial", pipeline.inputs, tuple(before), (), ())
    values = reference.run(partial, blocks(pipeline, rows)).values
    requests = op.needs(step.params, *types)
    levels = column_levels(partial)
    known = [column for ref in step.inputs for column in levels[ref.value]]
    taken = [values[ref.value] for ref in step.inputs]
    columns = [[row[k] for row in block.to_rows()] for block in taken for k in range(block.width)]
    target = [row[-1] for row in rows] if pipeline.data and pipeline.data.target else None
    found = block_stats(columns, requests, target)
    stats = [{**answers, Levels(): values} for answers, values in zip(found, known, strict=True)]
    state = op.freeze(step.params, types[0], stats)
    return pipeline.with_steps([*before, Step(step.name, step.op, step.params, step.inputs, state)])


def fitted(op: AnyOp, case: Case) -> Pipeline:
    """A case's pipeline, fitted on its rows, or with the state that it gives where the op is fitted elsewhere."""
    pipeline = build(op, case.params, case.columns, case.state, case.target)
    return replace(fit(pipeline, case.fit), data=None) if case.state is None else pipeline


def run_reference(pipeline: Pipeline, rows: Rows) -> Run:
    """By the op's own `apply`."""
    result = reference.run(pipeline, blocks(pipeline, rows))
    hits = {(g.code, int(i), g.column) for g in result.guards for i in np.flatnonzero(g.mask)}
    values, valid = result.outputs["out"], result.valid.get("out")
    return Run(_rows(values, valid), values, valid, hits)


class Graph:
    """A fitted pipeline lowered and loaded."""

    def __init__(self, pipeline: Pipeline, signature: Signature = "columns", *, optimise: bool = True) -> None:
        self._pipeline = pipeline
        self._lowered = lower(pipeline, signature, optimise=optimise)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        model = self._lowered.model.SerializeToString()
        self.size = len(model)  # bytes
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    @property
    def model(self) -> onnx.ModelProto:
        """What was loaded."""
        return self._lowered.model

    def run(self, rows: Rows) -> Run:
        """By ONNX Runtime, on the lowered graph."""
        return self.run_blocks(blocks(self._pipeline, rows))

    def run_blocks(self, inputs: Mapping[str, Block]) -> Run:
        """The same, from blocks [N, 1] by input name, taken as they are."""
        names = [o.name for o in self._session.get_outputs()]
        results = self._session.run(names, feeds(self._lowered, inputs))
        outputs = dict(zip(names, results, strict=True))
        hits = set()
        if self._lowered.guards is not None:
            hits = {
                (g.code, int(i), g.input)
                for k, g in enumerate(self._lowered.guards.columns)
                for i in np.flatnonzero(outputs[GUARDS][:, k])
            }
        values, valid = outputs["out"], outputs.get("out.valid")
        return Run(_rows(values, valid), values, valid, hits)


def _rows(values: Array, valid: Array | None) -> list[list[Scalar]]:
    rows: list[list[Scalar]] = values.tolist()
    present = np.ones(values.shape, bool) if valid is None else valid
    if values.dtype.kind == "f":
        present = ~np.isnan(values)
    return [[v if ok else None for v, ok in zip(r, oks, strict=True)] for r, oks in zip(rows, present, strict=True)]


def output_names(pipeline: Pipeline) -> tuple[str, ...]:
    """The column names of the op's output."""
    return column_names(pipeline)[STEP]
