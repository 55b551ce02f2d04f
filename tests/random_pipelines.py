"""Random fitted pipelines, and rows for them: what the tests of passes and of lowering try their laws on.

Why drawn as steps, not built by `skc.frontend.build`: passes and lowering keep their promises for every valid pipeline,
and the builder makes only some of these. It puts a `source` step behind every input that needs one, and always sorts
steps depth first from the outputs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
import onnxruntime
import op_harness
from hypothesis import strategies as st

from skc.diagnostics import SkcError
from skc.equality.sides import feeds
from skc.infer import column_names, step_input_types, value_types
from skc.ir import Feature, Input, Output, Pipeline, Ref, Step
from skc.lower import Lowered
from skc.op import NoState
from skc.ops import OPS
from skc.ops.numeric import quantile_bin, standard_scale
from skc.values.types import Block, Scalar
from skc_runtime.agreement import agree

FLOATS = st.sampled_from([0.0, -0.0, 0.5, 1.0, -3.25, 7.0, 1e17, 5e-324, math.inf, -math.inf, math.nan])
INTS = st.sampled_from([0, 1, -1, 7, 2**53 + 1, 2**63 - 1, -(2**63)])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "float64": FLOATS,
    "int64": INTS,
    "bool": st.booleans(),
    "timestamp": st.sampled_from([0, -1, 86_400_000_000, 2**62]),
}
# Few different parameters, so that siblings are common.
CHOICES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("standard_scale", {}),
    ("bucketize", {"edges": (0, 1.0), "closed": "left"}),
    ("bucketize", {"edges": (0, 1.0), "closed": "left", "encode": "onehot"}),
    ("quantile_bin", {"bins": 3}),
    ("quantile_bin", {"bins": 3, "encode": "onehot"}),
    ("cyclical", {"period": 7.0}),
    ("cast", {"to": "float64"}),
    ("cast", {"to": "int64", "rounding": "floor"}),
    ("cast", {"to": "bool", "invalid": "null"}),
    ("elapsed", {"unit": "hours"}),
)


def make_step(name: str, op: str, *refs: Ref | str, state: Any = None, **params: Any) -> Step:
    """A fitted step; a string is the name of a value."""
    inputs = tuple(Ref(ref) if isinstance(ref, str) else ref for ref in refs)
    return Step(name, op, OPS[op].params(**params), inputs, NoState() if state is None else state)


@st.composite
def pipelines(draw: st.DrawFn) -> Pipeline:
    """Up to eight steps on five inputs: shared columns, slices, chains of any length, unused values."""
    dtypes = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=5))
    inputs = tuple(Input(f"c{k}", dtype, nullable=draw(st.booleans())) for k, dtype in enumerate(dtypes))  # type: ignore[arg-type]  # VALUES has only dtypes
    pipeline = Pipeline("random", inputs, (), (), ())
    for k, value in enumerate(inputs):
        if value.dtype == "timestamp" or (value.nullable and value.dtype != "float64" and draw(st.booleans())):
            pipeline = pipeline.with_steps([*pipeline.steps, make_step(f"c{k}/source", "source", value.value)])
    for number in range(draw(st.integers(0, 8))):
        pipeline = _extended(draw, pipeline, f"f/{number}")
    features = tuple(Feature(f"feature {step.name}", Ref(step.name)) for step in pipeline.steps)
    return Pipeline("random", inputs, pipeline.steps, features, _outputs(draw, pipeline))


def _extended(draw: st.DrawFn, pipeline: Pipeline, name: str) -> Pipeline:
    """One more step on one to three values of one type; the pipeline as it was where the op refuses them."""
    types, names = value_types(pipeline), column_names(pipeline)
    first = draw(st.sampled_from(sorted(types)))
    alike = [value for value in sorted(types) if types[value].dtype == types[first].dtype]
    refs = tuple(
        _ref(draw, value, len(names[value])) for value in draw(st.lists(st.sampled_from(alike), min_size=1, max_size=3))
    )
    op, params = draw(st.sampled_from(CHOICES))
    width = sum(len(names[ref.value][ref.start : ref.stop]) for ref in refs)
    step = make_step(name, op, *refs, state=_state(draw, op, width), **params)
    candidate = pipeline.with_steps([*pipeline.steps, step])
    try:
        OPS[op].infer(step.params, *step_input_types(step, types))
    except SkcError:
        return pipeline
    return candidate


def _ref(draw: st.DrawFn, value: str, width: int) -> Ref:
    if width < 2 or draw(st.booleans()):
        return Ref(value)
    start = draw(st.integers(0, width - 1))
    return Ref(value, start, draw(st.integers(start + 1, width)))


def _state(draw: st.DrawFn, op: str, width: int) -> Any:
    if op == "standard_scale":
        numbers = st.tuples(*[st.sampled_from([0.1, 2.0, 3.0])] * width)
        return standard_scale.State(mean=draw(numbers), scale=draw(numbers))
    if op == "quantile_bin":
        edges = st.sampled_from([(), (0.5,), (0.0, 1.0)])
        return quantile_bin.State(edges=draw(st.tuples(*[edges] * width)))
    return None


def _outputs(draw: st.DrawFn, pipeline: Pipeline) -> tuple[Output, ...]:
    types = value_types(pipeline)
    numbers = [value for value in sorted(types) if types[value].dtype in ("float64", "int64", "bool")]
    whole = [value for value in sorted(types) if types[value].dtype not in ("float64", "string")]
    found = []
    for name, values, dtype in (("x", numbers, "float64"), ("n", whole, "int64")):
        if values:
            chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=5))
            found.append(Output(name, tuple(Ref(value) for value in chosen), dtype))  # type: ignore[arg-type]  # a loop over two literals
    return tuple(found)


def draw_rows(data: st.DataObject, pipeline: Pipeline, count: int) -> list[list[Scalar]]:
    """Rows of the inputs; None where an input may miss."""
    columns = [VALUES[i.dtype] | st.none() if i.nullable else VALUES[i.dtype] for i in pipeline.inputs]
    return [list(data.draw(st.tuples(*columns))) for _ in range(count)]


def blocks(pipeline: Pipeline, rows: list[list[Scalar]]) -> Mapping[str, Block]:
    """The rows as one block [N, 1] per input."""
    return {
        i.name: op_harness.block_from_rows(i.dtype, [[row[k]] for row in rows], 1, i.nullable)
        for k, i in enumerate(pipeline.inputs)
    }


def run_model(lowered: Lowered, given: Mapping[str, Block]) -> dict[str, np.ndarray[Any, Any]]:
    """Every output of the graph, by ONNX Runtime with the options of the runtimes."""
    session = load(lowered.model)
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, feeds(lowered, given)), strict=True))


def load(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    """A session with the options of the runtimes."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def same_bits(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    """Equal in shape, dtype and bits, but that one NaN is as good as another."""
    return a.shape == b.shape and bool(agree(a, b, exact=True).all())
