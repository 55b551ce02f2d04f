"""One op at work: fitted by the oracle statistics, then run by the reference and by the graph."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnxruntime
import pydantic
from oracle_stats import column_stats

from skc import reference
from skc.equality.subject import feeds
from skc.infer import column_levels, column_names, step_input_types, value_types
from skc.ir import Feature, Input, Output, Pipeline, Ref, Step
from skc.lower import GUARDS, lower
from skc.op import AnyOp, NoState
from skc.ops import OPS
from skc.stats.requests import Levels
from skc.values.types import Array, Block, DType, Scalar, block_from_rows, concat_blocks
from skc_runtime.manifest import Signature

OUTPUT: dict[DType, Any] = {
    "float64": "float64",
    "int64": "int64",
    "bool": "bool",
    "string": "string",
    "timestamp": "int64",
    "date": "int64",
}
Rows = Sequence[Sequence[Scalar]]


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


def build(op: AnyOp, params: Mapping[str, Any], columns: Mapping[str, str]) -> Pipeline:
    """An unfitted pipeline: inputs, their `source` steps, and the op over all of them."""
    inputs = tuple(Input(n, t.removesuffix("?"), nullable=t.endswith("?")) for n, t in columns.items())  # type: ignore[arg-type]  # cases name types as text
    is_source = op.name == "source"
    steps = []
    refs = []
    for i in inputs:
        needs_source = not is_source and (i.dtype in ("timestamp", "date") or (i.nullable and i.dtype != "float64"))
        if needs_source:
            steps.append(Step(f"{i.name}/source", "source", OPS["source"].params(), (Ref(i.value),), NoState()))
        refs.append(Ref(f"{i.name}/source" if needs_source else i.value))
    checked = parameters(op, params)
    steps.append(Step("y", op.name, checked, tuple(refs)))
    pipeline = Pipeline("case", inputs, tuple(steps), (Feature("y", Ref("y")),), ())
    dtype = value_types(pipeline)["y"].dtype
    done = Pipeline("case", inputs, tuple(steps), pipeline.features, (Output("out", (Ref("y"),), OUTPUT[dtype]),))
    done.verify()
    return done


def blocks(pipeline: Pipeline, rows: Rows) -> dict[str, Block]:
    """The rows as one block [N, 1] per input."""
    return {
        i.name: block_from_rows(i.dtype, [[row[k]] for row in rows], 1, i.nullable)
        for k, i in enumerate(pipeline.inputs)
    }


def fit(pipeline: Pipeline, rows: Rows) -> Pipeline:
    """Fit the last step by the oracle statistics of what the reference gives for its inputs."""
    *before, step = pipeline.steps
    op = OPS[step.op]
    types = step_input_types(step, value_types(pipeline))
    partial = Pipeline("partial", pipeline.inputs, tuple(before), (), ())
    values = reference.run(partial, blocks(pipeline, rows)).values
    stats = []
    if not op.is_variadic(step.params):
        block = concat_blocks([values[ref.value] for ref in step.inputs])
        requests = op.needs(step.params, types[0])
        levels = column_levels(partial)
        known = [column for ref in step.inputs for column in levels[ref.value]]
        stats = [
            {**column_stats([row[k] for row in block.to_rows()], requests), Levels(): known[k]}
            for k in range(block.width)
        ]
    state = op.freeze(step.params, types[0], stats)
    return pipeline.with_steps([*before, Step(step.name, step.op, step.params, step.inputs, state)])


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
        self._session = onnxruntime.InferenceSession(
            self._lowered.model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

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
    return column_names(pipeline)["y"]
