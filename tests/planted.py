"""A small pipeline, compiled, and hands to change its model: what tests of the verifier plant faults in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

import skc
from skc.artifact import MODEL, Artifact

PIPELINE = """
skc: 1
name: planted
inputs:
  at: string
  amount: {type: float64, nullable: true}
  kind: {type: string, nullable: true, null_values: [""]}
features:
  amount: {from: amount, apply: [{impute: {strategy: median}}, standard_scale]}
  bins: {from: amount, apply: [{impute: {value: 0.0}}, {bucketize: {edges: [1.0, 10.0], closed: left}}]}
  kind: {from: kind, apply: [{vocabulary: {}}]}
  ratio: {expr: "inputs.amount / 3.0 if inputs.amount > 2.0 else 0.0"}
  hour:
    from: at
    apply:
      - parse_datetime: {format: "%Y-%m-%d %H:%M:%S", timezone: America/New_York, nonexistent: shift_forward}
      - datetime_part: {part: hour, timezone: Europe/London}
outputs:
  x: {features: [amount, ratio], dtype: float64}
  ids: {features: [bins, kind, hour], dtype: int64}
"""
ROWS = "at,amount,kind\n" + "\n".join(
    f"2024-0{1 + i % 9}-15 1{i % 10}:00:00,{'' if i % 7 == 0 else i / 4},{'abc'[i % 3]}" for i in range(40)
)


def compiled(folder: Path, pipeline: str = PIPELINE, rows: int = 10_000) -> Artifact:
    """The pipeline of this module, compiled into a folder and verified: `share("planted", compiled)` does it once."""
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.yaml").write_text(pipeline)
    (folder / "rows.csv").write_text(ROWS)
    done = skc.compile(folder / "pipeline.yaml", str(folder / "rows.csv"), folder / "artifact", rows=rows)
    assert done.report is not None
    assert done.report.is_equal, skc.render(done.report)
    return done.artifact


def with_model(artifact: Artifact, change: Callable[[onnx.ModelProto], None]) -> Artifact:
    """The artifact with its model changed; everything else is as it was."""
    model = onnx.load_from_string(artifact.files[MODEL])
    change(model)
    return replace(artifact, files={**artifact.files, MODEL: model.SerializeToString()})


def constants(model: onnx.ModelProto) -> list[tuple[Any, np.ndarray[Any, Any]]]:
    return [
        (node.attribute[0], numpy_helper.to_array(node.attribute[0].t))
        for node in model.graph.node
        if node.op_type == "Constant" and node.attribute[0].name == "value"
    ]


def set_constant(attribute: Any, value: np.ndarray[Any, Any]) -> None:
    attribute.t.CopyFrom(numpy_helper.from_array(value))


def nudge(value: float, to: float) -> Callable[[onnx.ModelProto], None]:
    """Replace one float constant, which must be there."""

    def change(model: onnx.ModelProto) -> None:
        hits = [(a, v) for a, v in constants(model) if v.dtype == np.float64 and (v == value).any()]
        assert hits, value
        for attribute, array in hits:
            set_constant(attribute, np.where(array == value, to, array))

    return change
